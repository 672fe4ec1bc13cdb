//! CMS `SignedData` (RFC 5652), as far as a timestamp has it.
//!
//! Input: DER. Output: its parts, borrowed, with the exact bytes of certificates and content. Read
//! with `der` alone: the types of the crate `cms` sort every set at quadratic cost and encode
//! certificates again, so they would not have the bytes that were sent. Nothing is verified here.

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, Reader, SliceReader, Tag, TagMode, TagNumber, Tagged as _};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::{Error, ber};
use crate::limits::{MAX_TIMESTAMP_ATTRIBUTES, MAX_TIMESTAMP_CERTIFICATES};

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

/// A `SignerInfo` that names its certificate by issuer and serial number.
#[derive(Debug)]
pub(super) struct Signer<'a> {
    pub(super) version: u32,
    /// The issuer's name in DER.
    pub(super) issuer: &'a [u8],
    /// The serial number's two's complement bytes.
    pub(super) serial_number: &'a [u8],
    pub(super) digest_algorithm: AlgorithmIdentifierOwned,
    pub(super) attributes: Vec<Attribute<'a>>,
    /// What is signed: the attributes as a DER `SET OF`.
    pub(super) signed_bytes: Vec<u8>,
    pub(super) signature_algorithm: AlgorithmIdentifierOwned,
    pub(super) signature: &'a [u8],
}

/// A signed attribute.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    /// Its type, encoded: others' numbers may be larger than `ObjectIdentifier` holds.
    pub(super) oid: &'a [u8],
    /// The first value in DER.
    pub(super) value: &'a [u8],
    /// How many values there are.
    pub(super) values: usize,
}

/// An element with the bytes that it is made of.
struct Element<'a> {
    tag: Tag,
    /// Identifier, length and value.
    whole: &'a [u8],
    value: &'a [u8],
}

impl<'a> Element<'a> {
    fn read<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        let whole = reader.tlv_bytes()?;
        let any = AnyRef::from_der(whole)?;
        Ok(Self {
            tag: any.tag(),
            whole,
            value: any.value(),
        })
    }
}

const fn context(number: TagNumber) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number,
    }
}

fn peek<'a, R: Reader<'a>>(reader: &R) -> Option<Tag> {
    (!reader.is_finished())
        .then(|| reader.peek_tag().ok())
        .flatten()
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

impl<'a> Signer<'a> {
    fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let malformed = |source| Error::MalformedCms { source };
        let outer = AnyRef::from_der(der).map_err(malformed)?;
        outer.tag().assert_eq(Tag::Sequence).map_err(malformed)?;
        let mut reader = SliceReader::new(outer.value()).map_err(malformed)?;
        let version = u32::decode(&mut reader).map_err(malformed)?;
        if peek(&reader) != Some(Tag::Sequence) {
            return Err(Error::SignerIdentifier);
        }
        let (issuer, serial_number) = reader
            .sequence(|fields| {
                let name = Element::read(fields)?;
                let serial_number = Element::read(fields)?;
                serial_number.tag.assert_eq(Tag::Integer)?;
                Ok((name.whole, serial_number.value))
            })
            .map_err(malformed)?;
        let digest_algorithm = AlgorithmIdentifierOwned::decode(&mut reader).map_err(malformed)?;
        if peek(&reader) != Some(context(TagNumber::N0)) {
            return Err(Error::AttributeMissing {
                attribute: "contentType",
            });
        }
        let set = Element::read(&mut reader).map_err(malformed)?;
        let signature_algorithm =
            AlgorithmIdentifierOwned::decode(&mut reader).map_err(malformed)?;
        let signature = OctetStringRef::decode(&mut reader).map_err(malformed)?;
        if peek(&reader) == Some(context(TagNumber::N1)) {
            // Unsigned attributes prove nothing.
            Element::read(&mut reader).map_err(malformed)?;
        }
        reader.finish(()).map_err(malformed)?;
        let attributes = elements(set.value, MAX_TIMESTAMP_ATTRIBUTES, "signed attributes")?;
        Ok(Self {
            version,
            issuer,
            serial_number,
            digest_algorithm,
            signed_bytes: set_of(&attributes),
            attributes: attributes
                .iter()
                .map(|attribute| Attribute::parse(attribute.whole))
                .collect::<Result<_, _>>()?,
            signature_algorithm,
            signature: signature.as_bytes(),
        })
    }
}

impl<'a> Attribute<'a> {
    fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let malformed = |source| Error::MalformedCms { source };
        let mut reader = SliceReader::new(der).map_err(malformed)?;
        let (oid, values) = reader
            .sequence(|fields| {
                let oid = Element::read(fields)?;
                oid.tag.assert_eq(Tag::ObjectIdentifier)?;
                let values = Element::read(fields)?;
                values.tag.assert_eq(Tag::Set)?;
                Ok((oid.value, values.value))
            })
            .map_err(malformed)?;
        let values = elements(values, MAX_TIMESTAMP_ATTRIBUTES, "values of an attribute")?;
        Ok(Self {
            oid,
            value: values.first().map(|value| value.whole).unwrap_or_default(),
            values: values.len(),
        })
    }
}

/// The elements that follow each other in `bytes`, at most `limit`.
fn elements<'a>(
    bytes: &'a [u8],
    limit: usize,
    what: &'static str,
) -> Result<Vec<Element<'a>>, Error> {
    let mut found = Vec::new();
    let mut reader = SliceReader::new(bytes).map_err(|source| Error::MalformedCms { source })?;
    while !reader.is_finished() {
        if found.len() == limit {
            return Err(Error::TooMany { what, limit });
        }
        let element =
            Element::read(&mut reader).map_err(|source| Error::MalformedCms { source })?;
        found.push(element);
    }
    Ok(found)
}

/// The elements as a DER `SET OF`, which orders them by their bytes.
fn set_of(elements: &[Element<'_>]) -> Vec<u8> {
    let mut ordered: Vec<&[u8]> = elements.iter().map(|element| element.whole).collect();
    ordered.sort_unstable();
    let content = ordered.concat();
    let mut set = vec![0x31];
    ber::write_length(content.len(), &mut set);
    set.extend(content);
    set
}
