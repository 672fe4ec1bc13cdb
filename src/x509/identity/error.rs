//! Why a name is not an identity, in our words and in notation's.

use crate::oci::hex;

/// Why a name is not an identity.
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
                "such a certificate matches the identity `*`, or an identity that a plugin judges, but no `x509.subject`"
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

    /// Advice where the name is the subject of a certificate, which the reader cannot write differently.
    pub fn hint_for_certificate(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some(
                "sign with a certificate whose subject has the attributes C, ST and O; the identity `*` trusts every \
                 certificate under the statement's trust stores, whatever its subject"
                    .into(),
            ),
            other => other.hint(),
        }
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
