//! Asking: one question to one address, bounded.
//!
//! [`Fetch`] is what the network does here; tests put something else in its place. Plain `http` is what the specification has, because every answer is signed; any other scheme
//! is refused, also where a redirect names it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use ::http::HeaderValue;
use ::http::header::{CONTENT_TYPE, LOCATION};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::Method;
use url::Url;

use crate::algorithm::HashAlgorithm;
use crate::allowance::Exhausted;
use crate::files;
use crate::http;
use crate::limits::{
    CRL_TIMEOUT, MAX_CRL_BYTES, MAX_OCSP_GET_CHARS, MAX_OCSP_RESPONSE_BYTES, MAX_REDIRECTS,
    OCSP_TIMEOUT,
};
use crate::oci::hex;

/// A question to one address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// An OCSP request in DER.
    Ocsp {
        /// The responder, as the certificate names it.
        url: String,
        /// The request.
        request: Vec<u8>,
    },
    /// A CRL.
    Crl {
        /// Its address, as the certificate or the base CRL names it.
        url: String,
    },
}

impl Question {
    /// A name that no other question of its protocol has.
    pub(super) fn name(&self) -> String {
        let hash = match self {
            Self::Ocsp { url, request } => {
                HashAlgorithm::Sha256.hash(&[url.as_bytes(), &[0], request.as_slice()].concat())
            }
            Self::Crl { url } => HashAlgorithm::Sha256.hash(url.as_bytes()),
        };
        hex(&hash)
    }

    /// The URL that it is sent to.
    pub fn url(&self) -> &str {
        match self {
            Self::Ocsp { url, .. } | Self::Crl { url } => url,
        }
    }

    /// Checks the address before a request is sent.
    pub(super) fn check(&self) -> Result<(), FetchError> {
        parse_http_url(self.url()).map(|_| ())
    }

    /// Checks the length of an answer, from the network or from a file.
    pub(super) fn check_answer(&self, answer: Bytes) -> Result<Bytes, FetchError> {
        if u64::try_from(answer.len()).is_ok_and(|length| length <= self.max_bytes()) {
            return Ok(answer);
        }
        Err(FetchError::TooLarge {
            url: http::redact_text(self.url()),
            limit: self.max_bytes(),
        })
    }

    pub(super) fn max_bytes(&self) -> u64 {
        match self {
            Self::Ocsp { .. } => MAX_OCSP_RESPONSE_BYTES,
            Self::Crl { .. } => MAX_CRL_BYTES,
        }
    }

    fn timeout(&self) -> Duration {
        match self {
            Self::Ocsp { .. } => OCSP_TIMEOUT,
            Self::Crl { .. } => CRL_TIMEOUT,
        }
    }

    /// The request: OCSP by GET where it is short enough for caches in between, else by POST.
    fn to_request(&self) -> Result<reqwest::Request, FetchError> {
        let url = parse_http_url(self.url())?;
        let Self::Ocsp { request, .. } = self else {
            return Ok(reqwest::Request::new(Method::GET, url));
        };
        let encoded = STANDARD.encode(request);
        let escaped: String = url::form_urlencoded::byte_serialize(encoded.as_bytes()).collect();
        if escaped.len() <= MAX_OCSP_GET_CHARS && url.query().is_none() {
            let get = format!("{}/{escaped}", self.url().trim_end_matches('/'));
            return Ok(reqwest::Request::new(Method::GET, parse_http_url(&get)?));
        }
        let mut post = reqwest::Request::new(Method::POST, url);
        let media_type = HeaderValue::from_static("application/ocsp-request");
        post.headers_mut().insert(CONTENT_TYPE, media_type);
        *post.body_mut() = Some(request.clone().into());
        Ok(post)
    }
}

/// Why a question got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Not a URL.
    #[error("`{url}` is not a URL")]
    Url {
        /// The text.
        url: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// Another scheme than `http`.
    #[error("`{url}` has the scheme `{scheme}`; only `http` is asked")]
    Scheme {
        /// The address.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// Another status code than 200.
    #[error("`{url}` answered with status {status}")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status code.
        status: u16,
    },
    /// Too many redirects.
    #[error("`{url}` leads to more than {MAX_REDIRECTS} redirects")]
    Redirects {
        /// The first address.
        url: String,
    },
    /// The request failed.
    #[error("`{url}` could not be asked")]
    Http {
        /// The address.
        url: String,
        /// Why.
        source: Box<http::Error>,
    },
    /// More bytes than are read.
    #[error("the answer of `{url}` is longer than {limit} bytes")]
    TooLarge {
        /// The address.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Nothing is stored for this address, and nothing else may be asked.
    #[error("there is no stored answer of `{url}`")]
    NotStored {
        /// The address.
        url: String,
    },
    /// The stored answer of this address cannot be read, or its answer cannot be stored.
    #[error("the stored answer of `{url}` cannot be used")]
    Store {
        /// The address.
        url: String,
        /// Why; names the path.
        source: Box<files::Error>,
    },
}

impl FetchError {
    /// That `question` is not asked any more, or its answer was too much.
    pub(super) fn exhausted(question: &Question, source: Exhausted) -> Self {
        let url = http::redact_text(question.url());
        Self::Http {
            source: Box::new(http::Error::Exhausted {
                url: url.clone(),
                source,
            }),
            url,
        }
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Http { source, .. } => source.hint(),
            Self::Store { source, .. } => source.hint(),
            Self::Status { .. } => Some(
                "the certificate's issuer runs this address; if it answers from another machine, check the \
                 proxy (`HTTP_PROXY`)"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// The future of [`Fetch::fetch`].
pub type FetchFuture<'a> = Pin<Box<dyn Future<Output = Result<Bytes, FetchError>> + Send + 'a>>;

/// Who answers questions.
pub trait Fetch: fmt::Debug + Send + Sync {
    /// The answer to `question`: the whole body, not looked at.
    fn fetch<'a>(&'a self, question: &'a Question) -> FetchFuture<'a>;
}

/// Asks over the network.
#[derive(Debug, Clone)]
pub struct Network(http::Pool);

impl Network {
    /// Asks through `pool`.
    pub fn new(pool: http::Pool) -> Self {
        Self(pool)
    }

    async fn ask(&self, question: &Question) -> Result<Bytes, FetchError> {
        let mut request = question.to_request()?;
        *request.timeout_mut() = Some(question.timeout());
        let failed = |url: &Url, source| FetchError::Http {
            url: http::redact(url),
            source: Box::new(source),
        };
        let first = request.url().clone();
        for _ in 0..=MAX_REDIRECTS {
            let url = request.url().clone();
            let method = request.method().clone();
            let pool = self.0.led(&first, &url);
            let response = pool
                .send_harmless(request)
                .await
                .map_err(|source| failed(&url, source))?;
            let status = response.status();
            let location = response.headers().get(LOCATION);
            match location.and_then(|value| value.to_str().ok()) {
                // A request that carries a body is not sent on to where it was not meant for.
                Some(location) if status.is_redirection() && method == Method::GET => {
                    let next = url.join(location).map_err(|source| FetchError::Url {
                        url: http::redact_text(location),
                        source,
                    })?;
                    let next = check_scheme(next)?;
                    if http::may_not_lead(&first, &next) {
                        let host = http::host(&next);
                        return Err(failed(&url, http::Error::Inside { host }));
                    }
                    request = reqwest::Request::new(Method::GET, next);
                    *request.timeout_mut() = Some(question.timeout());
                }
                _ if status == reqwest::StatusCode::OK => {
                    return http::read_body(response, question.max_bytes())
                        .await
                        .map_err(|source| failed(&url, source));
                }
                _ => {
                    return Err(FetchError::Status {
                        url: http::redact(&url),
                        status: status.as_u16(),
                    });
                }
            }
        }
        Err(FetchError::Redirects {
            url: http::redact_text(question.url()),
        })
    }
}

impl Fetch for Network {
    fn fetch<'a>(&'a self, question: &'a Question) -> FetchFuture<'a> {
        Box::pin(self.ask(question))
    }
}

fn parse_http_url(text: &str) -> Result<Url, FetchError> {
    let url = Url::parse(text).map_err(|source| FetchError::Url {
        url: http::redact_text(text),
        source,
    })?;
    check_scheme(url)
}

fn check_scheme(url: Url) -> Result<Url, FetchError> {
    if url.scheme() == "http" {
        return Ok(url);
    }
    Err(FetchError::Scheme {
        url: http::redact(&url),
        scheme: url.scheme().to_owned(),
    })
}
