//! What the four checks of AWS Lambda found of packages: the document of `lambda verify`, version 1
//! (`schemas/package-verdict.v1.schema.json`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use crate::code_signing::{
    Check, Contents, Difference, NOT_SIGNED, Outcome, PackageChecks, Signature,
};
use crate::hints::Reader;
use crate::notary::rfc3339;
use crate::oci::hex;
use crate::x509::Certificate;

/// What was found of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PackageVerdict {
    /// The four checks, in AWS Lambda's order; none where the package could not be read.
    pub checks: Vec<PackageCheck>,
    /// SHA-256 of the file in base64, as AWS Lambda shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,
    /// How its entries differ from those of the other package, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differences: Option<Vec<PackageDifference>>,
    /// How many entries it has, the signature too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries: Option<usize>,
    /// Why the package could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The version that was fetched, of an object in a bucket that keeps versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_version: Option<String>,
    /// The package, as it was named.
    pub package: String,
    /// SHA-256 of the file in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What its signature says, where it is one of AWS Signer's; of this package only if integrity passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<PackageSignature>,
    /// How many entries are links or devices, or run as another user; accepted only where the caller says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unusual_entries: Option<usize>,
    /// Whether all checks passed.
    pub verdict: PackageState,
}

/// Whether a package passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PackageState {
    /// All checks passed.
    Verified,
    /// A check failed, or an entry is another than in the other package.
    Rejected,
    /// A check could not be made, and no other one failed.
    Inconclusive,
    /// The package could not be looked at.
    Failed,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PackageCheck {
    /// `integrity`, `source mismatch`, `expiry` or `revocation`.
    pub check: &'static str,
    /// Why it failed or could not be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// `passed`, `failed`, `inconclusive`, or `not-checked` after another one failed.
    pub result: &'static str,
}

/// What a signature says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PackageSignature {
    /// From when on it is expired, RFC 3339.
    pub expires_at: String,
    /// ARN of the signing job.
    pub job: String,
    /// ARN of the version of the signing profile.
    pub profile_version: String,
    /// SHA-256 of the root certificate.
    pub root_sha256: String,
    /// When it was made, RFC 3339.
    pub signed_at: String,
}

/// How an entry differs from that of the other package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PackageDifference {
    /// `added`, `missing`, `content`, `kind`, `set-id`, `mode` or `order`.
    pub difference: &'static str,
    /// The entry.
    pub name: String,
}

/// The members behind the results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PackageVerdictEnd {
    /// Why the command could not begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// What no signature covers, in a sentence.
    pub not_signed: &'static str,
}

impl PackageVerdictEnd {
    /// The end of a command that looked at all packages.
    pub const fn new(exit_code: Exit) -> Self {
        Self {
            error: None,
            exit_code,
            not_signed: NOT_SIGNED,
        }
    }

    /// The end of a command that could not begin.
    pub const fn not_begun(exit_code: Exit, error: Reason) -> Self {
        Self {
            error: Some(error),
            exit_code,
            not_signed: NOT_SIGNED,
        }
    }
}

impl PackageVerdict {
    /// What was found of a package.
    pub fn new(
        package: &str,
        contents: Option<&Contents>,
        found: &PackageChecks,
        differences: Option<&[Difference]>,
        reader: &Reader,
    ) -> Self {
        let sha256 = contents.map(|contents| contents.sha256.as_slice());
        let records = |differences: &[Difference]| {
            let record = |difference: &Difference| PackageDifference {
                difference: difference.code(),
                name: difference.name().to_owned(),
            };
            differences.iter().map(record).collect()
        };
        let checks = found.outcomes();
        Self {
            checks: checks
                .map(|(check, outcome)| PackageCheck::new(check, outcome, reader))
                .collect(),
            code_sha256: sha256.map(|bytes| STANDARD.encode(bytes)),
            differences: differences.map(records),
            entries: contents.map(|contents| contents.entries.len()),
            error: None,
            object_version: None,
            package: package.to_owned(),
            sha256: sha256.map(hex),
            signature: found.signature.as_ref().map(PackageSignature::new),
            unusual_entries: contents.map(Contents::unusual).filter(|count| *count > 0),
            verdict: PackageState::of(found, differences),
        }
    }

    /// A package that could not be looked at.
    pub fn failed(package: &str, error: Reason) -> Self {
        Self {
            checks: Vec::new(),
            code_sha256: None,
            differences: None,
            entries: None,
            error: Some(error),
            object_version: None,
            package: package.to_owned(),
            sha256: None,
            signature: None,
            unusual_entries: None,
            verdict: PackageState::Failed,
        }
    }
}

impl PackageState {
    /// The state of a package that was looked at.
    pub fn of(found: &PackageChecks, differences: Option<&[Difference]>) -> Self {
        let is_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
        let differs = differences.is_some_and(|differences| !differences.is_empty());
        if differs || found.outcomes().any(|(_, outcome)| is_failed(outcome)) {
            Self::Rejected
        } else if found.is_verified() {
            Self::Verified
        } else {
            Self::Inconclusive
        }
    }

    /// The exit of a command that found only this.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Verified => Exit::Done,
            Self::Rejected => Exit::Rejected,
            Self::Inconclusive | Self::Failed => Exit::Inconclusive,
        }
    }
}

impl PackageCheck {
    fn new(check: Check, outcome: &Outcome, reader: &Reader) -> Self {
        let (result, reason) = match outcome {
            Outcome::Passed => ("passed", None),
            Outcome::NotChecked => ("not-checked", None),
            Outcome::Failed(failure) => {
                let (code, hint) = (failure.code(), failure.hint());
                let reason = Reason::new(code, failure.to_string(), failure, hint, reader);
                ("failed", Some(reason))
            }
            Outcome::Inconclusive(error) => {
                let (code, hint) = (error.code(), error.hint());
                let reason = Reason::new(code, error.to_string(), error, hint, reader);
                ("inconclusive", Some(reason))
            }
        };
        Self {
            check: check.name(),
            reason,
            result,
        }
    }
}

impl PackageSignature {
    fn new(signature: &Signature) -> Self {
        let root = signature.chain().last();
        Self {
            expires_at: rfc3339(signature.expires_at()),
            job: signature.job().to_string(),
            profile_version: signature.profile_version().to_string(),
            root_sha256: root.map_or_else(String::new, Certificate::sha256_fingerprint),
            signed_at: rfc3339(signature.signing_time()),
        }
    }
}
