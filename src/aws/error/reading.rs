//! From the SDK's errors to ours.

use std::error::Error as _;

use aws_config::meta::{ProviderAttempt, ProviderChainError};
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::checked_credentials::{HalfOfKey, without_endpoints};
use super::super::http_client::AnsweredBy;
use super::{Call, CallError, CallErrorKind};
use crate::causes;
use crate::http::{Carried, redact_in};
use crate::limits;

impl CallError {
    /// What the SDK's error means.
    pub(crate) fn from_sdk<E>(call: Call, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let request_id = error.request_id().map(str::to_owned);
        let mut cause_hint = None;
        let (kind, code, message) = match error {
            SdkError::ServiceError(service) => {
                let raw = service.raw();
                let code = service.err().code().map(printable);
                let message = service
                    .err()
                    .message()
                    .map(printable)
                    .filter(|message| !message.is_empty())
                    .or_else(|| message_in(raw.body().bytes()))
                    .map(|message| match raw.extension::<Carried>() {
                        Some(carried) => carried.blot(&message),
                        None => message,
                    })
                    .or_else(|| {
                        let status = raw.status().as_u16();
                        code.is_none().then(|| format!("HTTP status {status}"))
                    });
                let status = raw.status().as_u16();
                if request_id.is_none() && !code.as_deref().is_some_and(is_code_of_aws) {
                    let by = AnsweredBy::of(raw);
                    let message = by.not_as_aws(status);
                    return Self::new(call, kind_of_other(status), Some(message))
                        .with_cause_hint(by.hint());
                }
                let kind = kind_of(code.as_deref(), status);
                (kind, code, message)
            }
            SdkError::TimeoutError(_) => (CallErrorKind::TimedOut, None, None),
            SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => {
                let (kind, message) = without_answer(error, &mut cause_hint);
                (kind, None, Some(message))
            }
            SdkError::ResponseError(response) => {
                let by = AnsweredBy::of(response.raw());
                let status = response.raw().status().as_u16();
                let problem = innermost(error);
                cause_hint = by.hint();
                let message = format!("{}: {problem}", by.not_as_aws(status));
                (CallErrorKind::Malformed, None, Some(message))
            }
            other => (CallErrorKind::NotSent, None, Some(chain(other))),
        };
        Self {
            code,
            request_id,
            cause_hint,
            may_be_done: is_answer_missing(error),
            ..Self::new(call, kind, message)
        }
    }

    fn with_cause_hint(self, cause_hint: Option<String>) -> Self {
        Self { cause_hint, ..self }
    }
}

/// Whether AWS has errors with such a code: AWS's own gateways say so too where a request has no name.
fn is_code_of_aws(code: &str) -> bool {
    code.ends_with("Exception") || !matches!(kind_of(Some(code), 0), CallErrorKind::Malformed)
}

/// What an answer of something else than AWS means.
fn kind_of_other(status: u16) -> CallErrorKind {
    match status {
        408 | 429 | 500..=599 => CallErrorKind::Unreachable,
        _ => CallErrorKind::NotAws,
    }
}

/// Whether the request went out, and no answer came back.
fn is_answer_missing<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: std::error::Error + Send + Sync + 'static,
{
    use crate::http::Error::{Interrupted, TimedOut};
    match causes::chain(error).find_map(|error| error.downcast_ref()) {
        Some(TimedOut { .. } | Interrupted { .. }) => true,
        Some(_) => false,
        None => matches!(error, SdkError::TimeoutError(_)),
    }
}

fn kind_of(code: Option<&str>, status: u16) -> CallErrorKind {
    match code {
        Some(
            "AccessDeniedException" | "AccessDenied" | "NotAuthorized" | "UnauthorizedOperation",
        ) => CallErrorKind::Denied,
        Some(
            "TooManyRequestsException"
            | "ThrottlingException"
            | "Throttling"
            | "ThrottledException"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "RequestLimitExceeded"
            | "SlowDown",
        ) => CallErrorKind::Throttled,
        Some(
            "ExpiredTokenException"
            | "ExpiredToken"
            | "RequestExpired"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidAccessKeyId"
            | "InvalidToken"
            | "RequestTimeTooSkewed"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException",
        ) => CallErrorKind::BadCredentials,
        Some(
            "ResourceNotFoundException"
            | "NotFoundException"
            | "ParameterNotFound"
            | "ParameterVersionNotFound"
            | "ClusterNotFoundException"
            | "ServiceNotFoundException"
            | "NoSuchBucket"
            | "NoSuchKey"
            | "NoSuchVersion",
        ) => CallErrorKind::NotFound,
        Some("ValidationException" | "BadRequestException") => CallErrorKind::Invalid,
        Some("DependencyTimeoutException") => CallErrorKind::TimedOut,
        _ => match status {
            401 | 403 => CallErrorKind::Denied,
            404 => CallErrorKind::NotFound,
            429 => CallErrorKind::Throttled,
            400..=499 => CallErrorKind::Invalid,
            500..=599 => CallErrorKind::ServiceFailure,
            _ => CallErrorKind::Malformed,
        },
    }
}

/// Signer spells the member `message`, the layer in front of it `Message`.
fn message_in(body: Option<&[u8]>) -> Option<String> {
    #[derive(Deserialize)]
    struct ErrorBody<'a> {
        #[serde(borrow)]
        message: Option<&'a RawValue>,
        #[serde(borrow, rename = "Message")]
        capital: Option<&'a RawValue>,
        #[serde(borrow, rename = "errorMessage")]
        long: Option<&'a RawValue>,
    }
    let said: ErrorBody<'_> = serde_json::from_slice(body?).ok()?;
    [said.message, said.capital, said.long]
        .into_iter()
        .filter_map(|raw| serde_json::from_str::<String>(raw?.get()).ok())
        .map(|message| printable(&message))
        .find(|message| !message.is_empty())
}

/// No answer came at all: why.
fn without_answer<E>(
    error: &SdkError<E, HttpResponse>,
    hint: &mut Option<String>,
) -> (CallErrorKind, String)
where
    E: std::error::Error + Send + Sync + 'static,
{
    for error in causes::chain(error) {
        if let Some(credentials) = error.downcast_ref::<CredentialsError>() {
            return (
                CallErrorKind::NoCredentials,
                credentials_problem(credentials),
            );
        }
        if let Some(http) = error.downcast_ref::<crate::http::Error>() {
            let kind = match http {
                crate::http::Error::TimedOut { .. } | crate::http::Error::Exhausted { .. } => {
                    CallErrorKind::TimedOut
                }
                crate::http::Error::ProxyRefused { .. } => CallErrorKind::NotAws,
                http if http.is_lying() => CallErrorKind::Malformed,
                _ => CallErrorKind::Unreachable,
            };
            *hint = http.hint();
            return (kind, chain(error));
        }
    }
    let kind = match error {
        SdkError::DispatchFailure(failure) if failure.is_timeout() => CallErrorKind::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_io() => CallErrorKind::Unreachable,
        _ => CallErrorKind::NotSent,
    };
    (kind, chain(error))
}

/// Where credentials were looked for, and what went wrong there.
fn credentials_problem(error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => not_found(error),
        CredentialsError::ProviderTimedOut(_) => {
            format!(
                "the source of credentials did not answer in {} seconds",
                limits::CREDENTIALS_TIMEOUT.as_secs()
            )
        }
        other => {
            let mut text = chain(other);
            if other
                .source()
                .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
            {
                // The SDK reads these files, and does not say which.
                text.push_str(
                    ": the file that `AWS_WEB_IDENTITY_TOKEN_FILE` or \
                     `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names",
                );
            }
            // What a credential process prints is shown nowhere: it deals in secrets.
            match text.split_once("Stderr:") {
                Some((text, _)) => format!(
                    "{}; run its command by hand to see what it says",
                    text.trim_end().trim_end_matches('.')
                ),
                None => text,
            }
        }
    }
}

/// Where none were found, and why not there.
fn not_found(error: &CredentialsError) -> String {
    // One profile was named, and nothing else is tried.
    let Some(source) = error.source() else {
        return "none were found in the profile that is set".to_owned();
    };
    if let Some(half) = source.downcast_ref::<HalfOfKey>() {
        return format!("{half}; besides, {}", credentials_problem(&half.found));
    }
    match source.downcast_ref::<ProviderChainError<CredentialsError>>() {
        Some(tried) => {
            let tried: Vec<String> = tried.attempts().iter().map(attempt_in_words).collect();
            format!("none were found in {}", tried.join(", "))
        }
        None => format!("none were found: {}", chain(source)),
    }
}

/// A source of credentials that had none, and why.
fn attempt_in_words(attempt: &ProviderAttempt<CredentialsError>) -> String {
    let name = match attempt.name() {
        "Environment" => "the environment",
        "Profile" => "the profile of AWS's configuration files",
        "WebIdentityToken" => "a web identity token",
        "EcsContainer" => "the container's metadata",
        "Ec2InstanceMetadata" => "the instance's metadata",
        other => other,
    };
    match attempt.error().source() {
        Some(reason) => format!("{name} ({})", chain(reason)),
        None => name.to_owned(),
    }
}

/// The last cause of the error: what the SDK's layers wrap.
fn innermost(error: &dyn std::error::Error) -> String {
    let last = causes::of(error).pop();
    printable(&last.unwrap_or_else(|| error.to_string()))
}

/// The error and its causes in one line, each once. What the SDK shows of a whole request is left
/// out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    for next in causes::of(error) {
        let shown = next.split_once(" to request `Request {");
        let next = shown.map_or(next.as_str(), |(before, _)| before);
        if !text.ends_with(next) {
            text.push_str(": ");
            text.push_str(next);
        }
    }
    printable(&text)
}

/// Where AWS's message about a wrong signature begins to repeat the request, whose session token is
/// a secret.
const REPEATED_REQUEST: &str = "The Canonical String";

/// Text from elsewhere for a terminal: one line, bounded, without control characters, and without what
/// is secret in a URL.
fn printable(text: &str) -> String {
    let text = text.split(REPEATED_REQUEST).next().unwrap_or_default();
    let text = redact_in(&without_endpoints(text));
    let mut printable: String = text
        .chars()
        .take(limits::MAX_AWS_MESSAGE_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(limits::MAX_AWS_MESSAGE_CHARS).is_some() {
        printable.push('…');
    }
    printable.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_decide_before_statuses() {
        for (code, status, kind) in [
            (
                Some("TooManyRequestsException"),
                429,
                CallErrorKind::Throttled,
            ),
            (Some("ThrottlingException"), 400, CallErrorKind::Throttled),
            (Some("AccessDeniedException"), 403, CallErrorKind::Denied),
            (
                Some("ExpiredTokenException"),
                403,
                CallErrorKind::BadCredentials,
            ),
            (Some("ValidationException"), 400, CallErrorKind::Invalid),
            (
                Some("ResourceNotFoundException"),
                404,
                CallErrorKind::NotFound,
            ),
            (
                Some("InternalServiceErrorException"),
                500,
                CallErrorKind::ServiceFailure,
            ),
            (
                Some("DependencyTimeoutException"),
                503,
                CallErrorKind::TimedOut,
            ),
            (Some("DisabledException"), 400, CallErrorKind::Invalid),
            (
                Some("KeyUnavailableException"),
                500,
                CallErrorKind::ServiceFailure,
            ),
            (Some("ParameterNotFound"), 400, CallErrorKind::NotFound),
            (Some("NoSuchKey"), 404, CallErrorKind::NotFound),
            (Some("NoSuchVersion"), 404, CallErrorKind::NotFound),
            (
                Some("ClusterNotFoundException"),
                400,
                CallErrorKind::NotFound,
            ),
            (
                Some("RequestTimeTooSkewed"),
                403,
                CallErrorKind::BadCredentials,
            ),
            (None, 403, CallErrorKind::Denied),
            (None, 429, CallErrorKind::Throttled),
            (None, 503, CallErrorKind::ServiceFailure),
            (Some("New"), 418, CallErrorKind::Invalid),
            (None, 302, CallErrorKind::Malformed),
        ] {
            assert_eq!(kind_of(code, status), kind, "{code:?} {status}");
        }
    }

    #[test]
    fn an_answer_of_something_else_is_not_taken_for_aws() {
        for (status, kind) in [
            (301, CallErrorKind::NotAws),
            (401, CallErrorKind::NotAws),
            (403, CallErrorKind::NotAws),
            (404, CallErrorKind::NotAws),
            (407, CallErrorKind::NotAws),
            (429, CallErrorKind::Unreachable),
            (502, CallErrorKind::Unreachable),
        ] {
            assert_eq!(kind_of_other(status), kind, "{status}");
        }
        for (code, is_of_aws) in [
            ("AccessDenied", true),
            ("ForbiddenException", true),
            ("SlowDown", true),
            ("FORBIDDEN", false),
            ("403", false),
        ] {
            assert_eq!(is_code_of_aws(code), is_of_aws, "{code}");
        }
    }

    #[test]
    fn nothing_secret_of_a_url_is_passed_on() {
        assert_eq!(
            printable("no way to `http://user:word@host.example/a?token=b`: refused"),
            "no way to `http://host.example/a?...`: refused"
        );
    }

    #[test]
    fn either_spelling_of_the_message_is_read() {
        for body in [
            &br#"{"message":"no"}"#[..],
            br#"{"Message":"no"}"#,
            br#"{"message":"","Message":"no"}"#,
        ] {
            assert_eq!(message_in(Some(body)).as_deref(), Some("no"));
        }
        assert_eq!(message_in(Some(b"<html>")), None);
        assert_eq!(message_in(None), None);
    }

    #[test]
    fn text_from_elsewhere_is_one_bounded_line() {
        assert_eq!(printable("a\nb\u{1b}[31mc "), "a b [31mc");
        assert_eq!(
            printable(&"x".repeat(limits::MAX_AWS_MESSAGE_CHARS))
                .chars()
                .count(),
            limits::MAX_AWS_MESSAGE_CHARS
        );
        assert!(printable(&"x".repeat(limits::MAX_AWS_MESSAGE_CHARS + 1)).ends_with("x…"));
    }
}
