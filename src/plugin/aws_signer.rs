//! `com.amazonaws.signer.notation.plugin`: AWS Signer signs, and says who signed and whether that
//! was revoked.

use super::{Error, Face, to_json};
use crate::plugin_contract::{
    self, Capability, Command, DescribeKeyRequest, GenerateEnvelopeRequest,
    GenerateSignatureRequest, GetPluginMetadataRequest, VerifySignatureRequest,
};

pub(super) const NAME: &str = "com.amazonaws.signer.notation.plugin";

pub(super) const DESCRIPTION: &str =
    "Signs and verifies container images with AWS Signer, in the Notary Project format";

/// Those of AWS's plugin, and files. Never `SIGNATURE_GENERATOR.RAW`: Notation prefers it wherever
/// it is offered, and AWS Signer only makes whole envelopes.
pub(super) const CAPABILITIES: &[Capability] = &[
    Capability::Envelope,
    Capability::EnvelopeForBlob,
    Capability::TrustedIdentity,
    Capability::RevocationCheck,
];

pub(super) fn answer(command: Command, request: &[u8]) -> Result<Vec<u8>, Error> {
    let invalid = |source| Error::Request { command, source };
    match command {
        Command::GetPluginMetadata => {
            let _: GetPluginMetadataRequest =
                plugin_contract::parse_request(request).map_err(invalid)?;
            to_json(&Face::AwsSigner.metadata())
        }
        Command::GenerateSignature => {
            let _: GenerateSignatureRequest =
                plugin_contract::parse_request(request).map_err(invalid)?;
            Err(Error::RawSignature)
        }
        Command::DescribeKey => {
            let _: DescribeKeyRequest = plugin_contract::parse_request(request).map_err(invalid)?;
            todo!()
        }
        Command::GenerateEnvelope => {
            let _: GenerateEnvelopeRequest =
                plugin_contract::parse_request(request).map_err(invalid)?;
            todo!()
        }
        Command::VerifySignature => {
            let _: VerifySignatureRequest =
                plugin_contract::parse_request(request).map_err(invalid)?;
            todo!()
        }
    }
}
