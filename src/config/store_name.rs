//! The name of a trust store, as trust policies write it and as directories spell it
//! (`trust-store-trust-policy.md`, "Trust Store").

use std::fmt;

use crate::notary::StoreType;

/// A trust store's type and name, such as `signingAuthority:aws-signer-ts`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreName {
    kind: StoreType,
    name: String,
}

/// Why a text is not the name of a trust store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreNameError {
    /// No colon.
    #[error("trust store `{found}` is not of the form `TYPE:NAME`")]
    NoType {
        /// The whole text.
        found: String,
    },
    /// A type other than the three; letter case counts.
    #[error("trust store type `{found}` is not `ca`, `signingAuthority` or `tsa`")]
    Type {
        /// The text before the colon.
        found: String,
    },
    /// A name that is empty or has other characters, or is `.` or `..`.
    #[error(
        "trust store name `{found}` must consist of letters, digits, `_`, `.` and `-`, and must not be `.` or `..`"
    )]
    Name {
        /// The text after the first colon.
        found: String,
    },
}

/// How the names of stores begin that a gate makes.
const OF_GATE: &str = "gate policy ";

impl StoreName {
    /// The store of this type and name.
    ///
    /// # Errors
    ///
    /// [`StoreNameError::Name`]. `.` and `..` would lead out of the directory of the type. Unlike notation, which
    /// takes them.
    pub fn new(kind: StoreType, name: &str) -> Result<Self, StoreNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if name.is_empty() || !name.bytes().all(allowed) || matches!(name, "." | "..") {
            let found = name.to_owned();
            return Err(StoreNameError::Name { found });
        }
        let name = name.to_owned();
        Ok(Self { kind, name })
    }

    /// The store of the roots of AWS Signer that a user names in place of the published ones.
    pub fn trust_anchor() -> Self {
        Self {
            kind: StoreType::SigningAuthority,
            name: "trust-anchor".to_owned(),
        }
    }

    /// The store with a signer's own root, which is not on disk.
    pub fn own(kind: StoreType) -> Self {
        Self {
            kind,
            name: "own".to_owned(),
        }
    }

    /// The store of roots of AWS Signer that a gate policy's signing profiles rest on, by a number. No trust policy can
    /// write its name, so that it stands in for no store of one.
    pub(crate) fn of_gate(number: usize) -> Self {
        Self {
            kind: StoreType::SigningAuthority,
            name: format!("{OF_GATE}{number}"),
        }
    }

    /// Whether it is one of [`StoreName::of_gate`].
    pub(crate) fn is_of_gate(&self) -> bool {
        self.name.starts_with(OF_GATE)
    }

    /// Parses `TYPE:NAME`.
    ///
    /// # Errors
    ///
    /// Every variant of [`StoreNameError`].
    pub fn parse(text: &str) -> Result<Self, StoreNameError> {
        let (kind, name) = text.split_once(':').ok_or_else(|| StoreNameError::NoType {
            found: text.to_owned(),
        })?;
        let kind = StoreType::from_name(kind).ok_or_else(|| StoreNameError::Type {
            found: kind.to_owned(),
        })?;
        Self::new(kind, name)
    }

    /// The store's type.
    pub const fn kind(&self) -> StoreType {
        self.kind
    }

    /// The store's name, one component of a path.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_one_harmless_component_of_a_path() {
        for text in [
            "ca:acme",
            "signingAuthority:a..b",
            "tsa:-",
            "ca:...",
            "ca:A_1",
        ] {
            assert_eq!(StoreName::parse(text).unwrap().to_string(), text);
        }
        for (text, name) in [
            ("ca:", ""),
            ("ca:.", "."),
            ("ca:..", ".."),
            ("ca:a b", "a b"),
            ("ca:a:b", "a:b"),
            ("ca:a/b", "a/b"),
            ("ca:a\n", "a\n"),
            ("ca:ü", "ü"),
        ] {
            let found = name.into();
            assert_eq!(StoreName::parse(text), Err(StoreNameError::Name { found }));
        }
    }

    #[test]
    fn the_type_is_one_of_three_in_its_exact_spelling() {
        for (text, kind) in [
            ("CA:a", "CA"),
            ("root:a", "root"),
            (" ca:a", " ca"),
            (":a", ""),
        ] {
            let found = kind.into();
            assert_eq!(StoreName::parse(text), Err(StoreNameError::Type { found }));
        }
        let found = "acme".into();
        assert_eq!(
            StoreName::parse("acme"),
            Err(StoreNameError::NoType { found })
        );
    }
}
