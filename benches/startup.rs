//! Times `get-plugin-metadata` as a whole process against a program that only prints: this one,
//! started with no argument. Run by `benches/startup`.

use std::fs::File;
use std::process::Command;
use std::time::{Duration, Instant};

const ROUNDS: usize = 300;

fn main() {
    let (Some(plugin), Some(request)) = (std::env::args_os().nth(1), std::env::args_os().nth(2)) else {
        println!("{{\"name\":\"a program that only prints\"}}");
        return;
    };
    let this = std::env::current_exe().expect("this program's path");
    let mut print = Command::new(this);
    let mut metadata = Command::new(plugin);
    metadata.arg("get-plugin-metadata");

    let mut times = (Vec::new(), Vec::new());
    // The two take turns, so that whatever else the machine does hits both.
    for _ in 0..ROUNDS {
        times.0.push(run(&mut print, &request));
        times.1.push(run(&mut metadata, &request));
    }
    let (print, metadata) = (median(times.0), median(times.1));
    println!("a program that only prints: {print:?} (median of {ROUNDS})");
    println!("get-plugin-metadata:        {metadata:?} (median of {ROUNDS})");
    println!("ratio: {:.2}", metadata.as_secs_f64() / print.as_secs_f64());
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
