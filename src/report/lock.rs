//! What was verified, as a record to keep: the document of `--lock`, version 1 (`schemas/lock.v1.schema.json`).
//!
//! Input: verifications, one after the other. Output: a file, which takes the place of the one before only if every
//! artifact is verified. A lock is a record; no verification reads one.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use super::results::{Results, VERSION};
use crate::files::{self, Reserved, SHARED_FILE};
use crate::notary::rfc3339;
use crate::outcome::Standing;
use crate::reference::{ArtifactReference, Scheme, normalize_scope};
use crate::trust_policy::TrustPolicies;
use crate::verify::{Accepted, Error, Verification};

/// The record of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LockV1 {
    /// The version of the document.
    pub version: &'static str,
    /// One for each artifact, in the order asked.
    pub artifacts: Vec<LockedArtifact>,
    /// What holds for all of them.
    #[serde(flatten)]
    pub end: LockEnd,
}

impl LockV1 {
    /// The record of these artifacts.
    pub fn new(artifacts: Vec<LockedArtifact>, end: LockEnd) -> Self {
        Self {
            version: VERSION,
            artifacts,
            end,
        }
    }
}

/// The members that the document ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LockEnd {
    /// The trust policy; absent where the command line stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<LockedPolicy>,
    /// The time of the verifications, RFC 3339.
    pub time: String,
}

impl LockEnd {
    /// Verified by these policies at this time.
    pub fn new(policies: &TrustPolicies, time: OffsetDateTime) -> Self {
        Self {
            policy: LockedPolicy::of(policies),
            time: rfc3339(time),
        }
    }
}

/// A trust policy, by its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LockedPolicy {
    /// Its file.
    pub file: String,
    /// The SHA-256 digest of its bytes, 64 hexadecimal digits.
    pub sha256: String,
}

impl LockedPolicy {
    /// The document of these policies; nothing where the command line stands for it.
    pub fn of(policies: &TrustPolicies) -> Option<Self> {
        let digest = policies.digest()?;
        Some(Self {
            file: policies.path().to_string_lossy().into_owned(),
            sha256: digest.digest().to_owned(),
        })
    }
}

/// One artifact that is verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LockedArtifact {
    /// The reference as it was given.
    pub asked: String,
    /// The digest of the manifest, which may run.
    pub digest: String,
    /// The media type of the manifest.
    pub media_type: String,
    /// The normalised reference: the repository as trust policies compare it, and the digest.
    pub reference: String,
    /// The digests of the signature manifests that are verified, the one that counted first.
    pub signatures: Vec<String>,
    /// The name of the trust policy's statement that judged.
    pub statement: String,
}

impl LockedArtifact {
    /// The artifact that was asked for as `asked`, if it is verified.
    pub fn verified(asked: &str, found: &Result<Verification, Error>) -> Option<Self> {
        let Ok(Verification::Verified(accepted)) = found else {
            return None;
        };
        let Accepted {
            reference,
            target,
            statement,
            signature,
            others,
            ..
        } = accepted.as_ref();
        let others = others
            .iter()
            .filter(|other| other.standing() == Standing::Verified);
        let signatures = std::iter::once(signature).chain(others);
        let digest = target.descriptor.digest();
        Some(Self {
            asked: asked.to_owned(),
            digest: digest.to_string(),
            media_type: target.descriptor.media_type().to_string(),
            reference: match reference {
                ArtifactReference::Layout(_) => reference.to_string(),
                ArtifactReference::Registry(inside) => {
                    let scope = inside.repository_with_registry();
                    format!("{}@{digest}", normalize_scope(&scope, Scheme::Https))
                }
            },
            signatures: signatures
                .map(|one| one.manifest_digest.to_string())
                .collect(),
            statement: statement.name.clone(),
        })
    }
}

/// A record that is being written, next to the file whose place it takes. Dropped before its end, it leaves that file
/// as it is.
#[derive(Debug)]
pub struct Lock {
    file: Reserved,
    artifacts: Results,
    end: LockEnd,
    /// Whether everything so far is verified.
    is_whole: bool,
    is_empty: bool,
}

impl Lock {
    /// Begins a record that will be the file `path`.
    ///
    /// # Errors
    ///
    /// What keeps a regular file from being written there.
    pub fn begin(path: &Path, end: LockEnd) -> Result<Self, files::Error> {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Ok(Self {
            file: Reserved::new(path, SHARED_FILE, directory, true)?,
            artifacts: Results::named("artifacts"),
            end,
            is_whole: true,
            is_empty: true,
        })
    }

    /// Adds what was found about the artifact that was asked for as `asked`. One that is not verified leaves the file
    /// before in its place for good.
    ///
    /// # Errors
    ///
    /// [`files::Error::Io`] as the operating system answers.
    pub fn add(
        &mut self,
        asked: &str,
        found: &Result<Verification, Error>,
    ) -> Result<(), files::Error> {
        let artifact = LockedArtifact::verified(asked, found);
        self.is_whole &= artifact.is_some();
        self.is_empty = false;
        match artifact {
            Some(artifact) if self.is_whole => {
                self.file.append(self.artifacts.add(&artifact).as_bytes())
            }
            _ => Ok(()),
        }
    }

    /// Puts the record in its place if there were artifacts and all of them are verified; whether it did.
    ///
    /// # Errors
    ///
    /// [`files::Error::Io`] as the operating system answers; the file before is still there then.
    pub fn end(self) -> Result<bool, files::Error> {
        let Self {
            mut file,
            artifacts,
            end,
            is_whole,
            is_empty,
        } = self;
        if !is_whole || is_empty {
            return Ok(false);
        }
        file.append(artifacts.end(&end).as_bytes())?;
        file.finish()?;
        Ok(true)
    }
}
