//! What keeps AWS Signer from an answer: denials, regions, throttling, silence.

use countersign_emulator::{Fault, FaultKind};

use super::{document, profile};
use crate::support::scene::Scene;

const TIME: &str = "2026-01-01T00:00:00Z";

#[test]
fn a_profile_that_is_not_there() {
    let scene = Scene::new();
    let ran = scene.run(&["profile", "cancel", "relaese", "--yes"]);
    ran.assert_refused(
        1,
        "Error: signing profile `relaese` was not found in region `us-east-1`",
    );
    ran.assert_says(
        "hint: `countersign profile list --all` shows the profiles of the caller's account in region `us-east-1`; a \
         profile is in one region, which `--plugin-config aws-region=REGION` sets; another account's profile is named \
         by its ARN\n",
    );
    let ran = scene.run(&["profile", "show", "relaese", "--output", "json"]);
    let document = document(&ran);
    assert_eq!(document["error"]["code"], "profile-not-found");
    assert_eq!(document["error"]["cause"], "not-found");
    assert_eq!(document["error"]["retryable"], false);
}

#[test]
fn another_region_is_another_profile() {
    let scene = Scene::new();
    let region = ["--plugin-config", "aws-region=eu-west-1"];
    let ran = scene.run(&[&["profile", "show", "release"], &region[..]].concat());
    ran.assert_refused(
        1,
        "Error: signing profile `release` was not found in region `eu-west-1`",
    );
    // A change in another region than the ARN's would reach a profile that only has the same name.
    let arn = scene.profile.arn.as_str();
    let made = scene.run(&[&["profile", "create", "release", "--yes"], &region[..]].concat());
    assert_eq!(made.code, 0, "{made:#?}");
    let ran = scene.run(&[&["profile", "cancel", arn, "--yes"], &region[..]].concat());
    ran.assert_refused(
        2,
        &format!(
            "Error: `{arn}` is in region `us-east-1`, but region `eu-west-1` is set explicitly"
        ),
    );
    ran.assert_says("hint: omit the region; the one in the ARN is used\n");
    assert_eq!(profile(&scene, arn)["status"], "Active");
    let scene = scene.without_variables(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
    let ran = scene.run(&["profile", "show", "release"]);
    ran.assert_refused(2, "Error: no region is set to look for `release` in");
    ran.assert_says("hint: set `AWS_REGION`, or name the profile by its ARN; `--plugin-config aws-region=REGION` sets it for one command\n");
}

#[test]
fn a_denial_names_the_smallest_statement() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let job = super::job(&scene);
    let arn = scene.profile.arn.as_str();
    let deny = |operation: &str| {
        let faults = scene.emulator.faults();
        faults.clear();
        faults.add(Fault::new(FaultKind::AccessDenied).on(operation));
    };
    let revoke = [
        "profile",
        "revoke",
        "release",
        "--effective-time",
        TIME,
        "--reason",
        "x",
        "--yes",
    ];
    for (operation, arguments, resource) in [
        (
            "PutSigningProfile",
            &["profile", "create", "nightly", "--yes"][..],
            "/signing-profiles/nightly",
        ),
        (
            "GetSigningProfile",
            &["profile", "show", "release"],
            "/signing-profiles/release",
        ),
        (
            "ListSigningProfiles",
            &["profile", "list"],
            "/signing-profiles/*",
        ),
        (
            "CancelSigningProfile",
            &["profile", "cancel", arn, "--yes"],
            "/signing-profiles/release",
        ),
        ("RevokeSigningProfile", &revoke, "/signing-profiles/release"),
        (
            "AddProfilePermission",
            &[
                "profile",
                "grant",
                "release",
                "--principal",
                "444455556666",
                "--yes",
            ],
            "/signing-profiles/release",
        ),
        (
            "ListProfilePermissions",
            &["profile", "revoke-grant", "release", "x", "--yes"],
            "/signing-profiles/release",
        ),
        (
            "DescribeSigningJob",
            &["signature", "show", &job],
            job.split(':').nth(5).unwrap(),
        ),
        (
            "RevokeSignature",
            &["signature", "revoke", &job, "--reason", "x", "--yes"],
            job.split(':').nth(5).unwrap(),
        ),
    ] {
        deny(operation);
        let ran = scene.run(arguments);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (3, ""),
            "{operation}: {ran:#?}"
        );
        ran.assert_says(&format!(
            "Error: AWS denied `signer:{operation}` on `arn:aws:signer:us-east-1:"
        ));
        ran.assert_says(&format!(
            "; the smallest statement that is needed is `{{\"Effect\":\"Allow\",\"Action\":\"signer:{operation}\",\
             \"Resource\":\"arn:aws:signer:us-east-1:111122223333:{resource}\"}}`\n"
        ));
    }
}

#[test]
fn who_may_create_need_not_be_who_may_look() {
    let scene = Scene::new();
    let faults = scene.emulator.faults();
    faults.add(Fault::new(FaultKind::AccessDenied).on("GetSigningProfile"));
    let ran = scene.run(&["profile", "create", "--dry-run", "nightly"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(
        "Warning: could not check whether the name is free: AWS denied `signer:GetSigningProfile`",
    );
    let ran = scene.run(&["profile", "create", "--yes", "release"]);
    ran.assert_refused(
        1,
        "Error: the name `release` is taken in region `us-east-1`",
    );
}

#[test]
fn permissions_that_may_not_be_listed_are_not_none() {
    let scene = Scene::new();
    let faults = scene.emulator.faults();
    faults.add(Fault::new(FaultKind::AccessDenied).on("ListProfilePermissions"));
    let ran = scene.run(&["profile", "show", "release"]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.stdout.ends_with("\npermissions: not known\n"),
        "{ran:#?}"
    );
    ran.assert_says(
        "Warning: the permissions could not be listed: AWS denied `signer:ListProfilePermissions`",
    );
    let ran = scene.run(&["profile", "show", "release", "--output", "json"]);
    assert_eq!(document(&ran).get("permissions"), None);
}

#[test]
fn throttled_calls_are_made_again() {
    let scene = Scene::new();
    let faults = scene.emulator.faults();
    faults.add(
        Fault::new(FaultKind::Throttle)
            .on("GetSigningProfile")
            .times(2),
    );
    assert_eq!(scene.run(&["profile", "show", "release"]).code, 0);
    faults.add(Fault::new(FaultKind::Throttle).on("CancelSigningProfile"));
    let ran = scene.run(&["profile", "cancel", "release", "--yes", "--output", "json"]);
    let found = document(&ran);
    assert_eq!(
        (ran.code, &found["error"]["cause"]),
        (3, &"throttled".into())
    );
    assert_eq!(found["error"]["retryable"], true);
    ran.assert_says(", after 6 attempts\n");
    assert_eq!(profile(&scene, "release")["status"], "Active");
}

#[test]
fn what_may_have_been_done_is_not_done_again_and_said() {
    let scene = Scene::new();
    let faults = scene.emulator.faults();
    faults.add(
        Fault::new(FaultKind::ServerError { status: 500 })
            .on("PutSigningProfile")
            .times(1),
    );
    scene.emulator.clear_calls();
    let ran = scene.run(&["profile", "create", "nightly", "--yes"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(
        "; AWS may have done it: look with `countersign profile show` or `countersign signature show` before another \
         attempt\n",
    );
    assert_eq!(
        scene.operations(),
        ["GetSigningProfile", "PutSigningProfile"]
    );
    // A revocation does the same a second time.
    faults.add(
        Fault::new(FaultKind::ServerError { status: 500 })
            .on("RevokeSigningProfile")
            .times(1),
    );
    let revoke = [
        "profile",
        "revoke",
        "release",
        "--effective-time",
        TIME,
        "--reason",
        "x",
        "--yes",
    ];
    assert_eq!(scene.run(&revoke).code, 0);
}

#[test]
fn a_slow_answer_ends_with_the_time() {
    let scene = Scene::new();
    let faults = scene.emulator.faults();
    faults.add(
        Fault::new(FaultKind::Latency {
            milliseconds: 20_000,
        })
        .on("GetSigningProfile"),
    );
    let ran = scene.run(&[
        "profile",
        "cancel",
        "release",
        "--yes",
        "--timeout",
        "1s",
        "--output",
        "json",
    ]);
    let document = document(&ran);
    assert_eq!(
        (ran.code, &document["error"]["cause"]),
        (3, &"timed-out".into()),
        "{document:#}"
    );
    ran.assert_says("hint: allow more time with `--timeout`");
}
