//! What may help against each error.

use std::path::Path;

use super::{Error, LayoutFault, advice};
use crate::reference::{self, RegistryName};

impl Error {
    /// What may help.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unauthorized {
                unread: Some(unread),
                ..
            } => unread.hint(),
            Self::Unauthorized { registry, .. } | Self::Denied { registry, .. } => {
                Some(hint_about_access(registry))
            }
            Self::RateLimited {
                retry_after: Some(wait),
                ..
            } => Some(format!("try again in {} seconds", wait.as_secs())),
            Self::RateLimited { .. } => Some("try again later".to_owned()),
            Self::NotFound { reference, .. } => {
                let registry = reference.split('/').next().unwrap_or_default();
                Some(if is_ecr(registry) {
                    "check the repository, the tag or digest, and the AWS region".to_owned()
                } else {
                    "check the repository, and the tag or digest".to_owned()
                })
            }
            Self::TagImmutable { .. } => Some(
                "the signature needs this tag, since the registry does not list it otherwise or \
                 the setting `force-referrers-tag` is given, and the repository's tags are immutable; exclude \
                 `sha256-*` from immutability"
                    .to_owned(),
            ),
            Self::TooManyReferrers { .. } => Some(
                "a client with push access can pile up referrers; remove those that are not needed"
                    .to_owned(),
            ),
            Self::NotAManifest { media_type, .. } => Some(advice::hint_about_type(media_type).to_owned()),
            Self::NotAnIndex { .. } => Some(
                "without the referrers API, signatures are listed under this tag; give what is there \
                 another tag, and delete this one"
                    .to_owned(),
            ),
            Self::UnreadableReferrers { .. } => Some(
                "one of them may be a signature; remove them, or ask the registry's operator"
                    .to_owned(),
            ),
            Self::PushRefused { what, .. } => Some(what.hint().to_owned()),
            Self::NotListed { source, .. } => Some(hint_about_listing(source.as_deref())),
            Self::Request { registry, source } => source
                .hint()
                .or_else(|| source.is_answer_of_no_http().then(|| may_speak_tls(registry))),
            Self::UnexpectedStatus {
                url, status: 400, ..
            } if url.starts_with("http://") => {
                let registry = url.trim_start_matches("http://").split('/').next();
                Some(may_speak_tls(registry.unwrap_or_default()))
            }
            Self::Unconfirmed { .. } => Some(
                "the signature may have been stored: check with `countersign list`, and sign again if it is missing"
                    .to_owned(),
            ),
            Self::Credentials { source, .. } => source.hint(),
            Self::File { source } => source.hint(),
            Self::SpoiledCopy { source, .. } => hint_about_copy(source),
            Self::NotALayout { path, fault } => Some(hint_about_layout(path, fault)),
            _ => None,
        }
    }
}

fn hint_about_access(registry: &str) -> String {
    if is_ecr(registry) {
        return "the AWS identity needs `ecr:GetAuthorizationToken` on `*`, and `ecr:BatchGetImage` and \
                `ecr:GetDownloadUrlForLayer` on the repository (to sign also `ecr:InitiateLayerUpload`, \
                `ecr:UploadLayerPart`, `ecr:CompleteLayerUpload`, `ecr:BatchCheckLayerAvailability` and \
                `ecr:PutImage`); the repository's policy can deny it as well"
            .to_owned();
    }
    format!("log in with `docker login {registry}`, or check the repository's name")
}

fn hint_about_copy(source: &Error) -> Option<String> {
    let file = match source {
        Error::File { source } => source.hint(),
        _ => None,
    };
    file.or_else(|| {
        Some(
            "with a network, `countersign revocation fetch REFERENCE --out DIR` copies it again; let DIR \
             be a new directory"
                .to_owned(),
        )
    })
}

fn hint_about_layout(path: &Path, fault: &LayoutFault) -> String {
    match reference::transport(&path.to_string_lossy()) {
        Some(transport) if *fault == LayoutFault::Missing => format!("leave out `{transport}`"),
        _ => "an OCI image layout is a directory with the files `oci-layout` and `index.json`, as \
              `skopeo copy ... oci:DIRECTORY:TAG` or `oras copy --to-oci-layout` writes it"
            .to_owned(),
    }
}

/// What to do about a signature that is there and that nothing leads to. Making another one does not
/// help.
fn hint_about_listing(source: Option<&Error>) -> String {
    match source {
        None => "the registry has the signature and does not list it; without the \
                 setting `force-referrers-tag=false` it is listed under a tag too"
            .to_owned(),
        Some(error) if error.is_denial() => {
            "it cannot be found where the list of referrers is denied; if the registry never allows it, \
             the setting `force-referrers-tag` lists signatures under a tag"
                .to_owned()
        }
        Some(error) => error.hint().unwrap_or_else(|| {
            "look with `countersign list` before signing again: the signature may be listed by then"
                .to_owned()
        }),
    }
}

/// A registry that speaks TLS cannot be reached over plain HTTP.
fn may_speak_tls(registry: &str) -> String {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    if host.eq_ignore_ascii_case("localhost") {
        return "`localhost` is asked in plain HTTP; if it speaks TLS, name it by its address, `127.0.0.1`"
            .to_owned();
    }
    format!(
        "`{registry}` may speak TLS: try without the setting `insecure-registry`, and without its entry in \
         `insecureRegistries` of `config.json`"
    )
}

/// Whether this name of a registry is one of Amazon ECR.
fn is_ecr(registry: &str) -> bool {
    RegistryName::parse(registry).is_ok_and(|name| name.ecr().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Words;

    #[test]
    fn the_region_is_doubted_where_there_is_one() {
        let hint = |registry: &str| {
            let reference = format!("{registry}/app:v1");
            let said = Words::default();
            Error::NotFound { reference, said }.hint().unwrap()
        };
        assert_eq!(
            hint("111122223333.dkr.ecr.eu-west-1.amazonaws.com"),
            "check the repository, the tag or digest, and the AWS region"
        );
        assert_eq!(
            hint("example.com"),
            "check the repository, and the tag or digest"
        );
    }

    #[test]
    fn a_proxy_is_suspected_of_web_pages_only() {
        let words = |media_type: &str| {
            let error = Error::NotAManifest {
                url: "u".to_owned(),
                media_type: media_type.to_owned(),
            };
            (error.to_string(), error.hint().unwrap())
        };
        let (page, hint) = words("text/html");
        assert_eq!(
            page,
            "`u` answered with `text/html`, which is not a manifest"
        );
        assert!(hint.contains("proxy"));
        for schema_1 in ["prettyjws", "json"] {
            let media_type = format!("application/vnd.docker.distribution.manifest.v1+{schema_1}");
            let (image, hint) = words(&media_type);
            assert_eq!(
                image,
                format!(
                    "`u` is a Docker image of schema 1 (`{media_type}`), which cannot be signed"
                )
            );
            assert!(hint.starts_with("push the image again"));
        }
        for other in [
            "",
            "application/json",
            "application/vnd.example.config+json",
        ] {
            let (words, hint) = words(other);
            assert!(
                words.contains("manifest") && !hint.contains("proxy"),
                "{hint}"
            );
        }
    }
}
