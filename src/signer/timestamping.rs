//! Timestamps for new signatures (RFC 3161): asked for, and checked in full before they are used.

use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;
use url::Url;

use crate::algorithm::HashAlgorithm;
use crate::causes;
use crate::files;
use crate::http;
use crate::limits::MAX_TRUST_STORE_FILE_BYTES;
use crate::revocation::{self, Checker, Verdict};
use crate::timestamp;
use crate::x509::{self, Certificate, Purpose};

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

/// Why a timestamping authority cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// Its URL cannot be one, here without what may be secret in it.
    #[error("`{0}` is not a URL with http or https and a host")]
    Url(String),
    /// The file of its root cannot be read.
    #[error("the root certificate of the timestamping authority cannot be read")]
    Unreadable {
        /// Why; names the file.
        #[source]
        source: files::Error,
    },
    /// It does not have certificates.
    #[error("the root certificate of the timestamping authority in `{}` cannot be used", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
    /// It has none, or several.
    #[error("`{}` has {count} certificates, wanted the root of the timestamping authority alone", path.display())]
    Count {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// Its certificate is not a root.
    #[error("the certificate in `{}` is not a self-signed certificate authority", path.display())]
    NotARoot {
        /// The file.
        path: PathBuf,
        /// Whether it is an authority, and not self-signed.
        is_authority: bool,
    },
}

impl AuthorityError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Url(_) => Some("an authority's URL is like `http://HOST/PATH`".to_owned()),
            Self::Unreadable { source } => source.hint(),
            Self::Certificates { source, .. } => source.hint(),
            Self::Count { .. } | Self::NotARoot { .. } => Some(
                "name a file with the self-signed certificate that the authority's certificates lead to"
                    .to_owned(),
            ),
        }
    }
}

/// Reads the URL of an authority.
///
/// # Errors
///
/// [`AuthorityError::Url`].
pub(crate) fn parse_url(text: &str) -> Result<Url, AuthorityError> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| AuthorityError::Url(http::redact_text(text)))
}

/// The one certificate of a file, or of a pipe within `wait`, which must be a self-signed certificate authority.
///
/// # Errors
///
/// [`AuthorityError`].
pub(crate) fn read_root(path: &Path, wait: Duration) -> Result<Certificate, AuthorityError> {
    let file = || path.to_owned();
    let bytes = files::read_named(path, MAX_TRUST_STORE_FILE_BYTES, wait);
    let bytes = bytes.map_err(|source| AuthorityError::Unreadable { source })?;
    let found = x509::parse_certificates(&bytes);
    let found = found.map_err(|source| AuthorityError::Certificates {
        path: file(),
        source,
    })?;
    match found.as_slice() {
        [root] if root.is_ca() && root.is_self_signed() => Ok(root.clone()),
        [root] => Err(AuthorityError::NotARoot {
            path: file(),
            is_authority: root.is_ca(),
        }),
        several => Err(AuthorityError::Count {
            path: file(),
            count: several.len(),
        }),
    }
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
