//! Commands and what they said, as one text.

use std::path::Path;

use super::{files, scrubbed};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// Behind a command, this has only the first lines of a long answer written down.
const ONLY_THE_HEAD: &str = " | head";
const HEAD: usize = 8;

/// Behind a command, this has the answer written where there is no room for it.
const INTO_A_FULL_DEVICE: &str = " > /dev/full";

/// What is written down of one scene.
pub(super) struct Transcript {
    pub(super) scene: Scene,
    text: String,
    /// Names in lines, and what they stand for.
    names: Vec<(&'static str, String)>,
    /// What differs from run to run and has no form of its own, with what is written down in its place.
    varying: Vec<(String, &'static str)>,
}

impl Transcript {
    /// Of a scene with a signing profile and an image that is not signed.
    pub(super) fn new() -> Self {
        Self::of(Scene::new())
    }

    pub(super) fn of(scene: Scene) -> Self {
        Self {
            scene,
            text: String::new(),
            names: Vec::new(),
            varying: Vec::new(),
        }
    }

    /// Has `name` in lines stand for `value`.
    pub(super) fn naming(&mut self, name: &'static str, value: &str) {
        self.names.push((name, value.to_owned()));
    }

    /// Has `shown` written down in place of `value`.
    pub(super) fn showing(&mut self, value: &str, shown: &'static str) {
        self.varying.push((value.to_owned(), shown));
    }

    /// Runs each line: a title, `: `, and what is typed after `countersign`.
    pub(super) fn run(&mut self, lines: &[&str]) {
        for line in lines {
            let (title, typed) = line.split_once(": ").unwrap();
            let named = self.names.iter();
            let typed = named.fold(typed.to_owned(), |typed, (name, value)| {
                typed.replace(name, value)
            });
            let typed = typed
                .replace("PROFILE", &self.scene.profile.arn)
                .replace("IMAGE", &self.scene.image)
                .replace("REPOSITORY", &self.scene.repository)
                .replace("TRUSTING", "--trust-anchor root.crt");
            let mut ran = self.ran(typed.trim_end_matches(ONLY_THE_HEAD));
            if typed.ends_with(ONLY_THE_HEAD) {
                ran.stdout = head(&ran.stdout);
            }
            self.write_down(title, &format!("countersign {typed}"), &ran);
        }
    }

    /// Runs the program by another file name, as others start it: with these words and this on stdin.
    pub(super) fn run_as(&mut self, title: &str, name: &str, words: &[&str], request: &str) {
        let home = self.scene.sandbox.home();
        let program = home.join(name);
        if !program.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_countersign"), &program).unwrap();
        }
        let file = home.join("request");
        std::fs::write(&file, request).unwrap();
        let mut command = self.scene.sandbox.command(&program);
        let stdin = std::fs::File::open(file).unwrap();
        let ran = Ran::of(command.args(words).stdin(stdin)).plain();
        let typed = [&[name], words].concat().join(" ");
        self.write_down(title, format!("{typed} <<< '{request}'").trim(), &ran);
    }

    fn ran(&self, typed: &str) -> Ran {
        let Some(typed) = typed.strip_suffix(INTO_A_FULL_DEVICE) else {
            return self.scene.run(&typed.split(' ').collect::<Vec<_>>());
        };
        let full = std::fs::File::options().write(true).open("/dev/full");
        let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let mut command = self.scene.sandbox.command(program);
        let child = command.args(typed.split(' ')).stdout(full.unwrap());
        let child = child.stderr(std::process::Stdio::piped()).spawn();
        Ran::from(crate::support::waiting::end(child.unwrap(), typed)).plain()
    }

    fn write_down(&mut self, title: &str, typed: &str, ran: &Ran) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&format!("## {title}\n$ {typed}\n"));
        for (mark, said) in [("", &ran.stdout), ("! ", &ran.stderr)] {
            for line in said.lines() {
                self.text.push_str(format!("{mark}{line}").trim_end());
                self.text.push('\n');
            }
        }
        self.text.push_str(&format!("exit {}\n", ran.code));
    }

    /// Compares all that was said with the file of this name.
    #[track_caller]
    pub(super) fn assert_snapshot(self, name: &str) {
        files::assert_snapshot(name, &self.scrubbed());
    }

    /// All that was said, without what differs from run to run.
    pub(super) fn scrubbed(&self) -> String {
        let port = self.scene.emulator.address().port();
        let home = self.scene.sandbox.home().to_str().unwrap();
        let mut said = self
            .text
            .replace(home, "HOME")
            .replace(&format!(":{port}"), ":PORT");
        for (value, shown) in &self.varying {
            said = said.replace(value, shown);
        }
        scrubbed::scrubbed(&said)
    }
}

/// The first lines of an answer, and how many more there are.
fn head(answer: &str) -> String {
    let lines: Vec<&str> = answer.lines().collect();
    let (first, rest) = lines.split_at(lines.len().min(HEAD));
    let mut text = first.join("\n");
    if !rest.is_empty() {
        text.push_str(&format!("\n... {} more lines", rest.len()));
    }
    text + "\n"
}

#[test]
fn what_is_left_out_is_counted() {
    let lines = |count| "line\n".repeat(count);
    assert_eq!(head(&lines(HEAD)), lines(HEAD));
    let long = format!("{}... 2 more lines\n", lines(HEAD));
    assert_eq!(head(&lines(HEAD + 2)), long);
}
