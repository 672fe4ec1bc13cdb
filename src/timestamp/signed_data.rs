//! CMS `SignedData` (RFC 5652), as far as a timestamp has it.
//!
//! Input: DER. Output: its parts, borrowed, with the exact bytes of certificates and content. Read
//! with `der` alone: the types of the crate `cms` sort every set at quadratic cost and encode
//! certificates again, so they would not have the bytes that were sent. Nothing is verified here.

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, Reader as _, SliceReader, Tag, TagMode, TagNumber, Tagged as _};

use super::Error;
use crate::cms::{Element, Signer, context, elements, peek};
use crate::limits::MAX_TIMESTAMP_CERTIFICATES;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// A `SignedData` with exactly one signer.
#[derive(Debug)]
pub(super) struct SignedData<'a> {
    pub(super) version: u32,
    pub(super) content_type: ObjectIdentifier,
    pub(super) content: &'a [u8],
    /// Certificates in DER.
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) signer: Signer<'a>,
}

impl<'a> SignedData<'a> {
    /// Reads a `ContentInfo` that holds a `SignedData`.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let malformed = |source| Error::MalformedCms { source };
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let (content_type, content) = reader
            .sequence(|fields| {
                let oid = ObjectIdentifier::decode(fields)?;
                let content = Element::read(fields)?;
                content.tag.assert_eq(context(TagNumber::N0))?;
                let content = AnyRef::from_der(content.value)?;
                content.tag().assert_eq(Tag::Sequence)?;
                Ok((oid, content.value()))
            })
            .and_then(|fields| reader.finish(fields))
            .map_err(malformed)?;
        if content_type != SIGNED_DATA {
            return Err(Error::ContentType {
                found: content_type.to_string(),
                wanted: "signedData",
            });
        }
        Self::parse_fields(content)
    }

    fn parse_fields(fields: &'a [u8]) -> Result<Self, Error> {
        let malformed = |source| Error::MalformedCms { source };
        let mut reader = SliceReader::new(fields).map_err(malformed)?;
        let version = u32::decode(&mut reader).map_err(malformed)?;
        // The digests' algorithms are named again by the signer.
        let digests = Element::read(&mut reader).map_err(malformed)?;
        digests.tag.assert_eq(Tag::Set).map_err(malformed)?;
        let (content_type, content) = reader
            .sequence(|fields| {
                let oid = ObjectIdentifier::decode(fields)?;
                let content = fields
                    .context_specific::<OctetStringRef<'_>>(TagNumber::N0, TagMode::Explicit)?;
                Ok((oid, content))
            })
            .map_err(malformed)?;
        let mut certificates = Vec::new();
        if peek(&reader) == Some(context(TagNumber::N0)) {
            let set = Element::read(&mut reader).map_err(malformed)?;
            certificates = elements(set.value, MAX_TIMESTAMP_CERTIFICATES, "certificates")?;
        }
        if peek(&reader) == Some(context(TagNumber::N1)) {
            // Revocation information is fetched, not believed from here.
            Element::read(&mut reader).map_err(malformed)?;
        }
        let signers = Element::read(&mut reader).map_err(malformed)?;
        signers.tag.assert_eq(Tag::Set).map_err(malformed)?;
        reader.finish(()).map_err(malformed)?;
        let signers = elements(signers.value, MAX_TIMESTAMP_CERTIFICATES, "signers")?;
        let [signer] = signers.as_slice() else {
            return Err(Error::SignerCount {
                found: signers.len(),
            });
        };
        if let Some(other) = certificates.iter().find(|c| c.tag != Tag::Sequence) {
            return Err(Error::NotACertificate { tag: other.tag });
        }
        Ok(Self {
            version,
            content_type,
            content: content.ok_or(Error::ContentMissing)?.as_bytes(),
            certificates: certificates.iter().map(|element| element.whole).collect(),
            signer: Signer::parse(signer.whole)?,
        })
    }
}
