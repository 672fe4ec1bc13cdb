//! A self-signed certificate for a key of AWS KMS, to try things out with; not for anything that
//! counts.

use std::cell::RefCell;

use aws_sdk_kms::types::SigningAlgorithmSpec;
use der::Decode as _;
use rcgen::{
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256,
    PKCS_RSA_SHA384, PKCS_RSA_SHA512, PublicKeyData, SignatureAlgorithm, SigningKey,
};
use time::OffsetDateTime;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::{Error, KmsPublicKey, SignatureProblem, describe, sign_digest};
use crate::algorithm::KeySpec;
use crate::aws::{Aws, KmsKeyId};
use crate::signer::test_certificate::params;
use crate::x509::{self, Certificate, verify_code_signing_chain};

/// A certificate for a key of KMS, signed by that key.
#[derive(Debug)]
pub struct TestCertificate {
    /// The key.
    pub key: KmsPublicKey,
    /// The certificate, in PEM.
    pub certificate: String,
    /// Until when the certificate is valid.
    pub not_after: OffsetDateTime,
}

impl TestCertificate {
    /// Makes a certificate for `common_name` and the key `id` that is valid for a day from `now`.
    /// Asks KMS for the public key and for one signature.
    ///
    /// # Errors
    ///
    /// [`Error`]: the key cannot sign, KMS refused, or what was made does not verify.
    pub async fn generate(
        aws: &Aws,
        id: &KmsKeyId,
        common_name: &str,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        let key = describe(aws, id).await?;
        let public_key_bits = public_key_bits(&key)?;
        let (algorithm, name) = algorithms(key.spec());
        let params = params(common_name, now);
        let failed = |source: rcgen::Error| {
            let source = source.into();
            Error::NotGenerated { source }
        };
        // The library signs at once and KMS is far away: it is asked twice, first for the bytes that
        // are to be signed, then with their signature at hand.
        let self_signed = |signature: Vec<u8>| {
            let stand_in = StandIn {
                public_key_bits: public_key_bits.clone(),
                algorithm,
                message: RefCell::default(),
                signature,
            };
            let certificate = params.self_signed(&stand_in).map_err(failed)?;
            Ok((certificate, stand_in.message.into_inner()))
        };
        let (_, message) = self_signed(Vec::new())?;
        let hash = key.spec().signature_algorithm().hash_algorithm();
        let signature = sign_digest(aws, id, &key, name, hash.hash(&message)).await?;
        let (made, _) = self_signed(signature)?;

        let unusable = |source| Error::Signature {
            key: key.arn().to_owned(),
            problem: SignatureProblem::Mismatch { source },
        };
        let certificate = Certificate::parse(made.der()).map_err(unusable)?;
        key.check_certificate(&certificate)?;
        let not_after = certificate.not_after();
        verify_code_signing_chain(&[certificate], Some(now)).map_err(unusable)?;
        Ok(Self {
            key,
            certificate: made.pem(),
            not_after,
        })
    }
}

/// How a certificate is signed with such a key: for the library, and for KMS.
fn algorithms(spec: KeySpec) -> (&'static SignatureAlgorithm, SigningAlgorithmSpec) {
    use SigningAlgorithmSpec as Kms;
    match spec {
        KeySpec::Rsa2048 => (&PKCS_RSA_SHA256, Kms::RsassaPkcs1V15Sha256),
        KeySpec::Rsa3072 => (&PKCS_RSA_SHA384, Kms::RsassaPkcs1V15Sha384),
        KeySpec::Rsa4096 => (&PKCS_RSA_SHA512, Kms::RsassaPkcs1V15Sha512),
        KeySpec::Ec256 => (&PKCS_ECDSA_P256_SHA256, Kms::EcdsaSha256),
        KeySpec::Ec384 => (&PKCS_ECDSA_P384_SHA384, Kms::EcdsaSha384),
        KeySpec::Ec521 => (&PKCS_ECDSA_P521_SHA512, Kms::EcdsaSha512),
    }
}

/// Stands in for the key: remembers what it was to sign, and signs with what it was given.
struct StandIn {
    public_key_bits: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
    message: RefCell<Vec<u8>>,
    signature: Vec<u8>,
}

impl PublicKeyData for StandIn {
    fn der_bytes(&self) -> &[u8] {
        &self.public_key_bits
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for StandIn {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.message.replace(message.to_vec());
        Ok(self.signature.clone())
    }
}

/// The key's own bits in what KMS says of it.
fn public_key_bits(key: &KmsPublicKey) -> Result<Vec<u8>, Error> {
    let info = SubjectPublicKeyInfoRef::from_der(key.info()).ok();
    let bits = info.and_then(|info| Some(info.subject_public_key.as_bytes()?.to_vec()));
    bits.ok_or_else(|| Error::PublicKey {
        key: key.arn().to_owned(),
        source: x509::Error::MalformedKey,
    })
}
