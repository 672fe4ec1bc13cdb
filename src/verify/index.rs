//! The images of an index, as far as a runtime may start them: what `verify` and gates go by.
//!
//! Input: the bytes of an index whose digest was checked. Output: each image with its platforms. What cannot be told
//! is refused: an index in an index, an entry of another kind, one digest that is described in two ways.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::platform::Platform;
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
    /// One digest has several descriptions, of which one at most is right.
    #[error("the index describes `{digest}` in two ways, which differ in size or media type")]
    Contradicts {
        /// The digest.
        digest: Digest,
    },
    /// It is one image.
    #[error("it is not an index: its media type is `{media_type}`")]
    NotAnIndex {
        /// Its media type.
        media_type: String,
    },
    /// It is an index, where an image was wanted that stands in one.
    #[error("it is an index itself, and not an image in the index `{index}`")]
    AnotherIndex {
        /// The index that was named.
        index: Digest,
    },
    /// It has no image for the platform.
    #[error("the index has no image for the platform `{platform}`")]
    NoImageFor {
        /// The platform.
        platform: Platform,
        /// The platforms that it has images for.
        found: Vec<String>,
    },
    /// It has several images for the platform, and which one a runtime takes cannot be told.
    #[error("the index has {count} images for the platform `{platform}`")]
    SeveralFor {
        /// The platform.
        platform: Platform,
        /// How many.
        count: usize,
    },
    /// The image does not stand in it.
    #[error("the image `{digest}` does not stand in the index")]
    NotListed {
        /// The image.
        digest: Digest,
    },
    /// The image stands in it for the platform `unknown` alone, which does not count as covered.
    #[error("the index has the image `{digest}` for the platform `unknown` only")]
    ForNoPlatform {
        /// The image.
        digest: Digest,
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
            Self::TooMany | Self::TooLarge | Self::Kind { .. } | Self::SeveralFor { .. } => {
                Some("name the image of one platform by its digest".to_owned())
            }
            Self::NotAnIndex { .. } => Some(
                "omit `--platform` for an image that is for one platform alone; name a multi-platform image with \
                 `--index`"
                    .to_owned(),
            ),
            Self::AnotherIndex { .. } => Some("name the image of one platform".to_owned()),
            Self::NoImageFor { found, .. } if !found.is_empty() => {
                Some(format!("the index has images for {}", found.join(", ")))
            }
            Self::NotListed { .. } | Self::ForNoPlatform { .. } => Some(
                "name the index that the image belongs to; or verify the image by a signature of its own"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// An image that stands in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexImage {
    pub(crate) descriptor: Descriptor,
    /// `linux/amd64`; empty where the index does not say it in every entry.
    pub(crate) platforms: Vec<Platform>,
}

impl IndexImage {
    /// Whether a signature of the index may count for it. Which runtime starts an image without a platform cannot be
    /// told, so that the index does not cover it.
    pub(crate) fn may_be_covered(&self) -> bool {
        !self.platforms.is_empty()
    }

    /// Checks that an image is what its index says of it.
    ///
    /// # Errors
    ///
    /// [`IndexFault::Differs`].
    pub(crate) fn check(&self, found: &Descriptor) -> Result<(), IndexFault> {
        let wanted = &self.descriptor;
        let is_same = found.digest() == wanted.digest()
            && found.size() == wanted.size()
            && found.media_type() == wanted.media_type();
        if is_same {
            return Ok(());
        }
        Err(IndexFault::Differs {
            found: Box::new(found.clone()),
            wanted: Box::new(wanted.clone()),
        })
    }
}

/// What an index has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) images: Vec<IndexImage>,
    /// Entries for the platform `unknown`, which no runtime starts: statements about the images.
    pub(crate) uncovered: Vec<Digest>,
}

impl Index {
    /// The one image for this platform.
    ///
    /// # Errors
    ///
    /// [`IndexFault::NoImageFor`] and [`IndexFault::SeveralFor`].
    pub(super) fn image_for(self, platform: &Platform) -> Result<IndexImage, IndexFault> {
        let has = |image: &IndexImage| image.platforms.iter().any(|one| one.is_same(platform));
        let (mut fitting, others): (Vec<_>, Vec<_>) = self.images.into_iter().partition(has);
        let platform = platform.clone();
        match (fitting.pop(), fitting.len()) {
            (Some(image), 0) => Ok(image),
            (Some(_), more) => Err(IndexFault::SeveralFor {
                platform,
                count: more + 1,
            }),
            (None, _) => {
                let platforms = others.iter().flat_map(|image| &image.platforms);
                let found = platforms.map(Platform::to_string).collect();
                Err(IndexFault::NoImageFor { platform, found })
            }
        }
    }

    /// The image of this digest.
    ///
    /// # Errors
    ///
    /// [`IndexFault::NotListed`] and [`IndexFault::ForNoPlatform`].
    pub(super) fn image(self, digest: &Digest) -> Result<IndexImage, IndexFault> {
        let mut images = self.images.into_iter();
        if let Some(image) = images.find(|image| image.descriptor.digest() == digest) {
            return Ok(image);
        }
        let digest = digest.clone();
        if self.uncovered.contains(&digest) {
            Err(IndexFault::ForNoPlatform { digest })
        } else {
            Err(IndexFault::NotListed { digest })
        }
    }
}

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
    platform: Option<Platform>,
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
    let mut unknown: Vec<Descriptor> = Vec::new();
    for entry in read.manifests {
        let digest =
            oci::parse_digest(&entry.digest).map_err(|source| IndexFault::Digest { source })?;
        let descriptor = Descriptor::new(entry.media_type.as_str().into(), entry.size, digest);
        let mut known = index.images.iter().map(|image| &image.descriptor);
        if known.any(|known| contradicts(known, &descriptor)) {
            return Err(contradiction(&descriptor));
        }
        if entry.platform.as_ref().is_some_and(Platform::is_unknown) {
            if !unknown.contains(&descriptor) {
                unknown.push(descriptor);
            }
            if unknown.len() > MAX_INDEX_IMAGES {
                return Err(IndexFault::TooMany);
            }
            continue;
        }
        if !is_image_manifest(&entry.media_type) {
            return Err(IndexFault::Kind {
                digest: descriptor.digest().clone(),
                media_type: entry.media_type,
            });
        }
        index.add(descriptor, entry.platform.filter(Platform::is_known))?;
    }
    for (number, one) in unknown.iter().enumerate() {
        let images = index.images.iter().map(|image| &image.descriptor);
        let mut others = images.chain(unknown.iter().skip(number + 1));
        if others.any(|other| contradicts(other, one)) {
            return Err(contradiction(one));
        }
    }
    index.uncovered = unknown.iter().map(|one| one.digest().clone()).collect();
    if index.images.is_empty() {
        return Err(IndexFault::Empty);
    }
    Ok(index)
}

impl Index {
    /// Adds an entry of an image.
    fn add(
        &mut self,
        descriptor: Descriptor,
        platform: Option<Platform>,
    ) -> Result<(), IndexFault> {
        let mut images = self.images.iter_mut();
        match images.find(|image| image.descriptor == descriptor) {
            Some(image) => {
                // One entry without a platform leaves it open for which the image is.
                if image.platforms.is_empty() || platform.is_none() {
                    image.platforms.clear();
                } else {
                    let new = platform.filter(|new| !image.platforms.contains(new));
                    image.platforms.extend(new);
                }
            }
            None => self.images.push(IndexImage {
                descriptor,
                platforms: platform.into_iter().collect(),
            }),
        }
        if self.images.len() > MAX_INDEX_IMAGES {
            return Err(IndexFault::TooMany);
        }
        Ok(())
    }
}

/// Whether two entries say different things of one digest.
fn contradicts(one: &Descriptor, other: &Descriptor) -> bool {
    one.digest() == other.digest() && one != other
}

fn contradiction(descriptor: &Descriptor) -> IndexFault {
    IndexFault::Contradicts {
        digest: descriptor.digest().clone(),
    }
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
            .map(|image| {
                let platforms = image.platforms.iter().map(Platform::to_string);
                platforms.collect::<Vec<_>>().join(",")
            })
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

    #[test]
    fn one_digest_has_one_description() {
        let unknown = || json!({ "os": "unknown", "architecture": "unknown" });
        let sized = |size: u64, platform: Value| {
            let mut entry = entry('a', OCI, platform);
            entry["size"] = json!(size);
            entry
        };
        for entries in [
            [
                entry('a', OCI, linux("amd64")),
                entry('a', DOCKER, linux("arm64")),
            ],
            [sized(7, linux("amd64")), sized(8, linux("amd64"))],
            [sized(7, linux("amd64")), sized(8, unknown())],
            [sized(8, unknown()), sized(7, linux("amd64"))],
        ] {
            let found = index(&entries);
            assert!(
                matches!(found, Err(IndexFault::Contradicts { .. })),
                "{found:?}"
            );
        }
        let unknown_twice = [
            sized(7, unknown()),
            sized(8, unknown()),
            entry('b', OCI, linux("x")),
        ];
        assert!(matches!(
            index(&unknown_twice),
            Err(IndexFault::Contradicts { .. })
        ));
    }

    #[test]
    fn an_image_is_picked_only_where_there_is_one() {
        let amd64: Platform = "linux/amd64".parse().unwrap();
        let of = |entries: &[Value]| index(entries).unwrap().image_for(&amd64);
        let one = of(&[
            entry('a', OCI, linux("amd64")),
            entry('b', OCI, linux("arm64")),
        ]);
        assert!(one.unwrap().descriptor.digest().as_ref().ends_with("aaaa"));
        let two = of(&[
            entry('a', OCI, linux("amd64")),
            entry('b', OCI, linux("amd64")),
        ]);
        assert!(matches!(two, Err(IndexFault::SeveralFor { count: 2, .. })));
        let none = of(&[
            entry('a', OCI, linux("arm64")),
            entry('b', OCI, Value::Null),
        ]);
        let Err(IndexFault::NoImageFor { found, .. }) = none else {
            panic!("{none:?}");
        };
        assert_eq!(found, ["linux/arm64"]);
    }

    #[test]
    fn an_image_is_what_its_index_says_of_it() {
        let of = |media_type: &str, size, bytes: &[u8]| {
            Descriptor::new(media_type.into(), size, oci::sha256_digest(bytes))
        };
        let found = of("a/b", 7, b"x");
        let check = |wanted: Descriptor| {
            let platforms = Vec::new();
            let image = IndexImage {
                descriptor: wanted,
                platforms,
            };
            image.check(&found)
        };
        assert!(check(found.clone()).is_ok());
        for wanted in [of("a/c", 7, b"x"), of("a/b", 8, b"x"), of("a/b", 7, b"y")] {
            assert!(matches!(check(wanted), Err(IndexFault::Differs { .. })));
        }
        let said = check(of("a/c", 8, b"x")).unwrap_err().to_string();
        assert!(
            said.ends_with("is a `a/b` of 7 bytes, and the index says `a/c` of 8 bytes"),
            "{said}"
        );
    }
}
