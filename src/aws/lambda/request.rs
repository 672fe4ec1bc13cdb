//! One call of AWS Lambda's API: REST, in JSON.

use ::http::Method;
use aws_sigv4::http_request::SigningSettings;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::aws::context::Aws;
use crate::aws::error::{Call, CallError};
use crate::aws::percent::escaped;
use crate::aws::retry::Repeat;
use crate::aws::signed_call::{Endpoint, Question, decoded, error_in};
use crate::limits::REQUEST_TIMEOUT;

/// A question, which changes nothing.
pub(super) const READS: Repeat = Repeat::Harmless {
    within: REQUEST_TIMEOUT,
};

/// What is asked of AWS Lambda.
pub(super) struct Request {
    pub(super) method: Method,
    /// The path and the query, with everything in them escaped.
    pub(super) path: String,
    pub(super) body: Option<Value>,
    pub(super) repeat: Repeat,
}

impl Request {
    /// A question about what is at `path`.
    pub(super) const fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
            repeat: READS,
        }
    }
}

/// The path of `name`, which may be an ARN, in a collection.
pub(super) fn path(collection: &str, name: &str, more: &str) -> String {
    format!("{collection}/{}{more}", escaped(name, false))
}

/// The path of one page of a list.
pub(super) fn page(path: &str, most: usize, token: Option<String>) -> String {
    let marker = token.map(|token| format!("&Marker={}", escaped(&token, false)));
    format!("{path}?MaxItems={most}{}", marker.unwrap_or_default())
}

impl Aws {
    /// What AWS Lambda answers, with success.
    pub(super) async fn ask_lambda(
        &self,
        call: &Call,
        request: &Request,
    ) -> Result<HttpResponse, CallError> {
        let build = |endpoint: &Endpoint| {
            let url = format!("{}{}", endpoint.url, request.path);
            let builder = ::http::Request::builder()
                .method(request.method.clone())
                .uri(url);
            match &request.body {
                Some(body) => builder
                    .header("content-type", "application/json")
                    .body(SdkBody::from(body.to_string())),
                None => builder.body(SdkBody::empty()),
            }
        };
        let question = Question {
            id: "Lambda",
            name: "lambda",
            settings: SigningSettings::default,
            request: &build,
            error: error_in,
        };
        Box::pin(self.put(call.clone(), &question, request.repeat)).await
    }

    /// The same as a value.
    pub(super) async fn ask_lambda_for<T: DeserializeOwned>(
        &self,
        call: &Call,
        request: &Request,
    ) -> Result<T, CallError> {
        let answer = self.ask_lambda(call, request).await?;
        decoded(call, answer.body().bytes().unwrap_or_default())
    }
}
