//! Indexes that are not what they should be. Each is signed, so that only its entries can be the reason of a refusal.

use serde_json::{Value, json};

use super::images::Indexed;

const FLAGS: [&[&str]; 2] = [&["--recursive"], &["--recursive", "--covered-by", "index"]];

fn linux(architecture: &str) -> Value {
    json!({ "os": "linux", "architecture": architecture })
}

/// An index with its two images and these entries, everything signed.
fn signed_with(it: &Indexed, entries: &[Value]) -> String {
    let index = it.with_entries(entries);
    for image in it.images.iter().chain([&index, &it.scene.image]) {
        it.scene.sign(image);
    }
    index
}

#[track_caller]
fn assert_refused(it: &Indexed, index: &str, code: i32, says: &str) {
    for flags in FLAGS {
        let ran = it.verify(flags, index);
        assert_eq!(ran.code, code, "{flags:?}: {ran:#?}");
        ran.assert_says(says);
        let (_, result) = it.result(flags, index);
        assert_ne!(result["verdict"], "verified");
        assert!(result["error"]["message"].is_string(), "{result:#}");
    }
}

#[test]
fn an_entry_must_have_size_and_media_type_of_the_image() {
    let it = Indexed::new();
    let right = it.entry(it.scene.digest(), linux("s390x"));
    let mut size = right.clone();
    size["size"] = json!(right["size"].as_u64().unwrap() + 1);
    let mut kind = right.clone();
    kind["mediaType"] = json!("application/vnd.docker.distribution.manifest.v2+json");
    for wrong in [size, kind] {
        let index = signed_with(&it, &[wrong]);
        assert_refused(
            &it,
            &index,
            1,
            "is a `application/vnd.oci.image.manifest.v1+json` of",
        );
        // It does not cover the image that is named by itself either.
        let digest = Indexed::digest_of(&index);
        let named = ["--covered-by", "index", "--index", digest];
        let ran = it.verify(&named, &it.scene.image);
        ran.assert_refused(
            1,
            "Error: an image of the index is not what the index says of it",
        );
    }
    let index = signed_with(&it, &[right]);
    for flags in FLAGS {
        assert_eq!(it.verify(flags, &index).code, 0);
    }
}

#[test]
fn one_digest_is_described_once() {
    let it = Indexed::new();
    let right = it.entry(it.scene.digest(), linux("s390x"));
    let mut other = right.clone();
    other["size"] = json!(1);
    for platform in [
        linux("s390x"),
        json!({ "os": "unknown", "architecture": "unknown" }),
    ] {
        other["platform"] = platform;
        let index = signed_with(&it, &[right.clone(), other.clone()]);
        assert_refused(
            &it,
            &index,
            1,
            "in two ways, which differ in size or media type",
        );
    }
}

#[test]
fn an_index_in_an_index_is_refused_however_deep() {
    let it = Indexed::new();
    let mut digest = it.index_digest().to_owned();
    for _ in 0..20 {
        let nested = it.entry(&digest, linux("s390x"));
        let index = it.with_entries(&[nested]);
        digest = Indexed::digest_of(&index).to_owned();
    }
    let index = format!("{}@{digest}", it.scene.repository);
    it.scene.sign(&index);
    assert_refused(&it, &index, 1, "not that of an image");
    // An index that lists itself, as far as one can: under a digest that it does not have.
    let itself = json!({
        "mediaType": "application/vnd.oci.image.index.v1+json", "digest": it.index_digest(), "size": 1,
    });
    let index = signed_with(&it, &[itself]);
    assert_refused(&it, &index, 1, "not that of an image");
    // As an image it is not what the index says.
    let itself = json!({
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": it.index_digest(),
        "size": 1, "platform": linux("s390x"),
    });
    let index = signed_with(&it, &[itself]);
    assert_refused(
        &it,
        &index,
        1,
        "application/vnd.oci.image.index.v1+json` of",
    );
}

#[test]
fn an_image_that_is_not_there_is_not_verified() {
    let it = Indexed::new();
    it.scene.sign(&it.index);
    it.scene.sign(&it.images[0]);
    it.scene.client().delete(Indexed::digest_of(&it.images[1]));
    assert_refused(&it, &it.index, 1, "failed to get manifest descriptor");
    let (_, result) = it.result(FLAGS[1], &it.index);
    let verdicts: Vec<_> = result["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| image["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["verified", "rejected"]);
}

#[test]
fn there_are_not_more_images_than_may_be_looked_at() {
    let it = Indexed::new();
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    for (count, platform) in [
        (63, linux("s390x")),
        (10_000, linux("s390x")),
        (10_000, unknown),
    ] {
        let entries: Vec<Value> = (0..count)
            .map(|number| {
                json!({
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": format!("sha256:{number:064x}"), "size": 7, "platform": platform,
                })
            })
            .collect();
        let index = it.with_entries(&entries);
        it.scene.sign(&index);
        it.scene.emulator.clear_calls();
        assert_refused(&it, &index, 1, "the index has more than 64 images");
        let calls = it.scene.operations();
        assert!(calls.len() <= 4 * 4, "{calls:?}");
    }
}

#[test]
fn what_is_for_no_platform_is_covered_by_nothing_and_said() {
    let it = Indexed::new();
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    let attestation = it.entry(it.scene.digest(), unknown);
    let index = it.with_entries(&[attestation]);
    for image in it.images.iter().chain([&index]) {
        it.scene.sign(image);
    }
    for flags in FLAGS {
        let (code, result) = it.result(flags, &index);
        assert_eq!((code, &result["verdict"]), (0, &json!("verified")));
        assert_eq!(result["uncovered"], json!([it.scene.digest()]));
        assert_eq!(
            it.verify(flags, &index).stderr,
            format!(
                "Note: 1 entry is not verified: for the platform `unknown`, in the index {index}\n"
            )
        );
    }
    let named = [
        "--covered-by",
        "index",
        "--index",
        Indexed::digest_of(&index),
    ];
    let ran = it.verify(&named, &it.scene.image);
    assert_eq!(ran.code, 1);
    ran.assert_says("for the platform `unknown` only");
    // Without any platform, or with half of one, an image needs its own signature.
    for platform in [
        Value::Null,
        json!({ "os": "linux", "architecture": "unknown" }),
    ] {
        let index = it.with_entries(&[it.entry(it.scene.digest(), platform)]);
        it.scene.sign(&index);
        for flags in FLAGS {
            let (code, result) = it.result(flags, &index);
            assert_eq!(
                (code, &result["verdict"]),
                (1, &json!("unsigned")),
                "{result:#}"
            );
        }
        let named = [
            "--covered-by",
            "index",
            "--index",
            Indexed::digest_of(&index),
        ];
        assert_eq!(it.result(&named, &it.scene.image).0, 1);
    }
}

#[test]
fn two_images_for_one_platform_are_not_picked_from() {
    let it = Indexed::new();
    let index = signed_with(&it, &[it.entry(it.scene.digest(), linux("arm64"))]);
    let ran = it.verify(&["--platform", "linux/arm64"], &index);
    assert_eq!(ran.code, 1);
    ran.assert_says("the index has 2 images for the platform `linux/arm64`");
    ran.assert_says("name the image of one platform by its digest");
    assert_eq!(it.verify(&["--platform", "linux/amd64"], &index).code, 0);
}

#[test]
fn a_revoked_signature_of_the_index_covers_nothing() {
    let it = Indexed::new();
    it.scene.sign(&it.index);
    assert_eq!(it.verify(FLAGS[1], &it.index).code, 0);
    it.scene
        .emulator
        .revoke_signing_profile(
            &it.scene.profile.version_arn,
            time::OffsetDateTime::now_utc() - time::Duration::HOUR,
        )
        .unwrap();
    let (code, result) = it.result(FLAGS[1], &it.index);
    assert_eq!((code, &result["verdict"]), (1, &json!("rejected")));
    assert!(result.get("images").is_none());
}
