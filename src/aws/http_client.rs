//! The AWS SDK's requests through our own connection pool, so that proxies, roots of TLS and limits
//! are the same for AWS as for registries, and one HTTP stack is linked instead of two.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use ::http::HeaderValue;
use ::http::header::CONTENT_LENGTH;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures_util::stream;
use url::Url;

use super::call_trace::CallTrace;
use super::metadata;
use crate::http;
use crate::limits::{AWS_ANSWER_TIMEOUT, MAX_AWS_RESPONSE_BYTES};

/// The last word of `X-Amz-Target` of calls that change nothing, and are made by POST anyway.
const READING_TARGETS: [&str; 12] = [
    "GetPublicKey",
    "DescribeKey",
    "GetAuthorizationToken",
    "DescribeTaskDefinition",
    "DescribeServiceRevisions",
    "DescribeServices",
    "DescribeTasks",
    "ListTasks",
    "ListServices",
    "ListClusters",
    "GetParameter",
    "GetSecretValue",
];

/// In the place of a header's value that is not text.
const NOT_TEXT: HeaderValue = HeaderValue::from_static("(not text)");

/// The SDK's way to our pool. Instance and container metadata are asked without a proxy, as everything
/// that is meant for this machine alone is by the pool.
#[derive(Debug, Clone)]
pub(super) struct PooledHttp(http::Pool);

impl PooledHttp {
    pub(super) fn new(pool: &http::Pool) -> Self {
        // A signature may be long in the making: nothing of an answer comes before it is whole.
        Self(pool.with(|settings| {
            settings.read_timeout = settings.read_timeout.max(AWS_ANSWER_TIMEOUT);
        }))
    }

    /// The same for what is large: a request may take so long with its whole body.
    pub(super) fn taking(&self, time: Duration) -> Self {
        Self(self.0.with(|settings| settings.request_timeout = time))
    }

    /// The same for a large request: no answer begins before all of it has come, so that the wait for one is as long.
    pub(super) fn sending(&self, time: Duration) -> Self {
        Self(self.0.with(|settings| {
            settings.request_timeout = time;
            settings.read_timeout = time;
        }))
    }

    pub(super) async fn send(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let begun = self.begin(request).await?;
        self.whole(begun).await
    }

    /// Sends the request and gives each piece of an answer with success to `take` as it comes, up to `max` bytes; the
    /// answer without its body. Any other answer is as [`Self::send`] gives it.
    pub(super) async fn stream(
        self,
        request: HttpRequest,
        max: u64,
        take: &mut Take<'_>,
    ) -> Result<HttpResponse, ConnectorError> {
        let begun = self.begin(request).await?;
        if !begun.response.status().is_success() {
            return self.whole(begun).await;
        }
        let broken = |error| connector_error(error, begun.is_reading);
        let head = begun.head();
        let mut body = http::Body::of(begun.response, max).map_err(broken)?;
        while let Some(bytes) = body.next().await.map_err(broken)? {
            take(&bytes).map_err(|error| ConnectorError::other(Box::new(NotKept(error)), None))?;
        }
        head
    }

    /// Sends `bytes` bytes of a file, from its beginning, as the body of the request.
    pub(super) async fn send_file(
        self,
        request: HttpRequest,
        file: &File,
        bytes: u64,
    ) -> Result<HttpResponse, ConnectorError> {
        let body = pieces(file).map_err(|error| ConnectorError::user(Box::new(error)))?;
        let url = url_of(&request)?;
        let mut request = into_reqwest(&self.0, request, &url)?;
        request
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(bytes));
        *request.body_mut() = Some(body);
        let begun = self.begin_with(request, url).await?;
        self.whole(begun).await
    }

    async fn begin(&self, request: HttpRequest) -> Result<StreamedResponse, ConnectorError> {
        let url = url_of(&request)?;
        let request = into_reqwest(&self.0, request, &url)?;
        self.begin_with(request, url).await
    }

    async fn begin_with(
        &self,
        request: reqwest::Request,
        url: Url,
    ) -> Result<StreamedResponse, ConnectorError> {
        let Self(pool) = self;
        let is_reading = is_reading(&request);
        let trace = CallTrace::of(&request);
        let sent = if is_reading {
            pool.send_harmless(request).await
        } else {
            pool.send(request).await
        };
        let response = sent.map_err(|error| {
            if let Some(trace) = &trace {
                trace.failed();
            }
            connector_error(error, is_reading)
        })?;
        if let Some(trace) = &trace {
            trace.answered(response.status().as_u16(), response.headers());
        }
        Ok(StreamedResponse {
            response,
            url,
            is_reading,
        })
    }

    async fn whole(&self, begun: StreamedResponse) -> Result<HttpResponse, ConnectorError> {
        let StreamedResponse {
            response,
            url,
            is_reading,
        } = begun;
        let status = response.status();
        let mut headers = response.headers().clone();
        metadata::limit_token_time(&mut headers);
        let carried = http::Carried::by(&response);
        let body = http::read_body(response, MAX_AWS_RESPONSE_BYTES)
            .await
            .map_err(|error| connector_error(error, is_reading))?;
        if metadata::is_no_role(url.path(), &body) {
            let error = "the instance's metadata name a role that cannot be one";
            return Err(ConnectorError::other(error.into(), None));
        }
        // What a server says of an error is shown by many; it may repeat the request.
        let body = match std::str::from_utf8(&body) {
            Ok(text) if status.is_client_error() || status.is_server_error() => {
                // The whole of it has come, and it may have another length now.
                headers.remove(CONTENT_LENGTH);
                SdkBody::from(carried.blot(text))
            }
            _ => SdkBody::from(body),
        };
        let by = AnsweredBy {
            host: http::host(&url),
            via: self.0.via(&url),
        };
        let mut answer = answer_of(status, &headers, &carried, body)?;
        answer.add_extension(by);
        answer.add_extension(carried);
        Ok(answer)
    }
}

fn url_of(request: &HttpRequest) -> Result<Url, ConnectorError> {
    Url::parse(request.uri()).map_err(|error| ConnectorError::user(Box::new(error)))
}

/// A file from its beginning as a body that is read as it is sent.
fn pieces(file: &File) -> io::Result<reqwest::Body> {
    const PIECE: usize = 64 * 1024;
    let mut file = file.try_clone()?;
    file.seek(SeekFrom::Start(0))?;
    let pieces = stream::try_unfold(file, async |mut file| {
        let mut piece = vec![0; PIECE];
        let count = file.read(&mut piece)?;
        piece.truncate(count);
        Ok::<_, io::Error>((count > 0).then_some((Bytes::from(piece), file)))
    });
    Ok(reqwest::Body::wrap_stream(pieces))
}

/// What takes the pieces of an answer.
pub(super) type Take<'a> = dyn FnMut(&[u8]) -> io::Result<()> + Send + 'a;

/// What came could not be kept on this machine.
#[derive(Debug, thiserror::Error)]
#[error("what was fetched could not be kept")]
pub(super) struct NotKept(#[source] io::Error);

/// An answer whose body is to come.
struct StreamedResponse {
    response: reqwest::Response,
    url: Url,
    is_reading: bool,
}

impl StreamedResponse {
    /// The answer without its body.
    fn head(&self) -> Result<HttpResponse, ConnectorError> {
        let carried = http::Carried::by(&self.response);
        let headers = self.response.headers();
        answer_of(self.response.status(), headers, &carried, SdkBody::empty())
    }
}

/// An answer in the SDK's form.
fn answer_of(
    status: ::http::StatusCode,
    headers: &::http::HeaderMap,
    carried: &http::Carried,
    body: SdkBody,
) -> Result<HttpResponse, ConnectorError> {
    let mut answer = ::http::Response::new(body);
    *answer.status_mut() = status;
    for (name, value) in headers {
        // The SDK reads headers as text. That there is one that is not text is not hidden.
        let value = match value.to_str() {
            Ok(text) => HeaderValue::try_from(carried.blot(text)).unwrap_or(NOT_TEXT),
            Err(_) => NOT_TEXT,
        };
        answer.headers_mut().append(name, value);
    }
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
}

/// Who answered.
#[derive(Debug, Clone, Default)]
pub(super) struct AnsweredBy {
    host: String,
    /// The proxy in force, as ` through ...`; empty without one.
    via: String,
}

impl AnsweredBy {
    /// Who sent `answer`.
    pub(super) fn of(answer: &HttpResponse) -> Self {
        answer.extension::<Self>().cloned().unwrap_or_default()
    }

    /// That the answer, with this status, is not one that AWS gives.
    pub(super) fn not_as_aws(&self, status: u16) -> String {
        let Self { host, via } = self;
        let host = match host.as_str() {
            "" => "the server".to_owned(),
            host => format!("`{host}`"),
        };
        let asked = match via.as_str() {
            "" => String::new(),
            via => format!(" (asked{via})"),
        };
        format!("{host} answered {status}, not as AWS does{asked}")
    }

    /// What to do about a proxy that answers itself.
    pub(super) fn hint(&self) -> Option<String> {
        let host = &self.host;
        (!self.via.is_empty()).then(|| {
            format!(
                "allow `{host}` at the proxy; if AWS can be reached without it, name the host in `NO_PROXY`"
            )
        })
    }
}

fn into_reqwest(
    pool: &http::Pool,
    request: HttpRequest,
    url: &Url,
) -> Result<reqwest::Request, ConnectorError> {
    let user = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
    let request = request
        .try_into_http1x()
        .map_err(|error| user(error.into()))?;
    let (head, body) = request.into_parts();
    let body = body
        .bytes()
        .ok_or_else(|| user("a request with a streamed body".into()))?
        .to_vec();
    let mut request = pool
        .client(url)
        .map_err(|error| connector_error(error, true))?
        .request(head.method, url.clone())
        .headers(head.headers)
        .build()
        .map_err(|error| user(error.into()))?;
    if !body.is_empty() {
        *request.body_mut() = Some(body.into());
    }
    Ok(request)
}

/// Whether AWS does nothing but answer, so that the request does no harm when it arrives twice.
fn is_reading(request: &reqwest::Request) -> bool {
    let target = request.headers().get("x-amz-target");
    let operation = target
        .and_then(|target| target.to_str().ok())
        .and_then(|target| target.rsplit('.').next());
    request.method().is_safe() || operation.is_some_and(|name| READING_TARGETS.contains(&name))
}

/// Whether sending the request again may help, in the SDK's terms; a signature that may have been made
/// is not asked for twice.
fn connector_error(error: http::Error, is_reading: bool) -> ConnectorError {
    match error {
        http::Error::TimedOut { .. } | http::Error::Interrupted { .. } if !is_reading => {
            ConnectorError::other(error.into(), None)
        }
        http::Error::TimedOut { .. } => ConnectorError::timeout(error.into()),
        http::Error::Connect { ref source, .. } if source.is_timeout() => {
            ConnectorError::timeout(error.into())
        }
        http::Error::Connect { .. }
        | http::Error::Unresolved { .. }
        | http::Error::Interrupted { .. } => ConnectorError::io(error.into()),
        _ => ConnectorError::other(error.into(), None),
    }
}

#[derive(Debug)]
struct Connector {
    http: PooledHttp,
    /// What the SDK allows where that is less than the pool does: a second for metadata services.
    limit: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sent = self.http.clone().send(request);
        match self.limit {
            None => HttpConnectorFuture::new(sent),
            Some(limit) => HttpConnectorFuture::new(async move {
                tokio::time::timeout(limit, sent)
                    .await
                    .unwrap_or_else(|elapsed| Err(ConnectorError::timeout(elapsed.into())))
            }),
        }
    }
}

impl HttpClient for PooledHttp {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let limit = match (settings.connect_timeout(), settings.read_timeout()) {
            (Some(connect), Some(read)) => Some(connect + read),
            _ => None,
        };
        SharedHttpConnector::new(Connector {
            http: self.clone(),
            limit,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_a_large_request_is_waited_for_as_long_as_the_request_may_take() {
        let http = PooledHttp::new(&http::Pool::new(http::Settings::default()));
        let time = Duration::from_mins(7);
        for (with, answer) in [
            (http.sending(time), time),
            (http.taking(time), AWS_ANSWER_TIMEOUT),
        ] {
            let settings = with.0.settings();
            assert_eq!(
                (settings.request_timeout, settings.read_timeout),
                (time, answer)
            );
        }
    }
}
