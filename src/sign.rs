//! Signs an artifact in a registry or in an OCI image layout and stores the signature beside it.
//!
//! Input: a reference and a signer. Output: the digests of what was signed and of the signature.
//! The steps are those of `signing-and-verification-workflow.md`, "Signing steps". The signer has
//! verified its envelope before it comes here; whether the artifact may run is `verify`'s question.

pub mod blob;

use std::collections::BTreeMap;

use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

use crate::envelope::{self, UnverifiedEnvelope};
use crate::notary::{RESERVED_PREFIX, THUMBPRINT_ANNOTATION};
use crate::oci::{Descriptor, Digest};
use crate::payload::Payload;
use crate::reference::{ArtifactReference, LayoutReference, Reference};
use crate::registry::{
    self, Access, LayoutRepository, NewSignature, Repository, Storage, Target, Warning,
};
use crate::signer::{self, SignedEnvelope, Signer, Terms};

/// Annotation of a manifest: when it was made (OCI image specification, "Annotations").
const CREATED_ANNOTATION: &str = "org.opencontainers.image.created";

/// What one signing asks for beyond the artifact.
#[derive(Debug)]
pub struct Options {
    /// User metadata to sign with the artifact.
    pub user_metadata: BTreeMap<String, String>,
    /// How the signature is filed under the artifact.
    pub storage: Storage,
    /// The envelope's format, its expiry and its time stamp.
    pub terms: Terms,
}

/// A signature that was made and stored.
#[derive(Debug)]
pub struct Signed {
    /// The artifact, by digest.
    pub reference: ArtifactReference,
    /// What it is.
    pub target: Target,
    /// The signature manifest, by digest, in the same repository.
    pub signature: ArtifactReference,
    /// What the registry did not do as it should, without harm.
    pub warnings: Vec<Warning>,
    /// What the signer says about it.
    pub signer: signer::Signed,
}

/// Why an artifact was not signed, or its signature not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// User metadata uses a key that the specification keeps for itself.
    #[error("user metadata key `{key}` begins with the reserved prefix `{RESERVED_PREFIX}`")]
    ReservedMetadata {
        /// The key.
        key: String,
    },
    /// The OCI image layout could not be opened.
    #[error("failed to open the OCI image layout of `{reference}`")]
    Open {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// The artifact's descriptor could not be had.
    #[error("failed to resolve `{reference}`")]
    Resolve {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// The signer refused, or its answer did not hold.
    #[error("failed to sign `{reference}`")]
    Signer {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: signer::Error,
    },
    /// The signer's envelope cannot be read again for the manifest's annotations.
    #[error("the signature of `{reference}` cannot be described")]
    Envelope {
        /// The artifact.
        reference: ArtifactReference,
        /// What is wrong.
        #[source]
        source: envelope::Error,
    },
    /// The tag names another artifact than the one that was signed.
    #[error("`{reference}` changed from `{signed}` to `{found}` while it was being signed")]
    Moved {
        /// The artifact, by tag.
        reference: ArtifactReference,
        /// What was signed.
        signed: Digest,
        /// What the tag names now.
        found: Digest,
    },
    /// The signature could not be stored.
    #[error("failed to push the signature of `{reference}`")]
    Push {
        /// The artifact, by digest.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
}

impl Error {
    /// Whether signing again may succeed without any change: not allowed, not reachable, throttled.
    pub fn is_inconclusive(&self) -> bool {
        match self {
            Self::Open { source, .. }
            | Self::Resolve { source, .. }
            | Self::Push { source, .. } => source.kind() == registry::Kind::CouldNotLook,
            Self::Signer { source, .. } => source.is_inconclusive(),
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ReservedMetadata { .. } => Some("choose another key".to_owned()),
            Self::Open { source, .. }
            | Self::Resolve { source, .. }
            | Self::Push { source, .. } => source.hint(),
            Self::Signer { source, .. } => source.hint(),
            Self::Envelope { source, .. } => source.hint(),
            Self::Moved { .. } => {
                Some("nothing was pushed; sign by digest, which cannot move".to_owned())
            }
        }
    }
}

/// Signs the artifact that `reference` names, and pushes the signature beside it.
///
/// # Errors
///
/// Nothing is stored unless every step before holds; [`Error`] names the step.
pub async fn sign(
    reference: &Reference,
    signer: &Signer,
    registry: &registry::Client,
    options: &Options,
) -> Result<Signed, Error> {
    let repository = registry
        .repository(reference, Access::PullAndPush)
        .map_err(|source| Error::Resolve {
            reference: reference.clone().into(),
            source,
        })?;
    sign_in(&repository.into(), signer, options).await
}

/// Signs the artifact that `reference` names in an OCI image layout, and stores the signature there.
///
/// # Errors
///
/// As [`sign`].
pub async fn sign_layout(
    reference: &LayoutReference,
    signer: &Signer,
    options: &Options,
) -> Result<Signed, Error> {
    let layout = LayoutRepository::open(reference).map_err(|source| Error::Open {
        reference: reference.clone().into(),
        source,
    })?;
    sign_in(&layout.into(), signer, options).await
}

async fn sign_in(
    repository: &Repository,
    signer: &Signer,
    options: &Options,
) -> Result<Signed, Error> {
    check_metadata_keys(&options.user_metadata)?;
    let resolve = |source| Error::Resolve {
        reference: repository.reference(),
        source,
    };
    // 1. Resolve once; from here on only the digest counts.
    let target = repository.resolve().await.map_err(resolve)?;
    let by_digest = || target.reference.clone();

    // 2. The payload: media type, digest and size, and the user's metadata. What else a registry
    //    says of the artifact is not signed, as in notation.
    let payload = Payload::new(&target.descriptor, options.user_metadata.clone());

    // 3. The envelope, which the signer has verified.
    let made = signer
        .sign(&payload, &options.terms)
        .await
        .map_err(|source| Error::Signer {
            reference: by_digest(),
            source,
        })?;
    let annotations = annotations(&made.envelope).map_err(|source| Error::Envelope {
        reference: by_digest(),
        source,
    })?;

    // 4. A tag may have moved while the signer worked. What was asked for is no longer what was
    //    signed, so nothing is pushed.
    if repository.reference().digest().is_none() {
        check_not_moved(repository, &target.descriptor).await?;
    }

    // 5. Store it.
    let signature = NewSignature {
        subject: target.descriptor.clone(),
        format: made.envelope.format,
        envelope: made.envelope.bytes.clone().into(),
        annotations,
    };
    let pushed = repository
        .push_signature(&signature, options.storage)
        .await
        .map_err(|source| Error::Push {
            reference: by_digest(),
            source,
        })?;
    Ok(Signed {
        reference: by_digest(),
        signature: target.reference.with_digest(pushed.manifest.digest()),
        target,
        warnings: pushed.warnings,
        signer: made,
    })
}

fn check_metadata_keys(metadata: &BTreeMap<String, String>) -> Result<(), Error> {
    match reserved_key(metadata) {
        Some(key) => Err(Error::ReservedMetadata { key }),
        None => Ok(()),
    }
}

/// The first key of the user's metadata that the specification keeps for itself.
fn reserved_key(metadata: &BTreeMap<String, String>) -> Option<String> {
    let mut keys = metadata.keys();
    keys.find(|key| key.starts_with(RESERVED_PREFIX)).cloned()
}

async fn check_not_moved(repository: &Repository, signed: &Descriptor) -> Result<(), Error> {
    let now = repository
        .resolve()
        .await
        .map_err(|source| Error::Resolve {
            reference: repository.reference(),
            source,
        })?;
    if now.descriptor.digest() == signed.digest() {
        return Ok(());
    }
    Err(Error::Moved {
        reference: repository.reference(),
        signed: signed.digest().clone(),
        found: now.descriptor.digest().clone(),
    })
}

/// The annotations of the signature manifest: the signer's, then the thumbprints of the
/// certificates and the time, which nothing may replace.
fn annotations(envelope: &SignedEnvelope) -> Result<BTreeMap<String, String>, envelope::Error> {
    let read = UnverifiedEnvelope::parse(envelope.format, &envelope.bytes)?;
    let info = read.signer_info();
    let thumbprints: Vec<String> = info
        .certificate_chain
        .iter()
        .map(crate::x509::Certificate::sha256_fingerprint)
        .collect();
    let created = info
        .signed_attributes
        .signing_time
        .to_offset(UtcOffset::UTC);
    let created = created.replace_nanosecond(0).unwrap_or(created);
    let mut annotations = envelope.annotations.clone();
    annotations.insert(
        THUMBPRINT_ANNOTATION.to_owned(),
        serde_json::Value::from(thumbprints).to_string(),
    );
    if let Ok(created) = created.format(&Rfc3339) {
        annotations.insert(CREATED_ANNOTATION.to_owned(), created);
    }
    Ok(annotations)
}
