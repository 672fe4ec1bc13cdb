//! URLs of AWS's endpoints, as they are compared.

use url::Url;

/// The URL in the one form in which endpoints are compared; `None` for a text that is not an `http` or `https` URL with
/// a host.
///
/// Letter case of scheme and host, the port of the scheme and a slash at the end make no difference. A URL with a
/// user, a password, a query or a fragment has no such form.
pub fn normal(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_plain.then(|| url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_endpoint_are_one() {
        for text in [
            "https://Vpce.example",
            "https://vpce.example/",
            "HTTPS://vpce.example:443",
        ] {
            assert_eq!(
                normal(text).as_deref(),
                Some("https://vpce.example"),
                "{text}"
            );
        }
        assert_eq!(normal("http://h:80/a/").as_deref(), Some("http://h/a"));
        for (one, other) in [
            ("http://h", "https://h"),
            ("https://h", "https://h:8443"),
            ("https://h", "https://h.evil.test"),
            ("https://h/a", "https://h/b"),
        ] {
            assert_ne!(normal(one), normal(other));
        }
        for text in [
            "h",
            "ftp://h",
            "https://u@h",
            "https://u:p@h",
            "https://h?x",
            "https://h#x",
            "",
        ] {
            assert_eq!(normal(text), None, "{text}");
        }
    }
}
