//! Whether the certificates of a file may be in a store (`trust-store-trust-policy.md`, "Trust Store").

use crate::notary::StoreType;
use crate::x509::{self, Certificate, parse_certificates};

/// Why a file may not be in a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Something in it is not a certificate.
    #[error("it cannot be read as certificates")]
    NotCertificates {
        /// What is wrong, and where.
        source: Box<x509::Error>,
    },
    /// It has no certificate.
    #[error("no valid certificate found in the file")]
    Empty,
    /// A certificate in it is not one that others can rest on.
    #[error("it holds `{subject}`, which is {found}; wanted: {}", wanted(*kind))]
    NotAnAnchor {
        /// The certificate's subject.
        subject: String,
        /// What it lacks.
        found: String,
        /// The type of the store.
        kind: StoreType,
    },
}

impl Unfit {
    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotCertificates { .. } | Self::Empty => {
                "a trust store holds certificate files alone, as PEM or DER".to_owned()
            }
            Self::NotAnAnchor { .. } => {
                "take the root certificate of the chain, not the signer's own certificate"
                    .to_owned()
            }
        })
    }
}

/// The certificates that may be in a store of this type.
pub(super) const fn wanted(kind: StoreType) -> &'static str {
    match kind {
        StoreType::Ca | StoreType::SigningAuthority => {
            "a certificate authority, or a self-signed certificate"
        }
        StoreType::Tsa => "a self-signed certificate authority",
    }
}

/// The certificates of one file, each of which may be trusted in a store of this type; at least one.
pub(super) fn anchors(kind: StoreType, bytes: &[u8]) -> Result<Vec<Certificate>, Unfit> {
    let certificates = parse_certificates(bytes).map_err(|source| Unfit::NotCertificates {
        source: Box::new(source),
    })?;
    if certificates.is_empty() {
        return Err(Unfit::Empty);
    }
    for certificate in &certificates {
        if let Some(found) = lack(kind, certificate) {
            return Err(Unfit::NotAnAnchor {
                subject: certificate.subject().to_string(),
                found,
                kind,
            });
        }
    }
    Ok(certificates)
}

/// Why a certificate may not be in a store of this type.
fn lack(kind: StoreType, certificate: &Certificate) -> Option<String> {
    use StoreType::{Ca, SigningAuthority, Tsa};
    let found = match (kind, certificate.is_ca(), own_signature(certificate)) {
        (Ca | SigningAuthority, true, _)
        | (Ca | SigningAuthority, false, OwnSignature::Fits)
        | (Tsa, true, OwnSignature::Fits) => return None,
        (Tsa, false, _) => "not a certificate authority".to_owned(),
        (Ca | SigningAuthority, false, OwnSignature::AnothersName) => {
            "neither a certificate authority nor self-signed".to_owned()
        }
        (Tsa, true, OwnSignature::AnothersName) => "not self-signed".to_owned(),
        (Ca | SigningAuthority, false, OwnSignature::Mismatch) => {
            "not a certificate authority, and its signature does not fit its own key".to_owned()
        }
        (Tsa, true, OwnSignature::Mismatch) => {
            "not self-signed: its signature does not fit its own key".to_owned()
        }
        (Ca | SigningAuthority, false, OwnSignature::Unchecked(why)) => format!(
            "not a certificate authority, and whether it is self-signed cannot be checked: {why}"
        ),
        (Tsa, true, OwnSignature::Unchecked(why)) => {
            format!("not known to be self-signed, which cannot be checked: {why}")
        }
    };
    Some(found)
}

/// What a certificate's signature is to its own key.
enum OwnSignature {
    /// Self-signed.
    Fits,
    /// Issued under another name.
    AnothersName,
    /// Issued under its own name, by another key.
    Mismatch,
    /// Nothing here can check it.
    Unchecked(String),
}

/// Here SHA-1 does no harm: that the certificate is in the store makes it trusted, and not its own signature.
fn own_signature(certificate: &Certificate) -> OwnSignature {
    if !certificate.is_self_issued() {
        return OwnSignature::AnothersName;
    }
    match certificate.verify_signed_by(certificate) {
        Ok(()) => OwnSignature::Fits,
        Err(x509::Error::BrokenHash { algorithm }) if algorithm.contains("SHA-1") => {
            OwnSignature::Fits
        }
        Err(x509::Error::SignatureMismatch) => OwnSignature::Mismatch,
        Err(error) => OwnSignature::Unchecked(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_in_a_store_is_said() {
        let junk = anchors(StoreType::Ca, b"junk").unwrap_err();
        assert_eq!(
            junk.hint().as_deref(),
            Some("a trust store holds certificate files alone, as PEM or DER")
        );
        let no_anchor = Unfit::NotAnAnchor {
            subject: "CN=a".to_owned(),
            found: "a leaf".to_owned(),
            kind: StoreType::Ca,
        };
        assert_eq!(
            no_anchor.hint().as_deref(),
            Some("take the root certificate of the chain, not the signer's own certificate")
        );
    }
}
