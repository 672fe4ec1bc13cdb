//! Signers: a payload in, an envelope out that was verified before it is handed on.

pub mod aws_signer;

use std::collections::BTreeMap;

use crate::notary::EnvelopeFormat;

/// What a signer made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedEnvelope {
    /// The envelope's format.
    pub format: EnvelopeFormat,
    /// The envelope.
    pub bytes: Vec<u8>,
    /// Annotations that the signer wants on the signature manifest.
    pub annotations: BTreeMap<String, String>,
}
