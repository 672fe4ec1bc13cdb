//! `countersign wait`: Amazon ECR signs what was pushed, then it is verified. An exact text for each way to end. That a
//! missing rule ends it after a minute is tested where time stands still (`managed_signing::progress`).

use countersign_emulator::{Fault, FaultKind, RegistryOptions, SigningCourse, SigningEnd};
use serde_json::{Value, json};

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// A scene with an image in Amazon ECR, and a signing rule for each of two profiles.
struct Pushed {
    scene: Scene,
    image: String,
    release: String,
    security: String,
}

impl Pushed {
    fn under_rules(names: &[&str]) -> Self {
        let scene = Scene::new().with_amazon_ecr();
        let security = scene
            .emulator
            .create_signing_profile("security")
            .unwrap()
            .arn;
        let release = scene.profile.arn.clone();
        let arn = |name: &&str| release.replace("/release", &format!("/{name}"));
        let profiles: Vec<String> = names.iter().map(arn).collect();
        let profiles: Vec<&str> = profiles.iter().map(String::as_str).collect();
        let image = scene.push_under_rules(&scene.repository_on_ecr(), &profiles);
        scene.emulator.clear_calls();
        Self {
            scene,
            image,
            release,
            security,
        }
    }

    fn course(&self, profile: &str, in_progress: u32, end: SigningEnd) {
        let course = SigningCourse { in_progress, end };
        self.scene
            .emulator
            .set_signing_course(profile, course)
            .unwrap();
    }

    fn fails(&self, profile: &str, code: &str, reason: &str) {
        let (code, reason) = (code.to_owned(), reason.to_owned());
        self.course(profile, 0, SigningEnd::Failed { code, reason });
    }

    /// Waits for the signature of the profile `release`.
    fn wait(&self, more: &[&str]) -> Ran {
        let fixed = ["wait", "--signing-profile", &self.release];
        let anchor = ["--trust-anchor", "root.crt"];
        self.scene
            .run(&[&fixed[..], &anchor, more, &[self.image.as_str()]].concat())
    }

    /// Waits for every rule; the trust policy judges, which trusts both profiles.
    fn wait_for_all(&self, more: &[&str]) -> Ran {
        let repository = self.image.split('@').next().unwrap();
        let policy = json!({ "version": "1.0", "trustPolicies": [{
            "name": "images",
            "registryScopes": [repository],
            "signatureVerification": { "level": "strict" },
            "trustStores": ["signingAuthority:aws-signer-ts"],
            "trustedIdentities": [self.release, self.security],
        }] });
        self.scene.write_policy("strict");
        let policy = policy.to_string();
        self.scene
            .sandbox
            .write_config("trustpolicy.oci.json", policy);
        self.scene
            .run(&[&["wait"][..], more, &[self.image.as_str()]].concat())
    }

    fn questions(&self) -> usize {
        let asked = self.scene.operations();
        let questions = asked
            .iter()
            .filter(|one| *one == "DescribeImageSigningStatus");
        questions.count()
    }
}

#[track_caller]
fn document(ran: &Ran) -> Value {
    crate::support::document::document(ran, "wait.v1.schema.json")
}

#[track_caller]
fn assert_ended(ran: &Ran, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (code, stdout, stderr)
    );
}

#[test]
fn it_ends_when_the_signature_is_there_and_verifies() {
    let pushed = Pushed::under_rules(&["release"]);
    pushed.course(&pushed.release, 1, SigningEnd::Signed);
    let ran = pushed.wait(&[]);
    let (image, release) = (&pushed.image, &pushed.release);
    assert_ended(
        &ran,
        0,
        &format!("Successfully verified signature for {image}\n"),
        &format!("Note: Amazon ECR reports signing as complete by `{release}`\n"),
    );
    assert_eq!(pushed.questions(), 2);
    // Also once it is signed, and by tag, which is resolved once.
    let (repository, _) = image.split_once('@').unwrap();
    let by_tag = format!("{repository}:v1");
    let flags = ["--signing-profile", release, "--trust-anchor", "root.crt"];
    let ran = pushed
        .scene
        .run(&[&["wait", "--output", "json"], &flags[..], &[&by_tag]].concat());
    let result = &document(&ran)["results"][0];
    assert_eq!(
        [&result["asked"], &result["reference"], &result["verdict"]],
        [&json!(by_tag), &json!(image), &json!("verified")]
    );
    assert_eq!(
        result["signings"],
        json!([{ "signingProfile": release, "status": "COMPLETE" }])
    );
    assert_eq!(result["verification"]["verdict"], "verified");
}

#[test]
fn every_rule_is_waited_for() {
    let pushed = Pushed::under_rules(&["release", "security"]);
    pushed.course(&pushed.security, 1, SigningEnd::Signed);
    let ran = pushed.wait_for_all(&[]);
    let (image, release, security) = (&pushed.image, &pushed.release, &pushed.security);
    assert_ended(
        &ran,
        0,
        &format!("Successfully verified signature for {image}\n"),
        &format!("Note: Amazon ECR reports signing as complete by `{release}` and `{security}`\n"),
    );
    assert_eq!(pushed.questions(), 2);
}

#[test]
fn a_rule_that_failed_ends_it_unless_another_one_is_named() {
    let pushed = Pushed::under_rules(&["release", "security"]);
    pushed.fails(
        &pushed.security,
        "AccessDeniedException",
        "User: ci is not authorized to perform: signer:SignPayload",
    );
    let (image, security) = (&pushed.image, &pushed.security);
    let ran = pushed.wait_for_all(&[]);
    assert_ended(
        &ran,
        1,
        "",
        &format!(
            "Error: Amazon ECR could not sign `{image}`\n\
             caused by: signing by `{security}` failed: AccessDeniedException: User: ci is not authorized to perform: \
             signer:SignPayload\n\
             caused by: the identity that pushed the image may not sign with this profile\n\
             hint: allow the identity that pushes `signer:SignPayload` on `{security}` and the upload of images to the \
             repository, then push the image again; for a profile of another account, its owner adds a permission too\n"
        ),
    );
    assert_eq!(pushed.questions(), 1);
    let found = document(&pushed.wait_for_all(&["--output", "json"]));
    let result = &found["results"][0];
    assert_eq!(
        [
            &result["verdict"],
            &result["error"]["code"],
            &result["error"]["retryable"]
        ],
        [&json!("rejected"), &json!("signing-failed"), &json!(false)]
    );
    assert_eq!(
        result["signings"][1],
        json!({
            "signingProfile": security, "status": "FAILED", "failureCode": "AccessDeniedException",
            "failureReason": "User: ci is not authorized to perform: signer:SignPayload",
            "failureMeaning": "the identity that pushed the image may not sign with this profile",
        })
    );
    assert_eq!(pushed.wait(&[]).code, 0);
}

#[test]
fn a_failure_that_is_not_known_is_shown_as_aws_gave_it() {
    let pushed = Pushed::under_rules(&["release"]);
    pushed.fails(&pushed.release, "E42", "");
    let (image, release) = (&pushed.image, &pushed.release);
    assert_ended(
        &pushed.wait(&[]),
        1,
        "",
        &format!(
            "Error: Amazon ECR could not sign `{image}`\n\
             caused by: signing by `{release}` failed: E42\n\
             caused by: AWS publishes no list of failure codes, and this one is not known\n\
             hint: remove what AWS's code and reason name, then push the image again\n"
        ),
    );
}

#[test]
fn a_profile_that_does_not_exist_cannot_sign() {
    let pushed = Pushed::under_rules(&["nothing"]);
    let ran = pushed.scene.run(&[
        "wait",
        "--signing-profile",
        &pushed.release.replace("/release", "/nothing"),
        "--trust-anchor",
        "root.crt",
        &pushed.image,
    ]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    ran.assert_says("failed: ResourceNotFoundException: ");
    ran.assert_says("caused by: the signing profile does not exist\n");
}

#[test]
fn the_time_ends_it_without_a_verdict() {
    let pushed = Pushed::under_rules(&["release"]);
    pushed.course(&pushed.release, u32::MAX, SigningEnd::Signed);
    let (image, release) = (&pushed.image, &pushed.release);
    // The next question would come after the time.
    let ran = pushed.wait(&["--timeout", "4s"]);
    assert_ended(
        &ran,
        3,
        "",
        &format!(
            "Error: the signing of `{image}` has not ended within 4s\n\
             caused by: in progress: `{release}`\n\
             hint: allow more time with `--timeout`; run the same command again\n"
        ),
    );
    let found = document(&pushed.wait(&["--timeout", "4s", "--output", "json"]));
    let result = &found["results"][0];
    assert_eq!(
        [
            &result["verdict"],
            &result["error"]["code"],
            &result["error"]["retryable"]
        ],
        [
            &json!("inconclusive"),
            &json!("signing-not-ended"),
            &json!(true)
        ]
    );
    assert_eq!(result["signings"][0]["status"], "IN_PROGRESS");
}

#[test]
fn what_was_pushed_before_the_rule_has_no_signing_state() {
    let pushed = Pushed::under_rules(&[]);
    let configuration = json!({ "rules": [{ "signingProfileArn": pushed.release }] });
    pushed
        .scene
        .emulator
        .put_signing_configuration(&configuration)
        .unwrap();
    let ran = pushed.wait(&["--timeout", "4s"]);
    let image = &pushed.image;
    assert_ended(
        &ran,
        3,
        "",
        &format!(
            "Error: the signing of `{image}` has not ended within 4s\n\
             caused by: Amazon ECR names no signing rule for it so far\n\
             hint: allow more time with `--timeout`; run the same command again\n"
        ),
    );
}

#[test]
fn a_caller_who_may_not_ask_is_told_at_once() {
    let pushed = Pushed::under_rules(&["release"]);
    let fault = Fault::new(FaultKind::AccessDenied).on("DescribeImageSigningStatus");
    pushed.scene.emulator.faults().add(fault);
    let ran = pushed.wait(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    let [first, cause, hint] = lines.as_slice() else {
        panic!("{ran:#?}");
    };
    assert_eq!(
        *first,
        format!(
            "Error: could not ask Amazon ECR how far the signing of `{}` is",
            pushed.image
        )
    );
    let resource = "arn:aws:ecr:us-east-1:111122223333:repository/team/app";
    let denied = format!(
        "caused by: AWS denied `ecr:DescribeImageSigningStatus` on `{resource}` in region `us-east-1`: \
         AccessDeniedException: "
    );
    assert!(cause.starts_with(&denied), "{ran:#?}");
    let allow =
        format!("the action `ecr:DescribeImageSigningStatus` on `{resource}` in an IAM policy");
    assert!(
        hint.starts_with("hint: allow ") && hint.contains(&allow),
        "{ran:#?}"
    );
    assert_eq!(pushed.questions(), 1);
}

#[test]
fn a_signature_that_is_listed_late_is_looked_for_again() {
    let pushed = Pushed::under_rules(&["release"]);
    let mut options = RegistryOptions::default();
    options.listing_lag = 1;
    pushed.scene.emulator.set_registry_options(options);
    let ran = pushed.wait(&[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let asked = pushed.scene.operations();
    let lists = asked.iter().filter(|one| one.contains("Referrers"));
    assert_eq!(lists.count(), 2, "{asked:?}");
}

#[test]
fn complete_without_a_signature_is_refused() {
    let pushed = Pushed::under_rules(&["release"]);
    pushed.course(&pushed.release, 0, SigningEnd::Lost);
    let ran = pushed.wait(&["--timeout", "5s"]);
    let (image, release) = (&pushed.image, &pushed.release);
    assert_ended(
        &ran,
        1,
        "",
        &format!(
            "Error: Amazon ECR reports that `{release}` has signed `{image}`, but no such signature is listed\n\
             hint: do not run the image: there is no signature to verify; run the same command again, since lists of \
             Amazon ECR may lag\n"
        ),
    );
}

#[test]
fn complete_with_a_signature_that_does_not_verify_is_refused_as_verify_refuses() {
    let pushed = Pushed::under_rules(&["release"]);
    // AWS's own roots, under which the emulator's signatures are not verified.
    let flags = [
        "--signing-profile",
        pushed.release.as_str(),
        pushed.image.as_str(),
    ];
    let waited = pushed.scene.run(&[&["wait"], &flags[..]].concat());
    let verified = pushed.scene.run(&[&["verify"], &flags[..]].concat());
    let note = format!(
        "Note: Amazon ECR reports signing as complete by `{}`\n",
        pushed.release
    );
    assert_ended(&waited, 1, "", &(note + &verified.stderr));
    assert_eq!(verified.code, 1);
    let json = [&["wait", "--output", "json"], &flags[..]].concat();
    let result = &document(&pushed.scene.run(&json))["results"][0];
    assert_eq!(result["verdict"], "rejected");
    assert_eq!(result["signings"][0]["status"], "COMPLETE");
}

#[test]
fn a_signature_of_another_rule_that_the_policy_does_not_trust_is_refused() {
    let pushed = Pushed::under_rules(&["release", "security"]);
    let repository = pushed.image.split('@').next().unwrap();
    pushed.scene.write_policy("strict");
    let policy =
        std::fs::read_to_string(pushed.scene.sandbox.config().join("trustpolicy.oci.json"));
    let policy = policy
        .unwrap()
        .replace(&pushed.scene.repository, repository);
    pushed
        .scene
        .sandbox
        .write_config("trustpolicy.oci.json", policy);
    let ran = pushed.scene.run(&["wait", &pushed.image]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    ran.assert_says(&format!(
        "Error: the signature of `{}` by `{}` is not accepted\n",
        pushed.image, pushed.security
    ));
}

#[test]
fn a_policy_that_skips_verification_cannot_say_that_it_is_signed() {
    let pushed = Pushed::under_rules(&["release"]);
    let repository = pushed.image.split('@').next().unwrap();
    let policy = json!({ "version": "1.0", "trustPolicies": [{
        "name": "images", "registryScopes": [repository], "signatureVerification": { "level": "skip" },
    }] });
    let policy = policy.to_string();
    pushed
        .scene
        .sandbox
        .write_config("trustpolicy.oci.json", policy);
    let ran = pushed.scene.run(&["wait", &pushed.image]);
    assert_ended(
        &ran,
        1,
        "",
        &format!(
            "Error: the trust policy skips the verification of `{}`\n\
             hint: name the signing profile that must sign with `--signing-profile`; give the image a statement in the \
             trust policy whose level is not `skip`\n",
            pushed.image
        ),
    );
    assert_eq!(pushed.questions(), 0);
}

#[test]
fn an_image_elsewhere_is_usage() {
    let scene = Scene::new();
    let ran = scene.run(&[
        "wait",
        "--signing-profile",
        &scene.profile.arn,
        &scene.image,
    ]);
    assert_ended(
        &ran,
        2,
        "",
        &format!(
            "Error: `{}` is not in Amazon ECR, whose managed signing is waited for\n\
             hint: name the image by its host in Amazon ECR; verify an image in another registry with `countersign \
             verify`\n",
            scene.image
        ),
    );
    let json = ["wait", "--output", "json", &scene.image];
    assert_eq!(document(&scene.run(&json))["error"]["code"], "not-begun");
    let flags = ["wait", "--timeout", "0s", &scene.image];
    assert_eq!(scene.run(&flags).code, 2);
}

#[test]
fn several_images_are_waited_for_at_the_same_time() {
    let pushed = Pushed::under_rules(&["release"]);
    let repository = pushed.image.split('@').next().unwrap();
    let missing = format!("{repository}:v2");
    let ran = pushed.wait(&["--output", "json", &missing]);
    let found = document(&ran);
    let verdicts: Vec<&Value> = found["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| &result["verdict"])
        .collect();
    assert_eq!(verdicts, [&json!("rejected"), &json!("verified")]);
    assert_eq!(ran.code, 1);
}
