//! `WWW-Authenticate` (RFC 9110 section 11.6.1): what a registry wants to see.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

use crate::limits::MAX_CHALLENGE_BYTES;

/// One challenge that this program can answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User name and password, with every request.
    Basic,
    /// A token that the realm hands out.
    Bearer(Bearer),
}

/// The token that a registry wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bearer {
    /// Where tokens are handed out; not yet checked.
    pub(super) realm: String,
    /// The service that the token is for.
    pub(super) service: Option<String>,
    /// What the token is to allow.
    pub(super) scope: Option<String>,
}

/// The challenges in `headers`, in their order; what cannot be read is passed over.
pub(super) fn parse(headers: &HeaderMap) -> Vec<Challenge> {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter(|value| value.len() <= MAX_CHALLENGE_BYTES)
        .flat_map(parse_value)
        .collect()
}

fn parse_value(value: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            break;
        }
        let (word, after) = take_token(rest);
        if word.is_empty() {
            // Not of the header's grammar: what came before still counts.
            break;
        }
        if let Some(after) = after.trim_start_matches([' ', '\t']).strip_prefix('=') {
            let (text, after) = take_value(after.trim_start_matches([' ', '\t']));
            if let Some((_, parameters)) = found.last_mut() {
                parameters.push((word.to_ascii_lowercase(), text));
            }
            rest = after;
        } else {
            found.push((word.to_ascii_lowercase(), Vec::new()));
            rest = after;
        }
    }
    found
        .into_iter()
        .filter_map(|(scheme, parameters)| {
            let parameter = |name: &str| {
                let found = parameters.iter().find(|(known, _)| known == name);
                found.map(|(_, text)| text.clone())
            };
            match scheme.as_str() {
                "basic" => Some(Challenge::Basic),
                "bearer" => Some(Challenge::Bearer(Bearer {
                    realm: parameter("realm")?,
                    service: parameter("service"),
                    scope: parameter("scope"),
                })),
                _ => None,
            }
        })
        .collect()
}

fn take_token(text: &str) -> (&str, &str) {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let end = text.find(|c| !is_token(c)).unwrap_or(text.len());
    text.split_at(end)
}

/// A token, or a quoted string without its quotes and backslashes.
fn take_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return (value, chars.as_str()),
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: &str) -> Vec<Challenge> {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        parse(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        Challenge::Bearer(Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        })
    }

    #[test]
    fn both_schemes_are_read_in_any_writing() {
        for (value, wanted) in [
            (
                r#"Bearer realm="https://a.example/t",service="r.example",scope="repository:a/b:pull,push""#,
                vec![bearer(
                    "https://a.example/t",
                    Some("r.example"),
                    Some("repository:a/b:pull,push"),
                )],
            ),
            (r#"Basic realm="x, Bearer realm=y""#, vec![Challenge::Basic]),
            (
                r#"basic , BEARER  Realm = "q\"uoted" ,error=invalid_token"#,
                vec![Challenge::Basic, bearer("q\"uoted", None, None)],
            ),
            ("Bearer realm=plain", vec![bearer("plain", None, None)]),
            ("Bearer service=x", vec![]),
            ("Negotiate, Digest a=b", vec![]),
            (r#"Bearer realm="open"#, vec![bearer("open", None, None)]),
            ("", vec![]),
            ("=;,\"", vec![]),
        ] {
            assert_eq!(parsed(value), wanted, "{value}");
        }
    }

    #[test]
    fn a_challenge_is_bounded() {
        let value = |length: usize| format!("Basic x={}", "y".repeat(length - 8));
        assert_eq!(parsed(&value(MAX_CHALLENGE_BYTES)), vec![Challenge::Basic]);
        assert_eq!(parsed(&value(MAX_CHALLENGE_BYTES + 1)), vec![]);
    }
}
