//! Timestamps for new signatures (RFC 3161): asked for, and checked in full before they are used.

use time::OffsetDateTime;
use url::Url;

use crate::algorithm::HashAlgorithm;
use crate::causes;
use crate::http;
use crate::revocation::{self, Checker, Verdict};
use crate::timestamp;
use crate::x509::{Certificate, Purpose};

/// The timestamping authority to ask.
#[derive(Debug)]
pub struct Timestamping {
    /// How it is reached.
    pub pool: http::Pool,
    /// Where it is.
    pub url: Url,
    /// The root that its certificate must lead to.
    pub root: Certificate,
    /// What its chain is asked about revocation with.
    pub revocation: Checker,
}

/// Why there is no timestamp.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The authority gave none, or not a good one.
    #[error("no usable timestamp from `{url}`")]
    Request {
        /// The authority, without the query.
        url: String,
        /// What went wrong.
        #[source]
        source: timestamp::Error,
    },
    /// The signer's certificates are not valid at the stamped time.
    #[error("the timestamp does not fit the signer's certificates")]
    Validity {
        /// Which and when.
        #[source]
        source: timestamp::Error,
    },
    /// The authority's certificates could not be checked at all.
    #[error("the revocation of the timestamping authority cannot be checked")]
    RevocationNotChecked {
        /// Why.
        #[source]
        source: revocation::Error,
    },
    /// The authority was revoked.
    #[error("timestamping certificate with subject \"{subject}\" is revoked")]
    Revoked {
        /// The certificate's subject.
        subject: String,
    },
    /// It could not be found out whether it was revoked.
    #[error("timestamping certificate with subject \"{subject}\" revocation status is unknown")]
    RevocationUnknown {
        /// The certificate's subject.
        subject: String,
        /// Who said nothing, and why.
        #[source]
        source: SilentSources,
    },
}

/// Who said nothing about a certificate that counts, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct SilentSources(Vec<String>);

impl Error {
    /// Whether asking again later may help.
    pub fn is_inconclusive(&self) -> bool {
        matches!(
            self,
            Self::RevocationUnknown { .. }
                | Self::Request {
                    source: timestamp::Error::Http { .. },
                    ..
                }
        )
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Request { source, .. } | Self::Validity { source } => source.hint(),
            Self::Revoked { .. } => Some("use another timestamping authority".to_owned()),
            Self::RevocationNotChecked { source } => source.hint(),
            Self::RevocationUnknown { .. } => Some(revocation::REACHABLE_HINT.to_owned()),
        }
    }
}

impl Timestamping {
    /// Why the cache of answers about revocation could not be used, for a warning; said once.
    pub(super) fn cache_warning(&self) -> Option<String> {
        let problem = self.revocation.take_cache_problem()?;
        Some(causes::in_one_line(&problem))
    }

    /// A timestamp over `signature`, whose certificates are `chain`: the token in DER.
    pub(super) async fn stamp(
        &self,
        signature: &[u8],
        chain: &[Certificate],
        hash: HashAlgorithm,
        now: OffsetDateTime,
    ) -> Result<Vec<u8>, Error> {
        let roots = [self.root.clone()];
        let (token, stamp) =
            timestamp::request(&self.pool, &self.url, signature, hash, &roots, now)
                .await
                .map_err(|source| Error::Request {
                    url: http::redact(&self.url),
                    source,
                })?;
        stamp
            .check_validity(chain)
            .map_err(|source| Error::Validity { source })?;
        let purpose = Purpose::Timestamping;
        let answer =
            revocation::check_chain(stamp.chain(), purpose, None, &self.revocation, now).await;
        let answer = answer.map_err(|source| Error::RevocationNotChecked { source })?;
        match answer.verdict() {
            Verdict::NotRevoked => Ok(token),
            Verdict::Revoked(certificate) => Err(Error::Revoked {
                subject: certificate.subject.clone(),
            }),
            Verdict::Unknown(certificate) => Err(Error::RevocationUnknown {
                subject: certificate.subject.clone(),
                source: SilentSources(
                    certificate
                        .failures
                        .iter()
                        .map(ToString::to_string)
                        .collect(),
                ),
            }),
        }
    }
}
