//! Multi-platform images: `--recursive`, `--platform`, `--covered-by`, `--index`.

mod covering;

use std::fs;

use serde_json::{Value, json};

use crate::cli::sign::local_key;
use crate::cli::verdict::document;
use crate::support::document::assert_valid;
use crate::support::layout;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// An index of two images, in a registry, and the images by digest.
pub(super) struct Indexed {
    pub(super) scene: Scene,
    pub(super) index: String,
    pub(super) images: Vec<String>,
}

impl Indexed {
    pub(super) fn new() -> Self {
        let scene = Scene::new();
        let digest = scene.emulator.push_test_index("app", "multi").unwrap();
        let manifest = scene.client().manifest(&digest);
        let images = manifest["manifests"].as_array().unwrap().iter();
        let images = images.map(|image| {
            let digest = image["digest"].as_str().unwrap();
            format!("{}@{digest}", scene.repository)
        });
        Self {
            index: format!("{}@{digest}", scene.repository),
            images: images.collect(),
            scene,
        }
    }

    pub(super) fn digest_of(image: &str) -> &str {
        image.split_once('@').unwrap().1
    }

    pub(super) fn index_digest(&self) -> &str {
        Self::digest_of(&self.index)
    }

    /// The index with these entries more, pushed.
    pub(super) fn with_entries(&self, entries: &[Value]) -> String {
        let client = self.scene.client();
        let mut index = client.manifest(self.index_digest());
        let manifests = index["manifests"].as_array_mut().unwrap();
        manifests.extend_from_slice(entries);
        let digest = client.put_manifest("changed", &index);
        format!("{}@{digest}", self.scene.repository)
    }

    /// The entry of a manifest of this repository.
    pub(super) fn entry(&self, digest: &str, platform: Value) -> Value {
        let bytes = self.scene.client().manifest_bytes(digest);
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        let mut entry =
            json!({ "mediaType": manifest["mediaType"], "digest": digest, "size": bytes.len() });
        if !platform.is_null() {
            entry["platform"] = platform;
        }
        entry
    }

    pub(super) fn verify(&self, more: &[&str], reference: &str) -> Ran {
        self.scene.verify_with(more, reference)
    }

    /// The exit code and the one result of the document.
    #[track_caller]
    pub(super) fn result(&self, more: &[&str], reference: &str) -> (i32, Value) {
        let ran = self.verify(&[&["--output", "json"], more].concat(), reference);
        let result = document(&ran)["results"][0].clone();
        (ran.code, result)
    }
}

const COVERED: [&str; 3] = ["--recursive", "--covered-by", "index"];

/// Reference, platforms, verdict and covering index of each image.
fn images(result: &Value) -> Vec<Value> {
    let images = result["images"].as_array().unwrap().iter();
    let images = images.map(|one| {
        json!([
            one["reference"],
            one["platforms"],
            one["verdict"],
            one["coveredBy"]
        ])
    });
    images.collect()
}

#[test]
fn what_was_fetched_of_an_index_and_its_images_verifies_without_a_network() {
    let it = Indexed::new();
    for image in &it.images {
        it.scene.sign(image);
    }
    let fetch = |references: &[&str]| {
        let profile = it.scene.profile.arn.as_str();
        let fixed = [
            "revocation",
            "fetch",
            "--out",
            "facts",
            "--signing-profile",
            profile,
            "--trust-anchor",
            "root.crt",
        ];
        it.scene.run(&[&fixed[..], references].concat()).code
    };
    // The index has no signature of its own, which `fetch` says; its copy is there.
    assert_eq!(fetch(&[&it.index]), 1);
    let offline = [
        "--recursive",
        "--offline",
        "facts",
        "--unsigned-revocation-statements",
        "aws-signer",
    ];
    it.scene.operations();
    let (code, result) = it.result(&offline, &it.index);
    assert_eq!(
        (code, &result["verdict"]),
        (3, &json!("inconclusive")),
        "{result:#}"
    );
    assert_eq!(it.scene.operations(), [""; 0]);
    for image in &it.images {
        assert_eq!(fetch(&[image]), 0);
    }
    it.scene.operations();
    let (code, result) = it.result(&offline, &it.index);
    assert_eq!(
        (code, &result["verdict"]),
        (0, &json!("verified")),
        "{result:#}"
    );
    assert_eq!(it.scene.operations(), [""; 0]);
}

#[test]
fn every_platforms_image_needs_its_own_signature() {
    let it = Indexed::new();
    it.scene.sign(&it.index);
    let (code, result) = it.result(&["--recursive"], &it.index);
    assert_eq!((code, &result["verdict"]), (1, &json!("unsigned")));
    it.scene.sign(&it.images[0]);
    let (code, result) = it.result(&["--recursive"], &it.index);
    assert_eq!((code, &result["verdict"]), (1, &json!("unsigned")));
    assert_eq!(
        images(&result),
        [
            json!([it.images[0], ["linux/amd64"], "verified", null]),
            json!([it.images[1], ["linux/arm64"], "unsigned", null]),
        ]
    );
    assert_eq!(result["error"]["code"], "image-not-verified");
    let ran = it.verify(&["--recursive"], &it.index);
    assert_eq!(
        ran.stderr,
        format!(
            "Error: 1 of 2 images of the index `{index}` is not verified\n\
             image {} for linux/amd64: verified\n\
             image {unsigned} for linux/arm64: signature verification failed: no signature is associated with \
             \"{unsigned}\", make sure the artifact was signed successfully\n  \
             hint: do not run the artifact: signing it belongs in the pipeline that builds it\n  \
             wanted: a signature of `{}`\n\
             hint: only the index `{index}` is signed; to let its signature count for the images in it, add \
             `--covered-by index`\n",
            it.images[0],
            it.scene.profile.arn,
            index = it.index,
            unsigned = it.images[1],
        )
    );
    assert_eq!(ran.stdout, "");
    it.scene.sign(&it.images[1]);
    let (code, result) = it.result(&["--recursive"], &it.index);
    assert_eq!((code, &result["verdict"]), (0, &json!("verified")));
    assert_eq!(result["reference"], it.index.as_str());
    assert_eq!(result["index"], it.index.as_str());
    assert_eq!(result["signatures"], json!([]));
    let ran = it.verify(&["--recursive"], &it.index);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (
            0,
            format!(
                "Successfully verified signature for {}\nimage for linux/amd64\n\
                 Successfully verified signature for {}\nimage for linux/arm64\n",
                it.images[0], it.images[1]
            )
            .as_str(),
            ""
        )
    );
}

#[test]
fn one_platform_is_picked() {
    let it = Indexed::new();
    it.scene.sign(&it.images[1]);
    let arm = ["--platform", "linux/arm64/v8"];
    let (code, result) = it.result(&arm, &it.index);
    assert_eq!((code, &result["verdict"]), (0, &json!("verified")));
    assert_eq!(result["reference"], it.images[1].as_str());
    assert_eq!(result["index"], it.index.as_str());
    assert_eq!(
        images(&result),
        [json!([it.images[1], ["linux/arm64"], "verified", null])]
    );
    let (code, result) = it.result(&["--platform", "linux/amd64"], &it.index);
    assert_eq!((code, &result["verdict"]), (1, &json!("unsigned")));
    let covered = ["--platform", "linux/amd64", "--covered-by", "index"];
    assert_eq!(it.result(&covered, &it.index).0, 1);
    it.scene.sign(&it.index);
    let (code, result) = it.result(&covered, &it.index);
    assert_eq!((code, &result["verdict"]), (0, &json!("verified")));
    assert_eq!(result["reference"], it.images[0].as_str());
    let ran = it.verify(&["--platform", "linux/riscv64"], &it.index);
    assert_eq!(
        (ran.code, ran.stderr),
        (
            1,
            format!(
                "Error: the images of the index `{}` cannot be determined\n\
                 caused by: the index has no image for the platform `linux/riscv64`\n\
                 hint: the index has images for linux/amd64, linux/arm64\n",
                it.index
            )
        )
    );
    let ran = it.verify(&["--platform", "linux/amd64"], &it.scene.image);
    ran.assert_refused(
        1,
        &format!(
            "Error: the images of the index `{}` cannot be determined",
            it.scene.image
        ),
    );
    ran.assert_says(
        "it is not an index: its media type is `application/vnd.oci.image.manifest.v1+json`",
    );
}

#[test]
fn a_single_image_is_judged_by_itself_by_recursive() {
    let it = Indexed::new();
    it.scene.sign(&it.scene.image);
    for flags in [&["--recursive"][..], &COVERED] {
        let (code, result) = it.result(flags, &it.scene.image);
        assert_eq!((code, &result["verdict"]), (0, &json!("verified")));
        assert!(result.get("images").is_none() && result.get("index").is_none());
    }
}

#[test]
fn flags_that_do_not_fit_are_refused() {
    let it = Indexed::new();
    let digest = it.index_digest();
    for (flags, says) in [
        (
            &["--covered-by", "index"][..],
            "does not say which images are verified",
        ),
        (
            &["--index", digest],
            "names an index whose signature does not count",
        ),
        (
            &["--recursive", "--platform", "linux/amd64"],
            "cannot be used with",
        ),
        (
            &["--platform", "amd64"],
            "wanted OS/ARCH or OS/ARCH/VARIANT",
        ),
        (
            &["--platform", "unknown/unknown"],
            "wanted OS/ARCH or OS/ARCH/VARIANT",
        ),
        (
            &["--covered-by", "index", "--index", "multi"],
            "is not a `sha256`",
        ),
        (&["--covered-by", "both", "--recursive"], "covered-by"),
    ] {
        let ran = it.verify(flags, &it.index);
        assert_eq!(ran.code, 2, "{flags:?}: {ran:#?}");
        ran.assert_says(says);
    }
}

#[test]
fn build_servers_see_each_image() {
    let it = Indexed::new();
    it.scene.sign(&it.images[0]);
    let ran = it.verify(&["--recursive", "--output", "junit"], &it.index);
    assert_eq!(ran.code, 1);
    let names: Vec<_> = ran
        .stdout
        .lines()
        .filter(|line| line.contains("<testcase"))
        .collect();
    let name = |what: &str, end: &str| {
        format!("    <testcase classname=\"countersign.verify\" name=\"{what}\"{end}")
    };
    let (index, images) = (&it.index, &it.images);
    assert_eq!(
        names,
        [
            name(index, ">"),
            name(&format!("{index}: {} linux/amd64", images[0]), "/>"),
            name(&format!("{index}: {} linux/arm64", images[1]), ">"),
        ]
    );
    let ran = it.verify(&["--recursive", "--output", "sarif"], &it.index);
    let log: Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap().iter();
    let results: Vec<_> = results.map(|one| one["ruleId"].as_str().unwrap()).collect();
    assert_eq!(results, ["image-not-verified", "no-signature"]);
    let ran = it.verify(&["--recursive", "--output", "jsonl"], &it.index);
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["images"].as_array().unwrap().len(), 2);
    for line in &lines {
        assert_valid(line, "verdict-line.v1.schema.json");
    }
}

#[test]
fn the_lock_has_each_image() {
    let it = Indexed::new();
    let lock = it.scene.sandbox.home().join("images.lock");
    let locking = |flags: &[&str], references: &[&str]| {
        let fixed = [
            "verify",
            "--lock",
            "images.lock",
            "--signing-profile",
            &it.scene.profile.arn,
            "--trust-anchor",
            "root.crt",
        ];
        it.scene.run(&[&fixed, flags, references].concat())
    };
    it.scene.sign(&it.images[0]);
    assert_eq!(locking(&["--recursive"], &[&it.index]).code, 1);
    assert!(!lock.exists());
    it.scene.sign(&it.images[1]);
    it.scene.sign(&it.scene.image);
    let ran = locking(&["--recursive"], &[&it.index, &it.scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let read = || {
        let document: Value = serde_json::from_slice(&fs::read(&lock).unwrap()).unwrap();
        assert_valid(&document, "lock.v1.schema.json");
        document["artifacts"].as_array().unwrap().clone()
    };
    let artifacts = read();
    assert_eq!(artifacts.len(), 3);
    for (artifact, image) in artifacts.iter().zip(&it.images) {
        assert_eq!(artifact["asked"], it.index.as_str());
        assert_eq!(artifact["digest"], Indexed::digest_of(image));
        let index = artifact["index"].as_str().unwrap();
        assert!(index.ends_with(it.index_digest()));
        assert!(artifact.get("coveredBy").is_none());
    }
    assert_eq!(artifacts[1]["platforms"], json!(["linux/arm64"]));
    assert!(artifacts[2].get("index").is_none());
    it.scene.sign(&it.index);
    assert_eq!(locking(&COVERED, &[&it.index]).code, 0);
    let artifacts = read();
    assert_eq!(artifacts.len(), 2);
    for artifact in &artifacts {
        assert_eq!(artifact["coveredBy"], artifact["index"]);
        assert_eq!(artifact["signatures"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_policy_that_only_logs_makes_no_image_verified() {
    let it = Indexed::new();
    it.scene.write_policy_with(
        r#"{ "level": "audit" }"#,
        "arn:aws:signer:us-east-1:111122223333:/signing-profiles/other",
    );
    it.scene.sign(&it.index);
    for image in &it.images {
        it.scene.sign(image);
    }
    for flags in [&["--recursive"][..], &COVERED] {
        let fixed = ["verify", "--output", "json", "--lock", "images.lock"];
        let ran = it.scene.run(&[&fixed, flags, &[&it.index]].concat());
        let document = document(&ran);
        assert_eq!(document["results"][0]["verdict"], "tolerated", "{ran:#?}");
        assert!(!it.scene.sandbox.home().join("images.lock").exists());
    }
    it.scene.write_policy("skip");
}

/// A registry is asked for the index twice (what it is, and its bytes), and for each image once more than by itself.
#[test]
fn requests_are_counted() {
    let it = Indexed::new();
    it.scene.sign(&it.index);
    for image in &it.images {
        it.scene.sign(image);
    }
    for (flags, wanted) in [
        // The index, its signatures; of each image the manifest, the list, a signature, an envelope behind a redirect; AWS.
        (&["--recursive"][..], 2 + 2 * 6),
        // The index, its signatures, one signature with its envelope; AWS; each image's manifest.
        (&COVERED, 2 + 4 + 2),
    ] {
        it.scene.emulator.clear_calls();
        let ran = it.verify(flags, &it.index);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let calls: Vec<_> = it.scene.operations();
        assert_eq!(calls.len(), wanted, "{calls:?}");
    }
}

#[test]
fn a_layouts_images_are_judged_as_a_registrys() {
    let it = Indexed::new();
    let directory = it.scene.sandbox.home().join("oci");
    let digests = layout::make(&directory, &["amd64", "arm64"]);
    let entries: Vec<Value> = digests
        .iter()
        .zip(["amd64", "arm64"])
        .map(|(digest, architecture)| {
            json!({
                "mediaType": layout::IMAGE_MANIFEST, "digest": digest, "size": 410,
                "platform": { "os": "linux", "architecture": architecture },
            })
        })
        .collect();
    let index = layout::add_index(&directory, "multi", &entries);
    let reference = format!("oci@{index}");
    let sign = |digest: &str| {
        let reference = format!("oci@{digest}");
        let profile = &it.scene.profile.arn;
        let ran = it.scene.run(&[
            "sign",
            "--oci-layout",
            "--signing-profile",
            profile,
            &reference,
        ]);
        assert_eq!(ran.code, 0, "{ran:#?}");
    };
    let result = |flags: &[&str]| it.result(&[&["--oci-layout"], flags].concat(), &reference);
    sign(digests[0].as_ref());
    let (code, found) = result(&["--recursive"]);
    assert_eq!(
        (code, &found["verdict"]),
        (1, &json!("unsigned")),
        "{found:#}"
    );
    assert_eq!(result(&["--platform", "linux/amd64"]).0, 0);
    assert_eq!(result(&COVERED).0, 1);
    sign(index.as_ref());
    let (code, found) = result(&COVERED);
    assert_eq!((code, &found["verdict"]), (0, &json!("verified")));
    let of_image = format!("oci@{}", digests[1]);
    let named = [
        "--oci-layout",
        "--covered-by",
        "index",
        "--index",
        index.as_ref(),
    ];
    assert_eq!(it.result(&named, &of_image).0, 0);
    sign(digests[1].as_ref());
    assert_eq!(result(&["--recursive"]).0, 0);
}
