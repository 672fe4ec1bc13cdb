//! How long fifty images of AWS Signer take. `benches/aws-signer` runs this with the release program and shows the figures.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use countersign_emulator::{Fault, FaultKind};

use super::*;

const IMAGES: usize = 50;

/// How often each figure is taken; the median counts.
const ROUNDS: usize = 7;

/// How long each request takes, of the registry and of AWS.
const DELAY: Duration = Duration::from_millis(25);

/// Manifest and list at once, the signature's manifest, the redirect of its envelope, the envelope, AWS Signer's answer.
const STEPS: u32 = 5;

/// All images may take this much longer than the steps of one.
const MOST: f64 = 1.6;

#[test]
#[ignore = "figures of a program that is not optimised mean nothing: run by `benches/aws-signer`"]
fn fifty_images_of_one_profile_and_chain() {
    let program: PathBuf = std::env::var_os("MEASURED_PROGRAM").unwrap().into();
    let scene = Scene::new();
    let references: Vec<String> = (0..IMAGES)
        .map(|number| {
            let repository = format!("app{}", number / 10);
            let tag = format!("n{number}");
            let digest = scene.emulator.push_test_image(&repository, &tag).unwrap();
            format!("{}/{repository}@{digest}", scene.registry())
        })
        .collect();
    let list = scene.sandbox.home().join("images.txt");
    std::fs::write(list, references.join("\n")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = scene.sandbox.command(&program);
        command.args(arguments);
        let start = Instant::now();
        let ran = Ran::of(&mut command);
        let took = start.elapsed();
        assert_eq!(ran.code, 0, "{ran:?}");
        took
    };
    let delay = Fault::new(FaultKind::Latency {
        milliseconds: DELAY.as_millis().try_into().unwrap(),
    });
    scene.emulator.faults().add(delay);
    let signed = run(&[
        "sign",
        "--signing-profile",
        &scene.profile.arn,
        "--references-from",
        "images.txt",
    ]);
    println!("signing of {IMAGES}: {signed:?}");
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            run(&[
                "verify",
                "--signing-profile",
                &scene.profile.arn,
                "--trust-anchor",
                "root.crt",
                "--references-from",
                "images.txt",
                "--no-content-cache",
            ])
        })
        .collect();
    times.sort();
    let took = times[times.len() / 2];
    let ratio = took.as_secs_f64() / (DELAY * STEPS).as_secs_f64();
    println!("verification of {IMAGES}: {took:?}, {ratio:.2} times five delays (at most {MOST})");
    assert!(ratio <= MOST, "{ratio}");
}
