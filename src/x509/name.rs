//! Distinguished names: decoded attributes, and the text that notation shows for them.
//!
//! Input: the `Name` of a certificate. Output: the attributes in the order in which the certificate
//! has them, with their values decoded. Which subjects a policy trusts is not decided here.

use std::fmt;

use der::asn1::{Any, ObjectIdentifier};
use der::{Tag, Tagged as _};
use x509_cert::name::Name;

use super::Error;
use crate::oci::hex;

/// The attributes that notation's printer knows by name, in the order in which it prints them
/// backwards (RFC 2253 prints the last one first).
const NAMED: [(ObjectIdentifier, &str, Repeat); 9] = [
    (named("2.5.4.6"), "C", Repeat::All),
    (named("2.5.4.8"), "ST", Repeat::All),
    (named("2.5.4.7"), "L", Repeat::All),
    (named("2.5.4.9"), "STREET", Repeat::All),
    (named("2.5.4.17"), "POSTALCODE", Repeat::All),
    (named("2.5.4.10"), "O", Repeat::All),
    (named("2.5.4.11"), "OU", Repeat::All),
    (named("2.5.4.3"), "CN", Repeat::Last),
    (named("2.5.4.5"), "SERIALNUMBER", Repeat::Last),
];

/// Read when the program is built: names are written for every certificate that is looked at.
const fn named(oid: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(oid)
}

/// Which of an attribute's values are printed where it occurs more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// Every value, joined with `+`.
    All,
    /// The last value, and none if that is empty.
    Last,
}

/// One attribute of a distinguished name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute's type, for example `2.5.4.10` for an organization.
    pub oid: ObjectIdentifier,
    /// The decoded value.
    pub value: String,
}

impl Attribute {
    /// The type's short name (`C`, `O`, `OU`, `L`, `ST`, `STREET`, `POSTALCODE`, `CN`,
    /// `SERIALNUMBER`); `None` for any other type.
    pub fn short_name(&self) -> Option<&'static str> {
        NAMED
            .iter()
            .find(|(named, ..)| *named == self.oid)
            .map(|(_, name, _)| *name)
    }
}

/// A distinguished name: relative distinguished names, each of one or more attributes, in the order
/// of the certificate.
///
/// `Display` gives notation's text for it, which is that of Go's `pkix.Name`: last attribute first,
/// repeated attributes joined with `+`, unknown types as `OID=#hex` at the end. The text is for
/// people; compare the attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistinguishedName {
    rdns: Vec<Vec<Attribute>>,
    /// As it is encoded, for the comparison of an issuer with a subject.
    name: Name,
    /// Notation's text for it, which is asked for with every signature.
    text: String,
}

impl DistinguishedName {
    pub(super) fn decode(name: &Name) -> Result<Self, Error> {
        let mut rdns = Vec::with_capacity(name.0.len());
        for rdn in &name.0 {
            let mut attributes = Vec::with_capacity(rdn.0.len());
            for attribute in rdn.0.iter() {
                let value =
                    decode_string(&attribute.value).ok_or_else(|| Error::UnreadableName {
                        attribute: attribute.oid.to_string(),
                        tag: attribute.value.tag(),
                    })?;
                attributes.push(Attribute {
                    oid: attribute.oid,
                    value,
                });
            }
            rdns.push(attributes);
        }
        Ok(Self {
            text: text_of(&rdns),
            rdns,
            name: name.clone(),
        })
    }

    /// The relative distinguished names, in the order of the certificate.
    pub fn rdns(&self) -> &[Vec<Attribute>] {
        &self.rdns
    }

    /// All attributes, in the order of the certificate, however they are grouped.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.rdns.iter().flatten()
    }

    /// Whether there is no attribute.
    pub fn is_empty(&self) -> bool {
        self.attributes().next().is_none()
    }

    /// Whether both are encoded the same, byte for byte. Names that mean the same but are encoded
    /// differently are not, as in notation.
    pub fn is_encoded_like(&self, other: &Self) -> bool {
        self.name == other.name
    }

    /// The name as the certificate has it, for further protocols.
    pub fn as_name(&self) -> &Name {
        &self.name
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Notation's text for a name of these attributes.
fn text_of(rdns: &[Vec<Attribute>]) -> String {
    let attributes = || rdns.iter().flatten();
    let mut parts = Vec::new();
    for (_, name, repeat) in NAMED {
        let mut values = attributes()
            .filter(|attribute| attribute.short_name() == Some(name))
            .map(|attribute| attribute.value.as_str());
        let values: Vec<&str> = match repeat {
            Repeat::All => values.collect(),
            Repeat::Last => values
                .next_back()
                .filter(|v| !v.is_empty())
                .into_iter()
                .collect(),
        };
        if !values.is_empty() {
            let values: Vec<String> = values
                .into_iter()
                .map(|value| format!("{name}={}", escape(value)))
                .collect();
            parts.push(values.join("+"));
        }
    }
    parts.reverse();
    let unnamed: Vec<&Attribute> = attributes()
        .filter(|attribute| attribute.short_name().is_none())
        .collect();
    for attribute in unnamed.into_iter().rev() {
        let encoded = encode_string(&attribute.value);
        parts.push(format!("{}=#{}", attribute.oid, hex(&encoded)));
    }
    parts.join(",")
}

/// A value as RFC 2253 writes it.
fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (index, character) in value.chars().enumerate() {
        let special = match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => index == 0 || index == last,
            '#' => index == 0,
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A value as DER, of the type that Go chooses for a string.
fn encode_string(value: &str) -> Vec<u8> {
    use der::Encode as _;
    let printable = value
        .bytes()
        .all(|byte| is_printable(byte) && !matches!(byte, b'*' | b'&'));
    let tag = if printable {
        Tag::PrintableString
    } else {
        Tag::Utf8String
    };
    // Only a value of 256 MiB cannot be encoded, and a certificate has 64 KiB.
    Any::new(tag, value.as_bytes())
        .and_then(|any| any.to_der())
        .unwrap_or_default()
}

/// The text of a directory string; `None` if it is of another type or not of its type's alphabet.
fn decode_string(value: &Any) -> Option<String> {
    let bytes = value.value();
    let text_if = |allowed: fn(u8) -> bool| {
        bytes
            .iter()
            .all(|byte| allowed(*byte))
            .then(|| bytes.iter().copied().map(char::from).collect())
    };
    match value.tag() {
        Tag::Utf8String => String::from_utf8(bytes.to_vec()).ok(),
        Tag::PrintableString => text_if(is_printable),
        Tag::Ia5String => text_if(|byte| byte.is_ascii()),
        Tag::NumericString => text_if(|byte| byte.is_ascii_digit() || byte == b' '),
        // T.61 was given up long ago; what is found under its tag is Latin-1.
        Tag::TeletexString => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let (units, rest) = bytes.as_chunks::<2>();
            if !rest.is_empty() {
                return None;
            }
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

/// The alphabet of `PrintableString`, with the `*` and `&` that certificate authorities write.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b' ' | b'\''
                | b'('
                | b')'
                | b'+'
                | b','
                | b'-'
                | b'.'
                | b'/'
                | b':'
                | b'='
                | b'?'
                | b'*'
                | b'&'
        )
}

#[cfg(test)]
mod tests {
    use der::Decode as _;
    use der::asn1::SetOfVec;
    use x509_cert::attr::AttributeTypeAndValue;
    use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

    use super::*;

    fn name(rdns: &[&[(&str, Tag, &[u8])]]) -> Result<DistinguishedName, Error> {
        let rdns = rdns.iter().map(|rdn| {
            let attributes: Vec<AttributeTypeAndValue> = rdn
                .iter()
                .map(|(oid, tag, value)| AttributeTypeAndValue {
                    oid: oid.parse().unwrap(),
                    value: Any::new(*tag, *value).unwrap(),
                })
                .collect();
            RelativeDistinguishedName(SetOfVec::try_from(attributes).unwrap())
        });
        DistinguishedName::decode(&RdnSequence(rdns.collect()))
    }

    const COUNTRY: &str = "2.5.4.6";
    const STATE: &str = "2.5.4.8";
    const ORGANIZATION: &str = "2.5.4.10";
    const UNIT: &str = "2.5.4.11";
    const COMMON_NAME: &str = "2.5.4.3";

    #[test]
    fn the_text_is_notations() {
        let subject = name(&[
            &[(COUNTRY, Tag::PrintableString, b"US")],
            &[(STATE, Tag::Utf8String, b"WA")],
            &[("2.5.4.5", Tag::PrintableString, b"7")],
            &[(ORGANIZATION, Tag::Utf8String, b"DigiCert, Inc.")],
            &[("2.5.4.17", Tag::Utf8String, b"98101")],
            &[("2.5.4.9", Tag::Utf8String, b"street")],
            &[("2.5.4.7", Tag::Utf8String, b"Seattle")],
            &[(UNIT, Tag::Utf8String, b"a")],
            &[(UNIT, Tag::Utf8String, b"b")],
            &[(COMMON_NAME, Tag::Utf8String, b"first")],
            &[(COMMON_NAME, Tag::Utf8String, b" #x ")],
            &[("0.9.2342.19200300.100.1.25", Tag::Ia5String, b"com")],
            &[("1.2.840.113549.1.9.1", Tag::Ia5String, b"a@b")],
        ])
        .unwrap();
        assert_eq!(
            subject.to_string(),
            "SERIALNUMBER=7,CN=\\ #x\\ ,OU=a+OU=b,O=DigiCert\\, Inc.,POSTALCODE=98101,\
             STREET=street,L=Seattle,ST=WA,C=US,\
             1.2.840.113549.1.9.1=#0c03614062,0.9.2342.19200300.100.1.25=#1303636f6d"
        );
        let values: Vec<&str> = subject.attributes().map(|a| a.value.as_str()).collect();
        assert_eq!(
            values,
            [
                "US",
                "WA",
                "7",
                "DigiCert, Inc.",
                "98101",
                "street",
                "Seattle",
                "a",
                "b",
                "first",
                " #x ",
                "com",
                "a@b"
            ]
        );
    }

    #[test]
    fn an_empty_common_name_is_not_printed_and_an_empty_locality_is() {
        let subject = name(&[
            &[("2.5.4.7", Tag::Utf8String, b"")],
            &[(COMMON_NAME, Tag::Utf8String, b"")],
            &[(ORGANIZATION, Tag::Utf8String, b"#o")],
        ])
        .unwrap();
        assert_eq!(subject.to_string(), "O=\\#o,L=");
        assert!(name(&[]).unwrap().is_empty());
    }

    #[test]
    fn every_string_type_is_decoded() {
        let decode = |tag, value: &[u8]| name(&[&[(ORGANIZATION, tag, value)]]);
        let value = |tag, bytes: &[u8]| {
            let name = decode(tag, bytes).unwrap();
            name.rdns()[0][0].value.clone()
        };
        assert_eq!(value(Tag::BmpString, &[0, b'Z', 0x20, 0xac]), "Z€");
        assert_eq!(value(Tag::TeletexString, &[0xe9]), "é");
        assert_eq!(value(Tag::PrintableString, b"*.x"), "*.x");
        assert_eq!(value(Tag::NumericString, b"1 2"), "1 2");
        for (tag, bytes) in [
            (Tag::PrintableString, b"a_b".as_slice()),
            (Tag::Ia5String, &[0xe9]),
            (Tag::Utf8String, &[0xff]),
            (Tag::NumericString, b"x"),
            (Tag::BmpString, &[0]),
            (Tag::BmpString, &[0xd8, 0]),
            (Tag::OctetString, b"x"),
        ] {
            let error = decode(tag, bytes).unwrap_err();
            assert!(
                matches!(&error, Error::UnreadableName { attribute, tag: found }
                    if attribute == ORGANIZATION && *found == tag),
                "{error}"
            );
        }
    }

    #[test]
    fn a_different_encoding_of_the_same_text_is_another_name() {
        let printable = name(&[&[(ORGANIZATION, Tag::PrintableString, b"o")]]).unwrap();
        let utf8 = name(&[&[(ORGANIZATION, Tag::Utf8String, b"o")]]).unwrap();
        assert_eq!(printable.rdns(), utf8.rdns());
        assert!(!printable.is_encoded_like(&utf8));
        assert!(printable.is_encoded_like(&printable.clone()));
    }

    proptest::proptest! {
        #[test]
        fn any_name_prints(bytes: Vec<u8>) {
            if let Ok(name) = Name::from_der(&bytes) {
                let _ = DistinguishedName::decode(&name).map(|name| name.to_string());
            }
        }

        #[test]
        fn any_value_is_kept(value: String) {
            let decoded = name(&[&[(ORGANIZATION, Tag::Utf8String, value.as_bytes())]]).unwrap();
            proptest::prop_assert_eq!(&decoded.rdns()[0][0].value, &value);
        }
    }
}
