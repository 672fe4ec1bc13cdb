//! A program that asks for what its terminal must not show.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::sandbox::{Ran, Sandbox};
use super::waiting;

/// The program at a prompt, on a terminal of its own.
pub(crate) struct Asking {
    child: Child,
    keyboard: File,
    terminal: File,
    shown: Vec<u8>,
    prompt: &'static str,
}

impl Asking {
    /// Waits for the prompt that ends so, on a terminal that shows nothing more.
    pub(crate) fn start(sandbox: &Sandbox, arguments: &[&str], prompt: &'static str) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let name = name.to_str().unwrap();
        let terminal = File::options().read(true).write(true).open(name).unwrap();
        let child = sandbox
            .command(Path::new("/usr/bin/setsid"))
            .arg("--ctty")
            .arg(env!("CARGO_BIN_EXE_countersign"))
            .args(arguments)
            .stdin(terminal.try_clone().unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let asking = Self {
            child,
            keyboard: File::from(keyboard),
            terminal,
            shown: Vec::new(),
            prompt,
        };
        waiting::within("the prompt on a silent terminal", move || {
            let mut asking = asking;
            // Once it is silent the line end is shown no more.
            while !asking.is_asked() || asking.shows() {
                asking.read();
            }
            asking
        })
    }

    /// Reads a little of what is on the screen, if anything is new.
    fn read(&mut self) {
        let mut bytes = [0; 64];
        if !self.is_asked() {
            let length = self.keyboard.read(&mut bytes).unwrap();
            self.shown.extend_from_slice(&bytes[..length]);
        }
        std::thread::yield_now();
    }

    fn is_asked(&self) -> bool {
        self.shown.ends_with(self.prompt.as_bytes())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Whether the terminal shows what is typed.
    fn shows(&self) -> bool {
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        modes.contains(LocalModes::ECHO)
    }

    /// Types this, waits for the end; gives what was on the screen too.
    pub(crate) fn end(mut self, typed: &[u8]) -> (Ran, String) {
        self.keyboard.write_all(typed).unwrap();
        let Self {
            child,
            keyboard,
            terminal,
            shown,
            ..
        } = self;
        let output = waiting::end(child, "a command whose question was answered");
        let modes = tcgetattr(&terminal).unwrap().local_modes;
        assert!(
            modes.contains(LocalModes::ECHO),
            "the terminal stays silent"
        );
        drop(terminal);
        let shown = String::from_utf8(shown).unwrap();
        // The last writing end is closed: reading ends with an error.
        let rest = waiting::rest("the terminal's end", keyboard);
        (Ran::from(output), shown + &rest)
    }
}
