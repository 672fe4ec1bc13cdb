//! Multi-platform images.

use serde_json::{Value, json};

use super::{Gate, signer};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A gate, an index of two images in its repository, and the images by digest.
struct Indexed {
    gate: Gate,
    release: String,
    index: String,
    images: Vec<String>,
}

impl Indexed {
    fn new(covers: &str) -> Self {
        let gate = Gate::new();
        let release = gate.profile("release");
        gate.write_rule(&json!({
            "require": { "all": [signer("ci", &release)] }, "signedIndexCovers": covers,
        }));
        let digest = gate.scene.emulator.push_test_index("app", "multi").unwrap();
        let index = format!("{}@{digest}", gate.scene.repository);
        let manifest = gate.scene.client().manifest(&digest);
        let images = manifest["manifests"].as_array().unwrap().iter();
        let images = images.map(|image| {
            let digest = image["digest"].as_str().unwrap();
            format!("{}@{digest}", gate.scene.repository)
        });
        Self {
            images: images.collect(),
            gate,
            release,
            index,
        }
    }

    fn sign(&self, image: &str) {
        self.gate.sign_image(&self.release, &[], image);
    }

    /// The index with these entries more, pushed.
    fn with_entries(&self, entries: &[Value]) -> String {
        let client = self.gate.scene.client();
        let digest = self.index.split('@').nth(1).unwrap();
        let mut index = client.manifest(digest);
        index["manifests"]
            .as_array_mut()
            .unwrap()
            .extend_from_slice(entries);
        let digest = client.put_manifest("changed", &index);
        format!("{}@{digest}", self.gate.scene.repository)
    }

    /// The entry of a manifest of this repository.
    fn entry(&self, digest: &str, platform: Value) -> Value {
        let bytes = self.gate.scene.client().manifest_bytes(digest);
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        let mut entry =
            json!({ "mediaType": manifest["mediaType"], "digest": digest, "size": bytes.len() });
        if !platform.is_null() {
            entry["platform"] = platform;
        }
        entry
    }

    fn verdict(&self, index: &str) -> (i32, Value) {
        self.gate.verdict(index)
    }
}

#[test]
fn the_image_of_each_platform_must_be_signed() {
    let it = Indexed::new("image");
    assert_eq!(it.verdict(&it.index).1["verdict"], "unsigned");
    it.sign(&it.index);
    assert_eq!(
        it.verdict(&it.index).1["verdict"],
        "unsigned",
        "the index's own counts for nothing"
    );
    it.sign(&it.images[0]);
    let (code, result) = it.verdict(&it.index);
    assert_eq!((code, &result["verdict"]), (1, &json!("rejected")));
    let found: Vec<_> = result["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| json!([image["reference"], image["platforms"], image["met"]]))
        .collect();
    assert_eq!(
        found,
        [
            json!([it.images[0], ["linux/amd64"], true]),
            json!([it.images[1], ["linux/arm64"], false]),
        ]
    );
    let ran = it.gate.check(&[&it.index]);
    ran.assert_says(&format!(
        "image {} for linux/arm64\nsigners: 0 of 1 needed, 0 signatures judged\n",
        it.images[1]
    ));
    it.sign(&it.images[1]);
    let (code, result) = it.verdict(&it.index);
    assert_eq!((code, &result["verdict"]), (0, &json!("verified")));
    assert_eq!(result["reference"], it.index.as_str());
}

#[test]
fn a_signed_index_covers_its_images_where_the_rule_says_so() {
    let it = Indexed::new("index");
    assert_eq!(it.verdict(&it.index).1["verdict"], "unsigned");
    for image in &it.images {
        it.sign(image);
    }
    assert_eq!(
        it.verdict(&it.index).1["verdict"],
        "unsigned",
        "the images' own do not"
    );
    it.sign(&it.index);
    assert_eq!(it.verdict(&it.index).1["verdict"], "verified");
    // It covers nothing that is asked for by itself.
    let other = Indexed::new("index");
    other.sign(&other.index);
    assert_eq!(other.verdict(&other.images[0]).1["verdict"], "unsigned");
}

#[test]
fn an_entry_without_a_platform_is_covered_by_no_index() {
    let it = Indexed::new("index");
    let digest = it.gate.scene.digest();
    let index = it.with_entries(&[it.entry(digest, Value::Null)]);
    it.sign(&index);
    let (code, result) = it.verdict(&index);
    assert_eq!(
        (code, &result["verdict"]),
        (1, &json!("rejected")),
        "{result:#}"
    );
    it.sign(&it.gate.scene.image);
    assert_eq!(it.verdict(&index).1["verdict"], "verified");
}

#[test]
fn an_entry_of_an_unknown_platform_is_said_to_be_left_out() {
    let it = Indexed::new("image");
    let unknown = json!({ "os": "unknown", "architecture": "unknown" });
    let digest = it.gate.scene.digest().to_owned();
    let index = it.with_entries(&[it.entry(&digest, unknown)]);
    for image in &it.images {
        it.sign(image);
    }
    let (code, result) = it.verdict(&index);
    assert_eq!((code, &result["verdict"]), (0, &json!("verified")));
    assert_eq!(result["uncovered"], json!([digest]));
    let ran = it.gate.check(&[&index]);
    assert_eq!(
        ran.stderr,
        format!(
            "Note: 1 entry is not verified: for the platform `unknown`, in the index {index}\n"
        )
    );
}

#[test]
fn an_index_in_an_index_is_refused() {
    for covers in ["image", "index"] {
        let it = Indexed::new(covers);
        let digest = it.index.split('@').nth(1).unwrap().to_owned();
        let index = it.with_entries(&[it.entry(&digest, Value::Null)]);
        for image in it.images.iter().chain([&it.index, &index]) {
            it.sign(image);
        }
        let ran = it.gate.check(&[&index]);
        assert_eq!(ran.code, 1, "{ran:#?}");
        assert!(
            ran.stderr.starts_with(&format!(
                "Error: {index}: the images of the index `{index}` cannot be determined\n\
                 caused by: the index has `{digest}`, whose media type is `{INDEX}`, not that of an image\n\
                 hint: name the image of one platform by its digest\n"
            )),
            "{ran:#?}"
        );
    }
}
