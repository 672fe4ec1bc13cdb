//! What is kept of a signature while others are made.

use crate::notary::EnvelopeFormat;
use crate::signer_info::SignerInfo;

/// What is known of a signature, without its bytes.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignatureInfo {
    /// The envelope's format.
    pub format: EnvelopeFormat,
    /// What the envelope says; of the certificates only the signer's.
    pub info: SignerInfo,
}

impl SignatureInfo {
    /// Keeps what is shown: there may be many.
    pub(super) fn new(format: EnvelopeFormat, mut info: SignerInfo) -> Self {
        info.certificate_chain.truncate(1);
        info.unsigned_attributes.timestamp_signature = None;
        Self { format, info }
    }
}
