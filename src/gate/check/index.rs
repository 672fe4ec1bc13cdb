//! The images of an index, as far as a runtime may start them.
//!
//! Input: the bytes of an index whose digest was checked. Output: each image with its platforms. What cannot be told
//! is refused: an index in an index, an entry of another kind.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::json;
use crate::limits::{MAX_INDEX_IMAGES, MAX_JSON_VALUES};
use crate::oci::{self, Descriptor, Digest};
use crate::registry::is_image_manifest;

/// Why an index cannot be gone through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexFault {
    /// It is not an index.
    #[error("the index is malformed")]
    Malformed {
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// It has more values than are read.
    #[error("the index has more than {MAX_JSON_VALUES} values")]
    TooLarge,
    /// Runtimes may read it in another way.
    #[error("runtimes may read the index in another way")]
    Ambiguous {
        /// What is wrong with it.
        #[source]
        source: json::Error,
    },
    /// It is the manifest of an image too.
    #[error("the index has the member `{member}`, which only the manifest of an image has")]
    IsImageToo {
        /// The member.
        member: String,
    },
    /// It has no image.
    #[error("the index has no image")]
    Empty,
    /// It has more images than a gate looks at.
    #[error("the index has more than {MAX_INDEX_IMAGES} images")]
    TooMany,
    /// An entry has a digest that cannot be checked.
    #[error("an entry of the index cannot be checked")]
    Digest {
        /// Why.
        #[source]
        source: oci::Error,
    },
    /// An entry is not an image.
    #[error("the index has `{digest}`, whose media type is `{media_type}`, not that of an image")]
    Kind {
        /// The entry.
        digest: Digest,
        /// Its media type.
        media_type: String,
    },
    /// An image is not what the index says of it.
    #[error(
        "the image `{}` is a `{}` of {} bytes, and the index says `{}` of {} bytes",
        found.digest(), found.media_type(), found.size(), wanted.media_type(), wanted.size()
    )]
    Differs {
        /// What it is.
        found: Box<Descriptor>,
        /// What the index says.
        wanted: Box<Descriptor>,
    },
}

impl IndexFault {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TooMany | Self::Kind { .. } => {
                Some("name the image of one platform by its digest".to_owned())
            }
            _ => None,
        }
    }
}

/// An image that stands in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexImage {
    pub(super) descriptor: Descriptor,
    /// `linux/amd64`; empty where the index does not say it in every entry.
    pub(super) platforms: Vec<String>,
}

/// What an index has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) images: Vec<IndexImage>,
    /// Entries for the platform `unknown`, which no runtime starts: statements about the images.
    pub(super) uncovered: Vec<Digest>,
}

/// What tools write where they know no platform.
const UNKNOWN: &str = "unknown";

#[derive(Deserialize)]
struct ReadIndex {
    manifests: Vec<ReadEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadEntry {
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<ReadPlatform>,
}

#[derive(Deserialize)]
struct ReadPlatform {
    architecture: String,
    os: String,
    variant: Option<String>,
}

impl ReadPlatform {
    /// Whether no runtime runs on it, so that none picks the entry.
    fn is_unknown(&self) -> bool {
        self.architecture == UNKNOWN && self.os == UNKNOWN
    }

    /// Whether it says for which runtimes the image is.
    fn is_known(&self) -> bool {
        [&self.architecture, &self.os]
            .into_iter()
            .all(|part| !part.trim().is_empty() && *part != UNKNOWN)
    }

    fn shown(&self) -> String {
        let variant = self.variant.iter().map(|variant| format!("/{variant}"));
        let variant: String = variant.collect();
        format!("{}/{}{variant}", self.os, self.architecture)
    }
}

/// Members of an index, of its entries, and of their platforms.
const OF_INDEX: [&str; 6] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "manifests",
    "subject",
    "annotations",
];
const OF_ENTRY: [&str; 8] = [
    "mediaType",
    "digest",
    "size",
    "urls",
    "annotations",
    "data",
    "artifactType",
    "platform",
];
const OF_PLATFORM: [&str; 5] = ["architecture", "os", "os.version", "os.features", "variant"];

/// Members that make it the manifest of an image for a reader that takes it for one.
const OF_IMAGE: [&str; 4] = ["config", "layers", "fsLayers", "history"];

/// Checks that every reader sees the same images: runtimes are written in Go, which takes `Manifests` for `manifests`, and
/// the last of the two counts.
fn check_names(index: &Map<String, Value>) -> Result<(), IndexFault> {
    let ambiguous = |source| IndexFault::Ambiguous { source };
    json::check_case(index, &OF_INDEX).map_err(ambiguous)?;
    json::check_case(index, &OF_IMAGE).map_err(ambiguous)?;
    if let Some(member) = OF_IMAGE.iter().find(|name| index.contains_key(**name)) {
        let member = (*member).to_owned();
        return Err(IndexFault::IsImageToo { member });
    }
    let entries = index.get("manifests").and_then(Value::as_array);
    for entry in entries.into_iter().flatten().filter_map(Value::as_object) {
        json::check_case(entry, &OF_ENTRY).map_err(ambiguous)?;
        if let Some(platform) = entry.get("platform").and_then(Value::as_object) {
            json::check_case(platform, &OF_PLATFORM).map_err(ambiguous)?;
        }
    }
    Ok(())
}

/// Reads an index.
pub(super) fn read(bytes: &[u8]) -> Result<Index, IndexFault> {
    let members = json::parse_object(bytes).map_err(|error| match error {
        json::Error::TooManyValues { .. } => IndexFault::TooLarge,
        json::Error::Syntax { source } => IndexFault::Malformed { source },
        source => IndexFault::Ambiguous { source },
    })?;
    check_names(&members)?;
    let read: ReadIndex = serde_json::from_value(Value::Object(members))
        .map_err(|source| IndexFault::Malformed { source })?;
    let mut index = Index::default();
    for entry in read.manifests {
        let digest =
            oci::parse_digest(&entry.digest).map_err(|source| IndexFault::Digest { source })?;
        if entry
            .platform
            .as_ref()
            .is_some_and(ReadPlatform::is_unknown)
        {
            index.uncovered.push(digest);
            continue;
        }
        if !is_image_manifest(&entry.media_type) {
            let media_type = entry.media_type;
            return Err(IndexFault::Kind { digest, media_type });
        }
        let descriptor = Descriptor::new(entry.media_type.as_str().into(), entry.size, digest);
        let platforms = entry.platform.as_ref();
        let platforms = platforms
            .filter(|one| one.is_known())
            .map(ReadPlatform::shown);
        let mut images = index.images.iter_mut();
        match images.find(|image| image.descriptor == descriptor) {
            Some(image) => {
                // One entry without a platform leaves it open for which the image is.
                if image.platforms.is_empty() || platforms.is_none() {
                    image.platforms.clear();
                } else {
                    image.platforms.extend(platforms);
                }
            }
            None => index.images.push(IndexImage {
                descriptor,
                platforms: platforms.into_iter().collect(),
            }),
        }
        if index.images.len() > MAX_INDEX_IMAGES {
            return Err(IndexFault::TooMany);
        }
    }
    if index.images.is_empty() {
        return Err(IndexFault::Empty);
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
    const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";

    fn entry(letter: char, media_type: &str, platform: Value) -> Value {
        let digest = format!("sha256:{}", letter.to_string().repeat(64));
        let mut entry = json!({ "mediaType": media_type, "digest": digest, "size": 7 });
        if !platform.is_null() {
            entry["platform"] = platform;
        }
        entry
    }

    fn index(entries: &[Value]) -> Result<Index, IndexFault> {
        read(json!({ "manifests": entries }).to_string().as_bytes())
    }

    fn linux(architecture: &str) -> Value {
        json!({ "os": "linux", "architecture": architecture })
    }

    #[test]
    fn images_have_their_platforms_and_statements_are_told_apart() {
        let arm = json!({ "os": "linux", "architecture": "arm", "variant": "v7" });
        let unknown = json!({ "os": "unknown", "architecture": "unknown" });
        let half = json!({ "os": "linux", "architecture": "unknown" });
        let read = index(&[
            entry('a', OCI, linux("amd64")),
            entry('b', DOCKER, arm),
            entry('c', OCI, unknown),
            entry('a', OCI, linux("arm64")),
            entry('d', OCI, Value::Null),
            entry('e', OCI, half),
        ])
        .unwrap();
        let images: Vec<_> = read
            .images
            .iter()
            .map(|image| image.platforms.join(","))
            .collect();
        assert_eq!(images, ["linux/amd64,linux/arm64", "linux/arm/v7", "", ""]);
        assert_eq!(read.uncovered.len(), 1);
    }

    #[test]
    fn an_image_that_once_has_no_platform_has_none() {
        for order in [[0, 1], [1, 0]] {
            let entries = [
                entry('a', OCI, linux("amd64")),
                entry('a', OCI, Value::Null),
            ];
            let read = index(&order.map(|at: usize| entries[at].clone())).unwrap();
            assert_eq!(read.images.len(), 1);
            assert!(read.images[0].platforms.is_empty());
        }
    }

    /// Go's readers, and so runtimes, would start another image than the one that was verified.
    #[test]
    fn what_runtimes_read_otherwise_is_refused() {
        let good = entry('a', OCI, linux("amd64"));
        let other = entry('b', OCI, linux("amd64"));
        for name in ["Manifests", "MANIFESTS", "manife\u{17f}ts"] {
            let index = json!({ "manifests": [good], name: [other] });
            let fault = read(index.to_string().as_bytes()).unwrap_err();
            assert!(
                matches!(fault, IndexFault::Ambiguous { .. }),
                "{name}: {fault:?}"
            );
        }
        let evil = format!("sha256:{}", "b".repeat(64));
        for (name, value) in [
            ("Digest", json!(evil)),
            ("dige\u{17f}t", json!(evil)),
            (
                "MediaType",
                json!("application/vnd.oci.image.index.v1+json"),
            ),
            (
                "Platform",
                json!({ "os": "linux", "architecture": "arm64" }),
            ),
        ] {
            let mut entry = good.clone();
            entry[name] = value;
            let fault = index(&[entry]).unwrap_err();
            assert!(
                matches!(fault, IndexFault::Ambiguous { .. }),
                "{name}: {fault:?}"
            );
        }
        let unknown = json!({ "os": "unknown", "architecture": "unknown", "OS": "linux", "Architecture": "amd64" });
        let hidden = index(&[good.clone(), entry('b', OCI, unknown)]).unwrap_err();
        assert!(matches!(hidden, IndexFault::Ambiguous { .. }), "{hidden:?}");
        let twice = format!(r#"{{"manifests":[{good}],"manifests":[{other}]}}"#);
        let fault = read(twice.as_bytes()).unwrap_err();
        assert!(matches!(fault, IndexFault::Ambiguous { .. }), "{fault:?}");
        for name in ["config", "layers", "fsLayers"] {
            let index = json!({ "manifests": [good], name: [] });
            let fault = read(index.to_string().as_bytes()).unwrap_err();
            assert!(
                matches!(fault, IndexFault::IsImageToo { .. }),
                "{name}: {fault:?}"
            );
        }
        let plain =
            json!({ "schemaVersion": 2, "manifests": [good], "annotations": { "Config": "x" } });
        assert!(read(plain.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn what_cannot_be_gone_through_is_refused() {
        let nested = entry('a', "application/vnd.oci.image.index.v1+json", linux("x"));
        assert!(matches!(index(&[nested]), Err(IndexFault::Kind { .. })));
        assert!(matches!(index(&[]), Err(IndexFault::Empty)));
        let unknown = json!({ "os": "unknown", "architecture": "unknown" });
        let only_unknown = index(&[entry('a', OCI, unknown)]);
        assert!(matches!(only_unknown, Err(IndexFault::Empty)));
        let bad = json!({ "mediaType": OCI, "digest": "md5:1", "size": 1 });
        assert!(matches!(index(&[bad]), Err(IndexFault::Digest { .. })));
        assert!(matches!(read(b"{}"), Err(IndexFault::Malformed { .. })));
        let image = |number: usize| {
            let digest = format!("sha256:{number:064x}");
            json!({ "mediaType": OCI, "digest": digest, "size": 1, "platform": linux("x") })
        };
        let images: Vec<_> = (0..=MAX_INDEX_IMAGES).map(image).collect();
        assert!(index(&images[1..]).is_ok());
        assert!(matches!(index(&images), Err(IndexFault::TooMany)));
        let many = vec![0; MAX_JSON_VALUES + 1];
        let large = json!({ "manifests": many }).to_string();
        assert!(matches!(read(large.as_bytes()), Err(IndexFault::TooLarge)));
    }
}
