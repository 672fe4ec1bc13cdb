//! AWS Signer refuses, fails, or answers what was not asked for: nothing is stored.

use countersign_emulator::{Fault, FaultKind, Tamper};
use serde_json::{Value, json};

use super::{assert_signed, sign, tag_warning, writes};
use crate::support::forward::forward;
use crate::support::hostile::Hostile;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// Signs, which must fail with `code` and store nothing.
#[track_caller]
fn refused(scene: &Scene, code: i32) -> Ran {
    scene.emulator.clear_calls();
    let ran = sign(scene, &[&scene.image]);
    ran.assert_refused(code, &format!("Error: failed to sign `{}`", scene.image));
    assert_eq!(writes(scene), [""; 0], "{ran:#?}");
    let stored = scene.client().referrers(scene.digest());
    assert_eq!(stored["manifests"], json!([]));
    ran
}

/// The one line of `ran` that says what AWS said; it must end with AWS's name for the request.
#[track_caller]
fn assert_aws_said(ran: &Ran, words: &str) {
    let line = ran
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("caused by: AWS "))
        .unwrap_or_else(|| panic!("{ran:#?}"));
    let (said, request) = line
        .split_once(" (request `")
        .unwrap_or_else(|| panic!("{ran:#?}"));
    assert_eq!(said, words, "{ran:#?}");
    let (id, attempts) = request.split_at(36);
    assert!(
        id.len() == 36
            && matches!(
                attempts,
                "`)" | "`), after 6 attempts" | "`), after 3 attempts"
            ),
        "{ran:#?}"
    );
}

#[test]
fn a_denial_says_who_what_and_on_what() {
    let scene = Scene::new();
    let denied = Fault::new(FaultKind::AccessDenied).on("SignPayload");
    scene.emulator.faults().add(denied);
    let ran = refused(&scene, 3);
    let arn = &scene.profile.arn;
    assert_aws_said(
        &ran,
        &format!(
            "denied `signer:SignPayload` on `{arn}` in region `us-east-1`: AccessDeniedException: \
             User: arn:aws:iam::111122223333:user/emulator is not authorized to perform: \
             signer:SignPayload on resource: {arn} because no identity-based policy allows the \
             signer:SignPayload action"
        ),
    );
    ran.assert_says(&format!(
        "hint: allow `arn:aws:iam::111122223333:user/emulator` the action `signer:SignPayload` on \
         `{arn}` in an IAM policy"
    ));
}

#[test]
fn throttling_and_failures_are_tried_again_and_then_said() {
    let scene = Scene::new();
    let arn = scene.profile.arn.clone();
    for (kind, words, hint) in [
        (
            FaultKind::Throttle,
            format!(
                "throttled `signer:SignPayload` on `{arn}` in region `us-east-1`: \
                 TooManyRequestsException: Too Many Requests"
            ),
            "hint: the account's quota for this action is used up; try again later",
        ),
        (
            FaultKind::ServerError { status: 500 },
            format!(
                "failed during `signer:SignPayload` on `{arn}` in region `us-east-1`: \
                 InternalServiceErrorException: We encountered an internal error. Please try \
                 again."
            ),
            "hint: try again later",
        ),
    ] {
        scene
            .emulator
            .faults()
            .add(Fault::new(kind).on("SignPayload"));
        let ran = refused(&scene, 3);
        scene.emulator.faults().clear();
        assert_aws_said(&ran, &words);
        ran.assert_says(hint);
    }

    // Two of three attempts may fail.
    let twice = Fault::new(FaultKind::Throttle).on("SignPayload").times(2);
    scene.emulator.faults().add(twice);
    scene.emulator.clear_calls();
    let ran = sign(&scene, &[&scene.image]);
    assert_signed(&ran, &scene.image, "");
    let operations = scene.operations();
    let is_signing = |name: &&String| *name == "SignPayload";
    assert_eq!(operations.iter().filter(is_signing).count(), 3);
}

#[test]
fn an_answer_that_breaks_off_is_no_signature() {
    let scene = Scene::new();
    for (kind, words) in [
        (FaultKind::ConnectionReset, "could not be reached for"),
        (FaultKind::TruncatedBody, "could not be reached for"),
    ] {
        scene
            .emulator
            .faults()
            .add(Fault::new(kind).on("SignPayload"));
        let ran = refused(&scene, 3);
        scene.emulator.faults().clear();
        ran.assert_says(&format!("caused by: AWS {words} `signer:SignPayload`"));
    }
}

#[test]
fn a_profile_that_cannot_sign_is_a_refusal_and_not_worth_another_try() {
    let mut scene = Scene::new();
    let version = scene.profile.version_arn.clone();
    let long_ago = time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(20_000);
    scene
        .emulator
        .revoke_signing_profile(&version, long_ago)
        .unwrap();
    let ran = refused(&scene, 1);
    ran.assert_says("Signing profile release is not active: its status is Revoked");
    ran.assert_says(
        "\nhint: a cancelled or revoked profile cannot sign again, and its name cannot be reused; create \
         another profile\n",
    );

    let missing = scene.profile.arn.replace("release", "missing");
    scene.profile.arn.clone_from(&missing);
    let ran = refused(&scene, 1);
    ran.assert_says("ResourceNotFoundException");
    ran.assert_says(&format!(
        "hint: check the name, the account and the region in `{missing}`"
    ));
}

#[test]
fn a_version_that_is_not_the_current_one_is_refused() {
    let mut scene = Scene::new();
    scene.profile.arn.push_str("/0000000000");
    let ran = refused(&scene, 1);
    ran.assert_says(&format!(
        "caused by: it was signed with `{}`",
        scene.profile.version_arn
    ));
    ran.assert_says(
        "hint: AWS Signer signs with the profile's current version; name the profile without a \
         version, or that one",
    );
}

#[test]
fn an_answer_that_was_tampered_with_is_not_stored() {
    let scene = Scene::new();
    for (what, words) in [
        (Tamper::Payload, "its envelope is for digest `sha256:"),
        (Tamper::Profile, "it was signed with `"),
        (Tamper::Signature, "its envelope does not verify"),
        (Tamper::Attribute, "which is not one of AWS Signer's"),
        (Tamper::NotAnEnvelope, "its envelope does not verify"),
    ] {
        let fault = Fault::new(FaultKind::Tamper { what }).on("SignPayload");
        scene.emulator.faults().add(fault);
        let ran = refused(&scene, 1);
        scene.emulator.faults().clear();
        ran.assert_says(&format!(
            "caused by: the answer of AWS Signer for `{}` (request `",
            scene.profile.arn
        ));
        ran.assert_says(words);
    }
}

#[test]
fn another_version_is_refused_where_one_was_asked_for() {
    let mut scene = Scene::new();
    let what = Tamper::ProfileVersion;
    let fault = Fault::new(FaultKind::Tamper { what }).on("SignPayload");
    scene.profile.arn.clone_from(&scene.profile.version_arn);
    scene.emulator.faults().add(fault);
    refused(&scene, 1).assert_says("caused by: it was signed with `");
}

/// The root of a signature is judged when it is verified: the signer does not know which roots its users trust.
#[test]
fn a_chain_of_an_unknown_root_is_stored_and_then_not_verified() {
    let scene = Scene::new();
    let what = Tamper::Chain;
    let fault = Fault::new(FaultKind::Tamper { what }).on("SignPayload");
    scene.emulator.faults().add(fault);
    assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
    let ran = scene.verify(&scene.image);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("authenticity (enforce): failed");
}

#[test]
fn a_payload_has_at_most_4096_bytes() {
    let scene = Scene::new();
    let signed = |value: &str| sign(&scene, &["-m", &format!("k={value}"), &scene.image]);
    let signature = assert_signed(&signed("x"), &scene.image, "");
    let envelope = scene.client().envelope(&signature);
    let envelope: Value = serde_json::from_slice(&envelope).unwrap();
    let payload = envelope["payload"].as_str().unwrap();
    // Base64 without padding: four characters for three bytes.
    let room = 4_096 - payload.len() * 3 / 4;

    let longest = "x".repeat(1 + room);
    assert_signed(&signed(&longest), &scene.image, "");
    scene.emulator.clear_calls();
    let ran = signed(&format!("{longest}x"));
    ran.assert_refused(1, &format!("Error: failed to sign `{}`", scene.image));
    ran.assert_says("caused by: the payload has 4097 bytes, and AWS Signer signs 4096 at most");
    ran.assert_says("hint: omit some of the metadata (`--user-metadata`)");
    assert!(!scene.operations().contains(&"SignPayload".to_owned()));
}

#[test]
fn a_tag_that_moves_while_aws_signs_is_not_what_was_asked_for() {
    let scene = Scene::new();
    let second = scene.emulator.push_test_image("app", "v2").unwrap();
    let moved = scene.client().manifest_bytes(&second);
    let (emulator, repository) = (scene.emulator.address(), scene.repository.clone());
    // AWS Signer answers after the tag has moved.
    let signer = Hostile::start(move |seen| {
        if seen.path() == "/signing-jobs/with-payload" {
            let (repository, moved) = (repository.clone(), moved.clone());
            crate::support::waiting::within("the tag to move", move || {
                let client = crate::support::registry_client::RepositoryClient::new(&repository);
                client.put_manifest_bytes("v1", &moved);
            });
        }
        forward(emulator, seen)
    });
    let scene = scene.with_variable("AWS_ENDPOINT_URL", format!("http://{}", signer.host()));
    scene.emulator.clear_calls();
    let ran = sign(&scene, &[&format!("{}:v1", scene.repository)]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    let first = scene.digest();
    assert_eq!(
        ran.stderr,
        format!(
            "{}Error: during signing descriptor subject has changed from {first} to {second}\n\
             hint: nothing was pushed; sign by digest, which cannot move\n",
            tag_warning("v1")
        )
    );
    // The one write is the test's own.
    assert_eq!(writes(&scene), ["registry:PutManifest"]);

    // By digest the tag does not matter.
    assert_signed(&sign(&scene, &[&scene.image]), &scene.image, "");
}
