//! Profiles: create, show, list, cancel, revoke.

use super::{at_a_terminal, document, profile};
use crate::support::scene::Scene;

const TIME: &str = "2026-01-01T00:00:00Z";

#[test]
fn a_profile_is_created_signs_and_shows() {
    let scene = Scene::new();
    let ran = scene.run(&[
        "profile",
        "create",
        "--validity",
        "90days",
        "--yes",
        "nightly",
    ]);
    let arn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/nightly";
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let (first, version) = ran.stdout.split_once("\nversion: ").unwrap();
    assert_eq!(first, format!("Created signing profile {arn}"));
    let version = version.trim();
    let ran = scene.run(&["sign", "--signing-profile", arn, &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let shown = format!(
        "signing profile: {arn}\nversion: {version}\nowner: 111122223333\nstatus: Active\n\
         platform: Notation-OCI-SHA384-ECDSA\nvalidity of signatures: 90 days\npermissions: no other account\n"
    );
    for name in ["nightly", arn, &format!("{arn}/{version}")] {
        let ran = scene.run(&["profile", "show", name]);
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (0, shown.as_str(), "")
        );
    }
    let ran = scene.run(&["profile", "create", "--yes", "--output", "json", "weekly"]);
    let document = document(&ran);
    assert_eq!((ran.code, &document["state"]), (0, &"done".into()));
    assert_eq!(document["profiles"][0]["validity"], "135 months");
    assert_eq!(document["consequences"].as_array().unwrap().len(), 2);
}

#[test]
fn a_dry_run_says_what_follows_and_changes_nothing() {
    let scene = Scene::new();
    scene.emulator.clear_calls();
    let ran = scene.run(&["profile", "create", "--dry-run", "nightly"]);
    let plan = "Would create signing profile `nightly`, whose name is free, for the platform `Notation-OCI-SHA384-ECDSA` in region `us-east-1`:\n\
         - the name `nightly` will be used up in this account in region `us-east-1`: AWS never frees a name, not even after \
         the profile is canceled or revoked\n\
         - each signature is valid for 135 months after it is made; that cannot be changed later\n\
         Nothing was changed.\n";
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, plan, "")
    );
    assert_eq!(scene.operations(), ["GetSigningProfile"]);
    let arn = scene.profile.arn.as_str();
    let ran = scene.run(&["profile", "cancel", "--dry-run", arn]);
    let plan = format!(
        "Would cancel signing profile `{arn}`:\n\
         - the profile makes no signature from now on, and cannot be made active again: builds that sign with it fail\n\
         - signatures that it made stay valid until they expire; `countersign profile revoke` ends them\n\
         - its name cannot be used for another profile\n\
         - this cannot be undone\n\
         Nothing was changed.\n"
    );
    assert_eq!((ran.code, ran.stdout, ran.stderr.as_str()), (0, plan, ""));
    let revoke = [
        "profile",
        "revoke",
        "release",
        "--effective-time",
        TIME,
        "--reason",
        "x",
    ];
    let ran = scene.run(&[&revoke[..], &["--dry-run", "--output", "json"]].concat());
    let found = document(&ran);
    assert_eq!((ran.code, &found["state"]), (0, &"planned".into()));
    assert_eq!(found["profiles"][0]["status"], "Active");
    assert_eq!(profile(&scene, "release")["status"], "Active");
}

#[test]
fn the_question_names_what_follows_and_only_yes_goes_on() {
    let scene = Scene::new();
    let arn = scene.profile.arn.as_str();
    let revoke = [
        "profile",
        "revoke",
        arn,
        "--effective-time",
        TIME,
        "--reason",
        "key leaked",
    ];
    let question = format!(
        "About to revoke signing profile `{arn}` from {TIME} on:\n\
         - signatures that it made at {TIME} or later are rejected by every verification that asks about revocation\n\
         - signatures that it made before {TIME} stay valid\n\
         - the profile makes no signature from now on, and cannot be made active again: builds that sign with it fail\n\
         - its name cannot be used for another profile\n\
         - a verifier that caches answers notices within 24 hours at most, one without a \
         network when its stored answers are renewed\n\
         - the time can be moved to an earlier one, never to a later one\n\
         - this cannot be undone\n\
         Are you sure you want to continue? [y/N] "
    );
    for answer in ["n\n", "\n", "\u{4}"] {
        let ran = at_a_terminal(&scene, &revoke, answer);
        let expected = (1, "Operation cancelled.\n", question.as_str());
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            expected
        );
    }
    let ran = at_a_terminal(
        &scene,
        &[&revoke[..], &["--output", "json"]].concat(),
        "n\n",
    );
    assert_eq!(document(&ran)["state"], "cancelled");
    assert_eq!(profile(&scene, "release")["status"], "Active");
    let ran = at_a_terminal(&scene, &revoke, "yes\n");
    let done = format!("Revoked signing profile {arn} for signatures made at {TIME} or later\n");
    assert_eq!((ran.code, ran.stdout), (0, done));
    let revoked = profile(&scene, "release");
    assert_eq!(revoked["status"], "Revoked");
    assert_eq!(revoked["revocation"]["effectiveFrom"], TIME);
    assert_eq!(
        revoked["revocation"]["by"],
        "arn:aws:iam::111122223333:user/emulator"
    );
}

#[test]
fn without_a_terminal_nothing_is_changed() {
    let scene = Scene::new();
    let arn = scene.profile.arn.as_str();
    scene.sign(&scene.image);
    let job = super::job(&scene);
    scene.emulator.clear_calls();
    for arguments in [
        &["profile", "create", "nightly"][..],
        &["profile", "cancel", arn],
        &[
            "profile",
            "revoke",
            arn,
            "--effective-time",
            TIME,
            "--reason",
            "x",
        ],
        &["profile", "grant", arn, "--principal", "444455556666"],
        &["signature", "revoke", &job, "--reason", "x"],
    ] {
        let ran = scene.run(arguments);
        ran.assert_refused(
            2,
            "Error: nothing was changed: there is no terminal to ask on",
        );
        ran.assert_says("hint: confirm on the command line with `--yes`\n");
    }
    for operation in scene.operations() {
        let only_looks = ["Get", "List", "Describe"]
            .iter()
            .any(|start| operation.starts_with(start));
        assert!(only_looks, "{operation}");
    }
}

#[test]
fn a_name_is_taken_for_good() {
    let scene = Scene::new();
    let taken = |status: &str| {
        let ran = scene.run(&["profile", "create", "--yes", "release"]);
        ran.assert_refused(
            1,
            &format!(
                "Error: the name `release` is taken in region `us-east-1`, by a signing profile with the status `{status}`"
            ),
        );
        ran.assert_says("hint: choose another name: AWS never frees one, and a profile's settings cannot be changed\n");
    };
    taken("Active");
    let ran = scene.run(&["profile", "cancel", "--yes", "release"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    taken("Canceled");
}

#[test]
fn a_canceled_profile_signs_no_more_and_its_signatures_stay() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let arn = scene.profile.arn.as_str();
    let ran = scene.run(&["profile", "cancel", "--yes", arn]);
    assert_eq!(
        (ran.code, ran.stdout),
        (0, format!("Canceled signing profile {arn}\n"))
    );
    let ran = scene.run(&["sign", "--signing-profile", arn, &scene.image]);
    assert_ne!(ran.code, 0);
    assert_eq!(scene.verify(&scene.image).code, 0);
    // A second time there is nothing to do, and no request is sent.
    scene.emulator.clear_calls();
    let ran = scene.run(&["profile", "cancel", arn]);
    let already = format!("Signing profile {arn} is canceled already; nothing was changed\n");
    assert_eq!((ran.code, ran.stdout), (0, already));
    assert_eq!(scene.operations(), ["GetSigningProfile"]);
    let grant = [
        "profile",
        "grant",
        arn,
        "--principal",
        "444455556666",
        "--yes",
    ];
    let ran = scene.run(&grant);
    ran.assert_refused(
        1,
        &format!("Error: signing profile `{arn}` has the status `Canceled`, wanted `Active`"),
    );
}

#[test]
fn what_a_revoked_profile_signed_is_rejected() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    assert_eq!(scene.verify(&scene.image).code, 0);
    let arn = scene.profile.arn.as_str();
    let revoke = |time: &str| {
        let fixed = ["profile", "revoke", arn, "--yes", "--reason", "key leaked"];
        scene.run(&[&fixed[..], &["--effective-time", time]].concat())
    };
    assert_eq!(revoke(TIME).code, 0);
    let ran = scene.verify(&scene.image);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("revoked");
    // The same again, an earlier time, a later one.
    let ran = revoke(TIME);
    let already =
        format!("Signing profile {arn} is revoked already from {TIME} on; nothing was changed\n");
    assert_eq!((ran.code, ran.stdout), (0, already));
    let ran = revoke("2026-01-02T00:00:00Z");
    ran.assert_refused(
        1,
        &format!("Error: signing profile `{arn}` is revoked from `{TIME}` on, which is earlier than `2026-01-02T00:00:00Z`"),
    );
    ran.assert_says(
        "hint: signatures from the earlier time on are rejected already; AWS takes an earlier time, never a later one\n",
    );
    assert_eq!(revoke("2025-12-31T00:00:00Z").code, 0);
    let ran = scene.run(&["profile", "cancel", "--yes", arn]);
    ran.assert_refused(
        1,
        &format!(
            "Error: signing profile `{arn}` is revoked, and a revoked profile cannot be canceled"
        ),
    );
    ran.assert_says(
        "hint: there is nothing left to cancel: a revoked profile makes no signature\n",
    );
}

#[test]
fn what_was_signed_before_the_time_stays_valid() {
    let scene = Scene::new();
    scene.sign_at(time::Duration::days(-10));
    let now = time::OffsetDateTime::now_utc() - time::Duration::days(1);
    let format = time::format_description::well_known::Rfc3339;
    let yesterday = now.format(&format).unwrap();
    let revoke = ["profile", "revoke", "release", "--yes", "--reason", "x"];
    let ran = scene.run(&[&revoke[..], &["--effective-time", &yesterday]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn profiles_are_listed_over_all_pages() {
    let scene = Scene::new();
    for number in 0..30 {
        let name = format!("team_{number:02}");
        scene.emulator.create_signing_profile(&name).unwrap();
    }
    assert_eq!(
        scene.run(&["profile", "cancel", "--yes", "team_07"]).code,
        0
    );
    scene.emulator.clear_calls();
    let ran = scene.run(&["profile", "list"]);
    assert_eq!(ran.code, 0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines.len(), 31);
    assert!(
        lines[0].starts_with("NAME      STATUS   VALIDITY     ARN"),
        "{lines:#?}"
    );
    let release = format!(
        "release   Active   135 months   {}   {}   ",
        scene.profile.arn,
        scene.profile.version_arn.rsplit('/').next().unwrap()
    );
    assert_eq!(lines[1], release);
    assert_eq!(
        scene.operations(),
        ["ListSigningProfiles", "ListSigningProfiles"]
    );
    let ran = scene.run(&["profile", "ls", "--all", "--output", "json"]);
    let document = document(&ran);
    let profiles = document["profiles"].as_array().unwrap();
    assert_eq!(profiles.len(), 31);
    let canceled: Vec<_> = profiles
        .iter()
        .filter(|one| one["status"] == "Canceled")
        .collect();
    assert_eq!(canceled.len(), 1);
}

#[test]
fn the_newest_jobs_say_who_signed() {
    let scene = Scene::new();
    for _ in 0..3 {
        scene.sign(&scene.image);
    }
    let ran = scene.run(&[
        "profile", "show", "release", "--jobs", "2", "--output", "json",
    ]);
    let document = document(&ran);
    let jobs = document["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        assert_eq!(
            job["requestedBy"],
            "arn:aws:iam::111122223333:user/emulator"
        );
        assert_eq!(job["owner"], "111122223333");
        assert_eq!(job["profile"], scene.profile.version_arn.as_str());
    }
    let ran = scene.run(&["profile", "show", "release", "--jobs", "2"]);
    assert!(
        ran.stdout
            .contains("\nsigning jobs: 3, 2 shown\n\nsigning job: arn:"),
        "{ran:#?}"
    );
}

#[test]
fn what_aws_would_refuse_is_refused_before() {
    let scene = Scene::new();
    scene.emulator.clear_calls();
    let name = "a name has 2 to 64 letters, digits and `_`; an ARN is like \
                `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME`";
    let period = "a period is like `90days`, `12months` or `3years`; the longest is 135 months, which AWS takes if \
                  none is named";
    let revoke = |time: &'static str, reason: &'static str| {
        vec![
            "profile",
            "revoke",
            "release",
            "--effective-time",
            time,
            "--reason",
            reason,
        ]
    };
    for (arguments, error, hint) in [
        (
            vec!["profile", "create", "my-profile"],
            "`my-profile` is not the name or the ARN of a signing profile",
            name,
        ),
        (
            vec!["profile", "show", "x"],
            "`x` is not the name or the ARN of a signing profile",
            name,
        ),
        (
            vec!["profile", "create", "a_b", "--validity", "12years"],
            "a validity of 12years is not between 1 day and 135 months",
            period,
        ),
        (
            vec!["profile", "create", "a_b", "--validity", "12m"],
            "`12m` is not a period of validity",
            period,
        ),
        (
            revoke("yesterday", "x"),
            "`yesterday` is not a time",
            "a time is like `2026-06-01T12:00:00Z`",
        ),
        (
            revoke(TIME, " "),
            "the reason has 0 characters, wanted 1 to 500",
            "say why in a sentence; all callers that may read the profile or the job see it",
        ),
        (
            vec!["profile", "show", "release", "--profile-owner", "12"],
            "`12` is not an AWS account",
            "an account has 12 digits",
        ),
        (
            vec![
                "profile",
                "grant",
                "release",
                "--principal",
                "arn:aws:iam::444455556666:user/x",
            ],
            "`arn:aws:iam::444455556666:user/x` is not an AWS account or the ARN of an IAM role",
            "an account has 12 digits; a role is like `arn:aws:iam::444455556666:role/ci`",
        ),
        (
            vec![
                "profile",
                "grant",
                "release",
                "--principal",
                "444455556666",
                "--action",
                "signer:StartSigningJob",
            ],
            "`signer:StartSigningJob` is not an action that another account can be permitted",
            "allowed: `signer:SignPayload`, `signer:GetSigningProfile`, `signer:RevokeSignature`",
        ),
        (
            vec!["signature", "show", "42"],
            "`42` is not the ID or the ARN of a signing job",
            "an ID is like `e218ee67-5dd3-4dc4-8caf-224898b12493`; `countersign inspect` shows the ARN of a \
             signature's job as `com.amazonaws.signer.signingJob`",
        ),
    ] {
        let ran = scene.run(&arguments);
        ran.assert_refused(2, &format!("Error: {error}"));
        ran.assert_says(&format!("hint: {hint}\n"));
    }
    let ran = scene.run(&revoke("2999-01-01T00:00:00Z", "x"));
    assert_eq!(ran.code, 2);
    ran.assert_says("Error: the effective time `2999-01-01T00:00:00Z` is in the future, it is `20");
    ran.assert_says(
        "hint: AWS Signer takes a time in the past; if it is, check this machine's clock\n",
    );
    assert_eq!(scene.operations(), [""; 0]);
}

/// A list that is empty says of which region, and that stays apart from the table.
#[test]
fn a_region_without_profiles_is_named() {
    let scene = Scene::new().with_variable("AWS_REGION", "eu-west-1");
    for (more, which) in [
        (&[][..], "active signing profiles"),
        (&["--all"], "signing profiles"),
    ] {
        let ran = scene.run(&[&["profile", "list"], more].concat());
        let warning = format!("Warning: there are no {which} in region `eu-west-1`\n");
        assert_eq!((ran.code, &ran.stderr), (0, &warning), "{ran:#?}");
        assert_eq!(ran.stdout.lines().count(), 1, "{ran:#?}");
    }
    let ran = scene.run(&["profile", "list", "--output", "json"]);
    let document = document(&ran);
    assert_eq!(
        document["warnings"].as_array().unwrap().len(),
        1,
        "{document:#}"
    );
}
