//! What one command began and another one goes on with, and jobs that fail or take long.

use super::*;

#[test]
fn what_was_begun_is_picked_up_by_the_same_command() {
    let signing = Signing::new();
    signing.begin(&["app.zip"]);
    let files = signing.begun();
    assert_eq!(files.len(), 1);
    let mode = fs::metadata(&files[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let result = signing.json(&["app.zip"])["results"][0].clone();
    assert_eq!(result["pickedUp"], true);
    assert_eq!(
        signing.calls(),
        [
            "GetSigningProfile",
            "GetBucketVersioning",
            "DescribeSigningJob",
            "GetObject"
        ]
    );
    assert!(signing.begun().is_empty());
    // It has ended: the next one is another.
    let again = signing.json(&["app.zip"])["results"][0].clone();
    assert_ne!(again["job"], result["job"]);
}

#[test]
fn an_upload_is_picked_up_where_no_job_was_started() {
    let signing = Signing::new();
    signing.fault("StartSigningJob", FaultKind::AccessDenied, 1);
    assert_eq!(signing.run(&["app.zip"]).code, 3);
    signing.calls();
    assert_eq!(signing.json(&["app.zip"])["results"][0]["pickedUp"], false);
    assert!(!signing.calls().contains(&"PutObject".to_owned()));
}

#[test]
fn another_package_profile_or_bucket_is_not_what_was_begun() {
    let signing = Signing::new();
    signing.begin(&["app.zip"]);
    signing.write("app.zip", &package("two"));
    assert_eq!(signing.json(&["app.zip"])["results"][0]["pickedUp"], false);
    signing.write("app.zip", &package("one"));
    let emulator = &signing.stage.scene.emulator;
    emulator.create_package_profile("other").unwrap();
    emulator.create_bucket("others", Some(true)).unwrap();
    for more in [
        ["--signing-profile", "other", "--bucket", "zips"],
        ["--signing-profile", "code", "--bucket", "others"],
    ] {
        let fixed = [
            "lambda",
            "sign",
            "--output",
            "json",
            "--trust-anchor",
            "package-root.crt",
        ];
        let ran = signing
            .stage
            .run(&[&fixed[..], &more, &["app.zip"]].concat());
        let document = crate::support::document::document(&ran, SCHEMA);
        assert_eq!(document["results"][0]["pickedUp"], false, "{more:?}");
    }
    // And that is still what it was.
    assert_eq!(signing.json(&["app.zip"])["results"][0]["pickedUp"], true);
}

#[test]
fn a_job_that_signs_something_else_is_not_taken() {
    let signing = Signing::new();
    signing.write("other.zip", &package("other"));
    let other = signing.json(&["other.zip"])["results"][0]["job"].clone();
    signing.begin(&["app.zip"]);
    let file = signing.begun().remove(0);
    let mut begun: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    begun["job"] = other;
    fs::write(&file, begun.to_string()).unwrap();
    let document = signing.json(&["app.zip"]);
    assert_eq!(document["results"][0]["error"]["code"], "other-signing-job");
    assert_eq!(document["exitCode"], 1);
    assert!(!signing.path("app.signed.zip").exists());
    // The next one begins another job.
    assert_eq!(signing.json(&["app.zip"])["results"][0]["pickedUp"], false);
}

#[test]
fn a_failed_job_says_why_and_the_next_command_begins_another() {
    let signing = Signing::new();
    let profile = signing.stage.profile.arn.clone();
    let course = |text: &str| serde_json::from_str::<SigningCourse>(text).unwrap();
    let emulator = &signing.stage.scene.emulator;
    let failed = r#"{"end": {"failed": {"code": "", "reason": "the moon was full"}}}"#;
    emulator
        .set_signing_course(&profile, course(failed))
        .unwrap();
    let document = signing.json(&["app.zip"]);
    let error = &document["results"][0]["error"];
    assert_eq!(
        (&document["exitCode"], &error["code"]),
        (&json!(1), &json!("signing-job-failed"))
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .ends_with(" failed: the moon was full")
    );
    signing.assert_unwritten();
    emulator.set_signing_course(&profile, course("{}")).unwrap();
    assert_eq!(signing.json(&["app.zip"])["results"][0]["state"], "signed");
    // A signed object that is not there.
    emulator
        .set_signing_course(&profile, course(r#"{"end": "lost"}"#))
        .unwrap();
    let document = signing.json(&["--out", "lost.zip", "app.zip"]);
    assert_eq!(document["results"][0]["state"], "failed", "{document:#}");
    assert!(!signing.path("lost.zip").exists());
}

#[test]
fn a_job_is_waited_for() {
    let signing = Signing::new();
    let course = SigningCourse {
        in_progress: 2,
        ..SigningCourse::default()
    };
    let emulator = &signing.stage.scene.emulator;
    emulator
        .set_signing_course(&signing.stage.profile.arn, course)
        .unwrap();
    assert_eq!(signing.json(&["app.zip"])["results"][0]["state"], "signed");
    let asked = signing.calls();
    let asked = asked.iter().filter(|call| *call == "DescribeSigningJob");
    assert_eq!(asked.count(), 3);
}
