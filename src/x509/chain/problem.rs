//! What can be wrong with a certificate in its place.

use time::OffsetDateTime;

use super::super::Error;
use crate::notary::rfc3339;

/// The requirement that a certificate does not meet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainProblem {
    /// The chain stops before its root, or its only certificate has an issuer.
    #[error("it is the last certificate and not self-signed")]
    NotSelfSigned {
        /// Why it is not.
        source: Box<Error>,
    },
    /// The last certificate names another issuer.
    #[error("it is the last certificate and was issued by `{issuer}`")]
    IssuerMissing {
        /// Who signed it.
        issuer: String,
    },
    /// A root before the end.
    #[error("it is self-signed and not the last certificate")]
    SelfSignedBeforeEnd,
    /// The next certificate is not the issuer's.
    #[error("its issuer is `{issuer}` and the next certificate's subject is `{next}`")]
    NotIssuedByNext {
        /// Who signed it.
        issuer: String,
        /// Whose certificate comes next.
        next: String,
    },
    /// The name fits and its encoding does not.
    #[error("its issuer `{issuer}` is encoded differently from the next certificate's subject")]
    IssuerEncodedDifferently {
        /// Who signed it.
        issuer: String,
    },
    /// The next certificate has the right name and did not sign it.
    #[error("the next certificate's key did not sign it")]
    NotSignedByNext {
        /// Why not.
        source: Box<Error>,
    },
    /// Outside its validity.
    #[error(
        "it is valid from {} to {}, not at {}",
        rfc3339(*not_before), rfc3339(*not_after), rfc3339(*at)
    )]
    NotValidAt {
        /// The time asked about.
        at: OffsetDateTime,
        /// Its first second.
        not_before: OffsetDateTime,
        /// Its last second.
        not_after: OffsetDateTime,
    },
    /// An extension that must be there.
    #[error("it has no `{extension}` extension")]
    ExtensionMissing {
        /// The extension's name in RFC 5280.
        extension: &'static str,
    },
    /// An extension that must be critical.
    #[error("its `{extension}` extension is not critical")]
    ExtensionNotCritical {
        /// The extension's name in RFC 5280.
        extension: &'static str,
    },
    /// An issuer that is not a certificate authority by its own statement.
    #[error("it issued a certificate and is not a certificate authority")]
    NotCa,
    /// A leaf that may issue certificates.
    #[error("it signs directly and is a certificate authority")]
    LeafIsCa,
    /// More authorities below than it allows.
    #[error("it allows {allowed} authorities below it, and {found} are")]
    PathTooLong {
        /// Its path length.
        allowed: u32,
        /// Authorities between it and the leaf.
        found: usize,
    },
    /// A key usage bit that must be set.
    #[error("its key usage lacks `{bit}`")]
    KeyUsageMissing {
        /// The bit's name in RFC 5280.
        bit: &'static str,
    },
    /// A key usage bit that must not be set.
    #[error("its key usage has `{bit}`")]
    KeyUsageForbidden {
        /// The bit's name in RFC 5280.
        bit: &'static str,
    },
    /// An extended key usage that must not be there.
    #[error("its extended key usage has `{purpose}`")]
    PurposeForbidden {
        /// The purpose's name in RFC 5280, or its identifier.
        purpose: String,
    },
    /// A timestamping certificate that does not say so.
    #[error("its extended key usage lacks `timeStamping`")]
    NotForTimestamping,
    /// A key that may not sign.
    #[error("its key may not sign")]
    Key {
        /// The key, and the keys that may.
        source: Box<Error>,
    },
}

/// What to do about a certificate that is not yet valid.
const NOT_YET: &str =
    "the certificate is not valid yet: wait until it is, or check this machine's clock";

impl ChainProblem {
    /// What the reader may do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::IssuerMissing { .. }
            | Self::NotIssuedByNext { .. }
            | Self::SelfSignedBeforeEnd => Some(
                "a chain is the signer's certificate first, then each issuer, up to the root"
                    .to_owned(),
            ),
            Self::NotSelfSigned { source }
            | Self::NotSignedByNext { source }
            | Self::Key { source } => source.hint(),
            Self::NotValidAt { at, not_before, .. } if at < not_before => Some(NOT_YET.to_owned()),
            _ => None,
        }
    }
}
