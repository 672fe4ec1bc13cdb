//! The grammar of the distribution specification: repository names, tags and digests.
//!
//! Hosts are not names: they are judged in `host.rs`.

use std::fmt;

use aws_lc_rs::digest;

use crate::random::to_hex;

/// What is said of a text that is not a digest.
pub(super) const NOT_A_DIGEST: &str =
    "invalid digest: sha256 or sha512 in lower-case hexadecimal digits is wanted";

/// Characters of a repository name (ECR's `CreateRepository`). Many clients take less, host and all.
pub(crate) const MAX_NAME_CHARACTERS: usize = 256;

/// Characters of a tag (distribution specification, "Pulling manifests").
const MAX_TAG_CHARACTERS: usize = 128;

/// Whether `text` is a repository name: components of `[a-z0-9]` runs, joined by `.`, `_`, `__` or dashes.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME_CHARACTERS && text.split('/').all(is_name_component)
}

fn is_name_component(component: &str) -> bool {
    let is_alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends_are_alphanumeric =
        bytes.first().is_some_and(is_alphanumeric) && bytes.last().is_some_and(is_alphanumeric);
    ends_are_alphanumeric
        && bytes.split(is_alphanumeric).all(|separator| {
            matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|b| *b == b'-')
        })
}

/// Whether `text` is a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub(crate) fn is_tag(text: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    text.len() <= MAX_TAG_CHARACTERS
        && text.as_bytes().first().is_some_and(is_word)
        && text
            .bytes()
            .all(|byte| is_word(&byte) || matches!(byte, b'.' | b'-'))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Algorithm {
    Sha256,
    Sha512,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn hex_of(self, bytes: &[u8]) -> String {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        to_hex(digest::digest(algorithm, bytes).as_ref())
    }

    fn hex_characters(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// A digest of one of the two algorithms that the image specification registers and everybody can compute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// `sha256:` and 64, or `sha512:` and 128 lower-case hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, hex) = text.split_once(':')?;
        let algorithm = [Algorithm::Sha256, Algorithm::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)?;
        let is_hex = hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (is_hex && hex.len() == algorithm.hex_characters()).then(|| Self {
            algorithm,
            hex: hex.to_owned(),
        })
    }

    /// The SHA-256 digest of `bytes`.
    pub(crate) fn sha256(bytes: &[u8]) -> Self {
        Self {
            algorithm: Algorithm::Sha256,
            hex: Algorithm::Sha256.hex_of(bytes),
        }
    }

    /// Whether this is the digest of `bytes`.
    pub(crate) fn matches(&self, bytes: &[u8]) -> bool {
        self.algorithm.hex_of(bytes) == self.hex
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    pub(crate) fn hex(&self) -> &str {
        &self.hex
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.algorithm.name(), self.hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar() {
        let longest = "a".repeat(MAX_NAME_CHARACTERS);
        for good in ["a", "app", "team/app", "a.b_c__d-e---f/0", longest.as_str()] {
            assert!(is_name(good), "{good}");
        }
        let too_long = "a".repeat(MAX_NAME_CHARACTERS + 1);
        let bad = [
            "",
            "/",
            "/a",
            "a/",
            "a//b",
            "A",
            "a..b",
            "a___b",
            "a._b",
            "-a",
            "a-",
            "_a",
            "a b",
            "a/../b",
            "é",
            too_long.as_str(),
        ];
        for bad in bad {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn tags_follow_the_grammar() {
        let longest = "t".repeat(MAX_TAG_CHARACTERS);
        for good in ["latest", "_", "1.0-RC_1", longest.as_str()] {
            assert!(is_tag(good), "{good}");
        }
        let too_long = "t".repeat(MAX_TAG_CHARACTERS + 1);
        for bad in ["", ".a", "-a", "a:b", "a/b", "é", too_long.as_str()] {
            assert!(!is_tag(bad), "{bad}");
        }
    }

    #[test]
    fn digests_follow_the_grammar() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest = Digest::parse(empty).unwrap();
        assert_eq!(digest, Digest::sha256(b""));
        assert_eq!(digest.to_string(), empty);
        assert!(digest.matches(b""));
        assert!(!digest.matches(b"x"));
        assert!(Digest::parse(&format!("sha512:{}", "0".repeat(128))).is_some());
        for bad in [
            String::new(),
            "sha256:".to_owned(),
            empty.to_uppercase(),
            empty.replace("sha256", "md5"),
            empty.replace("sha256", "sha512"),
            format!("{empty}0"),
            empty.replace("e3", "g3"),
            empty.replace("sha256:", "sha256:sha256:"),
        ] {
            assert_eq!(Digest::parse(&bad), None, "{bad}");
        }
    }
}
