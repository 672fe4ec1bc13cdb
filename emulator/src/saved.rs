//! A value that survives a restart: in memory, and in a JSON file when there is a data directory.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, error::AwsError};

/// A file of state larger than this is refused. 256 MiB hold some hundred thousand signing jobs.
const MAX_STATE_BYTES: u64 = 256 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Saved<T> {
    path: Option<PathBuf>,
    value: Mutex<T>,
}

impl<T: Serialize + DeserializeOwned> Saved<T> {
    /// The value of the file `name` in `data_dir`; without it, `fresh`'s, which is written at once.
    pub(crate) fn open(
        data_dir: Option<&Path>,
        name: &str,
        fresh: impl FnOnce() -> Result<T, Error>,
    ) -> Result<Self, Error> {
        let Some(path) = data_dir.map(|data_dir| data_dir.join(name)) else {
            return Ok(Self {
                path: None,
                value: Mutex::new(fresh()?),
            });
        };
        let value = match read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| Error::Malformed {
                path: path.clone(),
                source,
            })?,
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                let value = fresh()?;
                save(&path, &value).map_err(|source| Error::File {
                    path: path.clone(),
                    source,
                })?;
                value
            }
            Err(source) => return Err(Error::File { path, source }),
        };
        Ok(Self {
            path: Some(path),
            value: Mutex::new(value),
        })
    }

    /// Locks the value for reading.
    pub(crate) fn read(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value and writes the file. `change` must leave the value as it was when it answers an error.
    pub(crate) fn change<R>(
        &self,
        change: impl FnOnce(&mut T) -> Result<R, AwsError>,
    ) -> Result<R, AwsError> {
        let mut value = self.read();
        let result = change(&mut value)?;
        if let Some(path) = &self.path {
            save(path, &*value).map_err(|source| {
                AwsError::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalServiceErrorException",
                    format!("the emulator cannot write {}: {source}", path.display()),
                )
            })?;
        }
        Ok(result)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(MAX_STATE_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn save<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let bytes = serde_json::to_vec_pretty(value)?;
    write(path, &bytes, Secrecy::Secret)
}

/// Whether a file is for its owner alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    Secret,
    Public,
}

/// Writes a file whole or not at all: a new file beside it, then a rename.
pub(crate) fn write(path: &Path, bytes: &[u8], secrecy: Secrecy) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    // A left-over of a killed run; the new one must be created with the right mode.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if secrecy == Secrecy::Secret {
            0o600
        } else {
            0o644
        });
    }
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)
}
