//! Lies about the artifact itself, and about signature manifests.

use countersign::limits::MAX_MANIFEST_BYTES;

use super::*;

/// A manifest of `size` bytes.
fn manifest_of(size: usize) -> Vec<u8> {
    let head = format!(r#"{{"schemaVersion":2,"mediaType":"{IMAGE_MANIFEST}","layers":[],"x":""#);
    let filling = "x".repeat(size - head.len() - 2);
    format!("{head}{filling}\"}}").into_bytes()
}

const FIVE_MIB: usize = 5 * 1024 * 1024;

#[test]
fn a_manifest_of_5_mib_is_not_read() {
    let manifest = manifest_of(FIVE_MIB);
    let liar = liar(move |seen, truth| {
        (is_manifest(seen, "v1") || is_manifest(seen, &truth.digest))
            .then(|| Reply::ok(IMAGE_MANIFEST, manifest.clone()))
    });
    let words = format!("is longer than {MAX_MANIFEST_BYTES} bytes");
    liar.assert_unresolved(1, &words);
    let ran = liar.verify_reference(&liar.tag());
    assert_refused(&ran, 1, "failed to get manifest descriptor: ", &words);
}

#[test]
fn a_signature_manifest_of_5_mib_is_not_asked_for() {
    let (scene, truth) = signed();
    let manifest = manifest_of(FIVE_MIB);
    let digest = sha256_digest(&manifest).to_string();
    let listed = digest.clone();
    let liar = liar_about(scene, truth, move |seen, _| {
        if is_list(seen) {
            return Some(index(&[entry(&listed, FIVE_MIB)]));
        }
        is_manifest(seen, &listed).then(|| Reply::ok(IMAGE_MANIFEST, manifest.clone()))
    });
    liar.assert_untrusted(1, "5242880 bytes");
    assert_eq!(liar.requests(&digest), 0);
}

// CVE-2023-33959: a registry could answer the request for a digest with another manifest, and its
// signature verified for the digest.
#[test]
fn a_digest_that_is_answered_with_another_signed_manifest_is_refused() {
    let (scene, truth) = signed();
    let other = scene.emulator.push_test_image("app", "v2").unwrap();
    scene.sign(&format!("{}@{other}", scene.repository));
    let manifest = scene.client().manifest_bytes(&other);
    let asked = truth.digest.clone();
    let liar = liar_about(scene, truth, move |seen, truth| {
        // The header may claim either.
        is_manifest(seen, &truth.digest).then(|| {
            Reply::ok(IMAGE_MANIFEST, manifest.clone())
                .header("Docker-Content-Digest", &truth.digest)
        })
    });
    liar.assert_unresolved(1, &asked);
    liar.verify().assert_says(&other);
    assert_eq!(liar.requests("/blobs/"), 0);
}

// CVE-2023-33959 as well.
#[test]
fn head_is_never_asked_so_that_it_cannot_disagree_with_get() {
    let (scene, truth) = signed();
    let other = scene.emulator.push_test_image("app", "v2").unwrap();
    let manifest = scene.client().manifest_bytes(&other);
    let liar = liar_about(scene, truth, move |seen, truth| {
        let claimed = match seen.method.as_str() {
            "HEAD" => truth.manifest.clone(),
            _ => manifest.clone(),
        };
        is_manifest(seen, "v1").then(|| {
            Reply::ok(IMAGE_MANIFEST, claimed).header("Docker-Content-Digest", &truth.digest)
        })
    });
    let ran = liar.verify_reference(&liar.tag());
    assert_refused(&ran, 1, "failed to get manifest descriptor: ", &other);
    assert!(liar.hostile.seen().iter().all(|seen| seen.method == "GET"));
}

// CVE-2024-23332: a registry may serve an older artifact under a tag, as long as its signature is
// good. That cannot be detected, so the digest that was verified is printed, with a warning about
// the tag.
#[test]
fn an_older_signed_image_under_a_tag_is_named_by_its_digest() {
    let (scene, truth) = signed();
    let newer = scene.emulator.push_test_image("app", "v2").unwrap();
    scene.sign(&format!("{}@{newer}", scene.repository));
    let liar = liar_about(scene, truth, |seen, truth| {
        is_manifest(seen, "v2").then(|| Reply::ok(IMAGE_MANIFEST, truth.manifest.clone()))
    });
    let ran = liar.verify_reference(&format!("{}/app:v2", liar.hostile.host()));
    let words = format!("\nSuccessfully verified signature for {}\n", liar.image);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, words.as_str()),
        "{ran:#?}"
    );
    ran.assert_says("Warning: Always verify the artifact using digest(@sha256:...)");
}

#[test]
fn a_web_page_instead_of_a_manifest_is_refused() {
    let liar = liar(|seen, truth| {
        (is_manifest(seen, "v1") || is_manifest(seen, &truth.digest))
            .then(|| Reply::ok("text/html; charset=utf-8", "<html>sign in"))
    });
    // The digest tells first that it is not what was asked for.
    liar.assert_unresolved(1, "hint: ");
    let ran = liar.verify_reference(&liar.tag());
    assert_refused(
        &ran,
        1,
        "failed to get manifest descriptor: ",
        "`text/html`",
    );
}

#[test]
fn a_manifest_that_breaks_off_is_not_one() {
    let liar = liar(|seen, truth| {
        let half = truth.manifest[..truth.manifest.len() / 2].to_vec();
        is_manifest(seen, &truth.digest)
            .then(|| Reply::ok(IMAGE_MANIFEST, "").cut(half, truth.manifest.len()))
    });
    liar.assert_unresolved(3, "broke off");
}

#[test]
fn a_compressed_manifest_is_not_unpacked() {
    let liar = liar(|seen, truth| {
        is_manifest(seen, &truth.digest)
            .then(|| Reply::ok(IMAGE_MANIFEST, gzip_bomb()).header("Content-Encoding", "gzip"))
    });
    liar.assert_unresolved(1, "`gzip`");
}

#[test]
fn a_listed_signature_that_is_not_there_is_a_failed_attempt() {
    let liar = liar(|seen, truth| is_manifest(seen, &truth.signature).then(|| Reply::status(404)));
    liar.assert_untrusted(1, "was not found");
    let ran = liar.inspect();
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("was not found");
}

#[test]
fn a_signature_that_may_not_be_read_leaves_it_open() {
    let liar = liar(|seen, truth| is_manifest(seen, &truth.signature).then(|| Reply::status(403)));
    liar.assert_untrusted(3, "denied an anonymous request access");
    let ran = liar.inspect();
    assert_eq!(ran.code, 3, "{ran:#?}");
}

#[test]
fn a_registry_that_says_nothing_is_not_waited_for_without_end() {
    let liar = liar(|seen, _| is_list(seen).then(Reply::silent));
    liar.assert_unlisted(3, "timed out waiting for the complete response");
}
