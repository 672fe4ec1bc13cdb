//! Whether a chain rests on a trusted certificate (`trust-store-trust-policy.md`, "Signature Verification details",
//! step on authenticity).

use std::path::PathBuf;
use std::sync::Arc;

use super::built_in::partition_of;
use super::{NamedStore, TrustStores};
use crate::config::StoreName;
use crate::limits;
use crate::notary::SigningScheme;
use crate::x509::Certificate;

/// The trusted certificate that a chain rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Anchor {
    /// The certificate, which is part of the chain.
    pub certificate: Certificate,
    /// Its place in the chain; 0 is the signer's own certificate.
    pub chain_index: usize,
    /// The store that holds it.
    pub store: StoreName,
    /// The file that it was read from.
    pub file: PathBuf,
}

/// Why a chain is not authentic.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticityError {
    /// The statement names no store of the type that the signing scheme needs.
    #[error(
        "the statement names no trust store of type `{}`, which signing scheme `{scheme}` needs; found: {}",
        scheme.store_type(),
        listed(found)
    )]
    NoStoreOfType {
        /// The scheme of the signature.
        scheme: SigningScheme,
        /// The stores of the statement.
        found: Vec<StoreName>,
    },
    /// The signature is by a certificate of the signer's own, and only AWS Signer's profiles are trusted.
    #[error("signed by a key of its own, `{subject}`, and not by AWS Signer")]
    NotByAwsSigner {
        /// Subject of the signer's certificate.
        subject: String,
    },
    /// A store cannot be used.
    #[error("a trust store of the statement cannot be used")]
    Store {
        /// Why.
        source: Arc<super::Error>,
    },
    /// No certificate of the chain is in a store.
    #[error(
        "no certificate of the chain is in {}, which {}; its root is `{root}` (SHA-256 `{fingerprint}`)",
        listed(stores),
        held(trusted, *trusted_count)
    )]
    NotTrusted {
        /// The stores that were looked at.
        stores: Vec<StoreName>,
        /// SHA-256 of the first certificates in them, in hexadecimal.
        trusted: Vec<String>,
        /// How many certificates are in them.
        trusted_count: usize,
        /// Subject of the chain's last certificate.
        root: String,
        /// SHA-256 of the chain's last certificate, in hexadecimal.
        fingerprint: String,
        /// The store that AWS's instructions make for this root, where it is one that AWS publishes.
        published: Option<(&'static str, &'static str)>,
    },
}

impl AuthenticityError {
    /// notation's sentence, as a result of the validation `authenticity`.
    #[doc(hidden)]
    pub fn notation_sentence(&self) -> String {
        match self {
            Self::NoStoreOfType { .. } | Self::NotByAwsSigner { .. } => {
                "no trusted certificates are found to verify authenticity".into()
            }
            Self::Store { source } => source.notation_sentence(),
            Self::NotTrusted { .. } => {
                "the signature's certificate chain does not contain any trusted certificate".into()
            }
        }
    }

    /// The same for a reader who names signing profiles in place of a policy, and has no statement to change.
    #[must_use]
    pub(crate) fn without_policy(self, chain: &[Certificate]) -> Self {
        match self {
            Self::NoStoreOfType {
                scheme: SigningScheme::X509,
                ..
            } => Self::NotByAwsSigner {
                subject: chain
                    .first()
                    .map_or_else(String::new, |leaf| leaf.subject().to_string()),
            },
            other => other,
        }
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoStoreOfType { scheme, .. } => Some(format!(
                "add a store to the statement's `trustStores`: `{}:NAME`",
                scheme.store_type()
            )),
            Self::NotByAwsSigner { .. } => Some(
                "do not run the artifact unless you trust that key; docs/keys.md shows how a policy trusts a key of your own"
                    .into(),
            ),
            Self::Store { source } => source.hint(),
            Self::NotTrusted {
                published: Some((partition, store)),
                ..
            } => Some(format!(
                "this is the published root of AWS Signer in the partition `{partition}`; if you trust it, name the store \
                 `signingAuthority:{store}` and put the root into it"
            )),
            Self::NotTrusted {
                published: None, ..
            } => Some(
                "compare the two SHA-256 with your own records; if you trust that root, add its certificate to one of the \
                 trust stores with `countersign cert add`; if you trust that root, give its certificate with \
                 the setting `trust-anchor FILE`"
                    .into(),
            ),
        }
    }
}

/// The certificates of the stores, as many as a message has room for.
fn held(trusted: &[String], count: usize) -> String {
    let shown: Vec<String> = trusted
        .iter()
        .map(|fingerprint| format!("`{fingerprint}`"))
        .collect();
    let rest = match count - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("holds SHA-256 {}{rest}", shown.join(", "))
}

fn listed(stores: &[StoreName]) -> String {
    if stores.is_empty() {
        return "none".into();
    }
    let name = |store: &StoreName| {
        if store.is_of_gate() {
            "the list of roots that the gate trusts".to_owned()
        } else {
            format!("`{store}`")
        }
    };
    let names: Vec<String> = stores.iter().map(name).collect();
    names.join(", ")
}

impl TrustStores {
    /// Finds the trusted certificate in a chain: any one that equals a certificate of a store, byte for byte. Only
    /// stores of the type that fits the signing scheme count, and one that cannot be loaded fails the whole check.
    ///
    /// The chain itself has been verified before. Expiry of the trusted certificate is part of the chain's.
    ///
    /// # Errors
    ///
    /// Every variant of [`AuthenticityError`].
    #[doc(hidden)]
    pub fn authenticate(
        &self,
        stores: &[StoreName],
        scheme: SigningScheme,
        chain: &[Certificate],
    ) -> Result<Anchor, AuthenticityError> {
        let fitting: Vec<&StoreName> = stores
            .iter()
            .filter(|store| store.kind() == scheme.store_type())
            .collect();
        if fitting.is_empty() {
            let found = stores.to_vec();
            return Err(AuthenticityError::NoStoreOfType { scheme, found });
        }
        // All of them before any is asked: a store that cannot be read is never passed over.
        let loaded = fitting.iter().map(|name| self.load(name));
        let loaded: Vec<Arc<NamedStore>> = loaded
            .collect::<Result<_, _>>()
            .map_err(|source| AuthenticityError::Store { source })?;
        for (chain_index, certificate) in chain.iter().enumerate() {
            for store in &loaded {
                if let Some(trusted) = store.find(certificate) {
                    return Ok(Anchor {
                        certificate: certificate.clone(),
                        chain_index,
                        store: store.name.clone(),
                        file: trusted.file.clone(),
                    });
                }
            }
        }
        let root = chain.last();
        let held = loaded.iter().flat_map(|store| &store.certificates);
        Err(AuthenticityError::NotTrusted {
            stores: fitting.into_iter().cloned().collect(),
            trusted: held
                .clone()
                .take(limits::MAX_FINGERPRINTS_SHOWN)
                .map(|trusted| trusted.certificate.sha256_fingerprint())
                .collect(),
            trusted_count: held.count(),
            root: root.map_or_else(String::new, |root| root.subject().to_string()),
            fingerprint: root.map_or_else(String::new, Certificate::sha256_fingerprint),
            published: root.and_then(partition_of),
        })
    }
}
