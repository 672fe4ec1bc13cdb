//! The platform that an image of an index is for.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::limits::MAX_PLATFORM_PART_CHARS;

/// What tools write where they know no platform.
const UNKNOWN: &str = "unknown";

/// A platform: `linux/amd64`, `linux/arm/v7`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Platform {
    os: String,
    architecture: String,
    #[serde(default, deserialize_with = "filled")]
    variant: Option<String>,
}

/// Why a text is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "wanted OS/ARCH or OS/ARCH/VARIANT in lower case, for example `linux/amd64` or `linux/arm/v7`"
)]
pub struct PlatformError;

/// An empty variant is the same as no variant.
fn filled<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let variant = Option::<String>::deserialize(from)?;
    Ok(variant.filter(|variant| !variant.is_empty()))
}

impl Platform {
    /// Whether no runtime runs on it, so that none picks the entry.
    pub(super) fn is_unknown(&self) -> bool {
        self.architecture == UNKNOWN && self.os == UNKNOWN
    }

    /// Whether it says for which runtimes the image is.
    pub(super) fn is_known(&self) -> bool {
        [&self.architecture, &self.os]
            .into_iter()
            .all(|part| !part.trim().is_empty() && *part != UNKNOWN)
    }

    /// Whether it is the same platform by another spelling: runtimes take `arm` for `arm/v7`, and `arm64/v8` for `arm64`.
    #[doc(hidden)]
    pub fn is_same(&self, other: &Self) -> bool {
        self.normal() == other.normal()
    }

    fn normal(&self) -> (&str, &str, &str) {
        let architecture = match self.architecture.as_str() {
            "x86_64" | "x86-64" => "amd64",
            "aarch64" => "arm64",
            "i386" => "386",
            "armhf" => "arm",
            architecture => architecture,
        };
        let variant = self.variant.as_deref().unwrap_or_default();
        let variant = match (architecture, variant) {
            ("arm64", "8" | "v8") | ("amd64", "v1") => "",
            ("arm", "" | "7") => "v7",
            ("arm", "5") => "v5",
            ("arm", "6") => "v6",
            ("arm", "8") => "v8",
            (_, variant) => variant,
        };
        (&self.os, architecture, variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let is_allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
        };
        let is_part = |part: &&str| {
            !part.is_empty()
                && part.len() <= MAX_PLATFORM_PART_CHARS
                && part.bytes().all(is_allowed)
        };
        let parts: Vec<&str> = text.split('/').collect();
        if !parts.iter().all(is_part) {
            return Err(PlatformError);
        }
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (*os, *architecture, None),
            [os, architecture, variant] => (*os, *architecture, Some((*variant).to_owned())),
            _ => return Err(PlatformError),
        };
        let platform = Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant,
        };
        // No image is for it.
        if platform.is_known() {
            Ok(platform)
        } else {
            Err(PlatformError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn a_platform_is_read_and_shown_as_it_is_written() {
        for text in [
            "linux/amd64",
            "linux/arm/v7",
            "windows/arm64",
            "wasip1/wasm",
        ] {
            assert_eq!(platform(text).to_string(), text);
        }
        let long = format!("linux/{}", "a".repeat(MAX_PLATFORM_PART_CHARS + 1));
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/arm/v7/x",
            "Linux/amd64",
            "linux/am d64",
            "unknown/unknown",
            "linux/unknown",
            "unknown/amd64",
            &long,
        ] {
            assert_eq!(text.parse::<Platform>(), Err(PlatformError), "{text}");
        }
    }

    #[test]
    fn other_spellings_are_the_same_platform() {
        for (one, other) in [
            ("linux/arm64", "linux/arm64/v8"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/amd64", "linux/x86_64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/amd64", "linux/amd64/v1"),
        ] {
            assert!(platform(one).is_same(&platform(other)), "{one} {other}");
        }
        for (one, other) in [
            ("linux/arm", "linux/arm/v6"),
            ("linux/arm64", "linux/arm"),
            ("linux/amd64", "windows/amd64"),
            ("linux/amd64", "linux/amd64/v3"),
        ] {
            assert!(!platform(one).is_same(&platform(other)), "{one} {other}");
        }
    }
}
