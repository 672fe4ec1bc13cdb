//! `index.json` and the indexes below it: which manifests there are, and their tags.

use std::collections::{HashSet, VecDeque};

use oci_spec::image::MediaType;
use serde_json::{Map, Value};

use super::LayoutRepository;
use crate::json;
use crate::limits;
use crate::oci::{self, Descriptor};
use crate::registry::error::{Error, clean};
use crate::registry::manifest::{DOCKER_LIST, IMAGE_INDEX};

/// The layout's own index.
pub(super) const INDEX: &str = "index.json";

/// Annotation of an entry: its tag.
const TAG_ANNOTATION: &str = "org.opencontainers.image.ref.name";

/// An entry of an index.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) tag: Option<String>,
    pub(super) artifact_type: Option<String>,
    pub(super) descriptor: Descriptor,
}

impl LayoutRepository {
    /// The document `index.json`, as it is.
    pub(super) fn read_index(&self) -> Result<Map<String, Value>, Error> {
        let path = self.root().join(INDEX);
        let bytes = crate::files::read(&path, limits::MAX_MANIFEST_BYTES)
            .map_err(|source| Error::File { source })?;
        let bad = |fault: String| Error::Misbehaved {
            url: path.display().to_string(),
            fault,
        };
        let index = json::parse_object(&bytes)
            .map_err(|error| bad(format!("is not an image index: {error}")))?;
        match index.get("manifests") {
            Some(Value::Array(_) | Value::Null) | None => Ok(index),
            Some(_) => Err(bad("has `manifests` that is not a list".to_owned())),
        }
    }

    /// The manifest with the reference's tag.
    pub(super) fn find_tag(&self) -> Result<Descriptor, Error> {
        let tag = self.reference().tag().unwrap_or_default();
        let mut found: Option<Descriptor> = None;
        for entry in entries(&self.read_index()?) {
            if entry.tag.as_deref() != Some(tag) {
                continue;
            }
            match &found {
                Some(other) if other.digest() != entry.descriptor.digest() => {
                    // Which one is meant would be every reader's own choice.
                    return Err(Error::Misbehaved {
                        url: self.root().join(INDEX).display().to_string(),
                        fault: format!("gives the tag `{}` to two manifests", clean(tag)),
                    });
                }
                _ => found = Some(entry.descriptor),
            }
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
        let entries = entries(&self.read_index()?);
        let mut walk = Walk {
            layout: self,
            queue: VecDeque::new(),
            seen: HashSet::new(),
            failure: None,
        };
        walk.extend(entries);
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
            // A missing or broken index is often a platform that nobody copied; it hides no other.
            let read = self.layout.read_manifest(&entry.descriptor);
            match read.map(|bytes| json::parse_object(&bytes)) {
                Ok(Ok(index)) => self.extend(entries(&index)),
                Ok(Err(_)) => {}
                Err(error) => self.note(error),
            }
        }
        Some(entry)
    }

    fn extend(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            if self.seen.len() == limits::MAX_REFERRERS {
                self.failure.get_or_insert(Error::TooManyReferrers {
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
    }

    /// Keeps an error that says nothing about what there is.
    pub(super) fn note(&mut self, error: Error) {
        if error.kind() == crate::registry::Kind::CouldNotLook {
            self.failure.get_or_insert(error);
        }
    }
}

/// The entries of an index, without those that are none.
fn entries(index: &Map<String, Value>) -> Vec<Entry> {
    let manifests = index.get("manifests").and_then(Value::as_array);
    manifests.into_iter().flatten().filter_map(entry).collect()
}

fn entry(value: &Value) -> Option<Entry> {
    let text = |member: &str| value.get(member).and_then(Value::as_str);
    let digest = oci::parse_digest(text("digest")?).ok()?;
    let size = value.get("size")?.as_u64()?;
    let tag = value
        .get("annotations")
        .and_then(|annotations| annotations.get(TAG_ANNOTATION))
        .and_then(Value::as_str);
    Some(Entry {
        tag: tag.map(str::to_owned),
        artifact_type: text("artifactType").map(str::to_owned),
        descriptor: Descriptor::new(MediaType::from(text("mediaType")?), size, digest),
    })
}
