//! Why a call to AWS has no answer: what was asked for, what AWS said, and what to do.

use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId as _;

use super::no_credentials;

/// Most characters of AWS's message that are shown; real ones have under 500.
const MAX_MESSAGE_CHARS: usize = 2_000;

/// A call: which action, on what, where. The words of IAM policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The IAM action, for example `signer:SignPayload`.
    pub action: &'static str,
    /// The ARN of what the action is on.
    pub resource: String,
    /// The region that was asked.
    pub region: String,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallErrorKind {
    /// The caller may not do this.
    Denied,
    /// AWS wants fewer requests.
    Throttled,
    /// AWS says that the request is wrong.
    Invalid,
    /// What was asked about does not exist, or not for this caller.
    NotFound,
    /// No credentials could be had.
    NoCredentials,
    /// AWS does not accept the credentials: expired, unknown, of another partition.
    BadCredentials,
    /// No answer in time.
    TimedOut,
    /// No connection, or one that broke off.
    Unreachable,
    /// AWS failed.
    ServiceFailure,
    /// An answer that is not one.
    Malformed,
    /// The request could not even be made: no endpoint, for example.
    NotSent,
}

impl CallErrorKind {
    /// Whether the same call may well succeed later.
    pub const fn is_transient(self) -> bool {
        match self {
            Self::Throttled | Self::TimedOut | Self::Unreachable | Self::ServiceFailure => true,
            Self::Denied
            | Self::Invalid
            | Self::NotFound
            | Self::NoCredentials
            | Self::BadCredentials
            | Self::Malformed
            | Self::NotSent => false,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Denied => "AWS denied",
            Self::Throttled => "AWS throttled",
            Self::Invalid => "AWS refused as invalid",
            Self::NotFound => "AWS did not find what was asked for by",
            Self::NoCredentials => "no AWS credentials for",
            Self::BadCredentials => "AWS does not accept the credentials for",
            Self::TimedOut => "AWS did not answer in time to",
            Self::Unreachable => "AWS could not be reached for",
            Self::ServiceFailure => "AWS failed at",
            Self::Malformed => "AWS gave no usable answer to",
            Self::NotSent => "nothing could be sent to AWS for",
        }
    }
}

/// A call to AWS that failed. Its text has all that AWS said, and nothing that was secret in the
/// request.
#[derive(Debug)]
pub struct CallError {
    call: Box<Call>,
    kind: CallErrorKind,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
}

impl std::error::Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call {
            action,
            resource,
            region,
        } = self.call.as_ref();
        write!(
            f,
            "{} `{action}` on `{resource}` in region `{region}`",
            self.kind.words()
        )?;
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, ": {code}: {message}")?,
            (Some(code), None) => write!(f, ": {code}, without a message")?,
            (None, Some(message)) => write!(f, ": {message}")?,
            (None, None) => {}
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request `{id}`)")?;
        }
        Ok(())
    }
}

impl CallError {
    /// The call that failed.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> CallErrorKind {
        self.kind
    }

    /// AWS's error code, for example `AccessDeniedException`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// AWS's message, or what came in its place.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// AWS's name for the request; their support asks for it.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The caller, where AWS's message names it.
    pub fn principal(&self) -> Option<&str> {
        let (_, rest) = self.message.as_deref()?.split_once("User: ")?;
        let principal = rest.split_whitespace().next()?;
        principal.starts_with("arn:").then_some(principal)
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let Call {
            action, resource, ..
        } = self.call.as_ref();
        Some(match self.kind {
            CallErrorKind::Denied => {
                let caller = self
                    .principal()
                    .map_or_else(|| "the caller".to_owned(), |arn| format!("`{arn}`"));
                format!(
                    "allow {caller} the action `{action}` on `{resource}` in an IAM policy, and look for a policy that denies it"
                )
            }
            CallErrorKind::Throttled => {
                "the account's quota for this action is used up; try again later, or ask AWS for more"
                    .to_owned()
            }
            CallErrorKind::NoCredentials => "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, \
                 or `AWS_PROFILE` (with `aws sso login` where that profile needs it), or run where a role is attached"
                .to_owned(),
            CallErrorKind::BadCredentials => match self.code.as_deref() {
                Some("ExpiredTokenException" | "ExpiredToken" | "RequestExpired") => {
                    "the session has ended: get new credentials, for example by `aws sso login`"
                        .to_owned()
                }
                Some("SignatureDoesNotMatch" | "InvalidSignatureException") => {
                    "check `AWS_SECRET_ACCESS_KEY`, and this machine's clock".to_owned()
                }
                _ => "check that the credentials are of the same partition, and have not been deleted; \
                      temporary ones need `AWS_SESSION_TOKEN` too"
                    .to_owned(),
            },
            CallErrorKind::NotFound => {
                format!("check the name, the account and the region in `{resource}`")
            }
            CallErrorKind::TimedOut | CallErrorKind::Unreachable => {
                let endpoint = match action.split_once(':') {
                    Some(("signer", "GetRevocationStatus")) => "`data-signer`",
                    Some(("signer", _)) => "`signer`",
                    Some(("ecr", _)) => "`ecr.api`",
                    _ => "the service",
                };
                format!(
                    "check the region, the proxy and, in a VPC without a way out, that there is an endpoint for {endpoint}"
                )
            }
            CallErrorKind::ServiceFailure => "try again later".to_owned(),
            CallErrorKind::Invalid | CallErrorKind::Malformed | CallErrorKind::NotSent => {
                return None;
            }
        })
    }

    /// An answer that came, but is not what the API promises.
    pub(crate) fn malformed(
        call: Call,
        problem: impl Into<String>,
        request_id: Option<&str>,
    ) -> Self {
        Self {
            call: Box::new(call),
            kind: CallErrorKind::Malformed,
            code: None,
            message: Some(problem.into()),
            request_id: request_id.map(str::to_owned),
        }
    }

    /// What the SDK's error means.
    pub(crate) fn from_sdk<E>(call: Call, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let request_id = error.request_id().map(str::to_owned);
        let (kind, code, message) = match error {
            SdkError::ServiceError(service) => {
                let raw = service.raw();
                let code = service.err().code().map(printable);
                let message = service
                    .err()
                    .message()
                    .map(printable)
                    .filter(|message| !message.is_empty())
                    .or_else(|| message_in(raw.body().bytes()));
                let kind = kind_of(code.as_deref(), raw.status().as_u16());
                (kind, code, message)
            }
            SdkError::TimeoutError(_) => (CallErrorKind::TimedOut, None, None),
            SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) => {
                let (kind, message) = without_answer(error);
                (kind, None, Some(message))
            }
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                (
                    CallErrorKind::Malformed,
                    None,
                    Some(format!("HTTP status {status}: {}", chain(error))),
                )
            }
            other => (CallErrorKind::NotSent, None, Some(chain(other))),
        };
        Self {
            call: Box::new(call),
            kind,
            code,
            message,
            request_id,
        }
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
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException",
        ) => CallErrorKind::BadCredentials,
        Some("ResourceNotFoundException" | "NotFoundException") => CallErrorKind::NotFound,
        Some("ValidationException" | "BadRequestException") => CallErrorKind::Invalid,
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
    let body: serde_json::Value = serde_json::from_slice(body?).ok()?;
    ["message", "Message", "errorMessage"]
        .into_iter()
        .filter_map(|name| body.get(name)?.as_str())
        .map(printable)
        .find(|message| !message.is_empty())
}

/// No answer came at all: why.
fn without_answer<E>(error: &SdkError<E, HttpResponse>) -> (CallErrorKind, String)
where
    E: std::error::Error + Send + Sync + 'static,
{
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(credentials) = error.downcast_ref::<CredentialsError>() {
            return (
                CallErrorKind::NoCredentials,
                no_credentials::in_words(credentials),
            );
        }
        if let Some(http) = error.downcast_ref::<crate::http::Error>() {
            let kind = match http {
                crate::http::Error::TimedOut { .. } => CallErrorKind::TimedOut,
                http if http.is_lying() => CallErrorKind::Malformed,
                _ => CallErrorKind::Unreachable,
            };
            let hint = http
                .hint()
                .map_or_else(String::new, |hint| format!(" ({hint})"));
            return (kind, format!("{}{hint}", chain(error)));
        }
        cause = error.source();
    }
    let kind = match error {
        SdkError::DispatchFailure(failure) if failure.is_timeout() => CallErrorKind::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_io() => CallErrorKind::Unreachable,
        _ => CallErrorKind::NotSent,
    };
    (kind, chain(error))
}

/// The error and its causes in one line, each once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    printable(&text)
}

/// Where AWS's message about a wrong signature begins to repeat the request, whose session token is
/// a secret.
const REPEATED_REQUEST: &str = "The Canonical String";

/// Text from elsewhere for a terminal: one line, bounded, without control characters.
pub(super) fn printable(text: &str) -> String {
    let text = text.split(REPEATED_REQUEST).next().unwrap_or_default();
    let mut printable: String = text
        .chars()
        .take(MAX_MESSAGE_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(MAX_MESSAGE_CHARS).is_some() {
        printable.push('…');
    }
    printable.trim().to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn error(kind: CallErrorKind, code: &str, message: &str) -> CallError {
        CallError {
            call: Box::new(Call {
                action: "signer:SignPayload",
                resource: "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images"
                    .to_owned(),
                region: "us-west-2".to_owned(),
            }),
            kind,
            code: Some(code.to_owned()),
            message: Some(message.to_owned()),
            request_id: Some("r-1".to_owned()),
        }
    }

    #[test]
    fn a_denial_names_who_what_and_where() {
        let error = error(
            CallErrorKind::Denied,
            "AccessDeniedException",
            "User: arn:aws:sts::111122223333:assumed-role/ci/x is not authorized to perform: signer:SignPayload",
        );
        assert_eq!(
            error.to_string(),
            "AWS denied `signer:SignPayload` on `arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images` \
             in region `us-west-2`: AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/ci/x \
             is not authorized to perform: signer:SignPayload (request `r-1`)"
        );
        assert_eq!(
            error.principal(),
            Some("arn:aws:sts::111122223333:assumed-role/ci/x")
        );
        assert_eq!(
            error.hint().unwrap(),
            "allow `arn:aws:sts::111122223333:assumed-role/ci/x` the action `signer:SignPayload` on \
             `arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images` in an IAM policy, \
             and look for a policy that denies it"
        );
    }

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
            printable(&"x".repeat(MAX_MESSAGE_CHARS)).chars().count(),
            MAX_MESSAGE_CHARS
        );
        assert!(printable(&"x".repeat(MAX_MESSAGE_CHARS + 1)).ends_with("x…"));
    }
}
