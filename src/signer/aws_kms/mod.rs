//! An asymmetric key in AWS KMS as the signer, with a certificate chain that the user gives: your
//! own key, which never leaves KMS.
//!
//! `GetPublicKey` says whether the key is the certificate's and can sign; only then is `Sign` called,
//! with the digest and never the message. KMS's answer is believed in nothing: the signature must
//! verify with the certificate.

mod error;
mod fixed_width;
mod public_key;
mod settings;
#[cfg(feature = "cli")]
mod test_certificate;

pub use error::Error;
pub use fixed_width::SignatureProblem;
pub use public_key::{KmsPublicKey, describe};
pub use settings::{PLUGIN_NAME, Settings, SettingsError};
#[cfg(feature = "cli")]
pub use test_certificate::TestCertificate;

use aws_sdk_kms::operation::RequestId as _;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use tokio::sync::OnceCell;

use super::certificate_chain::CertificateChain;
use crate::algorithm::{KeySpec, SignatureAlgorithm};
use crate::aws::{Aws, Call, CallError, KmsKeyId};
use crate::x509::Certificate;

/// A key of AWS KMS with its certificate chain. KMS is asked for the public key once, before the
/// first signature.
#[derive(Debug)]
pub struct KmsKey {
    aws: Aws,
    id: KmsKeyId,
    chain: CertificateChain,
    checked: OnceCell<KmsPublicKey>,
}

impl KmsKey {
    /// The key `id` with the certificates that are for it. No request is sent yet.
    pub fn new(aws: Aws, id: KmsKeyId, chain: CertificateChain) -> Self {
        Self {
            aws,
            id,
            chain,
            checked: OnceCell::new(),
        }
    }

    /// The certificates, the signer's first. Never empty.
    pub fn chain(&self) -> &[Certificate] {
        self.chain.certificates()
    }

    /// The kind of the certificate's key.
    pub fn key_spec(&self) -> KeySpec {
        self.chain.key_spec()
    }

    /// Checks that the key can sign and that the certificate is for it. Asks KMS the first time.
    ///
    /// # Errors
    ///
    /// [`Error`]: KMS refused, the key cannot sign, or it is not the certificate's.
    pub async fn check(&self) -> Result<&KmsPublicKey, Error> {
        self.checked
            .get_or_try_init(async || {
                let key = describe(&self.aws, &self.id).await?;
                key.check_certificate(self.chain.leaf())?;
                Ok(key)
            })
            .await
    }

    /// Signs `message` with the only algorithm that the key has in the specification; gives the
    /// signature as envelopes have it, verified with the certificate.
    ///
    /// # Errors
    ///
    /// [`Error`]: as [`KmsKey::check`], or KMS did not sign, or not well.
    pub async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let key = self.check().await?;
        let algorithm = key.spec().signature_algorithm();
        let digest = algorithm.hash_algorithm().hash(message);
        let answer = sign_digest(&self.aws, &self.id, key, name_of(algorithm), digest).await?;
        let unusable = |problem| Error::Signature {
            key: key.arn().to_owned(),
            problem,
        };
        let signature = match fixed_width::of(algorithm) {
            None => answer,
            Some(width) => fixed_width::from_der(&answer, width).map_err(unusable)?,
        };
        self.chain
            .leaf()
            .verify_envelope_signature(message, &signature)
            .map_err(|source| unusable(SignatureProblem::Mismatch { source }))?;
        Ok(signature)
    }
}

/// KMS's name of an algorithm.
fn name_of(algorithm: SignatureAlgorithm) -> SigningAlgorithmSpec {
    match algorithm {
        SignatureAlgorithm::Ps256 => SigningAlgorithmSpec::RsassaPssSha256,
        SignatureAlgorithm::Ps384 => SigningAlgorithmSpec::RsassaPssSha384,
        SignatureAlgorithm::Ps512 => SigningAlgorithmSpec::RsassaPssSha512,
        SignatureAlgorithm::Es256 => SigningAlgorithmSpec::EcdsaSha256,
        SignatureAlgorithm::Es384 => SigningAlgorithmSpec::EcdsaSha384,
        SignatureAlgorithm::Es512 => SigningAlgorithmSpec::EcdsaSha512,
    }
}

/// Has KMS sign a digest. The key is named as the user named it, since policies may ask for an alias
/// (`kms:RequestAlias`), and must be the one whose public key was checked.
async fn sign_digest(
    aws: &Aws,
    id: &KmsKeyId,
    key: &KmsPublicKey,
    algorithm: SigningAlgorithmSpec,
    digest: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let call = Call {
        action: "kms:Sign",
        resource: key.arn().to_owned(),
        region: key.region().to_owned(),
    };
    let answer = aws
        .kms(key.region())
        .await
        .map_err(Error::Settings)?
        .sign()
        .key_id(id.as_str())
        .message(Blob::new(digest))
        .message_type(MessageType::Digest)
        .signing_algorithm(algorithm.clone())
        .send()
        .await
        .map_err(|error| Error::Call(CallError::from_sdk(call.clone(), &error)))?;
    let malformed = |problem: String| {
        Error::Call(CallError::malformed(
            call.clone(),
            problem,
            answer.request_id(),
        ))
    };
    if answer.key_id() != Some(key.arn()) {
        return Err(malformed(format!(
            "it signed with `{}`, which is not the key that was checked",
            answer.key_id().unwrap_or_default()
        )));
    }
    if answer.signing_algorithm() != Some(&algorithm) {
        return Err(malformed(format!(
            "it signed with the algorithm `{}`, not with `{algorithm}`",
            answer
                .signing_algorithm()
                .map_or("", SigningAlgorithmSpec::as_str)
        )));
    }
    match answer.signature() {
        Some(signature) => Ok(signature.as_ref().to_vec()),
        None => Err(malformed("it has no signature".to_owned())),
    }
}
