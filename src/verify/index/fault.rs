//! Why an index cannot be gone through, and what to do about it.

use crate::json;
use crate::limits::{MAX_INDEX_IMAGES, MAX_JSON_VALUES};
use crate::oci::{self, Descriptor, Digest};
use crate::reference::ArtifactReference;
use crate::verify::platform::Platform;

/// What is said of an image that differs from what its index says.
pub(crate) const ENTRY_DIFFERS: &str = "an image of the index is not what the index says of it";

/// What is said of an index with a fault.
pub(crate) fn images_unknown(index: &ArtifactReference) -> String {
    format!("the images of the index `{index}` cannot be determined")
}

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
                "omit the setting `platform` for an image that is for one platform alone; name a multi-platform image with \
                 the setting `index`"
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
