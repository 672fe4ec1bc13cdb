//! Registries: resolve a reference, list the signatures of an artifact, fetch one, push one
//! (OCI distribution specification 1.1; Notary Project `signature-specification.md`, "Storage"). An OCI
//! image layout on disk ([`LayoutRepository`]) does the same; [`Repository`] is either.
//!
//! In: a [`Reference`]. Out: descriptors and bytes that have been compared with their digests and
//! sizes, and lists that are as long as the registry says and no longer than [`limits`] allow. Every
//! error tells "not there" from "cannot be right" from "could not look" ([`Error::kind`]).
//!
//! Not checked here: signatures. Who wrote a list decides what is on it; only the signed payload in
//! an envelope says what was signed.
//!
//! [`limits`]: crate::limits

mod ahead;
mod authorization;
mod challenge;
mod content_cache;
mod credentials;
mod ecr_pace;
mod ecr_tokens;
mod endpoint;
mod error;
mod fetch;
mod images;
mod index_entry;
mod index_text;
mod layout;
mod listing;
mod manifest;
mod media_types;
mod ping;
mod plain_http;
mod push;
mod pushed;
mod referrers;
mod referrers_index;
mod repository;
mod resolve;
mod room;
mod shared_answers;
mod signing_status;
mod tag_schema;
mod tag_schema_write;
mod token;
mod transport;
mod words;

pub(crate) use ahead::FetchedCandidate;
pub use content_cache::ContentCache;
pub use credentials::{
    AuthFile, AuthFiles, Credential, Credentials, EcrTokenError, EcrTokens,
    Error as CredentialsError, Login, LoginStore, Secret, auth_files, docker_config, native_helper,
};
pub use ecr_tokens::AwsEcrTokens;
pub use endpoint::Access;
pub use error::{Error, Kind, LayoutFault, RejectedPart};
pub use fetch::Signature;
pub use images::{Coverage, ImageList, ImagesError};
pub use layout::LayoutRepository;
pub use listing::{Listing, Source};
pub(crate) use media_types::is_image_manifest;
pub use plain_http::PlainHttp;
pub use push::{NewSignature, PushedSignature, Storage, Warning};
pub use repository::Repository;
pub use resolve::Target;
pub(crate) use shared_answers::SharedAnswers;
pub use signing_status::{ProfileSigning, SigningProgress, SigningStatusError, signing_status};
pub use words::Words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use crate::http::Pool;
use crate::limits;
use crate::reference::{Reference, RegistryName, Scheme};
use ecr_pace::EcrPaces;
use endpoint::{Endpoint, Registry};
use transport::Session;

/// What fuzz targets need from inside; not compiled otherwise.
#[cfg(fuzzing)]
pub mod fuzzing {
    use url::Url;

    pub use super::credentials::read_docker_config;

    /// The words of a registry's error.
    pub fn words(body: &[u8]) -> super::Words {
        super::Words::parse(body, &crate::http::Carried::default())
    }

    /// How many challenges a header has.
    pub fn challenges(header: http::HeaderValue) -> usize {
        let headers = [(http::header::WWW_AUTHENTICATE, header)];
        super::challenge::parse(&headers.into_iter().collect()).len()
    }

    /// An index of the tag schema with an entry more.
    pub fn index_with_entry(index: &[u8], entry: &str) -> Option<String> {
        super::index_text::with_entry(index, entry).ok()
    }

    /// How many referrers an index has, and how many of them are signatures that are kept.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`](super::Error::Malformed).
    pub fn referrers_index(url: &Url, bytes: &[u8]) -> Result<(usize, usize), super::Error> {
        match super::referrers_index::parse_index(bytes) {
            Ok(index) => {
                let index = index.unwrap_or_default();
                let kept = index.signatures.len() + index.candidates.len();
                Ok((index.referrers, kept))
            }
            Err(source) => Err(super::Error::Malformed {
                url: url.to_string(),
                source: source.into(),
            }),
        }
    }
}

/// Speaks to registries. Clones share connections, credentials and tokens.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Inner>,
    content: Option<ContentCache>,
}

#[derive(Debug)]
struct Inner {
    pool: Pool,
    credentials: Credentials,
    plain_http: PlainHttp,
    sessions: Mutex<HashMap<SessionKey, Arc<Session>>>,
    ecr_paces: EcrPaces,
}

/// A token is for one registry, one repository and one purpose.
type SessionKey = (Url, String, Access);

impl Client {
    /// A client that sends through `pool` and shows `credentials`. Sends no request yet.
    pub fn new(pool: Pool, credentials: Credentials, plain_http: PlainHttp) -> Self {
        Self {
            shared: Arc::new(Inner {
                pool,
                credentials,
                plain_http,
                sessions: Mutex::default(),
                ecr_paces: EcrPaces::default(),
            }),
            content: None,
        }
    }

    /// One that asks of signatures that it has seen before only whether they are there, and has their bytes from `cache`.
    /// Everything else is shared.
    #[must_use]
    pub fn with_content_cache(self, cache: Option<ContentCache>) -> Self {
        Self {
            content: cache,
            ..self
        }
    }

    /// The repository of `reference`. Sends no request yet.
    ///
    /// # Errors
    ///
    /// [`Error::Misbehaved`] if the registry's host cannot be part of a URL.
    pub fn repository(
        &self,
        reference: &Reference,
        access: Access,
    ) -> Result<RemoteRepository, Error> {
        let registry = self.registry(reference)?;
        let key = (
            registry.base.clone(),
            reference.repository().to_owned(),
            access,
        );
        let mut sessions = self
            .shared
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= limits::MAX_KEPT_SESSIONS && !sessions.contains_key(&key) {
            sessions.retain(|_, session| Arc::strong_count(session) > 1);
        }
        let session = sessions.entry(key).or_insert_with(|| {
            let endpoint = Endpoint {
                registry,
                repository: reference.repository().to_owned(),
                access,
                pool: self.shared.pool.clone(),
            };
            Arc::new(self.session_with(endpoint))
        });
        Ok(RemoteRepository {
            session: Arc::clone(session),
            reference: reference.clone(),
            content: self.content.clone(),
        })
    }

    fn session_with(&self, endpoint: Endpoint) -> Session {
        let pace = endpoint.registry.ecr.as_ref();
        let pace = pace.map(|registry| self.shared.ecr_paces.of(registry));
        Session::new(endpoint, self.shared.credentials.clone(), pace)
    }

    /// How the registry of `reference` is spoken to.
    pub fn scheme(&self, reference: &Reference) -> Scheme {
        self.shared.plain_http.scheme(reference.registry_name())
    }

    fn registry(&self, reference: &Reference) -> Result<Registry, Error> {
        self.registry_named(reference.registry_name(), reference.registry())
    }

    /// The registry `name`, which is shown as `shown`.
    fn registry_named(&self, name: &RegistryName, shown: &str) -> Result<Registry, Error> {
        let scheme = self.shared.plain_http.scheme(name);
        let server = name.server(scheme);
        let base = Url::parse(&format!("{}://{server}/", scheme.as_str())).map_err(|_| {
            Error::Misbehaved {
                url: server.clone(),
                fault: "cannot be part of a URL".to_owned(),
            }
        })?;
        Ok(Registry {
            name: shown.to_owned(),
            canonical: name.clone(),
            server,
            base,
            ecr: name.ecr(),
        })
    }
}

/// A repository in a registry, opened with one reference.
#[derive(Debug, Clone)]
pub struct RemoteRepository {
    session: Arc<Session>,
    reference: Reference,
    content: Option<ContentCache>,
}

impl RemoteRepository {
    /// The reference that this repository was opened with.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Looks up the credential that this registry would be shown, and says what it is: "the credential of ...", or
    /// "an anonymous request". For Amazon ECR, AWS is asked for a token.
    ///
    /// # Errors
    ///
    /// [`Error::Credentials`].
    pub async fn log_in(&self) -> Result<String, Error> {
        self.session.log_in().await
    }
}
