//! The record of `--lock`: written as verifications come, and put in its place at the end.

use std::path::{Path, PathBuf};

use crate::cli::output::{CommandOutput, Exit};
use crate::files;
use crate::report::{Lock, LockEnd, LockedArtifact, sentence};
use crate::verify::{Error, Verification};

/// The record, if one is asked for.
pub(in crate::cli) struct Record(Option<(PathBuf, Lock)>);

impl Record {
    /// Begins the record that will be the file `path`.
    ///
    /// # Errors
    ///
    /// The report of a file that cannot be written.
    pub(in crate::cli) fn begin(path: Option<&Path>, end: LockEnd) -> Result<Self, CommandOutput> {
        let Some(path) = path else {
            return Ok(Self(None));
        };
        let lock = Lock::begin(path, end).map_err(|error| unwritten(&error))?;
        Ok(Self(Some((path.to_owned(), lock))))
    }

    /// Adds what was found about one artifact.
    ///
    /// # Errors
    ///
    /// The report of what could not be written; there is no record then.
    pub(in crate::cli) fn add(
        &mut self,
        asked: &str,
        found: &Result<Verification, Error>,
    ) -> Result<(), CommandOutput> {
        if !self.is_asked_for() {
            return Ok(());
        }
        self.add_artifacts(&LockedArtifact::verified(asked, found))
    }

    /// The same for what is verified of one artifact; nothing if it is not.
    ///
    /// # Errors
    ///
    /// As [`Record::add`].
    pub(in crate::cli) fn add_artifacts(
        &mut self,
        artifacts: &[LockedArtifact],
    ) -> Result<(), CommandOutput> {
        let Some((_, lock)) = &mut self.0 else {
            return Ok(());
        };
        lock.add_artifacts(artifacts).map_err(|error| {
            self.0 = None;
            unwritten(&error)
        })
    }

    /// Whether a record is asked for.
    pub(in crate::cli) const fn is_asked_for(&self) -> bool {
        self.0.is_some()
    }

    /// Puts the record in its place, if everything is verified.
    ///
    /// # Errors
    ///
    /// The report of a record that is not written: the user must not take the previous record for it.
    pub(in crate::cli) fn end(self, is_whole: bool) -> Result<(), CommandOutput> {
        let Some((path, lock)) = self.0 else {
            return Ok(());
        };
        let is_written = is_whole && lock.end().map_err(|error| unwritten(&error))?;
        if is_written {
            return Ok(());
        }
        Err(CommandOutput::failed_with_hint(
            Exit::Rejected,
            &format!(
                "the lock `{}` is not written, since not every reference is verified",
                path.display()
            ),
            "the file is as it was before; run the same command again once every reference is verified"
                .to_owned(),
        ))
    }
}

fn unwritten(error: &files::Error) -> CommandOutput {
    CommandOutput::error(Exit::Usage, &sentence::of_file(error), error, error.hint())
}
