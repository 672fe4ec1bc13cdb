//! What was verified, as a record to keep: the document of `--lock`, version 1 (`schemas/lock.v1.schema.json`).
//!
//! Input: verifications, one after the other. Output: a file, which takes the place of the one before only if every
//! artifact is verified. A lock is a record; no verification reads one.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use super::results::{Results, VERSION};
use crate::files::{self, Reserved, SHARED_FILE};
use crate::gate::{Decision, Gate, Ruling};
use crate::notary::rfc3339;
use crate::oci::{self, Digest};
use crate::outcome::Standing;
use crate::reference::{ArtifactReference, Scheme, normalize_scope};
use crate::trust_policy::TrustPolicies;
use crate::verify::{
    Accepted, Error, ImageFinding, ImageVerification, IndexVerification, Platform, Verification,
};

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
    /// The gate policy; absent where no gate decided.
    #[serde(rename = "gatePolicy", skip_serializing_if = "Option::is_none")]
    pub gate_policy: Option<LockedPolicy>,
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
            gate_policy: None,
            policy: LockedPolicy::of(policies),
            time: rfc3339(time),
        }
    }

    /// Verified by a gate at this time.
    pub fn of_gate(gate: &Gate, time: OffsetDateTime) -> Self {
        let policy = gate.policy();
        Self {
            gate_policy: Some(LockedPolicy {
                file: policy.path().to_string_lossy().into_owned(),
                sha256: policy.sha256().digest().to_owned(),
            }),
            policy: gate.trust_policies().and_then(LockedPolicy::of),
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
    /// The normalised reference of the index whose signatures count for this image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_by: Option<String>,
    /// The digest of the manifest, which may run.
    pub digest: String,
    /// The normalised reference of the index that the image stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The media type of the manifest.
    pub media_type: String,
    /// The platforms that the index has the image for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// The normalised reference: the repository as trust policies compare it, and the digest.
    pub reference: String,
    /// The rule of the gate policy that decided; absent where no gate did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The digests of the signature manifests that are verified, the one that counted first; in a gate, of those that
    /// are a signer's, of every image that had to be signed.
    pub signatures: Vec<String>,
    /// The name of the trust policy's statement that judged; absent in a gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

impl LockedArtifact {
    /// What is verified of what was asked for as `asked`: an artifact, or the images of an index; nothing if anything of
    /// it is not verified.
    pub fn verified(asked: &str, found: &Result<Verification, Error>) -> Vec<Self> {
        match found {
            Ok(Verification::Verified(accepted)) => vec![Self::of(asked, accepted)],
            Ok(Verification::Images(images)) if images.is_verified() => {
                let each = images.images.iter();
                each.filter_map(|image| Self::of_image(asked, images, image))
                    .collect()
            }
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    fn of(asked: &str, accepted: &Accepted) -> Self {
        let Accepted {
            reference,
            target,
            statement,
            signature,
            others,
            ..
        } = accepted;
        let others = others
            .iter()
            .filter(|other| other.standing() == Standing::Verified);
        let signatures = std::iter::once(signature).chain(others);
        let digest = target.descriptor.digest();
        Self {
            asked: asked.to_owned(),
            covered_by: None,
            digest: digest.to_string(),
            index: None,
            media_type: target.descriptor.media_type().to_string(),
            platforms: Vec::new(),
            reference: normalized(reference, digest),
            signatures: signatures
                .map(|one| one.manifest_digest.to_string())
                .collect(),
            rule: None,
            statement: Some(statement.name.clone()),
        }
    }

    /// The artifact that was asked for as `asked`, if a gate says that it is verified.
    pub fn of_decision(asked: &str, decision: &Decision) -> Option<Self> {
        let Ruling::Verified(examination) = &decision.ruling else {
            return None;
        };
        let digest = oci::parse_digest(examination.reference.digest()?).ok()?;
        let roles = examination.images.iter().flat_map(|image| &image.roles);
        let mut signatures: Vec<String> = Vec::new();
        for filling in roles.filter_map(|role| role.filled.as_ref()) {
            let signature = filling.manifest_digest.to_string();
            if !signatures.contains(&signature) {
                signatures.push(signature);
            }
        }
        Some(Self {
            asked: asked.to_owned(),
            covered_by: None,
            digest: digest.to_string(),
            index: None,
            media_type: examination.media_type.clone(),
            platforms: Vec::new(),
            reference: normalized(&examination.reference, &digest),
            rule: decision.rule.clone(),
            signatures,
            statement: None,
        })
    }

    fn of_image(asked: &str, found: &IndexVerification, image: &ImageVerification) -> Option<Self> {
        let index = &found.index;
        let index = normalized(&index.reference, index.descriptor.digest());
        let (accepted, covered_by) = match (&image.finding, found.covering.as_deref()) {
            (ImageFinding::Own(Ok(Verification::Verified(accepted))), _) => (accepted, None),
            (ImageFinding::Covered, Some(Verification::Verified(accepted))) => {
                (accepted, Some(index.clone()))
            }
            _ => return None,
        };
        let descriptor = &image.descriptor;
        let platforms = image.platforms.iter().map(Platform::to_string);
        Some(Self {
            covered_by,
            digest: descriptor.digest().to_string(),
            index: Some(index),
            media_type: descriptor.media_type().to_string(),
            platforms: platforms.collect(),
            reference: normalized(&image.reference, descriptor.digest()),
            ..Self::of(asked, accepted)
        })
    }
}

/// The repository as trust policies compare it, and the digest.
fn normalized(reference: &ArtifactReference, digest: &Digest) -> String {
    match reference {
        ArtifactReference::Layout(_) => reference.to_string(),
        ArtifactReference::Registry(inside) => {
            let scope = inside.repository_with_registry();
            format!("{}@{digest}", normalize_scope(&scope, Scheme::Https))
        }
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
        self.add_artifacts(&LockedArtifact::verified(asked, found))
    }

    /// The same for what is verified of one artifact; nothing if it is not.
    pub(crate) fn add_artifacts(
        &mut self,
        artifacts: &[LockedArtifact],
    ) -> Result<(), files::Error> {
        self.is_whole &= !artifacts.is_empty();
        self.is_empty = false;
        if !self.is_whole {
            return Ok(());
        }
        for artifact in artifacts {
            self.file.append(self.artifacts.add(artifact).as_bytes())?;
        }
        Ok(())
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
