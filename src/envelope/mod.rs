//! Signature envelopes (`signature-envelope-jws.md`, `signature-envelope-cose.md`).
//!
//! Input: the bytes of an envelope and its format. Output: an [`UnverifiedEnvelope`], which can only
//! be shown, and from it a [`VerifiedEnvelope`], which only [`UnverifiedEnvelope::verify`] makes.
//! Both formats are read into the same parts and judged by the same checks. An
//! [`UnsignedEnvelope`] goes the other way: from attributes to the bytes to sign, and to an envelope.
//!
//! A verified envelope is whole: its signature fits its bytes and its first certificate, its chain
//! and its headers meet the specification. Whether the signer is trusted, whether it was in time,
//! whether it has critical attributes that are not known
//! ([`crate::signer_info::SignedAttributes::critical_extended`]) and which artifact it is for is not
//! decided here.

mod cbor;
mod cose;
mod error;
mod headers;
mod jws;
mod rfc3339;
#[cfg(test)]
pub(crate) mod testing;
mod unsigned;

use crate::algorithm::SignatureAlgorithm;
use crate::allowance;
use crate::limits::{MAX_CHAIN_BYTES, MAX_CHAIN_CERTIFICATES, MAX_ENVELOPE_BYTES};
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE};
use crate::signer_info::{SignerInfo, UnsignedAttributes};
use crate::x509::{self, Certificate};

use headers::Headers;

pub use error::{CborError, Error};
pub use unsigned::UnsignedEnvelope;

/// An envelope whose form is right. Nothing that it says has been checked.
#[derive(Debug, Clone)]
pub struct UnverifiedEnvelope {
    format: EnvelopeFormat,
    payload: PayloadBytes,
    /// The bytes that the signature covers.
    signed_bytes: Vec<u8>,
    signer_info: SignerInfo,
}

/// Where a payload's bytes are, so that they are there once.
#[derive(Debug, Clone)]
enum PayloadBytes {
    /// Decoded: what the signature of a JWS covers is their text in base64url.
    Decoded(Vec<u8>),
    /// The last so many of the signed bytes: COSE signs them as they are.
    EndOfSignedBytes(usize),
}

impl PayloadBytes {
    fn get<'a>(&'a self, signed_bytes: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Decoded(bytes) => bytes,
            Self::EndOfSignedBytes(length) => {
                let start = signed_bytes.len().saturating_sub(*length);
                signed_bytes.get(start..).unwrap_or_default()
            }
        }
    }
}

/// What a format's reader finds in an envelope.
struct Parts {
    payload: PayloadBytes,
    signed_bytes: Vec<u8>,
    headers: Headers,
    unsigned_attributes: UnsignedAttributes,
    certificate_chain: Vec<Certificate>,
    signature: Vec<u8>,
}

impl UnverifiedEnvelope {
    /// Reads an envelope in the strict form of its format.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] past [`MAX_ENVELOPE_BYTES`], and otherwise what is wrong with its form or
    /// its headers.
    pub fn parse(format: EnvelopeFormat, bytes: &[u8]) -> Result<Self, Error> {
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_ENVELOPE_BYTES {
            return Err(Error::TooLarge {
                bytes: bytes.len(),
                limit: MAX_ENVELOPE_BYTES,
            });
        }
        let parts = match format {
            EnvelopeFormat::Jws => jws::parse(bytes)?,
            EnvelopeFormat::Cose => cose::parse(bytes)?,
        };
        if parts.payload.get(&parts.signed_bytes).is_empty() {
            return Err(Error::MissingPart { part: "payload" });
        }
        if parts.signature.is_empty() {
            return Err(Error::MissingPart { part: "signature" });
        }
        let signature_algorithm = parts.headers.algorithm;
        Ok(Self {
            format,
            payload: parts.payload,
            signed_bytes: parts.signed_bytes,
            signer_info: SignerInfo {
                signed_attributes: parts.headers.into_signed_attributes(format)?,
                unsigned_attributes: parts.unsigned_attributes,
                signature_algorithm,
                certificate_chain: parts.certificate_chain,
                signature: parts.signature,
            },
        })
    }

    /// The envelope's format.
    pub fn format(&self) -> EnvelopeFormat {
        self.format
    }

    /// The payload, to be shown. It is not verified.
    pub fn payload(&self) -> &[u8] {
        self.payload.get(&self.signed_bytes)
    }

    /// What the envelope says, to be shown. It is not verified.
    pub fn signer_info(&self) -> &SignerInfo {
        &self.signer_info
    }

    /// Checks the envelope's integrity: its signature, the algorithm against the signer's key, the
    /// content type, and the requirements on its certificate chain. Validity in time is not looked
    /// at.
    ///
    /// # Errors
    ///
    /// The first check that fails.
    pub fn verify(self) -> Result<VerifiedEnvelope, Error> {
        let SignerInfo {
            signed_attributes,
            signature_algorithm,
            certificate_chain,
            signature,
            ..
        } = &self.signer_info;
        // Before anything else: nothing an envelope says counts before its signature does.
        let leaf = certificate_chain.first().ok_or(Error::NoCertificate)?;
        verify_signature(leaf, *signature_algorithm, &self.signed_bytes, signature)?;
        if signed_attributes.content_type != PAYLOAD_MEDIA_TYPE {
            return Err(Error::ContentType {
                found: signed_attributes.content_type.clone(),
            });
        }
        x509::verify_code_signing_chain(certificate_chain, None)
            .map_err(|source| Error::Chain { source })?;
        Ok(VerifiedEnvelope(self))
    }
}

/// The key decides on the algorithm, and the envelope must name that one.
fn verify_signature(
    leaf: &Certificate,
    named: SignatureAlgorithm,
    signed_bytes: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let key = leaf
        .key_spec()
        .map_err(|source| Error::Signature { source })?;
    let wanted = key.signature_algorithm();
    if named != wanted {
        return Err(Error::AlgorithmMismatch { key, named, wanted });
    }
    leaf.verify_envelope_signature(signed_bytes, signature)
        .map_err(|source| Error::Signature { source })
}

/// An envelope whose integrity has been checked.
#[derive(Debug, Clone)]
pub struct VerifiedEnvelope(UnverifiedEnvelope);

impl VerifiedEnvelope {
    /// The envelope's format.
    pub fn format(&self) -> EnvelopeFormat {
        self.0.format
    }

    /// The payload that was signed. Its media type is [`PAYLOAD_MEDIA_TYPE`]; its bytes have not
    /// been read.
    pub fn payload(&self) -> &[u8] {
        self.0.payload()
    }

    /// What the envelope says about its signature.
    pub fn signer_info(&self) -> &SignerInfo {
        &self.0.signer_info
    }
}

/// The certificates of an envelope, each exactly one certificate in DER.
fn parse_chain<B: AsRef<[u8]>>(ders: &[B]) -> Result<Vec<Certificate>, Error> {
    if ders.is_empty() {
        return Err(Error::NoCertificate);
    }
    check_chain_length(ders.len())?;
    let bytes = ders.iter().map(|der| der.as_ref().len()).sum();
    check_part("certificate chain", bytes, MAX_CHAIN_BYTES)?;
    let certificates = ders.iter().enumerate().map(|(index, der)| {
        allowance::check().map_err(|source| Error::Unfinished { source })?;
        Certificate::parse(der.as_ref()).map_err(|source| Error::Certificate {
            position: index.saturating_add(1),
            source,
        })
    });
    certificates.collect()
}

/// Refuses a part of more than `limit` bytes, before it is copied.
fn check_part(part: &'static str, bytes: usize, limit: usize) -> Result<(), Error> {
    if bytes > limit {
        return Err(Error::PartTooLarge { part, limit });
    }
    Ok(())
}

/// [`MAX_TIMESTAMP_BYTES`] and [`MAX_CERTIFICATE_BYTES`] as lengths in memory.
fn length(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn check_chain_length(count: usize) -> Result<(), Error> {
    if count > MAX_CHAIN_CERTIFICATES {
        return Err(Error::TooManyCertificates {
            limit: MAX_CHAIN_CERTIFICATES,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_bounded_as_a_whole() {
        let refusal = |bytes: usize| parse_chain(&[vec![0; 1], vec![0; bytes - 1]]).unwrap_err();
        assert!(matches!(
            refusal(MAX_CHAIN_BYTES),
            Error::Certificate { .. }
        ));
        assert_eq!(
            refusal(MAX_CHAIN_BYTES + 1).to_string(),
            Error::PartTooLarge {
                part: "certificate chain",
                limit: MAX_CHAIN_BYTES
            }
            .to_string()
        );
    }

    #[test]
    fn the_size_is_bounded() {
        let limit = usize::try_from(MAX_ENVELOPE_BYTES).unwrap();
        let parse = |bytes: &[u8]| UnverifiedEnvelope::parse(EnvelopeFormat::Jws, bytes);
        let spaces = vec![b' '; limit + 1];
        let error = parse(&spaces).unwrap_err();
        assert!(matches!(error, Error::TooLarge { bytes, .. } if bytes == limit + 1));
        let error = parse(&spaces[..limit]).unwrap_err();
        assert!(matches!(error, Error::NotAnObject));
    }
}
