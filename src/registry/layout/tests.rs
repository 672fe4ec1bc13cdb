use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::notary::{EnvelopeFormat, SIGNATURE_ARTIFACT_TYPE};
use crate::registry::media_types::{IMAGE_INDEX, IMAGE_MANIFEST};
use crate::registry::{Kind, NewSignature, Source};

/// A layout on disk.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new() -> Self {
        let disk = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(disk.path("blobs/sha256")).unwrap();
        disk.write(MARKER, r#"{"imageLayoutVersion":"1.0.0"}"#);
        disk.write_index(&[]);
        disk
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(path), content).unwrap();
    }

    fn write_index(&self, entries: &[Value]) {
        let index = json!({"schemaVersion": 2, "manifests": entries, "x": {"kept": true}});
        self.write("index.json", index.to_string());
    }

    fn index(&self) -> Value {
        #[expect(clippy::disallowed_methods, reason = "a file of this test")]
        let bytes = fs::read(self.path("index.json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Stores a manifest; gives its entry of an index.
    fn manifest(&self, manifest: &Value) -> Value {
        let bytes = manifest.to_string();
        let digest = oci::sha256_digest(bytes.as_bytes());
        let hex = digest.as_ref().strip_prefix("sha256:").unwrap().to_owned();
        self.write(&format!("blobs/sha256/{hex}"), &bytes);
        json!({"mediaType": manifest["mediaType"], "digest": digest, "size": bytes.len()})
    }

    fn image(&self, name: &str) -> Value {
        self.manifest(
            &json!({"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "layers": [],
            "config": {"mediaType": "c", "digest": "d", "size": 1}, "annotations": {"n": name}}),
        )
    }

    fn signature(&self, subject: &Value) -> Value {
        self.manifest(
            &json!({"schemaVersion": 2, "mediaType": IMAGE_MANIFEST, "layers": [],
            "artifactType": SIGNATURE_ARTIFACT_TYPE,
            "config": {"mediaType": "c", "digest": "d", "size": 1}, "subject": subject}),
        )
    }

    fn open(&self, target: &str) -> Result<LayoutRepository, Error> {
        let reference = format!("{}{target}", self.0.path().display());
        LayoutRepository::open(&LayoutReference::parse(&reference).unwrap())
    }

    fn resolve(&self, target: &str) -> Result<Target, Error> {
        self.open(target).unwrap().resolve()
    }

    /// How many signatures `v1` has, and why there may be more.
    fn list(&self) -> (usize, Option<Error>) {
        let (_, listing) = self.open(":v1").unwrap().resolve_and_list().unwrap();
        let listing = listing.unwrap();
        assert_eq!(listing.source, Source::Layout);
        (listing.signatures.len(), listing.incomplete)
    }
}

fn tagged(entry: &Value, tag: &str) -> Value {
    let mut entry = entry.clone();
    entry["annotations"] = json!({"org.opencontainers.image.ref.name": tag, "other": "x"});
    entry
}

fn digest(entry: &Value) -> &str {
    entry["digest"].as_str().unwrap()
}

fn new_signature(target: &Target) -> NewSignature {
    NewSignature {
        subject: target.descriptor.clone(),
        format: EnvelopeFormat::Jws,
        envelope: Bytes::from_static(b"envelope"),
        annotations: [("a".to_owned(), "b".to_owned())].into(),
    }
}

#[test]
fn only_a_directory_with_its_marker_and_index_is_a_layout() {
    let refusal = |disk: &Disk| match disk.open(":v1") {
        Err(Error::NotALayout { fault, .. }) => fault,
        other => panic!("{other:?}"),
    };
    let disk = Disk::new();
    assert!(disk.open(":v1").is_ok());
    disk.write(MARKER, r#"{"imageLayoutVersion":"2.0.0"}"#);
    assert_eq!(refusal(&disk), LayoutFault::Version("2.0.0".to_owned()));
    disk.write(MARKER, "{}");
    assert_eq!(refusal(&disk), LayoutFault::Version(String::new()));
    disk.write(MARKER, "x");
    assert!(matches!(disk.open(":v1"), Err(Error::Malformed { .. })));
    fs::remove_file(disk.path(MARKER)).unwrap();
    assert_eq!(refusal(&disk), LayoutFault::Unmarked);
    fs::remove_dir_all(disk.0.path()).unwrap();
    assert_eq!(refusal(&disk), LayoutFault::Missing);
    assert_eq!(disk.open(":v1").unwrap_err().kind(), Kind::NotFound);
    fs::write(disk.0.path(), "").unwrap();
    assert_eq!(refusal(&disk), LayoutFault::NotADirectory);
    fs::remove_file(disk.0.path()).unwrap();

    let disk = Disk::new();
    for index in [
        "",
        "[]",
        r#"{"manifests":{}}"#,
        r#"{"manifests":[],"manifests":[]}"#,
    ] {
        disk.write("index.json", index);
        let error = disk.open(":v1").unwrap_err();
        assert!(
            matches!(error, Error::Misbehaved { .. }),
            "{index}: {error}"
        );
    }
}

#[test]
fn a_tag_or_a_digest_is_resolved_to_the_bare_descriptor() {
    let disk = Disk::new();
    let (one, two) = (disk.image("1"), disk.image("2"));
    let platform = disk.image("3");
    let nested = disk.manifest(&json!({"mediaType": IMAGE_INDEX, "manifests": [platform]}));
    disk.write_index(&[tagged(&one, "v1"), tagged(&two, "v2"), nested.clone()]);
    for (target, wanted) in [
        (":v2".to_owned(), &two),
        (format!("@{}", digest(&one)), &one),
        (format!("@{}", digest(&nested)), &nested),
        (format!("@{}", digest(&platform)), &platform),
    ] {
        let found = disk.resolve(&target).unwrap();
        let descriptor = serde_json::to_value(&found.descriptor).unwrap();
        assert_eq!(descriptor, *wanted, "{target}");
        let path = disk.0.path().display();
        assert_eq!(
            found.reference.to_string(),
            format!("{path}@{}", digest(wanted))
        );
    }
    let elsewhere = oci::sha256_digest(b"elsewhere");
    for target in [":v3".to_owned(), format!("@{elsewhere}")] {
        assert_eq!(
            disk.resolve(&target).unwrap_err().kind(),
            Kind::NotFound,
            "{target}"
        );
    }
}

#[test]
fn a_tag_on_two_manifests_is_nobodys() {
    let disk = Disk::new();
    let (one, two) = (
        tagged(&disk.image("1"), "v1"),
        tagged(&disk.image("2"), "v1"),
    );
    disk.write_index(&[one.clone(), one.clone()]);
    assert!(disk.resolve(":v1").is_ok());
    disk.write_index(&[one, two]);
    assert!(matches!(
        disk.resolve(":v1"),
        Err(Error::Misbehaved { fault, .. }) if fault == "gives the tag `v1` to two manifests"
    ));
}

#[test]
fn content_is_compared_with_what_the_index_says() {
    let disk = Disk::new();
    let image = disk.image("1");
    let file = format!(
        "blobs/sha256/{}",
        digest(&image).strip_prefix("sha256:").unwrap()
    );
    let changed = |member: &str, value: Value| {
        let mut entry = tagged(&image, "v1");
        entry[member] = value;
        disk.write_index(&[entry]);
        disk.resolve(":v1").unwrap_err()
    };
    let size = image["size"].as_u64().unwrap();
    assert!(matches!(
        changed("size", json!(size + 1)),
        Error::WrongSize { .. }
    ));
    assert!(matches!(
        changed("size", json!(size - 1)),
        Error::File { .. }
    ));
    assert!(matches!(
        changed("size", json!(limits::MAX_MANIFEST_BYTES + 1)),
        Error::TooLarge { .. }
    ));
    assert!(matches!(
        changed("mediaType", json!(IMAGE_INDEX)),
        Error::Misbehaved { .. }
    ));
    assert!(matches!(
        changed("mediaType", json!("text/plain")),
        Error::NotAManifest { .. }
    ));
    disk.write_index(&[tagged(&image, "v1")]);
    disk.write(&file, vec![b' '; usize::try_from(size).unwrap()]);
    assert!(matches!(
        disk.resolve(":v1"),
        Err(Error::WrongDigest { .. })
    ));
    fs::remove_file(disk.path(&file)).unwrap();
    assert_eq!(disk.resolve(":v1").unwrap_err().kind(), Kind::NotFound);
}

#[cfg(unix)]
#[test]
fn no_link_leads_out_of_the_layout() {
    use std::os::unix::fs::symlink;

    let disk = Disk::new();
    let image = disk.image("1");
    disk.write_index(&[tagged(&image, "v1")]);
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["blobs", "blobs/sha256"] {
        let moved = elsewhere.path().join("moved");
        fs::rename(disk.path(name), &moved).unwrap();
        symlink(&moved, disk.path(name)).unwrap();
        let error = disk.resolve(":v1").unwrap_err();
        assert!(
            matches!(&error, Error::File { source } if source.is_wrong_kind()),
            "{error:?}"
        );
        assert_eq!(error.kind(), Kind::Misbehaved);
        fs::remove_file(disk.path(name)).unwrap();
        fs::rename(&moved, disk.path(name)).unwrap();
    }
    let blob = disk
        .path("blobs/sha256")
        .join(digest(&image).strip_prefix("sha256:").unwrap());
    let moved = elsewhere.path().join("blob");
    fs::rename(&blob, &moved).unwrap();
    symlink(&moved, &blob).unwrap();
    assert_eq!(disk.resolve(":v1").unwrap_err().kind(), Kind::Misbehaved);
    // The user may name the layout by a link.
    fs::remove_file(&blob).unwrap();
    fs::rename(&moved, &blob).unwrap();
    let link = elsewhere.path().join("link");
    symlink(disk.0.path(), &link).unwrap();
    let reference = LayoutReference::parse(&format!("{}:v1", link.display())).unwrap();
    assert!(
        LayoutRepository::open(&reference)
            .unwrap()
            .resolve()
            .is_ok()
    );
}

#[test]
fn signatures_are_found_wherever_the_index_leads() {
    let disk = Disk::new();
    let image = disk.image("1");
    let (here, below) = (disk.signature(&image), disk.signature(&tagged(&image, "x")));
    let other = disk.signature(&disk.image("2"));
    let nested = disk.manifest(&json!({"mediaType": IMAGE_INDEX, "manifests": [below, here]}));
    disk.write_index(&[tagged(&image, "v1"), here.clone(), other, nested, here]);
    let (count, incomplete) = disk.list();
    assert_eq!(count, 2);
    assert!(incomplete.is_none(), "{incomplete:?}");
}

#[test]
fn a_broken_entry_hides_no_other() {
    let disk = Disk::new();
    let image = disk.image("1");
    let good = disk.signature(&image);
    let missing = json!({"mediaType": IMAGE_MANIFEST, "size": 2,
        "digest": oci::sha256_digest(b"missing")});
    let no_json =
        json!({"mediaType": IMAGE_MANIFEST, "size": 1, "digest": oci::sha256_digest(b"x")});
    disk.write(
        &format!(
            "blobs/sha256/{}",
            digest(&no_json).strip_prefix("sha256:").unwrap()
        ),
        "x",
    );
    let broken = [
        json!(1),
        json!({"mediaType": IMAGE_MANIFEST, "digest": "sha256:../../x", "size": 1}),
        json!({"mediaType": IMAGE_INDEX, "digest": digest(&missing), "size": 2}),
        no_json,
    ];
    let mut entries = broken.to_vec();
    let mut misnamed = good.clone();
    misnamed["mediaType"] = json!("text/plain");
    entries.extend([misnamed, tagged(&image, "v1"), good]);
    disk.write_index(&entries);
    let (count, incomplete) = disk.list();
    assert_eq!((count, incomplete.is_some()), (1, false));

    // What the index calls a signature, and is gone, may have been one of this image.
    let mut missing = missing;
    missing["artifactType"] = json!(SIGNATURE_ARTIFACT_TYPE);
    entries.push(missing);
    disk.write_index(&entries);
    let (count, incomplete) = disk.list();
    assert_eq!(count, 1);
    assert!(
        matches!(incomplete, Some(Error::NotFound { .. })),
        "{incomplete:?}"
    );
}

#[test]
fn no_more_manifests_are_looked_at_than_the_limit() {
    let disk = Disk::new();
    let image = disk.image("1");
    let other = |number: usize| {
        let digest = oci::sha256_digest(&number.to_be_bytes());
        json!({"mediaType": "m", "digest": digest, "size": 1})
    };
    let mut entries = vec![tagged(&image, "v1")];
    entries.extend((1..limits::MAX_REFERRERS).map(other));
    disk.write_index(&entries);
    assert!(disk.list().1.is_none());
    entries.push(other(limits::MAX_REFERRERS));
    disk.write_index(&entries);
    assert!(matches!(
        disk.list().1,
        Some(Error::TooManyReferrers { .. })
    ));
}

#[tokio::test]
async fn a_signature_is_stored_as_notation_stores_it() {
    let disk = Disk::new();
    let image = tagged(&disk.image("1"), "v1");
    disk.write_index(std::slice::from_ref(&image));
    let layout = disk.open(":v1").unwrap();
    let target = layout.resolve().unwrap();
    let signature = new_signature(&target);
    let pushed = layout.push_signature(&signature).await.unwrap().manifest;
    // Pushing it once more adds no second one.
    assert_eq!(
        layout.push_signature(&signature).await.unwrap().manifest,
        pushed
    );

    let entry = json!({"mediaType": IMAGE_MANIFEST, "digest": pushed.digest(), "size": pushed.size(),
        "annotations": {"a": "b"}, "artifactType": SIGNATURE_ARTIFACT_TYPE});
    assert_eq!(
        disk.index(),
        json!({"schemaVersion": 2, "manifests": [image, entry], "x": {"kept": true}})
    );
    let fetched = layout
        .fetch_signature(target.descriptor.digest(), &pushed)
        .unwrap();
    assert_eq!(&fetched.envelope[..], b"envelope");
    assert_eq!(disk.list().0, 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&disk.path("index.json")), 0o644);
        assert_eq!(mode(&layout.blob_path(pushed.digest())), 0o444);
    }
}

#[tokio::test]
async fn a_damaged_blob_is_written_again() {
    let disk = Disk::new();
    disk.write_index(&[tagged(&disk.image("1"), "v1")]);
    let layout = disk.open(":v1").unwrap();
    let target = layout.resolve().unwrap();
    fs::write(
        layout.blob_path(&oci::sha256_digest(b"envelope")),
        "damaged!",
    )
    .unwrap();
    let pushed = layout
        .push_signature(&new_signature(&target))
        .await
        .unwrap();
    let digest = target.descriptor.digest();
    assert!(layout.fetch_signature(digest, &pushed.manifest).is_ok());
}

#[tokio::test]
async fn signatures_that_are_stored_at_once_are_all_kept() {
    let disk = Disk::new();
    disk.write_index(&[tagged(&disk.image("1"), "v1")]);
    let layout = disk.open(":v1").unwrap();
    let target = layout.resolve().unwrap();
    let signatures: Vec<NewSignature> = (0..20_u8)
        .map(|number| NewSignature {
            envelope: vec![number].into(),
            ..new_signature(&target)
        })
        .collect();
    let pushes = signatures
        .iter()
        .map(|signature| layout.push_signature(signature));
    for pushed in futures_util::future::join_all(pushes).await {
        pushed.unwrap();
    }
    assert_eq!(disk.list().0, 20);
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_never_released_is_not_waited_for_forever() {
    let disk = Disk::new();
    disk.write_index(&[tagged(&disk.image("1"), "v1")]);
    let layout = disk.open(":v1").unwrap();
    let target = layout.resolve().unwrap();
    let before = disk.index();
    let holder = fs::File::open(disk.path(MARKER)).unwrap();
    holder.lock().unwrap();
    let error = layout
        .push_signature(&new_signature(&target))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::LayoutBusy { .. }), "{error:?}");
    assert_eq!(error.kind(), Kind::Inconclusive);
    assert_eq!(disk.index(), before);
}
