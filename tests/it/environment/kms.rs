//! AWS KMS beside Amazon ECR: where each is asked, with one set of credentials.

use countersign_emulator::Emulator;

use super::credentials::without_credentials;
use super::{ECR, aws, behind, behind_the_emulator, pushed};
use crate::support::kms;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// Signs `image` with `key`, whose certificates are those of the key `ec-256`.
fn sign(scene: &Scene, key: &str, image: &str) -> Ran {
    kms::write_chain(scene.sandbox.home(), "ec-256");
    let signer = ["--kms-key", key, "--certificate-chain", "ec-256.crt"];
    let ran = scene.run(&[&["sign"], &signer[..], &[image]].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    ran
}

#[test]
fn a_key_without_a_region_is_not_looked_for_in_that_of_the_registry() {
    // The token of ECR is asked for first, in the registry's region.
    let scene = without_credentials(Emulator::builder());
    let uri = format!("{}/credentials/container", scene.emulator.endpoint());
    let scene = scene
        .with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
        .with_variable("AWS_REGION", "us-east-1");
    let key = kms::import(&scene.emulator, "ec-256");
    scene
        .emulator
        .create_kms_alias("alias/release", &key)
        .unwrap();
    let image = pushed(&scene, "111122223333.dkr.ecr.eu-west-1.amazonaws.com");
    scene.emulator.clear_calls();
    sign(&scene, "alias/release", &image);
    let operations = scene.operations();
    let count = |wanted: &str| operations.iter().filter(|name| *name == wanted).count();
    for operation in [
        "credentials:Container",
        "GetAuthorizationToken",
        "GetPublicKey",
        "Sign",
    ] {
        assert_eq!(count(operation), 1, "{operation}: {operations:?}");
    }
}

#[test]
fn a_key_and_a_registry_may_be_in_two_regions() {
    let scene = behind_the_emulator();
    let key = kms::import(&scene.emulator, "ec-256");
    let image = pushed(&scene, "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com");
    let scene = scene.with_variable("AWS_REGION", "eu-west-1");
    sign(&scene, &key, &image);
}

#[test]
fn kms_is_asked_at_its_own_endpoint() {
    for (variable, host) in [
        (None, "kms.us-east-1.amazonaws.com"),
        (
            Some("AWS_USE_FIPS_ENDPOINT"),
            "kms-fips.us-east-1.amazonaws.com",
        ),
        (Some("AWS_USE_DUALSTACK_ENDPOINT"), "kms.us-east-1.api.aws"),
    ] {
        let mut scene = behind_the_emulator();
        let key = kms::import(&scene.emulator, "ec-256");
        let image = pushed(&scene, ECR);
        if let Some(variable) = variable {
            scene = scene.with_variable(variable, "true");
        }
        let aws = aws(&scene, |_| 0);
        let scene = behind(scene, &aws);
        sign(&scene, &key, &image);
        let asked = aws.seen().iter().filter(|seen| seen.host == host).count();
        assert_eq!(asked, 2, "{host}");
    }
}
