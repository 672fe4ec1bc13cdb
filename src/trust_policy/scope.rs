//! Registry scopes (`trust-store-trust-policy.md`, "Trust Policy Properties").
//!
//! A scope is `registry/repository`, spelled out, or `*` for everything. Nothing is resolved here.

use crate::reference::{RegistryName, RegistryNameError, is_repository};

/// The scope of every artifact that no other statement names.
pub const WILDCARD: &str = "*";

/// Why a text is not a scope other than `*`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// It is not of the form `registry/repository`.
    #[error("it is not a whole repository")]
    Form,
    /// The registry is in a spelling that no reference may have: the scope would never be found.
    #[error(transparent)]
    Registry(RegistryNameError),
}

/// Checks that a text has the form of a scope other than `*`: `host[:port]/repository[/...]`.
///
/// The host is of letters, digits, inner hyphens and dots; the repository of lower-case letters and digits,
/// with `.`, `_`, `__` or hyphens between them. Neither scheme, tag, digest nor wildcard, nor, as in notation, an
/// IPv6 address. Registries are spelled as in references.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(scope: &str) -> Result<(), ScopeError> {
    let (registry, repository) = scope.split_once('/').ok_or(ScopeError::Form)?;
    if registry.starts_with('[') || !is_repository(repository) {
        return Err(ScopeError::Form);
    }
    match RegistryName::parse(registry) {
        Ok(_) => Ok(()),
        Err(RegistryNameError::Form) => Err(ScopeError::Form),
        Err(error) => Err(ScopeError::Registry(error)),
    }
}

/// The scope of an artifact's text, `registry/repository@digest`: what is before the last `@`.
///
/// `None` where there is no `@`. Whether the rest is a scope is [`check`]'s question.
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
            "a.io:65535/b",
        ] {
            assert_eq!(check(scope), Ok(()), "{scope}");
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
            "a.io/é",
        ] {
            assert_eq!(check(scope), Err(ScopeError::Form), "{scope}");
        }
        // What no reference may say can never be found.
        for (scope, error) in [
            ("é.io/b", RegistryNameError::NotAscii),
            ("a.io:x/b", RegistryNameError::Port),
            ("a.io:/b", RegistryNameError::Port),
            ("a.io:123456789/b", RegistryNameError::Port),
            ("a.io:0443/b", RegistryNameError::Port),
            ("a.io./b", RegistryNameError::TrailingDot),
            ("127.1/b", RegistryNameError::Ipv4),
            ("a%2eio/b", RegistryNameError::Percent),
        ] {
            assert_eq!(check(scope), Err(ScopeError::Registry(error)), "{scope}");
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
