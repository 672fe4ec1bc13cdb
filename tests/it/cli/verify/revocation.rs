//! Revocation, answered by AWS Signer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_emulator::{Fault, FaultKind};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::refused;
use super::undecided;
use crate::support::registry_client::RepositoryClient;
use crate::support::scene::Scene;

#[test]
fn a_revoked_signature_and_a_revoked_profile_are_refused() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let envelope = scene.run(&[
        "verify",
        "--verbose",
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
        &scene.image,
    ]);
    assert_eq!(envelope.code, 0, "{envelope:#?}");
    let client = RepositoryClient::new(&scene.repository);
    let job = job_of(&scene, &client);
    scene.emulator.revoke_signature(&job).unwrap();
    let ran = scene.verify(&scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("revocation (enforce): failed: the signature has been revoked");
    ran.assert_says(&format!("caused by: signing job `{job}` was revoked"));

    let scene = Scene::new();
    scene.sign(&scene.image);
    let long_ago = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
    scene
        .emulator
        .revoke_signing_profile(&scene.profile.version_arn, long_ago)
        .unwrap();
    let ran = scene.verify(&scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says(&format!(
        "signing profile `{}` was revoked",
        scene.profile.version_arn
    ));
}

fn job_of(scene: &Scene, client: &RepositoryClient) -> String {
    let digest = scene.image.split('@').nth(1).unwrap();
    let signature = signature_of(scene, digest);
    let envelope: Value = serde_json::from_slice(&client.envelope(&signature)).unwrap();
    let header = URL_SAFE_NO_PAD
        .decode(envelope["protected"].as_str().unwrap())
        .unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["com.amazonaws.signer.signingJob"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn signature_of(scene: &Scene, digest: &str) -> String {
    let client = RepositoryClient::new(&scene.repository);
    let index = client.referrers(digest);
    index["manifests"][0]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn an_unanswered_question_about_revocation_is_never_a_yes() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    for (fault, words) in [
        (FaultKind::AccessDenied, "AccessDeniedException"),
        (FaultKind::Throttle, "TooManyRequestsException"),
        (
            FaultKind::ServerError { status: 500 },
            "InternalServiceErrorException",
        ),
        (FaultKind::ConnectionReset, "GetRevocationStatus"),
        (FaultKind::TruncatedBody, "GetRevocationStatus"),
    ] {
        scene.emulator.faults().clear();
        scene
            .emulator
            .faults()
            .add(Fault::new(fault).on("GetRevocationStatus"));
        let ran = scene.verify(&scene.image);
        ran.assert_refused(3, &undecided(&scene.image));
        ran.assert_says(
            "revocation (enforce): failed: the signature's revocation status could not be determined",
        );
        ran.assert_says(words);
    }
}
