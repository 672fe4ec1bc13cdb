//! OCSP (RFC 6960): the request, and everything that makes an answer count.
//!
//! Input: a certificate, its issuer, and an answer. Output: what the answer says. No nonce is sent,
//! as public responders prepare their answers; an answer's age is bounded by its next update.

use der::asn1::{BitStringRef, Null, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, TagNumber};
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_ocsp::{
    CertId, CertStatus, OcspGeneralizedTime, OcspRequest, OcspResponse, OcspResponseStatus,
    Request, ResponderId, ResponseData, SingleResponse, TbsRequest,
};

use super::entry::{INVALIDITY_DATE, read_invalidity_date, was_signed_before};
use super::validity::{check_unique, check_validity};
use super::{Error, RevocationReason};
use crate::limits::MAX_OCSP_ELEMENTS;
use crate::x509::rfc5280::time_of;
use crate::x509::{Certificate, check_lists};

const BASIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");
const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// What an answer says about the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    Revoked {
        at: OffsetDateTime,
        reason: RevocationReason,
    },
}

/// An answer that counts.
#[derive(Debug)]
pub(super) struct CertificateStatus {
    pub(super) status: Status,
    pub(super) this_update: OffsetDateTime,
    pub(super) next_update: Option<OffsetDateTime>,
    /// The responder, if its own revocation must be checked before the answer counts.
    pub(super) unchecked_responder: Option<Certificate>,
}

/// The request for `certificate`, in DER. Its identifier is hashed with SHA-1, the only hash that
/// all responders know; nothing rests on that hash.
pub(super) fn request(certificate: &Certificate, issuer: &Certificate) -> Result<Vec<u8>, Error> {
    let build = || -> der::Result<Vec<u8>> {
        let serial_number = &certificate.as_x509_cert().tbs_certificate.serial_number;
        let req_cert = CertId {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: SHA1,
                parameters: Some(Null.into()),
            },
            issuer_name_hash: OctetString::new(hash(SHA1, issuer.subject_der()))?,
            issuer_key_hash: OctetString::new(hash(SHA1, issuer.public_key_bits()))?,
            serial_number: serial_number.clone(),
        };
        OcspRequest {
            tbs_request: TbsRequest {
                request_list: vec![Request {
                    req_cert,
                    single_request_extensions: None,
                }],
                ..TbsRequest::default()
            },
            optional_signature: None,
        }
        .to_der()
    };
    build().map_err(|source| Error::Malformed {
        what: "an OCSP request",
        source,
    })
}

/// Verifies `response` in full as an answer about `certificate` at `now`.
pub(super) fn verify(
    response: &[u8],
    certificate: &Certificate,
    issuer: &Certificate,
    signing_time: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<CertificateStatus, Error> {
    let basic = Basic::parse(&basic_response(response)?)?;
    let unchecked_responder = basic.verify_signature(issuer, now)?;
    check_extensions(basic.data.response_extensions.as_deref(), &[])?;
    let answers = basic
        .data
        .responses
        .iter()
        .filter(|answer| is_for(&answer.cert_id, certificate, issuer));
    // One answer per certificate is the rule; of several a revocation counts.
    let answer = answers
        .max_by_key(|answer| matches!(answer.cert_status, CertStatus::Revoked(_)))
        .ok_or(Error::OtherCertificate)?;
    let this_update = to_time(answer.this_update)?;
    let next_update = answer.next_update.map(to_time).transpose()?;
    check_validity(this_update, next_update, now)?;
    Ok(CertificateStatus {
        status: status(answer, signing_time)?,
        this_update,
        next_update,
        unchecked_responder,
    })
}

fn status(answer: &SingleResponse, signing_time: Option<OffsetDateTime>) -> Result<Status, Error> {
    let extensions = answer.single_extensions.as_deref();
    check_extensions(extensions, &[INVALIDITY_DATE])?;
    let revoked = match &answer.cert_status {
        CertStatus::Good(_) => return Ok(Status::Good),
        CertStatus::Unknown(_) => return Err(Error::UnknownCertificate),
        CertStatus::Revoked(revoked) => revoked,
    };
    let invalid_since = extensions
        .unwrap_or_default()
        .iter()
        .find(|extension| extension.extn_id == INVALIDITY_DATE)
        .map(|extension| read_invalidity_date(extension.extn_value.as_bytes()))
        .transpose()
        .map_err(|_| Error::MalformedExtension {
            oid: INVALIDITY_DATE.to_string(),
        })?;
    if was_signed_before(invalid_since, signing_time) {
        return Ok(Status::Good);
    }
    Ok(Status::Revoked {
        at: to_time(revoked.revocation_time)?,
        reason: revoked
            .revocation_reason
            .map_or(RevocationReason::Unspecified, RevocationReason::from_code),
    })
}

/// The bytes of the basic response in a successful answer.
fn basic_response(response: &[u8]) -> Result<Vec<u8>, Error> {
    let malformed = |source| Error::Malformed {
        what: "an OCSP response",
        source,
    };
    let response = OcspResponse::from_der(response).map_err(malformed)?;
    let status = match response.response_status {
        OcspResponseStatus::Successful => None,
        OcspResponseStatus::MalformedRequest => Some("malformedRequest"),
        OcspResponseStatus::InternalError => Some("internalError"),
        OcspResponseStatus::TryLater => Some("tryLater"),
        OcspResponseStatus::SigRequired => Some("sigRequired"),
        OcspResponseStatus::Unauthorized => Some("unauthorized"),
    };
    if let Some(status) = status {
        return Err(Error::ResponderStatus { status });
    }
    let bytes = response
        .response_bytes
        .ok_or_else(|| malformed(Tag::Sequence.value_error()))?;
    if bytes.response_type != BASIC {
        return Err(Error::ResponseType {
            oid: bytes.response_type.to_string(),
        });
    }
    Ok(bytes.response.into_bytes())
}

/// A basic response with the bytes that are signed.
struct Basic {
    signed: Vec<u8>,
    data: ResponseData,
    algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
    certificates: Vec<Certificate>,
}

impl Basic {
    fn parse(der: &[u8]) -> Result<Self, Error> {
        let malformed = |source| Error::Malformed {
            what: "a basic OCSP response",
            source,
        };
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let (signed, algorithm, signature, certificates) = reader
            .sequence(|fields| {
                let signed = fields.tlv_bytes()?;
                let algorithm = AlgorithmIdentifierOwned::decode(fields)?;
                let signature = BitStringRef::decode(fields)?;
                let mut certificates: Vec<&[u8]> = Vec::new();
                if !fields.is_finished() {
                    fields.peek_tag()?.assert_eq(Tag::ContextSpecific {
                        constructed: true,
                        number: TagNumber::N0,
                    })?;
                    let tagged = der::AnyRef::decode(fields)?;
                    SliceReader::new(tagged.value())?.sequence(|list| {
                        while !list.is_finished() {
                            certificates.push(list.tlv_bytes()?);
                        }
                        Ok(())
                    })?;
                }
                Ok((signed, algorithm, signature, certificates))
            })
            .and_then(|parts| reader.finish(parts))
            .map_err(malformed)?;
        Ok(Self {
            data: check_lists(signed, MAX_OCSP_ELEMENTS)
                .and_then(|()| Ok(ResponseData::from_der(signed)?))
                .map_err(|error| Error::of_der("a basic OCSP response", error))?,
            signed: signed.to_vec(),
            algorithm,
            signature: signature
                .as_bytes()
                .ok_or_else(|| malformed(Tag::BitString.value_error()))?
                .to_vec(),
            // What cannot be read cannot be the responder's.
            certificates: certificates
                .into_iter()
                .filter_map(|der| Certificate::parse(der).ok())
                .collect(),
        })
    }

    /// RFC 6960 section 4.2.2.2: the issuer itself, or a responder that the issuer made one. Gives
    /// back the responder if its own revocation must be checked.
    fn verify_signature(
        &self,
        issuer: &Certificate,
        now: OffsetDateTime,
    ) -> Result<Option<Certificate>, Error> {
        let signer = if self.is_signer(issuer) {
            issuer
        } else {
            let mut candidates = self.certificates.iter();
            let responder = candidates
                .find(|certificate| self.is_signer(certificate))
                .ok_or(Error::ResponderMissing)?;
            check_responder(responder, issuer, now)?;
            responder
        };
        signer
            .verify_signature(&self.algorithm, &self.signed, &self.signature)
            .map_err(|source| Error::Signature {
                subject: signer.subject().to_string(),
                source: Box::new(source),
            })?;
        let is_checked = signer == issuer || signer.has_ocsp_no_check();
        Ok((!is_checked).then(|| signer.clone()))
    }

    fn is_signer(&self, certificate: &Certificate) -> bool {
        match &self.data.responder_id {
            ResponderId::ByName(name) => name == certificate.subject().as_name(),
            ResponderId::ByKey(key) => key.as_bytes() == hash(SHA1, certificate.public_key_bits()),
        }
    }
}

fn check_responder(
    responder: &Certificate,
    issuer: &Certificate,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let unauthorized = |reason| Error::ResponderUnauthorized {
        subject: responder.subject().to_string(),
        reason,
    };
    if !responder.issuer().is_encoded_like(issuer.subject())
        || responder.verify_signed_by(issuer).is_err()
    {
        return Err(unauthorized("another issued its certificate"));
    }
    if !responder.is_ocsp_responder() {
        return Err(unauthorized(
            "its certificate lacks the extended key usage `OCSPSigning`",
        ));
    }
    if !responder.is_valid_at(now) {
        return Err(unauthorized("its certificate is not valid now"));
    }
    Ok(())
}

/// Whether an answer's identifier is the certificate's: issuer's name, issuer's key and serial number.
fn is_for(id: &CertId, certificate: &Certificate, issuer: &Certificate) -> bool {
    let known = [SHA1, SHA256, SHA384, SHA512];
    let oid = id.hash_algorithm.oid;
    known.contains(&oid)
        && id.serial_number.as_bytes() == certificate.serial_number()
        && id.issuer_name_hash.as_bytes() == hash(oid, issuer.subject_der())
        && id.issuer_key_hash.as_bytes() == hash(oid, issuer.public_key_bits())
}

fn hash(algorithm: ObjectIdentifier, bytes: &[u8]) -> Vec<u8> {
    use aws_lc_rs::digest;
    let algorithm = match algorithm {
        SHA256 => &digest::SHA256,
        SHA384 => &digest::SHA384,
        SHA512 => &digest::SHA512,
        _ => &digest::SHA1_FOR_LEGACY_USE_ONLY,
    };
    digest::digest(algorithm, bytes).as_ref().to_vec()
}

fn check_extensions(
    extensions: Option<&[Extension]>,
    supported: &[ObjectIdentifier],
) -> Result<(), Error> {
    let extensions = extensions.unwrap_or_default();
    check_unique(extensions)?;
    match extensions
        .iter()
        .find(|extension| extension.critical && !supported.contains(&extension.extn_id))
    {
        Some(extension) => Err(Error::CriticalExtension {
            oid: extension.extn_id.to_string(),
        }),
        None => Ok(()),
    }
}

fn to_time(time: OcspGeneralizedTime) -> Result<OffsetDateTime, Error> {
    time_of(time.0.to_unix_duration()).ok_or_else(|| Error::Malformed {
        what: "an OCSP response",
        source: Tag::GeneralizedTime.value_error(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_named() {
        for (code, status) in [
            (1, "malformedRequest"),
            (2, "internalError"),
            (3, "tryLater"),
            (5, "sigRequired"),
            (6, "unauthorized"),
        ] {
            let error = basic_response(&[0x30, 3, 0x0a, 1, code]).unwrap_err();
            assert!(
                matches!(error, Error::ResponderStatus { status: found } if found == status),
                "{error}"
            );
        }
        for malformed in [&[0x30, 3, 0x0a, 1, 4][..], &[0x30, 3, 0x0a, 1, 0]] {
            let error = basic_response(malformed).unwrap_err();
            assert!(matches!(error, Error::Malformed { .. }), "{error}");
        }
        // Successful, of the type 1.2.3.4.
        let other = [
            0x30, 0x10, 0x0a, 1, 0, 0xa0, 0x0b, 0x30, 9, 6, 3, 0x2a, 3, 4, 4, 2, 5, 0,
        ];
        let error = basic_response(&other).unwrap_err();
        assert!(
            matches!(&error, Error::ResponseType { oid } if oid == "1.2.3.4"),
            "{error}"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = basic_response(&bytes);
            let _ = Basic::parse(&bytes);
        }
    }
}
