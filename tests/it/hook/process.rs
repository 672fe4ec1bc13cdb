//! The process: what it sees, how it ends, and that it answers in time.

use std::time::Duration;

use countersign_emulator::{Fault, FaultKind};
use serde_json::json;

use super::{Gated, pre_scale_up, status};
use crate::support::lambda::Posted;

#[test]
fn variables_and_a_home_choose_nothing() {
    let gated = Gated::new();
    let image = &gated.scene.image;
    // A home, a configuration and a policy that would let everything pass, and files that no reader comes back from.
    let trap = tempfile::tempdir().unwrap();
    let home = trap.path().join("home");
    let notation = home.join(".config/notation");
    std::fs::create_dir_all(&notation).unwrap();
    gated.scene.write_policy("skip");
    let trap_of = |name: &str| (name.to_owned(), home.display().to_string());
    let mut variables = gated.variables();
    variables.extend(
        [
            "HOME",
            "XDG_CONFIG_HOME",
            "XDG_CACHE_HOME",
            "NOTATION_CONFIG",
            "NOTATION_CACHE",
            "LAMBDA_TASK_ROOT",
            "TMPDIR",
        ]
        .map(trap_of),
    );
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    variables.extend([
        set("AWS_PROFILE", "somebody-else"),
        set("AWS_CONFIG_FILE", "/nonexistent"),
        set("COUNTERSIGN_GATE_POLICY", "/tmp/other.json"),
        set("COUNTERSIGN_MODE", "warn"),
        set("SSL_CERT_FILE", "/nonexistent"),
    ]);
    let before = listing(trap.path());
    let function = gated.package.start(&variables);
    let answer = function.answer(&pre_scale_up());
    let words = format!(
        "{image}: the image has no signature; do not run the image: signing it belongs in the pipeline that builds it"
    );
    assert_eq!(status(&answer), ("FAILED", words.as_str()));
    gated.scene.sign(image);
    assert_eq!(status(&function.answer(&pre_scale_up())).0, "SUCCEEDED");
    assert_eq!(listing(trap.path()), before, "nothing is written there");
    let seen = std::fs::read(format!("/proc/{}/environ", function.process())).unwrap();
    let seen = String::from_utf8(seen).unwrap();
    for name in [
        "HOME=",
        "XDG_",
        "NOTATION_",
        "AWS_PROFILE",
        "SSL_CERT_FILE",
        "COUNTERSIGN_MODE",
    ] {
        assert!(!seen.split('\0').any(|set| set.starts_with(name)), "{seen}");
    }
}

/// Every path below a directory.
fn listing(directory: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(listing(&path));
        }
        found.push(path.display().to_string());
    }
    found.sort();
    found
}

#[test]
fn an_endpoint_that_the_policy_does_not_name_is_refused() {
    let gated = Gated::signed();
    let mut variables = gated.variables();
    variables.push((
        "AWS_ENDPOINT_URL_ECS".to_owned(),
        "http://127.0.0.1:9".to_owned(),
    ));
    let function = gated.package.start(&variables);
    let answer = function.answer(&pre_scale_up());
    let (found, reason) = status(&answer);
    assert_eq!(found, "FAILED");
    assert!(
        reason.starts_with(
            "`AWS_ENDPOINT_URL_ECS` sets the endpoint `http://127.0.0.1:9`, which is not AWS's own"
        ),
        "{reason}"
    );
}

#[test]
fn the_answer_comes_before_the_end_of_the_invocation() {
    let gated = Gated::signed();
    let function = gated.start();
    // Too late already.
    let Posted::Answer(answer) =
        function.invoke_within(&pre_scale_up(), Duration::from_millis(900))
    else {
        panic!("an answer");
    };
    let words = "the invocation's time is near its end, and not everything was examined; give the function a longer \
                 timeout; and look in the verdict at what was slow";
    assert_eq!(status(&answer), ("FAILED", words));
    // Something hangs.
    let hung = Fault::new(FaultKind::Latency {
        milliseconds: 60_000,
    })
    .on("GetRevocationStatus");
    gated.scene.emulator.faults().add(hung);
    let start = std::time::Instant::now();
    let Posted::Answer(answer) = function.invoke_within(&pre_scale_up(), Duration::from_secs(4))
    else {
        panic!("an answer");
    };
    assert_eq!(status(&answer), ("FAILED", words));
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
    gated.scene.emulator.faults().clear();
    assert_eq!(status(&function.answer(&pre_scale_up())).0, "SUCCEEDED");
}

#[test]
fn a_panic_ends_the_process_without_an_answer() {
    let gated = Gated::signed();
    let mut variables = gated.variables();
    variables.push((
        "COUNTERSIGN_TEST_FAULT".to_owned(),
        "in an invocation".to_owned(),
    ));
    let function = gated.package.start(&variables);
    function.hand_out(&pre_scale_up().to_string(), Duration::from_mins(1));
    let output = function.ended();
    assert_eq!(output.status.code(), Some(3));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains("countersign ended by a fault of its own")
            && log.contains("a fault of an invocation"),
        "{log}"
    );
}

#[test]
fn another_name_or_no_runtime_api_is_the_command_line() {
    let gated = Gated::signed();
    let program = gated.package.path().join("bootstrap");
    let ran = gated.scene.sandbox.run_as(&program, &["--version"]);
    assert_eq!(
        (ran.code, ran.stdout.starts_with("countersign ")),
        (0, true),
        "{ran:#?}"
    );
    let sandbox =
        crate::support::sandbox::Sandbox::new().with("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9");
    let ran = sandbox.run(&["--version"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn the_log_is_json_and_has_no_secret() {
    let gated = Gated::signed();
    let function = gated.start();
    function.answer(&pre_scale_up());
    let (verdict, metrics) = function.verdict();
    let log = function.end();
    let mut events = Vec::new();
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        crate::support::document::assert_valid(&event, "event.v1.schema.json");
        events.push(event);
    }
    let last = events
        .iter()
        .find(|event| event["event"] == "invocation answered")
        .unwrap();
    assert_eq!(last["answer"], "SUCCEEDED");
    assert_eq!(last["trace"], verdict["traceId"]);
    assert_eq!(
        last["request_id"],
        json!("8476a536-e9f4-11e8-9739-2dfe598c3fcd")
    );
    let secret = gated.scene.emulator.secret_access_key();
    for text in [log, verdict.to_string(), metrics.to_string()] {
        assert!(!text.contains(secret));
    }
}
