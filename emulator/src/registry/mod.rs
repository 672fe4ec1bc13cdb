//! The OCI distribution API of an Amazon ECR registry.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::{call::Call, shared::Shared};

/// How the registry behaves.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RegistryOptions {}

/// The registry's state; locks itself. Built once from the options when the emulator starts.
#[derive(Debug, Default)]
pub(crate) struct Registry {}

impl Registry {
    pub(crate) fn new(_options: RegistryOptions) -> Self {
        Self {}
    }
}

/// The request's name in the recorded calls and for faults, such as `registry:GetManifest`.
pub(crate) fn operation(_call: &Call) -> &'static str {
    "registry:Unknown"
}

/// Answers one request of the distribution API, whatever its host (`call.host`). It checks the token itself: these
/// requests are not signed.
pub(crate) fn handle(_shared: &Shared, call: &Call) -> Response<Bytes> {
    let body = format!(
        r#"{{"errors":[{{"code":"UNSUPPORTED","message":"unsupported: {} {}"}}]}}"#,
        call.request.method(),
        call.request.uri().path()
    );
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}
