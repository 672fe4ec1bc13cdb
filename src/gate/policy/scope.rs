//! Scopes of a gate policy: one repository, or every repository below a prefix.
//!
//! `HOST/REPOSITORY` is a scope of trust policies and is compared as one. `HOST/*` and `HOST/COMPONENT/*` end at a
//! component: nothing matches inside a host or a component, and `*` alone is not a scope.

use std::fmt;

use crate::reference::{Reference, RegistryName, Scheme, normalize_scope};
use crate::trust_policy::scope::{self, ScopeError};

/// A scope, as the policy has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateScope {
    text: String,
    is_prefix: bool,
}

/// Why a text is not a scope of a gate policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GateScopeError {
    /// `*` alone.
    #[error("`*` covers every registry; the registry must be named")]
    Everything,
    /// A `*` that is not the last component by itself.
    #[error("`*` may stand only as the last component, as in `HOST/team/*`")]
    Star,
    /// Not a repository.
    #[error(transparent)]
    Repository(ScopeError),
}

/// How near a scope is to a repository; the greater beats the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A prefix of so many components, the host's among them.
    Prefix(usize),
    /// The repository itself.
    Exact,
}

impl GateScope {
    /// Reads `HOST/REPOSITORY`, `HOST/*` or `HOST/COMPONENT[/...]/*`.
    ///
    /// # Errors
    ///
    /// [`GateScopeError`].
    pub fn parse(text: &str) -> Result<Self, GateScopeError> {
        if text == scope::WILDCARD {
            return Err(GateScopeError::Everything);
        }
        let Some(prefix) = text.strip_suffix("/*") else {
            if text.contains('*') {
                return Err(GateScopeError::Star);
            }
            scope::check(text).map_err(GateScopeError::Repository)?;
            return Ok(Self {
                text: text.to_owned(),
                is_prefix: false,
            });
        };
        if prefix.contains('*') {
            return Err(GateScopeError::Star);
        }
        match prefix.split_once('/') {
            Some(_) => scope::check(prefix).map_err(GateScopeError::Repository)?,
            None => check_host(prefix)?,
        }
        Ok(Self {
            text: prefix.to_owned(),
            is_prefix: true,
        })
    }

    /// The scope in the one form in which scopes are compared, for a verifier that asks over `scheme`.
    pub fn normalized(&self, scheme: Scheme) -> String {
        if self.is_prefix {
            normal_prefix(&self.text, scheme)
        } else {
            normalize_scope(&self.text, scheme)
        }
    }

    /// How near the scope is to the repository of `reference`; `None` if it does not cover it.
    pub fn rank(&self, reference: &Reference, scheme: Scheme) -> Option<Rank> {
        let repository = reference.scope(scheme);
        let scope = self.normalized(scheme);
        if self.is_prefix {
            is_below(&repository, &scope).then(|| Rank::Prefix(scope.split('/').count()))
        } else {
            (repository == scope).then_some(Rank::Exact)
        }
    }

    /// Whether every repository of `other` is one of this scope, and this is the wider one.
    pub fn is_wider_than(&self, other: &Self) -> bool {
        let (wide, narrow) = (
            self.normalized(Scheme::Https),
            other.normalized(Scheme::Https),
        );
        self.is_prefix && is_below(&narrow, &wide)
    }

    /// Whether this is a prefix.
    pub const fn is_prefix(&self) -> bool {
        self.is_prefix
    }
}

impl fmt::Display for GateScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.is_prefix { "/*" } else { "" };
        write!(f, "{}{star}", self.text)
    }
}

/// Whether `path` has `prefix` and at least a component more.
fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The host in the one form in which registries are compared. Docker Hub's `library/` is not added: a prefix is not
/// a repository.
fn normal_prefix(prefix: &str, scheme: Scheme) -> String {
    let (host, path) = match prefix.split_once('/') {
        Some((host, path)) => (host, Some(path)),
        None => (prefix, None),
    };
    let host =
        RegistryName::parse(host).map_or_else(|_| host.to_owned(), |name| name.canonical(scheme));
    match path {
        Some(path) => format!("{host}/{path}"),
        None => host,
    }
}

fn check_host(host: &str) -> Result<(), GateScopeError> {
    scope::check(&format!("{host}/a")).map_err(GateScopeError::Repository)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:7777777777777777777777777777777777777777777777777777777777777777";

    fn rank(scope: &str, repository: &str) -> Option<Rank> {
        let reference = Reference::parse(&format!("{repository}@{DIGEST}")).unwrap();
        GateScope::parse(scope)
            .unwrap()
            .rank(&reference, Scheme::Https)
    }

    #[test]
    fn a_prefix_ends_at_a_component() {
        for (scope, repository, wanted) in [
            ("r.io/team/app", "r.io/team/app", Some(Rank::Exact)),
            ("r.io/team/app", "r.io/team/app/x", None),
            ("r.io/team/*", "r.io/team/app", Some(Rank::Prefix(2))),
            ("r.io/team/*", "r.io/team/a/b", Some(Rank::Prefix(2))),
            ("r.io/team/*", "r.io/team", None),
            ("r.io/team/*", "r.io/team2/app", None),
            ("r.io/team/*", "r.io/teama", None),
            ("r.io/*", "r.io/team/app", Some(Rank::Prefix(1))),
            ("r.io/*", "r.io.evil.test/app", None),
            ("r.io/*", "xr.io/app", None),
            ("r.io/*", "r.io:5000/app", None),
            ("R.io:443/team/*", "r.IO/team/app", Some(Rank::Prefix(2))),
            (
                "docker.io/library/*",
                "index.docker.io/nginx",
                Some(Rank::Prefix(2)),
            ),
            ("docker.io/*", "docker.io/nginx", Some(Rank::Prefix(1))),
            (
                "docker.io/nginx",
                "docker.io/library/nginx",
                Some(Rank::Exact),
            ),
            ("docker.io/nginx/*", "docker.io/nginx", None),
            ("docker.io/nginx/*", "docker.io/library/nginx", None),
            (
                "111122223333.dkr-ecr.us-east-1.on.aws/team/*",
                "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app",
                Some(Rank::Prefix(2)),
            ),
        ] {
            assert_eq!(rank(scope, repository), wanted, "{scope} {repository}");
        }
        assert!(Rank::Exact > Rank::Prefix(99) && Rank::Prefix(2) > Rank::Prefix(1));
    }

    #[test]
    fn a_port_of_the_scheme_is_no_other_registry() {
        let reference = Reference::parse(&format!("r.io:80/team/app@{DIGEST}")).unwrap();
        let scope = GateScope::parse("r.io/team/*").unwrap();
        assert_eq!(scope.rank(&reference, Scheme::Http), Some(Rank::Prefix(2)));
        assert_eq!(scope.rank(&reference, Scheme::Https), None);
    }

    #[test]
    fn stars_elsewhere_are_refused() {
        for (text, error) in [
            ("*", GateScopeError::Everything),
            ("*/*", GateScopeError::Star),
            ("*/app", GateScopeError::Star),
            ("r.io/te*", GateScopeError::Star),
            ("r.io/team*/app", GateScopeError::Star),
            ("r.io/*/app", GateScopeError::Star),
            ("r.io/team/**", GateScopeError::Star),
            ("*.r.io/team/*", GateScopeError::Star),
            ("r.io*", GateScopeError::Star),
            ("r.io/team/*/*", GateScopeError::Star),
            ("r.io", GateScopeError::Repository(ScopeError::Form)),
            ("r.io/", GateScopeError::Repository(ScopeError::Form)),
            ("r.io//*", GateScopeError::Repository(ScopeError::Form)),
            ("/*", GateScopeError::Repository(ScopeError::Form)),
            ("", GateScopeError::Repository(ScopeError::Form)),
            ("r.io/Team/*", GateScopeError::Repository(ScopeError::Form)),
            ("r.io/team:v1", GateScopeError::Repository(ScopeError::Form)),
            ("[::1]:5000/a", GateScopeError::Repository(ScopeError::Form)),
            ("[::1]:5000/*", GateScopeError::Repository(ScopeError::Form)),
        ] {
            assert_eq!(GateScope::parse(text), Err(error), "{text}");
        }
        assert!(matches!(
            GateScope::parse("r.io:0443/*"),
            Err(GateScopeError::Repository(ScopeError::Registry(_)))
        ));
    }

    #[test]
    fn the_wider_scope_is_known() {
        let wider = |wide: &str, narrow: &str| {
            let (wide, narrow) = (GateScope::parse(wide), GateScope::parse(narrow));
            wide.unwrap().is_wider_than(&narrow.unwrap())
        };
        assert!(wider("r.io/*", "R.io:443/team/*"));
        assert!(wider("r.io/team/*", "r.io/team/app"));
        assert!(!wider("r.io/team/*", "r.io/team/*"));
        assert!(!wider("r.io/team/app", "r.io/team/app/x"));
        assert!(!wider("r.io/team/*", "r.io/teams/app"));
    }
}
