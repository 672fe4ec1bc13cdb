//! URLs for people and for files: without what may be secret in them. The one place that decides it.
//!
//! A user name, a password, the query and the fragment may be secret: endpoints and proxies have
//! passwords, and the query of a pre-signed URL is a credential.

use url::Url;

/// Ends a URL in running text.
const AROUND: [char; 6] = ['`', '"', '\'', '<', '>', '|'];

/// `url` without user name, password and fragment, and with `...` for its query.
pub fn redact(url: &Url) -> String {
    let mut text = format!("{}://{}{}", url.scheme(), host(url), url.path());
    if url.query().is_some() {
        text.push_str("?...");
    }
    text
}

/// As [`redact`], but that a query for the type of what is listed stays.
pub(crate) fn redact_listing(url: &Url) -> String {
    let shown = redact(url);
    match url.query() {
        Some(query) if query.starts_with("artifactType=") && !query.contains('&') => {
            shown.replace("?...", &format!("?{query}"))
        }
        _ => shown,
    }
}

/// A text that is meant to be a URL, as [`redact`]; what is not one, and may have something secret in
/// it, is shown as `...`.
pub fn redact_text(text: &str) -> String {
    match Url::parse(text) {
        Ok(url) if url.has_host() && !may_be_secret(text) => text.to_owned(),
        Ok(url) if url.has_host() => redact(&url),
        _ if !may_be_secret(text) => text.to_owned(),
        _ => match text.split_once("://") {
            Some((scheme, _)) if scheme.chars().all(is_in_scheme) => format!("{scheme}://..."),
            _ => "...".to_owned(),
        },
    }
}

/// Running text, in which every URL is as [`redact_text`] has it.
pub fn redact_in(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| c.is_whitespace() || AROUND.contains(&c)) {
        let bare = word.trim_end_matches(|c: char| c.is_whitespace() || AROUND.contains(&c));
        let bare = bare.trim_end_matches([',', ';', ':', '.', ')']);
        let scheme = bare.find("://").map(|at| {
            let before = bare.get(..at).unwrap_or_default();
            before.trim_end_matches(is_in_scheme).len()
        });
        match scheme {
            None => redacted.push_str(word),
            Some(start) => {
                redacted.push_str(bare.get(..start).unwrap_or_default());
                redacted.push_str(&redact_text(bare.get(start..).unwrap_or_default()));
                redacted.push_str(word.get(bare.len()..).unwrap_or_default());
            }
        }
    }
    redacted
}

fn is_in_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

fn may_be_secret(text: &str) -> bool {
    text.contains(['@', '?', '#'])
}

/// Host and port of `url`.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_of_a_url_is_shown() {
        for (url, shown) in [
            (
                "https://user:word@bucket.example/a/b?X-Amz-Signature=abc#frag",
                "https://bucket.example/a/b?...",
            ),
            ("http://[::1]:5000/v2/", "http://[::1]:5000/v2/"),
        ] {
            assert_eq!(redact(&Url::parse(url).unwrap()), shown);
            assert_eq!(redact_text(url), shown);
        }
    }

    #[test]
    fn the_type_that_a_list_is_of_is_no_secret() {
        for (url, shown) in [
            (
                "http://u:w@h.example/v2/a/referrers/sha256:1?artifactType=x%2Fy",
                "http://h.example/v2/a/referrers/sha256:1?artifactType=x%2Fy",
            ),
            (
                "http://h.example/v2/?artifactType=x&token=y",
                "http://h.example/v2/?...",
            ),
            ("http://h.example/v2/?token=y", "http://h.example/v2/?..."),
        ] {
            assert_eq!(redact_listing(&Url::parse(url).unwrap()), shown);
        }
    }

    #[test]
    fn what_is_not_a_url_is_shown_only_where_nothing_in_it_is_secret() {
        for (text, shown) in [
            ("http://host", "http://host"),
            ("HTTP://Host:80", "HTTP://Host:80"),
            ("not a url", "not a url"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("http://", "http://"),
            ("http://user:word@", "http://..."),
            ("http://user:word@ho st/", "http://..."),
            ("user:word@host", "..."),
            ("host?token=word", "..."),
            ("user:wo://rd@host", "..."),
            ("us@er:wo://rd@host", "..."),
            ("mailto:user@host", "..."),
        ] {
            assert_eq!(redact_text(text), shown, "{text}");
        }
    }

    #[test]
    fn every_url_in_a_sentence_is_redacted() {
        for (text, shown) in [
            ("no URL; a:b, 1 @ 2?", "no URL; a:b, 1 @ 2?"),
            (
                "cannot reach `http://u:w@h.example/a?b=c`: gone (see https://x@y.example).",
                "cannot reach `http://h.example/a?...`: gone (see https://y.example/).",
            ),
            (
                "url=http://u:w@h.example/, \"ftp://h/?q\"",
                "url=http://h.example/, \"ftp://h/?...\"",
            ),
        ] {
            assert_eq!(redact_in(text), shown);
        }
    }
}
