//! Where a plugin comes from: a file of its own, an archive, or this program. It is copied first, so that what was
//! looked at is what is installed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::staging::Staging;
use crate::algorithm::HashAlgorithm;
use crate::archive::{self, Form};
use crate::files;
use crate::limits::MAX_PLUGIN_SOURCE_BYTES;

/// What every name of a plugin's executable begins with.
const PREFIX: &str = "notation-";

/// The bits of a mode that an installed file may have.
const KEPT_BITS: u32 = 0o755;
/// Whether the owner may run a file.
const OWNER_RUNS: u32 = 0o100;

/// A copy of what is to be installed.
#[derive(Debug)]
pub struct Source {
    pub(super) staging: Staging,
    /// The file, as the user named it.
    pub(super) shown: PathBuf,
    copy: File,
    is_executable: bool,
    /// In small letters.
    sha256: String,
    head: Vec<u8>,
}

/// The executable of a plugin among the files of a [`Staging`].
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

impl Source {
    /// Copies the file at `path`, links followed, for the directory `plugins`.
    ///
    /// # Errors
    ///
    /// [`Error::Source`] for anything but a regular file, [`Error::TooLarge`], [`Error::Place`].
    pub fn of_file(path: &Path, plugins: &Path) -> Result<Self, Error> {
        let unusable = |source| Error::Source {
            path: path.to_owned(),
            source,
        };
        let mut file = files::open_following_links(path).map_err(unusable)?;
        let metadata = file.metadata().map_err(|source| Error::Place {
            path: path.to_owned(),
            source,
        })?;
        let staging = Staging::new(plugins)?;
        let name = staging.path().join("source");
        let mut writer = Writer::new(staging, path.to_owned(), name)?;
        let mut buffer = vec![0; 128 * 1024];
        loop {
            let read = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    return Err(Error::Look {
                        path: path.to_owned(),
                        source,
                    });
                }
            };
            writer.append(buffer.get(..read).unwrap_or_default())?;
        }
        Ok(writer.finish(is_executable(&metadata)))
    }

    /// Checks that it is the file that is wanted.
    ///
    /// # Errors
    ///
    /// [`Error::Checksum`].
    pub fn check(&self, wanted: &str) -> Result<(), Error> {
        if wanted.eq_ignore_ascii_case(&self.sha256) {
            return Ok(());
        }
        Err(Error::Checksum {
            wanted: wanted.to_owned(),
            found: self.sha256.clone(),
        })
    }

    /// Unpacks it, or takes it for the executable itself.
    pub(super) fn unpack(&self) -> Result<Chosen, Error> {
        if let Some(form) = Form::of(&self.head) {
            return self.unpack_archive(form);
        }
        let file = self.shown.file_name().unwrap_or_default();
        self.take_as(&file.to_string_lossy())
    }

    /// Takes it for the executable of this name.
    pub(super) fn take_as(&self, file: &str) -> Result<Chosen, Error> {
        let name = plugin_of(file).ok_or_else(|| Error::FileName {
            file: file.to_owned(),
        })?;
        if !self.is_executable {
            return Err(Error::NotExecutable {
                file: file.to_owned(),
            });
        }
        let path = self.staging.files().join(file);
        let place = |source| Error::Place {
            path: path.clone(),
            source,
        };
        let mut copy = &self.copy;
        copy.rewind().map_err(place)?;
        let mut target = new_file(&path, KEPT_BITS).map_err(place)?;
        io::copy(&mut copy, &mut target).map_err(place)?;
        target.sync_all().map_err(place)?;
        Ok(Chosen { name, path })
    }

    fn unpack_archive(&self, form: Form) -> Result<Chosen, Error> {
        let files = self.staging.files();
        // Names of executables, with whether they are: an archive of other systems does not say.
        let mut found: Vec<(String, Option<bool>)> = Vec::new();
        let is_plugin = |name: &str| plugin_of(name).is_some();
        let mut take = |entry: &archive::Entry, content: &mut dyn Read| {
            let is_plugin = plugin_of(&entry.name).is_some();
            if is_plugin {
                let runs = entry.mode.map(|mode| mode & OWNER_RUNS != 0);
                found.push((entry.name.clone(), runs));
            }
            let unknown = if is_plugin { KEPT_BITS } else { 0o644 };
            let mode = entry.mode.unwrap_or(unknown) & KEPT_BITS;
            let mut file = new_file(&files.join(&entry.name), mode)?;
            io::copy(content, &mut file)?;
            file.sync_all()
        };
        archive::unpack(&self.copy, form, &is_plugin, &mut take).map_err(Error::Archive)?;
        let running: Vec<&String> = found
            .iter()
            .filter(|(_, runs)| *runs != Some(false))
            .map(|(name, _)| name)
            .collect();
        match (running.as_slice(), found.as_slice()) {
            ([file], _) => Ok(Chosen {
                name: plugin_of(file).unwrap_or_default(),
                path: files.join(file),
            }),
            // Unlike notation, which makes it executable for its owner alone.
            ([], [(file, _)]) => Err(Error::NotExecutable { file: file.clone() }),
            ([], _) => Err(Error::NoPlugin),
            (several, _) => Err(Error::SeveralPlugins {
                files: several.iter().map(|name| (*name).clone()).collect(),
            }),
        }
    }
}

/// The plugin whose executable has this name.
fn plugin_of(file: &str) -> Option<String> {
    let name = file.strip_prefix(PREFIX)?;
    let name = name.strip_suffix(std::env::consts::EXE_SUFFIX)?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// A file that was not there, of this mode, of which the process's mask is taken off.
fn new_file(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & OWNER_RUNS != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    true
}

/// Writes a copy, within bounds, and hashes it.
pub(super) struct Writer {
    staging: Staging,
    shown: PathBuf,
    path: PathBuf,
    copy: File,
    hasher: crate::algorithm::Hasher,
    length: u64,
    head: Vec<u8>,
}

impl Writer {
    pub(super) fn new(staging: Staging, shown: PathBuf, path: PathBuf) -> Result<Self, Error> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let copy = options.open(&path).map_err(|source| Error::Place {
            path: path.clone(),
            source,
        })?;
        Ok(Self {
            staging,
            shown,
            path,
            copy,
            hasher: HashAlgorithm::Sha256.hasher(),
            length: 0,
            head: Vec::new(),
        })
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.length = self.length.saturating_add(more);
        if self.length >= MAX_PLUGIN_SOURCE_BYTES {
            return Err(Error::TooLarge {
                path: self.shown.clone(),
                max: MAX_PLUGIN_SOURCE_BYTES,
            });
        }
        let missing = Form::HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(missing));
        self.hasher.update(bytes);
        self.copy.write_all(bytes).map_err(|source| Error::Place {
            path: self.path.clone(),
            source,
        })
    }

    pub(super) fn finish(self, is_executable: bool) -> Source {
        let sha256 = crate::oci::hex(&self.hasher.finish());
        Source {
            staging: self.staging,
            shown: self.shown,
            copy: self.copy,
            is_executable,
            sha256,
            head: self.head,
        }
    }
}
