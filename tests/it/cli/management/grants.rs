//! Permissions of other accounts.

use super::{OTHER, document, run_as, two_accounts};
use crate::support::forward::forward;
use crate::support::hostile::{Hostile, Reply};

#[test]
fn another_account_signs_once_it_is_permitted_and_no_longer() {
    let (scene, key) = two_accounts();
    let arn = scene.profile.arn.as_str();
    let sign = || {
        run_as(
            &scene,
            &key,
            &["sign", "--signing-profile", arn, &scene.image],
        )
    };
    assert_eq!(sign().code, 3);
    let ran = scene.run(&["profile", "grant", arn, "--principal", OTHER, "--yes"]);
    let done = format!(
        "Permitted {OTHER} signer:SignPayload on {arn}, as permission {OTHER}-SignPayload\n"
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, done.as_str(), "")
    );
    assert_eq!(sign().code, 0);
    assert_eq!(scene.verify(&scene.image).code, 0);
    // Again: as it was asked for.
    let ran = scene.run(&["profile", "grant", arn, "--principal", OTHER]);
    let already =
        format!("{OTHER} is permitted signer:SignPayload on {arn} already; nothing was changed\n");
    assert_eq!((ran.code, ran.stdout), (0, already));
    let ran = scene.run(&["profile", "show", arn]);
    let line = format!("permission {OTHER}-SignPayload: signer:SignPayload for {OTHER}\n");
    assert!(ran.stdout.ends_with(&line), "{ran:#?}");
    let id = format!("{OTHER}-SignPayload");
    let ran = scene.run(&["profile", "revoke-grant", arn, &id, "--dry-run"]);
    let plan = format!(
        "Would remove permission `{id}` from signing profile `{arn}`:\n\
         - `{OTHER}` is no longer permitted `signer:SignPayload` by this permission\n\
         - signatures that it made stay valid; `countersign signature revoke` ends one\n\
         Nothing was changed.\n"
    );
    assert_eq!((ran.code, ran.stdout), (0, plan));
    let ran = scene.run(&["profile", "revoke-grant", arn, &id, "--yes"]);
    assert_eq!(
        (ran.code, ran.stdout),
        (0, format!("Removed permission {id} from {arn}\n"))
    );
    assert_eq!(sign().code, 3);
    assert_eq!(scene.verify(&scene.image).code, 0);
}

#[test]
fn a_grant_says_what_the_other_account_can_do() {
    let (scene, _) = two_accounts();
    let role = "arn:aws:iam::444455556666:role/ci";
    for (action, id, line) in [
        (
            "SignPayload",
            "444455556666-ci-SignPayload",
            "`arn:aws:iam::444455556666:role/ci` can make signatures of this profile; every verifier that trusts the \
             profile trusts them",
        ),
        (
            "signer:GetSigningProfile",
            "444455556666-ci-GetSigningProfile",
            "`arn:aws:iam::444455556666:role/ci` can see the settings and the status of this profile",
        ),
        (
            "signer:revokesignature",
            "444455556666-ci-RevokeSignature",
            "`arn:aws:iam::444455556666:role/ci` can revoke signatures of this profile, which cannot be undone",
        ),
    ] {
        let grant = [
            "profile",
            "grant",
            "release",
            "--principal",
            role,
            "--action",
            action,
            "--yes",
        ];
        let ran = scene.run(&[&grant[..], &["--output", "json"]].concat());
        let document = document(&ran);
        assert_eq!(document["consequences"][0], line);
        let permissions = document["permissions"].as_array().unwrap();
        assert_eq!(permissions.last().unwrap()["id"], id);
    }
}

#[test]
fn an_id_is_used_once_and_must_be_there_to_be_removed() {
    let (scene, _) = two_accounts();
    let arn = scene.profile.arn.as_str();
    let ran = scene.run(&["profile", "revoke-grant", arn, "x", "--yes"]);
    ran.assert_refused(
        1,
        &format!("Error: signing profile `{arn}` does not have a permission `x`"),
    );
    ran.assert_says("hint: the profile has no permissions for other accounts\n");
    let grant = |principal| {
        scene.run(&[
            "profile",
            "grant",
            arn,
            "--principal",
            principal,
            "--statement-id",
            "ci",
            "--yes",
        ])
    };
    assert_eq!(grant(OTHER).code, 0);
    let ran = grant("777788889999");
    ran.assert_refused(
        1,
        &format!("Error: permission `ci` exists already, and permits `{OTHER}` the action `signer:SignPayload`"),
    );
    ran.assert_says("hint: choose another ID with `--statement-id`\n");
    let ran = scene.run(&["profile", "revoke-grant", arn, "x", "--yes"]);
    ran.assert_says("hint: the permissions are: `ci`\n");
}

#[test]
fn only_the_owner_changes_a_profile() {
    let (scene, key) = two_accounts();
    let arn = scene.profile.arn.as_str();
    // One of the same name: AWS's call knows no owner, and would change this one.
    let ran = run_as(&scene, &key, &["profile", "create", "release", "--yes"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let revoke = [
        "profile",
        "revoke",
        arn,
        "--effective-time",
        "2026-01-01T00:00:00Z",
        "--reason",
        "x",
    ];
    for arguments in [
        &["profile", "cancel", arn][..],
        &revoke,
        &["profile", "grant", arn, "--principal", "777788889999"],
        &["profile", "revoke-grant", arn, "x"],
    ] {
        let ran = run_as(&scene, &key, &[arguments, &["--yes"]].concat());
        ran.assert_refused(
            1,
            &format!("Error: signing profile `{arn}` is of account `111122223333`, and the credentials are of account `{OTHER}`"),
        );
        ran.assert_says("hint: use credentials of account `111122223333`: AWS Signer lets only the owner change a profile\n");
    }
    let ran = run_as(&scene, &key, &["profile", "show", "release"]);
    assert!(ran.stdout.contains("\nstatus: Active\n"), "{ran:#?}");
}

#[test]
fn another_accounts_profile_is_shown_where_it_is_permitted() {
    let (scene, key) = two_accounts();
    let arn = scene.profile.arn.as_str();
    let show = || run_as(&scene, &key, &["profile", "show", arn]);
    let ran = show();
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:#?}");
    ran.assert_says(&format!(
        "Error: AWS denied `signer:GetSigningProfile` on `{arn}` in region `us-east-1`"
    ));
    let grant = [
        "profile",
        "grant",
        arn,
        "--principal",
        OTHER,
        "--action",
        "signer:GetSigningProfile",
        "--yes",
    ];
    assert_eq!(scene.run(&grant).code, 0);
    let ran = show();
    assert_eq!(ran.code, 0, "{ran:#?}");
    let unknown = "permissions: not known: only account 111122223333 can list them\n";
    assert!(ran.stdout.ends_with(unknown), "{ran:#?}");
    let by_name = [
        "profile",
        "show",
        "--profile-owner",
        "111122223333",
        "release",
    ];
    assert_eq!(run_as(&scene, &key, &by_name), ran);
}

#[test]
fn permissions_that_change_meanwhile_are_said() {
    let (scene, _) = two_accounts();
    let arn = scene.profile.arn.clone();
    let grant = |principal| {
        [
            "profile",
            "grant",
            "release",
            "--principal",
            principal,
            "--yes",
        ]
    };
    assert_eq!(scene.run(&grant(OTHER)).code, 0);
    // The list is from before the change of another caller.
    let emulator = scene.emulator.address();
    let between = Hostile::start(move |seen| {
        if seen.line() == "GET /signing-profiles/release/permissions" {
            let outdated = r#"{"revisionId":"outdated","policySizeBytes":0,"permissions":[]}"#;
            return Reply::ok("application/json", outdated);
        }
        forward(emulator, seen)
    });
    let endpoint = format!("http://{}", between.host());
    let scene = scene.with_variable("AWS_ENDPOINT_URL", endpoint);
    let ran = scene.run(&grant("777788889999"));
    ran.assert_refused(
        3,
        &format!(
            "Error: the permissions of signing profile `{arn}` were changed by another caller meanwhile"
        ),
    );
    ran.assert_says("hint: look at the permissions, and run the same command again\n");
}
