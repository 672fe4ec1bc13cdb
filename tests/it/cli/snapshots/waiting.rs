//! `wait`: one run for each way to end. That no rule matches is known only after a minute, so what is said then is written down as
//! the error has it.

use countersign::aws::SigningProfileArn;
use countersign::managed_signing::Error;
use countersign_emulator::{Fault, FaultKind, RegistryOptions, SigningCourse, SigningEnd};
use serde_json::json;

use super::transcript::Transcript;
use crate::support::scene::Scene;

/// A transcript of a scene whose image was pushed into Amazon ECR under rules for these profiles.
fn pushed(names: &[&str]) -> Transcript {
    let scene = Scene::new().with_amazon_ecr();
    scene.emulator.create_signing_profile("security").unwrap();
    let profiles: Vec<String> = names.iter().map(|name| profile(&scene, name)).collect();
    let profiles: Vec<&str> = profiles.iter().map(String::as_str).collect();
    let image = scene.push_under_rules(&scene.repository_on_ecr(), &profiles);
    Transcript::of(Scene { image, ..scene })
}

fn profile(scene: &Scene, name: &str) -> String {
    scene.profile.arn.replace("/release", &format!("/{name}"))
}

fn course(transcript: &Transcript, in_progress: u32, end: SigningEnd) {
    let course = SigningCourse { in_progress, end };
    let emulator = &transcript.scene.emulator;
    let profile = &transcript.scene.profile.arn;
    emulator.set_signing_course(profile, course).unwrap();
}

fn failed(code: &str, reason: &str) -> SigningEnd {
    SigningEnd::Failed {
        code: code.to_owned(),
        reason: reason.to_owned(),
    }
}

fn trust(transcript: &Transcript, level: &str, names: &[&str]) {
    let scene = &transcript.scene;
    scene.write_policy("strict");
    let mut statement = json!({
        "name": "images", "registryScopes": [scene.repository_on_ecr()], "signatureVerification": { "level": level },
    });
    if level != "skip" {
        statement["trustStores"] = json!(["signingAuthority:aws-signer-ts"]);
        let identities = names.iter().map(|name| profile(scene, name));
        statement["trustedIdentities"] = json!(identities.collect::<Vec<_>>());
    }
    let policy = json!({ "version": "1.0", "trustPolicies": [statement] });
    let policy = policy.to_string();
    scene.sandbox.write_config("trustpolicy.oci.json", policy);
}

/// Runs one line where the image was pushed under rules for these profiles, and writes down what it said.
fn end(text: &mut String, names: &[&str], prepare: &dyn Fn(&Transcript), line: &str) {
    let mut transcript = pushed(names);
    prepare(&transcript);
    transcript.run(&[line]);
    *text += &transcript.scrubbed();
    text.push('\n');
}

#[test]
fn waiting_ends_in_each_of_its_ways() {
    let mut text = String::new();
    signed_or_failed(&mut text);
    not_there_in_time(&mut text);
    by_the_policy(&mut text);
    other_ends(&mut text);
    after_a_minute(&mut text);
    super::files::assert_snapshot("waiting", &text);
}

fn signed_or_failed(text: &mut String) {
    end(
        text,
        &["release"],
        &|it| course(it, 1, SigningEnd::Signed),
        "signed and verified: wait --signing-profile PROFILE TRUSTING IMAGE",
    );
    end(
        text,
        &["release", "security"],
        &|it| trust(it, "strict", &["release", "security"]),
        "every rule, by the trust policy: wait IMAGE",
    );
    end(
        text,
        &["release"],
        &|it| {
            course(
                it,
                0,
                failed(
                    "AccessDeniedException",
                    "User: ci is not authorized to perform: signer:SignPayload",
                ),
            );
        },
        "Amazon ECR may not sign: wait --signing-profile PROFILE TRUSTING IMAGE",
    );
    end(
        text,
        &["release"],
        &|it| course(it, 0, failed("E42", "")),
        "a failure that is not known: wait --signing-profile PROFILE TRUSTING IMAGE",
    );
}

fn not_there_in_time(text: &mut String) {
    end(
        text,
        &["release"],
        &|it| course(it, u32::MAX, SigningEnd::Signed),
        "not signed in time: wait --timeout 4s --signing-profile PROFILE TRUSTING IMAGE",
    );
    end(
        text,
        &[],
        &|_: &Transcript| {},
        "no signing state in time: wait --timeout 4s --signing-profile PROFILE TRUSTING IMAGE",
    );
    end(
        text,
        &["release"],
        &|it| course(it, 0, SigningEnd::Lost),
        "complete, and no signature is listed: wait --timeout 5s --signing-profile PROFILE TRUSTING IMAGE",
    );
    end(
        text,
        &["release"],
        &|_: &Transcript| {},
        "complete, and the signature does not verify: wait --signing-profile PROFILE IMAGE",
    );
}

fn by_the_policy(text: &mut String) {
    end(
        text,
        &["release", "security"],
        &|it| trust(it, "strict", &["release"]),
        "a signature that the policy does not trust: wait IMAGE",
    );
    end(
        text,
        &["release"],
        &|it| trust(it, "skip", &[]),
        "a policy that verifies nothing: wait IMAGE",
    );
    end(
        text,
        &["release"],
        &|_: &Transcript| {},
        "no policy and no profile: wait IMAGE",
    );
}

fn other_ends(text: &mut String) {
    let denied = |it: &Transcript| {
        let fault = Fault::new(FaultKind::AccessDenied).on("DescribeImageSigningStatus");
        it.scene.emulator.faults().add(fault);
    };
    end(
        text,
        &["release"],
        &denied,
        "the caller may not ask: wait --signing-profile PROFILE TRUSTING IMAGE",
    );
    let late = |it: &Transcript| {
        let mut options = RegistryOptions::default();
        options.listing_lag = 1;
        it.scene.emulator.set_registry_options(options);
    };
    end(
        text,
        &["release"],
        &late,
        "a signature that is listed late: wait --signing-profile PROFILE TRUSTING IMAGE",
    );
    end(
        text,
        &["release"],
        &|_: &Transcript| {},
        "no such tag: wait --signing-profile PROFILE TRUSTING 111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app:v9",
    );
    end(
        text,
        &["release"],
        &|_: &Transcript| {},
        "elsewhere: wait --signing-profile PROFILE TRUSTING localhost:1/app:v1",
    );
    end(
        text,
        &["release"],
        &|_: &Transcript| {},
        "no time: wait --timeout 0s --signing-profile PROFILE TRUSTING IMAGE",
    );
    end(text, &["release"], &|_: &Transcript| {}, "no image: wait");
}

fn after_a_minute(text: &mut String) {
    let image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app@sha256:...".to_owned();
    let named = |name: &str| {
        let arn = format!("arn:aws:signer:us-east-1:111122223333:/signing-profiles/{name}");
        SigningProfileArn::parse(&arn).unwrap()
    };
    for (title, error) in [
        (
            "no signing state within a minute",
            Error::NoRule {
                image: image.clone(),
            },
        ),
        (
            "rules that match, and none of the profile",
            Error::NoRuleOf {
                image,
                profile: named("release"),
                others: vec![named("security")],
            },
        ),
    ] {
        let hint = error.hint().unwrap();
        *text += &format!("## {title}\n! Error: {error}\n! hint: {hint}\n\n");
    }
}
