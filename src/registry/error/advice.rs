//! What is said of manifests of another type than was wanted, and what to do about them.

use crate::registry::media_types::{
    ARTIFACT_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, IMAGE_INDEX, IMAGE_MANIFEST,
};

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
        IMAGE_MANIFEST | DOCKER_MANIFEST => "an image manifest".to_owned(),
        IMAGE_INDEX | DOCKER_LIST => "an index of images".to_owned(),
        ARTIFACT_MANIFEST => "an artifact manifest".to_owned(),
        other => format!("a manifest of type `{other}`"),
    }
}
