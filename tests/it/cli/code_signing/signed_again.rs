//! `countersign lambda sign`: jobs that were begun before, and that are not taken.

use std::fs;
use std::path::PathBuf;

use countersign_emulator::PackageSigning;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::signing::{Signing, package};
use crate::support::archives;

const OBJECT: &str = "s3://builds/app.zip";

/// With a package in S3, for which AWS Signer is asked with the same token each time.
fn with_object() -> Signing {
    let signing = Signing::new();
    let emulator = &signing.stage.scene.emulator;
    emulator
        .put_object("builds", "app.zip", &package("one"))
        .unwrap();
    signing
}

#[track_caller]
fn result(signing: &Signing, more: &[&str]) -> Value {
    signing.json(more)["results"][0].clone()
}

#[track_caller]
fn signed(signing: &Signing, more: &[&str]) -> String {
    let result = result(signing, more);
    assert_eq!(result["state"], "signed", "{result:#}");
    result["job"].as_str().unwrap().to_owned()
}

#[track_caller]
fn assert_refused(signing: &Signing, more: &[&str], code: &str) -> Value {
    let document = signing.json(more);
    let error = document["results"][0]["error"].clone();
    assert_eq!(
        (&document["exitCode"], &error["code"]),
        (&json!(1), &json!(code)),
        "{document:#}"
    );
    error
}

fn revoke(signing: &Signing, job: &str) {
    let emulator = &signing.stage.scene.emulator;
    emulator.revoke_signature(job).unwrap();
}

fn replace(signing: &Signing, job: &str, bytes: &[u8]) {
    let id = job.rsplit('/').next().unwrap();
    let key = format!("countersign/signed/{id}.zip");
    let emulator = &signing.stage.scene.emulator;
    emulator.put_object("zips", &key, bytes).unwrap();
}

fn begun(signing: &Signing) -> (PathBuf, Value) {
    let file = signing.begun().remove(0);
    let begun = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    (file, begun)
}

fn starts(signing: &Signing) -> usize {
    let calls = signing.calls().into_iter();
    calls.filter(|call| call == "StartSigningJob").count()
}

#[test]
fn a_revoked_signature_is_not_handed_out_again() {
    let signing = with_object();
    let first = signed(&signing, &[OBJECT]);
    // The same object is the same job, as long as its signature counts.
    assert_eq!(signed(&signing, &[OBJECT]), first);
    revoke(&signing, &first);
    let second = signed(&signing, &["--if-missing", OBJECT]);
    assert_ne!(second, first);
    assert_eq!(
        result(&signing, &["--if-missing", OBJECT])["state"],
        "skipped"
    );
    signing.calls();
    assert_eq!(signed(&signing, &[OBJECT]), second);
    assert_eq!(
        starts(&signing),
        1,
        "what is revoked is asked for once more"
    );
    // A machine that was never there passes over both.
    revoke(&signing, &second);
    for file in signing.begun() {
        fs::remove_file(file).unwrap();
    }
    signing.calls();
    let third = signed(&signing, &[OBJECT]);
    assert_eq!(starts(&signing), 3);
    assert!(third != first && third != second);
}

#[test]
fn a_job_that_was_begun_and_revoked_is_not_picked_up() {
    let signing = Signing::new();
    signing.begin(&["app.zip"]);
    let (_, begun) = begun(&signing);
    let job = begun["job"].as_str().unwrap();
    revoke(&signing, job);
    let result = result(&signing, &["app.zip"]);
    assert_eq!(
        (&result["state"], &result["pickedUp"]),
        (&json!("signed"), &json!(false))
    );
    assert_ne!(result["job"], job);
    // What was uploaded is what is signed.
    assert!(!signing.calls().contains(&"PutObject".to_owned()));
    assert!(signing.begun().is_empty());
}

#[test]
fn an_expired_signature_is_not_handed_out_and_jobs_are_not_begun_without_end() {
    let signing = Signing::new();
    let emulator = &signing.stage.scene.emulator;
    emulator.set_clock_offset(Duration::days(-366 * 12));
    signing.begin(&["app.zip"]);
    let (file, mut begun) = begun(&signing);
    let expired = begun["job"].clone();
    // Two before the last one.
    begun["failed"] = json!(14);
    for member in ["upload", "token", "job"] {
        begun[member] = Value::Null;
    }
    fs::write(&file, begun.to_string()).unwrap();
    signing.calls();
    let error = assert_refused(&signing, &["app.zip"], "signing-job-failed");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains(" failed: its signature expired at `"),
        "{message}"
    );
    assert_eq!(starts(&signing), 2);
    signing.assert_unwritten();
    emulator.set_clock_offset(Duration::ZERO);
    assert_ne!(signed(&signing, &["app.zip"]), expired);
}

#[test]
fn what_is_refused_of_a_job_is_signed_anew_by_the_next_command() {
    let signing = with_object();
    let emulator = &signing.stage.scene.emulator;
    let other = emulator.sign_package_in_job("code", &package("other"));
    let another = emulator.sign_package_in_job("code", &package("one"));
    let replacements: [(&[u8], &str); 4] = [
        (b"no zip file", "signed-package-malformed"),
        (&other.unwrap().bytes, "signed-package-differs"),
        (&package("one"), "signature-not-accepted"),
        (&another.unwrap().bytes, "other-signing-job"),
    ];
    for (bytes, code) in replacements {
        let before = signed(&signing, &[OBJECT]);
        replace(&signing, &before, bytes);
        let error = assert_refused(&signing, &[OBJECT], code);
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains("begins another one"), "{hint}");
        let after = signed(&signing, &[OBJECT]);
        assert_ne!(after, before, "{code}");
        // And that is the one from then on.
        assert_eq!(signed(&signing, &[OBJECT]), after, "{code}");

        fs::remove_file(signing.path("app.signed.zip")).unwrap();
        signing.begin(&["app.zip"]);
        let files = signing.begun().into_iter();
        let begun = files.map(|file| fs::read_to_string(file).unwrap());
        let begun = begun.map(|text| serde_json::from_str::<Value>(&text).unwrap());
        let mut job = begun.filter_map(|begun| begun["job"].as_str().map(str::to_owned));
        let job = job.next_back().unwrap();
        replace(&signing, &job, bytes);
        assert_refused(&signing, &["app.zip"], code);
        signing.assert_unwritten();
        let result = result(&signing, &["app.zip"]);
        assert_eq!(
            (&result["state"], &result["pickedUp"]),
            (&json!("signed"), &json!(false)),
            "{code}: {result:#}"
        );
        assert_ne!(result["job"], job);
    }
}

#[test]
fn what_an_old_job_made_and_is_gone_is_signed_anew_at_once() {
    let signing = with_object();
    let emulator = &signing.stage.scene.emulator;
    let profile = &signing.stage.profile.arn;
    let course = |text: &str| serde_json::from_str(text).unwrap();
    emulator
        .set_signing_course(profile, course(r#"{"end": "lost"}"#))
        .unwrap();
    // What was made now and is not there is not made again at once.
    let error = assert_refused(&signing, &[OBJECT], "aws-refused");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("/countersign/signed/"),
        "{error:#}"
    );
    emulator.set_clock_offset(Duration::hours(-1));
    signing.write("app.zip", &package("two"));
    signing.begin(&["app.zip"]);
    emulator.set_clock_offset(Duration::ZERO);
    emulator.set_signing_course(profile, course("{}")).unwrap();
    let result = result(&signing, &["app.zip"]);
    assert_eq!(
        (&result["state"], &result["pickedUp"]),
        (&json!("signed"), &json!(false)),
        "{result:#}"
    );
    // The next command begins another one where it was refused.
    signed(&signing, &[OBJECT]);
}

#[test]
fn another_kind_of_file_and_a_set_id_bit_are_refused_and_a_mode_is_told() {
    let signing = Signing::new();
    for (mode, words) in [
        (0o120_644, Some("is another kind of file")),
        (
            0o104_644,
            Some("has a set-user-ID or set-group-ID bit more"),
        ),
        (0o100_755, None),
    ] {
        signing.begin(&["--allow-links", "app.zip"]);
        let (_, begun) = begun(&signing);
        let job = begun["job"].as_str().unwrap();
        let changed = archives::zip(&[
            ("index.py", mode, b"one"),
            ("lib/", 0o040_755, b""),
            ("lib/tool.py", 0o100_755, b"tool"),
        ]);
        let now = OffsetDateTime::now_utc().replace_millisecond(0).unwrap();
        let of_job = PackageSigning {
            job_arn: job.to_owned(),
            profile_version_arn: signing.stage.profile.version_arn.clone(),
            signing_time: now,
            expires_at: now + Duration::days(365),
        };
        let emulator = &signing.stage.scene.emulator;
        let forged = emulator.sign_package(&changed, &of_job).unwrap();
        replace(&signing, job, &forged);
        let sign = ["--allow-links", "app.zip"];
        if let Some(words) = words {
            let error = assert_refused(&signing, &sign, "signed-package-differs");
            let message = error["message"].as_str().unwrap();
            assert!(
                message.ends_with(&format!("entry `index.py` {words}")),
                "{message}"
            );
            signing.assert_unwritten();
            // Of another job, which this leaves behind.
            signed(&signing, &sign);
            fs::remove_file(signing.path("app.signed.zip")).unwrap();
        } else {
            let result = result(&signing, &sign);
            assert_eq!(result["otherModes"], json!(["index.py"]), "{result:#}");
        }
    }
}
