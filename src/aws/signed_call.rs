//! Calls of services that have no client here: JSON 1.1, signed with Signature Version 4, through the pool of
//! everything else, with the credentials and endpoints of everything else.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ErrorMetadata;
use serde::Deserialize;

use super::context::Aws;
use super::endpoints::url_of;
use super::error::{Call, CallError};
use super::pace::Pace;
use super::retry::{Repeat, Unanswered, insist};
use crate::limits;

/// A service with the JSON 1.1 protocol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Service {
    /// Its name in variables and configuration files (`AWS_ENDPOINT_URL_...`).
    pub(super) id: &'static str,
    /// Its name in host names and signatures.
    pub(super) name: &'static str,
    /// What stands before the operation in `X-Amz-Target`.
    pub(super) target: &'static str,
}

type Failure = SdkError<ErrorMetadata, HttpResponse>;

impl Aws {
    /// The body of AWS's answer to `operation`, asked in the region of `call`; asked again where that may help.
    pub(super) async fn ask(
        &self,
        service: Service,
        call: Call,
        operation: &str,
        body: &str,
    ) -> Result<Vec<u8>, CallError> {
        let sdk = self.config(&call.region).await;
        let url = url_of(&sdk, service.id, service.name, &call.region)
            .map_err(|error| CallError::not_sent(call.clone(), error.to_string(), error.hint()))?;
        let repeat = Repeat::Harmless {
            within: limits::REQUEST_TIMEOUT,
        };
        let attempt = || async {
            let sent = self.send(service, &sdk, &call.region, &url, operation, body);
            let answer = Box::pin(sent).await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        };
        match insist(&Pace::default(), repeat, &call, attempt).await {
            Ok(answer) => Ok(answer),
            Err(Unanswered::Failed(error)) => Err(error),
            Err(Unanswered::NotAsked) => {
                let problem = "no request was sent".to_owned();
                Err(CallError::not_sent(call.clone(), problem, None))
            }
        }
    }

    async fn send(
        &self,
        service: Service,
        sdk: &SdkConfig,
        region: &str,
        url: &str,
        operation: &str,
        body: &str,
    ) -> Result<Vec<u8>, Failure> {
        let credentials = credentials(sdk).await?;
        let request = ::http::Request::post(url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{}.{operation}", service.target))
            .body(SdkBody::from(body))
            .map_err(SdkError::construction_failure)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "AWS compares the time of a signature with its own clock"
        )]
        let now = SystemTime::now();
        let request = signed(request, credentials, service.name, region, now)
            .map_err(SdkError::construction_failure)?;
        let answer = Box::pin(self.http().send(request)).await;
        let answer = answer.map_err(SdkError::dispatch_failure)?;
        let text = answer.body().bytes().unwrap_or_default();
        if answer.status().is_success() {
            return Ok(text.to_vec());
        }
        let error = error_in(&answer, text);
        Err(SdkError::service_error(error, answer))
    }
}

async fn credentials(sdk: &SdkConfig) -> Result<Credentials, Failure> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
        SdkError::dispatch_failure(ConnectorError::other(error, None))
    };
    let source = sdk
        .credentials_provider()
        .ok_or_else(|| failed("no credentials are set".into()))?;
    let asked = source.provide_credentials();
    match tokio::time::timeout(limits::CREDENTIALS_TIMEOUT, asked).await {
        Ok(found) => found.map_err(|error| failed(error.into())),
        Err(elapsed) => Err(SdkError::timeout_error(elapsed)),
    }
}

/// The request with the headers that sign it for `service` in `region`.
pub(super) fn signed(
    mut request: ::http::Request<SdkBody>,
    credentials: Credentials,
    service: &str,
    region: &str,
    now: SystemTime,
) -> Result<HttpRequest, BoxError> {
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let headers = request.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let url = request.uri().to_string();
    let body = SignableBody::Bytes(request.body().bytes().unwrap_or_default());
    let signable = SignableRequest::new(request.method().as_str(), url, headers, body)?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(HttpRequest::try_from(request)?)
}

/// AWS's error in an answer: `com.amazonaws.ecs#ClientException` and the like.
fn error_in(answer: &HttpResponse, text: &[u8]) -> ErrorMetadata {
    #[derive(Deserialize)]
    struct Said {
        #[serde(rename = "__type")]
        kind: Option<String>,
        message: Option<String>,
    }
    let said: Option<Said> = serde_json::from_slice(text).ok();
    let header = answer.headers().get("x-amzn-errortype").map(str::to_owned);
    let (kind, message) = said.map_or((None, None), |said| (said.kind, said.message));
    let mut error = ErrorMetadata::builder();
    if let Some(kind) = header.or(kind) {
        let kind = kind.split(':').next().unwrap_or_default();
        error = error.code(kind.rsplit('#').next().unwrap_or_default());
    }
    if let Some(message) = message {
        error = error.message(message);
    }
    error.build()
}
