//! What one signature is judged against: trust, policy statement, time, and what it must be a signature of.
//!
//! The validations are methods of it in files of their own: `judge` has their order.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::Validators;
use crate::allowance;
use crate::blob::{self, Blob, Progress};
use crate::oci::Descriptor;
use crate::outcome::Failure;
use crate::payload::{self, Payload};
use crate::signer_info::SignerInfo;
use crate::trust_policy::Statement;

/// What a signature is judged against.
pub(super) struct SignatureCheck<'a> {
    pub(super) validators: &'a Validators,
    pub(super) subject: Subject<'a>,
    pub(super) statement: &'a Statement,
    pub(super) user_metadata: &'a BTreeMap<String, String>,
    pub(super) now: OffsetDateTime,
}

/// What a signature must be of.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    /// The artifact of this descriptor.
    Artifact(&'a Descriptor),
    /// A file.
    Blob(BlobSubject<'a>),
}

/// The blob that a signature must be of.
#[derive(Clone, Copy)]
pub(super) struct BlobSubject<'a> {
    pub(super) blob: &'a Blob,
    pub(super) media_type: Option<&'a str>,
    pub(super) progress: Progress<'a>,
}

impl BlobSubject<'_> {
    /// Checks that the signature, which is intact, is of this blob: size and digest always, the
    /// media type if one was asked for.
    pub(super) fn check(&self, info: &SignerInfo, payload: &Payload) -> Result<(), Failure> {
        let signed = &payload.target_artifact.media_type;
        let media_type = match self.media_type {
            Some(asked) => asked,
            // What is signed for an image says nothing about files, unless it is asked for.
            None if blob::is_manifest(signed) => {
                let media_type = signed.clone();
                let source = payload::Error::ImageNotBlob { media_type };
                return Err(Failure::AnotherArtifact { source });
            }
            None => signed,
        };
        let algorithm = info.signature_algorithm.hash_algorithm();
        let describe = || self.blob.describe(media_type, algorithm, self.progress);
        let found = allowance::uncounted(describe).map_err(|source| Failure::Blob { source })?;
        payload
            .matches(&found)
            .map_err(|source| Failure::AnotherArtifact { source })
    }
}
