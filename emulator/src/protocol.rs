//! How a service writes its answers and its errors.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use crate::{error::AwsError, json::without_nulls, random, sigv4::Refusal};

/// A service's way with answers and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// AWS Signer: JSON by path, the error's code in `x-amzn-ErrorType`.
    RestJson,
    /// Amazon ECR: JSON 1.1, the error's code in `__type`.
    Json11,
    /// AWS KMS: JSON 1.1, with internal and throttling errors of its own.
    Kms,
    /// AWS STS: XML.
    Query,
    /// Amazon S3: XML of its own, codes without `Exception`.
    S3,
    /// The registry: OCI error documents.
    Registry,
}

impl Protocol {
    /// A result as the service writes it.
    pub(crate) fn answer(self, result: Result<Value, AwsError>) -> Response<Bytes> {
        match result {
            Ok(value) => {
                let body = serde_json::to_vec(&without_nulls(value)).unwrap_or_default();
                self.response(StatusCode::OK, body)
            }
            Err(error) => self.error(&error),
        }
    }

    /// An error as the service writes it.
    pub(crate) fn error(self, error: &AwsError) -> Response<Bytes> {
        match self {
            Self::RestJson => {
                // AWS writes this one member with a capital, of this one error.
                let key = if error.code == "AccessDeniedException" {
                    "Message"
                } else {
                    "message"
                };
                let body = json_body(error, &[(key, &error.message)]);
                let mut response = self.response(error.status, body);
                if let Ok(code) = HeaderValue::from_str(&error.code) {
                    response.headers_mut().insert("x-amzn-errortype", code);
                }
                response
            }
            Self::Json11 | Self::Kms => {
                // JSON 1.1 services answer 400 where others answer 403 or 429.
                let status = if error.status.is_client_error() {
                    StatusCode::BAD_REQUEST
                } else {
                    error.status
                };
                self.response(
                    status,
                    json_body(
                        error,
                        &[("__type", &error.code), ("message", &error.message)],
                    ),
                )
            }
            Self::Query => {
                let kind = if error.status.is_client_error() {
                    "Sender"
                } else {
                    "Receiver"
                };
                let request_id = random::uuid();
                let body = format!(
                    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    \
                     <Type>{kind}</Type>\n    <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  \
                     <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n",
                    xml(&error.code),
                    xml(&error.message),
                );
                self.response_with_id(error.status, body.into_bytes(), &request_id)
            }
            Self::S3 => self.error_of_s3(error),
            Self::Registry => {
                let body = serde_json::json!({ "errors": [{ "code": error.code, "message": error.message }] });
                self.response(error.status, serde_json::to_vec(&body).unwrap_or_default())
            }
        }
    }

    fn error_of_s3(self, error: &AwsError) -> Response<Bytes> {
        let request_id = random::hex(8).to_ascii_uppercase();
        let code = match error.code.as_str() {
            "AccessDeniedException" => "AccessDenied",
            code => code,
        };
        let text = |name: &str| error.members.get(name).and_then(Value::as_str);
        let mut members = String::new();
        for name in ["Endpoint", "Bucket"] {
            if let Some(value) = text(name) {
                // Writing to a `String` cannot fail.
                let _ = write!(members, "<{name}>{}</{name}>", xml(value));
            }
        }
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>\
             {members}<RequestId>{request_id}</RequestId><HostId>emulator</HostId></Error>",
            xml(code),
            xml(&error.message)
        );
        let mut response = self.response_with_id(error.status, body.into_bytes(), &request_id);
        // A bucket of another region says which one.
        if let Some(region) = text("Region").and_then(|it| HeaderValue::from_str(it).ok()) {
            response.headers_mut().insert("x-amz-bucket-region", region);
        }
        response
    }

    pub(crate) fn response(self, status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
        self.response_with_id(status, body, &random::uuid())
    }

    /// A response whose body has the request's identifier in it too.
    pub(crate) fn response_with_id(
        self,
        status: StatusCode,
        body: Vec<u8>,
        request_id: &str,
    ) -> Response<Bytes> {
        let content_type = match self {
            Self::RestJson | Self::Registry => "application/json",
            Self::Json11 | Self::Kms => "application/x-amz-json-1.1",
            Self::Query => "text/xml",
            Self::S3 => "application/xml",
        };
        let id_header = if self == Self::S3 {
            "x-amz-request-id"
        } else {
            "x-amzn-requestid"
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let (Ok(id), true) = (HeaderValue::from_str(request_id), self != Self::Registry) {
            headers.insert(id_header, id);
        }
        response
    }

    /// The error for a request that is refused before its operation is looked at.
    pub(crate) fn refusal(self, refusal: Refusal) -> AwsError {
        if self == Self::S3 {
            return refusal_of_s3(refusal);
        }
        let is_query = self == Self::Query;
        let (code, message) = match refusal {
            Refusal::MissingToken if is_query => (
                "MissingAuthenticationToken",
                "Request is missing Authentication Token".to_owned(),
            ),
            Refusal::MissingToken => (
                "MissingAuthenticationTokenException",
                "Missing Authentication Token".to_owned(),
            ),
            Refusal::Incomplete(why) if is_query => ("IncompleteSignature", why),
            Refusal::Incomplete(why) => ("IncompleteSignatureException", why),
            Refusal::UnknownToken => (
                if is_query {
                    "InvalidClientTokenId"
                } else {
                    "UnrecognizedClientException"
                },
                "The security token included in the request is invalid.".to_owned(),
            ),
            Refusal::ExpiredToken => (
                if is_query {
                    "ExpiredToken"
                } else {
                    "ExpiredTokenException"
                },
                "The security token included in the request is expired".to_owned(),
            ),
            Refusal::Signature(why) => (
                if is_query {
                    "SignatureDoesNotMatch"
                } else {
                    "InvalidSignatureException"
                },
                why,
            ),
        };
        let status = if code.starts_with("IncompleteSignature") {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::FORBIDDEN
        };
        AwsError::new(status, code, message)
    }

    /// The service's throttling error.
    pub(crate) fn throttled(self) -> AwsError {
        match self {
            Self::RestJson => AwsError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequestsException",
                "Too Many Requests",
            ),
            Self::Json11 => AwsError::client("ThrottlingException", "Rate exceeded"),
            Self::Kms => AwsError::client(
                "ThrottlingException",
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
            ),
            Self::Query => AwsError::client("Throttling", "Rate exceeded"),
            Self::S3 => AwsError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "SlowDown",
                "Please reduce your request rate.",
            ),
            Self::Registry => AwsError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TOOMANYREQUESTS",
                "Rate exceeded",
            ),
        }
    }

    /// The service's internal error, with this status if it is one of a server.
    pub(crate) fn server_error(self, status: u16) -> AwsError {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(StatusCode::is_server_error);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let code = match self {
            Self::RestJson => "InternalServiceErrorException",
            Self::Json11 => "ServerException",
            Self::Kms => "KMSInternalException",
            Self::Query => "InternalFailure",
            Self::S3 => "InternalError",
            Self::Registry => "UNKNOWN",
        };
        AwsError::new(
            status,
            code,
            "We encountered an internal error. Please try again.",
        )
    }
}

fn refusal_of_s3(refusal: Refusal) -> AwsError {
    let (code, message) = match refusal {
        Refusal::MissingToken => ("AccessDenied", "Access Denied".to_owned()),
        Refusal::Incomplete(why) => ("AuthorizationHeaderMalformed", why),
        Refusal::UnknownToken => (
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.".to_owned(),
        ),
        Refusal::ExpiredToken => ("ExpiredToken", "The provided token has expired.".to_owned()),
        Refusal::Signature(why)
            if why.contains(" is now earlier ") || why.contains(" is still later ") =>
        {
            (
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large."
                    .to_owned(),
            )
        }
        Refusal::Signature(why) => ("SignatureDoesNotMatch", why),
    };
    AwsError::new(StatusCode::FORBIDDEN, code, message)
}

fn json_body(error: &AwsError, members: &[(&str, &String)]) -> Vec<u8> {
    let mut body = error.members.clone();
    body.extend(
        members
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::String((*value).clone()))),
    );
    serde_json::to_vec(&Value::Object(body)).unwrap_or_default()
}

/// Text in an XML element.
pub(crate) fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
