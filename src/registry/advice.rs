//! What is said of answers that are not what was wanted, and what to do about them.

use super::error::Error;
use super::manifest;
use super::push::RejectedPart;

pub(super) fn not_a_manifest(media_type: &str) -> String {
    if is_schema_1(media_type) {
        return format!("is a Docker image of schema 1 (`{media_type}`), which cannot be signed");
    }
    match media_type {
        "" => "answered without a media type, so that it is not known to be a manifest".to_owned(),
        other => format!("answered with `{other}`, which is not a manifest"),
    }
}

fn is_schema_1(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.docker.distribution.manifest.v1+")
}

pub(super) fn hint_about_type(media_type: &str) -> &'static str {
    if is_schema_1(media_type) {
        return "push the image again with a current client, which writes a format that can be signed";
    }
    match media_type {
        "text/html" | "application/xhtml+xml" => {
            "a proxy or a sign-in page may have answered in the registry's place"
        }
        "" | "application/json" | "text/plain" | "application/octet-stream" => {
            "the registry does not say what kind of manifest it is; push the artifact again, or ask the \
             registry's operator"
        }
        _ => "check that the reference names an image or another OCI artifact",
    }
}

pub(super) fn kind_of_manifest(media_type: &str) -> String {
    match media_type {
        manifest::IMAGE_MANIFEST | manifest::DOCKER_MANIFEST => "an image manifest".to_owned(),
        manifest::IMAGE_INDEX | manifest::DOCKER_LIST => "an index of images".to_owned(),
        manifest::ARTIFACT_MANIFEST => "an artifact manifest".to_owned(),
        other => format!("a manifest of type `{other}`"),
    }
}

pub(super) fn refusal(registry: &str, what: RejectedPart) -> String {
    match what {
        RejectedPart::Blob => format!("registry `{registry}` does not take the signature's blobs"),
        RejectedPart::Manifest => format!("registry `{registry}` does not take OCI artifacts"),
        RejectedPart::Index => {
            format!("registry `{registry}` does not take the index of signatures")
        }
    }
}

pub(super) fn hint_about_refusal(what: RejectedPart) -> &'static str {
    match what {
        RejectedPart::Blob => {
            "trying again does not help: the repository may be read-only, a cache of another registry \
             for example; push to the registry that it is filled from"
        }
        RejectedPart::Manifest => {
            "trying again does not help: ask the registry's operator to allow OCI artifacts, or keep \
             the image and its signatures in a registry that takes them"
        }
        RejectedPart::Index => {
            "trying again does not help: ask the registry's operator to allow OCI indexes"
        }
    }
}

/// What to do about a signature that is there and that nothing leads to. Making another one does not
/// help.
pub(super) fn hint_about_listing(source: Option<&Error>) -> String {
    match source {
        None => "the registry has the signature and does not list it; without \
                 `--force-referrers-tag=false` it is listed under a tag too"
            .to_owned(),
        Some(error) if error.is_denial() => {
            "it cannot be found where the list of referrers is denied; if the registry never allows it, \
             `--force-referrers-tag` lists signatures under a tag"
                .to_owned()
        }
        Some(error) => error.hint().unwrap_or_else(|| {
            "look with `countersign list` before signing again: the signature may be listed by then"
                .to_owned()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn what_will_be_refused_again_is_not_to_be_tried_again() {
        for what in [
            RejectedPart::Blob,
            RejectedPart::Manifest,
            RejectedPart::Index,
        ] {
            assert!(hint_about_refusal(what).starts_with("trying again does not help: "));
        }
    }
}
