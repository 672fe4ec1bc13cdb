//! Why a trust store cannot be used, in our words and in notation's.

use std::path::PathBuf;

use super::unfit::{Unfit, wanted};
use crate::config::StoreName;
use crate::notary::StoreType;
use crate::oci::Digest;
use crate::x509::identity::quote;
use crate::{files, x509};

/// Why a trust store cannot be used. One bad file spoils the whole store: which of its certificates were meant to be
/// trusted is not guessed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no such store.
    #[error("the trust store `{store}` does not exist")]
    Missing {
        /// The store.
        store: StoreName,
        /// Where it was looked for; `None` for stores in memory.
        directory: Option<PathBuf>,
    },
    /// It is a symbolic link, a file or another thing that is not a directory.
    #[error("the trust store `{store}` is not a directory")]
    NotDirectory {
        /// The store.
        store: StoreName,
        /// What it is; names the path.
        source: files::Error,
    },
    /// It cannot be listed.
    #[error("the trust store `{store}` cannot be listed")]
    Unlistable {
        /// The store.
        store: StoreName,
        /// Why; names the path.
        source: files::Error,
    },
    /// Something in it is a symbolic link, a directory or another thing that is not a file.
    #[error("`{file}` in the trust store `{store}` is not a regular file")]
    NotRegular {
        /// The store.
        store: StoreName,
        /// The name in the store.
        file: String,
        /// What it is; names the path.
        source: files::Error,
    },
    /// A file in it cannot be read.
    #[error("`{file}` in the trust store `{store}` cannot be read")]
    Unreadable {
        /// The store.
        store: StoreName,
        /// The name in the store.
        file: String,
        /// Why; names the path.
        source: files::Error,
    },
    /// A file in it is not made of certificates.
    #[error("`{file}` in the trust store `{store}` cannot be read as certificates")]
    NotCertificates {
        /// The store.
        store: StoreName,
        /// The name in the store.
        file: String,
        /// Why.
        source: Box<x509::Error>,
    },
    /// A file in it has no certificate.
    #[error("`{file}` in the trust store `{store}` holds no certificate")]
    EmptyFile {
        /// The store.
        store: StoreName,
        /// The name in the store.
        file: String,
    },
    /// A certificate in it is not one that others can rest on.
    #[error("`{file}` in the trust store `{store}` holds `{subject}`, which is {found}; wanted: {}", wanted(store.kind()))]
    NotAnAnchor {
        /// The store.
        store: StoreName,
        /// The name in the store.
        file: String,
        /// The certificate's subject.
        subject: String,
        /// What it lacks.
        found: String,
    },
    /// It has no file at all.
    #[error("the trust store `{store}` is empty")]
    Empty {
        /// The store.
        store: StoreName,
    },
    /// The certificates have another digest than the one that was given for them.
    #[error("the certificates of the trust stores below `{}` have the digest `{found}`; wanted: `{wanted}`", directory.display())]
    OtherDigest {
        /// The directory that the stores are in.
        directory: PathBuf,
        /// The digest of what is there, by [`super::digest_of`].
        found: Digest,
        /// The digest that was given.
        wanted: Digest,
    },
    /// AWS publishes no root for this partition, as far as is known here.
    #[error("no root certificate of AWS Signer is published for the partition `{partition}`")]
    NoPublishedRoot {
        /// The partition, such as `aws-cn`.
        partition: String,
    },
}

impl Error {
    /// What is wrong with a file, of this store.
    pub(super) fn of_file(store: StoreName, file: String, unfit: Unfit) -> Self {
        match unfit {
            Unfit::NotCertificates { source } => Self::NotCertificates {
                store,
                file,
                source,
            },
            Unfit::Empty => Self::EmptyFile { store, file },
            Unfit::NotAnAnchor { subject, found, .. } => Self::NotAnAnchor {
                store,
                file,
                subject,
                found,
            },
        }
    }

    /// notation's sentence, as a result of the validation `authenticity`.
    #[doc(hidden)]
    pub fn notation_sentence(&self) -> String {
        let (message, reason) = self.in_notation();
        match reason {
            None => message,
            // Where Go prints the remains of a format.
            Some(reason) if reason.is_empty() => message + ".",
            Some(reason) => format!("{message}. {reason}"),
        }
    }

    /// The part of notation's sentence that it has in a warning: the reason is not in it.
    #[doc(hidden)]
    pub fn notation_message(&self) -> String {
        self.in_notation().0
    }

    /// notation's message, and the reason that it may have; an empty one where its own is missing.
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn in_notation(&self) -> (String, Option<String>) {
        match self {
            Self::Missing { store, .. } => (
                format!(
                    "the trust store {} of type \"{}\" does not exist",
                    quote(store.name()),
                    store.kind()
                ),
                None,
            ),
            Self::NotDirectory { store, source } => (
                format!(
                    "the trust store {} of type {} with path {} is not a regular directory (symlinks are not supported)",
                    store.name(),
                    store.kind(),
                    source.path().display()
                ),
                Some(String::new()),
            ),
            Self::Unlistable { store, source } => (
                format!(
                    "failed to access the trust store {} of type \"{}\"",
                    quote(store.name()),
                    store.kind()
                ),
                Some(of_system(source)),
            ),
            Self::NotRegular { store, file, .. } => (
                format!(
                    "trusted certificate {file} in trust store {} of type {} is not a regular file (directories or \
                     symlinks are not supported)",
                    store.name(),
                    store.kind()
                ),
                Some(String::new()),
            ),
            Self::Unreadable {
                store,
                file,
                source,
            } => (
                format!("failed to read {}", in_store(store, file)),
                Some(of_system(source)),
            ),
            Self::NotCertificates {
                store,
                file,
                source,
            } => (
                format!("failed to read {}", in_store(store, file)),
                Some(source.in_words_of_go().to_owned()),
            ),
            Self::EmptyFile { store, file } => (
                format!("failed to validate {}", in_store(store, file)),
                Some("input certs cannot be empty".to_owned()),
            ),
            Self::NotAnAnchor {
                store,
                file,
                subject,
                ..
            } => (
                format!("failed to validate {}", in_store(store, file)),
                Some(format!(
                    "certificate with subject {} is not a {}",
                    quote(subject),
                    match store.kind() {
                        StoreType::Tsa => "root CA certificate",
                        StoreType::Ca | StoreType::SigningAuthority => {
                            "CA certificate or self-signed signing certificate"
                        }
                    }
                )),
            ),
            Self::Empty { store } => (
                format!(
                    "no x509 certificates were found in trust store {} of type \"{}\"",
                    quote(store.name()),
                    store.kind()
                ),
                None,
            ),
            Self::NoPublishedRoot { .. } | Self::OtherDigest { .. } => (self.to_string(), None),
        }
    }

    /// notation's sentence as its command line prints it after `Error: `, with the advice that it gives.
    #[doc(hidden)]
    pub fn notation_error(&self) -> String {
        let advice = match self {
            Self::Missing { .. } | Self::Empty { .. } => {
                ". Use command 'notation cert add' to create and add trusted certificates to the trust store"
            }
            _ => "",
        };
        self.notation_sentence() + advice
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { store, .. } | Self::Empty { store } => Some(format!(
                "add its certificates: `countersign cert add --type {} --store {} FILE`",
                store.kind(),
                store.name()
            )),
            // Kubernetes names them so.
            Self::NotRegular { file, .. } if file.starts_with("..") => Some(
                "a Kubernetes ConfigMap or Secret is mounted as directories and links, so copy its files, or mount \
                 each with `subPath`; or give the digest of its certificates: the setting `trust-store-sha256 DIGEST`"
                    .into(),
            ),
            Self::NotDirectory {
                source: source @ files::Error::SymbolicLink { .. },
                ..
            }
            | Self::NotRegular {
                source: source @ files::Error::SymbolicLink { .. },
                ..
            } => Some(or_pinned(source)),
            Self::NotDirectory { source, .. }
            | Self::Unlistable { source, .. }
            | Self::NotRegular { source, .. }
            | Self::Unreadable { source, .. } => source.hint(),
            Self::NotCertificates { .. } | Self::EmptyFile { .. } => Some(
                "a trust store holds certificate files alone, as PEM or DER; move everything else out of it".into(),
            ),
            Self::NotAnAnchor { .. } => {
                Some("take the root certificate of the chain, not the signer's own certificate".into())
            }
            Self::OtherDigest { .. } => Some(
                "find out who changed the trust store; if the change is meant, give its digest with \
                 the setting `trust-store-sha256`"
                    .into(),
            ),
            Self::NoPublishedRoot { .. } => Some(
                "give the root certificate that your own records of AWS Signer hold: the setting `trust-anchor FILE`".into(),
            ),
        }
    }
}

/// What to do about a link.
fn or_pinned(source: &files::Error) -> String {
    let pin = "or give the digest of its certificates, as `countersign policy explain` shows it: the setting `trust-store-sha256 DIGEST`";
    match source.hint() {
        Some(hint) => format!("{hint}; {pin}"),
        None => pin.to_owned(),
    }
}

/// A file in a store, as the beginning of notation's sentences.
fn in_store(store: &StoreName, file: &str) -> String {
    let (name, kind) = (store.name(), store.kind());
    format!("the trusted certificate {file} in trust store {name} of type {kind}")
}

/// The operating system's answer as Go writes it.
fn of_system(error: &files::Error) -> String {
    match error {
        files::Error::Io { path, .. } if error.is_denied() => {
            format!("open {}: permission denied", path.display())
        }
        files::Error::Io { path, source, .. } => format!("open {}: {source}", path.display()),
        other => other.to_string(),
    }
}
