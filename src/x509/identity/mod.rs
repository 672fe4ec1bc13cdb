//! Distinguished names as trust policies write and compare them
//! (`trust-store-trust-policy.md`, "Trusted Identities Constraints").
//!
//! Input: the text after `x509.subject:`, or a certificate's subject. Output: one value for each attribute
//! type, with C, ST and O among them, and whether one such set is part of another. Values are compared
//! decoded, byte for byte, and types by their exact short names, as notation does; a subject that notation
//! cannot express (an unknown type, several values of one type, `=#` in a value) fits no identity here either.
//! Neither a chain nor an issuer is looked at.

mod error;
mod escapes;

use std::collections::BTreeMap;
use std::fmt;

pub use error::Error;
pub(crate) use error::quote;
use escapes::{parse_pair, split_unescaped};

use super::DistinguishedName;

/// Attributes that every identity and every subject must have, non-empty.
const MANDATORY: [&str; 3] = ["C", "ST", "O"];

/// What would begin a hex-encoded value; refused anywhere since CVE-2023-25656.
const HEX_VALUE: &str = "=#";

/// Attributes of a subject, one value for each type; C, ST and O are there and not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectIdentity {
    /// Values by short name; `S` is filed under `ST`.
    attributes: BTreeMap<String, String>,
}

impl SubjectIdentity {
    /// Parses the text after `x509.subject:` (RFC 4514 as notation reads it).
    ///
    /// `,` and `;` separate; blanks around types and values are dropped unless escaped; `\` escapes a special
    /// character or one byte as two hexadecimal digits; quotes are ordinary characters.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`] but [`Error::UnnamedType`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.contains(HEX_VALUE) {
            return Err(Error::HexValue);
        }
        let mut pairs = Vec::new();
        if !text.trim().is_empty() {
            for rdn in split_unescaped(text, &[',', ';']) {
                let mut attributes = Vec::new();
                for attribute in split_unescaped(rdn, &['+']) {
                    attributes.push(parse_pair(attribute)?);
                }
                pairs.push(attributes);
            }
        }
        // After the whole text, since notation, too, reports the syntax first.
        let mut attributes = BTreeMap::new();
        for mut rdn in pairs {
            let (Some((name, value)), true) = (rdn.pop(), rdn.is_empty()) else {
                let attribute = rdn.swap_remove(0).0;
                return Err(Error::MultiValued { attribute });
            };
            let name = if name == "S" { "ST".into() } else { name };
            // An empty value may be followed by a real one, as in notation.
            if attributes
                .get(&name)
                .is_some_and(|earlier: &String| !earlier.is_empty())
            {
                return Err(Error::Duplicate { attribute: name });
            }
            attributes.insert(name, value);
        }
        Self::with_mandatory(attributes)
    }

    /// The identity of a certificate's subject.
    ///
    /// # Errors
    ///
    /// [`Error::UnnamedType`], [`Error::HexValue`], [`Error::MultiValued`] and [`Error::Missing`]: no identity but `*`
    /// fits such a certificate.
    pub fn of_subject(subject: &DistinguishedName) -> Result<Self, Error> {
        let mut attributes: BTreeMap<String, String> = BTreeMap::new();
        let mut repeated = None;
        for attribute in subject.attributes() {
            let Some(name) = attribute.short_name() else {
                return Err(Error::UnnamedType {
                    oid: attribute.oid.to_string(),
                });
            };
            if attribute.value.contains(HEX_VALUE) {
                return Err(Error::HexValue);
            }
            let earlier = attributes.insert(name.to_owned(), attribute.value.clone());
            // Of these two Go keeps the last value only.
            if earlier.is_some() && !matches!(name, "CN" | "SERIALNUMBER") {
                repeated.get_or_insert(name);
            }
        }
        if let Some(name) = repeated {
            let attribute = name.to_owned();
            return Err(Error::MultiValued { attribute });
        }
        Self::with_mandatory(attributes)
    }

    fn with_mandatory(attributes: BTreeMap<String, String>) -> Result<Self, Error> {
        for attribute in MANDATORY {
            if attributes.get(attribute).is_none_or(String::is_empty) {
                return Err(Error::Missing { attribute });
            }
        }
        Ok(Self { attributes })
    }

    /// Whether `other` has every attribute of this one with the same value; an empty value asks for none.
    pub fn is_part_of(&self, other: &Self) -> bool {
        self.attributes
            .iter()
            .all(|(name, value)| other.attributes.get(name).map_or("", String::as_str) == value)
    }

    /// Whether one of the two is part of the other, so that a policy may not name both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.is_part_of(other) || other.is_part_of(self)
    }

    /// Whether this identity trusts the holder of a certificate with the subject `subject`.
    ///
    /// # Errors
    ///
    /// As [`Self::of_subject`].
    pub fn matches(&self, subject: &DistinguishedName) -> Result<bool, Error> {
        Ok(self.is_part_of(&Self::of_subject(subject)?))
    }

    /// As notation's messages show it: `map["C":"US" "O":"N" "ST":"WA"]`.
    pub fn notation_map(&self) -> String {
        let pairs: Vec<String> = self
            .attributes
            .iter()
            .map(|(name, value)| format!("{}:{}", quote(name), quote(value)))
            .collect();
        format!("map[{}]", pairs.join(" "))
    }
}

impl fmt::Display for SubjectIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self
            .attributes
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        f.write_str(&pairs.join(", "))
    }
}

#[cfg(test)]
mod tests;
