//! Why a source said nothing about a certificate.

use std::sync::Arc;

use time::OffsetDateTime;

use super::fetch::FetchError;
use crate::limits::MAX_REVOCATION_URLS;
use crate::notary::rfc3339;
use crate::x509::{self, DerError};

/// Why one source said nothing that counts, or a chain could not be checked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The chain is not one, so that nothing can be asked about it.
    #[error("the chain to check for revocation does not meet the requirements")]
    Chain {
        /// Which certificate, and which requirement.
        source: Box<x509::Error>,
    },
    /// An extension that says where to ask cannot be read.
    #[error("the certificate's OCSP or CRL addresses cannot be read")]
    Addresses {
        /// Which extension.
        source: Box<x509::Error>,
    },
    /// More addresses than are asked.
    #[error("the certificate names {found} addresses, more than the {MAX_REVOCATION_URLS} asked")]
    TooManyAddresses {
        /// How many there are.
        found: usize,
    },
    /// No answer came.
    #[error("no answer")]
    Fetch {
        /// Why.
        source: Arc<FetchError>,
    },
    /// The time for all questions ran out.
    #[error("no answer within the time limit of {seconds} seconds")]
    TimedOut {
        /// The limit in seconds.
        seconds: u64,
    },
    /// Not what was asked for in DER.
    #[error("cannot be read as {what} in DER")]
    Malformed {
        /// What was wanted, with its article.
        what: &'static str,
        /// Where it departs from DER.
        #[source]
        source: der::Error,
    },
    /// More in it than is read.
    #[error("{what} has more in it than is read")]
    Excessive {
        /// What it is, with its article.
        what: &'static str,
        /// What there is too much of.
        #[source]
        source: DerError,
    },
    /// The signature algorithm inside the signed part is another than outside.
    #[error("signature algorithms inside and outside the signed part differ")]
    AlgorithmsDiffer,
    /// The responder refused.
    #[error("the responder answered `{status}`")]
    ResponderStatus {
        /// `OCSPResponseStatus` by name.
        status: &'static str,
    },
    /// An OCSP answer of another type than the basic one.
    #[error("answer of type `{oid}`, wanted a basic OCSP response")]
    ResponseType {
        /// The type's identifier.
        oid: String,
    },
    /// The responder's certificate is neither the issuer's nor among those sent.
    #[error("the responder that signed is not the issuer, and its certificate was not sent")]
    ResponderMissing,
    /// The responder may not speak for the issuer.
    #[error("the issuer did not authorise the responder `{subject}`: {reason}")]
    ResponderUnauthorized {
        /// The responder's name.
        subject: String,
        /// What its certificate lacks.
        reason: &'static str,
    },
    /// Whether the responder itself is revoked is not known, or it is.
    #[error("could not establish that responder `{subject}` is not revoked")]
    ResponderRevocation {
        /// The responder's name.
        subject: String,
        /// Why; none if it is revoked.
        #[source]
        source: Option<Box<Self>>,
    },
    /// The issuer's key may not sign CRLs.
    #[error("key usage of the issuer `{subject}` lacks `cRLSign`")]
    IssuerMayNotSign {
        /// The issuer's name.
        subject: String,
    },
    /// The signature is wrong.
    #[error("signature is not that of `{subject}`")]
    Signature {
        /// Whose signature is wanted.
        subject: String,
        /// What is wrong.
        source: Box<x509::Error>,
    },
    /// A CRL of another issuer.
    #[error("the CRL's issuer is not the certificate's issuer, `{subject}`")]
    IssuerMismatch {
        /// The certificate's issuer.
        subject: String,
    },
    /// The answer is for other certificates.
    #[error("the answer is not for this certificate")]
    OtherCertificate,
    /// The responder does not know the certificate.
    #[error("the responder does not know the certificate")]
    UnknownCertificate,
    /// The answer does not say how long it holds.
    #[error("no next update is given")]
    NoNextUpdate,
    /// The answer holds no longer.
    #[error("next update was due at `{}`", rfc3339(*next_update))]
    Expired {
        /// When it was due.
        next_update: OffsetDateTime,
    },
    /// The answer holds not yet.
    #[error("this update is at `{}`, in the future", rfc3339(*this_update))]
    NotYetValid {
        /// From when it holds.
        this_update: OffsetDateTime,
    },
    /// An extension that must be understood.
    #[error("critical extension `{oid}` is not supported")]
    CriticalExtension {
        /// The extension's type.
        oid: String,
    },
    /// An extension that cannot be read, or that is there twice.
    #[error("extension `{oid}` is malformed or occurs twice")]
    MalformedExtension {
        /// The extension's type.
        oid: String,
    },
    /// A CRL that says nothing about this certificate.
    #[error("the CRL does not cover this certificate: {reason}")]
    OutOfScope {
        /// What it covers instead.
        reason: &'static str,
    },
    /// A CRL of changes where a whole one is wanted, or the reverse.
    #[error("{found} was sent, wanted {wanted}")]
    DeltaMismatch {
        /// What was sent.
        found: &'static str,
        /// What was wanted.
        wanted: &'static str,
    },
    /// A delta CRL that does not fit its base.
    #[error("the delta CRL does not fit its base: {reason}")]
    DeltaUnfit {
        /// What does not fit.
        reason: &'static str,
    },
    /// The certificate alone says where its delta CRL is.
    #[error("the certificate names a delta CRL and its base CRL does not")]
    DeltaOnlyInCertificate,
}

impl Error {
    /// Why `what`, with its article, is not decoded.
    pub(super) fn of_der(what: &'static str, error: DerError) -> Self {
        match error {
            DerError::Der(source) => Self::Malformed { what, source },
            source => Self::Excessive { what, source },
        }
    }

    /// Whether an answer came, and could not be stored.
    pub fn is_of_store(&self) -> bool {
        matches!(self, Self::Fetch { source } if matches!(**source, FetchError::Store { .. }))
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Fetch { source } => source.hint(),
            Self::NotYetValid { .. } => Some("check this machine's clock".to_owned()),
            Self::TimedOut { .. } => Some(
                "check that this machine reaches the addresses in the certificates over HTTP"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
