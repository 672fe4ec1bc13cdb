//! The signature inside a package: CMS in BER outside and in DER inside, as AWS Signer makes it.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use time::{OffsetDateTime, UtcOffset};

use super::{PackageError, PackageSigning, der};
use crate::authority::SigningIdentity;

const SIGNED_DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
/// SHA-384, with the parameter that AWS writes.
const SHA_384: &[u8] = &[
    0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0,
];
const ECDSA_WITH_SHA_384: &[u8] = &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];

/// The contents of the object identifiers of attributes.
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 5];
const ALGORITHM_PROTECTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x34];
const JOB: &[u8] = &[0x2b, 0x81, 0x3b, 0x81, 9, 1, 2];
const EXPIRY: &[u8] = &[0x2b, 0x81, 0x3b, 0x81, 9, 1, 3];
const PROFILE_VERSION: &[u8] = &[0x2b, 0x81, 0x3b, 0x81, 9, 1, 4];

const UTF8_STRING: u8 = 0x0c;
const GENERALIZED_TIME: u8 = 0x18;

/// A signature before it is signed, in its parts: a test that needs another signature than AWS makes changes them.
#[derive(Clone)]
pub struct PackageSignature {
    /// Certificates in DER: the leaf, its issuers, the root, the root once more.
    pub certificates: Vec<Vec<u8>>,
    /// Whose key signs, `IssuerAndSerialNumber` in DER.
    pub signer: Vec<u8>,
    /// `AlgorithmIdentifier` in DER.
    pub digest_algorithm: Vec<u8>,
    /// Signed attributes, each in DER, in DER's order.
    pub attributes: Vec<Vec<u8>>,
    /// `AlgorithmIdentifier` in DER.
    pub signature_algorithm: Vec<u8>,
    /// What follows the signature's value.
    pub unsigned_attributes: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for PackageSignature {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("PackageSignature")
            .field("certificates", &self.certificates.len())
            .field("attributes", &self.attributes.len())
            .finish_non_exhaustive()
    }
}

impl PackageSignature {
    /// The signature over a package of this digest.
    pub(super) fn new(
        digest: &[u8],
        signing: &PackageSigning,
        identity: &SigningIdentity,
    ) -> Result<Self, PackageError> {
        const BROKEN: PackageError = PackageError::Authority("its certificate is malformed");
        let leaf = identity.chain.first().ok_or(BROKEN)?;
        let (issuer, serial) = der::issuer_and_serial(leaf).ok_or(BROKEN)?;
        let mut certificates = identity.chain.clone();
        certificates.extend(identity.chain.last().cloned());
        let protection = der::sequence(&[
            SHA_384,
            &der::element(0xa1, ECDSA_WITH_SHA_384.get(2..).unwrap_or_default()),
        ]);
        let time = |time| der::element(GENERALIZED_TIME, generalized(time).as_bytes());
        let text = |text: &str| der::element(UTF8_STRING, text.as_bytes());
        let mut signature = Self {
            certificates,
            signer: der::sequence(&[issuer, serial]),
            digest_algorithm: SHA_384.to_vec(),
            attributes: vec![
                Self::attribute(CONTENT_TYPE, DATA),
                Self::attribute(MESSAGE_DIGEST, &der::element(4, digest)),
                Self::attribute(SIGNING_TIME, &time(signing.signing_time)),
                Self::attribute(EXPIRY, &time(signing.expires_at)),
                Self::attribute(ALGORITHM_PROTECTION, &protection),
                Self::attribute(JOB, &text(&signing.job_arn)),
                Self::attribute(PROFILE_VERSION, &text(&signing.profile_version_arn)),
            ],
            signature_algorithm: ECDSA_WITH_SHA_384.to_vec(),
            unsigned_attributes: Vec::new(),
            key: identity.key.clone(),
        };
        signature.attributes.sort();
        Ok(signature)
    }

    /// An attribute: the content of its object identifier, and its value in DER.
    pub fn attribute(oid: &[u8], value: &[u8]) -> Vec<u8> {
        der::sequence(&[&der::element(6, oid), &der::element(0x31, value)])
    }

    /// The message, signed now.
    ///
    /// # Errors
    ///
    /// [`PackageError::Authority`] if the key cannot sign.
    pub fn cms(&self) -> Result<Vec<u8>, PackageError> {
        const BROKEN: PackageError = PackageError::Authority("its key cannot sign");
        let attributes = self.attributes.concat();
        let message = der::element(0x31, &attributes);
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &self.key)
            .map_err(|_| BROKEN)?;
        let value = key
            .sign(&SystemRandom::new(), &message)
            .map_err(|_| BROKEN)?;
        let signer = der::sequence(&[
            &[2, 1, 1],
            &self.signer,
            &self.digest_algorithm,
            &der::element(0xa0, &attributes),
            &self.signature_algorithm,
            &der::element(4, value.as_ref()),
            &self.unsigned_attributes,
        ]);
        // Indefinite: the message, its content, the signed data, what it is about, the certificates.
        let parts: [&[u8]; 13] = [
            &[0x30, 0x80],
            SIGNED_DATA,
            &[0xa0, 0x80],
            &[0x30, 0x80],
            &[2, 1, 1],
            &der::element(0x31, &self.digest_algorithm),
            &[0x30, 0x80],
            DATA,
            &[0, 0, 0xa0, 0x80],
            &self.certificates.concat(),
            &[0, 0],
            &der::element(0x31, &signer),
            &[0; 6],
        ];
        Ok(parts.concat())
    }

    /// The content of the file in the package, signed now.
    ///
    /// # Errors
    ///
    /// [`PackageError::Authority`] if the key cannot sign.
    pub fn text(&self) -> Result<Vec<u8>, PackageError> {
        self.cms().map(|cms| Self::armor(&cms))
    }

    /// A message as the file in the package has it.
    pub fn armor(cms: &[u8]) -> Vec<u8> {
        let mut text = b"-----BEGIN PKCS7-----\n".to_vec();
        for line in STANDARD.encode(cms).as_bytes().chunks(64) {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        text.extend_from_slice(b"-----END PKCS7-----\n");
        text
    }
}

/// `GeneralizedTime` with milliseconds, in DER: without zeros at the end of the fraction.
fn generalized(time: OffsetDateTime) -> String {
    let time = time.checked_to_offset(UtcOffset::UTC).unwrap_or(time);
    let fraction = match time.millisecond() {
        0 => String::new(),
        milliseconds => {
            let digits = format!("{milliseconds:03}");
            format!(".{}", digits.trim_end_matches('0'))
        }
    };
    format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}{fraction}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_are_written_as_der_has_them() {
        for (time, wanted) in [
            (
                datetime!(2022-02-11 17:45:24.338 UTC),
                "20220211174524.338Z",
            ),
            (datetime!(2022-02-11 17:45:24.34 UTC), "20220211174524.34Z"),
            (datetime!(2022-02-11 18:45:24 +1), "20220211174524Z"),
        ] {
            assert_eq!(generalized(time), wanted);
        }
    }
}
