//! `countersign verify`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_emulator::{Emulator, Fault, FaultKind};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::support::registry_client::RepositoryClient;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const JWS: &str = "application/jose+json";

fn refused(image: &str) -> String {
    format!("Error: signature verification failed for all the signatures associated with {image}")
}

#[track_caller]
fn assert_verified(ran: &Ran, image: &str) {
    let expected = Ran {
        code: 0,
        stdout: format!("Successfully verified signature for {image}\n"),
        stderr: String::new(),
    };
    assert_eq!(*ran, expected);
}

#[test]
fn a_signed_image_verifies_with_the_profile_alone() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    assert_verified(&scene.verify(&scene.image), &scene.image);
}

#[test]
fn a_profile_version_verifies_and_another_does_not() {
    let mut scene = Scene::new();
    scene.sign(&scene.image);
    let arn = scene.profile.arn.clone();
    scene.profile.arn.clone_from(&scene.profile.version_arn);
    assert_verified(&scene.verify(&scene.image), &scene.image);
    scene.profile.arn = format!("{arn}/0000000000");
    let ran = scene.verify(&scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("is not a trusted identity");
}

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
fn a_tag_is_resolved_and_warned_about() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let ran = scene.verify(&format!("{}:v1", scene.repository));
    let expected = Ran {
        code: 0,
        stdout: format!("\nSuccessfully verified signature for {}\n", scene.image),
        stderr: "Warning: Always verify the artifact using digest(@sha256:...) rather than a \
                 tag(:v1) because resolved digest may not point to the same signed artifact, as \
                 tags are mutable.\n"
            .to_owned(),
    };
    assert_eq!(ran, expected);
}

#[test]
fn an_index_is_verified_itself_and_said_to_be_one() {
    let scene = Scene::new();
    let digest = scene.emulator.push_test_index("app", "multi").unwrap();
    let image = format!("{}@{digest}", scene.repository);
    scene.sign(&image);
    let ran = scene.verify(&image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stderr,
        format!(
            "Note: {image} is a multi-platform index; the index itself was verified, not the \
             images in it.\n"
        )
    );
}

#[test]
fn metadata_is_shown_and_must_match_what_is_asked_for() {
    let scene = Scene::new();
    let arn = scene.profile.arn.clone();
    let ran = scene.run(&[
        "sign",
        "--signing-profile",
        &arn,
        "-m",
        "build=7",
        "-m",
        "by=ü",
        &scene.image,
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = scene.verify_with(&["-m", "build=7"], &scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout,
        format!(
            "Successfully verified signature for {}\n\nThe artifact was signed with the following \
             user metadata.\n\nKEY     VALUE   \nbuild   7       \nby      ü       \n",
            scene.image
        )
    );
    let ran = scene.verify_with(&["-m", "build=8"], &scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("refused: unable to find specified metadata in the signature\n    found: build=7\n    wanted: build=8\n");
}

#[test]
fn an_unsigned_image_is_refused_and_told_apart() {
    let scene = Scene::new();
    scene.verify(&scene.image).assert_refused(
        1,
        &format!(
            "Error: signature verification failed: no signature is associated with \"{}\", make \
             sure the artifact was signed successfully",
            scene.image
        ),
    );
}

#[test]
fn a_missing_artifact_is_refused_without_a_word_about_tags() {
    let scene = Scene::new();
    let reference = format!("{}:nope", scene.repository);
    let ran = scene.verify(&reference);
    ran.assert_refused(
        1,
        &format!("Error: failed to get manifest descriptor: {reference}: not found"),
    );
    assert!(!ran.stderr.contains("Warning"), "{ran:#?}");
}

#[test]
fn aws_roots_are_built_in_and_do_not_trust_the_emulator() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let ran = scene.run(&[
        "verify",
        "--signing-profile",
        &scene.profile.arn,
        &scene.image,
    ]);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says(
        "authenticity (enforce): failed: the signature's certificate chain does not contain any \
         trusted certificate",
    );
    ran.assert_says("no certificate of the chain is in `signingAuthority:aws-signer-ts`");
}

#[test]
fn another_profile_is_refused_by_name() {
    let mut scene = Scene::new();
    scene.sign(&scene.image);
    let signed_by = scene.profile.version_arn.clone();
    scene.profile = scene.emulator.create_signing_profile("other").unwrap();
    let ran = scene.verify(&scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says(&format!(
        "signed with `{signed_by}`, which is none of the trusted identities"
    ));
}

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
        ran.assert_refused(3, &refused(&scene.image));
        ran.assert_says(
            "revocation (enforce): failed: the signature's revocation status could not be determined",
        );
        ran.assert_says(words);
    }
}

#[test]
fn an_expired_signature_is_refused_and_at_permissive_warned_about() {
    // Signed so long ago that the profile's validity is over.
    let scene = Scene::new();
    scene.emulator.set_clock_offset(Duration::days(-12 * 366));
    scene.sign(&scene.image);
    scene.emulator.set_clock_offset(Duration::ZERO);
    let ran = scene.verify(&scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("expiry (enforce): failed: digital signature has expired on \"");

    scene.write_policy("permissive");
    let ran = scene.run(&["verify", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout,
        format!("\nSuccessfully verified signature for {}\n", scene.image)
    );
    assert!(
        ran.stderr.starts_with(
            "Warning: expiry was set to \"log\" and failed with error: digital signature has \
             expired on \""
        ),
        "{ran:#?}"
    );
}

#[test]
fn a_signature_of_another_image_does_not_count() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let client = RepositoryClient::new(&scene.repository);
    let other = scene.emulator.push_test_image("app", "v2").unwrap();
    client.push_signature(&other, JWS, &client.envelope(&signature));
    let other = format!("{}@{other}", scene.repository);
    let ran = scene.verify(&other);
    ran.assert_refused(1, &refused(&other));
    ran.assert_says("refused: content descriptor mismatch: the signature is for another artifact");
}

#[test]
fn a_changed_byte_anywhere_is_an_integrity_failure() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let client = RepositoryClient::new(&scene.repository);
    let digest = scene.image.split('@').nth(1).unwrap().to_owned();
    let good: Value = serde_json::from_slice(&client.envelope(&signature)).unwrap();
    client.delete(&signature);
    for member in ["payload", "protected", "signature"] {
        let mut bad = good.clone();
        let mut bytes = URL_SAFE_NO_PAD
            .decode(bad[member].as_str().unwrap())
            .unwrap();
        // Inside a value: the JSON of payload and header stays JSON.
        let at = match member {
            "payload" => find(&bytes, b"sha256:") + 10,
            "protected" => find(&bytes, b"/signing-jobs/") + 16,
            _ => 10,
        };
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        bad[member] = URL_SAFE_NO_PAD.encode(bytes).into();
        let pushed = client.push_signature(&digest, JWS, bad.to_string().as_bytes());
        let ran = scene.verify(&scene.image);
        ran.assert_refused(1, &refused(&scene.image));
        ran.assert_says("integrity (enforce): failed");
        client.delete(pushed.as_ref());
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
        .unwrap()
}

#[test]
fn a_bad_signature_does_not_hide_a_good_one() {
    let scene = Scene::new();
    let client = RepositoryClient::new(&scene.repository);
    let digest = scene.image.split('@').nth(1).unwrap().to_owned();
    client.push_signature(&digest, JWS, b"{}");
    client.push_signature(&digest, "application/octet-stream", b"x");
    scene.sign(&scene.image);
    let ran = scene.verify(&scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn more_signatures_than_allowed_are_not_looked_at() {
    let scene = Scene::new();
    let client = RepositoryClient::new(&scene.repository);
    let digest = scene.image.split('@').nth(1).unwrap().to_owned();
    for number in 0..3 {
        client.push_signature(&digest, JWS, format!("{{\"n\":{number}}}").as_bytes());
    }
    let ran = scene.verify_with(&["--max-signatures", "2"], &scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    assert_eq!(
        ran.stderr.matches("\nsignature sha256:").count(),
        2,
        "{ran:#?}"
    );
    ran.assert_says("The configured limit of 2 signatures to verify per artifact exceeded");
    let ran = scene.verify_with(&["--max-signatures", "3"], &scene.image);
    assert!(!ran.stderr.contains("limit"), "{ran:#?}");
    for value in ["0", "-1"] {
        scene
            .verify_with(&["--max-signatures", value], &scene.image)
            .assert_refused(
                2,
                &format!("Error: max-signatures value {value} must be a positive number"),
            );
    }
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
fn several_references_give_their_answers_in_order_and_the_worst_code() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let unsigned = scene.emulator.push_test_image("app", "v2").unwrap();
    let unsigned = format!("{}@{unsigned}", scene.repository);
    let unreachable = format!("localhost:1/x@{}", scene.image.split('@').nth(1).unwrap());
    let run = |references: &[&str]| {
        let fixed = [
            "verify",
            "--signing-profile",
            &scene.profile.arn,
            "--trust-anchor",
            "root.crt",
        ];
        scene.run(&[&fixed, references].concat())
    };
    let ran = run(&[&unreachable, &scene.image, &unsigned]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(
        ran.stdout,
        format!("Successfully verified signature for {}\n", scene.image)
    );
    let errors: Vec<_> = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("Error: "))
        .collect();
    assert!(errors[0].contains("localhost:1"), "{ran:#?}");
    assert!(
        errors[1].contains("no signature is associated with"),
        "{ran:#?}"
    );
    assert_eq!(run(&[&unreachable, &scene.image]).code, 3);
}

#[test]
fn under_the_name_notation_there_are_only_two_exit_codes() {
    let scene = Scene::new();
    let notation = scene.sandbox.home().join("notation");
    std::fs::hard_link(env!("CARGO_BIN_EXE_countersign"), &notation)
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_countersign"), &notation).map(|_| ()))
        .unwrap();
    let unreachable = "localhost:1/x:v1";
    let arguments = [
        "verify",
        "--signing-profile",
        &scene.profile.arn,
        unreachable,
    ];
    assert_eq!(scene.run(&arguments).code, 3);
    assert_eq!(scene.sandbox.run_as(&notation, &arguments).code, 1);
    assert_eq!(scene.sandbox.run_as(&notation, &["verify"]).code, 1);
    assert_eq!(scene.sandbox.run_as(&notation, &["--help"]).code, 0);
}

#[test]
fn wrong_usage_is_said_before_anybody_is_asked() {
    let scene = Scene::new();
    for (arguments, first_line) in [
        (
            &["verify", "localhost:1/x"][..],
            "Error: \"localhost:1/x\": invalid reference: no tag or digest. Expecting \
             <registry>/<repository>:<tag> or <registry>/<repository>@<digest>",
        ),
        (
            &["verify", "-m", "abc", "localhost:1/x:v1"],
            "Error: could not parse flag user-metadata: key-value pair requires \"=\" as separator",
        ),
        (
            &[
                "verify",
                "--signing-profile",
                "arn:aws:signer:us-east-1:111122223333:/signing-profile/app",
                "localhost:1/x:v1",
            ],
            "Error: `arn:aws:signer:us-east-1:111122223333:/signing-profile/app` has the resource \
             `/signing-profile/app`, wanted `/signing-profiles/NAME`",
        ),
        (
            &[
                "verify",
                "--signing-profile",
                "arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/app",
                "localhost:1/x:v1",
            ],
            "Error: no root certificate of AWS Signer is published for the partition `aws-cn`",
        ),
        (
            &["verify", "-u", "x", "localhost:1/x:v1"],
            "Error: a user name for the registry, and no password",
        ),
    ] {
        let ran = scene.run(arguments);
        ran.assert_refused(2, first_line);
    }
    assert_eq!(scene.operations(), [""; 0]);
}

#[test]
fn round_trips_of_a_verification_are_no_more_than_it_needs() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.operations();
    scene.verify(&scene.image);
    let mut by_digest = scene.operations();
    // The first two go at the same time; the rest one after the other, and AWS Signer last.
    by_digest[..2].sort();
    let expected = [
        "registry:GetManifest",
        "registry:ListReferrers",
        "registry:GetManifest",
        "registry:GetBlob",
        "registry:GetLayer",
        "GetRevocationStatus",
    ];
    assert_eq!(by_digest, expected);
    scene.verify(&format!("{}:v1", scene.repository));
    assert_eq!(scene.operations(), expected);
}

#[test]
fn the_emulator_can_be_any_region() {
    let scene = Scene::with(Emulator::builder().region("us-gov-west-1"));
    assert!(
        scene
            .profile
            .arn
            .starts_with("arn:aws-us-gov:signer:us-gov-west-1:")
    );
    scene.sign(&scene.image);
    assert_verified(&scene.verify(&scene.image), &scene.image);
}

#[test]
fn an_installed_plugin_is_asked_only_where_that_is_wanted() {
    const NAME: &str = "com.amazonaws.signer.notation.plugin";
    let scene = Scene::new();
    scene.sign(&scene.image);
    let metadata = serde_json::json!({
        "name": NAME, "description": "d", "version": "1.0.0", "url": "u",
        "supportedContractVersions": ["1.0"],
        "capabilities": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK"],
    });
    let answer = serde_json::json!({
        "verificationResults": {
            "SIGNATURE_VERIFIER.TRUSTED_IDENTITY": { "success": true, "reason": "r" },
            "SIGNATURE_VERIFIER.REVOCATION_CHECK": { "success": false, "reason": "the plugin says so" },
        },
        "processedAttributes": [
            "com.amazonaws.signer.signingProfileVersion", "com.amazonaws.signer.signingJob",
        ],
    });
    let script = format!(
        "#!/bin/sh\ncat > /dev/null\ncase \"$1\" in\nget-plugin-metadata) echo '{metadata}' ;;\n*) echo '{answer}' ;;\nesac\n"
    );
    install_plugin(&scene, NAME, &script);

    assert_verified(&scene.verify(&scene.image), &scene.image);
    let ran = scene.verify_with(&["--use-installed-plugin"], &scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says(&format!(
        "revocation (enforce): failed: revocation check by verification plugin \"{NAME}\" failed \
         with reason \"the plugin says so\""
    ));
}

#[test]
fn an_untrusted_signature_starts_no_plugin() {
    const NAME: &str = "com.amazonaws.signer.notation.plugin";
    let scene = Scene::new();
    scene.sign(&scene.image);
    let marker = scene.sandbox.home().join("started");
    let script = format!("#!/bin/sh\ntouch '{}'\n", marker.display());
    install_plugin(&scene, NAME, &script);
    let arguments = [
        "verify",
        "--use-installed-plugin",
        "--signing-profile",
        &scene.profile.arn,
    ];
    // AWS's own root, which the emulator's signatures do not lead to.
    let ran = scene.run(&[&arguments[..], &[&scene.image]].concat());
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("does not contain any trusted certificate");
    assert!(!marker.exists(), "{ran:#?}");
    // The same with the right root, so that the marker is known to work.
    scene.verify_with(&["--use-installed-plugin"], &scene.image);
    assert!(marker.exists());
}

/// Installs a plugin that is this script.
fn install_plugin(scene: &Scene, name: &str, script: &str) {
    let new = format!("plugins/{name}/notation-{name}.new");
    let file = scene.sandbox.write_config(&new, script);
    // Put in place by another process: what this one has written could still be open in a process
    // that another test is starting, and could not be executed then.
    let executable = file.with_file_name(format!("notation-{name}"));
    let status = std::process::Command::new("/bin/sh")
        .args(["-c", "cp \"$0\" \"$1\" && chmod 755 \"$1\""])
        .args([&file, &executable])
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_countersign"));
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let status = scene
        .sandbox
        .command(program)
        .args([
            "verify",
            "--signing-profile",
            &scene.profile.arn,
            "--trust-anchor",
            "root.crt",
        ])
        .arg(&scene.image)
        .stdout(full)
        .status();
    assert_eq!(status.unwrap().code(), Some(3));
}

#[test]
fn a_password_in_a_reference_is_not_repeated() {
    let scene = Scene::new();
    for reference in [
        "bob:hunter2@localhost/app:v1",
        "http://bob:hunter2@localhost/app:v1",
    ] {
        let ran = scene.verify(reference);
        assert_eq!(ran.code, 2);
        assert!(!ran.stderr.contains("hunter2"), "{ran:#?}");
    }
}

#[test]
fn a_region_that_is_not_the_profiles_is_asked_and_said() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let ran = scene.verify_with(&["--plugin-config", "aws-region=eu-west-1"], &scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says(
        "Warning: asked in region `eu-west-1`, which is set explicitly, although the ARN says \
         `us-east-1`",
    );
}
