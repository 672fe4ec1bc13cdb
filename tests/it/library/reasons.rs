//! Why something is refused: an error's `Display` and sources say what the program prints.

use std::error::Error as StdError;

use countersign::environment::{Clock, Environment};
use countersign::reference::Reference;
use countersign::verify::{CoveredBy, Error, Images, Options, Verifier};
use countersign_emulator::{Fault, FaultKind};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::by_hand;
use crate::support::scene::Scene;

/// What the error and all below it say.
fn told(error: &Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push('\n');
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    words
}

/// The sentences of the program's text that say why, without the first line, which is notation's.
fn reasons(stderr: &str) -> Vec<&str> {
    let lines = stderr.lines().skip(1).map(str::trim);
    let reasons = lines.filter_map(|line| {
        let after = |mark: &str| line.split_once(mark).map(|(_, reason)| reason);
        let is_detail = ["trusted: ", "found: ", "wanted: ", "valid from "]
            .iter()
            .any(|start| line.starts_with(start));
        after("caused by: ")
            .or_else(|| after("refused: "))
            .or_else(|| after(": failed: "))
            .or_else(|| is_detail.then_some(line))
    });
    reasons.collect()
}

/// Verifies `reference` by the program and by the library, both by Notation's configuration; the library tells all that
/// the program does, in which there are these words.
#[track_caller]
fn compare(scene: &Scene, reference: &str, more: &[&str], options: &Options, words: &[&str]) {
    let ran = scene.run(&[&["verify"], more, &[reference]].concat());
    assert!([1, 3].contains(&ran.code), "{ran:#?}");
    let error = verified(scene, reference, options);
    let told = told(&error);
    let reasons = reasons(&ran.stderr);
    for word in words {
        assert!(told.contains(word), "{word}\n{told}\n{ran:#?}");
    }
    for reason in reasons {
        // Each asks AWS for itself.
        let reason = reason.split(" (request `").next().unwrap();
        assert!(told.contains(reason), "{reason}\n{told}\n{ran:#?}");
    }
    if ran.stderr.contains("hint: ") {
        assert!(error.hint().is_some(), "{error:?}\n{ran:#?}");
    }
    let class = if ran.code == 1 {
        "Rejected"
    } else {
        "Inconclusive"
    };
    assert_eq!(format!("{:?}", error.class()), class, "{ran:#?}");
}

fn verified(scene: &Scene, reference: &str, options: &Options) -> Error {
    let environment: Environment = by_hand(scene, Clock::System);
    let directories = environment.notation_directories().unwrap();
    let trust = Verifier::from_notation_config(&directories).unwrap();
    let reference = Reference::parse(reference).unwrap().into();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let verifier = trust.connect(&environment).unwrap();
    let verification = runtime.block_on(verifier.verify_with(&reference, options));
    verification.unwrap_err()
}

/// An envelope of AWS Signer for the scene's image whose signature has another byte.
fn changed(scene: &Scene) -> Vec<u8> {
    let signature = scene.sign(&scene.image);
    let client = scene.client();
    let envelope = client.envelope(&signature);
    client.delete(&signature);
    let mut envelope: Value = serde_json::from_slice(&envelope).unwrap();
    let text = envelope["signature"].as_str().unwrap();
    let first = if text.starts_with('A') { "B" } else { "A" };
    envelope["signature"] = format!("{first}{}", &text[1..]).into();
    serde_json::to_vec(&envelope).unwrap()
}

#[test]
fn an_error_and_its_sources_say_what_the_program_prints() {
    let scene = Scene::new();
    scene.write_policy("strict");
    let plain = Options::default();
    compare(
        &scene,
        &scene.image,
        &[],
        &plain,
        &["no signature is associated"],
    );

    scene
        .client()
        .push_signature(scene.digest(), "application/jose+json", &changed(&scene));
    compare(
        &scene,
        &scene.image,
        &[],
        &plain,
        &[
            "unable to verify the integrity of the signature envelope",
            "signature",
        ],
    );
}

#[test]
fn a_signer_that_is_not_trusted_is_named_by_the_library_too() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let other = scene.emulator.create_signing_profile("other").unwrap();
    scene.write_policy_with(r#"{ "level": "strict" }"#, &other.arn);
    let signer = format!("signed with `{}`", scene.profile.version_arn);
    let trusted = format!("trusted: `{}`", other.arn);
    let words = [signer.as_str(), &trusted];
    compare(&scene, &scene.image, &[], &Options::default(), &words);
}

#[test]
fn what_was_revoked_and_who_did_not_answer_is_told_by_the_library_too() {
    let scene = Scene::new();
    scene.write_policy("strict");
    scene.sign(&scene.image);
    let fault = Fault::new(FaultKind::AccessDenied).on("GetRevocationStatus");
    scene.emulator.faults().add(fault);
    let words = [
        "revocation status could not be determined",
        "AccessDeniedException",
    ];
    compare(&scene, &scene.image, &[], &Options::default(), &words);
    scene.emulator.faults().clear();

    let long_ago = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
    let version = &scene.profile.version_arn;
    let revoked = scene.emulator.revoke_signing_profile(version, long_ago);
    revoked.unwrap();
    let profile = format!("signing profile `{version}` was revoked");
    let words = ["the signature has been revoked", &profile];
    compare(&scene, &scene.image, &[], &Options::default(), &words);
}

#[test]
fn a_registry_that_does_not_answer_is_told_with_why() {
    let scene = Scene::new();
    scene.write_policy_with(r#"{ "level": "strict" }"#, &scene.profile.arn);
    // No server listens on a port that was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let reference = format!("localhost:{port}/app@{}", scene.digest());
    let policy = scene.sandbox.config().join("trustpolicy.oci.json");
    let text = std::fs::read_to_string(&policy).unwrap();
    let text = text.replace(&scene.repository, &format!("localhost:{port}/app"));
    std::fs::write(&policy, text).unwrap();
    let words = ["failed to resolve", "could not connect"];
    compare(&scene, &reference, &[], &Options::default(), &words[..1]);
}

#[test]
fn the_first_image_of_an_index_that_failed_tells_why() {
    let scene = Scene::new();
    scene.write_policy("strict");
    let index = scene.emulator.push_test_index("app", "multi").unwrap();
    let index = format!("{}@{index}", scene.repository);
    let mut options = Options::default();
    options.images = Images::All(CoveredBy::Image);
    let words = ["images of the index", "no signature is associated"];
    compare(&scene, &index, &["--recursive"], &options, &words);
}
