//! `index.json` and the indexes below it: which manifests there are, and their tags. Every user who may
//! write a layout writes them, so they are read entry by entry.

use std::collections::{HashSet, VecDeque};

use oci_spec::image::MediaType;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::LayoutRepository;
use crate::limits;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci::{self, Descriptor};
use crate::registry::error::Error;
use crate::registry::index_text::{self, lenient_text};
use crate::registry::media_types::{DOCKER_LIST, IMAGE_INDEX};
use crate::registry::words::clean;

/// The layout's own index.
pub(super) const INDEX: &str = "index.json";

/// An entry of an index.
#[derive(Debug)]
pub(super) struct Entry {
    /// Whether it says that it is a signature.
    pub(super) is_called_signature: bool,
    pub(super) descriptor: Descriptor,
}

impl LayoutRepository {
    /// The bytes of `index.json`, as they are.
    pub(super) fn read_index(&self) -> Result<Vec<u8>, Error> {
        let path = self.root().join(INDEX);
        crate::files::read(&path, limits::MAX_MANIFEST_BYTES).map_err(|source| Error::File {
            source: source.into(),
        })
    }

    /// Reads the entries of `index.json` one after the other.
    pub(super) fn for_each_entry(
        &self,
        mut each: impl FnMut(Entry, Option<&str>),
    ) -> Result<(), Error> {
        let bytes = self.read_index()?;
        for_each_entry(&bytes, &mut each).map_err(|error| Error::Misbehaved {
            url: self.root().join(INDEX).display().to_string(),
            fault: format!("is not an image index: {error}"),
        })
    }

    /// The manifest with the reference's tag.
    pub(super) fn find_tag(&self) -> Result<Descriptor, Error> {
        let tag = self.reference().tag().unwrap_or_default();
        let mut found: Option<Descriptor> = None;
        let mut is_given_twice = false;
        self.for_each_entry(|entry, entry_tag| {
            if entry_tag == Some(tag) {
                let digest = entry.descriptor.digest();
                is_given_twice |= found.as_ref().is_some_and(|other| other.digest() != digest);
                found = Some(entry.descriptor);
            }
        })?;
        if is_given_twice {
            // Which one is meant would be every reader's own choice.
            return Err(Error::Misbehaved {
                url: self.root().join(INDEX).display().to_string(),
                fault: format!("gives the tag `{}` to two manifests", clean(tag)),
            });
        }
        found.ok_or_else(|| self.not_found(tag))
    }

    /// The manifest with `digest`, wherever the index leads to it.
    pub(super) fn find_digest(&self, digest: &str) -> Result<Descriptor, Error> {
        let mut walk = self.walk()?;
        while let Some(entry) = walk.next() {
            if entry.descriptor.digest().as_ref() == digest {
                return Ok(entry.descriptor);
            }
        }
        Err(walk.failure.unwrap_or_else(|| self.not_found(digest)))
    }

    /// Every manifest that the index leads to, each once, nearest first.
    pub(super) fn walk(&self) -> Result<Walk<'_>, Error> {
        let mut walk = Walk {
            layout: self,
            queue: VecDeque::new(),
            seen: HashSet::new(),
            failure: None,
        };
        self.for_each_entry(|entry, _| walk.add(entry))?;
        Ok(walk)
    }
}

/// The manifests of a layout.
pub(super) struct Walk<'a> {
    layout: &'a LayoutRepository,
    queue: VecDeque<Entry>,
    seen: HashSet<(String, String, u64)>,
    /// The first reason why there may be more.
    pub(super) failure: Option<Error>,
}

impl Walk<'_> {
    pub(super) fn next(&mut self) -> Option<Entry> {
        let entry = self.queue.pop_front()?;
        if matches!(
            entry.descriptor.media_type().as_ref(),
            IMAGE_INDEX | DOCKER_LIST
        ) {
            // A missing or broken index is often a platform that was not copied; it hides no other.
            let read = self.layout.read_manifest(&entry.descriptor);
            match read {
                Ok(bytes) => {
                    let _ = for_each_entry(&bytes, &mut |entry, _| self.add(entry));
                }
                Err(error) => self.note(error),
            }
        }
        Some(entry)
    }

    fn add(&mut self, entry: Entry) {
        if self.seen.len() == limits::MAX_REFERRERS {
            self.failure.get_or_insert_with(|| Error::TooManyReferrers {
                digest: self.layout.reference().to_string(),
                max: limits::MAX_REFERRERS,
            });
            return;
        }
        // By everything that is said of it: one wrong entry must not stand for a right one.
        let descriptor = &entry.descriptor;
        let key = (
            descriptor.digest().to_string(),
            descriptor.media_type().to_string(),
            descriptor.size(),
        );
        if self.seen.insert(key) {
            self.queue.push_back(entry);
        }
    }

    /// Keeps an error that says nothing about what there is.
    pub(super) fn note(&mut self, error: Error) {
        if error.kind() == crate::registry::Kind::Inconclusive {
            self.failure.get_or_insert(error);
        }
    }
}

/// Gives `each` the entries of an index and their tags, one after the other, and skips what is not an entry.
///
/// # Errors
///
/// What is wrong with the index, or with an entry that has two readings.
fn for_each_entry(
    bytes: &[u8],
    each: &mut dyn FnMut(Entry, Option<&str>),
) -> Result<(), serde_json::Error> {
    let mut fault = None;
    index_text::for_each_entry(bytes, &mut |text| match read_entry(text) {
        Ok(Some((entry, tag))) => each(entry, tag.as_deref()),
        Ok(None) => {}
        Err(error) => {
            fault.get_or_insert(error);
        }
    })?;
    fault.map_or(Ok(()), Err)
}

fn read_entry(text: &str) -> Result<Option<(Entry, Option<String>)>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Members<'a> {
        #[serde(borrow)]
        media_type: Option<&'a RawValue>,
        #[serde(borrow)]
        digest: Option<&'a RawValue>,
        #[serde(borrow)]
        size: Option<&'a RawValue>,
        #[serde(borrow)]
        artifact_type: Option<&'a RawValue>,
        #[serde(borrow)]
        annotations: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Annotations<'a> {
        #[serde(borrow, rename = "org.opencontainers.image.ref.name")]
        tag: Option<&'a RawValue>,
    }
    if !text.starts_with('{') {
        return Ok(None);
    }
    let members: Members<'_> = serde_json::from_str(text)?;
    let annotations = members.annotations.filter(|raw| raw.get().starts_with('{'));
    let tag = match annotations {
        Some(raw) => lenient_text(serde_json::from_str::<Annotations<'_>>(raw.get())?.tag),
        None => None,
    };
    let digest = lenient_text(members.digest).and_then(|text| oci::parse_digest(&text).ok());
    let size = members
        .size
        .and_then(|raw| serde_json::from_str(raw.get()).ok());
    // What has a longer type is nothing that is looked at here.
    let media_type = lenient_text(members.media_type)
        .filter(|media_type| media_type.len() <= limits::MAX_MEDIA_TYPE_BYTES);
    let (Some(digest), Some(size), Some(media_type)) = (digest, size, media_type) else {
        return Ok(None);
    };
    let artifact_type = lenient_text(members.artifact_type);
    let entry = Entry {
        is_called_signature: artifact_type.as_deref() == Some(SIGNATURE_ARTIFACT_TYPE),
        descriptor: Descriptor::new(MediaType::from(media_type.as_str()), size, digest),
    };
    Ok(Some((entry, tag)))
}
