//! Lies about envelopes.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::limits::{MAX_ENVELOPE_BYTES, MAX_SIGNATURES};

use super::*;

/// A registry with one signature, whose envelope is answered with `reply` and said to be `size` bytes.
fn with_envelope(digest: &str, size: usize, reply: Reply) -> Liar {
    with_envelope_of("application/jose+json", digest, size, reply)
}

fn with_envelope_of(media_type: &str, digest: &str, size: usize, reply: Reply) -> Liar {
    let (scene, truth) = signed();
    let manifest = truth.signature_of(digest, size);
    let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
    manifest["layers"][0]["mediaType"] = media_type.into();
    let manifest = manifest.to_string().into_bytes();
    let blob = digest.to_owned();
    liar_about(scene, truth, move |seen, _| {
        let signature = sha256_digest(&manifest).to_string();
        if is_list(seen) {
            return Some(index(&[entry(&signature, manifest.len())]));
        }
        if is_manifest(seen, &signature) {
            return Some(Reply::ok(IMAGE_MANIFEST, manifest.clone()));
        }
        is_blob(seen, &blob).then(|| reply.clone())
    })
}

fn octets(body: impl Into<Vec<u8>>) -> Reply {
    Reply::ok("application/octet-stream", body)
}

/// The signature's own envelope, answered with `reply`.
fn answering(reply: impl Fn(&Truth) -> Reply + Send + Sync + 'static) -> Liar {
    liar(move |seen, truth| is_blob(seen, &truth.envelope_digest).then(|| reply(truth)))
}

fn max_envelope() -> usize {
    usize::try_from(MAX_ENVELOPE_BYTES).unwrap()
}

#[test]
fn an_envelope_of_33_mib_is_not_asked_for() {
    let bytes = vec![b' '; max_envelope() + 1024 * 1024];
    let digest = sha256_digest(&bytes).to_string();
    let liar = with_envelope(&digest, bytes.len(), octets(bytes));
    liar.assert_untrusted(1, "34603008 bytes");
    assert_eq!(liar.requests("/blobs/"), 0);
}

#[test]
fn an_envelope_of_33_mib_that_claims_to_be_small_is_not_read() {
    let bytes = vec![b' '; max_envelope() + 1024 * 1024];
    let digest = sha256_digest(&bytes).to_string();
    let liar = with_envelope(&digest, 9_000, octets(bytes));
    liar.assert_untrusted(1, "34603008");
}

#[test]
fn an_envelope_of_32_mib_is_read_and_refused_within_the_memory() {
    let blank = vec![b' '; max_envelope()];
    // As much payload as there is room for: the same bytes as text and decoded.
    let head = r#"{"payload":""#;
    let tail = r#"","protected":"e30","header":{"x5c":[]},"signature":"AA"}"#;
    let filling = "A".repeat((max_envelope() - head.len() - tail.len()) / 4 * 4);
    let payload = format!("{head}{filling}{tail}").into_bytes();
    // Text that cannot be borrowed, because it has escapes.
    let slashes = "\\/".repeat((max_envelope() - head.len() - tail.len()) / 2);
    let escaped = format!("{head}{slashes}{tail}").into_bytes();
    // A `COSE_Sign1` of an empty header, a payload, and one byte of signature.
    let size = max_envelope() - 16;
    let mut cose = vec![0xd2, 0x84, 0x41, 0xa0, 0xa0, 0x5a];
    cose.extend(u32::try_from(size).unwrap().to_be_bytes());
    cose.extend(vec![b'x'; size]);
    cose.extend([0x41, 0]);
    for (media_type, bytes) in [
        ("application/jose+json", blank),
        ("application/jose+json", payload),
        ("application/jose+json", escaped),
        ("application/cose", cose),
    ] {
        let digest = sha256_digest(&bytes).to_string();
        let liar = with_envelope_of(media_type, &digest, bytes.len(), octets(bytes));
        liar.assert_untrusted(1, "integrity (enforce): failed");
        let ran = liar.inspect();
        assert_eq!(ran.code, 1, "{ran:#?}");
    }
}

#[test]
fn an_envelope_without_end_is_cut_off() {
    let liar = answering(|_| octets("").endless(vec![b'x'; 65_536]));
    liar.assert_untrusted(1, "longer than");
}

#[test]
fn an_envelope_with_another_digest_is_refused() {
    let liar = answering(|truth| {
        let mut bytes = truth.envelope.clone();
        bytes[100] ^= 1;
        octets(bytes)
    });
    liar.assert_untrusted(1, "sha256:");
}

#[test]
fn an_envelope_that_breaks_off_leaves_it_open() {
    let liar = answering(|truth| octets("").cut(&truth.envelope[..1_000], truth.envelope.len()));
    liar.assert_untrusted(3, "broke off");
}

#[test]
fn a_connection_that_is_reset_leaves_it_open() {
    let liar = answering(|_| Reply::closed());
    liar.assert_untrusted(3, "broke off");
}

#[test]
fn a_compressed_envelope_is_not_unpacked() {
    let liar = answering(|_| octets(gzip_bomb()).header("Content-Encoding", "gzip"));
    liar.assert_untrusted(1, "`gzip`");
}

#[test]
fn a_web_page_instead_of_an_envelope_is_refused() {
    let liar = answering(|_| Reply::ok("text/html", "<html>sign in"));
    liar.assert_untrusted(1, "bytes");
}

// Everything a registry lists is judged up to the limit, and every refusal is reported.
#[test]
fn a_hundred_envelopes_as_large_as_allowed_stay_within_the_memory() {
    let (scene, truth) = signed();
    let pad = |number: usize| {
        let mut envelope: Value = serde_json::from_slice(&truth.envelope).unwrap();
        // Not signed, so that everybody can add it.
        envelope["header"]["x"] = number.into();
        envelope["header"]["io.cncf.notary.timestampSignature"] =
            STANDARD.encode(vec![1; 1024 * 1024]).into();
        envelope.to_string().into_bytes()
    };
    let other = scene.emulator.push_test_image("app", "v2").unwrap();
    let subject = scene.client().manifest_bytes(&other);
    let mut content = HashMap::new();
    let mut entries = Vec::new();
    for number in 0..MAX_SIGNATURES {
        let envelope = pad(number);
        let digest = sha256_digest(&envelope).to_string();
        let mut manifest: Value =
            serde_json::from_slice(&truth.signature_of(&digest, envelope.len())).unwrap();
        manifest["subject"]["digest"] = other.clone().into();
        manifest["subject"]["size"] = subject.len().into();
        let manifest = manifest.to_string().into_bytes();
        let signature = sha256_digest(&manifest).to_string();
        entries.push(entry(&signature, manifest.len()));
        content.insert(digest, envelope);
        content.insert(signature, manifest);
    }
    let truth = Truth {
        digest: other,
        ..truth
    };
    let liar = liar_about(scene, truth, move |seen, _| {
        if is_list(seen) {
            return Some(index(&entries));
        }
        let digest = seen.path().rsplit('/').next()?;
        let is_manifest = seen.path().contains("/manifests/");
        let media_type = if is_manifest {
            IMAGE_MANIFEST
        } else {
            "application/octet-stream"
        };
        let bytes = content.get(digest)?;
        Some(Reply::ok(media_type, bytes.clone()))
    });
    // Integrity passes: the envelopes are for another image, and what is added is not signed.
    let ran = liar.verify();
    let sentence = format!("the signatures of `{}` could not be judged", liar.image);
    assert_refused(&ran, 3, &sentence, "the signature is for another artifact");
    // It is more than is fetched for one artifact.
    ran.assert_says("were not tried: more than 67108864 bytes were fetched");
    assert_eq!(liar.inspect().code, 3);
}
