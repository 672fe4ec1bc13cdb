//! What programs give and take: lists of references, records of what was verified, forms of the answer.

use std::path::PathBuf;

use countersign_emulator::{Fault, FaultKind};
use serde_json::Value;

use crate::support::document;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// A scene whose image is signed, and an image that is not.
fn scene() -> (Scene, String) {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let unsigned = scene.emulator.push_test_image("app", "v2").unwrap();
    let unsigned = format!("{}@{unsigned}", scene.repository);
    (scene, unsigned)
}

fn write(scene: &Scene, name: &str, text: &str) -> PathBuf {
    let path = scene.sandbox.home().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn verify(scene: &Scene, arguments: &[&str]) -> Ran {
    let fixed = [
        "verify",
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ];
    scene.run(&[&fixed, arguments].concat())
}

fn verdicts(document: &Value) -> Vec<(String, String)> {
    let results = document["results"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    results
        .map(|result| (text(&result["asked"]), text(&result["verdict"])))
        .collect()
}

#[test]
fn a_list_comes_behind_the_arguments_line_by_line() {
    let (scene, unsigned) = scene();
    let image = scene.image.clone();
    let list =
        format!("# images\r\n\r\n  {unsigned}  \r\n{{\"reference\":\"{image}\",\"team\":1}}");
    write(&scene, "images.txt", &list);
    let arguments = ["-o", "json", "--references-from", "images.txt"];
    let ran = verify(&scene, &[&arguments[..], &[&image]].concat());
    assert_eq!(ran.code, 1);
    let wanted = [
        (image.clone(), "verified".to_owned()),
        (unsigned, "unsigned".to_owned()),
        (image, "verified".to_owned()),
    ];
    let found = document::document(&ran, "verdict.v1.schema.json");
    assert_eq!(verdicts(&found), wanted);
}

#[test]
fn a_wrong_line_is_named_and_nothing_behind_it_is_read() {
    let (scene, unsigned) = scene();
    let image = scene.image.clone();
    let long = "x".repeat(20_000);
    for (line, says) in [
        ("app", "line 2 of `images.txt`: "),
        (
            "{\"image\":1}",
            "line 2 of `images.txt`: the object cannot be read: missing field `reference`",
        ),
        (
            &long,
            "line 2 of `images.txt`: the line is longer than 16384 bytes",
        ),
    ] {
        write(
            &scene,
            "images.txt",
            &format!("{image}\n{line}\n{unsigned}\n"),
        );
        let ran = verify(&scene, &["-o", "json", "--references-from", "images.txt"]);
        assert_eq!(ran.code, 2, "{ran:#?}");
        let found = document::document(&ran, "verdict.v1.schema.json");
        assert_eq!(verdicts(&found), [(image.clone(), "verified".to_owned())]);
        let message = found["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(says), "{message}");
        assert!(
            ran.stderr.starts_with(&format!("Error: {says}")),
            "{}",
            ran.stderr
        );
    }
    write(&scene, "images.txt", "# nothing\n");
    let ran = verify(&scene, &["--references-from", "images.txt"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (
            2,
            "",
            "Error: `images.txt` has no reference\nhint: write one reference on each line\n"
        )
    );
    let ran = verify(&scene, &[]);
    assert_eq!(ran.code, 2);
}

#[test]
fn a_list_is_signed_without_a_line_for_each_in_the_summary() {
    let (scene, unsigned) = scene();
    let list = format!("{unsigned}\n{}\nnothing\n", scene.image);
    write(&scene, "images.txt", &list);
    let profile = scene.profile.arn.clone();
    let fixed = ["sign", "--signing-profile", &profile];
    let flags = ["--keep-going", "--references-from", "images.txt"];
    let ran = scene.run(&[&fixed[..], &flags].concat());
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert_eq!(ran.stdout.matches("Successfully signed").count(), 2);
    let (summary, fault) = ran.stderr.split_once("Error: ").unwrap();
    assert!(
        summary.ends_with("Summary: signed 2, skipped 0, failed 0, not tried 0\n"),
        "{summary}"
    );
    assert!(fault.starts_with("line 3 of `images.txt`: "), "{fault}");
    let ran = scene.run(&[&fixed[..], &flags, &["-o", "json"]].concat());
    let found = document::document(&ran, "signing.v1.schema.json");
    assert_eq!(found["summary"]["signed"], 2);
    let message = found["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("line 3 of `images.txt`: "), "{message}");
}

#[test]
fn a_lock_is_written_only_where_everything_is_verified() {
    let (scene, unsigned) = scene();
    let image = scene.image.clone();
    let tag = format!("{}:v1", scene.repository);
    let path = write(&scene, "lock.json", "before");
    for references in [
        vec![&image, &unsigned],
        vec![&unsigned],
        vec![&unsigned, &image],
    ] {
        let references: Vec<&str> = references.into_iter().map(String::as_str).collect();
        let ran = verify(
            &scene,
            &[&["--lock", "lock.json"], &references[..]].concat(),
        );
        assert_eq!(ran.code, 1);
        let says =
            "Error: the lock `lock.json` is not written, since not every reference is verified\n";
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    }
    let ran = verify(&scene, &["--lock", "lock.json", &tag, &image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let text = std::fs::read_to_string(&path).unwrap();
    let lock: Value = serde_json::from_str(&text).unwrap();
    document::assert_valid(&lock, "lock.v1.schema.json");
    assert_eq!(lock["artifacts"][0]["asked"], tag.as_str());
    for number in 0..2 {
        let artifact = &lock["artifacts"][number];
        assert_eq!(artifact["reference"], image.as_str());
        assert_eq!(artifact["digest"], scene.digest());
        assert_eq!(artifact["signatures"].as_array().unwrap().len(), 1);
    }
    // A policy's bytes are named, and what it skips or only logs is not locked.
    scene.write_policy_with(r#"{ "level": "audit" }"#, &scene.profile.arn);
    let ran = scene.run(&["verify", "--lock", "lock.json", &image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let lock: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    document::assert_valid(&lock, "lock.v1.schema.json");
    assert!(lock["policy"]["sha256"].is_string(), "{lock:#}");
    let other = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/other";
    scene.write_policy_with(r#"{ "level": "audit" }"#, other);
    let ran = scene.run(&["verify", "--lock", "lock.json", &image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let found = std::fs::read_to_string(&path).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&found).unwrap(), lock);
    let left = std::fs::read_dir(scene.sandbox.home()).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(
        left.filter(|name| name.starts_with(".countersign-"))
            .count(),
        0
    );
}

#[test]
fn all_signatures_are_judged_and_the_verdict_stays() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.sign(&scene.image);
    scene.emulator.create_signing_profile("other").unwrap();
    let other = scene.profile.arn.replace("release", "other");
    let ran = scene.run(&["sign", "--signing-profile", &other, &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let found = |arguments: &[&str]| {
        let ran = verify(&scene, &[&["-o", "json", &scene.image], arguments].concat());
        let document = document::document(&ran, "verdict.v1.schema.json");
        let result = document["results"][0].clone();
        let signatures = result["signatures"].as_array().unwrap().iter();
        let verified = signatures.clone().filter(|one| one["verified"] == true);
        (
            result["verdict"].as_str().unwrap().to_owned(),
            signatures.len(),
            verified.count(),
            result["unseen"]["code"].clone(),
        )
    };
    let verified = || "verified".to_owned();
    assert_eq!(
        found(&["--all-signatures"]),
        (verified(), 3, 2, Value::Null)
    );
    let (verdict, _, count, unseen) = found(&[]);
    assert_eq!((verdict, count, unseen), (verified(), 1, Value::Null));
    let ran = verify(&scene, &["--all-signatures", &scene.image]);
    assert_eq!(
        (ran.code, ran.stderr.matches("signature sha256:").count()),
        (0, 3)
    );
    scene
        .emulator
        .faults()
        .add(Fault::new(FaultKind::Throttle).on("GetRevocationStatus"));
    let (verdict, count, good, _) = found(&["--all-signatures"]);
    assert_eq!((verdict.as_str(), count, good), ("inconclusive", 3, 0));
}

#[test]
fn each_form_has_every_reference_and_is_whole() {
    let (scene, unsigned) = scene();
    let image = scene.image.clone();
    let of = |form: &str| verify(&scene, &["--output", form, &image, &unsigned]);

    let ran = of("jsonl");
    assert_eq!(ran.code, 1);
    let lines = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    for line in &lines {
        document::assert_valid(line, "verdict-line.v1.schema.json");
    }
    assert_eq!(lines.len(), 3);
    // Each as soon as it is there.
    let about = |reference: &str| lines[..2].iter().find(|line| line["asked"] == reference);
    assert_eq!(about(&image).unwrap()["verdict"], "verified");
    assert_eq!(about(&unsigned).unwrap()["error"]["code"], "no-signature");
    assert_eq!(lines[2]["exitCode"], 1);

    let ran = of("junit");
    assert_eq!(ran.code, 1);
    let begin = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"countersign\">\n  <testsuite \
                 name=\"verify\" timestamp=\"";
    let version = env!("CARGO_PKG_VERSION");
    let cases = format!(
        "    <properties>\n      <property name=\"programVersion\" value=\"{version}\"/>\n    </properties>\n    \
         <testcase classname=\"countersign.verify\" name=\"{image}\"/>\n    <testcase \
         classname=\"countersign.verify\" name=\"{unsigned}\">\n      <failure type=\"no-signature\" message=\""
    );
    assert!(ran.stdout.contains(&cases), "{}", ran.stdout);
    assert!(ran.stdout.starts_with(begin), "{}", ran.stdout);
    let end = "</failure>\n    </testcase>\n  </testsuite>\n</testsuites>\n";
    assert!(ran.stdout.ends_with(end), "{}", ran.stdout);

    for (references, codes, exit) in [
        (vec![image.as_str()], vec![], 0),
        (
            vec![&image, &unsigned, &unsigned],
            vec!["no-signature"; 2],
            1,
        ),
        (vec!["app"], vec!["not-begun"], 2),
    ] {
        let ran = verify(&scene, &[&["--output", "sarif"], &references[..]].concat());
        assert_eq!(ran.code, exit, "{ran:#?}");
        let log: Value = serde_json::from_str(&ran.stdout).unwrap();
        let run = &log["runs"][0];
        assert_eq!(run["invocations"][0]["exitCode"], exit);
        assert_eq!(run["invocations"][0]["executionSuccessful"], exit < 2);
        let results = run["results"].as_array().unwrap().iter();
        let found: Vec<&str> = results.map(|one| one["ruleId"].as_str().unwrap()).collect();
        assert_eq!(found, codes);
        document::assert_sarif(&log);
    }
}
