//! The directory itself: what was meddled with, links, and what cannot be written or read.

use super::aws_signer::{allowed, fetch, fetched, write_policy};
use super::files;
use crate::support::scene::Scene;

#[test]
fn copies_that_were_meddled_with_are_never_verified() {
    let (scene, island) = fetched();
    write_policy(&scene, &island, &allowed());
    let assert_undecided = |hint: &str| {
        let ran = island.verify(&[]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        ran.assert_says(hint);
    };
    let again = "hint: with a network";
    // The image's manifest, the signature's, and the envelope.
    let mut files = island.files("artifacts/blobs/sha256");
    assert_eq!(files.len(), 3);
    let artifacts = island.sandbox.home().join("facts/artifacts");
    files.extend([artifacts.join("index.json"), artifacts.join("oci-layout")]);
    for file in &files {
        let good = std::fs::read(file).unwrap();
        std::fs::remove_file(file).unwrap();
        assert_undecided(again);
        let mut bad = good.clone();
        bad[0] ^= 1;
        let too_large = vec![b' '; 5 << 20];
        for content in [&bad, &too_large] {
            std::fs::write(file, content).unwrap();
            assert_undecided(again);
        }
        std::fs::remove_file(file).unwrap();
        #[cfg(unix)]
        {
            let elsewhere = island.sandbox.home().join("elsewhere");
            std::fs::write(&elsewhere, &good).unwrap();
            std::os::unix::fs::symlink(&elsewhere, file).unwrap();
            assert_undecided("hint: replace the link by the file itself");
            std::fs::remove_file(file).unwrap();
            crate::support::script_plugin::make_pipe(file);
            assert_undecided(again);
            std::fs::remove_file(file).unwrap();
        }
        std::fs::write(file, &good).unwrap();
        island.assert_verified(&[]);
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_a_folder_or_an_answer_is_refused_with_its_own_hint() {
    let (scene, island) = fetched();
    write_policy(&scene, &island, &allowed());
    let facts = island.sandbox.home().join("facts");
    let answer = island.files("aws-signer").remove(0);
    let elsewhere = island.sandbox.home().join("elsewhere");
    for (linked, hint) in [
        (
            facts.join("artifacts"),
            "replace the link by the directory itself: `cp -RL ",
        ),
        (
            facts.join("aws-signer"),
            "replace the link by the directory itself: `cp -RL ",
        ),
        (answer, "replace the link by the file itself: `cp "),
    ] {
        std::fs::rename(&linked, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &linked).unwrap();
        let ran = island.verify(&[]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        ran.assert_says("is a symbolic link");
        ran.assert_says(&format!("hint: {hint}"));
        std::fs::remove_file(&linked).unwrap();
        std::fs::rename(&elsewhere, &linked).unwrap();
    }
    island.assert_verified(&[]);
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_is_a_usage_error_before_anybody_is_asked() {
    use std::os::unix::fs::symlink;

    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.operations();
    let facts = scene.sandbox.home().join("facts");
    let assert_unusable = |why: &str, hint: &str| {
        let ran = fetch(&scene, &[&scene.image]);
        ran.assert_refused(2, "Error: the directory `facts` of `--out` cannot be used");
        ran.assert_says(why);
        ran.assert_says(hint);
        assert!(scene.operations().is_empty(), "{ran:#?}");
    };
    std::fs::write(&facts, "").unwrap();
    assert_unusable(
        "caused by: `facts` is a regular file, not a directory",
        "hint: name a directory that this user can write, or a new one, with `--out`",
    );
    std::fs::remove_file(&facts).unwrap();
    std::fs::create_dir_all(&facts).unwrap();
    let elsewhere = scene.sandbox.home().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    for folder in ["artifacts", "revocation", "aws-signer"] {
        symlink(&elsewhere, facts.join(folder)).unwrap();
        assert_unusable(
            &format!("caused by: `facts/{folder}` is a symbolic link"),
            "hint: replace the link by the directory itself",
        );
        std::fs::remove_file(facts.join(folder)).unwrap();
    }
    assert_eq!(files(&elsewhere).len(), 0);
    // What goes wrong later is not known at the start; it does not give a verdict either.
    std::fs::create_dir(facts.join("artifacts")).unwrap();
    std::fs::write(facts.join("artifacts/index.json"), "junk").unwrap();
    let ran = fetch(&scene, &[&scene.image]);
    ran.assert_refused(3, &format!("Error: failed to store `{}`", scene.image));
    ran.assert_says("hint: name another directory with `--out`");
}

#[cfg(unix)]
#[test]
fn what_is_fetched_can_be_carried_to_another_user() {
    use std::os::unix::fs::PermissionsExt as _;

    let (scene, _) = fetched();
    let mut paths = vec![scene.sandbox.home().join("facts")];
    let mut seen = 0;
    while let Some(path) = paths.pop() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        let all_may = if path.is_dir() { 0o555 } else { 0o444 };
        assert_eq!(mode & all_may, all_may, "{} has {mode:o}", path.display());
        if path.is_dir() {
            paths.extend(files(&path));
        }
        seen += 1;
    }
    assert!(seen > 8, "{seen}");
}
