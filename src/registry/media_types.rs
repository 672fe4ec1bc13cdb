//! The media types of manifests and of their configurations.

pub(super) const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const ARTIFACT_MANIFEST: &str = "application/vnd.oci.artifact.manifest.v1+json";
pub(super) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(super) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// The configuration of an artifact that has none.
pub(super) const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";
pub(super) const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// What can be signed.
pub(super) const ACCEPT_ANY: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.artifact.manifest.v1+json";

/// What can be a signature manifest.
pub(super) const ACCEPT_SIGNATURE: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.artifact.manifest.v1+json";
