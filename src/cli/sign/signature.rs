//! What is kept of a signature while a command runs.

use crate::notary::EnvelopeFormat;
use crate::signer_info::SignerInfo;

/// A signature, as far as it is told of.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) format: EnvelopeFormat,
    pub(super) info: SignerInfo,
}

impl Signature {
    /// Keeps what is shown: a command may sign many artifacts.
    pub(super) fn new(format: EnvelopeFormat, mut info: SignerInfo) -> Self {
        info.certificate_chain.truncate(1);
        info.unsigned_attributes.timestamp_signature = None;
        Self { format, info }
    }
}
