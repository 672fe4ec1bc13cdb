//! The trust policy and the trust stores.

use super::assert_verified;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

#[test]
fn a_signed_image_verifies_against_notations_trust_policy() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("strict");
    assert_verified(&scene.run(&["verify", &scene.image]), &scene.image);
}

#[test]
fn the_older_policy_file_is_read_where_there_is_no_newer_one() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("strict");
    let config = scene.sandbox.config();
    std::fs::rename(
        config.join("trustpolicy.oci.json"),
        config.join("trustpolicy.json"),
    )
    .unwrap();
    assert_verified(&scene.run(&["verify", &scene.image]), &scene.image);
}

#[test]
fn a_policy_may_skip_verification() {
    let scene = Scene::new();
    scene.sandbox.write_config(
        "trustpolicy.oci.json",
        format!(
            r#"{{"version":"1.0","trustPolicies":[{{"name":"s","registryScopes":["{}"],"signatureVerification":{{"level":"skip"}}}}]}}"#,
            scene.repository
        ),
    );
    let ran = scene.run(&["verify", &scene.image]);
    let expected = Ran {
        code: 0,
        stdout: format!(
            "Trust policy is configured to skip signature verification for {}\n",
            scene.image
        ),
        stderr: String::new(),
    };
    assert_eq!(ran, expected);
}

#[test]
fn policies_that_cannot_be_used_are_named() {
    let scene = Scene::new();
    let help = "To create a trust policy, see: \
                https://notaryproject.dev/docs/quickstart/#create-a-trust-policy";
    let ran = scene.run(&["verify", &scene.image]);
    ran.assert_refused(1, &format!("Error: trust policy is not present. {help}"));

    scene.sandbox.write_config("trustpolicy.oci.json", "{bad");
    let ran = scene.run(&["verify", &scene.image]);
    ran.assert_refused(1, &format!("Error: malformed trust policy. {help}"));
    ran.assert_says("trustpolicy.oci.json");

    scene.write_policy("strict");
    let other =
        "localhost:1/other@sha256:0000000000000000000000000000000000000000000000000000000000000000";
    scene.run(&["verify", other]).assert_refused(
        1,
        &format!(
            "Error: signature verification failed: artifact \"{other}\" has no applicable oci trust \
             policy statement. Trust policy applicability for a given artifact is determined by \
             registryScopes. {help}"
        ),
    );
    let ran = scene.run(&["verify", &scene.image]);
    assert_eq!(ran.code, 1, "unsigned, but the policy applies: {ran:#?}");
}

#[test]
fn a_missing_trust_store_is_named_as_notation_names_it() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("strict");
    std::fs::remove_dir_all(scene.sandbox.config().join("truststore")).unwrap();
    scene.run(&["verify", &scene.image]).assert_refused(
        1,
        "Error: the trust store \"aws-signer-ts\" of type \"signingAuthority\" does not exist. Use \
         command 'notation cert add' to create and add trusted certificates to the trust store",
    );
}
