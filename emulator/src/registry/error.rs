//! Errors of the distribution API: a status, and a body of one code, message and detail.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde_json::{Value, json};

use super::set;
use crate::json::without_nulls;

/// An answer that refuses the request.
#[derive(Debug, PartialEq)]
pub(crate) struct OciError {
    status: StatusCode,
    body: Body,
    /// `WWW-Authenticate`
    challenge: Option<String>,
}

#[derive(Debug, PartialEq)]
enum Body {
    /// As the specification has it ("Error Codes").
    Json {
        code: &'static str,
        message: String,
        detail: Value,
    },
    /// As some servers answer instead.
    PlainText(&'static str),
}

impl OciError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let body = Body::Json {
            code,
            message: message.into(),
            detail: Value::Null,
        };
        Self {
            status,
            body,
            challenge: None,
        }
    }

    fn with_detail(mut self, value: Value) -> Self {
        if let Body::Json { detail, .. } = &mut self.body {
            *detail = value;
        }
        self
    }

    fn plain_text(status: StatusCode, text: &'static str) -> Self {
        Self {
            status,
            body: Body::PlainText(text),
            challenge: None,
        }
    }

    /// Asks for credentials: `challenge` is the value of `WWW-Authenticate`.
    pub(super) fn unauthorized(challenge: String) -> Self {
        let refusal = Self::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "authentication required",
        );
        Self {
            challenge: Some(challenge),
            ..refusal
        }
    }

    /// Asks for credentials as Amazon ECR does.
    pub(super) fn ecr_unauthorized(origin: &str) -> Self {
        let challenge = format!("Basic realm=\"{origin}/\",service=\"ecr.amazonaws.com\"");
        Self {
            challenge: Some(challenge),
            ..Self::plain_text(StatusCode::UNAUTHORIZED, "Not Authorized\n")
        }
    }

    /// What a server without the referrers API answers.
    pub(super) fn no_referrers_api() -> Self {
        Self::plain_text(StatusCode::NOT_FOUND, "404 page not found\n")
    }

    /// What a server answers that does not know the path of the referrers API.
    pub(super) fn refused(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
            StatusCode::FORBIDDEN => "DENIED",
            _ => "UNSUPPORTED",
        };
        Self::new(status, code, "referrers are not served")
    }

    pub(super) fn name_invalid(name: &str) -> Self {
        let message = "invalid repository name: components of a-z and 0-9, joined by . _ __ or -, 256 characters at most";
        Self::new(StatusCode::BAD_REQUEST, "NAME_INVALID", message)
            .with_detail(json!({ "name": shortened(name) }))
    }

    /// ECR's sentence.
    pub(super) fn name_unknown(name: &str, account: &str) -> Self {
        let message = format!(
            "The repository with name '{name}' does not exist in the registry with id '{account}'"
        );
        Self::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message)
            .with_detail(json!({ "name": name }))
    }

    pub(super) fn digest_invalid(text: &str, why: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", why)
            .with_detail(json!({ "digest": shortened(text) }))
    }

    pub(super) fn size_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "SIZE_INVALID", message)
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", message)
    }

    pub(super) fn manifest_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message)
    }

    /// ECR's sentence.
    pub(super) fn manifest_unknown(reference: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "MANIFEST_UNKNOWN",
            "Requested image not found",
        )
        .with_detail(json!({ "reference": shortened(reference) }))
    }

    pub(super) fn manifest_blob_unknown(digest: &str) -> Self {
        let message = "manifest references a manifest or blob unknown to registry";
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", message)
            .with_detail(json!({ "digest": digest }))
    }

    pub(super) fn blob_unknown(digest: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "BLOB_UNKNOWN",
            "blob unknown to registry",
        )
        .with_detail(json!({ "digest": shortened(digest) }))
    }

    pub(super) fn upload_unknown() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "BLOB_UPLOAD_UNKNOWN",
            "blob upload unknown to registry",
        )
    }

    pub(super) fn upload_invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
    }

    /// A chunk that does not begin where the last one ended.
    pub(super) fn range_invalid(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "BLOB_UPLOAD_INVALID",
            message,
        )
    }

    pub(super) fn tag_invalid(tag: &str) -> Self {
        let message = "invalid tag: letters, digits, _ . and -, not beginning with . or -, 128 characters at most";
        Self::new(StatusCode::BAD_REQUEST, "TAG_INVALID", message)
            .with_detail(json!({ "tag": shortened(tag) }))
    }

    /// ECR's sentence.
    pub(super) fn tag_immutable(tag: &str, name: &str) -> Self {
        let message = format!(
            "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
        );
        Self::new(StatusCode::BAD_REQUEST, "TAG_INVALID", message)
    }

    pub(super) fn page_invalid(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "PAGINATION_NUMBER_INVALID",
            message,
        )
    }

    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "DENIED", message)
    }

    pub(super) fn no_such_path() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "UNSUPPORTED",
            "no such path in the distribution API",
        )
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "the operation is unsupported",
        )
    }

    /// The data directory cannot be written.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", message)
    }

    /// The sentence, for callers that are not HTTP.
    pub(super) fn message(&self) -> &str {
        match &self.body {
            Body::Json { message, .. } => message,
            Body::PlainText(text) => text,
        }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let (content_type, body) = match self.body {
            Body::Json {
                code,
                message,
                detail,
            } => {
                let error = json!({ "code": code, "message": message, "detail": detail });
                let error = without_nulls(error);
                let body = json!({ "errors": [error] });
                ("application/json", Bytes::from(body.to_string()))
            }
            Body::PlainText(text) => ("text/plain; charset=utf-8", Bytes::from(text)),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        set(&mut response, header::CONTENT_TYPE, content_type);
        if let Some(challenge) = &self.challenge {
            set(&mut response, header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// What the client sent, short enough to repeat to it.
fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}
