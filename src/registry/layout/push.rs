//! A new signature into a layout: envelope, config and manifest as blobs, then the index.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use oci_spec::image::MediaType;

use super::index::INDEX;
use super::{LayoutRepository, MARKER};
use crate::oci::{self, Descriptor, Digest};
use crate::registry::error::Error;
use crate::registry::index_entry::IndexEntry;
use crate::registry::index_text;
use crate::registry::manifest::{self, EMPTY_CONFIG_BYTES};
use crate::registry::media_types::IMAGE_MANIFEST;
use crate::registry::{NewSignature, PushedSignature, Storage};
use crate::{files, limits};

/// Modes as notation gives them: what is content-addressed never changes.
const BLOB_MODE: u32 = 0o444;
pub(super) const INDEX_MODE: u32 = 0o644;

impl LayoutRepository {
    /// Writes `signature` into the layout. Readers do not see it until the index names it.
    ///
    /// # Errors
    ///
    /// [`Error::LayoutBusy`] if another keeps the layout locked, [`Error::IndexConflict`] if another
    /// who does not lock it overwrites the index each time, [`Error::File`] for what cannot be written.
    pub async fn push_signature(&self, signature: &NewSignature) -> Result<PushedSignature, Error> {
        let envelope = self.write_blob(&signature.envelope)?;
        self.write_blob(EMPTY_CONFIG_BYTES)?;
        let bytes = manifest::write_signature(
            &signature.subject,
            signature.format,
            &envelope,
            u64::try_from(signature.envelope.len()).unwrap_or(u64::MAX),
            &signature.annotations,
        );
        let digest = self.write_blob(&bytes)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let manifest = Descriptor::new(MediaType::from(IMAGE_MANIFEST), size, digest);
        let entry = IndexEntry::of_signature(&manifest).with_annotations(&signature.annotations);
        self.add_to_index(&manifest, &entry.to_text()).await?;
        Ok(PushedSignature {
            manifest,
            storage: Storage::ReferrersApi,
            warnings: Vec::new(),
        })
    }

    fn write_blob(&self, bytes: &[u8]) -> Result<Digest, Error> {
        let digest = oci::sha256_digest(bytes);
        self.write_blob_as(&digest, bytes)?;
        Ok(digest)
    }

    /// Writes a blob, whose digest was compared, unless it is there, whole.
    pub(super) fn write_blob_as(&self, digest: &Digest, bytes: &[u8]) -> Result<(), Error> {
        let path = self.blob_path(digest);
        self.check_directories(digest)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if files::read(&path, size).is_ok_and(|found| found == bytes) {
            return Ok(());
        }
        if let Some(directory) = path.parent() {
            make_directories(directory)?;
        }
        write(&path, bytes, BLOB_MODE)
    }

    /// Adds `manifest` to the index as `entry`: under a lock for other processes of this program, and with
    /// a look afterwards for programs that do not lock.
    pub(super) async fn add_to_index(
        &self,
        manifest: &Descriptor,
        entry: &str,
    ) -> Result<(), Error> {
        let _lock = self.lock().await?;
        let path = self.root().join(INDEX);
        for _ in 0..limits::MAX_LAYOUT_INDEX_WRITES {
            let old = self.read_index()?;
            let malformed = |source: serde_json::Error| Error::Malformed {
                url: path.display().to_string(),
                source: source.into(),
            };
            if index_text::contains(&old, manifest).map_err(malformed)? {
                return Ok(());
            }
            let bytes = index_text::with_entry(&old, entry).map_err(malformed)?;
            let bytes = bytes.into_bytes();
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if size > limits::MAX_MANIFEST_BYTES {
                return Err(Error::TooLarge {
                    what: format!("`{}` with the new signature", path.display()),
                    size,
                    max: limits::MAX_MANIFEST_BYTES,
                });
            }
            write(&path, &bytes, INDEX_MODE)?;
            if index_text::contains(&self.read_index()?, manifest).map_err(malformed)? {
                return Ok(());
            }
        }
        Err(Error::IndexConflict {
            reference: path.display().to_string(),
        })
    }

    /// Locks the layout for as long as the answer lives. The lock is on the one file that is never
    /// replaced.
    async fn lock(&self) -> Result<File, Error> {
        let path = self.root().join(MARKER);
        let file = File::open(&path).map_err(|source| Error::File {
            source: Arc::new(files::Error::Io {
                operation: "open",
                path: path.clone(),
                source,
            }),
        })?;
        let locked = async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => {
                        tokio::time::sleep(limits::LAYOUT_LOCK_DELAY).await;
                    }
                    Err(TryLockError::Error(source)) => {
                        return Err(Error::File {
                            source: Arc::new(files::Error::Io {
                                operation: "lock",
                                path: path.clone(),
                                source,
                            }),
                        });
                    }
                }
            }
        };
        match tokio::time::timeout(limits::LAYOUT_LOCK_TIMEOUT, locked).await {
            Ok(locked) => locked.map(|()| file),
            Err(_) => Err(Error::LayoutBusy { path }),
        }
    }
}

pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    files::write_atomic_with_mode(path, bytes, mode).map_err(|source| Error::File {
        source: source.into(),
    })
}

/// Makes `blobs/ALGORITHM` where a layout has no content of that algorithm yet.
fn make_directories(directory: &Path) -> Result<(), Error> {
    fs::create_dir_all(directory).map_err(|source| Error::File {
        source: Arc::new(files::Error::Io {
            operation: "make the directory",
            path: directory.to_owned(),
            source,
        }),
    })
}
