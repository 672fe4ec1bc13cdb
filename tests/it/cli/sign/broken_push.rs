//! The registry's connection breaks off while a signature is pushed, at each request of the push.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_emulator::{Emulator, Fault, FaultKind, ReferrersApi, RegistryOptions};
use serde_json::json;

use super::{sign, writes};
use crate::support::forward::forward;
use crate::support::hostile::{Hostile, Reply};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// Signs the image of a new scene through a server that closes the connection instead of answering
/// its request `broken`, counted from 1; the registry never sees that request.
fn broken_at(referrers: ReferrersApi, broken: usize) -> (Scene, Ran, Option<String>) {
    let mut options = RegistryOptions::default();
    options.referrers = referrers;
    let scene = Scene::with(Emulator::builder().registry(options));
    // The tag schema's index has an entry already.
    scene.sign(&scene.image);
    scene.emulator.clear_calls();
    let (emulator, count) = (scene.emulator.address(), Arc::new(AtomicUsize::new(0)));
    let server = Hostile::start(move |seen| {
        if count.fetch_add(1, Ordering::SeqCst) + 1 == broken {
            return Reply::closed();
        }
        forward(emulator, seen)
    });
    let image = scene.image.replace(scene.registry(), &server.host());
    let ran = sign(&scene, &[&image]);
    let line = server.lines().get(broken - 1).cloned();
    (scene, ran, line)
}

/// Breaks each request of a push in turn; gives how many there are.
fn break_each(referrers: ReferrersApi, check: impl Fn(&Scene, &Ran, &str)) -> usize {
    // The first resolves the image.
    for broken in 2.. {
        let (scene, ran, line) = broken_at(referrers, broken);
        let Some(line) = line else {
            assert_eq!(ran.code, 0, "{ran:#?}");
            return broken - 2;
        };
        check(&scene, &ran, &line);
    }
    unreachable!()
}

/// What does no harm when it arrives twice is sent once more.
fn is_asked_again(line: &str) -> bool {
    line.starts_with("GET ")
        || line.starts_with("HEAD ")
        || line.starts_with("PUT ") && line.contains("/manifests/sha256:")
}

#[test]
fn with_the_referrers_api_nothing_is_left_half_done() {
    let requests = break_each(ReferrersApi::Filtering, |scene, ran, line| {
        if is_asked_again(line) {
            assert_eq!(ran.code, 0, "{line} {ran:#?}");
            return;
        }
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{line} {ran:#?}");
        let first = ran.stderr.lines().next().unwrap();
        let pushing = "Error: failed to push signature to registry with error: ";
        let words = first
            .strip_prefix(pushing)
            .unwrap_or_else(|| panic!("{line} {ran:#?}"));
        assert!(
            words.starts_with("no usable answer from registry `localhost:"),
            "{ran:#?}"
        );
        ran.assert_says("hint: ");
        let stored = scene.client().referrers(scene.digest());
        assert_eq!(stored["manifests"].as_array().unwrap().len(), 1, "{line}");
    });
    // Start and end of the envelope's upload, the look for the config, the manifest,
    // the look at the list.
    assert_eq!(requests, 5);
}

#[test]
fn with_the_tag_schema_the_index_is_whole_at_any_time() {
    let requests = break_each(ReferrersApi::Absent, |scene, ran, line| {
        if line.starts_with("DELETE") {
            assert_eq!(ran.code, 0, "{ran:#?}");
            ran.assert_says("Warning: Removal of outdated referrers index");
        } else if is_asked_again(line) {
            assert_eq!(ran.code, 0, "{line} {ran:#?}");
        } else {
            assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{line} {ran:#?}");
        }
        // What was there before is there, and every entry is a signature.
        let ran = scene.run(&["list", &scene.image]);
        assert_eq!(ran.code, 0, "{line} {ran:#?}");
        assert_eq!(scene.verify(&scene.image).code, 0, "{line}");
    });
    // Further the index: read, written, the old one deleted, read again.
    assert_eq!(requests, 5 + 4);
}

#[test]
fn an_answer_that_is_lost_leaves_it_open_and_the_next_run_finds_out() {
    let scene = Scene::new();
    for (kind, is_there) in [
        (FaultKind::TruncatedBody, true),
        (FaultKind::ServerError { status: 500 }, false),
    ] {
        let scene = Scene::new();
        // An answer without a body cannot be cut; a server's failure says as little.
        let lost = Fault::new(kind).on("registry:PutManifest");
        scene.emulator.faults().add(lost.times(1));
        let ran = sign(&scene, &[&scene.image, &scene.image]);
        let stored = scene.client().referrers(scene.digest());
        assert_eq!(stored["manifests"] != json!([]), is_there, "{ran:#?}");
        if !is_there {
            assert_eq!(ran.code, 3, "{ran:#?}");
            ran.assert_says(": signed, and perhaps pushed: failed to push signature");
        }
    }
    // The registry has the manifest, and its answer was lost.
    let emulator = scene.emulator.address();
    let server = Hostile::start(move |seen| {
        let reply = forward(emulator, seen);
        if seen.method == "PUT" && seen.path().contains("/manifests/") {
            return Reply::closed();
        }
        reply
    });
    let image = scene.image.replace(scene.registry(), &server.host());
    let ran = sign(&scene, &["-o", "json", &image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let document = super::document::document(&ran);
    let result = &document["results"][0];
    assert_eq!(result["error"]["code"], "push-unconfirmed");
    assert_eq!(result["signature"]["pushed"], "unknown");

    scene.emulator.clear_calls();
    let missing = ["--if-missing", "--trust-anchor", "root.crt", &scene.image];
    let ran = sign(&scene, &missing);
    assert!(ran.stdout.starts_with("Already signed "), "{ran:#?}");
    assert_eq!(writes(&scene), [""; 0]);
}
