//! The private key behind a KMS key: generated or given, its public half, and what it signs.

use aws_lc_rs::{
    digest::Digest,
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    error::Unspecified,
    rsa::KeySize,
    signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RsaEncoding, RsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::spec::{KeySpec, SigningAlgorithm};

/// A private key, PKCS #8 in base64.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Material(String);

impl std::fmt::Debug for Material {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Material(..)")
    }
}

/// A key that the cryptographic library has read.
enum KeyPair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl Material {
    /// A new key of an asymmetric spec; none for the others, whose keys nothing here uses.
    pub(super) fn generate(spec: KeySpec) -> Result<Option<Self>, Unspecified> {
        let pkcs8 = if let Some(algorithm) = ecdsa(spec) {
            EcdsaKeyPair::generate(algorithm)?
                .to_pkcs8v1()?
                .as_ref()
                .to_vec()
        } else if let Some(size) = rsa_size(spec) {
            let key = RsaKeyPair::generate(size)?;
            AsDer::<Pkcs8V1Der<'_>>::as_der(&key)?.as_ref().to_vec()
        } else {
            return Ok(None);
        };
        Ok(Some(Self(STANDARD.encode(pkcs8))))
    }

    /// A given key, PKCS #8; none unless it is of this spec.
    pub(super) fn import(spec: KeySpec, pkcs8: &[u8]) -> Option<Self> {
        let material = Self(STANDARD.encode(pkcs8));
        material.key_pair(spec).ok()?;
        Some(material)
    }

    /// The public key, DER of `SubjectPublicKeyInfo`.
    pub(super) fn public_key(&self, spec: KeySpec) -> Result<Vec<u8>, Unspecified> {
        let der: PublicKeyX509Der<'_> = match self.key_pair(spec)? {
            KeyPair::Rsa(key) => key.public_key().as_der()?,
            KeyPair::Ecdsa(key) => key.public_key().as_der()?,
        };
        Ok(der.as_ref().to_vec())
    }

    /// The signature over a digest; ECDSA's is DER. `algorithm` is one of `spec`.
    pub(super) fn sign(
        &self,
        spec: KeySpec,
        algorithm: SigningAlgorithm,
        digest: &Digest,
    ) -> Result<Vec<u8>, Unspecified> {
        match self.key_pair(spec)? {
            KeyPair::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let padding = padding(algorithm).ok_or(Unspecified)?;
                key.sign_digest(padding, digest, &mut signature)?;
                Ok(signature)
            }
            KeyPair::Ecdsa(key) => Ok(key.sign_digest(digest)?.as_ref().to_vec()),
        }
    }

    fn key_pair(&self, spec: KeySpec) -> Result<KeyPair, Unspecified> {
        let pkcs8 = STANDARD.decode(&self.0).map_err(|_| Unspecified)?;
        if let Some(algorithm) = ecdsa(spec) {
            let key = EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8).map_err(|_| Unspecified)?;
            return Ok(KeyPair::Ecdsa(key));
        }
        let size = rsa_size(spec).ok_or(Unspecified)?;
        let key = RsaKeyPair::from_pkcs8(&pkcs8).map_err(|_| Unspecified)?;
        if key.public_modulus_len() == size.len() {
            Ok(KeyPair::Rsa(key))
        } else {
            Err(Unspecified)
        }
    }
}

fn ecdsa(spec: KeySpec) -> Option<&'static EcdsaSigningAlgorithm> {
    match spec {
        KeySpec::P256 => Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        KeySpec::P384 => Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        KeySpec::P521 => Some(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
        KeySpec::Secp256k1 => Some(&signature::ECDSA_P256K1_SHA256_ASN1_SIGNING),
        _ => None,
    }
}

fn rsa_size(spec: KeySpec) -> Option<KeySize> {
    match spec {
        KeySpec::Rsa2048 => Some(KeySize::Rsa2048),
        KeySpec::Rsa3072 => Some(KeySize::Rsa3072),
        KeySpec::Rsa4096 => Some(KeySize::Rsa4096),
        _ => None,
    }
}

fn padding(algorithm: SigningAlgorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        SigningAlgorithm::PssSha256 => Some(&signature::RSA_PSS_SHA256),
        SigningAlgorithm::PssSha384 => Some(&signature::RSA_PSS_SHA384),
        SigningAlgorithm::PssSha512 => Some(&signature::RSA_PSS_SHA512),
        SigningAlgorithm::Pkcs1Sha256 => Some(&signature::RSA_PKCS1_SHA256),
        SigningAlgorithm::Pkcs1Sha384 => Some(&signature::RSA_PKCS1_SHA384),
        SigningAlgorithm::Pkcs1Sha512 => Some(&signature::RSA_PKCS1_SHA512),
        SigningAlgorithm::EcdsaSha256
        | SigningAlgorithm::EcdsaSha384
        | SigningAlgorithm::EcdsaSha512 => None,
    }
}
