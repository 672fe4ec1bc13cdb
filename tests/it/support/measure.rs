//! Runs a program and measures what it takes: time, and memory at its peak.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::sandbox::Ran;
use super::waiting;

/// A run, and what it took.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) ran: Ran,
    pub(crate) elapsed: Duration,
    /// Memory at its peak, in KiB: all pages that were ever in memory at the same time, those of the
    /// program file too. Zero where there is no `/proc`.
    pub(crate) peak_kib: u64,
}

/// Runs `command` to its end.
pub(crate) fn run(mut command: Command) -> Measured {
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = read_all(child.stdout.take().unwrap());
    let stderr = read_all(child.stderr.take().unwrap());
    let mut peak_kib = 0;
    let status = loop {
        // The kernel keeps the highest value, so that one look after the peak is enough.
        peak_kib = high_water_mark(&child).unwrap_or(0).max(peak_kib);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > waiting::LIMIT {
            child.kill().unwrap();
            panic!("waited {:?} for the end of {command:?}", waiting::LIMIT);
        }
        thread::sleep(Duration::from_millis(1));
    };
    Measured {
        ran: Ran {
            code: status.code().unwrap_or(-1),
            stdout: waiting::received(&stdout, "the end of stdout"),
            stderr: waiting::received(&stderr, "the end of stderr"),
        },
        elapsed: start.elapsed(),
        peak_kib,
    }
}

fn read_all(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let _ = tell.send(text);
    });
    told
}

/// `VmHWM` of `proc_pid_status(5)`, in KiB; `None` once the process has ended.
pub(crate) fn high_water_mark(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
