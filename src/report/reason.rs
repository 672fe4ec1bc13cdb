//! Why something failed: a code to branch on, a sentence, its causes, what to do.

use std::error::Error as StdError;

use serde::Serialize;

use super::cause::Cause;
use crate::causes;
use crate::hints::Reader;
use crate::outcome::Failure;
use crate::verify;

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// The cause, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What caused it, in sentences, from the outside in.
    pub causes: Vec<String>,
    /// To branch on.
    pub code: &'static str,
    /// More about it, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What failed, in a sentence.
    pub message: String,
    /// Whether the same command may succeed later without any change.
    pub retryable: bool,
}

impl Reason {
    /// The reason that `error` is, which `message` says; of `hint`, what fits its reader.
    #[doc(hidden)]
    pub fn new(
        code: &'static str,
        message: String,
        error: &(dyn StdError + 'static),
        hint: Option<String>,
        reader: &Reader,
    ) -> Self {
        let cause = Cause::of(error);
        Self {
            cause,
            causes: causes::beyond(&message, error),
            code,
            details: Vec::new(),
            hint: hint.and_then(|hint| reader.fitting(&hint)),
            message,
            retryable: cause.is_some_and(Cause::is_retryable),
        }
    }

    /// The reason that `message` says, where the document has beside it what was found.
    pub(super) fn beside_findings(
        code: &'static str,
        message: String,
        hint: Option<String>,
        reader: &Reader,
    ) -> Self {
        Self {
            hint: hint.and_then(|hint| reader.fitting(&hint)),
            ..Self::plain(code, message, false)
        }
    }

    /// Why an artifact is not verified.
    pub(super) fn of_verification(
        code: &'static str,
        message: String,
        error: &verify::Error,
        reader: &Reader,
    ) -> Self {
        if error.has_findings() {
            let hint = error.hint_beside_findings();
            return Self::beside_findings(code, message, hint, reader);
        }
        Self::new(code, message, error, error.hint(), reader)
    }

    /// Why a signature's validation failed.
    pub(super) fn of_failure(failure: &Failure, reader: &Reader) -> Self {
        let message = failure.to_string();
        let reason = Self::new(failure.code(), message, failure, failure.hint(), reader);
        let (cause, retryable) = Cause::of_failure(failure);
        Self {
            details: failure.details(),
            ..reason.with_cause(cause, retryable)
        }
    }

    /// A reason that its message says whole.
    #[doc(hidden)]
    pub fn plain(code: &'static str, message: String, retryable: bool) -> Self {
        Self {
            cause: None,
            causes: Vec::new(),
            code,
            details: Vec::new(),
            hint: None,
            message,
            retryable,
        }
    }

    /// Why a command could not begin: wrong flags, unreadable files.
    #[doc(hidden)]
    pub fn not_begun(message: String, causes: Vec<String>, hint: Option<String>) -> Self {
        Self {
            causes,
            hint,
            ..Self::plain("not-begun", message, false)
        }
    }

    /// The same, which says what was wanted.
    #[must_use]
    pub(super) fn with_wanted(mut self, wanted: Option<String>) -> Self {
        let wanted = wanted.map(|wanted| format!("wanted: {wanted}"));
        self.details.extend(wanted);
        self
    }

    /// The same with another cause, and whether that may pass.
    #[must_use]
    pub(super) fn with_cause(self, cause: Option<Cause>, retryable: bool) -> Self {
        Self {
            cause,
            retryable,
            ..self
        }
    }

    /// The same, which the same command may overcome if `may_pass`, whatever its cause.
    #[must_use]
    #[doc(hidden)]
    pub fn retryable_if(self, may_pass: bool) -> Self {
        Self {
            retryable: self.retryable || may_pass,
            ..self
        }
    }
}
