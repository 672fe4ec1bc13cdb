//! Registry scopes as they are compared.

use super::registry_name::{RegistryName, Scheme};

/// A registry scope, `registry/repository`, in the one form in which scopes are compared: the registry
/// by [`RegistryName::canonical`], and `library/` where Docker Hub's repository is one word. A reference
/// and a policy that name the same repository in different words then meet.
///
/// A text that is not a scope, such as `*`, stays as it is.
pub fn normalize_scope(scope: &str, wished: Scheme) -> String {
    let parts = scope.split_once('/').and_then(|(registry, repository)| {
        let registry = RegistryName::parse(registry).ok()?;
        Some((registry, repository))
    });
    match parts {
        None => scope.to_owned(),
        Some((registry, repository)) => {
            let library = library(&registry, repository);
            format!("{}/{library}{repository}", registry.canonical(wished))
        }
    }
}

/// What Docker Hub puts before a repository of one word.
pub(super) fn library(registry: &RegistryName, repository: &str) -> &'static str {
    if registry.is_docker_hub() && !repository.contains('/') {
        "library/"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_has_one_scope() {
        for (scope, wanted) in [
            ("REGISTRY.example:443/app", "registry.example/app"),
            ("docker.io/nginx", "docker.io/library/nginx"),
            ("index.docker.io:443/nginx", "docker.io/library/nginx"),
            ("docker.io/library/nginx", "docker.io/library/nginx"),
            ("docker.io/team/app", "docker.io/team/app"),
            ("ecr-public.aws.com/team/app", "public.ecr.aws/team/app"),
            (
                "111122223333.dkr-ecr.us-east-1.on.aws/team/app",
                "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app",
            ),
            ("local/layout", "local/layout"),
            ("*", "*"),
            ("0x7f.1/app", "0x7f.1/app"),
        ] {
            assert_eq!(normalize_scope(scope, Scheme::Https), wanted, "{scope}");
        }
        for (scope, wanted) in [
            ("r.example:80/app", "r.example/app"),
            ("r.example:443/app", "r.example:443/app"),
            ("localhost:80/app", "localhost/app"),
        ] {
            assert_eq!(normalize_scope(scope, Scheme::Http), wanted, "{scope}");
        }
    }
}
