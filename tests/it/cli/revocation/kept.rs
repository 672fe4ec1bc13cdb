//! `--revocation-cache-ttl`: AWS Signer's answers on this machine.

use std::path::PathBuf;

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{facts, questions, verify};
use crate::support::document::assert_valid;
use crate::support::scene::Scene;

type Change = fn(&mut Value);

fn directory(scene: &Scene) -> PathBuf {
    scene.sandbox.home().join(".cache/notation/aws-signer")
}

/// The only file there.
fn file(scene: &Scene) -> PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(directory(scene))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// Changes the file as its owner would.
fn change(scene: &Scene, change: impl FnOnce(&mut Value)) {
    let path = file(scene);
    let mut document: Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut document);
    std::fs::write(&path, document.to_string()).unwrap();
}

/// Verifies with the cache; gives how often AWS was asked, and stderr without the note of the answer's
/// age, which is there if and only if AWS was not asked.
#[track_caller]
fn with_cache(scene: &Scene, ttl: &str) -> (usize, String) {
    questions(scene);
    let ran = verify(scene, &["--revocation-cache-ttl", ttl, &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let asked = questions(scene);
    let (notes, others): (Vec<&str>, Vec<&str>) = ran
        .stderr
        .split_inclusive('\n')
        .partition(|line| line.starts_with("Note: the oldest answer about revocation is "));
    assert_eq!(notes.len(), usize::from(asked == 0), "{ran:#?}");
    (asked, others.concat())
}

#[test]
fn an_answer_is_kept_only_if_asked_to_and_says_its_age() {
    let scene = signed();
    assert_eq!(verify(&scene, &[&scene.image]).code, 0);
    assert!(!directory(&scene).exists());
    assert_eq!(with_cache(&scene, "1h"), (1, String::new()));
    assert_eq!(with_cache(&scene, "1h"), (0, String::new()));
    // Without the flag nothing is kept or read.
    questions(&scene);
    assert_eq!(verify(&scene, &[&scene.image]).code, 0);
    assert_eq!(questions(&scene), 1);

    change(&scene, |document| {
        assert_valid(document, "aws-signer-revocation.v1.schema.json");
        let asked_at = time::OffsetDateTime::now_utc() - time::Duration::minutes(50);
        document["askedAt"] = json!(countersign::notary::rfc3339(asked_at));
    });
    let ran = verify(
        &scene,
        &["--revocation-cache-ttl", "1h", "-o", "json", &scene.image],
    );
    let fact = &facts(&ran, "revocation")[0];
    assert_eq!(
        (&fact["from"], &fact["status"]),
        (&json!("cache"), &json!("good"))
    );
    assert_eq!(fact["file"], file(&scene).to_str().unwrap());
    let age = fact["ageSeconds"].as_u64().unwrap();
    assert!((3_000..3_060).contains(&age), "{age}");
    let ran = verify(
        &scene,
        &["--revocation-cache-ttl", "1h", "--verbose", &scene.image],
    );
    ran.assert_says("(50 minutes");
    ran.assert_says(", kept in `");
    // And where nothing more is wanted, in one line; stdout is as always.
    let ran = verify(&scene, &["--revocation-cache-ttl", "1h", &scene.image]);
    let stdout = format!("Successfully verified signature for {}\n", scene.image);
    assert_eq!((ran.code, &*ran.stdout), (0, &*stdout), "{ran:#?}");
    let note = ran
        .stderr
        .strip_prefix("Note: the oldest answer about revocation is 50 minutes");
    let note = note.unwrap_or_else(|| panic!("{ran:#?}"));
    assert!(note.ends_with(" old (AWS Signer's, kept)\n"), "{note}");
    // For this user the time is over.
    assert_eq!(with_cache(&scene, "49m").0, 1);
}

#[test]
fn an_answer_is_bound_to_the_question_and_its_endpoint() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    assert_eq!(with_cache(&scene, "1h").0, 1);
    let data = format!("http://localhost:{}", scene.emulator.address().port());
    let scene = scene.with_variable("AWS_ENDPOINT_URL_SIGNER_DATA", data);
    assert_eq!(with_cache(&scene, "1h").0, 1, "asked elsewhere");
    assert_eq!(std::fs::read_dir(directory(&scene)).unwrap().count(), 2);
}

#[test]
fn what_was_meddled_with_is_ignored_and_said() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    with_cache(&scene, "1h");
    let changes: [(Change, &str); 6] = [
        (
            |d| d["question"]["subject"]["jobArn"] = json!("x"),
            "has the answer to another question",
        ),
        (
            |d| d["question"]["place"]["region"] = json!("x"),
            "has the answer to another question",
        ),
        (
            |d| d["revokedEntities"] = json!(["x"]),
            "says that something was revoked",
        ),
        (
            |d| d["askedAt"] = json!("2999-01-01T00:00:00Z"),
            "which is in the future",
        ),
        (
            |d| {
                let asked_at = time::OffsetDateTime::now_utc() - time::Duration::minutes(10);
                d["askedAt"] = json!(countersign::notary::rfc3339(asked_at));
            },
            ", before the signature was made at ",
        ),
        (|d| d["more"] = json!(1), "is not an answer of AWS Signer"),
    ];
    for (meddle, words) in changes {
        change(&scene, meddle);
        let (asked, stderr) = with_cache(&scene, "1h");
        assert_eq!(asked, 1, "{words}");
        assert!(
            stderr.starts_with("Warning: a kept answer of AWS Signer is ignored: `")
                && stderr.contains(words),
            "{stderr}"
        );
        // It was replaced.
        assert_eq!(with_cache(&scene, "1h"), (0, String::new()), "{words}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_open_to_others_a_link_and_a_place_that_cannot_be_written_are_no_cache() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let scene = Scene::new();
    scene.sign(&scene.image);
    with_cache(&scene, "1h");
    let path = file(&scene);
    let mode = |path: &PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&directory(&scene))), (0o600, 0o700));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let (asked, stderr) = with_cache(&scene, "1h");
    assert!(
        asked == 1 && stderr.contains("is open to other users"),
        "{stderr}"
    );
    let elsewhere = scene.sandbox.home().join("elsewhere");
    std::fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    let (asked, stderr) = with_cache(&scene, "1h");
    assert!(
        asked == 1 && stderr.contains("is a symbolic link"),
        "{stderr}"
    );
    let open = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(directory(&scene), mode).unwrap();
    };
    std::fs::remove_file(&path).unwrap();
    with_cache(&scene, "1h");
    open(0o777);
    let (asked, stderr) = with_cache(&scene, "1h");
    for words in [
        "a kept answer of AWS Signer is ignored: ",
        "aws-signer` can be written by other users",
        "AWS Signer's answer could not be kept: ",
    ] {
        assert!(asked == 1 && stderr.contains(words), "{stderr}");
    }
    open(0o700);
    assert_eq!(with_cache(&scene, "1h").0, 0);
    std::fs::remove_dir_all(directory(&scene)).unwrap();
    std::fs::write(directory(&scene), "").unwrap();
    let (asked, stderr) = with_cache(&scene, "1h");
    assert!(
        asked == 1 && stderr.contains("AWS Signer's answer could not be kept: "),
        "{stderr}"
    );
}

#[cfg(unix)]
#[test]
fn why_a_kept_answer_does_not_count_is_said_where_aws_gives_none() {
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::new();
    scene.sign(&scene.image);
    with_cache(&scene, "15m");
    std::fs::set_permissions(file(&scene), std::fs::Permissions::from_mode(0o644)).unwrap();
    let fault = Fault::new(FaultKind::AccessDenied).on("GetRevocationStatus");
    scene.emulator.faults().add(fault);
    let arguments = ["--revocation-cache-ttl", "15m", &scene.image];
    let ran = verify(&scene, &arguments);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("  warning: a kept answer of AWS Signer is ignored: ");
    ran.assert_says("is open to other users");
    let ran = verify(&scene, &[&["-o", "json"][..], &arguments].concat());
    assert_eq!(ran.code, 3, "{ran:#?}");
    let document = crate::cli::verdict::document(&ran);
    let warning = &document["results"][0]["signatures"][0]["warnings"][0];
    let warning = warning.as_str().unwrap();
    assert!(warning.contains("is open to other users"), "{warning}");
}

/// A scene with an image that was signed an hour ago.
fn signed() -> Scene {
    let scene = Scene::new();
    scene.emulator.set_clock_offset(-time::Duration::hours(1));
    scene.sign(&scene.image);
    scene.emulator.set_clock_offset(time::Duration::ZERO);
    scene
}

/// Has the file say that it was asked so long ago.
fn age(scene: &Scene, age: time::Duration) {
    let asked_at = time::OffsetDateTime::now_utc() - age;
    change(scene, |document| {
        document["askedAt"] = json!(countersign::notary::rfc3339(asked_at));
    });
}

#[test]
fn a_refusal_ends_what_was_kept() {
    // AWS is asked again: with a shorter time, without a cache, by another command.
    let asks: [&[&str]; 2] = [&["--revocation-cache-ttl", "5m"], &[]];
    for more in asks {
        let scene = signed();
        with_cache(&scene, "24h");
        age(&scene, time::Duration::minutes(10));
        let job = super::asking::job(&scene);
        scene.emulator.revoke_signature(&job).unwrap();
        assert_eq!(with_cache(&scene, "24h").0, 0, "kept, and not asked");
        let ran = verify(&scene, &[more, &[&*scene.image]].concat());
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert_eq!(std::fs::read_dir(directory(&scene)).unwrap().count(), 0);
        let ran = verify(&scene, &["--revocation-cache-ttl", "24h", &scene.image]);
        assert_eq!(ran.code, 1, "{ran:#?}");
    }
}

#[cfg(unix)]
#[test]
fn what_a_refusal_cannot_end_is_said() {
    use std::os::unix::fs::symlink;

    let scene = signed();
    with_cache(&scene, "24h");
    let job = super::asking::job(&scene);
    scene.emulator.revoke_signature(&job).unwrap();
    let elsewhere = scene.sandbox.home().join("elsewhere");
    std::fs::rename(directory(&scene), &elsewhere).unwrap();
    symlink(&elsewhere, directory(&scene)).unwrap();
    let ran = verify(&scene, &[&scene.image]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(
        "warning: an older answer of AWS Signer, that nothing was revoked, could not be removed, and \
         may count again where answers are kept: the file of the answer cannot be used: `",
    );
}

#[test]
fn a_refusal_is_not_kept() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let job = super::asking::job(&scene);
    scene.emulator.revoke_signature(&job).unwrap();
    for _ in 0..2 {
        questions(&scene);
        let ran = verify(&scene, &["--revocation-cache-ttl", "1h", &scene.image]);
        assert_eq!((ran.code, questions(&scene)), (1, 1), "{ran:#?}");
    }
    assert!(!directory(&scene).exists());
}

#[test]
fn the_time_is_bounded_and_not_for_a_plugin() {
    let scene = Scene::new();
    let ran = verify(
        &scene,
        &[
            "--use-installed-plugin",
            "--revocation-cache-ttl",
            "1h",
            &scene.image,
        ],
    );
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("'--use-installed-plugin' cannot be used with '--revocation-cache-ttl <");
    for ttl in ["0s", "25h"] {
        let ran = verify(&scene, &["--revocation-cache-ttl", ttl, &scene.image]);
        ran.assert_refused(
            2,
            &format!(
                "Error: invalid value `{ttl}` for `--revocation-cache-ttl`: must be greater than \
                 zero and at most 24h"
            ),
        );
    }
}
