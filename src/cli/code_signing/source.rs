//! Where a package comes from: a file, or AWS, from where it is fetched into a file of this user's alone.

use std::fs::File;
use std::path::Path;

use crate::allowance::{self, Allowed as Budget};
use crate::archive::package::{Allowed, PackageError};
use crate::aws::{Aws, FunctionName};
use crate::cli::args::TimeArgs;
use crate::cli::output::{CommandOutput, Exit, one_line};
use crate::code_signing::fetch::{self, FetchedPackage, fetch_function, fetch_layer, fetch_object};
use crate::code_signing::{Contents, Source as Named};
use crate::files;
use crate::limits::{MAX_PACKAGE_BYTES, PACKAGE_QUESTIONS_TIMEOUT, PACKAGE_TRANSFER_TIMEOUT};
use crate::signing_profiles::{self, SigningProfiles};

/// A package, by the name that the user gave it.
pub(super) struct Source {
    /// As the user named it.
    pub(super) name: String,
    /// The version that was fetched, of an object in a bucket that keeps versions.
    pub(super) version: Option<String>,
    place: Place,
}

enum Place {
    /// An open file.
    Here(File),
    /// Something in AWS.
    Away(Named),
}

impl Source {
    /// The package that `name` names; a file is opened.
    ///
    /// # Errors
    ///
    /// The report of what names no package, or of a file that cannot be opened.
    pub(super) fn open(name: &str) -> Result<Self, CommandOutput> {
        let named =
            Named::parse(name).map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
        match named {
            Named::File(path) => Self::in_file(name, &path),
            away => Ok(Self {
                name: name.to_owned(),
                version: None,
                place: Place::Away(away),
            }),
        }
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
            version: None,
            place: Place::Here(file),
        })
    }

    /// The same in a file of this machine: fetched where it is in AWS.
    ///
    /// # Errors
    ///
    /// [`fetch::Error`].
    pub(super) async fn here(self, aws: &Aws) -> Result<Self, fetch::Error> {
        let (version, fetched) = match &self.place {
            Place::Here(_) => return Ok(self),
            Place::Away(named) => Box::pin(fetched(aws, named)).await?,
        };
        Ok(Self {
            version,
            place: Place::Here(fetched.file),
            ..self
        })
    }

    /// Reads it through, which takes no time of the command's. What is in AWS must have been fetched.
    pub(super) fn read(&self, allowed: Allowed) -> Result<Contents, PackageError> {
        match &self.place {
            Place::Here(file) => read(file, allowed),
            Place::Away(_) => Err(PackageError::Read(std::io::Error::other(
                "the package was not fetched",
            ))),
        }
    }
}

/// Reads the package in a file through, which takes no time of the command's.
pub(super) fn read(file: &File, allowed: Allowed) -> Result<Contents, PackageError> {
    allowance::uncounted(|| Contents::read(file, allowed))
}

/// A package, and the version of an object that came.
async fn fetched(
    aws: &Aws,
    named: &Named,
) -> Result<(Option<String>, FetchedPackage), fetch::Error> {
    let region = region_of(aws, named).await?;
    Ok(match named {
        Named::File(path) => return Err(fetch::Error::NotAway(path.clone())),
        Named::Object { name, version } => {
            fetch_object(aws, name, version.as_deref(), &region).await?
        }
        Named::Function(name) => (None, fetch_function(aws, name, &region).await?.1),
        Named::Layer(arn) => (None, fetch_layer(aws, arn).await?.1),
    })
}

/// Where it is asked for: in the region of its ARN, else in the one that is set.
async fn region_of(aws: &Aws, named: &Named) -> Result<String, signing_profiles::Error> {
    let location = named.location();
    let signer = SigningProfiles::connect(aws, named, location.as_ref()).await?;
    Ok(signer.region().to_owned())
}

/// The region of a function.
pub(super) async fn region_of_function(
    aws: &Aws,
    name: &FunctionName,
) -> Result<String, signing_profiles::Error> {
    region_of(aws, &Named::Function(name.clone())).await
}

/// What a command may use for each package: it is large.
///
/// # Errors
///
/// The report of a time that cannot be used.
pub(super) fn budget(time: &TimeArgs) -> Result<Budget, CommandOutput> {
    let allowed = time.allowed()?;
    Ok(Budget {
        time: allowed
            .time
            .map(|_| PACKAGE_TRANSFER_TIMEOUT + PACKAGE_QUESTIONS_TIMEOUT),
        bytes: allowed.bytes + MAX_PACKAGE_BYTES,
        whole: allowed.whole,
    })
}
