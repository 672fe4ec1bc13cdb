//! A registry's own words in an error, as far as they may be shown.

use std::fmt;

use reqwest::Response;

use crate::http::{Carried, Pool, read_body, redact_listing};
use crate::limits::{self, MAX_WORDS};
use crate::printable;

/// What a registry says in an error, cleaned of what terminals obey; often nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    text: Option<String>,
    /// The whole answer, as notation's client says it; nothing where there was none.
    answer: Option<Box<str>>,
}

impl Words {
    #[cfg(any(test, fuzzing))]
    pub(super) fn parse(body: &[u8], carried: &Carried) -> Self {
        Self::in_body(Body::read(body), carried)
    }

    /// The words in the body of an error: the specification's `errors`, or what token servers say.
    /// Nothing that the request `carried` and that is secret is kept.
    fn in_body(body: Body, carried: &Carried) -> Self {
        let mut words: Vec<String> = body
            .errors
            .into_iter()
            .map(|error| match (error.code, error.message) {
                (Some(code), Some(message)) if !message.is_empty() => format!("{code}: {message}"),
                (code, message) => code.or(message).unwrap_or_default(),
            })
            .collect();
        words.extend(body.error_description);
        words.extend(body.details);
        words.extend(body.message);
        words.retain(|text| !text.is_empty());
        Self {
            text: (!words.is_empty()).then(|| clean(&carried.blot(&words.join("; ")))),
            answer: None,
        }
    }

    /// What `response`, an error, says in words.
    pub(super) async fn of(response: Response) -> Self {
        let carried = Carried::by(&response);
        let asked = format!(
            "{} \"{}\"",
            Pool::method_of(&response),
            redact_listing(response.url())
        );
        let status = response.status();
        let body = read_body(response, limits::MAX_ERROR_BODY_BYTES).await;
        let body = Body::read(&body.unwrap_or_default());
        let reason = if body.errors.is_empty() {
            status.canonical_reason().unwrap_or_default().to_owned()
        } else {
            clean(&carried.blot(&in_notation(&body.errors)))
        };
        let status = status.as_u16();
        let answer = format!("{asked}: response status code {status}: {reason}");
        Self {
            answer: Some(answer.into()),
            ..Self::in_body(body, &carried)
        }
    }

    /// The whole answer, as notation's client says it: request, status, and the specification's `errors`.
    pub(crate) fn answer(&self) -> Option<&str> {
        self.answer.as_deref()
    }

    /// The words; empty if there were none.
    pub fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(words) => write!(f, ", saying `{words}`"),
            None => Ok(()),
        }
    }
}

/// The body of an error.
#[derive(Default, serde::Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<OneError>,
    error_description: Option<String>,
    details: Option<String>,
    message: Option<String>,
}

impl Body {
    /// Nothing, where it is something else.
    fn read(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }
}

#[derive(serde::Deserialize)]
struct OneError {
    code: Option<String>,
    message: Option<String>,
}

/// The specification's errors, as notation's client writes them.
fn in_notation(errors: &[OneError]) -> String {
    let errors: Vec<String> = errors
        .iter()
        .map(|error| {
            let code = error.code.as_deref().unwrap_or_default();
            let code = code.replace('_', " ").to_lowercase();
            match error.message.as_deref() {
                Some(message) if !message.is_empty() => format!("{code}: {message}"),
                _ => code,
            }
        })
        .collect();
    errors.join("; ")
}

/// `text` without what a terminal draws by, and not too long.
pub(super) fn clean(text: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~');
    if text.len() <= MAX_WORDS && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let is_harmless = |c: &char| !printable::draws(*c);
    text.chars().filter(is_harmless).take(MAX_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_written_as_notations_client_writes_them() {
        for (body, errors) in [
            (
                r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no","detail":{}},{"code":"DENIED"}]}"#,
                "name unknown: no; denied",
            ),
            (r#"{"errors":[]}"#, ""),
            (r#"{"details":"x"}"#, ""),
            ("<html>", ""),
        ] {
            let body = Body::read(body.as_bytes());
            assert_eq!(in_notation(&body.errors), errors);
        }
    }

    #[test]
    fn a_registrys_words_are_kept_and_cleaned() {
        for (body, words) in [
            (
                r#"{"errors":[{"code":"DENIED","message":"no \u001b[31mway\u202e\u2028","detail":{"x":1}}]}"#,
                "DENIED: no [31mway",
            ),
            (
                r#"{"errors":[{"code":"DENIED","message":""},{"message":"m"}]}"#,
                "DENIED; m",
            ),
            (
                r#"{"details":"incorrect username or password"}"#,
                "incorrect username or password",
            ),
            (
                r#"{"error":"x","error_description":"described"}"#,
                "described",
            ),
            ("<html>", ""),
            ("{}", ""),
        ] {
            assert_eq!(
                Words::parse(body.as_bytes(), &Carried::default()).as_str(),
                words,
                "{body}"
            );
        }
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(MAX_WORDS + 1));
        assert_eq!(
            Words::parse(long.as_bytes(), &Carried::default())
                .as_str()
                .len(),
            MAX_WORDS
        );
    }
}
