//! What signatures of every use have in common in CMS (RFC 5652): a signer, and the attributes that it signed.
//!
//! Input: DER. Output: its parts, borrowed, with the exact bytes. Read with `der` alone: the types of the crate `cms`
//! sort every set at quadratic cost and encode certificates again, so they would not have the bytes that were sent.
//! Nothing is verified here.

use der::asn1::{GeneralizedTime, ObjectIdentifier, OctetStringRef, UtcTime};
use der::{AnyRef, Decode, Reader, SliceReader, Tag, TagNumber, Tagged as _};
use time::OffsetDateTime;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::limits::MAX_CMS_ATTRIBUTES;
use crate::x509::rfc5280::time_of;

/// Object identifier of the attribute `contentType`.
pub(crate) const CONTENT_TYPE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
/// Object identifier of the attribute `messageDigest`.
pub(crate) const MESSAGE_DIGEST: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// Object identifier of the attribute `signingTime`.
pub(crate) const SIGNING_TIME: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// Why bytes are not such a structure.
#[derive(Debug)]
pub(crate) enum Error {
    /// Not DER, or not of the wanted type.
    Malformed(der::Error),
    /// More of something than is looked at.
    TooMany { what: &'static str, limit: usize },
    /// The signer, or what it signed, is not as it must be.
    Signer(SignerError),
}

/// What is wrong with a signer or with a signed attribute.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The signer is not named by issuer and serial number.
    #[error("the signer is not named by issuer and serial number")]
    Identifier,
    /// A signed attribute that must be there.
    #[error("signed attribute `{attribute}` is missing")]
    AttributeMissing {
        /// The attribute.
        attribute: &'static str,
    },
    /// A signed attribute with no value, several values, or there twice.
    #[error("signed attribute `{attribute}` does not have exactly one value")]
    AttributeCount {
        /// The attribute.
        attribute: &'static str,
    },
    /// A signed attribute that cannot be read.
    #[error("signed attribute `{attribute}` is malformed")]
    MalformedAttribute {
        /// The attribute.
        attribute: &'static str,
        /// Where it departs from DER.
        #[source]
        source: der::Error,
    },
}

impl From<der::Error> for Error {
    fn from(error: der::Error) -> Self {
        Self::Malformed(error)
    }
}

impl From<SignerError> for Error {
    fn from(error: SignerError) -> Self {
        Self::Signer(error)
    }
}

/// A `SignerInfo` that names its certificate by issuer and serial number.
#[cfg_attr(
    not(feature = "cli"),
    expect(
        dead_code,
        reason = "packages, which archives are read for, ask for more than timestamps"
    )
)]
#[derive(Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) version: u32,
    /// The issuer's name in DER.
    pub(crate) issuer: &'a [u8],
    /// The serial number's two's complement bytes.
    pub(crate) serial_number: &'a [u8],
    pub(crate) digest_algorithm: AlgorithmIdentifierOwned,
    /// The same in DER.
    pub(crate) digest_algorithm_der: &'a [u8],
    /// In the order in which they were sent.
    pub(crate) attributes: Vec<Attribute<'a>>,
    /// Whether that is the order of DER.
    pub(crate) is_in_order: bool,
    /// What is signed: the attributes as a DER `SET OF`.
    pub(crate) signed_bytes: Vec<u8>,
    pub(crate) signature_algorithm: AlgorithmIdentifierOwned,
    /// The same in DER.
    pub(crate) signature_algorithm_der: &'a [u8],
    pub(crate) signature: &'a [u8],
    /// Whether attributes follow that are not signed.
    pub(crate) has_unsigned_attributes: bool,
}

/// A signed attribute.
#[derive(Debug)]
pub(crate) struct Attribute<'a> {
    /// Its type, encoded: others' numbers may be larger than `ObjectIdentifier` holds.
    pub(crate) oid: &'a [u8],
    /// The first value in DER.
    pub(crate) value: &'a [u8],
    /// How many values there are.
    pub(crate) values: usize,
}

/// An element with the bytes that it is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: Tag,
    /// Identifier, length and value.
    pub(crate) whole: &'a [u8],
    pub(crate) value: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads the next one.
    pub(crate) fn read<R: Reader<'a>>(reader: &mut R) -> der::Result<Self> {
        let whole = reader.tlv_bytes()?;
        let any = AnyRef::from_der(whole)?;
        Ok(Self {
            tag: any.tag(),
            whole,
            value: any.value(),
        })
    }
}

/// The tag of a constructed value that is known by its place.
pub(crate) const fn context(number: TagNumber) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number,
    }
}

/// The tag of the next element; `None` at the end.
pub(crate) fn peek<'a, R: Reader<'a>>(reader: &R) -> Option<Tag> {
    (!reader.is_finished())
        .then(|| reader.peek_tag().ok())
        .flatten()
}

impl<'a> Signer<'a> {
    /// Reads a `SignerInfo`.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let outer = AnyRef::from_der(der)?;
        outer.tag().assert_eq(Tag::Sequence)?;
        let mut reader = SliceReader::new(outer.value())?;
        let version = u32::decode(&mut reader)?;
        if peek(&reader) != Some(Tag::Sequence) {
            return Err(SignerError::Identifier.into());
        }
        let (issuer, serial_number) = reader.sequence(|fields| {
            let name = Element::read(fields)?;
            let serial_number = Element::read(fields)?;
            serial_number.tag.assert_eq(Tag::Integer)?;
            Ok((name.whole, serial_number.value))
        })?;
        let digest_algorithm_der = Element::read(&mut reader)?.whole;
        if peek(&reader) != Some(context(TagNumber::N0)) {
            let attribute = "contentType";
            return Err(SignerError::AttributeMissing { attribute }.into());
        }
        let set = Element::read(&mut reader)?;
        let signature_algorithm_der = Element::read(&mut reader)?.whole;
        let signature = OctetStringRef::decode(&mut reader)?;
        let has_unsigned_attributes = peek(&reader) == Some(context(TagNumber::N1));
        if has_unsigned_attributes {
            // They prove nothing.
            Element::read(&mut reader)?;
        }
        reader.finish(())?;
        let attributes = elements(set.value, MAX_CMS_ATTRIBUTES, "signed attributes")?;
        Ok(Self {
            version,
            issuer,
            serial_number,
            digest_algorithm: AlgorithmIdentifierOwned::from_der(digest_algorithm_der)?,
            digest_algorithm_der,
            is_in_order: attributes.is_sorted_by_key(|attribute| attribute.whole),
            signed_bytes: set_of(&attributes),
            attributes: attributes
                .iter()
                .map(|attribute| Attribute::parse(attribute.whole))
                .collect::<Result<_, _>>()?,
            signature_algorithm: AlgorithmIdentifierOwned::from_der(signature_algorithm_der)?,
            signature_algorithm_der,
            signature: signature.as_bytes(),
            has_unsigned_attributes,
        })
    }
}

impl<'a> Attribute<'a> {
    fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let mut reader = SliceReader::new(der)?;
        let (oid, values) = reader.sequence(|fields| {
            let oid = Element::read(fields)?;
            oid.tag.assert_eq(Tag::ObjectIdentifier)?;
            let values = Element::read(fields)?;
            values.tag.assert_eq(Tag::Set)?;
            Ok((oid.value, values.value))
        })?;
        let values = elements(values, MAX_CMS_ATTRIBUTES, "values of an attribute")?;
        Ok(Self {
            oid,
            value: values.first().map(|value| value.whole).unwrap_or_default(),
            values: values.len(),
        })
    }
}

/// The elements that follow each other in `bytes`, at most `limit`.
///
/// # Errors
///
/// [`Error::Malformed`] and [`Error::TooMany`].
pub(crate) fn elements<'a>(
    bytes: &'a [u8],
    limit: usize,
    what: &'static str,
) -> Result<Vec<Element<'a>>, Error> {
    let mut found = Vec::new();
    let mut reader = SliceReader::new(bytes)?;
    while !reader.is_finished() {
        if found.len() == limit {
            return Err(Error::TooMany { what, limit });
        }
        found.push(Element::read(&mut reader)?);
    }
    Ok(found)
}

/// The elements as a DER `SET OF`, which orders them by their bytes.
fn set_of(elements: &[Element<'_>]) -> Vec<u8> {
    let mut ordered: Vec<&[u8]> = elements.iter().map(|element| element.whole).collect();
    ordered.sort_unstable();
    let content = ordered.concat();
    let mut set = vec![0x31];
    write_length(content.len(), &mut set);
    set.extend(content);
    set
}

/// Appends an element's length in DER.
pub(crate) fn write_length(length: usize, out: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let needed = octets.iter().skip_while(|octet| **octet == 0);
            let count = u8::try_from(needed.clone().count()).unwrap_or(u8::MAX);
            out.push(0x80 | count);
            out.extend(needed);
        }
    }
}

/// The single value of the attribute `oid`, if it is there.
///
/// # Errors
///
/// [`SignerError::AttributeCount`].
pub(crate) fn find<'a>(
    attributes: &[Attribute<'a>],
    oid: ObjectIdentifier,
    attribute: &'static str,
) -> Result<Option<&'a [u8]>, SignerError> {
    let mut found = attributes
        .iter()
        .filter(|candidate| candidate.oid == oid.as_bytes());
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(only), None) if only.values == 1 => Ok(Some(only.value)),
        _ => Err(SignerError::AttributeCount { attribute }),
    }
}

/// Reads the value of an attribute, which must be used up.
///
/// # Errors
///
/// [`SignerError::MalformedAttribute`].
pub(crate) fn decode<'a, T>(
    value: &'a [u8],
    attribute: &'static str,
    read: impl FnOnce(&mut SliceReader<'a>) -> der::Result<T>,
) -> Result<T, SignerError> {
    SliceReader::new(value)
        .and_then(|mut reader| {
            let value = read(&mut reader)?;
            reader.finish(value)
        })
        .map_err(|source| SignerError::MalformedAttribute { attribute, source })
}

/// Reads a time without a fraction.
///
/// # Errors
///
/// As the decoder.
pub(crate) fn read_time(reader: &mut SliceReader<'_>) -> der::Result<OffsetDateTime> {
    let tag = reader.peek_tag()?;
    let since_1970 = match tag {
        Tag::UtcTime => UtcTime::decode(reader)?.to_unix_duration(),
        _ => GeneralizedTime::decode(reader)?.to_unix_duration(),
    };
    time_of(since_1970).ok_or_else(|| tag.value_error())
}
