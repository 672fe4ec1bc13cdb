//! Registry scopes (`trust-store-trust-policy.md`, "Trust Policy Properties").
//!
//! A scope is `registry/repository`, spelled out, or `*` for everything. Nothing is resolved here.

/// The scope of every artifact that no other statement names.
pub const WILDCARD: &str = "*";

/// Whether a text has the form of a scope other than `*`: `host[:port]/repository[/...]`.
///
/// The host is of letters, digits, inner hyphens and dots; the repository of lower-case letters and digits,
/// with `.`, `_`, `__` or hyphens between them. Neither scheme, tag, digest nor wildcard.
pub fn is_valid(scope: &str) -> bool {
    let Some((registry, repository)) = scope.split_once('/') else {
        return false;
    };
    let (host, port) = match registry.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (registry, None),
    };
    host.split('.').all(is_host_label)
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        && repository.split('/').all(is_path_component)
}

/// Letters, digits and inner hyphens.
fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Runs of lower-case letters and digits with one separator between two of them.
fn is_path_component(component: &str) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends_are_words = bytes.first().is_some_and(is_word) && bytes.last().is_some_and(is_word);
    let mut separators = bytes.split(is_word).filter(|between| !between.is_empty());
    ends_are_words
        && separators.all(|between| {
            matches!(between, b"." | b"_" | b"__") || between.iter().all(|byte| *byte == b'-')
        })
}

/// The scope of an artifact's text, `registry/repository@digest`: what is before the last `@`.
///
/// `None` where there is no `@`. Whether the rest is a scope is [`is_valid`]'s question.
pub fn of_artifact(artifact: &str) -> Option<&str> {
    artifact.rsplit_once('@').map(|(scope, _)| scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_fully_qualified_repositories() {
        for scope in [
            "localhost:5000/r",
            "A.io/b",
            "a.io/b/c/d",
            "a.io/b_c",
            "a.io/b__c",
            "a.io/b--c",
            "a.io/b---c",
            "a.io/b.c",
            "a/b",
            "local/layout",
            "a.com:80/b",
            "a-b.io/0",
            "a.io:123456789/b",
        ] {
            assert!(is_valid(scope), "{scope}");
        }
        for scope in [
            "",
            "*",
            "a",
            "a/b:v1",
            "https://a.io/b",
            "a/b@sha256:x",
            "a.io/*",
            "*/a",
            "a.io/B",
            "a.io:x/b",
            "a.io:/b",
            "a.io/",
            "/b",
            "a.io//b",
            "a.io/b/",
            "a b/c",
            "a.io/b___c",
            "a.io/-b",
            "a.io/b-",
            "a.io/b.",
            "a.io/b..c",
            "a.io/b._c",
            "[::1]/b",
            "a_b.io/c",
            "-a.io/b",
            "a-.io/b",
            ".a/b",
            "a..b/c",
            " a.io/b",
            "a.io/b\n",
            "é.io/b",
            "a.io/é",
        ] {
            assert!(!is_valid(scope), "{scope}");
        }
    }

    #[test]
    fn the_scope_of_an_artifact_ends_at_its_last_at_sign() {
        assert_eq!(of_artifact("reg.io/a/b@sha256:00"), Some("reg.io/a/b"));
        assert_eq!(of_artifact("reg.io/a/b@x@sha256:00"), Some("reg.io/a/b@x"));
        assert_eq!(of_artifact("reg.io/a/b@"), Some("reg.io/a/b"));
        assert_eq!(of_artifact("reg.io/a/b:v1"), None);
    }
}
