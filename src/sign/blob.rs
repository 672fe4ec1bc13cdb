//! Signs a blob, a file of any size. The signature is the caller's to store.
//!
//! Input: an open file and a signer. Output: an envelope over the file's descriptor
//! (`signing-and-verification-workflow.md`, "Blob signing"). The digest's algorithm is that of the
//! signer's key, so that the key is asked for first.

pub use crate::blob::{Blob, Progress};

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::reserved_key;
use crate::algorithm::HashAlgorithm;
use crate::allowance;
use crate::blob;
use crate::notary::RESERVED_PREFIX;
use crate::oci::Descriptor;
use crate::payload::Payload;
use crate::signer::{self, Signer, Terms};

/// What one signing asks for beyond the blob.
#[derive(Debug)]
#[doc(hidden)]
pub struct Options {
    /// Media type of the blob.
    pub media_type: String,
    /// User metadata to sign with the blob.
    pub user_metadata: BTreeMap<String, String>,
    /// The envelope's format, its expiry and its timestamp.
    pub terms: Terms,
}

/// A signature of a blob.
#[derive(Debug)]
#[non_exhaustive]
pub struct BlobSignature {
    /// What was signed.
    pub descriptor: Descriptor,
    /// The envelope, and what the signer says about it.
    pub signer: signer::Signature,
}

/// Why a blob was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// User metadata uses a key that the specification keeps for itself.
    #[error("user metadata key `{key}` begins with the reserved prefix `{RESERVED_PREFIX}`")]
    ReservedMetadata {
        /// The key.
        key: String,
    },
    /// The media type is not one.
    #[error("`{media_type}` is not a media type: {problem}")]
    MediaType {
        /// The text.
        media_type: String,
        /// What is wrong with it, in Go's words.
        problem: &'static str,
    },
    /// The media type is that of an image, whose signature this would be.
    #[error("`{media_type}` is the media type of an image, not of a blob")]
    ImageMediaType {
        /// The media type.
        media_type: String,
    },
    /// The blob could not be read.
    #[error(transparent)]
    Blob(blob::Error),
    /// The signer refused, or its answer did not hold.
    #[error("failed to sign `{}`", path.display())]
    Signer {
        /// The blob.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: signer::Error,
    },
    /// The key that signed is not the one that was described: the signature could not be verified.
    #[error(
        "`{}` was signed with {}, but its digest was computed for {}",
        path.display(), found.as_str(), wanted.as_str()
    )]
    OtherAlgorithm {
        /// The blob.
        path: PathBuf,
        /// The hash of the signature.
        found: HashAlgorithm,
        /// The hash of the key that was described.
        wanted: HashAlgorithm,
    },
}

impl Error {
    /// Whether signing again may succeed without any change: not allowed, not reachable, throttled.
    pub fn is_inconclusive(&self) -> bool {
        match self {
            Self::Signer { source, .. } => source.is_inconclusive(),
            Self::Blob(blob::Error::Changed { .. }) => true,
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ReservedMetadata { .. } => Some("choose another key".to_owned()),
            Self::MediaType { .. } => None,
            Self::ImageMediaType { .. } => Some(
                "sign the image itself: `countersign sign REFERENCE`, or `countersign sign --oci-layout PATH:TAG` for one on disk"
                    .to_owned(),
            ),
            Self::Blob(source) => source.hint(),
            Self::Signer { source, .. } => source.hint(),
            Self::OtherAlgorithm { .. } => {
                Some("the signer changed its key meanwhile; sign again".to_owned())
            }
        }
    }
}

/// Signs `blob`. `progress` is told how much was read.
///
/// # Errors
///
/// [`Error`]: nothing that does not verify is given back.
#[doc(hidden)]
pub async fn sign(
    blob: &Blob,
    signer: &Signer,
    options: &Options,
    progress: Progress<'_>,
) -> Result<BlobSignature, Error> {
    if let Some(key) = reserved_key(&options.user_metadata) {
        return Err(Error::ReservedMetadata { key });
    }
    check_media_type(&options.media_type)?;
    let path = || blob.path().to_owned();
    let failed = |source| Error::Signer {
        path: path(),
        source,
    };
    signer.check(&options.terms).map_err(failed)?;
    // 1. The key decides on the digest.
    let key = signer.key_spec().await.map_err(failed)?;
    let wanted = key.signature_algorithm().hash_algorithm();

    // 2. The payload: media type, digest and size, and the user's metadata.
    let describe = || blob.describe(&options.media_type, wanted, progress);
    let descriptor = allowance::uncounted(describe).map_err(Error::Blob)?;
    let payload = Payload::new(&descriptor, options.user_metadata.clone());

    // 3. The envelope, which the signer has verified.
    let made = signer
        .sign_blob(&payload, key, &options.terms)
        .await
        .map_err(failed)?;
    let algorithm = made.envelope.signer_info().signature_algorithm;
    let found = algorithm.hash_algorithm();
    if found != wanted {
        return Err(Error::OtherAlgorithm {
            path: path(),
            found,
            wanted,
        });
    }
    tracing::info!(file = %blob.path().display(), signer = signer.kind(), "signature made");
    Ok(BlobSignature {
        descriptor,
        signer: made,
    })
}

/// Checks a media type as notation does, with Go's `mime` package; parameters are allowed.
///
/// # Errors
///
/// [`Error::MediaType`] and [`Error::ImageMediaType`].
#[doc(hidden)]
pub fn check_media_type(media_type: &str) -> Result<(), Error> {
    if let Some(problem) = media_type_problem(media_type) {
        return Err(Error::MediaType {
            media_type: media_type.to_owned(),
            problem,
        });
    }
    if blob::is_manifest(media_type) {
        return Err(Error::ImageMediaType {
            media_type: media_type.to_owned(),
        });
    }
    Ok(())
}

fn media_type_problem(media_type: &str) -> Option<&'static str> {
    let (kind, parameters) = media_type.split_once(';').unwrap_or((media_type, ""));
    let (first, rest) = token(kind.trim());
    if first.is_empty() {
        return Some("mime: no media type");
    }
    if !rest.is_empty() {
        let Some(rest) = rest.strip_prefix('/') else {
            return Some("mime: expected slash after first token");
        };
        let (subtype, rest) = token(rest);
        if subtype.is_empty() {
            return Some("mime: expected token after slash");
        }
        if !rest.is_empty() {
            return Some("mime: unexpected content after media subtype");
        }
    }
    (!are_parameters(parameters)).then_some("mime: invalid media parameter")
}

/// The token of RFC 2045 that `text` begins with, and the rest.
fn token(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_graphic() || "()<>@,;:\\\"/[]?=".contains(c))
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// `name=value; name="value"`, each name once, as RFC 2045 has them; the last may be empty.
fn are_parameters(text: &str) -> bool {
    let mut names: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = token(rest);
        let name = name.to_ascii_lowercase();
        let Some(after) = after.strip_prefix('=') else {
            return false;
        };
        let Some(after) = parameter_value(after) else {
            return false;
        };
        if name.is_empty() || names.contains(&name) {
            return false;
        }
        names.push(name);
        rest = match after.trim_start() {
            "" => return true,
            after => match after.strip_prefix(';') {
                Some(after) => after.trim(),
                None => return false,
            },
        };
    }
    true
}

/// What follows a value, a token or a text in quotes; `None` if there is no value.
fn parameter_value(text: &str) -> Option<&str> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = token(text);
        return (!value.is_empty()).then_some(rest);
    };
    let mut escaped = false;
    for (position, character) in quoted.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return quoted.get(position + 1..),
            '\r' | '\n' => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_checked_as_notation_checks_them() {
        for good in [
            "application/octet-stream",
            "abc",
            "text/plain; charset=utf-8",
            "text/plain;charset=\"a \\\" b\"; x=y;",
        ] {
            assert_eq!(media_type_problem(good), None, "{good}");
        }
        for (bad, problem) in [
            ("", "mime: no media type"),
            ("/x", "mime: no media type"),
            ("text /plain", "mime: expected slash after first token"),
            ("text/", "mime: expected token after slash"),
            ("a/b/c", "mime: unexpected content after media subtype"),
            (
                "text/plain\u{1b}[31m",
                "mime: unexpected content after media subtype",
            ),
            ("text/plain; charset", "mime: invalid media parameter"),
            ("text/plain; a=b; A=c", "mime: invalid media parameter"),
            ("text/plain; a=\"b", "mime: invalid media parameter"),
            ("text/plain; a=b c", "mime: invalid media parameter"),
        ] {
            assert_eq!(media_type_problem(bad), Some(problem), "{bad}");
        }
    }

    #[test]
    fn a_blob_is_never_signed_as_an_image() {
        let error = check_media_type("application/vnd.oci.image.manifest.v1+json").unwrap_err();
        assert!(matches!(error, Error::ImageMediaType { .. }), "{error}");
        assert!(error.hint().unwrap().starts_with("sign the image itself"));
        check_media_type(blob::DEFAULT_MEDIA_TYPE).unwrap();
    }
}
