//! Why something failed, as a code that programs branch on, and whether the same command may succeed later.
//!
//! Input: an error with its sources. The innermost one that is known decides: it is nearest to what happened.

use std::error::Error as StdError;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::allowance::Exhausted;
use crate::aws::{CallError, CallErrorKind};
use crate::causes;
use crate::code_signing::configuration;
#[cfg(feature = "cli")]
use crate::code_signing::signing;
use crate::outcome::{Failure, FailureClass, SignatureOutcome};
use crate::registry::CredentialsError;
use crate::signer::{aws_kms, aws_signer};
use crate::verify::{RejectedArtifact, Unseen};
use crate::{http, registry, signer, signing_profiles};

/// Why something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Too many requests.
    Throttled,
    /// The caller may not.
    Denied,
    /// There are no credentials, or they could not be read.
    NoCredentials,
    /// The credentials are expired or not accepted.
    BadCredentials,
    /// No address, no connection, or one that broke off.
    Unreachable,
    /// No answer in time, or the command's time is over.
    TimedOut,
    /// The other side failed.
    ServiceFailure,
    /// A limit of this program.
    LimitReached,
    /// It does not exist, or not for the caller.
    NotFound,
    /// The request was refused as wrong.
    BadRequest,
    /// The answer is not what was asked for.
    BadAnswer,
    /// Proxy, TLS roots or endpoint are not usable.
    NotConfigured,
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl Cause {
    /// Every cause, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::Throttled,
        Self::Denied,
        Self::NoCredentials,
        Self::BadCredentials,
        Self::Unreachable,
        Self::TimedOut,
        Self::ServiceFailure,
        Self::LimitReached,
        Self::NotFound,
        Self::BadRequest,
        Self::BadAnswer,
        Self::NotConfigured,
    ];

    /// The code; it does not change once published.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::NoCredentials => "no-credentials",
            Self::BadCredentials => "bad-credentials",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::ServiceFailure => "service-failure",
            Self::LimitReached => "limit-reached",
            Self::NotFound => "not-found",
            Self::BadRequest => "bad-request",
            Self::BadAnswer => "bad-answer",
            Self::NotConfigured => "not-configured",
        }
    }

    /// Whether the same command may succeed later without any change.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Throttled | Self::Unreachable | Self::TimedOut | Self::ServiceFailure => true,
            Self::Denied
            | Self::NoCredentials
            | Self::BadCredentials
            | Self::LimitReached
            | Self::NotFound
            | Self::BadRequest
            | Self::BadAnswer
            | Self::NotConfigured => false,
        }
    }

    /// The cause of `error`, if it is known.
    #[doc(hidden)]
    pub fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        causes::chain(error).filter_map(of_one).last()
    }

    /// The cause of a signature's failure, and whether it may pass.
    pub(super) fn of_failure(failure: &Failure) -> (Option<Self>, bool) {
        let cause = Self::of(failure);
        let may_pass = match failure {
            // Several were asked, each with a reason of its own.
            Failure::CertificateRevocationUnknown { offline, .. } => !offline,
            _ => cause.is_some_and(Self::is_retryable),
        };
        (
            cause,
            may_pass && failure.class() == FailureClass::Inconclusive,
        )
    }

    /// Why no signature could be judged, of those that were not: what may pass goes first, since one good
    /// signature is enough.
    pub(super) fn of_refused(refused: &RejectedArtifact) -> (Option<Self>, bool) {
        let failures = refused
            .outcomes
            .iter()
            .filter_map(SignatureOutcome::refusal);
        let inconclusive = failures.filter(|failure| failure.class() == FailureClass::Inconclusive);
        let mut causes: Vec<(Option<Self>, bool)> = inconclusive.map(Self::of_failure).collect();
        if let Some(Unseen::Listing(error)) = &refused.unseen {
            let cause = Self::of(error);
            causes.push((cause, cause.is_some_and(Self::is_retryable)));
        }
        let retryable = causes.iter().find(|(_, may_pass)| *may_pass);
        let known = causes.iter().find(|(cause, _)| cause.is_some());
        retryable.or(known).copied().unwrap_or((None, false))
    }
}

fn of_one(error: &(dyn StdError + 'static)) -> Option<Cause> {
    if let Some(error) = error.downcast_ref::<CallError>() {
        return Some(of_call(error));
    }
    if let Some(error) = error.downcast_ref::<Box<CallError>>() {
        return Some(of_call(error));
    }
    if let Some(error) = error.downcast_ref::<signing_profiles::Error>() {
        // It is transparent, so that the chain leaves it out.
        return match error {
            signing_profiles::Error::Call(error) => Some(of_call(error)),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<configuration::Error>() {
        return match error {
            configuration::Error::Call(error)
            | configuration::Error::Signer(signing_profiles::Error::Call(error)) => {
                Some(of_call(error))
            }
            _ => None,
        };
    }
    #[cfg(feature = "cli")]
    if let Some(error) = error.downcast_ref::<signing::Error>() {
        return match error {
            signing::Error::Call(error)
            | signing::Error::Signer(signing_profiles::Error::Call(error)) => Some(of_call(error)),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<signer::Error>() {
        // Both are transparent, so that the chain leaves them out.
        return match error {
            signer::Error::AwsSigner(aws_signer::Error::Call(error))
            | signer::Error::AwsKms(aws_kms::Error::Call(error)) => Some(of_call(error)),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<registry::Error>() {
        return of_registry(error);
    }
    if let Some(error) = error.downcast_ref::<Box<registry::Error>>() {
        return of_registry(error);
    }
    if error.downcast_ref::<CredentialsError>().is_some() {
        return Some(Cause::NoCredentials);
    }
    if let Some(error) = error.downcast_ref::<http::Error>() {
        return of_http(error);
    }
    if let Some(error) = error.downcast_ref::<Arc<http::Error>>() {
        return of_http(error);
    }
    match error.downcast_ref::<Exhausted>()? {
        Exhausted::Time { .. } => Some(Cause::TimedOut),
        Exhausted::Bytes { .. } => Some(Cause::LimitReached),
    }
}

fn of_call(error: &CallError) -> Cause {
    match error.kind() {
        CallErrorKind::Denied => Cause::Denied,
        CallErrorKind::Throttled => Cause::Throttled,
        CallErrorKind::Invalid => Cause::BadRequest,
        CallErrorKind::NotFound => Cause::NotFound,
        CallErrorKind::NoCredentials => Cause::NoCredentials,
        CallErrorKind::BadCredentials => Cause::BadCredentials,
        CallErrorKind::TimedOut => Cause::TimedOut,
        CallErrorKind::Unreachable => Cause::Unreachable,
        CallErrorKind::ServiceFailure => Cause::ServiceFailure,
        CallErrorKind::Malformed | CallErrorKind::NotAws => Cause::BadAnswer,
        CallErrorKind::NotSent => Cause::NotConfigured,
    }
}

fn of_registry(error: &registry::Error) -> Option<Cause> {
    match error {
        registry::Error::NotFound { .. } => Some(Cause::NotFound),
        registry::Error::Unauthorized { .. } | registry::Error::Denied { .. } => {
            Some(Cause::Denied)
        }
        registry::Error::RateLimited { .. } => Some(Cause::Throttled),
        registry::Error::Unavailable { .. } => Some(Cause::ServiceFailure),
        registry::Error::ListingTimedOut { .. } | registry::Error::TooSlow { .. } => {
            Some(Cause::TimedOut)
        }
        registry::Error::TooManyReferrers { .. } | registry::Error::TooLarge { .. } => {
            Some(Cause::LimitReached)
        }
        registry::Error::UnexpectedStatus { .. }
        | registry::Error::WrongDigest { .. }
        | registry::Error::WrongSize { .. }
        | registry::Error::NotAManifest { .. }
        | registry::Error::Malformed { .. }
        | registry::Error::Misbehaved { .. } => Some(Cause::BadAnswer),
        _ => None,
    }
}

fn of_http(error: &http::Error) -> Option<Cause> {
    match error {
        http::Error::TimedOut { .. } => Some(Cause::TimedOut),
        http::Error::Unresolved { .. }
        | http::Error::Connect { .. }
        | http::Error::Interrupted { .. }
        | http::Error::NotRepeatable { .. } => Some(Cause::Unreachable),
        http::Error::Proxy { .. }
        | http::Error::Roots { .. }
        | http::Error::Client { .. }
        | http::Error::TlsSetup { .. }
        | http::Error::Tls { .. } => Some(Cause::NotConfigured),
        http::Error::TooLarge { .. } | http::Error::Encoded { .. } | http::Error::Inside { .. } => {
            Some(Cause::BadAnswer)
        }
        // Its source says which limit it was.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] registry::Error);

    fn throttled() -> registry::Error {
        registry::Error::RateLimited {
            registry: "r.test".to_owned(),
            retry_after: None,
            said: registry::Words::default(),
        }
    }

    #[test]
    fn the_innermost_known_error_decides() {
        assert_eq!(Cause::of(&Outer(throttled())), Some(Cause::Throttled));
        let unconfirmed = registry::Error::Unconfirmed {
            manifest: "sha256:x".to_owned(),
            source: Box::new(throttled()),
        };
        assert_eq!(Cause::of(&Outer(unconfirmed)), Some(Cause::Throttled));
        let over = registry::Error::Request {
            registry: "r.test".to_owned(),
            source: Arc::new(http::Error::Exhausted {
                url: "https://r.test/".to_owned(),
                source: Exhausted::Time {
                    limit: std::time::Duration::from_secs(1),
                    whole: true,
                },
            }),
        };
        assert_eq!(Cause::of(&over), Some(Cause::TimedOut));
        assert_eq!(Cause::of(&std::io::Error::other("x")), None);
    }

    #[test]
    fn transparent_errors_of_signers_are_seen() {
        for (kind, cause, may_pass) in [
            (CallErrorKind::Denied, Cause::Denied, false),
            (CallErrorKind::Throttled, Cause::Throttled, true),
            (CallErrorKind::NoCredentials, Cause::NoCredentials, false),
            (CallErrorKind::Unreachable, Cause::Unreachable, true),
            (CallErrorKind::TimedOut, Cause::TimedOut, true),
        ] {
            let error = crate::aws::call_error(kind, "Code", "message");
            let error = signer::Error::AwsSigner(aws_signer::Error::Call(error));
            assert_eq!(Cause::of(&error), Some(cause));
            assert_eq!(cause.is_retryable(), may_pass);
        }
    }

    #[test]
    fn every_code_is_documented_with_whether_it_may_pass() {
        let root = env!("CARGO_MANIFEST_DIR");
        let read = |file: &str| {
            let path = format!("{root}/{file}");
            let bytes = crate::files::read(path.as_ref(), 1 << 20).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let page = read("docs/json.md");
        let schemas = ["verdict", "signing", "management"].map(|name| {
            let schema = read(&format!("schemas/{name}.v1.schema.json"));
            let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
            schema["$defs"]["reason"]["properties"]["cause"].clone()
        });
        for cause in Cause::ALL {
            let may_pass = if cause.is_retryable() { "yes" } else { "no" };
            let row = format!("| `{}` | {may_pass} | ", cause.code());
            assert!(page.contains(&row), "{row}");
            for schema in &schemas {
                let description = schema["description"].as_str().unwrap();
                let named = format!("`{}`", cause.code());
                assert!(description.contains(&named), "{named}");
                let codes = schema["enum"].as_array();
                assert!(codes.is_none(), "more may come");
            }
        }
    }
}
