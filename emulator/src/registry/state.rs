//! What a registry holds: repositories with their blobs, manifests and tags, and the uploads that are under way.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{document::Document, error::OciError, name::Digest};
use crate::hosts::RegistryId;

/// Uploads under way at once; the oldest gives way, for clients that never finish theirs.
pub(super) const MAX_UPLOADS: usize = 100;

/// Everything, of every registry.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(super) repositories: BTreeMap<RepositoryKey, Repository>,
    uploads: BTreeMap<String, Upload>,
    /// Numbers uploads and manifests in the order in which they came.
    sequence: u64,
    /// Counts the lists of referrers that were asked for.
    lists: u64,
}

/// A repository's registry and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RepositoryKey {
    pub(crate) registry: RegistryId,
    pub(crate) name: String,
}

impl RepositoryKey {
    pub(crate) fn new(registry: &RegistryId, name: &str) -> Self {
        Self {
            registry: registry.clone(),
            name: name.to_owned(),
        }
    }
}

/// One repository.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) created_at: OffsetDateTime,
    pub(crate) mutability: TagMutability,
    pub(crate) blobs: BTreeMap<Digest, Bytes>,
    pub(crate) manifests: BTreeMap<Digest, Manifest>,
    pub(crate) tags: BTreeMap<String, Digest>,
}

/// A manifest or index, with its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) bytes: Bytes,
    pub(crate) document: Document,
    pub(crate) pushed_at: OffsetDateTime,
    /// The later pushed, the greater.
    pub(crate) sequence: u64,
    /// Lists of referrers that had been asked for when it was pushed.
    pub(crate) pushed_after_lists: u64,
}

/// An upload under way.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) repository: RepositoryKey,
    pub(super) bytes: Vec<u8>,
    sequence: u64,
}

/// Whether tags may move (ECR's `imageTagMutability` with its exclusion filters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TagMutability {
    pub(crate) is_immutable: bool,
    /// Tags that match one of these (`*` for any characters) are treated the other way.
    pub(crate) exclusions: Vec<String>,
}

impl TagMutability {
    pub(crate) const MUTABLE: Self = Self {
        is_immutable: false,
        exclusions: Vec::new(),
    };

    fn allows_moving(&self, tag: &str) -> bool {
        let is_excluded = self
            .exclusions
            .iter()
            .any(|filter| matches_wildcard(filter, tag));
        self.is_immutable == is_excluded
    }
}

/// Whether `text` is what `filter` says, `*` standing for any characters, also none.
pub(crate) fn matches_wildcard(filter: &str, text: &str) -> bool {
    let Some((prefix, rest)) = filter.split_once('*') else {
        return filter == text;
    };
    let Some(text) = text.strip_prefix(prefix) else {
        return false;
    };
    text.char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .any(|at| {
            text.get(at..)
                .is_some_and(|tail| matches_wildcard(rest, tail))
        })
}

impl Repository {
    pub(crate) fn new(now: OffsetDateTime) -> Self {
        Self {
            created_at: now,
            mutability: TagMutability::MUTABLE,
            blobs: BTreeMap::new(),
            manifests: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// The manifest of a tag or digest.
    pub(crate) fn manifest(&self, reference: &str) -> Option<(&Digest, &Manifest)> {
        let digest = match Digest::parse(reference) {
            Some(digest) => digest,
            None => self.tags.get(reference)?.clone(),
        };
        self.manifests.get_key_value(&digest)
    }

    /// The tags of a manifest.
    pub(crate) fn tags_of<'a>(&'a self, digest: &'a Digest) -> impl Iterator<Item = &'a String> {
        self.tags
            .iter()
            .filter(move |(_, tagged)| *tagged == digest)
            .map(|(tag, _)| tag)
    }

    /// The manifests whose subject is `subject`, in the order in which they were pushed.
    pub(crate) fn referrers(&self, subject: &Digest) -> Vec<(&Digest, &Manifest)> {
        let mut referrers: Vec<_> = self
            .manifests
            .iter()
            .filter(|(_, manifest)| manifest.document.subject.as_ref() == Some(subject))
            .collect();
        referrers.sort_by_key(|(_, manifest)| manifest.sequence);
        referrers
    }

    /// Refuses to move `tag` to `digest` where the repository does not allow it. The same tag on the same manifest
    /// again is not a move.
    pub(super) fn check_tag(&self, name: &str, tag: &str, digest: &Digest) -> Result<(), OciError> {
        match self.tags.get(tag) {
            Some(current) if current != digest && !self.mutability.allows_moving(tag) => {
                Err(OciError::tag_immutable(tag, name))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a document that names content which is not here, or of another size.
    pub(super) fn check_references(&self, document: &Document) -> Result<(), OciError> {
        for blob in &document.blobs {
            match self.blobs.get(&blob.digest) {
                Some(bytes) => check_size(&blob.digest, blob.size, bytes)?,
                None if blob.is_foreign => {}
                None => return Err(OciError::manifest_blob_unknown(&blob.digest.to_string())),
            }
        }
        for manifest in &document.manifests {
            let known = self
                .manifests
                .get(&manifest.digest)
                .ok_or_else(|| OciError::manifest_blob_unknown(&manifest.digest.to_string()))?;
            check_size(&manifest.digest, manifest.size, &known.bytes)?;
        }
        Ok(())
    }
}

fn check_size(digest: &Digest, said: u64, bytes: &Bytes) -> Result<(), OciError> {
    if u64::try_from(bytes.len()) == Ok(said) {
        return Ok(());
    }
    let message = format!(
        "{digest} has {} bytes, the manifest says {said}",
        bytes.len()
    );
    Err(OciError::size_invalid(message))
}

impl State {
    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// The number of what came last.
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The number of a list of referrers that is asked for.
    pub(super) fn next_list(&mut self) -> u64 {
        self.lists += 1;
        self.lists
    }

    pub(super) fn lists(&self) -> u64 {
        self.lists
    }

    /// A repository, or the error that it does not exist.
    pub(crate) fn repository(&self, key: &RepositoryKey) -> Result<&Repository, OciError> {
        self.repositories
            .get(key)
            .ok_or_else(|| OciError::name_unknown(&key.name, &key.registry.account))
    }

    /// The repositories of one registry, by name.
    pub(crate) fn of_registry<'a>(
        &'a self,
        registry: &'a RegistryId,
    ) -> impl Iterator<Item = (&'a RepositoryKey, &'a Repository)> {
        self.repositories
            .iter()
            .filter(move |(key, _)| key.registry == *registry)
    }

    pub(crate) fn insert(&mut self, key: RepositoryKey, repository: Repository) {
        self.repositories.insert(key, repository);
    }

    pub(crate) fn repository_mut(
        &mut self,
        key: &RepositoryKey,
    ) -> Result<&mut Repository, OciError> {
        self.repositories
            .get_mut(key)
            .ok_or_else(|| OciError::name_unknown(&key.name, &key.registry.account))
    }

    pub(super) fn start_upload(&mut self, id: String, repository: RepositoryKey) {
        let oldest = self
            .uploads
            .iter()
            .min_by_key(|(_, upload)| upload.sequence);
        if self.uploads.len() >= MAX_UPLOADS
            && let Some(oldest) = oldest.map(|(id, _)| id.clone())
        {
            self.uploads.remove(&oldest);
        }
        let sequence = self.next();
        let upload = Upload {
            repository,
            bytes: Vec::new(),
            sequence,
        };
        self.uploads.insert(id, upload);
    }

    /// An upload of this repository.
    pub(super) fn upload_mut(
        &mut self,
        id: &str,
        repository: &RepositoryKey,
    ) -> Result<&mut Upload, OciError> {
        self.uploads
            .get_mut(id)
            .filter(|upload| upload.repository == *repository)
            .ok_or_else(OciError::upload_unknown)
    }

    /// Ends an upload of this repository, and returns its bytes.
    pub(super) fn take_upload(
        &mut self,
        id: &str,
        repository: &RepositoryKey,
    ) -> Result<Vec<u8>, OciError> {
        self.upload_mut(id, repository)?;
        let upload = self
            .uploads
            .remove(id)
            .ok_or_else(OciError::upload_unknown)?;
        Ok(upload.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (filter, text, expected) in [
            ("sha256-*", "sha256-ab", true),
            ("sha256-*", "sha256-", true),
            ("sha256-*", "sha512-ab", false),
            ("*", "", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("latest", "latest", true),
            ("latest", "latest2", false),
        ] {
            assert_eq!(matches_wildcard(filter, text), expected, "{filter} {text}");
        }
    }

    #[test]
    fn exclusions_turn_the_rule_round() {
        let immutable = TagMutability {
            is_immutable: true,
            exclusions: vec!["sha256-*".to_owned()],
        };
        assert!(!immutable.allows_moving("v1"));
        assert!(immutable.allows_moving("sha256-ab"));
        let mutable = TagMutability {
            is_immutable: false,
            exclusions: vec!["v*".to_owned()],
        };
        assert!(!mutable.allows_moving("v1"));
        assert!(mutable.allows_moving("latest"));
        assert!(TagMutability::MUTABLE.allows_moving("v1"));
    }
}
