//! Signatures that were fetched before: read from a directory, and asked about every time.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// Scene with a signed image and its directory of kept signatures.
fn scene() -> (Scene, PathBuf) {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.operations();
    let kept = scene.sandbox.home().join("kept");
    (scene, kept)
}

fn verify(scene: &Scene) -> Ran {
    scene.verify_with(&["--content-cache", "kept"], &scene.image)
}

/// Every file below the directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect();
    found.sort();
    found
}

/// What a verification asks that has nothing to fetch.
fn assert_asks_only_whether_it_is_there(scene: &Scene) {
    let mut asked = scene.operations();
    asked[..2].sort();
    let wanted = [
        "registry:GetManifest",
        "registry:ListReferrers",
        "GetRevocationStatus",
    ];
    assert_eq!(asked, wanted);
}

#[test]
fn what_was_fetched_is_not_fetched_again_and_asked_about_again() {
    let (scene, kept) = scene();
    assert_verified(&verify(&scene), &scene.image);
    assert_eq!(scene.operations().len(), 6);
    let before = files(&kept);
    assert_eq!(before.len(), 2, "manifest and envelope: {before:?}");
    assert_verified(&verify(&scene), &scene.image);
    assert_asks_only_whether_it_is_there(&scene);
    assert_eq!(files(&kept), before);
}

#[test]
fn one_image_alone_keeps_nothing_unless_it_is_told_to_and_several_do_unless_told_not_to() {
    let (scene, _) = scene();
    let cache = scene.sandbox.home().join(".cache/notation/countersign");
    assert_verified(&scene.verify(&scene.image), &scene.image);
    let other = scene.emulator.push_test_image("app", "v2").unwrap();
    let other = format!("{}@{other}", scene.repository);
    scene.sign(&other);
    assert_eq!(
        scene
            .verify_with(&["--no-content-cache", &other], &scene.image)
            .code,
        0
    );
    assert!(!cache.exists());
    assert_eq!(scene.verify_with(&[&other], &scene.image).code, 0);
    assert_eq!(files(&cache).len(), 4);
}

#[test]
fn a_wrong_file_is_fetched_again_and_replaced() {
    let (scene, kept) = scene();
    verify(&scene);
    let good: Vec<(PathBuf, Vec<u8>)> = files(&kept)
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    for (path, bytes) in &good {
        for wrong in [
            &b""[..],
            &bytes[..bytes.len() - 1],
            &[&bytes[..], b" "].concat(),
        ] {
            fs::write(path, wrong).unwrap();
            assert_verified(&verify(&scene), &scene.image);
            assert_eq!(fs::read(path).unwrap(), *bytes);
        }
        let mut changed = bytes.clone();
        changed[bytes.len() / 2] ^= 1;
        fs::write(path, changed).unwrap();
        assert_verified(&verify(&scene), &scene.image);
        assert_eq!(fs::read(path).unwrap(), *bytes);
    }
}

#[test]
fn a_signature_that_the_registry_does_not_list_any_more_is_none() {
    let (scene, kept) = scene();
    verify(&scene);
    assert_eq!(files(&kept).len(), 2);
    let other = scene.emulator.push_test_image("app", "v2").unwrap();
    let other = format!("{}@{other}", scene.repository);
    let ran = scene.verify_with(&["--content-cache", "kept"], &other);
    ran.assert_refused(
        1,
        &format!(
            "Error: signature verification failed: no signature is associated with \"{other}\", make sure the artifact was signed \
             successfully"
        ),
    );
}

#[test]
fn a_revoked_signature_is_refused_whatever_is_kept() {
    let (scene, _) = scene();
    assert_verified(&verify(&scene), &scene.image);
    let long_ago = time::OffsetDateTime::UNIX_EPOCH;
    let version = &scene.profile.version_arn;
    scene
        .emulator
        .revoke_signing_profile(version, long_ago)
        .unwrap();
    let ran = verify(&scene);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("revoked");
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_used_is_no_error() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let (scene, kept) = scene();
    // A file, a link, a directory of everybody.
    fs::write(&kept, b"").unwrap();
    assert_verified(&verify(&scene), &scene.image);
    fs::remove_file(&kept).unwrap();
    let elsewhere = scene.sandbox.home().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, &kept).unwrap();
    assert_verified(&verify(&scene), &scene.image);
    assert!(files(&elsewhere).is_empty());
    fs::remove_file(&kept).unwrap();
    fs::create_dir(&kept).unwrap();
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o777)).unwrap();
    assert_verified(&verify(&scene), &scene.image);
    assert!(files(&kept).is_empty());
}

#[test]
fn nothing_is_kept_without_a_network() {
    let (scene, _) = scene();
    let ran = scene.verify_with(&["--offline", "d", "--content-cache", "kept"], &scene.image);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("the argument '--offline <DIR>' cannot be used with '--content-cache <DIR>'");
}
