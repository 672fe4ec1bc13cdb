//! The OCI distribution API (distribution specification 1.1) of Amazon ECR's registries.
//!
//! | request | module |
//! | --- | --- |
//! | `/v2/<name>/manifests/...` | `manifests` |
//! | `/v2/<name>/blobs/...`, `/_registry/blobs/...` | `blobs` |
//! | `/v2/<name>/blobs/uploads/...` | `uploads` |
//! | `/v2/<name>/referrers/...`, `/v2/<name>/tags/list` | `lists` |
//! | `/_registry/token`, and the credentials of every request | `access`, `tokens` |
//!
//! A registry is an account in a region. ECR's host names say which; every other host means the default one. Content is
//! in memory, and in the data directory where there is one (`disk`).

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};

use crate::{Error, call::Call, hosts::RegistryId};

mod access;
mod blobs;
mod disk;
mod document;
mod error;
mod lists;
mod manifests;
mod name;
mod options;
mod origin;
mod route;
mod signature;
mod software;
mod state;
mod control;
mod test_image;
mod tokens;
mod uploads;

pub(crate) use name::{Digest, is_name, is_tag};
pub(crate) use options::MAX_BLOB_BYTES;
pub(crate) use state::{
    Manifest, Repository, RepositoryKey, State, TagMutability, matches_wildcard,
};
pub(crate) use test_image::TestImage;
pub(crate) use tokens::PASSWORD_LIFETIME;
pub use {
    disk::Error as DiskError,
    options::{
        Access, BlobDelivery, ListedSize, ListedType, ReferrersApi, RegistryOptions,
        RepositoryCreation, SubjectHeader,
    },
    software::Software,
    test_image::TestImageError,
};

use access::Granted;
use disk::Disk;
use error::OciError;
use route::Route;
use tokens::Tokens;

const DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// The registries' state; locks itself.
#[derive(Debug)]
pub(crate) struct Registry {
    options: Mutex<RegistryOptions>,
    state: Mutex<State>,
    tokens: Tokens,
    disk: Option<Disk>,
}

impl Registry {
    /// Empty registries in memory; or those that the directory `registry` of `data_dir` holds, which keeps every change.
    pub(crate) fn open(options: RegistryOptions, data_dir: Option<&Path>) -> Result<Self, Error> {
        let disk = data_dir.map(|data_dir| Disk::open(&data_dir.join("registry")));
        let disk = disk.transpose().map_err(Error::Registry)?;
        let state = disk.as_ref().map(Disk::load).transpose();
        let state = state.map_err(Error::Registry)?.unwrap_or_default();
        Ok(Self {
            options: Mutex::new(options),
            state: Mutex::new(state),
            tokens: Tokens::new(),
            disk,
        })
    }

    /// Changes how the registries behave from now on.
    pub(crate) fn set_options(&self, options: RegistryOptions) {
        *self.options.lock().unwrap_or_else(PoisonError::into_inner) = options;
    }

    /// Answers one request of the distribution API; `default` is the registry of every host (`call.host`) that is not
    /// ECR's. It checks the token itself: these requests are not signed.
    pub(crate) fn handle(&self, default: RegistryId, call: &Call) -> Response<Bytes> {
        let mut response = self
            .answer(default, call)
            .unwrap_or_else(OciError::into_response);
        let version = HeaderValue::from_static("registry/2.0");
        response.headers_mut().insert(API_VERSION, version);
        response
    }

    fn answer(&self, default: RegistryId, call: &Call) -> Result<Response<Bytes>, OciError> {
        let Some(route) = Route::parse(call.request.uri().path()) else {
            return Err(OciError::no_such_path());
        };
        let options = self.options();
        if let Route::Layer { digest } = &route {
            return Ok(blobs::layer(self, call, digest));
        }
        let on_ecr = RegistryId::of_host(&call.host);
        let (access, creates_repository) = match &on_ecr {
            Some(_) => (Access::Ecr, options.creation == RepositoryCreation::OnPush),
            None => (
                options.loopback_access.clone(),
                options.creation != RepositoryCreation::Explicit,
            ),
        };
        if route == Route::Token {
            return access::token(&access, &self.tokens, call);
        }
        let id = on_ecr.unwrap_or(default);
        let granted = access::check(&access, &self.tokens, &id, &route, call)?;
        let context = Context {
            registry: self,
            options,
            call,
            granted,
            repository: RepositoryKey::new(&id, route.name().unwrap_or_default()),
            creates_repository,
        };
        dispatch(&context, &route)
    }

    fn options(&self) -> RegistryOptions {
        self.options
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Keeps the bytes of a blob or manifest, before the state names them.
    fn save_content(&self, digest: &Digest, bytes: &Bytes) -> Result<(), OciError> {
        match &self.disk {
            Some(disk) => disk
                .save_content(digest, bytes)
                .map_err(|error| unsaved(&error)),
            None => Ok(()),
        }
    }

    /// Keeps what `state` names.
    fn save(&self, state: &State) -> Result<(), OciError> {
        match &self.disk {
            Some(disk) => disk.save(state).map_err(|error| unsaved(&error)),
            None => Ok(()),
        }
    }

    /// Keeps what `state` names, for callers that are not HTTP: the error is a sentence.
    pub(crate) fn keep(&self, state: &State) -> Result<(), String> {
        self.save(state).map_err(|error| error.message().to_owned())
    }
}

fn unsaved(error: &DiskError) -> OciError {
    OciError::internal(error.to_string())
}

/// The request's name in the recorded calls and for faults, such as `registry:GetManifest`.
pub(crate) fn operation(call: &Call) -> &'static str {
    Route::parse(call.request.uri().path()).map_or("registry:Unknown", |route| {
        route.operation(call.request.method())
    })
}

/// What a handler needs to know about a request.
struct Context<'a> {
    registry: &'a Registry,
    options: RegistryOptions,
    call: &'a Call,
    granted: Granted,
    repository: RepositoryKey,
    /// Whether a push makes the repository.
    creates_repository: bool,
}

impl Context<'_> {
    fn method(&self) -> &Method {
        self.call.request.method()
    }

    fn body(&self) -> &Bytes {
        self.call.request.body()
    }

    fn query(&self, name: &str) -> Option<String> {
        route::query(self.call.request.uri(), name)
    }

    /// Whether the request's credentials allow `action` on another repository.
    fn may(&self, action: &str, name: &str) -> bool {
        self.granted.allows(name, action)
    }

    /// The repository that is pushed to, made if the options say so.
    fn repository_for_push<'s>(
        &self,
        state: &'s mut State,
    ) -> Result<&'s mut Repository, OciError> {
        if self.creates_repository {
            let repository = state.repositories.entry(self.repository.clone());
            return Ok(repository.or_insert_with(|| Repository::new(self.call.now)));
        }
        state.repository_mut(&self.repository)
    }
}

fn dispatch(context: &Context<'_>, route: &Route) -> Result<Response<Bytes>, OciError> {
    if let Some(name) = route.name().filter(|name| !is_name(name)) {
        return Err(OciError::name_invalid(name));
    }
    match route {
        Route::Ping => match *context.method() {
            Method::GET | Method::HEAD => Ok(content_response(
                "application/json",
                Bytes::from_static(b"{}"),
            )),
            _ => Err(OciError::method_not_allowed()),
        },
        Route::Manifest { reference, .. } => manifests::answer(context, reference),
        Route::Blob { digest, .. } => blobs::answer(context, digest),
        Route::Uploads { .. } => uploads::start(context),
        Route::Upload { id, .. } => uploads::answer(context, id),
        Route::Tags { .. } => lists::tags(context),
        Route::Referrers { digest, .. } => lists::referrers(context, digest),
        // Answered before credentials are looked at.
        Route::Token | Route::Layer { .. } => Err(OciError::no_such_path()),
    }
}

fn empty_response(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

fn content_response(media_type: &str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    set(&mut response, header::CONTENT_TYPE, media_type);
    response
}

/// Sets a header. A value that no header can have is left out; all of ours are digests, paths and media types.
fn set(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests;
