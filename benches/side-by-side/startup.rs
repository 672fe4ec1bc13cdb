//! Times a command as a whole process against a program that only prints: this one, started with no argument.
//! Run by `benches/side-by-side/run`.
//!
//!     startup PROGRAM FILE-FOR-STDIN ARGUMENT...

use std::fs::File;
use std::process::Command;
use std::time::{Duration, Instant};

const ROUNDS: usize = 300;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(program), Some(request)) = (arguments.next(), arguments.next()) else {
        println!("{{\"name\":\"a program that only prints\"}}");
        return;
    };
    let this = std::env::current_exe().expect("this program's path");
    let mut print = Command::new(this);
    let arguments: Vec<_> = arguments.collect();
    let mut command = Command::new(program);
    command.args(&arguments);

    let mut times = (Vec::new(), Vec::new());
    // The two take turns, so that whatever else the machine does hits both.
    for _ in 0..ROUNDS {
        times.0.push(run(&mut print, &request));
        times.1.push(run(&mut command, &request));
    }
    let (print, command) = (median(times.0), median(times.1));
    println!("a program that only prints: {print:?} (median of {ROUNDS})");
    let name = arguments.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    println!("{name}: {command:?} (median of {ROUNDS})");
    println!("ratio: {:.2}", command.as_secs_f64() / print.as_secs_f64());
}

fn run(command: &mut Command, request: &std::ffi::OsStr) -> Duration {
    let stdin = File::open(request).expect("the request");
    let start = Instant::now();
    let output = command.stdin(stdin).output().expect("a program to start");
    let time = start.elapsed();
    assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
    time
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
