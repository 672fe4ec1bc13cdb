//! Where a package comes from.

use std::fs::File;
use std::path::Path;

use crate::allowance;
use crate::archive::package::{Allowed, PackageError};
use crate::cli::output::{CommandOutput, Exit, one_line};
use crate::code_signing::Contents;
use crate::files;

/// An open package, by the name that the user gave it.
pub(super) struct Source {
    /// As the user named it.
    pub(super) name: String,
    file: File,
}

impl Source {
    /// Opens the package that `name` names.
    ///
    /// # Errors
    ///
    /// The report of a file that cannot be opened.
    pub(super) fn open(name: &str) -> Result<Self, CommandOutput> {
        Self::in_file(name, Path::new(name))
    }

    /// The package `name`, which is in the file at `path`.
    pub(super) fn in_file(name: &str, path: &Path) -> Result<Self, CommandOutput> {
        let (file, is_regular) = files::open_stream(path).map_err(|error| {
            let sentence = format!("cannot open the package `{}`", one_line(name));
            CommandOutput::error(Exit::Usage, &sentence, &error, error.hint())
        })?;
        if !is_regular {
            let sentence = format!("the package `{}` is not a regular file", one_line(name));
            let hint =
                "a package is read from its end; write what comes from elsewhere into a file";
            return Err(CommandOutput::usage(&sentence, Some(hint.to_owned())));
        }
        Ok(Self {
            name: name.to_owned(),
            file,
        })
    }

    /// Reads it through, which takes no time of the command's.
    pub(super) fn read(&self, allowed: Allowed) -> Result<Contents, PackageError> {
        allowance::uncounted(|| Contents::read(&self.file, allowed))
    }
}
