//! The extensions that say what a certificate's key may do (RFC 5280 sections 4.2.1.3, 4.2.1.9 and 4.2.1.12).

use der::asn1::{BitStringRef, ObjectIdentifier};
use der::{Decode as _, Reader as _, SliceReader};
use x509_cert::ext::Extension;

use super::{Error, bounded};

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// Whether a verifier may ignore an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Criticality {
    Critical,
    NonCritical,
}

/// The basic constraints extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BasicConstraints {
    pub(super) criticality: Criticality,
    pub(super) is_ca: bool,
    /// How many further authorities may stand between this one and the leaf.
    pub(super) path_length: Option<u32>,
}

impl BasicConstraints {
    /// Those among `extensions`.
    pub(super) fn find(extensions: &[Extension]) -> Result<Option<Self>, Error> {
        // `x509-cert` has this type too, but reads no path length above 255.
        decode(extensions, BASIC_CONSTRAINTS, |reader, criticality| {
            reader.sequence(|fields| {
                Ok(Self {
                    criticality,
                    is_ca: Option::<bool>::decode(fields)?.unwrap_or_default(),
                    path_length: Option::<u32>::decode(fields)?,
                })
            })
        })
    }
}

/// The bits of a key usage extension, by their number in RFC 5280.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyUsage {
    pub(super) criticality: Criticality,
    pub(super) bits: Vec<bool>,
}

impl KeyUsage {
    pub(super) const DIGITAL_SIGNATURE: usize = 0;
    pub(super) const KEY_CERT_SIGN: usize = 5;

    /// The names of the bits, as RFC 5280 writes them.
    pub(super) const NAMES: [&str; 9] = [
        "digitalSignature",
        "contentCommitment",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];

    /// Those among `extensions`.
    pub(super) fn find(extensions: &[Extension]) -> Result<Option<Self>, Error> {
        decode(extensions, KEY_USAGE, |reader, criticality| {
            Ok(Self {
                criticality,
                // RFC 5280 names nine bits.
                bits: BitStringRef::decode(reader)?
                    .bits()
                    .take(Self::NAMES.len())
                    .collect(),
            })
        })
    }

    pub(super) fn allows(&self, bit: usize) -> bool {
        self.bits.get(bit).copied().unwrap_or_default()
    }
}

/// The extended key usage extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExtendedKeyUsage {
    pub(super) criticality: Criticality,
    pub(super) purposes: Vec<ObjectIdentifier>,
}

impl ExtendedKeyUsage {
    /// Those among `extensions`.
    pub(super) fn find(extensions: &[Extension]) -> Result<Option<Self>, Error> {
        decode(extensions, EXTENDED_KEY_USAGE, |reader, criticality| {
            Ok(Self {
                criticality,
                purposes: Vec::<ObjectIdentifier>::decode(reader)?,
            })
        })
    }
}

/// Decodes the extension of type `oid` with `read`, which must use all its bytes.
fn decode<T>(
    extensions: &[Extension],
    oid: ObjectIdentifier,
    read: fn(&mut SliceReader<'_>, Criticality) -> der::Result<T>,
) -> Result<Option<T>, Error> {
    let Some(extension) = extensions.iter().find(|extension| extension.extn_id == oid) else {
        return Ok(None);
    };
    let criticality = if extension.critical {
        Criticality::Critical
    } else {
        Criticality::NonCritical
    };
    let value = extension.extn_value.as_bytes();
    bounded::check(value)
        .and_then(|()| {
            let mut reader = SliceReader::new(value)?;
            let value = read(&mut reader, criticality)?;
            Ok(reader.finish(value)?)
        })
        .map(Some)
        .map_err(|source| Error::MalformedExtension {
            oid: oid.to_string(),
            source,
        })
}
