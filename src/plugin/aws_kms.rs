//! `aws-kms`: raw signatures with the user's own key in AWS KMS, and the certificate that goes with
//! it. What envelopes there are is Notation's business.

use super::{Error, Face, Reply, aws, block_on, now, parse};
use crate::aws::KmsKeyId;
use crate::plugin_contract::{
    Base64, Capability, Command, DescribeKeyRequest, DescribeKeyResponse, GenerateEnvelopeRequest,
    GenerateSignatureRequest, GenerateSignatureResponse, GetPluginMetadataRequest, PluginConfig,
    VerifySignatureRequest,
};
use crate::signer::aws_kms::{self, KmsKey, PLUGIN_NAME, Settings};
use crate::signer::certificate_chain::CertificateChain;

pub(super) const NAME: &str = PLUGIN_NAME;

pub(super) const DESCRIPTION: &str =
    "Signs with your own key in AWS KMS, in the Notary Project format";

pub(super) const CAPABILITIES: &[Capability] = &[Capability::RawSignature];

pub(super) fn answer(command: Command, request: &[u8]) -> Result<Reply, Error> {
    match command {
        Command::GetPluginMetadata => {
            let _: GetPluginMetadataRequest = parse(request)?;
            Reply::of(&Face::AwsKms.metadata())
        }
        Command::DescribeKey => block_on(describe_key(parse(request)?)),
        Command::GenerateSignature => block_on(generate_signature(parse(request)?)),
        Command::GenerateEnvelope => {
            let _: GenerateEnvelopeRequest = parse(request)?;
            Err(Error::RawOnly(command))
        }
        Command::VerifySignature => {
            let _: VerifySignatureRequest = parse(request)?;
            Err(Error::RawOnly(command))
        }
    }
}

/// Says what kind of key it is; where the certificates are named already, a wrong one is found out
/// before Notation has built anything on the answer.
async fn describe_key(request: DescribeKeyRequest) -> Result<Reply, Error> {
    let id = key_id(&request.key_id)?;
    let settings = settings(&request.plugin_config)?;
    let chain = match &settings.certificate_chain {
        Some(path) => Some(CertificateChain::read(path, now()).map_err(Error::CertificateChain)?),
        None => None,
    };
    let aws = aws(settings.aws)?;
    let key = aws_kms::describe(&aws, &id).await.map_err(Error::Kms)?;
    if let Some(chain) = chain {
        key.check_certificate(chain.leaf()).map_err(Error::Kms)?;
    }
    Reply::of(&DescribeKeyResponse {
        key_id: request.key_id,
        key_spec: key.spec().as_str().to_owned(),
    })
}

async fn generate_signature(request: GenerateSignatureRequest) -> Result<Reply, Error> {
    let id = key_id(&request.key_id)?;
    let settings = settings(&request.plugin_config)?;
    let path = settings.certificate_chain().map_err(Error::KmsSettings)?;
    let chain = CertificateChain::read(path, now()).map_err(Error::CertificateChain)?;
    let spec = chain.key_spec();
    let algorithm = spec.signature_algorithm();
    let wanted = |field, found: String, wanted: &str| {
        if found == wanted {
            return Ok(());
        }
        let wanted = wanted.to_owned();
        Err(Error::OtherKeySpec {
            field,
            found,
            wanted,
        })
    };
    wanted("keySpec", request.key_spec, spec.as_str())?;
    wanted(
        "hashAlgorithm",
        request.hash_algorithm,
        algorithm.hash_algorithm().as_str(),
    )?;
    let key = KmsKey::new(aws(settings.aws)?, id, chain);
    let Base64(payload) = request.payload;
    let signature = key.sign(&payload).await.map_err(Error::Kms)?;
    Reply::of(&GenerateSignatureResponse {
        key_id: request.key_id,
        signature: Base64(signature),
        signing_algorithm: algorithm.contract_name().to_owned(),
        certificate_chain: key
            .chain()
            .iter()
            .map(|certificate| Base64(certificate.der().to_vec()))
            .collect(),
    })
}

fn key_id(text: &str) -> Result<KmsKeyId, Error> {
    KmsKeyId::parse(text).map_err(Error::KmsKeyId)
}

fn settings(config: &PluginConfig) -> Result<Settings, Error> {
    Settings::from_plugin_config(config).map_err(Error::KmsSettings)
}
