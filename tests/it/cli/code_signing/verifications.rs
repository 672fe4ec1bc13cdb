//! `lambda verify`: the four checks, each failing alone, and what is said of them.

use countersign_emulator::{Fault, FaultKind, SignedPackage, SigningProfile};
use serde_json::{Value, json};
use time::Duration;

use crate::hostile::entries_of;
use crate::support::document;
use crate::support::packages::{Member, Zip};
use crate::support::sandbox::Ran;
use crate::support::stage::Stage;

/// A stage that trusts the emulator's root for packages, with a package in `app.zip` and signed in `app.signed.zip`.
struct Signed {
    stage: Stage,
    profile: SigningProfile,
    package: SignedPackage,
}

fn unsigned() -> Vec<u8> {
    Zip::of(vec![
        Member::new("app.py", b"print('app')\n"),
        Member::new("lib/", b""),
        Member::stored("lib/data", b"data"),
    ])
    .bytes()
}

impl Signed {
    fn new() -> Self {
        Self::at(Duration::ZERO)
    }

    /// Signed so much later than now.
    fn at(offset: Duration) -> Self {
        let stage = Stage::new();
        let emulator = &stage.scene.emulator;
        let profile = emulator.create_package_profile("packages").unwrap();
        emulator.set_clock_offset(offset);
        let package = emulator
            .sign_package_in_job("packages", &unsigned())
            .unwrap();
        emulator.set_clock_offset(Duration::ZERO);
        let signed = Self {
            stage,
            profile,
            package,
        };
        let root = signed.stage.scene.emulator.package_root_certificate_pem();
        signed.write("package-root.crt", root.as_bytes());
        signed.write("app.zip", &unsigned());
        signed.write("app.signed.zip", &signed.package.bytes);
        signed
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.stage.scene.sandbox.home().join(name);
        std::fs::write(path, bytes).unwrap();
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let fixed = ["lambda", "verify", "--trust-anchor", "package-root.crt"];
        let profile = ["--signing-profile", &self.profile.version_arn];
        self.stage.run(&[&fixed[..], &profile, more].concat())
    }

    /// The results of each check, and the verdict.
    fn results(&self, more: &[&str]) -> ([String; 4], String, Value) {
        let ran = self.verify(&[&["--output", "json"], more].concat());
        let document = document::document(&ran, "package-verdict.v1.schema.json");
        let result = document["results"][0].clone();
        let of = |index: usize| {
            let check = &result["checks"][index];
            let code = check["reason"]["code"].as_str();
            code.unwrap_or_else(|| check["result"].as_str().unwrap())
                .to_owned()
        };
        let verdict = result["verdict"].as_str().unwrap().to_owned();
        ([of(0), of(1), of(2), of(3)], verdict, result)
    }

    #[track_caller]
    fn assert_results(&self, more: &[&str], checks: [&str; 4], verdict: &str) -> Value {
        let (found, said, document) = self.results(more);
        assert_eq!(
            (found.each_ref().map(String::as_str), said.as_str()),
            (checks, verdict)
        );
        document
    }
}

const PASSED: &str = "passed";
const NOT: &str = "not-checked";

#[test]
fn a_package_as_aws_signs_it_is_verified() {
    let signed = Signed::new();
    let ran = signed.verify(&["app.signed.zip"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(lines[0], "Successfully verified package app.signed.zip");
    assert_eq!(
        lines[1],
        format!(
            "  CodeSha256: {}",
            super::sources::code_sha256(&signed.package.bytes)
        )
    );
    assert_eq!(
        lines[2],
        format!("  signing profile: {}", signed.profile.version_arn)
    );
    assert_eq!(
        lines[3],
        format!("  signing job: {}", signed.package.job_arn)
    );
    let checks = [
        "  integrity: passed",
        "  source mismatch: passed",
        "  expiry: passed",
        "  revocation: passed",
    ];
    assert_eq!(lines[6..], checks);
    assert!(
        ran.stderr
            .starts_with("Note: the signature does not cover modes and dates of files"),
        "{ran:#?}"
    );
    let found = signed.assert_results(&["app.signed.zip"], [PASSED; 4], "verified");
    assert_eq!(found["entries"], 5);
    assert_eq!(found["signature"]["job"], signed.package.job_arn);
    assert_eq!(found["sha256"], document_sha256(&signed.package.bytes));
}

fn document_sha256(bytes: &[u8]) -> String {
    let digest = countersign::oci::sha256_digest(bytes);
    digest.digest().to_owned()
}

#[test]
fn integrity_fails_alone() {
    let signed = Signed::new();
    let mut members = Vec::new();
    for (name, content) in entries_of(&signed.package.bytes) {
        let content = if name == "app.py" {
            b"print('App')\n".to_vec()
        } else {
            content
        };
        members.push(Member::new(&name, &content));
    }
    signed.write("changed.zip", &Zip::of(members).bytes());
    let found = signed.assert_results(
        &["changed.zip"],
        ["content-changed", NOT, NOT, NOT],
        "rejected",
    );
    assert!(found["signature"].is_object(), "{found:#}");
    // A zip file that two readers could read in two ways never gets to its signature.
    let prefixed = [b"#!/bin/sh\n".to_vec(), signed.package.bytes.clone()].concat();
    signed.write("prefixed.zip", &prefixed);
    let found = signed.assert_results(
        &["prefixed.zip"],
        ["wrong-directory-place", NOT, NOT, NOT],
        "rejected",
    );
    assert_eq!(found["codeSha256"], Value::Null);
    // Under another root.
    let arguments = [
        "lambda",
        "verify",
        "--signing-profile",
        &signed.profile.version_arn,
        "app.signed.zip",
    ];
    let ran = signed.stage.run(&arguments);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    ran.assert_says("the certificates of the signature do not end with the root of AWS Signer for AWS Lambda, twice");
    ran.assert_says("`--trust-anchor`");
}

#[test]
fn a_source_mismatch_fails_alone() {
    let signed = Signed::new();
    let other = signed
        .stage
        .scene
        .emulator
        .create_package_profile("other")
        .unwrap();
    let fixed = [
        "lambda",
        "verify",
        "--trust-anchor",
        "package-root.crt",
        "--signing-profile",
    ];
    let ran = signed
        .stage
        .run(&[&fixed[..], &[&other.version_arn, "app.signed.zip"]].concat());
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("source mismatch: failed");
    ran.assert_says("and is not one that is allowed");
    // One of several is enough.
    let ran = signed.verify(&["--signing-profile", &other.version_arn, "app.signed.zip"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    // An unsigned package has no integrity to check, as AWS Lambda sees it.
    signed.assert_results(&["app.zip"], [NOT, "unsigned", NOT, NOT], "rejected");
    // A configuration allows versions.
    let ran = signed
        .stage
        .run(&[&fixed[..], &[&other.arn, "app.signed.zip"]].concat());
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("/signing-profiles/NAME/VERSION");
}

#[test]
fn expiry_fails_alone() {
    let signed = Signed::at(Duration::days(-366 * 12));
    signed.assert_results(
        &["app.signed.zip"],
        [PASSED, PASSED, "expired", PASSED],
        "rejected",
    );
    let signed = Signed::at(Duration::hours(1));
    signed.assert_results(
        &["app.signed.zip"],
        ["from-the-future", NOT, NOT, NOT],
        "rejected",
    );
    let signed = Signed::at(Duration::minutes(2));
    signed.assert_results(&["app.signed.zip"], [PASSED; 4], "verified");
}

#[test]
fn revocation_fails_alone() {
    let signed = Signed::new();
    signed
        .stage
        .scene
        .emulator
        .revoke_signature(&signed.package.job_arn)
        .unwrap();
    signed.assert_results(
        &["app.signed.zip"],
        [PASSED, PASSED, PASSED, "signature-revoked"],
        "rejected",
    );

    // A profile is revoked from a time on.
    let signed = Signed::at(Duration::days(-2));
    let revoke = |days: i64| {
        let time = time::OffsetDateTime::now_utc() - Duration::days(days);
        let time = time
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap();
        let fixed = [
            "profile",
            "revoke",
            "packages",
            "--reason",
            "x",
            "--yes",
            "--effective-time",
        ];
        let ran = signed.stage.run(&[&fixed[..], &[&time]].concat());
        assert_eq!(ran.code, 0, "{ran:#?}");
    };
    revoke(1);
    signed.assert_results(&["app.signed.zip"], [PASSED; 4], "verified");
    revoke(3);
    signed.assert_results(
        &["app.signed.zip"],
        [PASSED, PASSED, PASSED, "profile-revoked"],
        "rejected",
    );
}

#[test]
fn what_could_not_be_asked_is_never_not_revoked() {
    let signed = Signed::new();
    let inconclusive = |code: &str| {
        signed.assert_results(
            &["app.signed.zip"],
            [PASSED, PASSED, PASSED, code],
            "inconclusive",
        );
    };
    for operation in ["DescribeSigningJob", "GetSigningProfile"] {
        let fault = Fault::new(FaultKind::AccessDenied).on(operation).times(1);
        signed.stage.scene.emulator.faults().add(fault);
        inconclusive("aws-refused");
    }
    let fault = Fault::new(FaultKind::AccessDenied)
        .on("DescribeSigningJob")
        .times(1);
    signed.stage.scene.emulator.faults().add(fault);
    let ran = signed.verify(&["app.signed.zip"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    ran.assert_says("Error: whether package `app.signed.zip` is trusted could not be decided");
    ran.assert_says(
        "only the account that signed, and accounts that it permits, can ask AWS Signer",
    );
    // A failed check decides, whatever is not known.
    let fault = Fault::new(FaultKind::AccessDenied)
        .on("DescribeSigningJob")
        .times(1);
    signed.stage.scene.emulator.faults().add(fault);
    let fixed = [
        "lambda",
        "verify",
        "--trust-anchor",
        "package-root.crt",
        "--signing-profile",
    ];
    let other = signed.stage.profile.version_arn.as_str();
    let ran = signed
        .stage
        .run(&[&fixed[..], &[other, "app.signed.zip"]].concat());
    assert_eq!(ran.code, 1, "{ran:#?}");
    // A job that AWS Signer does not know, of an account that may not be asked.
    let zip = signed
        .stage
        .signed(&unsigned(), &signed.profile.version_arn);
    signed.write("unknown.zip", &zip);
    let (checks, verdict, _) = signed.results(&["unknown.zip"]);
    assert_eq!(
        (checks[3].as_str(), verdict.as_str()),
        ("job-not-found", "inconclusive")
    );
}

#[test]
fn several_packages_have_an_answer_each() {
    let signed = Signed::new();
    let ran = signed.verify(&[
        "app.signed.zip",
        "app.zip",
        "app.signed.zip",
        "--output",
        "json",
    ]);
    let document = document::document(&ran, "package-verdict.v1.schema.json");
    let verdicts = document["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["verdict"].clone());
    assert_eq!(
        verdicts.collect::<Vec<_>>(),
        ["verified", "rejected", "verified"]
    );
    assert_eq!(document["exitCode"], 1);
    let ran = signed.verify(&["app.signed.zip", "none.zip", "--output", "json"]);
    let document = document::document(&ran, "package-verdict.v1.schema.json");
    assert_eq!(
        (&document["exitCode"], &document["results"]),
        (&json!(2), &json!([]))
    );
    // What is not read from its end is not read.
    let ran = signed.verify(&["/dev/stdin"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
}

#[test]
fn entries_are_compared_with_those_that_were_built() {
    let signed = Signed::new();
    let ran = signed.verify(&["--against", "app.zip", "app.signed.zip"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stdout
            .ends_with("  entries: the same as in the other package\n"),
        "{ran:#?}"
    );
    // A mode is not signed.
    let mut zip = Zip::of(vec![
        Member::new("app.py", b"print('app')\n").with_mode(0o100_755),
        Member::new("lib/", b""),
        Member::stored("lib/data", b"data"),
    ]);
    signed.write("other.zip", &zip.bytes());
    let against = ["--against", "other.zip", "app.signed.zip"];
    let found = signed.assert_results(&against, [PASSED; 4], "rejected");
    assert_eq!(
        found["differences"],
        json!([{ "difference": "mode", "name": "app.py" }])
    );
    zip.members.swap(0, 2);
    zip.members[0] = Member::new("lib/more", b"");
    signed.write("other.zip", &zip.bytes());
    let found = signed.assert_results(&against, [PASSED; 4], "rejected");
    assert_eq!(
        found["differences"],
        json!([
            { "difference": "mode", "name": "app.py" },
            { "difference": "added", "name": "lib/data" },
            { "difference": "missing", "name": "lib/more" },
            { "difference": "order", "name": "app.py" },
            { "difference": "order", "name": "lib/" },
        ])
    );
}

#[test]
fn links_are_accepted_only_by_name() {
    let signed = Signed::new();
    let link = Zip::of(vec![Member::stored("link", b"target").with_mode(0o120_777)]).bytes();
    let package = signed
        .stage
        .scene
        .emulator
        .sign_package_in_job("packages", &link);
    signed.write("link.zip", &package.unwrap().bytes);
    signed.assert_results(&["link.zip"], ["symbolic-link", NOT, NOT, NOT], "rejected");
    let found = signed.assert_results(&["--allow-links", "link.zip"], [PASSED; 4], "verified");
    assert_eq!(found["unusualEntries"], 1);
}

#[test]
fn another_kind_of_file_and_a_set_id_bit_are_no_mere_modes() {
    let signed = Signed::new();
    let with_mode = |mode| Zip::of(vec![Member::stored("run", b"x").with_mode(mode)]).bytes();
    signed.write("built.zip", &with_mode(0o100_755));
    let emulator = &signed.stage.scene.emulator;
    for (mode, difference, words) in [
        (0o120_777, "kind", "another kind of file"),
        (
            0o104_755,
            "set-id",
            "a set-user-ID or set-group-ID bit in this package alone",
        ),
        (0o100_644, "mode", "other mode"),
    ] {
        let package = emulator.sign_package_in_job("packages", &with_mode(mode));
        signed.write("run.zip", &package.unwrap().bytes);
        let against = ["--allow-links", "--against", "built.zip", "run.zip"];
        let found = signed.assert_results(&against, [PASSED; 4], "rejected");
        assert_eq!(
            found["differences"],
            json!([{ "difference": difference, "name": "run" }])
        );
        signed
            .verify(&against)
            .assert_says(&format!("    run: {words}\n"));
    }
}
