//! The images of an index, as far as a runtime may start them: what `verify` and gates go by.
//!
//! Input: the bytes of an index whose digest was checked. Output: each image with its platforms. What cannot be told
//! is refused: an index in an index, an entry of another kind, one digest that is described in two ways.

mod fault;

pub use fault::IndexFault;
pub(crate) use fault::{ENTRY_DIFFERS, images_unknown};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::platform::Platform;
use crate::json;
use crate::limits::MAX_INDEX_IMAGES;
use crate::oci::{self, Descriptor, Digest};
use crate::registry::is_image_manifest;

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
mod tests;
