//! Calls of services that have no client here: JSON 1.1 or another protocol, signed with Signature Version 4, through the pool of
//! everything else, with the credentials and endpoints of everything else.

use std::fs::File;
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
use serde::de::DeserializeOwned;

use super::context::Aws;
use super::endpoints::{has_endpoint, url_of};
use super::error::{Call, CallError};
use super::http_client::Take;
use super::pace::Pace;
use super::retry::{NoAnswer, Repeat, insist};
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

/// A request that is not made by an SDK crate, and how an error in its answer is read.
pub(super) struct Question<'a> {
    /// The service's name in variables and configuration files.
    pub(super) id: &'static str,
    /// Its name in host names and signatures.
    pub(super) name: &'static str,
    /// How its requests are signed.
    pub(super) settings: fn() -> SigningSettings,
    /// The request, for the endpoint that it goes to.
    pub(super) request: &'a (dyn Fn(&Endpoint) -> Result<Unsigned, ::http::Error> + Sync),
    /// The error in an answer without success.
    pub(super) error: fn(&HttpResponse, &[u8]) -> ErrorMetadata,
}

impl Question<'_> {
    /// The answer, if it is a success.
    #[expect(clippy::result_large_err, reason = "it is the SDK's")]
    fn answer(&self, answer: HttpResponse) -> Result<HttpResponse, Failure> {
        if answer.status().is_success() {
            return Ok(answer);
        }
        let error = (self.error)(&answer, answer.body().bytes().unwrap_or_default());
        Err(SdkError::service_error(error, answer))
    }
}

/// Where a service is asked.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    /// Without a slash at its end.
    pub(super) url: String,
    /// Whether a variable or a file set it, so that it is not AWS's own.
    pub(super) is_set: bool,
}

pub(super) type Unsigned = ::http::Request<SdkBody>;
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
        let request = |endpoint: &Endpoint| {
            ::http::Request::post(&endpoint.url)
                .header("content-type", "application/x-amz-json-1.1")
                .header("x-amz-target", format!("{}.{operation}", service.target))
                .body(SdkBody::from(body))
        };
        let question = Question {
            id: service.id,
            name: service.name,
            settings: SigningSettings::default,
            request: &request,
            error: error_in,
        };
        let answer = Box::pin(self.put_question(call, &question)).await?;
        Ok(answer.body().bytes().unwrap_or_default().to_vec())
    }

    /// AWS's answer with success to a question that changes nothing, or that may be asked twice.
    pub(super) async fn put_question(
        &self,
        call: Call,
        question: &Question<'_>,
    ) -> Result<HttpResponse, CallError> {
        let repeat = Repeat::Harmless {
            within: limits::REQUEST_TIMEOUT,
        };
        self.put(call, question, repeat).await
    }

    /// AWS's answer with success to a request that is repeated as `repeat` says.
    pub(super) async fn put(
        &self,
        call: Call,
        question: &Question<'_>,
        repeat: Repeat,
    ) -> Result<HttpResponse, CallError> {
        let sdk = self.config(&call.region).await;
        let endpoint = endpoint(&sdk, &call, question)?;
        let attempt = || async {
            let answer = Box::pin(self.send(question, &sdk, &call.region, &endpoint)).await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        };
        answered(
            &call,
            insist(&Pace::default(), repeat, &call, attempt).await,
        )
    }

    /// The head of AWS's answer with success to a question whose answer is large: each piece of it goes to `take` as it
    /// comes, up to `max` bytes. It is asked once: what `take` got cannot be taken back.
    pub(super) async fn stream(
        &self,
        call: &Call,
        question: &Question<'_>,
        max: u64,
        take: &mut Take<'_>,
    ) -> Result<HttpResponse, CallError> {
        let sdk = self.config(&call.region).await;
        let endpoint = endpoint(&sdk, call, question)?;
        let streamed = async {
            let request = prepared(question, &sdk, &call.region, &endpoint).await?;
            let http = self.http().taking(limits::PACKAGE_TRANSFER_TIMEOUT);
            let answer = Box::pin(http.stream(request, max, take)).await;
            question.answer(answer.map_err(SdkError::dispatch_failure)?)
        };
        let answer: Result<HttpResponse, Failure> = streamed.await;
        answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
    }

    /// AWS's answer with success to a request whose body is a file. It is asked again where that may help: what was stored
    /// before is stored once more.
    pub(super) async fn put_file(
        &self,
        call: Call,
        question: &Question<'_>,
        (file, bytes): (&File, u64),
    ) -> Result<HttpResponse, CallError> {
        let sdk = self.config(&call.region).await;
        let endpoint = endpoint(&sdk, &call, question)?;
        let http = self.http().sending(limits::PACKAGE_TRANSFER_TIMEOUT);
        let attempt = || async {
            let sent = async {
                let request = prepared(question, &sdk, &call.region, &endpoint).await?;
                let answer = Box::pin(http.clone().send_file(request, file, bytes)).await;
                question.answer(answer.map_err(SdkError::dispatch_failure)?)
            };
            let answer: Result<HttpResponse, Failure> = sent.await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        };
        let repeat = Repeat::Harmless {
            within: limits::PACKAGE_TRANSFER_TIMEOUT,
        };
        answered(
            &call,
            insist(&Pace::default(), repeat, &call, attempt).await,
        )
    }

    async fn send(
        &self,
        question: &Question<'_>,
        sdk: &SdkConfig,
        region: &str,
        endpoint: &Endpoint,
    ) -> Result<HttpResponse, Failure> {
        let request = prepared(question, sdk, region, endpoint).await?;
        let answer = Box::pin(self.http().send(request)).await;
        question.answer(answer.map_err(SdkError::dispatch_failure)?)
    }
}

/// SHA-256 of a body that is not in its request, in hexadecimal digits: an extension of the request.
#[derive(Debug, Clone)]
pub(super) struct BodyDigest(pub(super) String);

fn answered<T>(call: &Call, answer: Result<T, NoAnswer>) -> Result<T, CallError> {
    answer.map_err(|unanswered| match unanswered {
        NoAnswer::Failed(error) => error,
        NoAnswer::NotAsked => {
            let problem = "no request was sent".to_owned();
            CallError::not_sent(call.clone(), problem, None)
        }
    })
}

/// Where the service of `question` is asked.
fn endpoint(sdk: &SdkConfig, call: &Call, question: &Question<'_>) -> Result<Endpoint, CallError> {
    let url = url_of(sdk, question.id, question.name, &call.region)
        .map_err(|error| CallError::not_sent(call.clone(), error.to_string(), error.hint()))?;
    Ok(Endpoint {
        url: url.trim_end_matches('/').to_owned(),
        is_set: has_endpoint(sdk, question.id),
    })
}

/// The request, signed as of now.
async fn prepared(
    question: &Question<'_>,
    sdk: &SdkConfig,
    region: &str,
    endpoint: &Endpoint,
) -> Result<HttpRequest, Failure> {
    let credentials = credentials(sdk).await?;
    let request = (question.request)(endpoint).map_err(SdkError::construction_failure)?;
    #[expect(
        clippy::disallowed_methods,
        reason = "AWS compares the time of a signature with its own clock"
    )]
    let now = SystemTime::now();
    let settings = (question.settings)();
    signed_as(request, credentials, question.name, region, now, settings)
        .map_err(SdkError::construction_failure)
}

/// An answer in JSON. What it says is not repeated, because it may be a secret.
pub(super) fn decoded<T: DeserializeOwned>(call: &Call, answer: &[u8]) -> Result<T, CallError> {
    serde_json::from_slice(answer).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let problem = format!("it is not as the API says at line {line}, column {column}");
        CallError::malformed(call.clone(), problem, None)
    })
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
    request: Unsigned,
    credentials: Credentials,
    service: &str,
    region: &str,
    now: SystemTime,
) -> Result<HttpRequest, BoxError> {
    let settings = SigningSettings::default();
    signed_as(request, credentials, service, region, now, settings)
}

fn signed_as(
    mut request: Unsigned,
    credentials: Credentials,
    service: &str,
    region: &str,
    now: SystemTime,
    settings: SigningSettings,
) -> Result<HttpRequest, BoxError> {
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let headers = request.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let url = request.uri().to_string();
    let body = match request.extensions().get::<BodyDigest>() {
        Some(BodyDigest(digest)) => SignableBody::Precomputed(digest.clone()),
        None => SignableBody::Bytes(request.body().bytes().unwrap_or_default()),
    };
    let signable = SignableRequest::new(request.method().as_str(), url, headers, body)?;
    let (instructions, _) = sign(signable, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(HttpRequest::try_from(request)?)
}

/// AWS's error in an answer: `com.amazonaws.ecs#ClientException` and the like.
pub(super) fn error_in(answer: &HttpResponse, text: &[u8]) -> ErrorMetadata {
    #[derive(Deserialize)]
    struct ErrorBody {
        #[serde(rename = "__type")]
        kind: Option<String>,
        #[serde(alias = "Message")]
        message: Option<String>,
    }
    let said: Option<ErrorBody> = serde_json::from_slice(text).ok();
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
