//! `doctor`: each fault alone, with what was found, what is wanted and what to do; and that nothing is changed by it.

mod aws;
mod containerd;
mod files;
mod keys;
mod registry;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use countersign_emulator::{Fault, FaultKind};
use serde_json::json;

use crate::support::document;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// A machine on which all is well: set up, and with an image that is signed.
fn scene() -> Scene {
    let scene = Scene::new();
    set_up(&scene);
    scene
}

fn set_up(scene: &Scene) {
    let profile = &scene.profile.arn;
    let ran = scene.run(&[
        "setup",
        "--signing-profile",
        profile,
        "--trust-anchor",
        "root.crt",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    scene.sign(&scene.image);
}

fn doctor(scene: &Scene, more: &[&str]) -> Ran {
    scene.run(&[&["doctor", &scene.image], more].concat())
}

/// What is not as it should be, a block for each finding, with one name in place of what is another one in each run. That
/// the emulator's root is not AWS's is left out.
fn not_passed(scene: &Scene, ran: &Ran) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for line in ran.stdout.lines().take_while(|line| !line.is_empty()) {
        match blocks.last_mut() {
            Some(block) if line.starts_with(' ') => {
                block.push_str(line);
                block.push('\n');
            }
            _ => blocks.push(format!("{line}\n")),
        }
    }
    let is_known = |block: &String| {
        block.starts_with("pass ")
            || block.starts_with("warn     roots signingAuthority:trust-anchor: ")
    };
    blocks.retain(|block| !is_known(block));
    scrubbed(scene, &blocks.concat())
}

fn scrubbed(scene: &Scene, text: &str) -> String {
    let port = scene.emulator.address().port();
    let (digest, home) = (scene.digest(), scene.sandbox.home());
    let text = text
        .replace(&scene.profile.version_arn, "VERSION_ARN")
        .replace(&scene.profile.arn, "PROFILE_ARN")
        .replace(digest, "DIGEST")
        .replace(home.to_str().unwrap(), "HOME")
        .replace(&format!(":{port}"), ":PORT")
        .replace("127.0.0.1:PORT", "localhost:PORT");
    // AWS's names of requests.
    let mut parts = text.split("(request `");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        shown.push_str("(request `ID");
        shown.push_str(part.split_once('`').map_or("", |(_, rest)| rest));
        shown = shown.replacen("(request `ID)", "(request `ID`)", 1);
    }
    shown
}

/// The fault alone: exit code, and what is not as it should be.
#[track_caller]
fn assert_found(scene: &Scene, more: &[&str], code: i32, wanted: &str) {
    let ran = doctor(scene, more);
    let found = not_passed(scene, &ran);
    assert_eq!(found, wanted, "{ran:#?}");
    assert_eq!(ran.code, code, "{ran:#?}");
    // The document says the same.
    let ran = doctor(scene, &[more, &["--output", "json"]].concat());
    let document = document::document(&ran, "doctor.v1.schema.json");
    assert_eq!(document["exitCode"], code, "{document:#}");
}

/// Every file below `directory` with its time and content.
fn content(directory: &Path) -> BTreeMap<String, (std::time::SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let time = path.metadata().unwrap().modified().unwrap();
                found.insert(path.display().to_string(), (time, fs::read(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn where_all_is_well_everything_passes_and_nothing_is_changed() {
    let scene = scene();
    let before = (content(scene.sandbox.home()), scene.tags());
    scene.emulator.clear_calls();
    assert_found(&scene, &[], 0, "");
    let calls = scene.emulator.calls();
    assert_eq!((content(scene.sandbox.home()), scene.tags()), before);
    // Twice: in words and as a document.
    assert_eq!(calls.len(), 18, "{calls:#?}");
    let reading = [
        "GetCallerIdentity",
        "GetSigningProfile",
        "ListProfilePermissions",
        "GetRevocationStatus",
        "SimulatePrincipalPolicy",
        "registry:GetManifest",
        "registry:ListReferrers",
        // That the data plane answers at all.
        "Unknown",
    ];
    for call in calls {
        assert!(reading.contains(&call.operation.as_str()), "{call:#?}");
    }
    let ran = doctor(&scene, &[]);
    let lines = scrubbed(&scene, &ran.stdout);
    assert!(lines.lines().count() < 40, "not one screen: {lines}");
    let begin = "pass     credentials: `arn:aws:iam::111122223333:user/emulator`, credentials from the environment's variables\n\
                 pass     clock: this machine's clock agrees with AWS's\n\
                 pass     region: `us-east-1` is set; the profile's own counts: `us-east-1`\n";
    assert!(lines.starts_with(begin), "{lines}");
    assert!(
        lines.ends_with("\n\n19 passed, 1 with a warning, 0 failed, 0 not known\n"),
        "{lines}"
    );
    // What only signing needs.
    scene.emulator.clear_calls();
    assert_found(&scene, &["--verify-only"], 0, "");
    let operations = scene.operations();
    assert!(
        !operations.contains(&"SimulatePrincipalPolicy".to_owned()),
        "{operations:?}"
    );
}

fn deny(scene: &Scene, operation: &str) {
    scene.emulator.faults().clear();
    let fault = Fault::new(FaultKind::AccessDenied).on(operation);
    scene.emulator.faults().add(fault);
}

#[test]
fn wrong_usage_is_said_before_anything_is_asked() {
    let scene = scene();
    scene.emulator.clear_calls();
    let ran = scene.run(&["doctor", "--output", "json", "not a reference"]);
    let document = document::document(&ran, "doctor.v1.schema.json");
    assert_eq!(
        (ran.code, &document["findings"]),
        (2, &json!([])),
        "{document:#}"
    );
    assert_eq!(document["error"]["code"], "not-begun");
    let ran = doctor(&scene, &["--signing-profile", "x"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
    let ran = doctor(&scene, &["--plugin-config", "region=eu-west-1"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert_eq!(scene.operations(), [""; 0]);
}
