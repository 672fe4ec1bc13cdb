//! Which keys of `auths` and `credHelpers` are for a repository.
//!
//! Docker writes hosts, with a scheme and `/v1/` in older entries; Podman writes hosts and hosts with a
//! path, which are for the repositories below it alone (containers-auth.json(5)).

use std::cmp::Reverse;

use super::CredentialRequest;
use crate::reference::{DOCKER_HUB_SERVER, RegistryName};

/// The key of Docker Hub in Docker's configuration.
pub(super) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// How a helper is asked for this registry.
pub(super) fn of_helper<'a>(asked: &'a CredentialRequest<'_>) -> &'a str {
    if asked.server == DOCKER_HUB_SERVER {
        DOCKER_HUB_KEY
    } else {
        asked.server
    }
}

/// The entries that are for what is asked, the best one first: the longest path, then the registry's own
/// spelling, then in the order of the letters. Entries of other repositories never.
pub(super) fn fitting<'e, T>(
    entries: impl Iterator<Item = (&'e String, T)>,
    asked: &CredentialRequest<'_>,
) -> Vec<(&'e str, T)> {
    let mut found: Vec<_> = entries
        .filter_map(|(key, entry)| {
            let depth = depth(key, asked)?;
            let is_exact = key == asked.server || key == of_helper(asked);
            Some((Reverse(depth), !is_exact, key.as_str(), entry))
        })
        .collect();
    found.sort_by(|one, other| (one.0, one.1, one.2).cmp(&(other.0, other.1, other.2)));
    found
        .into_iter()
        .map(|(_, _, key, entry)| (key, entry))
        .collect()
}

/// Whether a helper's answer is for the server that it was asked for, letter case, scheme and path aside: helpers
/// write all of them.
pub(super) fn is_same_server(answered: &str, asked: &str) -> bool {
    let host = |text: &str| {
        let text = text.to_ascii_lowercase();
        let rest = text
            .split_once("://")
            .map_or(text.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default().to_owned()
    };
    let without_port = |host: String| {
        let port = [":443", ":80"]
            .iter()
            .find_map(|port| host.strip_suffix(port));
        port.map(str::to_owned).unwrap_or(host)
    };
    without_port(host(answered)) == without_port(host(asked))
}

/// How many parts of a path the key has, if it is for what is asked.
fn depth(key: &str, asked: &CredentialRequest<'_>) -> Option<usize> {
    let without_scheme = ["https://", "http://"].into_iter().find_map(|scheme| {
        let (start, rest) = key.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let rest = without_scheme.unwrap_or(key);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let name = RegistryName::parse(host).ok()?;
    if name.canonical(asked.scheme) != asked.name.canonical(asked.scheme) {
        return None;
    }
    let is_url = without_scheme.is_some() || path.ends_with('/');
    let path = path.trim_end_matches('/');
    if path.is_empty() || (is_url && matches!(path, "v1" | "v2")) {
        return Some(0);
    }
    let below = asked.repository.strip_prefix(path)?;
    (below.is_empty() || below.starts_with('/')).then(|| path.split('/').count())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::reference::Scheme;

    fn keys(written: &[&str], reference: &str) -> Vec<String> {
        let reference = crate::reference::Reference::parse(&format!("{reference}:v1")).unwrap();
        let name = reference.registry_name();
        let scheme = name.scheme(Scheme::Https);
        let server = name.server(scheme);
        let asked = CredentialRequest {
            name,
            scheme,
            server: &server,
            repository: reference.repository(),
            ecr: None,
        };
        let entries: BTreeMap<String, usize> = written
            .iter()
            .enumerate()
            .map(|(index, key)| ((*key).to_owned(), index))
            .collect();
        let found = fitting(entries.iter(), &asked);
        found.into_iter().map(|(key, _)| key.to_owned()).collect()
    }

    #[test]
    fn the_longest_path_that_fits_comes_first_and_other_paths_never() {
        let written = [
            "r.example/team-a",
            "r.example/team-b",
            "r.example/team-a/app",
            "r.example/team-a/app/deep",
            "r.example/team",
            "r.example",
            "https://r.example/team-a/",
            "s.example",
            "r.example:5000",
        ];
        assert_eq!(
            keys(&written, "r.example/team-a/app"),
            [
                "r.example/team-a/app",
                "https://r.example/team-a/",
                "r.example/team-a",
                "r.example"
            ]
        );
        assert_eq!(keys(&written, "r.example/other"), ["r.example"]);
        assert_eq!(
            keys(&written, "r.example/team-b/x"),
            ["r.example/team-b", "r.example"]
        );
        assert_eq!(keys(&["r.example/team-a"], "r.example/app"), [""; 0]);
    }

    #[test]
    fn every_spelling_of_a_host_fits_and_its_own_comes_first() {
        assert_eq!(
            keys(
                &[
                    "https://r.example/v1/",
                    "https://r.example/v2/",
                    "HTTP://R.example",
                    "R.EXAMPLE:443",
                    "r.example/",
                    "r.example/v1/",
                    "r.example",
                    "r.example.evil",
                    "r.example:80",
                    "u@r.example",
                    "",
                    "/",
                    "https://",
                ],
                "r.example/app",
            ),
            [
                "r.example",
                "HTTP://R.example",
                "R.EXAMPLE:443",
                "https://r.example/v1/",
                "https://r.example/v2/",
                "r.example/",
                "r.example/v1/",
            ]
        );
        // A path, not a version of the API.
        assert_eq!(keys(&["r.example/v2"], "r.example/app"), [""; 0]);
        assert_eq!(
            keys(&["r.example/v2"], "r.example/v2/app"),
            ["r.example/v2"]
        );
    }

    #[test]
    fn docker_hub_and_amazon_ecr_are_found_by_all_their_names() {
        assert_eq!(
            keys(
                &[
                    "docker.io",
                    "registry-1.docker.io",
                    "index.docker.io",
                    DOCKER_HUB_KEY,
                    "docker.io/library",
                    "docker.io/team"
                ],
                "docker.io/nginx",
            ),
            [
                "docker.io/library",
                DOCKER_HUB_KEY,
                "registry-1.docker.io",
                "docker.io",
                "index.docker.io"
            ]
        );
        assert_eq!(
            keys(
                &["https://111122223333.dkr.ecr.us-east-1.amazonaws.com"],
                "111122223333.dkr-ecr.us-east-1.on.aws/app"
            )
            .len(),
            1
        );
        assert_eq!(
            keys(
                &["111122223334.dkr.ecr.us-east-1.amazonaws.com"],
                "111122223333.dkr.ecr.us-east-1.amazonaws.com/app"
            ),
            [""; 0]
        );
    }
}
