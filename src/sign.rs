//! Signs an artifact in a registry or in an OCI image layout and stores the signature beside it.
//!
//! Input: a reference and a signer. Output: the digests of what was signed and of the signature.
//! The steps are those of `signing-and-verification-workflow.md`, "Signing steps". The signer has
//! verified its envelope before it comes here; whether the artifact may run is `verify`'s question.

pub mod blob;
pub mod many;
mod setup;

pub use crate::aws::{ArnError, KmsKeyIdError};
pub use crate::notary::EnvelopeFormat;
pub use crate::registry::{Storage, Target, Warning};
pub use crate::signer::certificate_chain::CertificateChainError;
pub use crate::signer::timestamping::AuthorityError;
pub use setup::{ArtifactSigner, Setup, SetupError};

use std::collections::BTreeMap;

use time::UtcOffset;
use time::format_description::well_known::Rfc3339;

use crate::notary::{RESERVED_PREFIX, THUMBPRINT_ANNOTATION};
use crate::oci::{Descriptor, Digest};
use crate::payload::Payload;
use crate::reference::ArtifactReference;
use crate::registry::{self, Access, LayoutRepository, NewSignature, Repository};
use crate::signer::{self, SignedEnvelope, Signer, Terms};
use crate::signer_info::SignerInfo;

/// Annotation of a manifest: when it was made (OCI image specification, "Annotations").
const CREATED_ANNOTATION: &str = "org.opencontainers.image.created";

/// What one signing asks for beyond the artifact.
#[derive(Debug)]
#[doc(hidden)]
pub struct Options {
    /// User metadata to sign with the artifact.
    pub user_metadata: BTreeMap<String, String>,
    /// How the signature is filed under the artifact.
    pub storage: Storage,
    /// The envelope's format, its expiry and its timestamp.
    pub terms: Terms,
}

/// A signature that was made, and is stored nowhere yet.
#[derive(Debug)]
pub(crate) struct UnstoredSignature {
    /// What was signed.
    pub(crate) target: Target,
    /// The signature, and what the signer says about it.
    pub(crate) signer: signer::Signature,
}

impl UnstoredSignature {
    /// What its envelope says.
    pub(crate) fn info(&self) -> &SignerInfo {
        self.signer.envelope.signer_info()
    }
}

/// Where a signature was stored.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The signature manifest, by digest, in the same repository.
    pub(crate) signature: ArtifactReference,
    /// What the registry did not do as it should, without harm.
    pub(crate) warnings: Vec<Warning>,
}

/// A signature that was made and stored.
#[derive(Debug)]
#[non_exhaustive]
pub struct StoredSignature {
    /// What was signed.
    pub target: Target,
    /// The signature, and what the signer says about it.
    pub signature: signer::Signature,
    /// The signature manifest, by digest, in the same repository.
    pub reference: ArtifactReference,
    /// What the registry did not do as it should, without harm.
    pub warnings: Vec<Warning>,
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
    /// The artifact's descriptor could not be read.
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
            | Self::Push { source, .. } => source.kind() == registry::Kind::Inconclusive,
            Self::Signer { source, .. } => source.is_inconclusive(),
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ReservedMetadata { .. } => Some("choose another key".to_owned()),
            Self::Open { source, .. } | Self::Resolve { source, .. } => source.hint(),
            Self::Push { source, .. } => source.hint().or_else(|| {
                let may_succeed = source.kind() == registry::Kind::Inconclusive;
                may_succeed.then(|| "the signature is not listed anywhere: sign again".to_owned())
            }),
            Self::Signer { source, .. } => source.hint(),
            Self::Moved { .. } => {
                Some("nothing was pushed; sign by digest, which cannot move".to_owned())
            }
        }
    }
}

/// Signs the artifact that `reference` names, in a registry or in an OCI image layout, and stores
/// the signature beside it.
///
/// # Errors
///
/// Nothing is stored unless every step before holds; [`Error`] names the step.
#[doc(hidden)]
pub async fn sign(
    reference: &ArtifactReference,
    signer: &Signer,
    registry: &registry::Client,
    options: &Options,
) -> Result<StoredSignature, Error> {
    check_user_metadata(&options.user_metadata)?;
    let repository = open(reference, registry)?;
    // 1. Resolve once; from here on only the digest counts.
    let target = resolve(&repository).await?;
    // 2, 3. The payload, and the envelope.
    let made = make(target, signer, options).await?;
    // 4, 5. Store it, unless the tag has moved.
    let stored = store(&repository, &made, options.storage).await?;
    Ok(StoredSignature {
        target: made.target,
        signature: made.signer,
        reference: stored.signature,
        warnings: stored.warnings,
    })
}

/// Checks that no user metadata has a key that the specification keeps for itself.
///
/// # Errors
///
/// [`Error::ReservedMetadata`].
pub(crate) fn check_user_metadata(metadata: &BTreeMap<String, String>) -> Result<(), Error> {
    match reserved_key(metadata) {
        Some(key) => Err(Error::ReservedMetadata { key }),
        None => Ok(()),
    }
}

/// Opens the repository of `reference`, to sign in it. No request is sent yet.
///
/// # Errors
///
/// [`Error::Open`] for a layout, [`Error::Resolve`] for a registry.
pub(crate) fn open(
    reference: &ArtifactReference,
    registry: &registry::Client,
) -> Result<Repository, Error> {
    match reference {
        ArtifactReference::Registry(inside) => {
            let repository = registry.repository(inside, Access::PullAndPush);
            repository
                .map(Repository::from)
                .map_err(|source| Error::Resolve {
                    reference: reference.clone(),
                    source,
                })
        }
        ArtifactReference::Layout(inside) => LayoutRepository::open(inside)
            .map(Repository::from)
            .map_err(|source| Error::Open {
                reference: reference.clone(),
                source,
            }),
    }
}

/// Step 1: what the reference stands for.
///
/// # Errors
///
/// [`Error::Resolve`].
pub(crate) async fn resolve(repository: &Repository) -> Result<Target, Error> {
    repository.resolve().await.map_err(|source| Error::Resolve {
        reference: repository.reference(),
        source,
    })
}

/// Steps 2 and 3: the payload of `target`, and a verified envelope around it.
///
/// # Errors
///
/// [`Error::Signer`].
pub(crate) async fn make(
    target: Target,
    signer: &Signer,
    options: &Options,
) -> Result<UnstoredSignature, Error> {
    // 2. The payload: media type, digest and size, and the user's metadata. What else a registry
    //    says of the artifact is not signed, as in notation.
    let payload = Payload::new(&target.descriptor, options.user_metadata.clone());

    // 3. The envelope, which the signer has verified.
    let kind = signer.kind();
    match signer.sign(&payload, &options.terms).await {
        Ok(signer) => {
            tracing::info!(artifact = %target.reference, signer = kind, "signature made");
            Ok(UnstoredSignature { target, signer })
        }
        Err(source) => {
            let reference = target.reference;
            Err(Error::Signer { reference, source })
        }
    }
}

/// Steps 4 and 5: stores the signature beside what it signs, under the reference that `repository`
/// was opened with.
///
/// # Errors
///
/// [`Error::Moved`], [`Error::Resolve`] and [`Error::Push`].
pub(crate) async fn store(
    repository: &Repository,
    made: &UnstoredSignature,
    storage: Storage,
) -> Result<Stored, Error> {
    let target = &made.target;
    // 4. A tag may have moved while the signer worked. What was asked for is no longer what was
    //    signed, so nothing is pushed.
    if repository.reference().digest().is_none() {
        check_not_moved(repository, &target.descriptor).await?;
    }

    // 5. Store it.
    let envelope = &made.signer.envelope;
    let signature = NewSignature {
        subject: target.descriptor.clone(),
        format: envelope.format(),
        envelope: envelope.bytes().to_vec().into(),
        annotations: annotations(envelope),
    };
    let pushed = repository
        .push_signature(&signature, storage)
        .await
        .map_err(|source| Error::Push {
            reference: target.reference.clone(),
            source,
        })?;
    let signature = target.reference.with_digest(pushed.manifest.digest());
    tracing::info!(signature = %signature, "signature stored");
    Ok(Stored {
        signature,
        warnings: pushed.warnings,
    })
}

/// The first key of the user's metadata that the specification keeps for itself.
fn reserved_key(metadata: &BTreeMap<String, String>) -> Option<String> {
    let mut keys = metadata.keys();
    keys.find(|key| key.starts_with(RESERVED_PREFIX)).cloned()
}

async fn check_not_moved(repository: &Repository, signed: &Descriptor) -> Result<(), Error> {
    let now = resolve(repository).await?;
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
fn annotations(envelope: &SignedEnvelope) -> BTreeMap<String, String> {
    let info = envelope.signer_info();
    let thumbprints: Vec<String> = info
        .certificate_chain
        .iter()
        .map(crate::x509::Certificate::sha256_fingerprint)
        .collect();
    let created = info.signed_attributes.signing_time;
    let created = created.checked_to_offset(UtcOffset::UTC).unwrap_or(created);
    let created = created.replace_nanosecond(0).unwrap_or(created);
    let mut annotations = envelope.annotations().clone();
    annotations.insert(
        THUMBPRINT_ANNOTATION.to_owned(),
        serde_json::Value::from(thumbprints).to_string(),
    );
    if let Ok(created) = created.format(&Rfc3339) {
        annotations.insert(CREATED_ANNOTATION.to_owned(), created);
    }
    annotations
}
