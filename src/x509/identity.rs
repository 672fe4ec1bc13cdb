//! Distinguished names as trust policies write and compare them
//! (`trust-store-trust-policy.md`, "Trusted Identities Constraints").
//!
//! Input: the text after `x509.subject:`, or a certificate's subject. Output: one value for each attribute
//! type, with C, ST and O among them, and whether one such set is part of another. Values are compared
//! decoded, byte for byte, and types by their exact short names, as notation does; a subject that notation
//! cannot express (an unknown type, several values of one type, `=#` in a value) fits no identity here either.
//! Neither a chain nor an issuer is looked at.

use std::collections::BTreeMap;
use std::fmt;

use super::DistinguishedName;
use crate::oci::hex;

/// Attributes that every identity and every subject must have, non-empty.
const MANDATORY: [&str; 3] = ["C", "ST", "O"];

/// What would begin a hex-encoded value; refused anywhere since CVE-2023-25656.
const HEX_VALUE: &str = "=#";

/// Why a name is no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `=#`, which RFC 4514 keeps for hex-encoded values.
    #[error("`=#` is in the name; hex-encoded values are not supported")]
    HexValue,
    /// A certificate's attribute of a type without a short name, which notation prints with `=#`.
    #[error("the subject has an attribute of type `{oid}`, which no identity can name")]
    UnnamedType {
        /// The attribute's type.
        oid: String,
    },
    /// Something between two separators that is not `TYPE=VALUE`.
    #[error("`{found}` is not of the form `TYPE=VALUE`")]
    Incomplete {
        /// The text between the separators.
        found: String,
    },
    /// A backslash that is followed neither by a special character nor by two hexadecimal digits.
    #[error("`{found}` has a backslash that escapes nothing")]
    Escape {
        /// The type or value.
        found: String,
    },
    /// Escaped bytes that are not UTF-8.
    #[error("the escaped bytes of `{found}` are not UTF-8")]
    NotUtf8 {
        /// The type or value.
        found: String,
    },
    /// Several attributes joined with `+`, or in a certificate several values of one type.
    #[error("`{attribute}` has more than one value; multi-valued attributes are not supported")]
    MultiValued {
        /// The attribute's short name.
        attribute: String,
    },
    /// One type twice.
    #[error("`{attribute}` occurs more than once")]
    Duplicate {
        /// The attribute's short name.
        attribute: String,
    },
    /// A mandatory attribute that is missing or empty.
    #[error("`{attribute}` is missing or empty; `C`, `ST` (or `S`) and `O` are required")]
    Missing {
        /// The attribute's short name.
        attribute: &'static str,
    },
}

impl Error {
    /// notation's sentence about the name that is written as `name`.
    pub fn notation_sentence(&self, name: &str) -> String {
        let name = quote(name);
        match self {
            Self::HexValue | Self::UnnamedType { .. } => format!(
                "unsupported distinguished name (DN) {name}: notation does not support x509.subject identities \
                 containing \"=#\""
            ),
            Self::Incomplete { .. } => {
                parsing_failed(&name, "DN ended with incomplete type, value pair")
            }
            Self::Escape { found } | Self::NotUtf8 { found } => parsing_failed(
                &name,
                &format!("got corrupted escaped character: '{found}'"),
            ),
            Self::MultiValued { .. } => format!(
                "distinguished name (DN) {name} has multi-valued RDN attributes, remove multi-valued RDN \
                 attributes as they are not supported"
            ),
            Self::Duplicate { attribute } => format!(
                "distinguished name (DN) {name} has duplicate RDN attribute for {}, DN can only have unique \
                 RDN attributes",
                quote(attribute)
            ),
            Self::Missing { attribute } => format!(
                "distinguished name (DN) {name} has no mandatory RDN attribute for {}, it must contain 'C', 'ST' \
                 or 'S', and 'O' RDN attributes at a minimum",
                quote(attribute)
            ),
        }
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        let advice = match self {
            Self::HexValue => "a value that begins with `#` is written `\\#`",
            Self::UnnamedType { .. } | Self::MultiValued { .. } => {
                "such a certificate fits the identity `*`, or one that a plugin judges, and no `x509.subject`"
            }
            Self::Incomplete { .. } => "a comma inside a value is written `\\,`",
            Self::Escape { .. } => "a backslash inside a value is written `\\\\`",
            Self::NotUtf8 { .. } => "write the character itself instead of its bytes",
            Self::Missing { .. } => {
                "attributes are written `x509.subject: C=US, ST=WA, O=example`, separated by commas, in capitals"
            }
            Self::Duplicate { .. } => return None,
        };
        Some(advice.into())
    }
}

fn parsing_failed(quoted_name: &str, reason: &str) -> String {
    format!(
        "parsing distinguished name (DN) {quoted_name} failed with err: {reason}. A valid DN must contain 'C', \
         'ST' or 'S', and 'O' RDN attributes at a minimum, and follow RFC 4514 standard"
    )
}

/// A value as notation's messages quote it (Go's `%q`, as far as text people write needs it).
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_ascii_control() => {
                quoted.push_str("\\x");
                quoted.push_str(&hex(&[u8::try_from(control).unwrap_or_default()]));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

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

/// Splits at separators that no backslash precedes.
fn split_unescaped<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaping = false;
    for (index, character) in text.char_indices() {
        if escaping {
            escaping = false;
        } else if character == '\\' {
            escaping = true;
        } else if separators.contains(&character) {
            parts.extend(text.get(start..index));
            start = index + character.len_utf8();
        }
    }
    parts.extend(text.get(start..));
    parts
}

fn parse_pair(text: &str) -> Result<(String, String), Error> {
    let incomplete = || Error::Incomplete {
        found: text.trim().to_owned(),
    };
    // Further equal signs belong to the value.
    let parts = split_unescaped(text, &['=']);
    let name = parts.first().filter(|_| parts.len() > 1);
    let name = decode(name.ok_or_else(incomplete)?)?;
    if name.is_empty() {
        return Err(incomplete());
    }
    Ok((
        name,
        decode(parts.get(1..).unwrap_or_default().join("=").as_str())?,
    ))
}

/// A type or value without its outer blanks and escapes.
fn decode(text: &str) -> Result<String, Error> {
    let text = trim(text);
    let escape = || Error::Escape {
        found: text.to_owned(),
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let literal = if character == '\\' {
            let escaped = characters.next().ok_or_else(escape)?;
            if let Some(high) = escaped.to_digit(16) {
                let low = characters.next().and_then(|low| low.to_digit(16));
                let byte = u8::try_from(high * 16 + low.ok_or_else(escape)?);
                bytes.push(byte.map_err(|_| escape())?);
                continue;
            }
            if !matches!(
                escaped,
                ' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\'
            ) {
                return Err(escape());
            }
            escaped
        } else {
            character
        };
        bytes.extend_from_slice(literal.encode_utf8(&mut [0; 4]).as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| Error::NotUtf8 {
        found: text.to_owned(),
    })
}

/// Without outer blanks, save for a last one that is escaped.
fn trim(text: &str) -> &str {
    let text = text.trim_start_matches(' ');
    let trimmed = text.trim_end_matches(' ');
    let backslashes = trimmed
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'\\')
        .count();
    if backslashes % 2 == 1 {
        // The first of the blanks that were cut belongs to the backslash, if there was one.
        return text.get(..=trimmed.len()).unwrap_or(trimmed);
    }
    trimmed
}

#[cfg(test)]
mod tests {
    use der::Tag;
    use der::asn1::{Any, SetOfVec};
    use x509_cert::attr::AttributeTypeAndValue;
    use x509_cert::name::{RdnSequence, RelativeDistinguishedName};

    use super::*;

    fn parse(text: &str) -> SubjectIdentity {
        SubjectIdentity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refused(text: &str) -> Error {
        SubjectIdentity::parse(text).expect_err(text)
    }

    /// A subject of relative distinguished names, each of `TYPE=VALUE` pairs.
    fn subject(rdns: &[&[(&str, &str)]]) -> DistinguishedName {
        let rdns = rdns.iter().map(|rdn| {
            let attributes: Vec<AttributeTypeAndValue> = rdn
                .iter()
                .map(|(name, value)| AttributeTypeAndValue {
                    oid: match *name {
                        "C" => "2.5.4.6",
                        "ST" => "2.5.4.8",
                        "O" => "2.5.4.10",
                        "OU" => "2.5.4.11",
                        "CN" => "2.5.4.3",
                        "L" => "2.5.4.7",
                        "SERIALNUMBER" => "2.5.4.5",
                        oid => oid,
                    }
                    .parse()
                    .unwrap(),
                    value: Any::new(Tag::Utf8String, value.as_bytes()).unwrap(),
                })
                .collect();
            RelativeDistinguishedName(SetOfVec::try_from(attributes).unwrap())
        });
        DistinguishedName::decode(&RdnSequence(rdns.collect())).unwrap()
    }

    /// The subject C=US, ST=WA, O=`organization`, CN=x.
    fn plain(organization: &str) -> DistinguishedName {
        subject(&[
            &[("C", "US")],
            &[("ST", "WA")],
            &[("O", organization)],
            &[("CN", "x")],
        ])
    }

    #[test]
    fn an_identity_is_part_of_the_subject_it_trusts() {
        for (identity, organization, expected) in [
            (" C=US, ST=WA, O=N", "N", true),
            ("C=US,S=WA,O=N", "N", true),
            ("O=N,C=US,ST=WA,CN=x", "N", true),
            ("C=US;ST=WA;O=N", "N", true),
            ("C=US,ST=WA,O=N,L=", "N", true),
            ("C=US,ST=WA,O=\\4e", "N", true),
            ("C=US,ST=WA,O=,O=N", "N", true),
            ("C=US,ST=WA,O=Zo\\c3\\ab", "Zoë", true),
            (
                "C=US,ST=WA,O=Acme\\, Inc. \\+ \\\"x\\\" \\<y\\>",
                "Acme, Inc. + \"x\" <y>",
                true,
            ),
            (
                "C=US,ST=WA,O=Acme\\2c Inc. \\2b \"x\" <y>",
                "Acme, Inc. + \"x\" <y>",
                true,
            ),
            ("C=US,ST=WA,O=a=b", "a=b", true),
            ("C=US,ST=WA,O=\\#N", "#N", true),
            ("C=US,ST=WA,O=\\  N \\ ", "  N  ", true),
            ("C=US,ST=WA,O=N", "n", false),
            ("C=US,ST=WA,O=N,OU=z", "N", false),
            ("C=US,ST=WA,O=\"N\"", "N", false),
            ("C=US,ST=WA,O= N ", " N ", false),
            ("C=US,ST=WA,O=N,FOO=x", "N", false),
        ] {
            let result = parse(identity).matches(&plain(organization));
            assert_eq!(result, Ok(expected), "{identity} and {organization}");
        }
    }

    #[test]
    fn what_is_no_identity_is_refused_with_notations_sentence() {
        let missing = |attribute| Error::Missing { attribute };
        let escape = |found: &str| Error::Escape {
            found: found.into(),
        };
        let incomplete = |found: &str| Error::Incomplete {
            found: found.into(),
        };
        for (text, expected, sentence) in [
            (
                " ",
                missing("C"),
                r#"distinguished name (DN) " " has no mandatory RDN attribute for "C", it must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum"#,
            ),
            (
                "C=US, ST=WA, O=x, O=y",
                Error::Duplicate {
                    attribute: "O".into(),
                },
                r#"distinguished name (DN) "C=US, ST=WA, O=x, O=y" has duplicate RDN attribute for "O", DN can only have unique RDN attributes"#,
            ),
            (
                "C=US+ST=WA, O=x",
                Error::MultiValued {
                    attribute: "C".into(),
                },
                r#"distinguished name (DN) "C=US+ST=WA, O=x" has multi-valued RDN attributes, remove multi-valued RDN attributes as they are not supported"#,
            ),
            (
                "C=US, ST=WA, O=x,",
                incomplete(""),
                r#"parsing distinguished name (DN) "C=US, ST=WA, O=x," failed with err: DN ended with incomplete type, value pair. A valid DN must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum, and follow RFC 4514 standard"#,
            ),
            (
                "C=US,ST=WA,O=x\\",
                escape("x\\"),
                r#"parsing distinguished name (DN) "C=US,ST=WA,O=x\\" failed with err: got corrupted escaped character: 'x\'. A valid DN must contain 'C', 'ST' or 'S', and 'O' RDN attributes at a minimum, and follow RFC 4514 standard"#,
            ),
            (
                "C=US,ST=WA,O=#0401",
                Error::HexValue,
                "unsupported distinguished name (DN) \"C=US,ST=WA,O=#0401\": notation does not support x509.subject identities containing \"=#\"",
            ),
        ] {
            let error = refused(text);
            assert_eq!(error, expected, "{text}");
            assert_eq!(error.notation_sentence(text), sentence);
        }
        assert_eq!(refused("nonsense"), incomplete("nonsense"));
        assert_eq!(refused("C=US, =x"), incomplete("=x"));
        assert_eq!(refused("C=US, ST=WA,,O=N"), incomplete(""));
        assert_eq!(refused("C=US,ST=WA,O=\\4"), escape("\\4"));
        assert_eq!(refused("C=US,ST=WA,O=\\zz"), escape("\\zz"));
        assert_eq!(refused("C=US,ST=WA,O=a\\\\\\"), escape("a\\\\\\"));
        assert_eq!(
            refused("C=US,ST=WA,O=\\ff"),
            Error::NotUtf8 {
                found: "\\ff".into()
            }
        );
        assert_eq!(
            refused("C=US,S=WA,ST=WA,O=x"),
            Error::Duplicate {
                attribute: "ST".into()
            }
        );
        assert_eq!(refused("c=US, st=WA, o=N"), missing("C"));
        assert_eq!(refused("2.5.4.6=US, ST=WA, O=N"), missing("C"));
        assert_eq!(refused("C=US, ST=, O=N"), missing("ST"));
    }

    #[test]
    fn a_subject_that_notation_cannot_express_fits_no_identity() {
        let base: [&[(&str, &str)]; 3] = [&[("C", "US")], &[("ST", "WA")], &[("O", "N")]];
        let with = |more: &[(&str, &str)]| {
            let mut rdns = base.to_vec();
            rdns.extend(more.chunks(1));
            parse("C=US,ST=WA,O=N").matches(&subject(&rdns))
        };
        let email = "1.2.840.113549.1.9.1";
        assert_eq!(with(&[]), Ok(true));
        assert_eq!(
            with(&[(email, "a@b")]),
            Err(Error::UnnamedType { oid: email.into() })
        );
        assert_eq!(
            with(&[("OU", "a"), ("OU", "b")]),
            Err(Error::MultiValued {
                attribute: "OU".into()
            })
        );
        // Go keeps the last of several common names.
        assert_eq!(with(&[("CN", "a"), ("CN", "b")]), Ok(true));
        assert_eq!(with(&[("CN", "a=#b")]), Err(Error::HexValue));
        let no_state = subject(&[&[("C", "US")], &[("O", "N")]]);
        assert_eq!(
            parse("C=US,ST=WA,O=N").matches(&no_state),
            Err(Error::Missing { attribute: "ST" })
        );
        // Several types in one relative name are not several values of one type.
        let packed = subject(&[&[("C", "US")], &[("ST", "WA")], &[("O", "N"), ("CN", "x")]]);
        assert_eq!(parse("C=US,ST=WA,O=N").matches(&packed), Ok(true));
    }

    #[test]
    fn identities_overlap_when_one_is_part_of_the_other() {
        let broad = parse("C=US,ST=WA,O=N");
        for (text, expected) in [
            ("C=US,S=WA,O=N", true),
            ("C=US,ST=WA,O=N,OU=x", true),
            ("C=US,ST=WA,O=N,L=", true),
            ("C=US,ST=WA,O=n", false),
            ("C=US,ST=OR,O=N,OU=x", false),
        ] {
            assert_eq!(broad.overlaps(&parse(text)), expected, "{text}");
            assert_eq!(parse(text).overlaps(&broad), expected, "{text}");
        }
        assert_eq!(broad.notation_map(), r#"map["C":"US" "O":"N" "ST":"WA"]"#);
        assert_eq!(broad.to_string(), "C=US, O=N, ST=WA");
    }

    #[test]
    fn an_escaped_backslash_does_not_keep_a_blank() {
        assert_eq!(
            parse("C=US,ST=WA,O=a\\\\ ").matches(&plain("a\\")),
            Ok(true)
        );
        assert_eq!(
            parse("C=US,ST=WA,O=a\\\\\\ ").matches(&plain("a\\ ")),
            Ok(true)
        );
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_never_panics(text: String) {
            let _ = SubjectIdentity::parse(&text).map_err(|error| error.notation_sentence(&text));
        }

        #[test]
        fn text_like_a_name_never_panics(text in "([A-Z]{0,3}[=#+,;\\\\ \"0-9a-fé]{0,4}){0,8}") {
            let _ = SubjectIdentity::parse(&text);
        }

        /// The decoded comparison and notation's way, over the printed text, give the same identity.
        #[test]
        fn a_subject_is_what_its_printed_text_says(
            values in proptest::collection::vec(("C|ST|O|OU|CN|L|SERIALNUMBER|1\\.2\\.3", "[ #=,+\\\\;<>\"aé]{0,4}"), 0..6),
            organization in "[ #=,+\\\\;<>\"aé]{1,4}",
        ) {
            let mut rdns = vec![vec![("C", "US")], vec![("ST", "WA")], vec![("O", organization.as_str())]];
            rdns.extend(values.iter().map(|(name, value)| vec![(name.as_str(), value.as_str())]));
            let rdns: Vec<&[(&str, &str)]> = rdns.iter().map(Vec::as_slice).collect();
            let name = subject(&rdns);
            let printed = SubjectIdentity::parse(&name.to_string());
            let decoded = SubjectIdentity::of_subject(&name);
            match (printed, decoded) {
                // An empty attribute counts as none.
                (Ok(printed), Ok(decoded)) => proptest::prop_assert!(
                    printed.is_part_of(&decoded) && decoded.is_part_of(&printed)
                ),
                (printed, decoded) => proptest::prop_assert_eq!(printed.is_err(), decoded.is_err()),
            }
        }
    }
}
