//! References: `registry/repository:tag`, `registry/repository@digest`, or both; and `PATH:TAG` or
//! `PATH@DIGEST` for an OCI image layout.
//!
//! The grammar is Docker's (the distribution specification's for repository and tag), and the
//! registry must be named, as notation wants it. Nothing is looked up here.

mod advice;
mod artifact;
#[doc(hidden)]
mod ecr;
mod error;
mod grammar;
mod layout;
mod registry_name;
#[doc(hidden)]
mod scope;
mod spelling;

pub use crate::oci::Digest;
pub(crate) use advice::transport;
pub use artifact::ArtifactReference;
#[doc(hidden)]
pub use ecr::EcrHost;
pub use error::Error;
pub(crate) use grammar::is_repository;
pub use layout::{LayoutError, LayoutReference};
pub(crate) use registry_name::DOCKER_HUB_SERVER;
pub use registry_name::{RegistryName, Scheme};
#[doc(hidden)]
pub use scope::normalize_scope;
pub use spelling::RegistryNameError;

use std::fmt;

use crate::limits;
use crate::oci;
use grammar::is_tag;

/// The text without what could be a password: `user:password@HOST/...` is not a reference, but
/// people write it, and an error must not repeat it. The `@` of a digest has no `/` behind it.
fn without_password(text: &str) -> String {
    let of_user = text
        .match_indices('@')
        .map(|(at, _)| at)
        .rfind(|at| text.get(*at..).is_some_and(|rest| rest.contains('/')));
    match of_user.and_then(|at| text.get(at..)) {
        Some(rest) => format!("***{rest}"),
        None => text.to_owned(),
    }
}

/// A tag, a digest, or both: at least one of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Target {
    Tag(String),
    Digest(String),
    Both { tag: String, digest: String },
}

impl Target {
    /// Reads the tag and the digest of `reference`, as far as it has them.
    fn read(reference: &str, tag: Option<&str>, digest: Option<&str>) -> Result<Self, Error> {
        let tag = match tag {
            Some(tag) if is_tag(tag) => Some(tag.to_owned()),
            None => None,
            Some("") if digest.is_none() => None,
            Some(tag) => {
                return Err(Error::InvalidTag {
                    reference: reference.to_owned(),
                    tag: tag.to_owned(),
                });
            }
        };
        let digest = digest.filter(|digest| !digest.is_empty());
        if let Some(digest) = digest {
            oci::parse_digest(digest).map_err(|source| Error::InvalidDigest {
                reference: reference.to_owned(),
                digest: digest.to_owned(),
                source,
            })?;
        }
        match (tag, digest.map(str::to_owned)) {
            (Some(tag), None) => Ok(Self::Tag(tag)),
            (None, Some(digest)) => Ok(Self::Digest(digest)),
            (Some(tag), Some(digest)) => Ok(Self::Both { tag, digest }),
            (None, None) => Err(Error::MissingTagOrDigest {
                reference: reference.to_owned(),
            }),
        }
    }
}

/// A reference to an artifact in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// As it was written.
    registry: String,
    name: RegistryName,
    repository: String,
    target: Target,
}

impl Reference {
    /// Parses `REGISTRY/REPOSITORY:TAG`, `REGISTRY/REPOSITORY@DIGEST` or
    /// `REGISTRY/REPOSITORY:TAG@DIGEST`. One-word repositories of Docker Hub get their `library/`.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, from left to right.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > limits::MAX_REFERENCE_BYTES {
            return Err(Error::TooLong { length: text.len() });
        }
        // What is written before an `@` there is wrong in any case, and is not said again.
        let text = &without_password(text);
        let (registry, path) =
            text.split_once('/')
                .ok_or_else(|| Error::MissingRegistryOrRepository {
                    reference: text.clone(),
                })?;
        let (name, digest) = match path.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (path, None),
        };
        let (repository, tag) = match name.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (name, None),
        };
        // Before the registry: `http://HOST/...` then says what is wrong as notation does.
        if !is_repository(repository) {
            return Err(Error::InvalidRepository {
                reference: text.clone(),
                repository: repository.to_owned(),
            });
        }
        let name = RegistryName::parse(registry).map_err(|source| Error::InvalidRegistry {
            reference: text.clone(),
            registry: registry.to_owned(),
            source,
        })?;
        let target = Target::read(text, tag, digest)?;
        let repository = format!("{}{repository}", scope::library(&name, repository));
        Ok(Self {
            registry: registry.to_owned(),
            name,
            repository,
            target,
        })
    }

    /// The registry as it was written: `HOST` or `HOST:PORT`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The registry as it is compared and asked.
    pub fn registry_name(&self) -> &RegistryName {
        &self.name
    }

    /// The repository within the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if there is one.
    pub fn tag(&self) -> Option<&str> {
        match &self.target {
            Target::Tag(tag) | Target::Both { tag, .. } => Some(tag),
            Target::Digest(_) => None,
        }
    }

    /// The digest, if there is one. It wins over the tag.
    pub fn digest(&self) -> Option<&str> {
        match &self.target {
            Target::Digest(digest) | Target::Both { digest, .. } => Some(digest),
            Target::Tag(_) => None,
        }
    }

    /// What is asked of the registry: the digest, or else the tag.
    pub fn target(&self) -> &str {
        match &self.target {
            Target::Tag(tag) => tag,
            Target::Digest(digest) | Target::Both { digest, .. } => digest,
        }
    }

    /// The same repository with `digest` and no tag.
    #[must_use]
    pub fn with_digest(&self, digest: &Digest) -> Self {
        Self {
            registry: self.registry.clone(),
            name: self.name.clone(),
            repository: self.repository.clone(),
            target: Target::Digest(digest.to_string()),
        }
    }

    /// The repository as it was written: `registry/repository`.
    pub fn repository_with_registry(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The repository as registry scopes of trust policies are compared for a client that asks over
    /// `scheme`: [`normalize_scope`] of `registry/repository`.
    pub fn scope(&self, scheme: Scheme) -> String {
        normalize_scope(&self.repository_with_registry(), scheme)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        match &self.target {
            Target::Tag(tag) => write!(f, ":{tag}"),
            // As notation prints it: the tag counts for nothing beside a digest.
            Target::Digest(digest) | Target::Both { digest, .. } => write!(f, "@{digest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn parts(text: &str) -> (String, String, Option<String>, Option<String>) {
        let reference = Reference::parse(text).unwrap();
        (
            reference.registry().to_owned(),
            reference.repository().to_owned(),
            reference.tag().map(str::to_owned),
            reference.digest().map(str::to_owned),
        )
    }

    #[test]
    fn the_four_parts_are_told_apart() {
        let owned = |text: &str| Some(text.to_owned());
        for (text, registry, repository, tag, digest) in [
            (
                "localhost:5000/app:v1".to_owned(),
                "localhost:5000",
                "app",
                owned("v1"),
                None,
            ),
            (
                format!("r.example/a/b-c__d.e@{DIGEST}"),
                "r.example",
                "a/b-c__d.e",
                None,
                owned(DIGEST),
            ),
            (
                format!("r.example/a:_T.1-@{DIGEST}"),
                "r.example",
                "a",
                owned("_T.1-"),
                owned(DIGEST),
            ),
            (
                "[::1]:5000/a:1".to_owned(),
                "[::1]:5000",
                "a",
                owned("1"),
                None,
            ),
        ] {
            assert_eq!(
                parts(&text),
                (registry.to_owned(), repository.to_owned(), tag, digest),
                "{text}"
            );
        }
    }

    #[test]
    fn a_digest_wins_over_the_tag_and_is_what_is_shown() {
        let reference = Reference::parse(&format!("r.example/a:v1@{DIGEST}")).unwrap();
        assert_eq!(reference.target(), DIGEST);
        assert_eq!(reference.to_string(), format!("r.example/a@{DIGEST}"));
        let tagged = Reference::parse("r.example/a:v1").unwrap();
        assert_eq!(tagged.to_string(), "r.example/a:v1");
        let digest = oci::parse_digest(DIGEST).unwrap();
        assert_eq!(
            tagged.with_digest(&digest).to_string(),
            reference.to_string()
        );
    }

    #[test]
    fn bad_references_are_refused_in_notations_words() {
        for (text, reason) in [
            ("", "missing registry or repository"),
            ("sign", "missing registry or repository"),
            ("r.example:5000", "missing registry or repository"),
            ("r.example/", "invalid repository \"\""),
            ("r.example/SIGN:v1", "invalid repository \"SIGN\""),
            (
                "http://r.example/sign:v1",
                "invalid repository \"/r.example/sign\"",
            ),
            (
                "http://127.0.0.1:1/sign:v1",
                "invalid repository \"/127.0.0.1\"",
            ),
            ("r.example/si gn:v1", "invalid repository \"si gn\""),
            ("r.example/a//b:v1", "invalid repository \"a//b\""),
            ("r.example/a/../b:v1", "invalid repository \"a/../b\""),
            ("r.example/a___b:v1", "invalid repository \"a___b\""),
            ("r.example/a-:v1", "invalid repository \"a-\""),
            ("/a:v1", "invalid registry \"\""),
            ("***@r.example/a:v1", "invalid registry \"***@r.example\""),
            ("r_x.example/a:v1", "invalid registry \"r_x.example\""),
            ("r.example./a:v1", "invalid registry \"r.example.\""),
            ("r.example:/a:v1", "invalid registry \"r.example:\""),
            (
                "r.example:65536/a:v1",
                "invalid registry \"r.example:65536\"",
            ),
            ("[::1/a:v1", "invalid registry \"[::1\""),
            ("[::1]x/a:v1", "invalid registry \"[::1]x\""),
            ("r.example/sign", "no tag or digest"),
            ("r.example/sign:", "no tag or digest"),
            ("r.example/sign@", "no tag or digest"),
            ("r.example/sign:-v1", "invalid tag \"-v1\""),
            ("r.example/sign:a:b", "invalid tag \"a:b\""),
            (
                "r.example/sign@sha256:abc",
                "invalid digest \"sha256:abc\": invalid checksum digest length",
            ),
            (
                "r.example/sign@md5:abc",
                "invalid digest \"md5:abc\": unsupported digest algorithm",
            ),
            (
                "r.example/sign@x",
                "invalid digest \"x\": invalid checksum digest format",
            ),
            (
                "r.example/sign@sha256:",
                "invalid digest \"sha256:\": invalid checksum digest format",
            ),
            (
                "r.example/sign@sha256:GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG",
                "invalid digest \"sha256:GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG\": \
                 invalid checksum digest format",
            ),
            (
                "r.example/sign@md5:",
                "invalid digest \"md5:\": invalid checksum digest format",
            ),
            (
                "r.example/sign@:abc",
                "invalid digest \":abc\": invalid checksum digest format",
            ),
            (
                "r.example/sign@sha384:abc",
                "invalid digest \"sha384:abc\": invalid checksum digest length",
            ),
            (
                "r.example/sign@sha512:abc",
                "invalid digest \"sha512:abc\": invalid checksum digest length",
            ),
        ] {
            assert_eq!(
                Reference::parse(text).unwrap_err().notation_sentence(),
                format!(
                    "\"{text}\": invalid reference: {reason}. Expecting \
                     <registry>/<repository>:<tag> or <registry>/<repository>@<digest>"
                )
            );
        }
    }

    #[test]
    fn a_tag_beside_a_digest_must_be_a_tag() {
        let text = format!("r.example/a:-x@{DIGEST}");
        assert_eq!(
            Reference::parse(&text),
            Err(Error::InvalidTag {
                reference: text.clone(),
                tag: "-x".to_owned()
            })
        );
        assert!(matches!(
            Reference::parse(&format!("r.example/a:@{DIGEST}")),
            Err(Error::InvalidTag { tag, .. }) if tag.is_empty()
        ));
    }

    #[test]
    fn lengths_are_bounded() {
        let repository = "a".repeat(limits::MAX_REPOSITORY_BYTES);
        assert!(Reference::parse(&format!("r.example/{repository}:v")).is_ok());
        assert!(matches!(
            Reference::parse(&format!("r.example/{repository}a:v")),
            Err(Error::InvalidRepository { .. })
        ));
        assert!(Reference::parse(&format!("r.example/a:{}", "t".repeat(128))).is_ok());
        assert!(matches!(
            Reference::parse(&format!("r.example/a:{}", "t".repeat(129))),
            Err(Error::InvalidTag { .. })
        ));
        let length = limits::MAX_REFERENCE_BYTES;
        assert!(!matches!(
            Reference::parse(&"a".repeat(length)),
            Err(Error::TooLong { .. })
        ));
        assert_eq!(
            Reference::parse(&"a".repeat(length + 1)),
            Err(Error::TooLong { length: length + 1 })
        );
    }

    #[test]
    fn docker_hub_has_one_name_for_policies_and_another_for_requests() {
        for registry in [
            "docker.io",
            "index.docker.io",
            "docker.io:443",
            "registry-1.docker.io",
            "Docker.IO",
        ] {
            let reference = Reference::parse(&format!("{registry}/nginx:1")).unwrap();
            assert_eq!(reference.repository(), "library/nginx");
            assert_eq!(reference.scope(Scheme::Https), "docker.io/library/nginx");
            let server = reference.registry_name().server(Scheme::Https);
            assert_eq!(server, "registry-1.docker.io");
            assert_eq!(reference.to_string(), format!("{registry}/library/nginx:1"));
        }
        let other = Reference::parse("docker.io.example/nginx:1").unwrap();
        assert_eq!(other.scope(Scheme::Https), "docker.io.example/nginx");
        let server = other.registry_name().server(Scheme::Https);
        assert_eq!(server, "docker.io.example");
    }

    #[test]
    fn scopes_are_compared_without_regard_to_the_hosts_letter_case() {
        let reference = Reference::parse("Registry.Example:5000/app:1").unwrap();
        assert_eq!(reference.scope(Scheme::Https), "registry.example:5000/app");
        assert_eq!(
            normalize_scope("REGISTRY.example:5000/app", Scheme::Https),
            reference.scope(Scheme::Https)
        );
    }
}
