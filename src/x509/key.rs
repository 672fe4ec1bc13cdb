//! Public keys and the signatures that they check. All cryptography is `aws-lc-rs`.
//!
//! Two uses with different rules: an envelope's signature needs a key of the specification's table,
//! whose size decides the algorithm; a certificate's signature may be made with any RSA key of 1024
//! to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519, and with SHA-256, SHA-384 or SHA-512.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::signature::{self as lc, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};
use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode as _, Reader as _, SliceReader};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::Error;
use crate::algorithm::{HashAlgorithm, KeySpec, SignatureAlgorithm};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const P224: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.33");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");

/// Certificate signature algorithms whose identifier says everything.
const SCHEMES: [(&str, Scheme); 7] = [
    (
        "1.2.840.113549.1.1.11",
        Scheme::RsaPkcs1(HashAlgorithm::Sha256),
    ),
    (
        "1.2.840.113549.1.1.12",
        Scheme::RsaPkcs1(HashAlgorithm::Sha384),
    ),
    (
        "1.2.840.113549.1.1.13",
        Scheme::RsaPkcs1(HashAlgorithm::Sha512),
    ),
    ("1.2.840.10045.4.3.2", Scheme::Ecdsa(HashAlgorithm::Sha256)),
    ("1.2.840.10045.4.3.3", Scheme::Ecdsa(HashAlgorithm::Sha384)),
    ("1.2.840.10045.4.3.4", Scheme::Ecdsa(HashAlgorithm::Sha512)),
    ("1.3.101.112", Scheme::Ed25519),
];

/// Certificate signature algorithms with a hash that can be forged.
const BROKEN: [(&str, &str); 6] = [
    ("1.2.840.113549.1.1.2", "RSA with MD2"),
    ("1.2.840.113549.1.1.4", "RSA with MD5"),
    ("1.2.840.113549.1.1.5", "RSA with SHA-1"),
    ("1.3.14.3.2.29", "RSA with SHA-1"),
    ("1.2.840.10045.4.1", "ECDSA with SHA-1"),
    ("1.2.840.10040.4.3", "DSA with SHA-1"),
];

/// How a certificate is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    RsaPkcs1(HashAlgorithm),
    RsaPss(HashAlgorithm),
    Ecdsa(HashAlgorithm),
    Ed25519,
}

/// A curve whose keys check signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    P256,
    P384,
    P521,
}

/// What a public key is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// RSA with a modulus of this many bits.
    Rsa(usize),
    Ecdsa(Curve),
    Ed25519,
    /// Any other key: its certificate can be shown, but nothing is checked with it.
    Other(String),
}

/// The public key of a certificate.
#[derive(Debug, Clone)]
pub(super) struct PublicKey {
    kind: Kind,
    /// The key as `aws-lc-rs` takes it: an `RSAPublicKey`, an uncompressed point, 32 bytes.
    bytes: Vec<u8>,
    /// The same, read by `aws-lc-rs` for the signatures of envelopes, of which one key may have many; `None` within where
    /// it refused the key.
    read: Arc<OnceLock<Option<ParsedPublicKey>>>,
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl PublicKey {
    pub(super) fn parse(info: &SubjectPublicKeyInfoOwned) -> Result<Self, Error> {
        let bytes = info
            .subject_public_key
            .as_bytes()
            .ok_or(Error::MalformedKey)?
            .to_vec();
        let kind = match info.algorithm.oid {
            RSA_ENCRYPTION => Kind::Rsa(modulus_bits(&bytes)?),
            EC_PUBLIC_KEY => {
                let curve = info
                    .algorithm
                    .parameters
                    .as_ref()
                    .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
                let (kind, length) = match curve {
                    Some(P256) => (Kind::Ecdsa(Curve::P256), 65),
                    Some(P384) => (Kind::Ecdsa(Curve::P384), 97),
                    Some(P521) => (Kind::Ecdsa(Curve::P521), 133),
                    Some(P224) => (Kind::Other("ECDSA on P-224".to_owned()), 57),
                    Some(other) => (Kind::Other(format!("ECDSA on curve {other}")), bytes.len()),
                    None => return Err(Error::MalformedKey),
                };
                // Compressed points are not in use, and notation does not read them.
                if bytes.first() != Some(&4) || bytes.len() != length {
                    return Err(Error::MalformedKey);
                }
                kind
            }
            ED25519 if bytes.len() == 32 => Kind::Ed25519,
            ED25519 => return Err(Error::MalformedKey),
            other => Kind::Other(format!("algorithm {other}")),
        };
        Ok(Self {
            kind,
            bytes,
            read: Arc::default(),
        })
    }

    /// The key as a person names it, for example `RSA of 2048 bits`.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            Kind::Rsa(bits) => format!("RSA of {bits} bits"),
            Kind::Ecdsa(Curve::P256) => "ECDSA on P-256".to_owned(),
            Kind::Ecdsa(Curve::P384) => "ECDSA on P-384".to_owned(),
            Kind::Ecdsa(Curve::P521) => "ECDSA on P-521".to_owned(),
            Kind::Ed25519 => "Ed25519".to_owned(),
            Kind::Other(description) => description.clone(),
        }
    }

    /// The key's entry in the specification's table of keys that may sign.
    pub(super) fn key_spec(&self) -> Result<KeySpec, Error> {
        match self.kind {
            Kind::Rsa(2048) => Ok(KeySpec::Rsa2048),
            Kind::Rsa(3072) => Ok(KeySpec::Rsa3072),
            Kind::Rsa(4096) => Ok(KeySpec::Rsa4096),
            Kind::Ecdsa(Curve::P256) => Ok(KeySpec::Ec256),
            Kind::Ecdsa(Curve::P384) => Ok(KeySpec::Ec384),
            Kind::Ecdsa(Curve::P521) => Ok(KeySpec::Ec521),
            _ => Err(Error::UnsupportedSigningKey {
                key: self.describe(),
            }),
        }
    }

    /// Checks an envelope's signature: RSASSA-PSS with a salt as long as the hash, or ECDSA with
    /// both numbers in their full width.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        let algorithm: &'static dyn VerificationAlgorithm =
            match self.key_spec()?.signature_algorithm() {
                SignatureAlgorithm::Ps256 => &lc::RSA_PSS_2048_8192_SHA256,
                SignatureAlgorithm::Ps384 => &lc::RSA_PSS_2048_8192_SHA384,
                SignatureAlgorithm::Ps512 => &lc::RSA_PSS_2048_8192_SHA512,
                SignatureAlgorithm::Es256 => &lc::ECDSA_P256_SHA256_FIXED,
                SignatureAlgorithm::Es384 => &lc::ECDSA_P384_SHA384_FIXED,
                SignatureAlgorithm::Es512 => &lc::ECDSA_P521_SHA512_FIXED,
            };
        // The kind of the key decides the algorithm, so it is the same every time.
        let read = || ParsedPublicKey::new(algorithm, &self.bytes).ok();
        let key = self.read.get_or_init(read).as_ref();
        let verified = key.map(|key| key.verify_sig(message, signature));
        match verified {
            Some(Ok(())) => Ok(()),
            _ => Err(Error::SignatureMismatch),
        }
    }

    /// Checks the signature of a certificate, or of another structure that names its algorithm as a
    /// certificate does.
    pub(super) fn verify_signed(
        &self,
        algorithm: &AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let scheme = Scheme::parse(algorithm)?;
        let algorithm =
            self.certificate_algorithm(scheme)
                .ok_or_else(|| Error::KeyCannotVerify {
                    key: self.describe(),
                    algorithm: scheme.describe(),
                })?;
        UnparsedPublicKey::new(algorithm, &self.bytes)
            .verify(message, signature)
            .map_err(|_| Error::SignatureMismatch)
    }

    fn certificate_algorithm(&self, scheme: Scheme) -> Option<&'static dyn VerificationAlgorithm> {
        use HashAlgorithm::{Sha256, Sha384, Sha512};
        Some(match (&self.kind, scheme) {
            (Kind::Rsa(2048..=8192), Scheme::RsaPkcs1(hash)) => match hash {
                Sha256 => &lc::RSA_PKCS1_2048_8192_SHA256,
                Sha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
                Sha512 => &lc::RSA_PKCS1_2048_8192_SHA512,
            },
            // Authorities with small keys exist, and only the signer's key has a smallest size.
            (Kind::Rsa(1024..2048), Scheme::RsaPkcs1(Sha256)) => {
                &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
            }
            (Kind::Rsa(1024..2048), Scheme::RsaPkcs1(Sha512)) => {
                &lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
            }
            (Kind::Rsa(2048..=8192), Scheme::RsaPss(hash)) => match hash {
                Sha256 => &lc::RSA_PSS_2048_8192_SHA256,
                Sha384 => &lc::RSA_PSS_2048_8192_SHA384,
                Sha512 => &lc::RSA_PSS_2048_8192_SHA512,
            },
            (Kind::Ecdsa(curve), Scheme::Ecdsa(hash)) => match (curve, hash) {
                (Curve::P256, Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
                (Curve::P256, Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
                (Curve::P256, Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
                (Curve::P384, Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
                (Curve::P384, Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
                (Curve::P384, Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
                (Curve::P521, Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
                (Curve::P521, Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
                (Curve::P521, Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
            },
            (Kind::Ed25519, Scheme::Ed25519) => &lc::ED25519,
            _ => return None,
        })
    }
}

impl Scheme {
    fn parse(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, Error> {
        if algorithm.oid == RSA_PSS {
            return Self::parse_pss(algorithm);
        }
        let oid = algorithm.oid.to_string();
        if let Some((_, name)) = BROKEN.iter().find(|(broken, _)| *broken == oid) {
            return Err(Error::BrokenHash { algorithm: name });
        }
        let (_, scheme) = SCHEMES
            .iter()
            .find(|(known, _)| *known == oid)
            .ok_or_else(|| Error::UnsupportedAlgorithm { oid: oid.clone() })?;
        // RFC 4055 has NULL or nothing with RSA, RFC 5758 and RFC 8410 nothing with the others.
        let null = |parameters: &der::Any| parameters.is_null();
        match (scheme, &algorithm.parameters) {
            (_, None) => Ok(*scheme),
            (Self::RsaPkcs1(_), Some(parameters)) if null(parameters) => Ok(*scheme),
            _ => Err(Error::UnsupportedParameters { oid }),
        }
    }

    /// RSASSA-PSS as RFC 4055 and the specification have it: one hash for both uses, a salt of its
    /// length.
    fn parse_pss(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, Error> {
        let unsupported = || Error::UnsupportedParameters {
            oid: algorithm.oid.to_string(),
        };
        let parameters: PssParameters = algorithm
            .parameters
            .as_ref()
            .ok_or(Error::BrokenHash {
                algorithm: "RSASSA-PSS with SHA-1",
            })?
            .decode_as()
            .map_err(|_| unsupported())?;
        let hash = pss_hash(parameters.hash.as_ref())?;
        let mask = parameters
            .mask_generation
            .filter(|mask| mask.oid == MGF1)
            .and_then(|mask| mask.parameters)
            .and_then(|hash| hash.decode_as::<AlgorithmIdentifierOwned>().ok())
            .ok_or_else(unsupported)?;
        let salt_length = match hash {
            HashAlgorithm::Sha256 => 32,
            HashAlgorithm::Sha384 => 48,
            HashAlgorithm::Sha512 => 64,
        };
        let same_hash = pss_hash(Some(&mask))? == hash;
        let plain_trailer = parameters.trailer.is_none_or(|trailer| trailer == 1);
        if same_hash && plain_trailer && parameters.salt_length == Some(salt_length) {
            Ok(Self::RsaPss(hash))
        } else {
            Err(unsupported())
        }
    }

    fn describe(self) -> String {
        match self {
            Self::RsaPkcs1(hash) => format!("RSA with {}", hash.as_str()),
            Self::RsaPss(hash) => format!("RSASSA-PSS with {}", hash.as_str()),
            Self::Ecdsa(hash) => format!("ECDSA with {}", hash.as_str()),
            Self::Ed25519 => "Ed25519".to_owned(),
        }
    }
}

/// `RSASSA-PSS-params` of RFC 4055.
#[derive(der::Sequence)]
struct PssParameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask_generation: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_length: Option<u32>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer: Option<u32>,
}

/// The hash of RSASSA-PSS parameters; SHA-1 where they name none.
fn pss_hash(algorithm: Option<&AlgorithmIdentifierOwned>) -> Result<HashAlgorithm, Error> {
    let Some(algorithm) = algorithm else {
        return Err(Error::BrokenHash {
            algorithm: "RSASSA-PSS with SHA-1",
        });
    };
    match algorithm.oid.to_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => Ok(HashAlgorithm::Sha256),
        "2.16.840.1.101.3.4.2.2" => Ok(HashAlgorithm::Sha384),
        "2.16.840.1.101.3.4.2.3" => Ok(HashAlgorithm::Sha512),
        "1.3.14.3.2.26" => Err(Error::BrokenHash {
            algorithm: "RSASSA-PSS with SHA-1",
        }),
        other => Err(Error::UnsupportedAlgorithm {
            oid: other.to_owned(),
        }),
    }
}

/// The exact size of the modulus of an `RSAPublicKey`, in bits.
fn modulus_bits(key: &[u8]) -> Result<usize, Error> {
    let parse = || {
        let mut reader = SliceReader::new(key)?;
        let bits = reader.sequence(|numbers| {
            let modulus = UintRef::decode(numbers)?;
            let _exponent = UintRef::decode(numbers)?;
            let unused = modulus
                .as_bytes()
                .first()
                .map_or(0, |byte| byte.leading_zeros());
            let unused = usize::try_from(unused).unwrap_or_default();
            Ok((modulus.as_bytes().len() * 8).saturating_sub(unused))
        })?;
        reader.finish(bits)
    };
    parse().map_err(|_: der::Error| Error::MalformedKey)
}

#[cfg(test)]
mod tests;
