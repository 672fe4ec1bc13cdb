//! Indexes that are not what they should be. Each is signed, so that only its entries can be the reason of a refusal.

use serde_json::{Value, json};

use super::images::Indexed;
use crate::support::layout;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

const FLAGS: [&[&str]; 2] = [&["--recursive"], &["--recursive", "--covered-by", "index"]];

fn linux(architecture: &str) -> Value {
    json!({ "os": "linux", "architecture": architecture })
}

/// A layout with three images, into which any index can be written; a registry refuses some.
struct Layout {
    it: Indexed,
    images: Vec<String>,
}

impl Layout {
    fn new() -> Self {
        let it = Indexed::new();
        let directory = it.scene.sandbox.home().join("oci");
        let digests = layout::make(&directory, &["amd64", "arm64", "s390x"]);
        let images = digests.iter().map(ToString::to_string).collect();
        let made = Self { it, images };
        made.images.iter().for_each(|image| made.sign(image));
        made
    }

    fn sign(&self, digest: &str) {
        let reference = format!("oci@{digest}");
        let profile = &self.it.scene.profile.arn;
        let sign = [
            "sign",
            "--oci-layout",
            "--signing-profile",
            profile,
            &reference,
        ];
        let ran = self.it.scene.run(&sign);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }

    fn entry(&self, image: usize, platform: &Value) -> Value {
        json!({
            "mediaType": layout::IMAGE_MANIFEST, "digest": self.images[image], "size": 410,
            "platform": platform,
        })
    }

    /// The digest of an index with two of the images and these entries; it is signed, as all images are.
    fn index(&self, tag: &str, more: &[Value]) -> String {
        let two = [
            self.entry(0, &linux("amd64")),
            self.entry(1, &linux("arm64")),
        ];
        self.index_of(tag, &[&two, more].concat())
    }

    fn index_of(&self, tag: &str, entries: &[Value]) -> String {
        let directory = self.it.scene.sandbox.home().join("oci");
        let digest = layout::add_index(&directory, tag, entries).to_string();
        self.sign(&digest);
        digest
    }

    #[track_caller]
    fn assert_refused(&self, index: &str, says: &str) {
        for flags in FLAGS {
            let flags = [&["--oci-layout"], flags].concat();
            assert_refused(&self.it, &flags, &format!("oci@{index}"), 1, says);
        }
    }
}

#[track_caller]
fn assert_refused(it: &Indexed, flags: &[&str], index: &str, code: i32, says: &str) {
    let ran = it.verify(flags, index);
    assert_eq!(ran.code, code, "{flags:?}: {ran:#?}");
    ran.assert_says(says);
    let (_, result) = it.result(flags, index);
    assert_ne!(result["verdict"], "verified");
    assert!(result["error"]["message"].is_string(), "{result:#}");
}

#[test]
fn an_entry_must_have_size_and_media_type_of_the_image() {
    let layout = Layout::new();
    let right = layout.entry(2, &linux("s390x"));
    let mut size = right.clone();
    size["size"] = json!(411);
    let mut kind = right.clone();
    kind["mediaType"] = json!("application/vnd.docker.distribution.manifest.v2+json");
    for (tag, wrong) in [("size", size), ("kind", kind)] {
        let index = layout.index(tag, &[wrong]);
        layout.assert_refused(
            &index,
            "is a `application/vnd.oci.image.manifest.v1+json` of 410 bytes",
        );
        // It does not cover the image that is named by itself either.
        let named = ["--oci-layout", "--covered-by", "index", "--index", &index];
        let ran = layout
            .it
            .verify(&named, &format!("oci@{}", layout.images[2]));
        ran.assert_refused(
            1,
            "Error: an image of the index is not what the index says of it",
        );
    }
    let index = layout.index("right", &[right]);
    for flags in FLAGS {
        let flags = [&["--oci-layout"], flags].concat();
        assert_eq!(layout.it.verify(&flags, &format!("oci@{index}")).code, 0);
    }
}

#[test]
fn one_digest_is_described_once() {
    let layout = Layout::new();
    let right = layout.entry(2, &linux("s390x"));
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    for (tag, platform) in [("known", linux("s390x")), ("unknown", unknown)] {
        let mut other = layout.entry(2, &platform);
        other["size"] = json!(1);
        let index = layout.index(tag, &[right.clone(), other]);
        layout.assert_refused(&index, "in two ways, which differ in size or media type");
    }
}

#[test]
fn an_index_in_an_index_is_refused_however_deep() {
    let layout = Layout::new();
    let nested = |digest: &str, media_type: &str, size: usize| json!({ "mediaType": media_type, "digest": digest, "size": size, "platform": linux("s390x") });
    let mut digest = layout.index("inner", &[]);
    let inner = digest.clone();
    for depth in 0..20 {
        digest = layout.index_of(&format!("depth-{depth}"), &[nested(&digest, INDEX, 1)]);
    }
    layout.assert_refused(&digest, "not that of an image");
    // An index that lists itself can do so only under a digest that it does not have, or as what it is not.
    let index = layout.index("as-index", &[nested(&inner, INDEX, 1)]);
    layout.assert_refused(&index, "not that of an image");
    let index = layout.index("as-image", &[nested(&inner, layout::IMAGE_MANIFEST, 410)]);
    layout.assert_refused(&index, "application/vnd.oci.image.index.v1+json` of");
}

#[test]
fn there_are_not_more_images_than_may_be_looked_at() {
    let layout = Layout::new();
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    let (images, values) = (
        "the index has more than 64 images",
        "the index has more than 20000 values",
    );
    for (tag, count, platform, says) in [
        ("many", 63, linux("s390x"), images),
        ("statements", 65, unknown.clone(), images),
        ("more", 10_000, linux("s390x"), values),
        ("more-statements", 10_000, unknown, values),
    ] {
        let entries: Vec<Value> = (0..count)
            .map(|number| {
                json!({
                    "mediaType": layout::IMAGE_MANIFEST, "digest": format!("sha256:{number:064x}"), "size": 7,
                    "platform": platform,
                })
            })
            .collect();
        let index = layout.index(tag, &entries);
        layout.assert_refused(&index, says);
    }
}

#[test]
fn an_image_that_is_not_there_is_not_verified() {
    let it = Indexed::new();
    it.scene.sign(&it.index);
    it.scene.sign(&it.images[0]);
    it.scene.client().delete(Indexed::digest_of(&it.images[1]));
    for flags in FLAGS {
        assert_refused(
            &it,
            flags,
            &it.index,
            1,
            "failed to get manifest descriptor",
        );
    }
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
    let index = it.with_entries(&[it.entry(it.scene.digest(), linux("arm64"))]);
    for image in it.images.iter().chain([&index, &it.scene.image]) {
        it.scene.sign(image);
    }
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
