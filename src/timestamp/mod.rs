//! RFC 3161 countersignatures: what a signature was worth when it was made
//! (`trust-store-trust-policy.md`, "Timestamp verification"; `signature-specification.md`,
//! "Certificate Requirements").
//!
//! Input: the token of an envelope, the value of the envelope's signature, and the roots of the `tsa`
//! trust stores. Output: the range of time in which the signature was made, and the authority's
//! chain. `request` gets a token for a new signature.
//!
//! Not decided here: whether a token is needed, whether the signature's certificates were valid in
//! that range ([`VerifiedTimestamp::check_validity`] tells, the caller asks), and whether the
//! authority's certificates are revoked (the caller asks with the chain).

mod ber;
mod chain;
mod error;
mod request;
mod response;
mod signed_attributes;
mod signed_data;
mod tst_info;
mod unverified;

pub use crate::cms::SignerError;
pub use error::Error;
pub use request::{Request, request};
pub use response::parse_response;
pub use unverified::UnverifiedTimestamp;

use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::algorithm::HashAlgorithm;
use crate::cms::Signer;
use crate::limits::CLOCK_SKEW;
use crate::x509::Certificate;
use signed_attributes::SignedAttributes;
use signed_data::SignedData;
use tst_info::{TstInfo, sha2};

const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// What fuzz targets need from inside; not compiled otherwise.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// Reads a `TSTInfo`.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn tst_info(der: &[u8]) -> Result<(), super::Error> {
        let info = super::TstInfo::parse(der)?;
        super::range(&info).map(drop)
    }
}

/// A timestamp that was verified whole; only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedTimestamp {
    generated_at: OffsetDateTime,
    earliest: OffsetDateTime,
    latest: OffsetDateTime,
    chain: Vec<Certificate>,
}

impl VerifiedTimestamp {
    /// The stamped time (`genTime`).
    pub fn generated_at(&self) -> OffsetDateTime {
        self.generated_at
    }

    /// The stamped time less its accuracy.
    pub fn earliest(&self) -> OffsetDateTime {
        self.earliest
    }

    /// The stamped time plus its accuracy.
    pub fn latest(&self) -> OffsetDateTime {
        self.latest
    }

    /// The authority's chain, leaf first, to a trusted root. It was valid at the stamped time; its
    /// revocation is still to be asked for.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Checks that all of the range lies within the validity of every certificate of `chain`, which
    /// is the chain of the stamped signature.
    ///
    /// # Errors
    ///
    /// [`Error::OutsideValidity`] with the first certificate that was not valid all the time.
    pub fn check_validity(&self, chain: &[Certificate]) -> Result<(), Error> {
        let is_outside = |certificate: &&Certificate| {
            self.earliest < certificate.not_before() || self.latest > certificate.not_after()
        };
        match chain.iter().find(is_outside) {
            None => Ok(()),
            Some(certificate) => Err(Error::OutsideValidity {
                subject: certificate.subject().to_string(),
                earliest: self.earliest,
                latest: self.latest,
                not_before: certificate.not_before(),
                not_after: certificate.not_after(),
            }),
        }
    }
}

/// Verifies `token` (a `TimeStampToken` in BER or DER) as a timestamp over `signature_value`, the raw
/// bytes of a primitive signature, by an authority below one of `roots`.
///
/// `now` bounds the stamped time from above, and decides nothing else: the authority's certificates
/// are judged at the stamped time and may have expired since.
///
/// # Errors
///
/// The first thing that is wrong with the token.
pub fn verify(
    token: &[u8],
    signature_value: &[u8],
    roots: &[Certificate],
    now: OffsetDateTime,
) -> Result<VerifiedTimestamp, Error> {
    let der = ber::to_der(token)?;
    let signed_data = SignedData::parse(&der)?;
    let info = read_info(&signed_data)?;
    info.check_imprint(signature_value)?;
    verify_info(&signed_data, &info, roots, now)
}

/// The content of a token, which is not verified yet.
fn read_info<'a>(signed_data: &SignedData<'a>) -> Result<TstInfo<'a>, Error> {
    // RFC 5652 section 5.1: 3, because the content is not plain data.
    if signed_data.version != 3 {
        return Err(Error::Version {
            what: "SignedData",
            found: signed_data.version,
            wanted: 3,
        });
    }
    if signed_data.content_type != TST_INFO {
        return Err(Error::ContentType {
            found: signed_data.content_type.to_string(),
            wanted: "id-ct-TSTInfo",
        });
    }
    TstInfo::parse(signed_data.content)
}

/// The stamped time less and plus its accuracy.
fn range(info: &TstInfo<'_>) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
    let generated_at = info.generated_at;
    let out_of_range = || Error::TimeOutOfRange { generated_at };
    let earliest = generated_at
        .checked_sub(info.accuracy)
        .ok_or_else(out_of_range)?;
    let latest = generated_at
        .checked_add(info.accuracy)
        .ok_or_else(out_of_range)?;
    Ok((earliest, latest))
}

fn verify_info(
    signed_data: &SignedData<'_>,
    info: &TstInfo<'_>,
    roots: &[Certificate],
    now: OffsetDateTime,
) -> Result<VerifiedTimestamp, Error> {
    let generated_at = info.generated_at;
    let (earliest, latest) = range(info)?;
    if earliest - now > CLOCK_SKEW {
        return Err(Error::FromTheFuture { generated_at, now });
    }
    let certificates = parse_certificates(&signed_data.certificates)?;
    let signer = &signed_data.signer;
    let attributes = SignedAttributes::parse(signer)?;
    let certificate = attributes.signing_certificate(&certificates, signer)?;
    verify_signature(signed_data, &attributes, certificate)?;
    // The rules for authorities are for the certificate that signed, never for another of the token.
    let chain = chain::build(certificate, &certificates, roots, generated_at)?;
    if let Some(time) = attributes.signing_time
        && let Some(other) = chain.iter().find(|c| !c.is_valid_at(time))
    {
        return Err(Error::SigningTime {
            time,
            subject: other.subject().to_string(),
        });
    }
    Ok(VerifiedTimestamp {
        generated_at,
        earliest,
        latest,
        chain,
    })
}

fn parse_certificates(certificates: &[&[u8]]) -> Result<Vec<Certificate>, Error> {
    let parse = |(index, der): (usize, &&[u8])| {
        Certificate::parse(der).map_err(|source| Error::Certificate {
            position: index.saturating_add(1),
            source: Box::new(source),
        })
    };
    certificates.iter().enumerate().map(parse).collect()
}

/// Steps of RFC 5652 sections 5.4 and 5.6, with signed attributes always there.
fn verify_signature(
    signed_data: &SignedData<'_>,
    attributes: &SignedAttributes<'_>,
    certificate: &Certificate,
) -> Result<(), Error> {
    let signer = &signed_data.signer;
    if signer.version != 1 {
        return Err(Error::Version {
            what: "SignerInfo",
            found: signer.version,
            wanted: 1,
        });
    }
    if attributes.content_type != signed_data.content_type {
        return Err(Error::ContentTypeAttribute {
            found: attributes.content_type.to_string(),
        });
    }
    let hash = sha2(&signer.digest_algorithm).ok_or_else(|| Error::HashAlgorithm {
        what: "signed content",
        oid: signer.digest_algorithm.oid.to_string(),
    })?;
    if hash.hash(signed_data.content) != attributes.message_digest {
        return Err(Error::DigestMismatch);
    }
    let algorithm = signature_algorithm(signer, hash);
    certificate
        .verify_signature(&algorithm, &signer.signed_bytes, signer.signature)
        .map_err(|source| Error::Signature {
            subject: certificate.subject().to_string(),
            source: Box::new(source),
        })
}

/// CMS may say only `rsaEncryption` and leave the hash to the digest's algorithm (RFC 3370).
fn signature_algorithm(signer: &Signer<'_>, hash: HashAlgorithm) -> AlgorithmIdentifierOwned {
    let mut algorithm = signer.signature_algorithm.clone();
    if algorithm.oid == RSA_ENCRYPTION {
        algorithm.oid = ObjectIdentifier::new_unwrap(match hash {
            HashAlgorithm::Sha256 => "1.2.840.113549.1.1.11",
            HashAlgorithm::Sha384 => "1.2.840.113549.1.1.12",
            HashAlgorithm::Sha512 => "1.2.840.113549.1.1.13",
        });
    }
    algorithm
}
