//! The registries' content on disk: `content/<algorithm>/<hex>` for blobs and manifests, `index.json` for what is where.
//!
//! Content that nothing names any more stays; the directory is for tests and small pipelines.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    document::Document,
    name::Digest,
    options::MAX_BLOB_BYTES,
    state::{Manifest, Repository, RepositoryKey, State, TagMutability},
};
use crate::{
    hosts::RegistryId,
    saved::{self, Secrecy},
};

/// Bytes of `index.json`: some hundred thousand manifests.
const MAX_INDEX_BYTES: usize = 64 * 1024 * 1024;

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading failed.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Writing failed.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is longer than any that was written here.
    #[error("`{}` has more than {max} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is allowed.
        max: usize,
    },
    /// `index.json` is not what was written here.
    #[error("`{}` is not a registry's index", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A file's content does not fit its name, or the index.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// A directory that holds registries.
#[derive(Debug)]
pub(super) struct Disk {
    directory: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct SavedRepository {
    account: String,
    region: String,
    name: String,
    /// Seconds since 1970.
    created_at: i64,
    mutability: TagMutability,
    blobs: Vec<String>,
    /// In the order in which they were pushed.
    manifests: Vec<SavedManifest>,
    tags: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct SavedManifest {
    digest: String,
    media_type: String,
    /// Seconds since 1970.
    pushed_at: i64,
}

impl Disk {
    pub(super) fn open(directory: &Path) -> Result<Self, Error> {
        for algorithm in ["sha256", "sha512"] {
            let path = directory.join("content").join(algorithm);
            fs::create_dir_all(&path).map_err(|source| Error::Write { path, source })?;
        }
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    fn content(&self, digest: &Digest) -> PathBuf {
        self.directory
            .join("content")
            .join(digest.algorithm())
            .join(digest.hex())
    }

    fn index(&self) -> PathBuf {
        self.directory.join("index.json")
    }

    pub(super) fn save_content(&self, digest: &Digest, bytes: &[u8]) -> Result<(), Error> {
        write(&self.content(digest), bytes)
    }

    pub(super) fn save(&self, state: &State) -> Result<(), Error> {
        let saved: Vec<_> = state.repositories.iter().map(saved_repository).collect();
        let path = self.index();
        let text = serde_json::to_vec(&saved).map_err(|source| Error::Index {
            path: path.clone(),
            source,
        })?;
        write(&path, &text)
    }

    pub(super) fn load(&self) -> Result<State, Error> {
        let mut state = State::default();
        let path = self.index();
        if !path.exists() {
            return Ok(state);
        }
        let text = read(&path, MAX_INDEX_BYTES)?;
        let saved: Vec<SavedRepository> =
            serde_json::from_slice(&text).map_err(|source| Error::Index {
                path: path.clone(),
                source,
            })?;
        for saved in saved {
            let registry = RegistryId {
                account: saved.account.clone(),
                region: saved.region.clone(),
            };
            let key = RepositoryKey::new(&registry, &saved.name);
            let repository = self.load_repository(&mut state, saved)?;
            state.repositories.insert(key, repository);
        }
        Ok(state)
    }

    fn load_repository(
        &self,
        state: &mut State,
        saved: SavedRepository,
    ) -> Result<Repository, Error> {
        let damaged = || Error::Damaged { path: self.index() };
        let time = |seconds| OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| damaged());
        let mut repository = Repository::new(time(saved.created_at)?);
        repository.mutability = saved.mutability;
        for digest in &saved.blobs {
            let digest = Digest::parse(digest).ok_or_else(damaged)?;
            let bytes = self.load_content(&digest)?;
            repository.blobs.insert(digest, bytes);
        }
        for manifest in &saved.manifests {
            let digest = Digest::parse(&manifest.digest).ok_or_else(damaged)?;
            let bytes = self.load_content(&digest)?;
            let document =
                Document::parse(Some(&manifest.media_type), &bytes).map_err(|_| damaged())?;
            let pushed_at = time(manifest.pushed_at)?;
            let sequence = state.next();
            let manifest = Manifest {
                bytes,
                document,
                pushed_at,
                sequence,
                pushed_after_lists: 0,
            };
            repository.manifests.insert(digest, manifest);
        }
        for (tag, digest) in saved.tags {
            let digest = Digest::parse(&digest).ok_or_else(damaged)?;
            repository.tags.insert(tag, digest);
        }
        Ok(repository)
    }

    fn load_content(&self, digest: &Digest) -> Result<Bytes, Error> {
        let path = self.content(digest);
        let bytes = read(&path, MAX_BLOB_BYTES)?;
        if digest.matches(&bytes) {
            Ok(Bytes::from(bytes))
        } else {
            Err(Error::Damaged { path })
        }
    }
}

fn saved_repository((key, repository): (&RepositoryKey, &Repository)) -> SavedRepository {
    let mut manifests: Vec<_> = repository.manifests.iter().collect();
    manifests.sort_by_key(|(_, manifest)| manifest.sequence);
    let manifests = manifests
        .into_iter()
        .map(|(digest, manifest)| SavedManifest {
            digest: digest.to_string(),
            media_type: manifest.document.media_type.clone(),
            pushed_at: manifest.pushed_at.unix_timestamp(),
        });
    let tags = repository.tags.iter();
    SavedRepository {
        account: key.registry.account.clone(),
        region: key.registry.region.clone(),
        name: key.name.clone(),
        created_at: repository.created_at.unix_timestamp(),
        mutability: repository.mutability.clone(),
        blobs: repository.blobs.keys().map(Digest::to_string).collect(),
        manifests: manifests.collect(),
        tags: tags
            .map(|(tag, digest)| (tag.clone(), digest.to_string()))
            .collect(),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    saved::write(path, bytes, Secrecy::Public).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}

fn read(path: &Path, max: usize) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(failed)?.take(limit);
    file.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > max {
        return Err(Error::TooLarge {
            path: path.to_owned(),
            max,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_as_long_as_the_limit_and_no_longer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write(&path, b"01234").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"01234");
        let error = read(&path, 4).unwrap_err();
        assert!(matches!(error, Error::TooLarge { max: 4, .. }), "{error}");
        let missing = directory.path().join("missing");
        let error = read(&missing, 4).unwrap_err();
        assert!(matches!(error, Error::Read { .. }), "{error}");
    }
}
