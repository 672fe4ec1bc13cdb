//! Notation's own sentence for each failure: the first line that people and scripts know.

use std::error::Error as StdError;
use std::path::Path;

use super::called::Called;
use crate::causes;
use crate::notary::{RESERVED_PREFIX, rfc3339};
use crate::outcome::{Failure, FailureClass};
use crate::printable::one_line;
use crate::reference::ArtifactReference;
use crate::registry::{LayoutFault, Warning};
use crate::sign::many::{Error, Note, Refusals};
use crate::{files, registry, sign, signer, timestamp, trust_policy, verify};

/// The sentence for a verification that failed. `scope` is what policies call a layout.
///
/// Notation has one sentence for a rejection and for what could not be decided; by our own name the
/// latter has its own.
pub(crate) fn of_verification(error: &verify::Error, scope: &str, called: Called) -> String {
    let is_inconclusive = error.class() == FailureClass::Inconclusive && !called.is_notation();
    match error {
        verify::Error::List { .. } | verify::Error::Inconclusive(_) if is_inconclusive => {
            error.to_string()
        }
        verify::Error::Policy { reference, source } => {
            let sentence = source.notation_sentence(&in_scope(reference, scope));
            match source {
                trust_policy::Error::InvalidScope { .. } => {
                    format!("signature verification failed: {sentence}")
                }
                _ => sentence,
            }
        }
        verify::Error::Open { source, .. } => of_open(source),
        verify::Error::Resolve { reference, source } => of_resolve(reference, source),
        verify::Error::Requirement { .. }
        | verify::Error::TagOffline { .. }
        | verify::Error::NotTried { .. }
        | verify::Error::Stopped { .. }
        | verify::Error::Unfinished { .. }
        | verify::Error::Index { .. }
        | verify::Error::Entry { .. }
        | verify::Error::Images(_)
        | verify::Error::NotStored { .. }
        | verify::Error::Store { .. } => error.to_string(),
        verify::Error::List { source, .. } => format!("signature verification failed: {source}"),
        verify::Error::NoSignature { reference, .. } => format!(
            "signature verification failed: no signature is associated with \"{}\", make \
             sure the artifact was signed successfully",
            in_scope(reference, scope)
        ),
        verify::Error::Rejected(refused) | verify::Error::Inconclusive(refused) => refused
            .leading()
            .and_then(Failure::notation_error)
            .unwrap_or_else(|| {
                format!(
                    "signature verification failed for all the signatures associated with {}",
                    refused.reference
                )
            }),
    }
}

/// The sentence for a signing that failed.
pub(crate) fn of_signing(error: &sign::Error) -> String {
    match error {
        sign::Error::Open { source, .. } => of_open(source),
        sign::Error::Resolve { reference, source } => of_resolve(reference, source),
        // It was pushed: notation's sentence would say that it was not.
        sign::Error::Push {
            source: source @ registry::Error::NotListed { .. },
            ..
        } => source.to_string(),
        sign::Error::Push { source, .. } => {
            format!("failed to push signature to registry with error: {source}")
        }
        sign::Error::Moved { signed, found, .. } => {
            format!("during signing descriptor subject has changed from {signed} to {found}")
        }
        sign::Error::ReservedMetadata { key } => reserved_metadata(key),
        sign::Error::Signer { source, .. } => {
            of_signer(source).unwrap_or_else(|| error.to_string())
        }
    }
}

/// The sentence for one of many signings that failed.
pub(crate) fn of_many_signing(error: &Error) -> String {
    match error {
        Error::Sign(error) => of_signing(error),
        _ => error.to_string(),
    }
}

/// The error whose sources are the causes that [`of_many_signing`] does not say.
pub(crate) fn below_many_signing(error: &Error) -> &(dyn StdError + 'static) {
    match error {
        // The sentence says everything above it.
        Error::Sign(sign::Error::Signer {
            source: signer::Error::Timestamp { source },
            ..
        }) => source,
        Error::Sign(error) => error,
        Error::IfMissing(error) => error,
        error => error,
    }
}

/// What is said of a reference that stands for the same as `other`, which is signed.
pub(crate) fn of_same_artifact(text: &str, other: &str) -> String {
    let one = one_line(text);
    if other == text {
        format!("`{one}` is given twice")
    } else {
        format!("`{one}` is the same artifact as `{}`", one_line(other))
    }
}

/// Why signatures that were there did not count.
pub(crate) fn of_refusals(refusals: &Refusals) -> String {
    let best = &refusals.best;
    let mut reason = best.to_string();
    for cause in causes::beyond(&best.to_string(), best) {
        reason.push_str(": ");
        reason.push_str(&cause);
    }
    match refusals.count {
        1 => format!("a signature there did not count: {reason}"),
        several => format!("{several} signatures there did not count, the best of them: {reason}"),
    }
}

/// What is worth knowing of a new signature.
pub(crate) fn of_note(note: &Note) -> String {
    match note {
        Note::OfSigner(sentence) => sentence.clone(),
        Note::ExpiresTooSoon(expiry) => format!(
            "the new signature is good until {} only, which is too short for the time that must remain; \
             the next run will sign again",
            rfc3339(*expiry)
        ),
    }
}

/// What is said of what a registry did not do as it should.
pub(crate) const fn of_warning(warning: &Warning) -> &'static str {
    match warning {
        // Notation's.
        Warning::OldIndexNotDeleted { .. } => {
            "Removal of outdated referrers index from remote registry failed. Garbage collection may \
             be required."
        }
        Warning::NotListed => {
            "the registry does not list the signature in its referrers API; it was stored with the \
             referrers tag schema too"
        }
        Warning::IndexContended => {
            "another signer changed the index of signatures at the same time; the signature is in it \
             now, which this registry cannot guarantee for later: check with `countersign list`"
        }
    }
}

/// The sentence for what a signer did not do, where notation has one.
fn of_signer(error: &signer::Error) -> Option<String> {
    match error {
        signer::Error::Plugin(source @ signer::plugin::Error::NoBlobCapability { .. }) => {
            Some(source.to_string())
        }
        signer::Error::Plugin(signer::plugin::Error::Unsound { plugin, source, .. }) => {
            let reason = of_signer(source).unwrap_or_else(|| source.to_string());
            Some(format!("failed to sign with the plugin {plugin}: {reason}"))
        }
        signer::Error::Plugin(source) => Some(format!(
            "failed to sign with the plugin {}: {source}",
            source.plugin()
        )),
        signer::Error::Chain { source: problem } => Some(format!("{error}, {problem}")),
        signer::Error::Timestamp { source } => Some(format!("timestamp: {source}")),
        signer::Error::Signature { .. } | signer::Error::NotVerified { .. } => {
            Some(error.to_string())
        }
        _ => None,
    }
}

/// The sentence for a signing of a blob that failed.
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "only the command line says it")
)]
pub(crate) fn of_blob_signing(error: &sign::blob::Error) -> String {
    match error {
        sign::blob::Error::ReservedMetadata { key } => reserved_metadata(key),
        sign::blob::Error::MediaType {
            media_type,
            problem,
        } => format!("invalid content media-type {media_type:?}: {problem}"),
        sign::blob::Error::Signer { source, .. } => {
            of_signer(source).unwrap_or_else(|| error.to_string())
        }
        _ => error.to_string(),
    }
}

/// The sentence for a verification of a blob that failed.
pub(crate) fn of_blob_verification(error: &verify::blob::Error, called: Called) -> String {
    let refused = match error {
        verify::blob::Error::Requirement { .. } => return error.to_string(),
        verify::blob::Error::Inconclusive(_) if !called.is_notation() => return error.to_string(),
        verify::blob::Error::Policy { path, source } => {
            return source.notation_sentence(&path.to_string_lossy());
        }
        verify::blob::Error::Rejected(refused) | verify::blob::Error::Inconclusive(refused) => {
            refused
        }
    };
    let Some(failure) = refused.outcome.refusal() else {
        return error.to_string();
    };
    if let Some(sentence) = failure.notation_error() {
        return sentence;
    }
    let reason = match failure {
        Failure::AnotherArtifact { .. } => {
            "integrity check failed. signature does not match the given blob".to_owned()
        }
        Failure::Blob { source } => format!("{failure}. Error: {source}"),
        _ => failure.to_string(),
    };
    format!("signature verification failed: {reason}")
}

fn reserved_metadata(key: &str) -> String {
    format!("error adding user metadata: metadata key {key} has reserved prefix {RESERVED_PREFIX}")
}

/// The sentence for a file that a flag or an argument names and that cannot be used, as Go says it.
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "only the command line says it")
)]
pub(crate) fn of_file(error: &files::Error) -> String {
    of_file_at(error, error.path()).unwrap_or_else(|| error.to_string())
}

/// The same of a file that is named as `path`, where Go has words for it.
pub(crate) fn of_file_at(error: &files::Error, path: &Path) -> Option<String> {
    let path = path.display();
    Some(match error {
        files::Error::NotFound { .. } => format!("open {path}: no such file or directory"),
        _ if error.is_denied() => format!("open {path}: permission denied"),
        files::Error::WrongKind { found, .. } if *found == "a directory" => {
            format!("read {path}: is a directory")
        }
        _ => return None,
    })
}

/// The words for `path`, which cannot be written, where Go has some.
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "only the command line says it")
)]
pub(crate) fn of_written_file(error: &files::Error, path: &Path) -> Option<String> {
    let problem = match error {
        _ if error.is_denied() => "permission denied",
        files::Error::WrongKind { found, .. } if *found == "a directory" => "is a directory",
        _ => return None,
    };
    Some(format!("open {}: {problem}", path.display()))
}

/// What is wrong with a timestamp that cannot be read: notation's words, where it has the same fault.
pub(crate) fn of_unreadable_timestamp(error: &timestamp::Error) -> String {
    match error {
        timestamp::Error::NotBer("an element longer than what holds it") => {
            "cms: syntax error: invalid signed data: failed to convert from BER to DER: asn1: syntax error: decoding \
             BER length octets: short form length octets value should be less or equal to the subsequent octets length"
                .to_owned()
        }
        error => causes::in_one_line(error),
    }
}

/// What notation calls an artifact whose statement it looks for: a layout by its scope.
fn in_scope(reference: &ArtifactReference, scope: &str) -> String {
    match reference {
        ArtifactReference::Registry(reference) => reference.to_string(),
        ArtifactReference::Layout(reference) => match (reference.digest(), reference.tag()) {
            (Some(digest), _) => format!("{scope}@{digest}"),
            (None, tag) => format!("{scope}:{}", tag.unwrap_or_default()),
        },
    }
}

/// The sentence for an OCI image layout that cannot be opened.
pub(crate) fn of_open(error: &registry::Error) -> String {
    let reason = match error {
        registry::Error::NotALayout { path, fault } => match fault {
            LayoutFault::Missing => format!("stat {}: no such file or directory", path.display()),
            LayoutFault::NotADirectory => "the input path is not a directory".to_owned(),
            LayoutFault::Version(_) => "invalid OCI Image Layout: unsupported version".to_owned(),
            _ => error.to_string(),
        },
        _ => error.to_string(),
    };
    format!("failed to create OCI store: {reason}")
}

/// The sentence for an artifact that cannot be resolved.
pub(crate) fn of_resolve(reference: &ArtifactReference, source: &registry::Error) -> String {
    if source.kind() == registry::Kind::NotFound
        && matches!(reference, ArtifactReference::Layout(_))
    {
        "failed to get manifest descriptor: not found".to_owned()
    } else if source.kind() == registry::Kind::NotFound {
        format!("failed to get manifest descriptor: {reference}: not found")
    } else {
        format!("failed to get manifest descriptor: {source}")
    }
}
