//! How fast and how big the function is. `benches/hook` runs this with the release program and shows the figures.

use std::time::{Duration, Instant};

use countersign_emulator::{Fault, FaultKind};
use serde_json::json;

use super::{Gated, pre_scale_up};
use crate::support::lambda::Function;

/// How often each figure is taken; the median counts.
const ROUNDS: usize = 11;

/// How long each request takes, as in a region.
const REQUEST_MILLISECONDS: u64 = 25;

/// Ten distinct images may take this much longer than one.
const MOST_FOR_TEN: f64 = 1.5;

/// From the start of the process to its first request for an event.
const MOST_TO_START: Duration = Duration::from_millis(40);

/// The most memory that the process has had.
const MOST_KIB: u64 = 64 * 1024;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// How long a warm function takes for the deployment that is there.
fn warm(function: &Function) -> Duration {
    let times = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        let answer = function.answer(&pre_scale_up());
        let took = start.elapsed();
        assert_eq!(answer["hookStatus"], "SUCCEEDED", "{answer:#}");
        took
    });
    median(times.collect())
}

#[test]
#[ignore = "figures of a program that is not optimised mean nothing: run by `benches/hook`"]
fn ten_images_a_cold_start_and_the_memory() {
    let gated = Gated::signed();
    let mut images = Vec::new();
    for number in 0..10 {
        let repository = format!("app{number}");
        let digest = gated
            .scene
            .emulator
            .push_test_image(&repository, "v1")
            .unwrap();
        let image = format!("{}/{repository}@{digest}", gated.scene.registry());
        gated.scene.sign(&image);
        images.push(image);
    }
    let scopes = json!({ "scopes": [format!("{}/*", gated.scene.registry())] });
    let policy = gated.policy(&scopes).to_string();
    gated.package.write("gate-policy.json", policy);

    let starts = (0..ROUNDS).map(|_| gated.start().asked_after());
    let started = median(starts.collect());

    let mut function = gated.start();
    function.discard_log();
    warm(&function);
    let slow = Fault::new(FaultKind::Latency {
        milliseconds: REQUEST_MILLISECONDS,
    });
    gated.scene.emulator.faults().add(slow);
    let one = warm(&function);
    let containers: Vec<(String, &str)> = images
        .iter()
        .enumerate()
        .map(|(number, image)| (format!("c{number}"), image.as_str()))
        .collect();
    let containers: Vec<(&str, &str)> = containers
        .iter()
        .map(|(name, image)| (name.as_str(), *image))
        .collect();
    gated.deploy(&containers, &json!([]));
    warm(&function);
    let ten = warm(&function);
    let peak = function.peak_kib();

    let ratio = ten.as_secs_f64() / one.as_secs_f64();
    println!("from the start to the first request: {started:?} (at most {MOST_TO_START:?})");
    println!("warm, one image: {one:?}; ten: {ten:?}; {ratio:.2} times (at most {MOST_FOR_TEN})");
    println!("peak of memory: {peak} KiB (at most {MOST_KIB})");
    assert!(started <= MOST_TO_START, "{started:?}");
    assert!(ratio <= MOST_FOR_TEN, "{ratio}");
    assert!(peak <= MOST_KIB, "{peak}");
}
