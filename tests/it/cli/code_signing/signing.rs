//! `countersign lambda sign`.

mod resumed;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use countersign_emulator::{Fault, FaultKind, SigningCourse, Tamper, package_signature};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::archives;
use crate::support::sandbox::Ran;
use crate::support::stage::Stage;
use crate::support::waiting;

pub(super) const SCHEMA: &str = "package-signing.v1.schema.json";

/// A stage with a bucket that keeps versions, and a package on this machine.
pub(super) struct Signing {
    pub(super) stage: Stage,
}

impl Signing {
    pub(super) fn new() -> Self {
        let stage = Stage::new();
        let emulator = &stage.scene.emulator;
        emulator.create_bucket("zips", Some(true)).unwrap();
        let root = emulator.package_root_certificate_pem();
        let signing = Self { stage };
        signing.write("package-root.crt", root.as_bytes());
        signing.write("app.zip", &package("one"));
        signing.stage.scene.emulator.clear_calls();
        signing
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.stage.scene.sandbox.home().join(name)
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
        let fixed = [
            "lambda",
            "sign",
            "--signing-profile",
            "code",
            "--bucket",
            "zips",
            "--trust-anchor",
            "package-root.crt",
        ];
        [&fixed, more].concat()
    }

    pub(super) fn run(&self, more: &[&str]) -> Ran {
        self.stage.run(&Self::arguments(more))
    }

    #[track_caller]
    pub(super) fn json(&self, more: &[&str]) -> Value {
        let ran = self.run(&[&["--output", "json"], more].concat());
        crate::support::document::document(&ran, SCHEMA)
    }

    /// The operations that were asked for since the last look.
    pub(super) fn calls(&self) -> Vec<String> {
        let emulator = &self.stage.scene.emulator;
        let calls = emulator.calls();
        emulator.clear_calls();
        calls.into_iter().map(|call| call.operation).collect()
    }

    pub(super) fn fault(&self, operation: &str, kind: FaultKind, times: u32) {
        let fault = Fault::new(kind).on(operation).times(times);
        self.stage.scene.emulator.faults().add(fault);
    }

    /// Lets the command begin a job, and keeps it from asking about it.
    pub(super) fn begin(&self, more: &[&str]) {
        self.fault("DescribeSigningJob", FaultKind::AccessDenied, 1);
        let ran = self.run(more);
        assert_eq!(ran.code, 3, "{ran:#?}");
        assert!(!self.path("app.signed.zip").exists());
        self.calls();
    }

    /// The files that say what was begun.
    pub(super) fn begun(&self) -> Vec<PathBuf> {
        let directory = self.path(".cache/notation/signing-jobs");
        let Ok(files) = fs::read_dir(directory) else {
            return Vec::new();
        };
        files.map(|file| file.unwrap().path()).collect()
    }

    /// Interrupts `child` once so many files say which jobs were begun.
    fn interrupted(&self, child: Child, jobs: usize) -> Ran {
        waiting::until("files that say what was begun", || {
            let files = self.begun();
            let begun = files.iter().filter(|file| {
                let text = fs::read_to_string(file).unwrap_or_default();
                text.contains(":/signing-jobs/")
            });
            begun.count() == jobs
        });
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        Ran::from(waiting::end(child, "the interrupted command"))
    }

    /// Nothing was written, and nothing is left of trying.
    #[track_caller]
    pub(super) fn assert_unwritten(&self) {
        let home = fs::read_dir(self.path("")).unwrap();
        let names = home.map(|file| file.unwrap().file_name().into_string().unwrap());
        let left: Vec<String> = names
            .filter(|name| name.contains("signed") || name.starts_with(".countersign-"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

pub(super) fn package(content: &str) -> Vec<u8> {
    archives::zip(&[
        ("index.py", 0o100_644, content.as_bytes()),
        ("lib/", 0o040_755, b""),
        ("lib/tool.py", 0o100_755, b"tool"),
    ])
}

#[test]
fn a_package_is_signed_and_deployed_under_enforce() {
    let signing = Signing::new();
    let ran = signing.run(&["app.zip"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert!(
        ran.stdout
            .starts_with("Successfully signed package app.zip\n")
    );
    assert_eq!(
        signing.calls(),
        [
            "GetSigningProfile",
            "GetBucketVersioning",
            "PutObject",
            "StartSigningJob",
            "DescribeSigningJob",
            "GetObject",
        ]
    );
    let signed = fs::read(signing.path("app.signed.zip")).unwrap();
    assert!(package_signature(&signed).unwrap().is_some());
    assert!(signing.begun().is_empty());
    let verify = [
        "lambda",
        "verify",
        "--signing-profile",
        &signing.stage.profile.version_arn,
        "--trust-anchor",
        "package-root.crt",
        "--against",
        "app.zip",
        "app.signed.zip",
    ];
    let ran = signing.stage.run(&verify);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let config = signing
        .stage
        .config(&[&signing.stage.profile.version_arn], "Enforce");
    let function =
        signing
            .stage
            .function("api", &signed, &json!({ "CodeSigningConfigArn": config }));
    assert!(function.ends_with(":function:api"));
}

#[test]
fn the_document_says_where_everything_is() {
    let signing = Signing::new();
    let document = signing.json(&["--out", "out.zip", "app.zip"]);
    let result = &document["results"][0];
    let job = result["job"].as_str().unwrap();
    let id = job.rsplit('/').next().unwrap();
    assert_eq!(result["state"], "signed");
    assert_eq!(result["pickedUp"], false);
    assert_eq!(result["profileVersion"], signing.stage.profile.version_arn);
    assert_eq!(result["signedFile"], "out.zip");
    assert_eq!(
        result["signedObject"],
        format!("s3://zips/countersign/signed/{id}.zip")
    );
    let sha256 = result["sha256"].as_str().unwrap();
    let key = format!("countersign/unsigned/{sha256}.zip");
    assert_eq!(result["source"]["object"], format!("s3://zips/{key}"));
    let version = result["source"]["version"].as_str();
    let emulator = &signing.stage.scene.emulator;
    assert_eq!(
        emulator.object("zips", &key, version).unwrap(),
        package("one")
    );
    assert_eq!(document["summary"]["signed"], 1);
    // And which bytes they are.
    let signed = fs::read(signing.path("out.zip")).unwrap();
    let version = result["signedObjectVersion"].as_str();
    let key = format!("countersign/signed/{id}.zip");
    assert!(version.is_some(), "{document:#}");
    assert_eq!(emulator.object("zips", &key, version).unwrap(), signed);
    let digits = countersign::oci::sha256_digest(&signed);
    assert_eq!(result["signedSha256"], digits.digest());
    let shown = super::sources::code_sha256(&signed);
    assert_eq!(result["signedCodeSha256"], shown);
    let ran = signing.run(&["--if-missing", "--out", "out.zip", "app.zip"]);
    let last = format!("  CodeSha256: {shown}\n");
    assert!(ran.stdout.ends_with(&last), "{ran:#?}");
}

#[test]
fn an_object_in_s3_is_signed_in_the_version_that_is_named() {
    let signing = Signing::new();
    let emulator = &signing.stage.scene.emulator;
    let version = emulator
        .put_object("builds", "a/app.zip", &package("old"))
        .unwrap();
    emulator
        .put_object("builds", "a/app.zip", &package("new"))
        .unwrap();
    let old = format!("s3://builds/a/app.zip?versionId={version}");
    for (source, content) in [(old.as_str(), "old"), ("s3://builds/a/app.zip", "new")] {
        signing.calls();
        let result = signing.json(&[source])["results"][0].clone();
        assert_eq!(result["signedFile"], "app.signed.zip");
        assert_eq!(result["source"]["object"], "s3://builds/a/app.zip");
        assert_eq!(result["source"]["version"] == version, content == "old");
        let signed = fs::read(signing.path("app.signed.zip")).unwrap();
        signing.write("against.zip", &package(content));
        let verify = [
            "lambda",
            "verify",
            "--signing-profile",
            &signing.stage.profile.version_arn,
            "--trust-anchor",
            "package-root.crt",
            "--against",
            "against.zip",
            "app.signed.zip",
        ];
        assert_eq!(
            signing.stage.run(&verify).code,
            0,
            "{source} {}",
            signed.len()
        );
    }
    // Nothing is uploaded.
    assert!(!signing.calls().contains(&"PutObject".to_owned()));
}

#[test]
fn what_the_job_made_is_held_to_what_was_uploaded() {
    let codes = [
        (Tamper::Payload, "signed-package-differs"),
        (Tamper::Profile, "signature-not-accepted"),
        (Tamper::ProfileVersion, "signature-not-accepted"),
        (Tamper::Signature, "signature-not-accepted"),
        (Tamper::Chain, "signature-not-accepted"),
        (Tamper::Attribute, "signature-not-accepted"),
        (Tamper::NotAnEnvelope, "signed-package-malformed"),
    ];
    for (what, code) in codes {
        let signing = Signing::new();
        signing.fault("StartSigningJob", FaultKind::Tamper { what }, 1);
        let document = signing.json(&["app.zip"]);
        let result = &document["results"][0];
        assert_eq!(
            (&document["exitCode"], &result["error"]["code"]),
            (&json!(1), &json!(code)),
            "{what:?}: {document:#}"
        );
        signing.assert_unwritten();
    }
}

#[test]
fn what_is_replaced_before_it_is_signed_is_refused() {
    let signing = Signing::new();
    let emulator = &signing.stage.scene.emulator;
    emulator.create_bucket("plain", None).unwrap();
    let course = SigningCourse {
        in_progress: 1,
        ..SigningCourse::default()
    };
    emulator
        .set_signing_course(&signing.stage.profile.arn, course)
        .unwrap();
    let fixed = [
        "lambda",
        "sign",
        "--signing-profile",
        "code",
        "--bucket",
        "plain",
        "--allow-unversioned",
        "--trust-anchor",
        "package-root.crt",
        "--output",
        "json",
        "app.zip",
    ];
    signing.fault("DescribeSigningJob", FaultKind::AccessDenied, 1);
    assert_eq!(signing.stage.run(&fixed).code, 3);
    let key = emulator.keys("plain").remove(0);
    emulator
        .put_object("plain", &key, &package("evil"))
        .unwrap();
    let ran = signing.stage.run(&fixed);
    let document = crate::support::document::document(&ran, SCHEMA);
    let error = &document["results"][0]["error"];
    assert_eq!(error["code"], "signed-package-differs", "{document:#}");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.ends_with("entry `index.py` has another content"),
        "{message}"
    );
    signing.assert_unwritten();
}

#[test]
fn several_are_signed_at_once_and_none_if_one_is_refused() {
    let signing = Signing::new();
    signing.write("two.zip", &package("two"));
    signing.write("bad.zip", b"no zip file");
    let document = signing.json(&["app.zip", "bad.zip", "two.zip"]);
    let states: Vec<&Value> = document["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| &result["state"])
        .collect();
    assert_eq!(states, ["not-tried", "failed", "not-tried"]);
    assert_eq!(document["exitCode"], 1);
    assert_eq!(
        signing.calls(),
        ["GetSigningProfile", "GetBucketVersioning"]
    );
    let document = signing.json(&["app.zip", "two.zip"]);
    assert_eq!(document["summary"]["signed"], 2);
    for name in ["app.signed.zip", "two.signed.zip"] {
        assert!(signing.path(name).exists(), "{name}");
    }
    let calls = signing.calls();
    assert_eq!(calls.len(), 2 + 2 * 4, "{calls:?}");
}

#[test]
fn what_is_signed_already_is_skipped_if_it_is_missing_nothing() {
    let signing = Signing::new();
    let sign = || signing.json(&["--if-missing", "app.zip"])["results"][0].clone();
    let first = sign();
    assert_eq!(first["state"], "signed");
    signing.calls();
    let second = sign();
    assert_eq!(
        (&second["state"], &second["job"]),
        (&json!("skipped"), &first["job"])
    );
    let calls = signing.calls();
    assert!(!calls.contains(&"PutObject".to_owned()), "{calls:?}");
    // Another content, and then a signature that was revoked.
    signing.write("app.zip", &package("two"));
    let third = sign();
    assert_eq!(third["state"], "signed");
    let emulator = &signing.stage.scene.emulator;
    emulator
        .revoke_signature(third["job"].as_str().unwrap())
        .unwrap();
    assert_eq!(sign()["state"], "signed");
}

#[test]
fn a_bucket_that_is_refused_is_named_by_a_code() {
    let signing = Signing::new();
    let emulator = &signing.stage.scene.emulator;
    emulator.create_bucket("never", None).unwrap();
    for (bucket, code) in [
        ("never", "bucket-not-versioned"),
        ("none", "bucket-not-found"),
    ] {
        let fixed = [
            "lambda",
            "sign",
            "--signing-profile",
            "code",
            "--output",
            "json",
        ];
        let ran = signing
            .stage
            .run(&[&fixed[..], &["--bucket", bucket, "app.zip"]].concat());
        let document = crate::support::document::document(&ran, SCHEMA);
        assert_eq!(document["error"]["code"], code);
        assert_eq!(
            (&document["exitCode"], &document["results"]),
            (&json!(1), &json!([]))
        );
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let signing = Signing::new();
    let document = signing.json(&["--dry-run", "app.zip"]);
    assert_eq!(document["results"][0]["state"], "planned");
    assert_eq!(
        signing.calls(),
        ["GetSigningProfile", "GetBucketVersioning"]
    );
    signing.assert_unwritten();
    assert!(signing.begun().is_empty());
}

#[test]
fn throttled_calls_are_made_again() {
    let signing = Signing::new();
    for operation in ["PutObject", "StartSigningJob", "DescribeSigningJob"] {
        signing.fault(operation, FaultKind::Throttle, 1);
    }
    assert_eq!(signing.json(&["app.zip"])["results"][0]["state"], "signed");
    assert_eq!(signing.calls().len(), 6 + 3);
}

#[test]
fn an_interrupt_leaves_nothing_behind_and_the_job_is_picked_up() {
    let signing = Signing::new();
    let latency = FaultKind::Latency {
        milliseconds: 120_000,
    };
    signing.fault("DescribeSigningJob", latency, 1);
    let sandbox = &signing.stage.scene.sandbox;
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_countersign").as_ref());
    command
        .args(Signing::arguments(&["app.zip"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let ran = signing.interrupted(child, 1);
    ran.assert_refused(
        3,
        "Error: interrupted before `app.zip` was signed; nothing was written",
    );
    signing.assert_unwritten();
    assert_eq!(signing.json(&["app.zip"])["results"][0]["pickedUp"], true);
}

#[test]
fn an_interrupt_of_several_leaves_an_answer_for_each() {
    let signing = Signing::new();
    let names = ["1.zip", "2.zip", "3.zip", "4.zip", "5.zip"];
    for name in names {
        signing.write(name, &package(name));
    }
    let latency = FaultKind::Latency {
        milliseconds: 120_000,
    };
    signing.fault("DescribeSigningJob", latency, 4);
    let sandbox = &signing.stage.scene.sandbox;
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_countersign").as_ref());
    command
        .args(Signing::arguments(
            &[&["--output", "json"], names.as_slice()].concat(),
        ))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let ran = signing.interrupted(child, 4);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let answer = crate::support::document::document(&ran, SCHEMA);
    let results = answer["results"].as_array().unwrap();
    let states: Vec<&str> = results
        .iter()
        .map(|result| result["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        states,
        ["failed", "failed", "failed", "failed", "not-tried"]
    );
    assert_eq!(results[0]["error"]["code"], "interrupted");
    assert_eq!(answer["exitCode"], 3);
    signing.assert_unwritten();
}

#[test]
fn a_denial_names_the_smallest_statement() {
    for (operation, action) in [
        ("GetBucketVersioning", "s3:GetBucketVersioning"),
        ("PutObject", "s3:PutObject"),
        ("StartSigningJob", "signer:StartSigningJob"),
        ("DescribeSigningJob", "signer:DescribeSigningJob"),
        ("GetObject", "s3:GetObject"),
    ] {
        let signing = Signing::new();
        signing.fault(operation, FaultKind::AccessDenied, 1);
        let ran = signing.run(&["app.zip"]);
        assert_eq!(ran.code, 3, "{operation}: {ran:#?}");
        ran.assert_says(&format!("\"Action\":\"{action}\""));
        signing.assert_unwritten();
    }
}
