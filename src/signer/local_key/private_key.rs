//! Private keys in PEM files: PKCS#8, PKCS#1, SEC1, and encrypted PKCS#8 (PBES2 with PBKDF2 and
//! AES-CBC). The formats are read by `pkcs8`; everything secret is done by `aws-lc-rs`, and wiped
//! after use.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self as lc, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkcs8::pkcs5::EncryptionScheme as Scheme;
use pkcs8::pkcs5::pbes2::{EncryptionScheme as Cipher, Kdf, Pbkdf2Prf};
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo};
use zeroize::Zeroizing;

use super::{Error, KeyProblem};
use crate::algorithm::{KeySpec, SignatureAlgorithm};
use crate::limits::MAX_PBKDF2_ITERATIONS;
use crate::x509::{PemProblem, armor};

/// The PEM block of a private key, not yet read.
pub(super) struct KeyBlock {
    label: Label,
    der: Zeroizing<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Pkcs8,
    EncryptedPkcs8,
    Pkcs1,
    Sec1,
}

impl KeyBlock {
    /// The only private key of a PEM file. Other blocks, such as `EC PARAMETERS`, are passed over.
    pub(super) fn parse(pem: &[u8]) -> Result<Self, KeyProblem> {
        let malformed = |problem| KeyProblem::Pem { problem };
        let text = armor::text(pem);
        let mut key = None;
        let mut other = None;
        let mut lines = armor::lines(&text);
        while let Some((_, line)) = lines.next() {
            let Some(label) = armor::begin(line).map_err(malformed)? else {
                continue;
            };
            // As long as the file, so that it never moves and leaves a copy behind.
            let mut body = Zeroizing::new(String::with_capacity(text.len()));
            let mut has_headers = false;
            armor::body(label, &mut lines, |line| {
                has_headers |= line.contains(':');
                body.push_str(line);
            })
            .map_err(malformed)?;
            if has_headers {
                return Err(KeyProblem::LegacyEncryption);
            }
            let known = match label {
                "PRIVATE KEY" => Label::Pkcs8,
                "ENCRYPTED PRIVATE KEY" => Label::EncryptedPkcs8,
                "RSA PRIVATE KEY" => Label::Pkcs1,
                "EC PRIVATE KEY" => Label::Sec1,
                label => {
                    other = Some(label.to_owned());
                    continue;
                }
            };
            if key.is_some() {
                return Err(KeyProblem::SeveralKeys);
            }
            let mut der = Zeroizing::new(vec![0; body.len()]);
            let length = STANDARD
                .decode_slice(body.as_bytes(), &mut der)
                .map_err(|_| malformed(PemProblem::Base64))?;
            der.truncate(length);
            key = Some(Self { label: known, der });
        }
        key.ok_or(KeyProblem::NoKey { found: other })
    }

    /// Whether a passphrase is needed.
    pub(super) fn is_encrypted(&self) -> bool {
        self.label == Label::EncryptedPkcs8
    }

    /// Reads the key, which must be of the kind `spec`; `passphrase` is for an encrypted one.
    pub(super) fn open(
        &self,
        spec: KeySpec,
        passphrase: Option<&[u8]>,
    ) -> Result<PrivateKey, KeyProblem> {
        match self.label {
            Label::Pkcs8 => PrivateKey::from_pkcs8(spec, &self.der),
            Label::EncryptedPkcs8 => {
                let passphrase = passphrase.ok_or(KeyProblem::NoPassphrase)?;
                PrivateKey::from_pkcs8(spec, &decrypt(&self.der, passphrase)?)
            }
            Label::Pkcs1 => match scheme(spec) {
                Algorithm::Rsa(_) => PrivateKey::rsa(spec, RsaKeyPair::from_der(&self.der)),
                Algorithm::Ecdsa(_) => Err(KeyProblem::OtherKey),
            },
            Label::Sec1 => match scheme(spec) {
                Algorithm::Ecdsa(algorithm) => PrivateKey::ecdsa(
                    spec,
                    EcdsaKeyPair::from_private_key_der(algorithm, &self.der),
                ),
                Algorithm::Rsa(_) => Err(KeyProblem::OtherKey),
            },
        }
    }
}

/// Decrypts PBES2 (RFC 8018 section 6.2).
fn decrypt(der: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let unsupported = |what: &str| KeyProblem::UnsupportedEncryption {
        what: what.to_owned(),
    };
    let info = EncryptedPrivateKeyInfo::try_from(der)
        .map_err(|_| unsupported("something other than PBES2 with PBKDF2 or scrypt and AES-CBC"))?;
    let Scheme::Pbes2(parameters) = info.encryption_algorithm else {
        return Err(unsupported("PBES1"));
    };
    let Kdf::Pbkdf2(kdf) = parameters.kdf else {
        return Err(unsupported("scrypt"));
    };
    let prf = match kdf.prf {
        Pbkdf2Prf::HmacWithSha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Pbkdf2Prf::HmacWithSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Pbkdf2Prf::HmacWithSha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Pbkdf2Prf::HmacWithSha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return Err(unsupported("PBKDF2 with SHA-224")),
    };
    let (cipher, length, iv) = match parameters.encryption {
        Cipher::Aes128Cbc { iv } => (&AES_128, 16, iv),
        Cipher::Aes192Cbc { iv } => (&AES_192, 24, iv),
        Cipher::Aes256Cbc { iv } => (&AES_256, 32, iv),
        _ => return Err(unsupported("a cipher other than AES-CBC")),
    };
    if kdf
        .key_length
        .is_some_and(|stated| usize::from(stated) != length)
    {
        return Err(unsupported("a key length that is not its cipher's"));
    }
    let iterations = NonZeroU32::new(kdf.iteration_count)
        .filter(|count| count.get() <= MAX_PBKDF2_ITERATIONS)
        .ok_or(KeyProblem::Iterations {
            found: kdf.iteration_count,
        })?;
    let mut key = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(prf, iterations, kdf.salt, passphrase, &mut key);
    let mut text = Zeroizing::new(info.encrypted_data.to_vec());
    let length = UnboundCipherKey::new(cipher, &key)
        .and_then(PaddedBlockDecryptingKey::cbc_pkcs7)
        .and_then(|key| {
            let context = DecryptionContext::Iv128(FixedLength::from(iv));
            key.decrypt(&mut text, context).map(|plain| plain.len())
        })
        .map_err(|_| KeyProblem::WrongPassphrase)?;
    text.truncate(length);
    // One wrong passphrase in 256 leaves good padding, and then no key.
    PrivateKeyInfo::try_from(text.as_slice()).map_err(|_| KeyProblem::WrongPassphrase)?;
    Ok(text)
}

enum Algorithm {
    Rsa(&'static dyn RsaEncoding),
    Ecdsa(&'static EcdsaSigningAlgorithm),
}

/// How a key of this kind signs; the only way that the specification allows.
fn scheme(spec: KeySpec) -> Algorithm {
    match spec.signature_algorithm() {
        SignatureAlgorithm::Ps256 => Algorithm::Rsa(&lc::RSA_PSS_SHA256),
        SignatureAlgorithm::Ps384 => Algorithm::Rsa(&lc::RSA_PSS_SHA384),
        SignatureAlgorithm::Ps512 => Algorithm::Rsa(&lc::RSA_PSS_SHA512),
        SignatureAlgorithm::Es256 => Algorithm::Ecdsa(&lc::ECDSA_P256_SHA256_FIXED_SIGNING),
        SignatureAlgorithm::Es384 => Algorithm::Ecdsa(&lc::ECDSA_P384_SHA384_FIXED_SIGNING),
        SignatureAlgorithm::Es512 => Algorithm::Ecdsa(&lc::ECDSA_P521_SHA512_FIXED_SIGNING),
    }
}

/// A private key; the library that holds it wipes it.
pub(super) struct PrivateKey {
    spec: KeySpec,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl PrivateKey {
    fn from_pkcs8(spec: KeySpec, der: &[u8]) -> Result<Self, KeyProblem> {
        let info = PrivateKeyInfo::try_from(der).map_err(|_| KeyProblem::Malformed)?;
        let is_rsa = info.algorithm.oid.to_string() == "1.2.840.113549.1.1.1";
        match scheme(spec) {
            Algorithm::Rsa(_) if is_rsa => Self::rsa(spec, RsaKeyPair::from_pkcs8(der)),
            Algorithm::Ecdsa(algorithm) if !is_rsa => {
                Self::ecdsa(spec, EcdsaKeyPair::from_pkcs8(algorithm, der))
            }
            _ => Err(KeyProblem::OtherKey),
        }
    }

    fn rsa<E>(spec: KeySpec, pair: Result<RsaKeyPair, E>) -> Result<Self, KeyProblem> {
        let pair = pair.map_err(|_| KeyProblem::Malformed)?;
        Ok(Self {
            spec,
            pair: Pair::Rsa(pair),
        })
    }

    fn ecdsa<E>(spec: KeySpec, pair: Result<EcdsaKeyPair, E>) -> Result<Self, KeyProblem> {
        // Another curve is refused here too: the library does not tell which it was.
        let pair = pair.map_err(|_| KeyProblem::OtherKey)?;
        Ok(Self {
            spec,
            pair: Pair::Ecdsa(pair),
        })
    }

    /// The public key as a certificate has it: an `RSAPublicKey` or an uncompressed point.
    pub(super) fn public_key_bits(&self) -> &[u8] {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::Ecdsa(pair) => pair.public_key().as_ref(),
        }
    }

    /// The signature of `message`: RSASSA-PSS, or the two numbers of ECDSA at fixed width.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        match (&self.pair, scheme(self.spec)) {
            (Pair::Rsa(pair), Algorithm::Rsa(encoding)) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)
                    .map_err(|_| Error::NotSigned)?;
                Ok(signature)
            }
            (Pair::Ecdsa(pair), Algorithm::Ecdsa(_)) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Error::NotSigned),
            _ => Err(Error::NotSigned),
        }
    }
}
