//! `com.amazonaws.signer.notation.plugin`: AWS Signer signs, and says who signed and whether that
//! was revoked.

use std::collections::BTreeMap;

use super::error::in_one_line;
use super::{Error, Face, Reply, block_on, now, parse};
use crate::aws::{ArnService, Aws, Settings};
use crate::extended_validation::{
    self, Claims, PLUGIN_NAME, check_revocation, check_trusted_identity,
};
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE};
use crate::plugin_contract::{
    Base64, Capability, Command, DescribeKeyRequest, DescribeKeyResponse, GenerateEnvelopeRequest,
    GenerateEnvelopeResponse, GenerateSignatureRequest, GetPluginMetadataRequest, PluginConfig,
    VerificationResult, VerifySignatureRequest, VerifySignatureResponse,
};
use crate::signer::aws_signer::{self, AwsSigner, Pace, SigningProfile};
use crate::x509::Certificate;

pub(super) const NAME: &str = PLUGIN_NAME;

pub(super) const DESCRIPTION: &str =
    "Signs and verifies container images with AWS Signer, in the Notary Project format";

/// The version that metadata reports: that of AWS's plugin whose behaviour this one has, because a
/// signature may ask for a minimum of it; then our own, which does not take part in comparisons.
pub(super) const VERSION: &str = concat!("1.0.2292+countersign.", env!("CARGO_PKG_VERSION"));

/// Those of AWS's plugin, and files. Never `SIGNATURE_GENERATOR.RAW`: Notation prefers it wherever
/// it is offered, and AWS Signer only makes whole envelopes.
pub(super) const CAPABILITIES: &[Capability] = &[
    Capability::Envelope,
    Capability::EnvelopeForBlob,
    Capability::TrustedIdentity,
    Capability::RevocationCheck,
];

pub(super) fn answer(command: Command, request: &[u8]) -> Result<Reply, Error> {
    match command {
        Command::GetPluginMetadata => {
            let _: GetPluginMetadataRequest = parse(request)?;
            Reply::of(&Face::AwsSigner.metadata())
        }
        Command::GenerateSignature => {
            let _: GenerateSignatureRequest = parse(request)?;
            Err(Error::RawSignature)
        }
        Command::DescribeKey => block_on(describe_key(parse(request)?)),
        Command::GenerateEnvelope => block_on(generate_envelope(parse(request)?)),
        Command::VerifySignature => block_on(verify_signature(parse(request)?)),
    }
}

/// AWS for a key of AWS Signer, whose settings nothing else reads.
fn aws(config: &PluginConfig) -> Result<Aws, Error> {
    let settings = Settings::from_own_config(config, &[ArnService::Signer]);
    super::aws(settings.map_err(Error::Settings)?)
}

/// AWS for a verification, whose settings go to each plugin that a signature names.
fn aws_to_verify(config: &PluginConfig) -> Result<Aws, Error> {
    let settings = Settings::from_plugin_config(config, &[ArnService::Signer]);
    super::aws(settings.map_err(Error::Settings)?)
}

async fn describe_key(request: DescribeKeyRequest) -> Result<Reply, Error> {
    let profile = SigningProfile::parse(&request.key_id).map_err(Error::KeyId)?;
    let aws = aws(&request.plugin_config)?;
    let region = aws_signer::describe(&aws, &profile)
        .await
        .map_err(Error::Sign)?;
    Ok(Reply::of(&DescribeKeyResponse {
        key_id: request.key_id,
        key_spec: aws_signer::KEY_SPEC.as_str().to_owned(),
    })?
    .with_warning(region.warning()))
}

async fn generate_envelope(request: GenerateEnvelopeRequest) -> Result<Reply, Error> {
    let profile = SigningProfile::parse(&request.key_id).map_err(Error::KeyId)?;
    if request.signature_envelope_type != EnvelopeFormat::Jws.media_type() {
        return Err(Error::EnvelopeType(request.signature_envelope_type));
    }
    if request.payload_type != PAYLOAD_MEDIA_TYPE {
        return Err(Error::PayloadType(request.payload_type));
    }
    if let Some(seconds) = request.expiry_duration_in_seconds
        && seconds != 0
    {
        return Err(Error::Expiry { seconds });
    }
    let aws = aws(&request.plugin_config)?;
    let Base64(payload) = request.payload;
    let by = AwsSigner {
        aws,
        profile,
        pace: Pace::default(),
    };
    let signed = by.sign_json(&payload, now()).await;
    let signed = signed.map_err(Error::Sign)?;
    let envelope = signed.envelope;
    Ok(Reply::of(&GenerateEnvelopeResponse {
        signature_envelope: Base64(envelope.bytes().to_vec()),
        signature_envelope_type: envelope.format().media_type().to_owned(),
        annotations: envelope.annotations().clone(),
    })?
    .with_warning(signed.region.warning()))
}

async fn verify_signature(request: VerifySignatureRequest) -> Result<Reply, Error> {
    let policy = &request.trust_policy;
    let mut capabilities = Vec::new();
    for name in &policy.signature_verification {
        match Capability::from_name(name) {
            Some(capability @ (Capability::TrustedIdentity | Capability::RevocationCheck)) => {
                capabilities.push(capability);
            }
            _ => return Err(Error::Capability(name.clone())),
        }
    }
    if capabilities.is_empty() {
        return Err(Error::NoCapability);
    }
    let claims =
        Claims::from_request(&request.signature.critical_attributes).map_err(Error::Validation)?;
    // A wildcard is refused whatever is asked, so this comes before the question for revocation.
    let identity = check_trusted_identity(&claims, &policy.trusted_identities);
    if let Err(error @ extended_validation::Error::Wildcard) = identity {
        return Err(Error::Validation(error));
    }

    let mut verification_results = BTreeMap::new();
    let mut warning = None;
    if capabilities.contains(&Capability::TrustedIdentity) {
        let result = match identity {
            Ok(identity) => success(format!(
                "Signature publisher matched {identity:?} trusted identity."
            )),
            Err(error) => failure(format!(
                "Signature publisher doesn't match any trusted identities. {}",
                in_one_line(&error, error.hint())
            )),
        };
        verification_results.insert(Capability::TrustedIdentity.as_str().to_owned(), result);
    }
    if capabilities.contains(&Capability::RevocationCheck) {
        let aws = aws_to_verify(&request.plugin_config)?;
        let chain = certificate_chain(&request.signature.certificate_chain)?;
        let result = revocation(&aws, &claims, &chain, &mut warning).await;
        verification_results.insert(Capability::RevocationCheck.as_str().to_owned(), result);
    }
    Ok(Reply::of(&VerifySignatureResponse {
        verification_results,
        processed_attributes: claims
            .processed_attributes()
            .into_iter()
            .map(str::to_owned)
            .collect(),
    })?
    .with_warning(warning))
}

/// The result of the question for revocation, in the words of AWS's plugin and then what it leaves
/// out. An unanswered question fails like a revocation; what follows is the policy's decision.
async fn revocation(
    aws: &Aws,
    claims: &Claims,
    chain: &[Certificate],
    warning: &mut Option<String>,
) -> VerificationResult {
    use extended_validation::Error as E;
    let error = match check_revocation(aws, claims, chain).await {
        Ok(region) => {
            *warning = region.warning();
            return success("Signature is not revoked.".to_owned());
        }
        Err(error) => error,
    };
    let reason = match &error {
        E::Revoked { revoked } => extended_validation::revoked_in_aws_words(revoked),
        E::RevocationUnknown(call) => format!(
            "GetRevocationStatus call failed with error: {}",
            in_one_line(call, call.hint())
        ),
        other => in_one_line(other, other.hint()),
    };
    failure(reason)
}

fn success(reason: String) -> VerificationResult {
    VerificationResult {
        success: true,
        reason,
    }
}

fn failure(reason: String) -> VerificationResult {
    VerificationResult {
        success: false,
        reason,
    }
}

fn certificate_chain(chain: &[Base64]) -> Result<Vec<Certificate>, Error> {
    chain
        .iter()
        .enumerate()
        .map(|(index, Base64(der))| {
            Certificate::parse(der).map_err(|source| Error::Certificate { index, source })
        })
        .collect()
}
