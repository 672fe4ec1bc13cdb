//! Digests, descriptors and manifests of the OCI image specification.
//!
//! The types are `oci-spec`'s; what is added here is the check of bytes against a digest, which
//! this program never leaves to a registry's word.

pub use oci_spec::image::{Descriptor, Digest};

use crate::algorithm::HashAlgorithm;

/// Why bytes are not what a digest names.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The digest is not of a form that this program can check.
    #[error(
        "digest `{0}` is not a `sha256`, `sha384` or `sha512` digest in lower-case hexadecimal"
    )]
    UnsupportedDigest(String),
    /// The bytes have another digest.
    #[error("content has digest `{found}`, wanted `{wanted}`")]
    DigestMismatch {
        /// The digest asked for.
        wanted: String,
        /// The digest of the bytes that came.
        found: String,
    },
}

/// Parses `text` as a digest whose content this program can check.
///
/// # Errors
///
/// [`Error::UnsupportedDigest`] if the algorithm is not SHA-256, SHA-384 or SHA-512, or the rest is
/// not that hash in lower-case hexadecimal.
pub fn parse_digest(text: &str) -> Result<Digest, Error> {
    parts(text)?;
    text.parse()
        .map_err(|_| Error::UnsupportedDigest(text.to_owned()))
}

/// The algorithm of a digest that can be checked, and its hash in hexadecimal.
fn parts(text: &str) -> Result<(HashAlgorithm, &str), Error> {
    let unsupported = || Error::UnsupportedDigest(text.to_owned());
    let (algorithm, hex) = text.split_once(':').ok_or_else(unsupported)?;
    let (algorithm, length) = match algorithm {
        "sha256" => (HashAlgorithm::Sha256, 64),
        "sha384" => (HashAlgorithm::Sha384, 96),
        "sha512" => (HashAlgorithm::Sha512, 128),
        _ => return Err(unsupported()),
    };
    let is_lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() != length || !hex.bytes().all(is_lower_hex) {
        return Err(unsupported());
    }
    Ok((algorithm, hex))
}

/// The SHA-256 digest of `bytes`.
pub fn sha256_digest(bytes: &[u8]) -> Digest {
    digest_with(HashAlgorithm::Sha256, bytes)
}

/// The digest of `bytes` with `algorithm`.
pub fn digest_with(algorithm: HashAlgorithm, bytes: &[u8]) -> Digest {
    digest_of_hash(algorithm, &algorithm.hash(bytes))
}

/// The digest that `hash` is, made with `algorithm`.
pub fn digest_of_hash(algorithm: HashAlgorithm, hash: &[u8]) -> Digest {
    let prefix = match algorithm {
        HashAlgorithm::Sha256 => "sha256",
        HashAlgorithm::Sha384 => "sha384",
        HashAlgorithm::Sha512 => "sha512",
    };
    let text = format!("{prefix}:{}", hex(hash));
    #[expect(
        clippy::expect_used,
        reason = "a hash in hexadecimal after its name is a digest"
    )]
    text.parse().expect("well-formed digest")
}

/// Checks that `bytes` are what `digest` names.
///
/// # Errors
///
/// [`Error::DigestMismatch`], or [`Error::UnsupportedDigest`] if the digest cannot be checked.
pub fn verify_digest(digest: &Digest, bytes: &[u8]) -> Result<(), Error> {
    let (algorithm, wanted) = parts(digest.as_ref())?;
    let found = algorithm.hash(bytes);
    if hex(&found) == wanted {
        Ok(())
    } else {
        Err(Error::DigestMismatch {
            wanted: digest.to_string(),
            found: digest_of_hash(algorithm, &found).to_string(),
        })
    }
}

/// `bytes` in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_is_checked_against_the_bytes() {
        let digest = parse_digest(EMPTY).unwrap();
        assert_eq!(verify_digest(&digest, b""), Ok(()));
        assert_eq!(
            verify_digest(&digest, b"{}"),
            Err(Error::DigestMismatch {
                wanted: EMPTY.to_owned(),
                found: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
                    .to_owned(),
            })
        );
    }

    #[test]
    fn only_checkable_digests_are_parsed() {
        for text in [
            "",
            "sha256:",
            "md5:d41d8cd98f00b204e9800998ecf8427e",
            &EMPTY.to_uppercase(),
            EMPTY.get(..70).unwrap(),
        ] {
            assert_eq!(
                parse_digest(text),
                Err(Error::UnsupportedDigest(text.to_owned()))
            );
        }
        let sha512 = digest_with(HashAlgorithm::Sha512, b"x");
        assert_eq!(parse_digest(sha512.as_ref()), Ok(sha512));
    }
}
