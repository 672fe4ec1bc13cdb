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

#[test]
fn a_policy_file_that_does_not_count_is_warned_about() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("strict");
    let [counts, unused] =
        ["trustpolicy.oci.json", "trustpolicy.json"].map(|name| scene.sandbox.config().join(name));
    let same = std::fs::read_to_string(&counts).unwrap();
    let spaced = same.replace(": ", ":   ");
    let other = same.replace("strict", "audit");
    let warning = format!(
        "Warning: `{}` counts; `{}` says something else, ",
        counts.display(),
        unused.display()
    );
    for (text, is_warned) in [(&same, false), (&spaced, false), (&other, true)] {
        std::fs::write(&unused, text).unwrap();
        let ran = scene.run(&["verify", &scene.image]);
        assert_eq!(
            (ran.code, ran.stderr.starts_with(&warning)),
            (0, is_warned),
            "{ran:#?}"
        );
    }
    std::fs::write(&unused, "{bad").unwrap();
    // Where the registry fails, too, and in JSON.
    let missing = format!("{}:nope", scene.repository);
    for more in [&[][..], &["-o", "json"][..]] {
        let ran = scene.run(&[&["verify"], more, &[&missing]].concat());
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert!(ran.stderr.starts_with(&warning), "{ran:#?}");
    }
}

#[test]
fn a_profile_that_cannot_be_used_has_one_reason_whichever_roots_are_trusted() {
    let scene = Scene::new();
    for profile in [
        "arn:aws:signer:us-east-1:111122223333:/signing-profiles/*",
        "ci",
    ] {
        let plain = scene.run(&["verify", "--signing-profile", profile, &scene.image]);
        let anchored = scene.run(&[
            "verify",
            "--trust-anchor",
            "root.crt",
            "--signing-profile",
            profile,
            &scene.image,
        ]);
        assert_eq!(plain.code, 2, "{plain:#?}");
        assert_eq!(plain, anchored);
    }
}

#[test]
fn a_profile_that_is_not_trusted_is_shown_with_those_that_are_and_the_near_one() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let near = scene.profile.arn.replace("release", "relaese");
    let far = scene.profile.arn.replace("release", "nightly");
    let ran = scene.run(&[
        "verify",
        "--trust-anchor",
        "root.crt",
        "--signing-profile",
        &far,
        "--signing-profile",
        &near,
        &scene.image,
    ]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(&format!("trusted: `{far}`\n    trusted: `{near}`\n"));
    ran.assert_says(&format!(
        "trusted identity `{near}` has a similar name; the signature's profile is `release`"
    ));
}
