//! Signatures by their jobs.

use super::{OTHER, document, job, run_as, two_accounts};
use crate::support::scene::Scene;

#[test]
fn a_revoked_signature_is_rejected_and_others_stay() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let first = job(&scene);
    let revoke = [
        "signature",
        "revoke",
        &first,
        "--reason",
        "built from a stolen token",
        "--yes",
    ];
    let ran = scene.run(&revoke);
    let done = format!("Revoked the signature of job {first}\n");
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, done.as_str(), "")
    );
    let ran = scene.verify(&scene.image);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("revoked");
    // Another signature of the same image, by the same profile.
    scene.sign(&scene.image);
    assert_eq!(scene.verify(&scene.image).code, 0);
    let ran = scene.run(&revoke);
    let already = format!("The signature of job {first} is revoked already; nothing was changed\n");
    assert_eq!((ran.code, ran.stdout), (0, already));
}

#[test]
fn who_signed_is_shown_by_id_and_by_arn() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let arn = job(&scene);
    let id = arn.rsplit('/').next().unwrap();
    let ran = scene.run(&["signature", "show", id]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran, scene.run(&["signature", "show", &arn]));
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let profile = format!("signing profile: {}", scene.profile.version_arn);
    assert_eq!(lines[0], format!("signing job: {arn}"));
    assert_eq!(
        lines[1..4],
        [
            "owner: 111122223333",
            "requested by: arn:aws:iam::111122223333:user/emulator",
            "account of the requester: 111122223333",
        ]
    );
    assert!(lines[4].starts_with("created: 20"), "{lines:#?}");
    assert!(lines[5].starts_with("expires: 20"), "{lines:#?}");
    assert_eq!(
        lines[6..],
        [
            profile.as_str(),
            "platform: Notation-OCI-SHA384-ECDSA",
            "status: Succeeded",
            "revoked: no",
            "signed: not known: AWS Signer does not say; `--count-in REPOSITORY` looks for it",
        ]
    );
    assert_eq!(
        scene
            .run(&[
                "signature",
                "revoke",
                id,
                "--reason",
                "wrong\nimage",
                "--yes"
            ])
            .code,
        0
    );
    let ran = scene.run(&["signature", "show", &arn]);
    assert!(ran.stdout.contains("\nrevoked: at 20"), "{ran:#?}");
    assert!(
        ran.stdout
            .contains(" by arn:aws:iam::111122223333:user/emulator: wrong image\n"),
        "{ran:#?}"
    );
    let ran = scene.run(&["signature", "show", &arn, "--output", "json"]);
    let document = document(&ran);
    assert_eq!(document["jobs"][0]["revocation"]["reason"], "wrong\nimage");
    assert_eq!(
        document["jobs"][0]["requestedBy"],
        "arn:aws:iam::111122223333:user/emulator"
    );
}

#[test]
fn a_job_that_is_not_there() {
    let scene = Scene::new();
    let id = "e218ee67-5dd3-4dc4-8caf-224898b12493";
    for arguments in [
        &["signature", "show", id][..],
        &["signature", "revoke", id, "--reason", "x", "--yes"],
    ] {
        let ran = scene.run(arguments);
        ran.assert_refused(
            1,
            &format!("Error: signing job `{id}` was not found in region `us-east-1`"),
        );
        ran.assert_says(
            "hint: a job is in one region and visible to its owner and to the account that asked for it; `countersign \
             inspect IMAGE` shows the ARN of each signature's job\n",
        );
    }
}

#[test]
fn another_account_revokes_what_it_is_permitted_to() {
    let (scene, key) = two_accounts();
    scene.sign(&scene.image);
    let arn = job(&scene);
    let id = arn.rsplit('/').next().unwrap();
    let revoke = [
        "signature",
        "revoke",
        "--job-owner",
        "111122223333",
        id,
        "--reason",
        "x",
        "--yes",
    ];
    let ran = run_as(&scene, &key, &revoke);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(&format!(
        "Error: AWS denied `signer:RevokeSignature` on `{arn}` in region `us-east-1`"
    ));
    let grant = [
        "profile",
        "grant",
        "release",
        "--principal",
        OTHER,
        "--action",
        "signer:RevokeSignature",
        "--yes",
    ];
    assert_eq!(scene.run(&grant).code, 0);
    let ran = run_as(&scene, &key, &revoke);
    let done = format!("Revoked the signature of job {id}\n");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, done.as_str()),
        "{ran:#?}"
    );
    ran.assert_says("Warning: the signing job could not be examined: signing job `");
    assert_eq!(scene.verify(&scene.image).code, 1);
}

#[test]
fn an_owner_beside_an_arn_must_be_the_arns() {
    let scene = Scene::new();
    let arn =
        "arn:aws:signer:us-east-1:111122223333:/signing-jobs/e218ee67-5dd3-4dc4-8caf-224898b12493";
    let ran = scene.run(&[
        "signature",
        "revoke",
        "--job-owner",
        OTHER,
        arn,
        "--reason",
        "x",
        "--yes",
    ]);
    ran.assert_refused(
        2,
        &format!("Error: the account `{OTHER}` is not the one in `{arn}`"),
    );
    ran.assert_says("hint: omit the account; the one in the ARN is used\n");
}
