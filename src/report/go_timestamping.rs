//! What notation says of a timestamping authority that gave no timestamp, where it has the same fault.

use crate::http;
use crate::signer::timestamping::Error;
use crate::timestamp;
use crate::x509::identity::quote as go_quoted;

/// The sentence after `timestamp: `.
pub(super) fn of_answer(error: &Error) -> Option<String> {
    let Error::Request { url, source } = error else {
        return None;
    };
    let shown = go_quoted(url);
    Some(match source {
        timestamp::Error::UntrustedAuthority { .. } => {
            "failed to verify signed token: cms verification failure: x509: certificate signed by unknown authority"
                .to_owned()
        }
        timestamp::Error::Http { source } => {
            let source: &http::Error = source;
            format!("Post {shown}: {}", source.in_words_of_go()?)
        }
        timestamp::Error::Status { status, .. } => {
            let reason = ::http::StatusCode::from_u16(*status).ok()?.canonical_reason()?;
            format!("POST {shown}: https response bad status: {status} {reason}")
        }
        timestamp::Error::MediaType { found, .. } => {
            format!("POST {shown}: unexpected response content type: {found}")
        }
        // Notation says the reason in other words.
        timestamp::Error::Refused { status, reason } if reason.is_empty() => {
            let (_, number, words) = STATUS.iter().find(|(name, ..)| name == status)?;
            format!("invalid timestamping response: invalid response with status code {number}: {words}")
        }
        _ => return None,
    })
}

/// What is not granted, as RFC 3161 and as notation name it.
const STATUS: [(&str, u8, &str); 4] = [
    ("rejection", 2, "rejected"),
    (
        "waiting",
        3,
        "the request body part has not yet been processed, expect to hear more later",
    ),
    ("revocationWarning", 4, "warning: a revocation is imminent"),
    ("revocationNotification", 5, "a revocation has occurred"),
];

/// What is wrong with the address of an authority, if something is.
pub(crate) fn of_url(url: &str) -> Option<String> {
    let scheme = match url.split_once(':') {
        Some((scheme, _)) if is_scheme(scheme) => scheme,
        Some(("", _)) => return None,
        _ => "",
    };
    let endpoint = go_quoted(url);
    let lower = scheme.to_ascii_lowercase();
    let problem = if lower != "http" && lower != "https" {
        format!(
            "endpoint {endpoint}: scheme must be http or https, but got {}",
            go_quoted(&lower)
        )
    } else {
        let rest = url.get(scheme.len()..)?.strip_prefix("://")?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() {
            format!("endpoint {endpoint}: host cannot be empty")
        } else if host.starts_with('[') && !host.contains(']') {
            format!("parse {endpoint}: missing ']' in host")
        } else {
            return None;
        }
    };
    Some(format!(
        "cannot get http timestamper for timestamping: {problem}"
    ))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|one| one.is_ascii_alphanumeric() || matches!(one, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_one_has_notations_words() {
        for (url, problem) in [
            (
                "tsa",
                "endpoint \"tsa\": scheme must be http or https, but got \"\"",
            ),
            (
                "ftp://example.com",
                "endpoint \"ftp://example.com\": scheme must be http or https, but got \"ftp\"",
            ),
            ("http://", "endpoint \"http://\": host cannot be empty"),
            ("http://[::1", "parse \"http://[::1\": missing ']' in host"),
        ] {
            let said = format!("cannot get http timestamper for timestamping: {problem}");
            assert_eq!(of_url(url), Some(said));
        }
        assert_eq!(of_url("https://example.com/tsa"), None);
    }
}
