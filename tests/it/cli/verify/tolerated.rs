//! A level that only logs is not "verified"; which statement judged is said.

use std::path::PathBuf;

use serde_json::{Value, json};
use time::Duration;

use crate::cli::verdict::document;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const OTHER: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/other";

fn policy_line(scene: &Scene, name: &str) -> String {
    let file = scene.sandbox.config().join(name);
    format!("policy: statement `images` of `{}`\n", file.display())
}

fn verdict(scene: &Scene) -> (Value, Ran) {
    let ran = scene.run(&["verify", "-o", "json", &scene.image]);
    (document(&ran)["results"][0].clone(), ran)
}

/// The program under Notation's name.
fn as_notation(scene: &Scene, arguments: &[&str]) -> Ran {
    let folder = scene.sandbox.home().join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let program: PathBuf = folder.join("notation");
    if !program.exists() {
        std::fs::copy(env!("CARGO_BIN_EXE_countersign"), &program).unwrap();
    }
    scene.sandbox.run_as(&program, arguments)
}

#[test]
fn what_is_only_logged_is_tolerated_and_notation_calls_it_verified() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    for (level, identity, failed) in [
        (r#"{ "level": "audit" }"#, OTHER, "authenticity"),
        (
            r#"{ "level": "strict", "override": { "authenticity": "log" } }"#,
            OTHER,
            "authenticity",
        ),
    ] {
        scene.write_policy_with(level, identity);
        let ran = scene.sandbox.run(&["verify", &scene.image]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert_eq!(
            ran.stdout,
            format!(
                "\nTolerated, not verified: {}\nfailed, and only logged by the trust policy: \
                 `{failed}`\n{}",
                scene.image,
                policy_line(&scene, "trustpolicy.oci.json")
            )
        );
        let (result, ran) = verdict(&scene);
        assert_eq!(ran.code, 0);
        assert_eq!(result["verdict"], "tolerated");
        assert_eq!(result["signatures"][0]["accepted"], true);
        assert_eq!(result["signatures"][0]["verified"], false);
        let ran = as_notation(&scene, &["verify", &scene.image]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (
                0,
                format!("\nSuccessfully verified signature for {}\n", scene.image).as_str()
            )
        );
    }
}

#[test]
fn a_question_that_only_logs_its_failure_is_tolerated() {
    use countersign_emulator::{Fault, FaultKind};
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("permissive");
    assert_eq!(verdict(&scene).0["verdict"], "verified");
    let fault = Fault::new(FaultKind::AccessDenied).on("GetRevocationStatus");
    scene.emulator.faults().add(fault);
    assert_eq!(verdict(&scene).0["verdict"], "tolerated");
}

#[test]
fn a_skipped_revocation_is_named_and_no_other_validation_can_be_skipped() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let skips = r#"{ "level": "strict", "override": { "revocation": "skip" } }"#;
    scene.write_policy_with(skips, &scene.profile.arn);
    let ran = scene.run(&["verify", &scene.image]);
    assert_eq!(
        (ran.code, ran.stdout),
        (
            0,
            format!(
                "Successfully verified signature for {}\nnot checked: `revocation`, which the trust \
                 policy skips\n",
                scene.image
            )
        )
    );
    let (result, _) = verdict(&scene);
    assert_eq!(result["verdict"], "verified");
    assert_eq!(result["skippedValidations"], json!(["revocation"]));
    scene.write_policy("strict");
    assert_eq!(verdict(&scene).0["skippedValidations"], Value::Null);
}

#[test]
fn a_tolerated_signature_hides_no_verified_one() {
    let scene = Scene::new();
    // Expired at level permissive, and listed first or last.
    scene.sign_at(Duration::days(-12 * 366));
    scene.write_policy("permissive");
    assert_eq!(verdict(&scene).0["verdict"], "tolerated");
    scene.sign(&scene.image);
    scene.sign_at(Duration::days(-12 * 366 - 1));
    let (result, _) = verdict(&scene);
    assert_eq!(result["verdict"], "verified");
    assert_eq!(result["signatures"][0]["verified"], true);
}

#[test]
fn every_verdict_and_refusal_names_statement_and_file() {
    let scene = Scene::new();
    scene.write_policy("strict");
    let line = policy_line(&scene, "trustpolicy.oci.json");
    let file = scene.sandbox.config().join("trustpolicy.oci.json");
    let file = file.to_str().unwrap();
    let in_json = |what: &str| {
        let ran = scene.run(&["verify", "-o", "json", what]);
        let result = document(&ran)["results"][0].clone();
        assert_eq!(result["policyFile"], file, "{what}");
        assert_eq!(result["policyStatement"], "images", "{what}");
    };
    let missing = format!("{}:nope", scene.repository);
    // Unsigned, and not there.
    for what in [&scene.image, &missing] {
        let ran = scene.sandbox.run(&["verify", what]);
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert!(ran.stderr.contains(&line), "{ran:#?}");
        in_json(what);
    }
    scene.sign(&scene.image);
    let ran = scene.sandbox.run(&["verify", &scene.image]);
    assert!(ran.stdout.ends_with(&line), "{ran:#?}");
    in_json(&scene.image);
    let ran = scene.sandbox.run(&["verify", "-v", &scene.image]);
    assert!(ran.stderr.contains(&line), "{ran:#?}");
    // Refused.
    scene.write_policy_with(r#"{ "level": "strict" }"#, OTHER);
    let ran = scene.sandbox.run(&["verify", &scene.image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(ran.stderr.lines().nth(1), line.lines().next());
    in_json(&scene.image);
    // The command line stands for a policy.
    let ran = scene.sandbox.run(&[
        "verify",
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
        &scene.image,
    ]);
    assert!(!ran.stdout.contains("policy:"), "{ran:#?}");
}

#[test]
fn an_endpoint_that_is_not_of_aws_is_named_once() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("strict");
    let tag = format!("{}:v1", scene.repository);
    for more in [&[][..], &["-o", "json"][..]] {
        let ran = scene
            .sandbox
            .run(&[&["verify"], more, &[&scene.image, &tag]].concat());
        assert_eq!(ran.code, 0, "{ran:#?}");
        let notes = ran.stderr.lines().filter(|line| {
            line.starts_with("Note: `http://")
                && line.ends_with("`, which is not an endpoint of AWS, answered about revocation")
        });
        assert_eq!(notes.count(), 1, "{ran:#?}");
    }
    let answer = scene.verify(&scene.image);
    assert_eq!(answer.stderr, "");
}

#[test]
fn one_reason_of_several_signatures_is_said_once() {
    let scene = Scene::new();
    for _ in 0..5 {
        scene.sign(&scene.image);
    }
    scene.write_policy_with(r#"{ "level": "strict" }"#, OTHER);
    let ran = scene.run(&["verify", &scene.image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let count = |text: &str| ran.stderr.matches(text).count();
    assert_eq!(
        (
            count("\nsignature sha256:"),
            count("authenticity (enforce): failed"),
            count("caused by: ")
        ),
        (5, 1, 1),
        "{ran:#?}"
    );
}
