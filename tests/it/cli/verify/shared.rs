//! What several references of one command ask together: one question to one repository is asked once.

use super::many::{list, registry, verify};
use super::*;
use crate::support::hostile::{Hostile, Reply};

/// A registry with the scene's image, which is signed.
fn signed() -> (Scene, Hostile) {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let watched = registry(&scene, |_, reply| reply);
    (scene, watched)
}

/// What was asked, sorted.
fn asked(hostile: &Hostile) -> Vec<String> {
    let mut lines = hostile.lines();
    lines.sort();
    lines
}

/// That nothing was asked twice.
#[track_caller]
fn assert_distinct(hostile: &Hostile) {
    let mut lines = asked(hostile);
    let all = lines.len();
    lines.dedup();
    assert_eq!(lines.len(), all, "{:#?}", asked(hostile));
}

#[test]
fn the_same_image_fifty_times_is_asked_about_once() {
    let (scene, watched) = signed();
    let reference = format!("{}/app@{}", watched.host(), scene.digest());
    list(&scene, &vec![reference; 50]);
    let ran = verify(&scene, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ran.stdout.matches("Successfully verified").count(), 50);
    assert_distinct(&watched);
    // Manifest, list, signature manifest, envelope, and where the envelope is.
    assert_eq!(watched.seen().len(), 5, "{:#?}", asked(&watched));
}

#[test]
fn one_after_the_other_they_are_asked_about_once_as_well() {
    let (scene, watched) = signed();
    let reference = format!("{}/app@{}", watched.host(), scene.digest());
    list(&scene, &vec![reference; 5]);
    let ran = verify(&scene, &["--concurrency", "1"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(watched.seen().len(), 5, "{:#?}", asked(&watched));
}

#[test]
fn a_tag_and_the_digest_it_stands_for_share_all_but_the_manifest() {
    let (scene, watched) = signed();
    let (host, digest) = (watched.host(), scene.digest());
    let both = [format!("{host}/app:v1"), format!("{host}/app@{digest}")];
    list(&scene, &both);
    let ran = verify(&scene, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_distinct(&watched);
    assert_eq!(watched.seen().len(), 6, "{:#?}", asked(&watched));
}

#[test]
fn what_is_not_there_is_asked_for_once() {
    let (scene, watched) = signed();
    let reference = format!("{}/app:none", watched.host());
    list(&scene, &vec![reference; 20]);
    let ran = verify(&scene, &["--output", "jsonl"]);
    assert_ne!(ran.code, 0, "{ran:#?}");
    assert_eq!(asked(&watched), ["GET /v2/app/manifests/none"]);
}

#[test]
fn another_registry_and_the_next_command_are_asked_anew() {
    let (scene, one) = signed();
    let other = registry(&scene, |_, reply| reply);
    let of = |hostile: &Hostile| format!("{}/app@{}", hostile.host(), scene.digest());
    list(&scene, &[of(&one), of(&other), of(&one), of(&other)]);
    for times in [1, 2] {
        let ran = verify(&scene, &[]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        for hostile in [&one, &other] {
            assert_eq!(hostile.seen().len(), 5 * times, "{:#?}", asked(hostile));
        }
    }
}

#[test]
fn nothing_of_an_index_is_fetched_twice_and_its_images_are_asked_about_together() {
    let it = images::Indexed::new();
    for image in &it.images {
        it.scene.sign(image);
    }
    // The lists of both images, or their manifests, are there before one of them is answered.
    let of_image = it.images.clone();
    let watched = registry(&it.scene, move |seen, reply| {
        let is_of_image = |image: &String| seen.path().ends_with(images::Indexed::digest_of(image));
        let reply: Reply = reply;
        if of_image.iter().any(is_of_image) {
            return reply.after_requests(6);
        }
        reply
    });
    let reference = format!("{}/app@{}", watched.host(), it.index_digest());
    let ran = it
        .scene
        .verify_with(&["--recursive", "--no-content-cache"], &reference);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_distinct(&watched);
    // Manifest and list of the index and of two images; of each image a signature's manifest, envelope and its place.
    assert_eq!(watched.seen().len(), 6 + 6, "{:#?}", asked(&watched));
}
