//! AWS's side closes a connection that was kept: what only reads is asked again, what signs is not.

use std::sync::Mutex;

use crate::support::forward::forward;
use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::kms;
use crate::support::scene::Scene;

fn is_call(seen: &Seen, call: &str) -> bool {
    match call {
        "SignPayload" => seen.method == "POST" && seen.path() == "/signing-jobs/with-payload",
        "GetRevocationStatus" => seen.method == "GET" && seen.path() == "/revocations",
        _ => seen
            .header("x-amz-target")
            .is_some_and(|target| target.ends_with(&format!(".{call}"))),
    }
}

/// All of AWS, with the connection closed at the first `call`.
fn losing(scene: Scene, call: &'static str) -> (Scene, Hostile) {
    let emulator = scene.emulator.address();
    let lost = Mutex::new(false);
    let aws = Hostile::start(move |seen| {
        let mut lost = lost.lock().unwrap();
        if is_call(seen, call) && !*lost {
            *lost = true;
            return Reply::closed();
        }
        drop(lost);
        forward(emulator, seen)
    });
    let url = format!("http://{}", aws.host());
    (scene.with_variable("AWS_ENDPOINT_URL", url), aws)
}

fn count(aws: &Hostile, call: &str) -> usize {
    aws.seen().iter().filter(|seen| is_call(seen, call)).count()
}

#[test]
fn a_question_about_revocation_is_asked_again() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let (scene, aws) = losing(scene, "GetRevocationStatus");
    let ran = scene.verify(&scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(count(&aws, "GetRevocationStatus"), 2);
}

#[test]
fn a_signature_that_aws_signer_may_have_made_is_not_asked_for_again() {
    let (scene, aws) = losing(Scene::new(), "SignPayload");
    let arn = scene.profile.arn.clone();
    let ran = scene.run(&["sign", "--signing-profile", &arn, &scene.image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("broke off");
    assert_eq!(count(&aws, "SignPayload"), 1);
}

#[test]
fn a_public_key_is_asked_for_again_and_a_signature_of_kms_is_not() {
    for (call, code, asked) in [("GetPublicKey", 0, 2), ("Sign", 3, 1)] {
        let scene = Scene::new();
        kms::write_chain(scene.sandbox.home(), "ec-256");
        let key = kms::import(&scene.emulator, "ec-256");
        let (scene, aws) = losing(scene, call);
        let chain = ["--certificate-chain", "ec-256.crt"];
        let sign = ["sign", "--kms-key", &key];
        let ran = scene.run(&[&sign[..], &chain, &[&scene.image]].concat());
        assert_eq!(ran.code, code, "{ran:#?}");
        assert_eq!(count(&aws, call), asked, "{call}");
    }
}
