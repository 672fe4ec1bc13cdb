//! Sets this program up beside Notation: its copy as plugins, the roots of AWS Signer, a strict trust policy.
//!
//! Input: whose signatures count, and the paths. Output: a [`Plan`] of whole files, each compared with what is there;
//! nothing is written before all of them may be. No program is run and no request is sent.

mod error;
mod place;
mod policy;

pub use error::Error;
pub use place::Place;

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::format_description;

use crate::config::{NotationDirs, StoreName};
use crate::extended_validation::PLUGIN_NAME;
use crate::files;
use crate::limits::{MAX_POLICY_BYTES, MAX_PROGRAM_BYTES, MAX_TRUST_STORE_FILE_BYTES};
use crate::plugin_host::executable_name;
use crate::signer::aws_kms;
use crate::signer::aws_signer::SigningProfile;
use crate::trust_policy::DocumentKind;
use crate::trust_store::{self, StoreFiles};

/// The plugins that a copy of this program is, under their names.
pub const OWN_PLUGINS: [&str; 2] = [PLUGIN_NAME, aws_kms::PLUGIN_NAME];

/// The name of the policy's file that notation 1.x reads.
const LEGACY_POLICY: &str = "trustpolicy.json";

/// The directory of the files that were replaced, below Notation's.
const REPLACED: &str = "replaced";

const PRIVATE: u32 = 0o600;
const EXECUTABLE: u32 = 0o755;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A root certificate in a trust store.
    Root,
    /// This program as a plugin of Notation.
    Plugin,
    /// The trust policy.
    TrustPolicy,
}

/// What is at a file's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Missing,
    /// The same file.
    Same,
    /// Another file.
    Differs,
}

/// A file that is wanted.
#[derive(Debug)]
pub struct WantedFile {
    /// Its place.
    pub path: PathBuf,
    /// What it is for.
    pub purpose: Purpose,
    /// What is there.
    pub state: State,
    bytes: Vec<u8>,
    mode: u32,
    /// Where it is written before it is moved to its place: not in a trust store, whose every file counts.
    scratch: PathBuf,
}

/// Roots that signatures must rest on.
#[derive(Debug, Clone)]
pub enum Roots {
    /// Those that AWS has published for the partitions of the profiles.
    Published,
    /// This file in their place: its name and its bytes.
    File(String, Vec<u8>),
}

/// What is to be set up.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Signing profiles whose signatures count; at least one.
    pub profiles: &'a [SigningProfile],
    /// What they must rest on.
    pub roots: Roots,
    /// This program's file, where it is to be installed as plugins.
    pub program: Option<&'a Path>,
}

/// The files that are wanted, in the order in which they are written: the policy last, so that it names nothing that
/// is not there yet.
#[derive(Debug)]
pub struct Plan {
    config: PathBuf,
    files: Vec<WantedFile>,
}

/// A file that is at its place now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledFile {
    /// Its place.
    pub path: PathBuf,
    /// What it is for.
    pub purpose: Purpose,
    /// What was done.
    pub change: Change,
}

/// What was done about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It was written where nothing was.
    Created,
    /// It was there.
    Unchanged,
    /// It took the place of another file, of which there is a copy.
    Replaced {
        /// The copy.
        kept: PathBuf,
    },
}

impl Plan {
    /// Plans `wish` for these directories. Reads files and changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error`] if a root is not published or not usable, or something at a place cannot be read.
    pub fn new(wish: &Wish<'_>, directories: &NotationDirs) -> Result<Self, Error> {
        let mut plan = Self {
            config: directories.config.clone(),
            files: Vec::new(),
        };
        let stores = plan.add_roots(wish)?;
        if let Some(program) = wish.program {
            plan.add_plugins(program, &directories.plugins())?;
        }
        let policy = policy::strict(wish.profiles, &stores)?;
        for name in [LEGACY_POLICY, DocumentKind::Oci.file_name()] {
            let path = plan.config.join(name);
            let scratch = plan.config.clone();
            plan.add(path, Purpose::TrustPolicy, policy.clone(), PRIVATE, scratch)?;
        }
        Ok(plan)
    }

    fn add_roots(&mut self, wish: &Wish<'_>) -> Result<Vec<StoreName>, Error> {
        let store_files = StoreFiles::new(&self.config);
        let mut roots: Vec<(StoreName, String, Vec<u8>)> = Vec::new();
        match &wish.roots {
            Roots::File(name, bytes) => {
                roots.push((StoreName::trust_anchor(), name.clone(), bytes.clone()));
            }
            Roots::Published => {
                for profile in wish.profiles {
                    let partition = profile.arn().location().partition().as_str();
                    let store = trust_store::built_in(partition).map_err(Error::Roots)?;
                    let file = trust_store::built_in_file(partition).map_err(Error::Roots)?;
                    if roots.iter().all(|(known, ..)| *known != store.name) {
                        roots.push((store.name, file.0.to_owned(), file.1.to_vec()));
                    }
                }
            }
        }
        for (store, name, bytes) in &roots {
            let path = store_files.path_of(store, name).map_err(Error::Store)?;
            let scratch = store_files.directory_of(store);
            let scratch = scratch.parent().unwrap_or(&scratch).to_owned();
            self.add(path, Purpose::Root, bytes.clone(), PRIVATE, scratch)?;
        }
        Ok(roots.into_iter().map(|(store, ..)| store).collect())
    }

    fn add_plugins(&mut self, program: &Path, plugins: &Path) -> Result<(), Error> {
        let bytes = files::read_following_links(program, MAX_PROGRAM_BYTES)
            .map_err(|source| Error::Program { source })?;
        for name in OWN_PLUGINS {
            let directory = plugins.join(name);
            let path = directory.join(executable_name(name));
            self.add(path, Purpose::Plugin, bytes.clone(), EXECUTABLE, directory)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        path: PathBuf,
        purpose: Purpose,
        bytes: Vec<u8>,
        mode: u32,
        scratch: PathBuf,
    ) -> Result<(), Error> {
        let state = match files::read(&path, most_bytes(purpose)) {
            Ok(there) if there == bytes => State::Same,
            // Whatever it is, it is longer than what is wanted.
            Ok(_) | Err(files::Error::TooLarge { .. }) => State::Differs,
            Err(error) if error.is_not_found() => State::Missing,
            Err(source) => return Err(Error::Files { source }),
        };
        self.files.push(WantedFile {
            path,
            purpose,
            state,
            bytes,
            mode,
            scratch,
        });
        Ok(())
    }

    /// The files, in the order in which they are written.
    pub fn files(&self) -> &[WantedFile] {
        &self.files
    }

    /// The places at which another file is.
    pub fn differing(&self) -> impl Iterator<Item = &Path> {
        self.files
            .iter()
            .filter(|file| file.state == State::Differs)
            .map(|file| file.path.as_path())
    }

    /// Writes what is missing, and replaces what differs if `replaces`; a copy of what is replaced at `now` is kept.
    ///
    /// # Errors
    ///
    /// [`Error::Differs`] before anything is written; else [`Error::Files`] as the operating system answers: files before
    /// it are then written, and the same command writes the rest.
    pub fn carry_out(
        self,
        replaces: bool,
        now: OffsetDateTime,
    ) -> Result<Vec<InstalledFile>, Error> {
        let differing: Vec<PathBuf> = self.differing().map(Path::to_owned).collect();
        if !differing.is_empty() && !replaces {
            return Err(Error::Differs { paths: differing });
        }
        let kept = unused(&self.config.join(REPLACED), &stamp(now));
        let failed = |source| Error::Files { source };
        let mut installed = Vec::new();
        for file in self.files {
            let change = match file.state {
                State::Same => Change::Unchanged,
                State::Missing => {
                    file.make_directories().map_err(failed)?;
                    files::write_new(&file.path, &file.bytes, file.mode, &file.scratch)
                        .map_err(failed)?;
                    Change::Created
                }
                State::Differs => {
                    let copy = file.keep(&kept).map_err(failed)?;
                    files::Reserved::new(&file.path, file.mode, &file.scratch, true)
                        .and_then(|reserved| reserved.write(&file.bytes))
                        .map_err(failed)?;
                    Change::Replaced { kept: copy }
                }
            };
            installed.push(InstalledFile {
                path: file.path,
                purpose: file.purpose,
                change,
            });
        }
        Ok(installed)
    }
}

impl WantedFile {
    fn make_directories(&self) -> Result<(), files::Error> {
        let directory = self.path.parent().unwrap_or(&self.path);
        files::create_directory(directory)?;
        files::check_directory(directory)
    }

    /// Copies what is at the place of this file into `directory`.
    fn keep(&self, directory: &Path) -> Result<PathBuf, files::Error> {
        let bytes = files::read(&self.path, most_bytes(self.purpose))?;
        files::create_directory(directory)?;
        let copy = directory.join(self.path.file_name().unwrap_or_default());
        files::write_new(&copy, &bytes, PRIVATE, directory)?;
        Ok(copy)
    }
}

const fn most_bytes(purpose: Purpose) -> u64 {
    match purpose {
        Purpose::Root => MAX_TRUST_STORE_FILE_BYTES,
        Purpose::Plugin => MAX_PROGRAM_BYTES,
        Purpose::TrustPolicy => MAX_POLICY_BYTES,
    }
}

/// The time as the name of a directory, in UTC.
fn stamp(now: OffsetDateTime) -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let utc = now.checked_to_offset(time::UtcOffset::UTC).unwrap_or(now);
    utc.format(format)
        .unwrap_or_else(|_| now.unix_timestamp().to_string())
}

/// A directory in `parent` that is not there yet: of `name`, or with a number behind it where another run of the same
/// second has taken that.
fn unused(parent: &Path, name: &str) -> PathBuf {
    let mut path = parent.join(name);
    let mut number = 1;
    while path.symlink_metadata().is_ok() {
        number += 1;
        path = parent.join(format!("{name}-{number}"));
    }
    path
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use time::macros::datetime;

    use super::*;
    use crate::config::Platform;
    use crate::trust_policy::TrustPolicies;

    const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
    const NOW: OffsetDateTime = datetime!(2026-11-29 01:02:03 UTC);

    fn directories(home: &Path) -> NotationDirs {
        let home = home.to_owned();
        NotationDirs::new(Platform::Linux, |name| {
            (name == "HOME").then(|| home.clone().into())
        })
        .unwrap()
    }

    fn wish<'a>(profiles: &'a [SigningProfile], program: Option<&'a Path>) -> Wish<'a> {
        Wish {
            profiles,
            roots: Roots::Published,
            program,
        }
    }

    fn profiles(arns: &[&str]) -> Vec<SigningProfile> {
        arns.iter()
            .map(|arn| SigningProfile::parse(arn).unwrap())
            .collect()
    }

    #[test]
    fn everything_is_written_once_and_then_unchanged() {
        let home = tempfile::tempdir().unwrap();
        let directories = directories(home.path());
        let program = home.path().join("countersign");
        fs::write(&program, "a program").unwrap();
        let profiles = profiles(&[PROFILE]);
        let plan = || Plan::new(&wish(&profiles, Some(&program)), &directories).unwrap();
        let names = |installed: &[InstalledFile]| -> Vec<String> {
            let names = installed
                .iter()
                .map(|file| file.path.strip_prefix(&directories.config).unwrap());
            names.map(|name| name.display().to_string()).collect()
        };
        let installed = plan().carry_out(false, NOW).unwrap();
        assert!(
            installed.iter().all(|file| file.change == Change::Created),
            "{installed:?}"
        );
        assert_eq!(
            names(&installed),
            [
                "truststore/x509/signingAuthority/aws-signer-ts/aws-signer-notation-root.crt",
                "plugins/com.amazonaws.signer.notation.plugin/notation-com.amazonaws.signer.notation.plugin",
                "plugins/aws-kms/notation-aws-kms",
                "trustpolicy.json",
                "trustpolicy.oci.json",
            ]
        );
        let policies = TrustPolicies::load_oci(&directories.config).unwrap();
        assert_eq!((policies.warnings().len(), policies.unused()), (0, None));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&installed[1].path) & 0o700, 0o700);
        assert_eq!(mode(&installed[3].path), 0o600);
        let again = plan().carry_out(false, NOW).unwrap();
        assert!(
            again.iter().all(|file| file.change == Change::Unchanged),
            "{again:?}"
        );
        assert!(!directories.config.join("replaced").exists());
    }

    #[test]
    fn what_differs_is_replaced_on_request_alone_and_a_copy_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let directories = directories(home.path());
        let policy = directories.config.join("trustpolicy.json");
        fs::create_dir_all(&directories.config).unwrap();
        fs::write(&policy, "mine").unwrap();
        let profiles = profiles(&[PROFILE]);
        let plan = || Plan::new(&wish(&profiles, None), &directories).unwrap();
        let error = plan().carry_out(false, NOW).unwrap_err();
        assert!(
            matches!(&error, Error::Differs { paths } if *paths == [policy.clone()]),
            "{error}"
        );
        assert_eq!(fs::read_dir(&directories.config).unwrap().count(), 1);
        let installed = plan().carry_out(true, NOW).unwrap();
        let kept = directories
            .config
            .join("replaced/20261129T010203Z/trustpolicy.json");
        let replaced = installed.iter().find(|file| file.path == policy).unwrap();
        assert_eq!(replaced.change, Change::Replaced { kept: kept.clone() });
        assert_eq!(files::read(&kept, 100).unwrap(), b"mine");
        assert!(plan().differing().next().is_none());
        // Another run of the same second keeps its copies beside those.
        fs::write(&policy, "mine again").unwrap();
        let installed = plan().carry_out(true, NOW).unwrap();
        let kept_again = directories
            .config
            .join("replaced/20261129T010203Z-2/trustpolicy.json");
        let replaced = installed.iter().find(|file| file.path == policy).unwrap();
        let change = Change::Replaced {
            kept: kept_again.clone(),
        };
        assert_eq!(replaced.change, change);
        assert_eq!(files::read(&kept, 100).unwrap(), b"mine");
        assert_eq!(files::read(&kept_again, 100).unwrap(), b"mine again");
        // Only what is wanted is in the store.
        let store = directories
            .config
            .join("truststore/x509/signingAuthority/aws-signer-ts");
        assert_eq!(fs::read_dir(store).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let home = tempfile::tempdir().unwrap();
        let directories = directories(home.path());
        let target = home.path().join("elsewhere");
        fs::write(&target, "mine").unwrap();
        fs::create_dir_all(&directories.config).unwrap();
        symlink(&target, directories.config.join("trustpolicy.oci.json")).unwrap();
        let profiles = profiles(&[PROFILE]);
        let error = Plan::new(&wish(&profiles, None), &directories).unwrap_err();
        assert!(matches!(
            error,
            Error::Files {
                source: files::Error::SymbolicLink { .. }
            }
        ));
        assert!(error.hint().is_some());
        assert_eq!(files::read(&target, 100).unwrap(), b"mine");
    }

    #[test]
    fn each_partition_has_its_root_or_says_that_there_is_none() {
        let home = tempfile::tempdir().unwrap();
        let directories = directories(home.path());
        let government =
            "arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profiles/release";
        let both = profiles(&[PROFILE, government, PROFILE]);
        let plan = Plan::new(&wish(&both, None), &directories).unwrap();
        let roots = plan
            .files()
            .iter()
            .filter(|file| file.purpose == Purpose::Root);
        assert_eq!(roots.count(), 2);
        let china =
            profiles(&["arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/release"]);
        let error = Plan::new(&wish(&china, None), &directories).unwrap_err();
        assert!(matches!(error, Error::Roots(_)), "{error}");
        assert!(
            error
                .hint()
                .unwrap()
                .contains("the setting `trust-anchor FILE`")
        );
    }
}
