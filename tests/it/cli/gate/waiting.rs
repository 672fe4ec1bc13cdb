//! `gate check --wait-for-signature`: Amazon ECR signs before the gate decides, and the signatures decide.

use countersign_emulator::{Fault, FaultKind, RegistryOptions, SigningCourse, SigningEnd};
use serde_json::json;

use super::{Gate, signer};

/// A gate whose image is in Amazon ECR, under a signing rule whose signing goes so.
fn gate(course: SigningCourse) -> Gate {
    let mut gate = Gate::new();
    gate.scene = gate.scene.with_amazon_ecr();
    let release = gate.profile("release");
    gate.scene
        .emulator
        .set_signing_course(&release, course)
        .unwrap();
    let repository = gate.scene.repository_on_ecr();
    gate.scene.image = gate.scene.push_under_rules(&repository, &[&release]);
    gate.scene.repository = repository;
    gate.write_rule(&json!({ "require": { "all": [signer("ci", &release)] } }));
    gate
}

#[test]
fn a_gate_decides_once_amazon_ecr_has_signed() {
    let in_progress = SigningCourse {
        in_progress: 1,
        end: SigningEnd::Signed,
    };
    let gate = gate(in_progress);
    let image = gate.scene.image.clone();
    // Without the flag the gate decides at once.
    assert_eq!(gate.check_image().code, 1);
    let ran = gate.check(&["--wait-for-signature", "2m", &image]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let first = ran.stdout.lines().next().unwrap();
    assert_eq!(first, format!("Verified: {image}"));
}

#[test]
fn a_gate_looks_again_for_a_signature_that_is_listed_late() {
    let gate = gate(SigningCourse::default());
    let mut options = RegistryOptions::default();
    options.listing_lag = 1;
    gate.scene.emulator.set_registry_options(options);
    let image = gate.scene.image.clone();
    let ran = gate.check(&["--wait-for-signature", "2m", &image]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
}

#[test]
fn a_signing_that_failed_is_a_remark_and_the_signatures_decide() {
    let failed = SigningCourse {
        in_progress: 0,
        end: SigningEnd::Failed {
            code: "ThrottlingException".to_owned(),
            reason: String::new(),
        },
    };
    let gate = gate(failed);
    let (image, release) = (gate.scene.image.clone(), gate.profile("release"));
    let remark = format!(
        "Warning: Amazon ECR could not sign `{image}`\n  signing by `{release}` failed: ThrottlingException\n  AWS Signer \
         was asked too often\n  hint: push the image again later; ask AWS for a higher quota of `SignPayload`\n"
    );
    let waited = gate.check(&["--wait-for-signature", "2m", &image]);
    let unsigned = gate.check_image();
    assert_eq!(
        (waited.code, waited.stdout.as_str()),
        (1, ""),
        "{waited:#?}"
    );
    assert_eq!(waited.stderr, remark.clone() + &unsigned.stderr);
    // An image that was signed otherwise may run.
    gate.sign_image(&release, &[], &image);
    let waited = gate.check(&["--wait-for-signature", "2m", &image]);
    assert_eq!(
        (waited.code, waited.stderr),
        (0, remark),
        "{}",
        waited.stdout
    );
}

#[test]
fn a_caller_who_may_not_ask_waits_for_nothing() {
    let gate = gate(SigningCourse::default());
    let image = gate.scene.image.clone();
    let fault = Fault::new(FaultKind::AccessDenied).on("DescribeImageSigningStatus");
    gate.scene.emulator.faults().add(fault);
    let ran = gate.check(&["--wait-for-signature", "2m", &image]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    let first = ran.stderr.lines().next().unwrap();
    assert_eq!(
        first,
        format!("Warning: could not ask Amazon ECR how far the signing of `{image}` is")
    );
}

#[test]
fn a_wait_is_for_digests_in_amazon_ecr_and_has_a_bound() {
    let gate = gate(SigningCourse::default());
    let image = gate.scene.image.clone();
    let tag = format!("{}:v1", gate.scene.repository);
    let ran = gate.check(&["--wait-for-signature", "2m", &tag]);
    ran.assert_refused(
        2,
        &format!("Error: `--wait-for-signature` waits for images by digest, and `{tag}` is a tag"),
    );
    let elsewhere = image.replace(&gate.scene.repository, "registry.example/app");
    let ran = gate.check(&["--wait-for-signature", "2m", &elsewhere]);
    let line =
        format!("Error: `{elsewhere}` is not in Amazon ECR, whose managed signing is waited for");
    ran.assert_refused(2, &line);
    let ran = gate.check(&["--wait-for-signature", "2h", &image]);
    ran.assert_refused(
        2,
        "Error: invalid value `2h` for `--wait-for-signature`: must be greater than zero and at most 1h",
    );
}
