//! Getting a timestamp for a new signature (RFC 3161 sections 2.4.1 and 3.4).
//!
//! Input: a signature's value. Output: a token that was checked in full against the request and the
//! trusted roots. The authority's revocation is still to be asked for, with the chain.

use der::asn1::{Int, Null, ObjectIdentifier, OctetString};
use der::{Encode as _, Sequence};
use time::OffsetDateTime;
use url::Url;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::signed_data::SignedData;
use super::tst_info::TstInfo;
use super::{Error, VerifiedTimestamp, parse_response, read_info, verify_info};
use crate::algorithm::HashAlgorithm;
use crate::http;
use crate::limits::{MAX_TIMESTAMP_BYTES, TIMESTAMP_TIMEOUT};
use crate::x509::Certificate;

const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";

/// Bytes of the nonce, as many as notation's.
const NONCE_BYTES: usize = 20;

/// A request for a timestamp, with what its answer must repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    der: Vec<u8>,
    imprint: MessageImprint,
    nonce: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
struct MessageImprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

#[derive(Sequence)]
struct TimeStampReq {
    version: u8,
    imprint: MessageImprint,
    nonce: Int,
    cert_req: bool,
}

impl Request {
    /// A request for a stamp over `signature_value`, the raw bytes of a primitive signature, with a
    /// new nonce; the authority is to send its certificates along.
    ///
    /// # Errors
    ///
    /// [`Error::Random`] if there is no random number.
    pub fn new(signature_value: &[u8], algorithm: HashAlgorithm) -> Result<Self, Error> {
        let mut nonce = [0; NONCE_BYTES];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| Error::Random)?;
        Self::with_nonce(signature_value, algorithm, nonce)
    }

    fn with_nonce(
        signature_value: &[u8],
        algorithm: HashAlgorithm,
        mut nonce: [u8; NONCE_BYTES],
    ) -> Result<Self, Error> {
        // A positive number of always the same length.
        if let Some(first) = nonce.first_mut() {
            *first = (*first & 0x7f) | 0x40;
        }
        let malformed = |source| Error::MalformedResponse { source };
        let imprint = MessageImprint {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: ObjectIdentifier::new_unwrap(match algorithm {
                    HashAlgorithm::Sha256 => "2.16.840.1.101.3.4.2.1",
                    HashAlgorithm::Sha384 => "2.16.840.1.101.3.4.2.2",
                    HashAlgorithm::Sha512 => "2.16.840.1.101.3.4.2.3",
                }),
                parameters: Some(Null.into()),
            },
            hashed_message: OctetString::new(algorithm.hash(signature_value)).map_err(malformed)?,
        };
        let request = TimeStampReq {
            version: 1,
            imprint: imprint.clone(),
            nonce: Int::new(&nonce).map_err(malformed)?,
            cert_req: true,
        };
        Ok(Self {
            der: request.to_der().map_err(malformed)?,
            imprint,
            nonce: nonce.to_vec(),
        })
    }

    /// The request as it is sent.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Checks `response`, a `TimeStampResp`, in full: that it grants, that it answers this request,
    /// and that its token verifies with one of `roots`. Gives back the token in DER.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn verify_response(
        &self,
        response: &[u8],
        roots: &[Certificate],
        now: OffsetDateTime,
    ) -> Result<(Vec<u8>, VerifiedTimestamp), Error> {
        let token = parse_response(response)?;
        let signed_data = SignedData::parse(&token)?;
        let info = read_info(&signed_data)?;
        self.check_repeated(&info)?;
        let verified = verify_info(&signed_data, &info, roots, now)?;
        Ok((token, verified))
    }

    fn check_repeated(&self, info: &TstInfo<'_>) -> Result<(), Error> {
        let same_imprint = info.hash_algorithm == self.imprint.hash_algorithm
            && info.hashed_message == self.imprint.hashed_message.as_bytes();
        if !same_imprint {
            return Err(Error::NotAsRequested {
                what: "message imprint",
            });
        }
        if info.nonce != Some(self.nonce.as_slice()) {
            return Err(Error::NotAsRequested { what: "nonce" });
        }
        Ok(())
    }
}

/// Asks the authority at `url` for a timestamp over `signature_value`, whose key's hash is
/// `algorithm`, and checks the answer in full. Gives back the token to embed, in DER.
///
/// # Errors
///
/// [`Error::Url`], [`Error::Http`], [`Error::Status`] (200 and 201 are answers), [`Error::MediaType`],
/// and what [`Request::verify_response`] finds.
pub async fn request(
    pool: &http::Pool,
    url: &Url,
    signature_value: &[u8],
    algorithm: HashAlgorithm,
    roots: &[Certificate],
    now: OffsetDateTime,
) -> Result<(Vec<u8>, VerifiedTimestamp), Error> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Error::Url {
            url: http::redact(url),
        });
    }
    let request = Request::new(signature_value, algorithm)?;
    let body = send(pool, url, request.der()).await?;
    request.verify_response(&body, roots, now)
}

async fn send(pool: &http::Pool, url: &Url, request: &[u8]) -> Result<bytes::Bytes, Error> {
    let mut post = reqwest::Request::new(reqwest::Method::POST, url.clone());
    let headers = post.headers_mut();
    headers.insert(
        ::http::header::CONTENT_TYPE,
        ::http::HeaderValue::from_static(QUERY),
    );
    headers.insert(
        ::http::header::ACCEPT,
        ::http::HeaderValue::from_static(REPLY),
    );
    *post.body_mut() = Some(request.to_vec().into());
    *post.timeout_mut() = Some(TIMESTAMP_TIMEOUT);
    let response = pool.send(post).await.map_err(|source| Error::Http {
        source: Box::new(source),
    })?;
    // Off-spec: RFC 3161 knows no status code but 200; sigstore's authority answers 201.
    if !matches!(response.status().as_u16(), 200 | 201) {
        return Err(Error::Status {
            url: http::redact(url),
            status: response.status().as_u16(),
        });
    }
    let media_type = response
        .headers()
        .get(::http::header::CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(REPLY) {
        return Err(Error::MediaType {
            url: http::redact(url),
            found: media_type,
        });
    }
    http::read_body(response, MAX_TIMESTAMP_BYTES)
        .await
        .map_err(|source| Error::Http {
            source: Box::new(source),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_imprint_nonce_and_asks_for_certificates() {
        let request = Request::with_nonce(b"notation", HashAlgorithm::Sha256, [0xff; 20]).unwrap();
        let mut wanted = vec![0x30, 0x50, 0x02, 0x01, 0x01, 0x30, 0x31];
        wanted.extend([
            0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
            0x00, 0x04, 0x20,
        ]);
        wanted.extend(HashAlgorithm::Sha256.hash(b"notation"));
        wanted.extend([0x02, 0x14, 0x7f]);
        wanted.extend([0xff; 19]);
        wanted.extend([0x01, 0x01, 0xff]);
        wanted[1] = u8::try_from(wanted.len() - 2).unwrap();
        assert_eq!(request.der(), wanted);
        let nonce = |byte| {
            Request::with_nonce(b"", HashAlgorithm::Sha512, [byte; 20])
                .unwrap()
                .nonce[0]
        };
        // Never negative, never shortened.
        assert_eq!([nonce(0), nonce(0x80), nonce(0x7f)], [0x40, 0x40, 0x7f]);
        let other = Request::new(b"notation", HashAlgorithm::Sha256).unwrap();
        assert_ne!(other.nonce, request.nonce);
        assert_eq!(other.imprint, request.imprint);
    }
}
