//! Public keys and the signatures that they check. All cryptography is `aws-lc-rs`.
//!
//! Two uses with different rules: an envelope's signature needs a key of the specification's table,
//! whose size decides the algorithm; a certificate's signature may be made with any RSA key of 1024
//! to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519, and with SHA-256, SHA-384 or SHA-512.

use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PublicKey {
    kind: Kind,
    /// The key as `aws-lc-rs` takes it: an `RSAPublicKey`, an uncompressed point, 32 bytes.
    bytes: Vec<u8>,
}

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
        Ok(Self { kind, bytes })
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
        UnparsedPublicKey::new(algorithm, &self.bytes)
            .verify(message, signature)
            .map_err(|_| Error::SignatureMismatch)
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
mod tests {
    use der::asn1::{Any, BitString, Null};
    use der::{Encode as _, Tag};

    use super::*;

    fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
        Any::new(Tag::Sequence, parts.concat())
            .unwrap()
            .to_der()
            .unwrap()
    }

    fn algorithm(oid: ObjectIdentifier, parameters: Option<Any>) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned { oid, parameters }
    }

    fn key(algorithm: AlgorithmIdentifierOwned, bytes: &[u8]) -> Result<PublicKey, Error> {
        PublicKey::parse(&SubjectPublicKeyInfoOwned {
            algorithm,
            subject_public_key: BitString::from_bytes(bytes).unwrap(),
        })
    }

    fn rsa(bits: usize) -> PublicKey {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] >>= (8 - bits % 8) % 8;
        let numbers = [
            UintRef::new(&modulus).unwrap().to_der().unwrap(),
            65_537_u32.to_der().unwrap(),
        ];
        key(
            algorithm(RSA_ENCRYPTION, Some(Null.into())),
            &sequence(&numbers),
        )
        .unwrap()
    }

    fn ec(curve: ObjectIdentifier, length: usize) -> Result<PublicKey, Error> {
        let point = [vec![4], vec![1; length - 1]].concat();
        key(algorithm(EC_PUBLIC_KEY, Some(Any::from(&curve))), &point)
    }

    #[test]
    fn the_exact_number_of_bits_decides_on_the_key() {
        for (bits, spec) in [
            (2048, KeySpec::Rsa2048),
            (3072, KeySpec::Rsa3072),
            (4096, KeySpec::Rsa4096),
        ] {
            assert_eq!(rsa(bits).key_spec().unwrap(), spec);
            for other in [bits - 1, bits + 1, bits + 8] {
                let error = rsa(other).key_spec().unwrap_err();
                let Error::UnsupportedSigningKey { key } = error else {
                    panic!("{error}");
                };
                assert_eq!(key, format!("RSA of {other} bits"));
            }
        }
        assert_eq!(ec(P384, 97).unwrap().key_spec().unwrap(), KeySpec::Ec384);
        assert_eq!(ec(P521, 133).unwrap().key_spec().unwrap(), KeySpec::Ec521);
        assert_eq!(ec(P224, 57).unwrap().describe(), "ECDSA on P-224");
        assert!(matches!(
            ec(P224, 57).unwrap().key_spec(),
            Err(Error::UnsupportedSigningKey { .. })
        ));
    }

    #[test]
    fn a_point_has_one_form() {
        let compressed = [vec![2], vec![1; 32]].concat();
        for (curve, bytes) in [(P256, compressed), (P256, vec![4; 64]), (P384, vec![4; 65])] {
            let result = key(algorithm(EC_PUBLIC_KEY, Some(Any::from(&curve))), &bytes);
            assert!(matches!(result, Err(Error::MalformedKey)));
        }
        assert!(matches!(
            key(algorithm(EC_PUBLIC_KEY, None), &[4; 65]),
            Err(Error::MalformedKey)
        ));
        assert!(matches!(
            key(algorithm(ED25519, None), &[1; 31]),
            Err(Error::MalformedKey)
        ));
    }

    /// Parameters of RSASSA-PSS: hash, hash of the mask, salt, trailer.
    fn pss(
        hash: &str,
        mask_hash: &str,
        salt: u32,
        trailer: Option<u32>,
    ) -> AlgorithmIdentifierOwned {
        let hash_of = |oid: &str| algorithm(oid.parse().unwrap(), Some(Null.into()));
        let parameters = PssParameters {
            hash: Some(hash_of(hash)),
            mask_generation: Some(algorithm(
                MGF1,
                Some(Any::encode_from(&hash_of(mask_hash)).unwrap()),
            )),
            salt_length: Some(salt),
            trailer,
        };
        algorithm(RSA_PSS, Some(Any::encode_from(&parameters).unwrap()))
    }

    const SHA1: &str = "1.3.14.3.2.26";
    const SHA256: &str = "2.16.840.1.101.3.4.2.1";
    const SHA384: &str = "2.16.840.1.101.3.4.2.2";

    #[test]
    fn pss_is_read_in_the_one_form_that_is_in_use() {
        assert_eq!(
            Scheme::parse(&pss(SHA384, SHA384, 48, None)).unwrap(),
            Scheme::RsaPss(HashAlgorithm::Sha384)
        );
        assert_eq!(
            Scheme::parse(&pss(SHA256, SHA256, 32, Some(1))).unwrap(),
            Scheme::RsaPss(HashAlgorithm::Sha256)
        );
        for other in [
            pss(SHA256, SHA384, 32, None),
            pss(SHA256, SHA256, 20, None),
            pss(SHA256, SHA256, 32, Some(2)),
            algorithm(RSA_PSS, Some(Null.into())),
        ] {
            assert!(matches!(
                Scheme::parse(&other),
                Err(Error::UnsupportedParameters { .. })
            ));
        }
        for weak in [
            pss(SHA1, SHA256, 32, None),
            pss(SHA256, SHA1, 32, None),
            algorithm(RSA_PSS, None),
        ] {
            let error = Scheme::parse(&weak).unwrap_err();
            assert_eq!(
                error.to_string(),
                "signature is `RSASSA-PSS with SHA-1`, which is no longer safe"
            );
        }
    }

    #[test]
    fn a_broken_hash_is_named_and_an_unknown_algorithm_too() {
        let parse = |oid: &str| Scheme::parse(&algorithm(oid.parse().unwrap(), None));
        for (oid, name) in BROKEN {
            let error = parse(oid).unwrap_err();
            assert!(matches!(error, Error::BrokenHash { algorithm } if algorithm == name));
        }
        for (oid, scheme) in SCHEMES {
            assert_eq!(parse(oid).unwrap(), scheme);
        }
        assert!(matches!(
            parse("1.2.3"),
            Err(Error::UnsupportedAlgorithm { oid }) if oid == "1.2.3"
        ));
        let null = algorithm("1.2.840.10045.4.3.2".parse().unwrap(), Some(Null.into()));
        assert!(matches!(
            Scheme::parse(&null),
            Err(Error::UnsupportedParameters { .. })
        ));
    }

    #[test]
    fn a_key_checks_only_what_it_can_have_made() {
        let usable = |key: &PublicKey, scheme| key.certificate_algorithm(scheme).is_some();
        let pkcs1 = Scheme::RsaPkcs1(HashAlgorithm::Sha256);
        let pss = Scheme::RsaPss(HashAlgorithm::Sha256);
        for (bits, by_pkcs1, by_pss) in [
            (1023, false, false),
            (1024, true, false),
            (2047, true, false),
            (2048, true, true),
            (8192, true, true),
            (8193, false, false),
        ] {
            let key = rsa(bits);
            assert_eq!(usable(&key, pkcs1), by_pkcs1, "{bits}");
            assert_eq!(usable(&key, pss), by_pss, "{bits}");
        }
        let ecdsa = Scheme::Ecdsa(HashAlgorithm::Sha256);
        assert!(!usable(&ec(P224, 57).unwrap(), ecdsa));
        assert!(!usable(&rsa(1024), Scheme::RsaPkcs1(HashAlgorithm::Sha384)));
        let key = ec(P256, 65).unwrap();
        assert!(usable(&key, ecdsa));
        assert!(!usable(&key, pkcs1));
        let error = key
            .verify_signed(&algorithm(ED25519, None), b"", b"")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "a key `ECDSA on P-256` cannot check a signature `Ed25519`"
        );
        assert!(matches!(
            key.verify(b"", b""),
            Err(Error::SignatureMismatch)
        ));
    }
}
