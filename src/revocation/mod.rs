//! Whether certificates are revoked (`trust-store-trust-policy.md`, "Certificate Revocation
//! Evaluation"): OCSP first, then CRLs, for each certificate of a chain but its root.
//!
//! Input: a chain that meets the requirements, leaf first. Output: one result per certificate, with
//! where it came from, as of when, and until when. All certificates are asked about at the same time.
//!
//! The answers' signatures are checked with the chain's own certificates; whether the chain is
//! trusted is not asked here. So do not ask for a chain that no trust store vouches for: its author
//! would choose which addresses are contacted.

mod cache;
mod check;
mod checker;
mod crl;
mod entry;
mod error;
mod fetch;
mod gather;
mod ocsp;
mod stored;
mod validity;

pub use cache::{Cache, Error as CacheError};
pub use check::check_chain;
pub use checker::Checker;
pub use crl::CrlSummary;
pub use error::Error;
pub use fetch::{Fetch, FetchError, FetchFuture, Network, Question};
pub use gather::{GatheredCertificate, gather_chain};
pub use stored::AnswerDirectory;

use std::fmt;

use time::OffsetDateTime;
use x509_cert::ext::pkix::CrlReason;

use crate::causes::in_one_line;
use crate::facts;

/// Advice if no source gave an answer that counts.
pub const REACHABLE_HINT: &str = "the addresses above must be reachable from here, over plain HTTP and \
                                  perhaps a proxy (`HTTP_PROXY`)";

/// How an answer is got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A question about one certificate.
    Ocsp,
    /// A list of revoked certificates.
    Crl,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ocsp => "OCSP",
            Self::Crl => "CRL",
        })
    }
}

/// Who gave an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How it was asked.
    pub protocol: Protocol,
    /// Where, as the certificate names it.
    pub url: String,
}

/// What a result rests on. What counts always says until when it holds.
pub type Evidence = facts::Evidence<Source>;

/// Why a certificate was revoked (RFC 5280 section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of RFC 5280, which has the meanings")]
pub enum RevocationReason {
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
}

impl RevocationReason {
    /// The name in RFC 5280, for example `keyCompromise`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::CertificateHold => "certificateHold",
            Self::RemoveFromCrl => "removeFromCRL",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
            Self::AaCompromise => "aACompromise",
        }
    }

    fn from_code(code: CrlReason) -> Self {
        match code {
            CrlReason::Unspecified => Self::Unspecified,
            CrlReason::KeyCompromise => Self::KeyCompromise,
            CrlReason::CaCompromise => Self::CaCompromise,
            CrlReason::AffiliationChanged => Self::AffiliationChanged,
            CrlReason::Superseded => Self::Superseded,
            CrlReason::CessationOfOperation => Self::CessationOfOperation,
            CrlReason::CertificateHold => Self::CertificateHold,
            CrlReason::RemoveFromCRL => Self::RemoveFromCrl,
            CrlReason::PrivilegeWithdrawn => Self::PrivilegeWithdrawn,
            CrlReason::AaCompromise => Self::AaCompromise,
        }
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// A source that counts says that it is not revoked, or only for what was signed later.
    Good(Evidence),
    /// It is revoked.
    Revoked {
        /// Who says so.
        evidence: Evidence,
        /// Since when.
        at: OffsetDateTime,
        /// Why.
        reason: RevocationReason,
    },
    /// It names no source to ask, or it is the root: it cannot be revoked.
    NotRevokable,
    /// No source that counts gave an answer. Not good.
    Unknown,
}

/// A source that said nothing that counts.
#[derive(Debug)]
pub struct Failure {
    /// How it was asked; `None` where the time for everything ran out.
    pub protocol: Option<Protocol>,
    /// Where; `None` if no address was found out.
    pub url: Option<String>,
    /// Why it does not count.
    pub error: Error,
}

impl fmt::Display for Failure {
    /// Who, and why with all causes, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.protocol, &self.url) {
            (Some(protocol), Some(url)) => write!(f, "{protocol} at `{url}`: ")?,
            (Some(protocol), None) => write!(f, "{protocol}: ")?,
            _ => {}
        }
        f.write_str(&in_one_line(&self.error))
    }
}

/// The result for one certificate.
#[derive(Debug)]
pub struct CertificateRevocation {
    /// Whose certificate.
    pub subject: String,
    /// Its serial number in lower-case hexadecimal.
    pub serial_number: String,
    /// What is known.
    pub status: Status,
    /// Sources that said nothing that counts, in the order in which they were asked; there may be
    /// some even where another source decided.
    pub failures: Vec<Failure>,
}

/// The result for a chain, leaf first.
#[derive(Debug)]
pub struct ChainRevocation {
    /// One result per certificate, the root's included.
    pub certificates: Vec<CertificateRevocation>,
}

/// What a chain's results come to.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// No certificate is revoked, and all are known not to be.
    NotRevoked,
    /// A certificate is revoked; the first one, from the leaf.
    Revoked(&'a CertificateRevocation),
    /// None is known to be revoked, but one is not known not to be; the first one, from the leaf.
    Unknown(&'a CertificateRevocation),
}

impl ChainRevocation {
    /// What the results come to: one revoked certificate outweighs all, then an unknown one.
    pub fn verdict(&self) -> Verdict<'_> {
        let first = |wanted: fn(&Status) -> bool| {
            self.certificates
                .iter()
                .find(|certificate| wanted(&certificate.status))
        };
        if let Some(revoked) = first(|status| matches!(status, Status::Revoked { .. })) {
            return Verdict::Revoked(revoked);
        }
        match first(|status| matches!(status, Status::Unknown)) {
            Some(unknown) => Verdict::Unknown(unknown),
            None => Verdict::NotRevoked,
        }
    }
}
