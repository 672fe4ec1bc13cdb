//! The files of the stores: what is there, and changes to it.
//!
//! What is added passes the checks of verification first. A name leads to a file of its store and nowhere else;
//! nothing is written or removed through a link.

use std::path::{Component, Path, PathBuf};

use super::unfit::{Unfit, anchors};
use super::{Error, built_in, built_in_file, read_file};
use crate::config::StoreName;
use crate::files;
use crate::limits::{
    MAX_TRUST_STORE_FILE_BYTES, MAX_TRUST_STORE_FILES, MAX_TRUST_STORES, NAMED_PIPE_TIMEOUT,
};
use crate::notary::StoreType;
use crate::x509::Certificate;

/// Mode of a certificate's file in a store, as notation has it.
const MODE: u32 = 0o600;

/// Why a store was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The text is a path, or no name at all.
    #[error("`{found}` is not the name of a file in a trust store")]
    FileName {
        /// The text.
        found: String,
    },
    /// The file to add cannot be read.
    #[error("the file cannot be read")]
    Source {
        /// Why; names the path.
        source: files::Error,
    },
    /// No signature could be verified with a store that has this file.
    #[error(transparent)]
    Unfit(Unfit),
    /// AWS publishes no root for the partition.
    #[error(transparent)]
    NotPublished(Error),
    /// The store has a file of this name.
    #[error("certificate already exists in the Trust Store")]
    Exists {
        /// Its path.
        path: PathBuf,
    },
    /// A store with more files could not be read.
    #[error("the trust store `{store}` has {MAX_TRUST_STORE_FILES} files, the maximum")]
    Full {
        /// The store.
        store: StoreName,
    },
    /// The operating system, or what is at the path, does not allow it.
    #[error("the trust store cannot be changed")]
    Files {
        /// Why; names the path.
        source: files::Error,
    },
}

impl ChangeError {
    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::FileName { .. } => {
                Some("give the name alone, as `countersign cert list` shows it".to_owned())
            }
            Self::Unfit(unfit) => unfit.hint(),
            Self::NotPublished(_) => Some(
                "add the root that your own records of AWS Signer hold: `countersign cert add --type signingAuthority --store NAME FILE`"
                    .to_owned(),
            ),
            Self::Source { source } | Self::Files { source } => source.hint(),
            Self::Exists { .. } => Some(
                "delete that one first with `countersign cert delete`, or give the new file another name"
                    .to_owned(),
            ),
            Self::Full { .. } => Some("put the certificate into another store".to_owned()),
        }
    }
}

/// A file of a store.
#[derive(Debug)]
pub struct StoreFile {
    /// Its name.
    pub name: String,
    /// Its certificates, or why no signature can be verified with its store.
    pub certificates: Result<Vec<Certificate>, Error>,
}

/// The stores of a configuration directory, as files.
#[derive(Debug, Clone)]
pub struct StoreFiles {
    /// `truststore/x509`.
    directory: PathBuf,
}

impl StoreFiles {
    /// The stores of a configuration directory.
    pub fn new(config_dir: &Path) -> Self {
        Self {
            directory: config_dir.join("truststore").join("x509"),
        }
    }

    /// The stores of a directory in place of Notation's `truststore`.
    pub fn in_directory(directory: &Path) -> Self {
        Self {
            directory: directory.join("x509"),
        }
    }

    /// The directory of a store.
    pub fn directory_of(&self, store: &StoreName) -> PathBuf {
        self.directory
            .join(store.kind().as_str())
            .join(store.name())
    }

    /// The path of a file in a store, whether it is there or not.
    ///
    /// # Errors
    ///
    /// [`ChangeError::FileName`] for a text with any other meaning than a file in this very directory.
    pub fn path_of(&self, store: &StoreName, name: &str) -> Result<PathBuf, ChangeError> {
        let mut components = Path::new(name).components();
        let is_one = matches!(
            (components.next(), components.next()),
            (Some(Component::Normal(only)), None) if only == name
        );
        if is_one {
            Ok(self.directory_of(store).join(name))
        } else {
            Err(ChangeError::FileName {
                found: name.to_owned(),
            })
        }
    }

    /// The stores of a type, by name. Other things in the directory of the type are passed over, since no policy can
    /// name them.
    ///
    /// # Errors
    ///
    /// What keeps the directory of the type from being listed; a missing directory is not an error.
    pub fn stores(&self, kind: StoreType) -> Result<Vec<StoreName>, files::Error> {
        let directory = self.directory.join(kind.as_str());
        let paths = match files::read_directory(&directory, MAX_TRUST_STORES) {
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            paths => paths?,
        };
        let names = paths.iter().filter_map(|path| path.file_name()?.to_str());
        Ok(names
            .filter_map(|name| StoreName::new(kind, name).ok())
            .filter(|store| self.directory_of(store).is_dir())
            .collect())
    }

    /// The files of a store, by name.
    ///
    /// # Errors
    ///
    /// What keeps the store from being listed.
    pub fn files(&self, store: &StoreName) -> Result<Vec<StoreFile>, files::Error> {
        let paths = files::read_directory(&self.directory_of(store), MAX_TRUST_STORE_FILES)?;
        Ok(paths
            .iter()
            .map(|path| StoreFile {
                name: path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                certificates: read_file(store, path),
            })
            .collect())
    }

    /// Copies a file that a user named into a store, under its own name; links to it are followed. Gives the name.
    ///
    /// # Errors
    ///
    /// Every variant of [`ChangeError`]; the store is then as it was.
    pub fn add(&self, store: &StoreName, source: &Path) -> Result<String, ChangeError> {
        let name = source
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let bytes = files::read_named(source, MAX_TRUST_STORE_FILE_BYTES, NAMED_PIPE_TIMEOUT)
            .map_err(|source| ChangeError::Source { source })?;
        anchors(store.kind(), &bytes).map_err(ChangeError::Unfit)?;
        self.write(store, name, &bytes)?;
        Ok(name.to_owned())
    }

    /// Writes the root that AWS has published for a partition into the store that AWS's instructions name. Says whether it
    /// was written; otherwise the same file was there.
    ///
    /// # Errors
    ///
    /// Every variant of [`ChangeError`]; a file of its name that holds something else is [`ChangeError::Exists`].
    pub fn add_built_in(&self, partition: &str) -> Result<(PathBuf, bool), ChangeError> {
        let published = ChangeError::NotPublished;
        let store = built_in(partition).map_err(published)?.name;
        let (name, pem) = built_in_file(partition).map_err(published)?;
        let path = self.path_of(&store, name)?;
        match self.write(&store, name, pem) {
            Ok(()) => Ok((path, true)),
            Err(ChangeError::Exists { .. })
                if files::read(&path, MAX_TRUST_STORE_FILE_BYTES)
                    .is_ok_and(|found| found == pem) =>
            {
                Ok((path, false))
            }
            Err(error) => Err(error),
        }
    }

    fn write(&self, store: &StoreName, name: &str, bytes: &[u8]) -> Result<(), ChangeError> {
        let failed = |source| ChangeError::Files { source };
        let path = self.path_of(store, name)?;
        let directory = self.directory_of(store);
        files::create_directory(&directory).map_err(failed)?;
        files::check_directory(&directory).map_err(failed)?;
        let there = files::read_directory(&directory, MAX_TRUST_STORE_FILES).map_err(failed)?;
        if there.len() >= MAX_TRUST_STORE_FILES && !there.contains(&path) {
            return Err(ChangeError::Full {
                store: store.clone(),
            });
        }
        // Written beside the store, and not in it, where a verification would take it for one of its certificates.
        let scratch = self.directory.join(store.kind().as_str());
        files::write_new(&path, bytes, MODE, &scratch).map_err(|error| match error {
            files::Error::Exists { path } => ChangeError::Exists { path },
            source => failed(source),
        })
    }

    /// Removes a file, and the store with its last one. A link is removed itself.
    ///
    /// # Errors
    ///
    /// [`ChangeError::FileName`] and [`ChangeError::Files`].
    pub fn delete(&self, store: &StoreName, name: &str) -> Result<(), ChangeError> {
        let failed = |source| ChangeError::Files { source };
        let path = self.path_of(store, name)?;
        let directory = self.directory_of(store);
        match files::check_directory(&directory) {
            // That the file is not there says more.
            Err(error) if !error.is_not_found() => return Err(failed(error)),
            _ => files::remove(&path).map_err(failed)?,
        }
        files::remove_empty_directory(&directory)
            .map(drop)
            .map_err(failed)
    }

    /// Removes a store with everything in it; gives the directory that it was.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Files`].
    pub fn delete_store(&self, store: &StoreName) -> Result<PathBuf, ChangeError> {
        let directory = self.directory_of(store);
        files::remove_directory(&directory).map_err(|source| ChangeError::Files { source })?;
        Ok(directory)
    }
}
