//! What a signing job made, held to what was uploaded and to what was asked for.

use std::fs::File;

use super::error::Error;
use super::look::{Candidate, Settings};
use crate::aws::{SigningJobArn, SigningProfileVersionArn};
use crate::code_signing::Signature;
use crate::code_signing::checks::PackageChecks;
use crate::code_signing::comparison::{Difference, compare};
use crate::code_signing::contents::Contents;
use crate::environment::Clock;
use crate::oci::hex;

/// A signed package that may be written.
#[derive(Debug)]
pub(super) struct ReceivedPackage {
    /// SHA-256 of the whole package, in hexadecimal digits.
    pub(super) sha256: String,
    /// The same in base64, as AWS Lambda shows it.
    pub(super) code_sha256: String,
    /// Its signature.
    pub(super) signature: Signature,
    /// Entries whose modes are others than before, which no signature covers.
    pub(super) modes: Vec<String>,
}

/// Accepts a package that has the entries of `candidate` in their order, and the signature of `job`.
pub(super) fn accept(
    file: &File,
    candidate: &Candidate,
    settings: &Settings,
    job: &SigningJobArn,
    profile: &SigningProfileVersionArn,
    clock: Clock,
) -> Result<ReceivedPackage, Error> {
    let named = || job.to_string();
    let contents = Contents::read(file, settings.allowed);
    let contents = contents.map_err(|source| Error::Received {
        job: named(),
        source,
    })?;
    let (modes, differences): (Vec<_>, Vec<_>) = compare(&contents, &candidate.contents)
        .into_iter()
        .partition(|difference| matches!(difference, Difference::Mode(_)));
    if !differences.is_empty() {
        return Err(Error::Differs {
            job: named(),
            differences,
        });
    }
    let checks = PackageChecks::begin(
        &contents,
        std::slice::from_ref(profile),
        &settings.roots,
        clock.now(),
    );
    let not_accepted = |source| Error::NotAccepted {
        job: named(),
        source,
    };
    let signature = checks.into_signature().map_err(not_accepted)?;
    if signature.job() != job {
        return Err(Error::OtherJob {
            job: named(),
            what: "signature of job",
            found: signature.job().to_string(),
            wanted: named(),
        });
    }
    Ok(ReceivedPackage {
        sha256: hex(&contents.sha256),
        code_sha256: contents.code_sha256(),
        signature,
        modes: modes.iter().map(|mode| mode.name().to_owned()).collect(),
    })
}
