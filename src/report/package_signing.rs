//! What the signing of packages did: the document of `lambda sign`, version 1 (`schemas/package-signing.v1.schema.json`).

use std::path::Path;

use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use crate::code_signing::signing::{Error, Existing, SignedPackage};
use crate::hints::Reader;
use crate::notary::rfc3339;
use crate::signing_profiles::Class;

/// How the signing of one package ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PackageSigning {
    /// Why it was not signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// From when on the signature is expired, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// ARN of the signing job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Entries whose modes are others than before signing, which no signature covers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_modes: Vec<String>,
    /// The package, as it was named.
    pub package: String,
    /// Whether an earlier command had begun the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picked_up: Option<bool>,
    /// ARN of the version of the signing profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_version: Option<String>,
    /// SHA-256 of the package in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// SHA-256 of the signed package in base64, as AWS Lambda shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_code_sha256: Option<String>,
    /// The signed package, a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_file: Option<String>,
    /// The signed package in Amazon S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_object: Option<String>,
    /// Its version that was fetched, in a bucket that keeps versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_object_version: Option<String>,
    /// SHA-256 of the signed package in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_sha256: Option<String>,
    /// The object that was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<PackageSource>,
    /// How it ended, in one word.
    pub state: PackageSigningState,
}

/// An object in Amazon S3 in one of its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PackageSource {
    /// `s3://BUCKET/KEY`.
    pub object: String,
    /// Its version; `null` in a bucket without versions.
    pub version: String,
}

/// How the signing of one package ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PackageSigningState {
    /// It was signed, and the signed package written.
    Signed,
    /// A signed package is there already.
    Skipped,
    /// It can be signed; nothing was done.
    Planned,
    /// It was not signed.
    Failed,
    /// It was not begun, since another one was refused or the command was interrupted.
    NotTried,
}

/// How many packages ended in which state.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PackageSigningSummary {
    /// Those that failed.
    pub failed: usize,
    /// Those that were not begun.
    pub not_tried: usize,
    /// Those that can be signed.
    pub planned: usize,
    /// Those that were signed.
    pub signed: usize,
    /// Those that were signed already.
    pub skipped: usize,
}

impl PackageSigningSummary {
    /// Adds a package that ended in `state`.
    pub const fn count(&mut self, state: PackageSigningState) {
        match state {
            PackageSigningState::Signed => self.signed += 1,
            PackageSigningState::Skipped => self.skipped += 1,
            PackageSigningState::Planned => self.planned += 1,
            PackageSigningState::Failed => self.failed += 1,
            PackageSigningState::NotTried => self.not_tried += 1,
        }
    }
}

/// The members behind the results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PackageSigningEnd {
    /// Why nothing could be begun with; there are no results then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// How many packages ended in which state.
    pub summary: PackageSigningSummary,
}

impl PackageSigningEnd {
    /// The end of a document with results.
    pub const fn new(summary: PackageSigningSummary, exit_code: Exit) -> Self {
        Self {
            error: None,
            exit_code,
            summary,
        }
    }

    /// The end of a document without results.
    pub fn not_begun(exit_code: Exit, reason: Reason) -> Self {
        Self {
            error: Some(reason),
            ..Self::new(PackageSigningSummary::default(), exit_code)
        }
    }
}

impl PackageSigning {
    fn of(package: &str, state: PackageSigningState) -> Self {
        Self {
            error: None,
            expires_at: None,
            job: None,
            other_modes: Vec::new(),
            package: package.to_owned(),
            picked_up: None,
            profile_version: None,
            sha256: None,
            signed_code_sha256: None,
            signed_file: None,
            signed_object: None,
            signed_object_version: None,
            signed_sha256: None,
            source: None,
            state,
        }
    }

    /// A package that was signed.
    pub fn signed(package: &str, sha256: String, out: &Path, signed: &SignedPackage) -> Self {
        let (object, version) = &signed.source;
        Self {
            expires_at: Some(rfc3339(signed.expires_at)),
            job: Some(signed.job.to_string()),
            other_modes: signed.modes.clone(),
            picked_up: Some(signed.is_picked_up),
            profile_version: Some(signed.profile_version.to_string()),
            sha256: Some(sha256),
            signed_code_sha256: Some(signed.code_sha256.clone()),
            signed_file: Some(out.display().to_string()),
            signed_object: Some(signed.object.to_string()),
            signed_object_version: signed.object_version.clone(),
            signed_sha256: Some(signed.sha256.clone()),
            source: Some(PackageSource {
                object: object.to_string(),
                version: version.clone(),
            }),
            ..Self::of(package, PackageSigningState::Signed)
        }
    }

    /// A package whose signed form is there already.
    pub fn skipped(package: &str, sha256: String, out: &Path, existing: &Existing) -> Self {
        Self {
            expires_at: Some(rfc3339(existing.signature.expires_at())),
            job: Some(existing.signature.job().to_string()),
            profile_version: Some(existing.signature.profile_version().to_string()),
            sha256: Some(sha256),
            signed_code_sha256: Some(existing.code_sha256.clone()),
            signed_file: Some(out.display().to_string()),
            signed_sha256: Some(existing.sha256.clone()),
            ..Self::of(package, PackageSigningState::Skipped)
        }
    }

    /// A package that can be signed.
    pub fn planned(package: &str, sha256: String, out: &Path, profile_version: String) -> Self {
        Self {
            profile_version: Some(profile_version),
            sha256: Some(sha256),
            signed_file: Some(out.display().to_string()),
            ..Self::of(package, PackageSigningState::Planned)
        }
    }

    /// A package that was not signed.
    pub fn failed(package: &str, error: &Error, reader: &Reader) -> Self {
        let reason = Reason::new(error.code(), error.to_string(), error, error.hint(), reader);
        Self {
            error: Some(reason),
            ..Self::of(package, PackageSigningState::Failed)
        }
    }

    /// A package that was not begun.
    pub fn not_tried(package: &str) -> Self {
        Self::of(package, PackageSigningState::NotTried)
    }
}

impl Exit {
    /// The exit of the signing of a package that failed.
    pub fn of_package_signing(error: &Error) -> Self {
        match error.class() {
            Class::Usage => Self::Usage,
            Class::Refused => Self::Rejected,
            Class::Inconclusive => Self::Inconclusive,
        }
    }
}
