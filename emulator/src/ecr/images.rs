//! Images: describe, get, and the artifacts that refer to them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Request, after, find, invalid, page, page_size, parse_digest, with_next_token};
use crate::{
    error::AwsError,
    registry::{Digest, Manifest, Repository, RepositoryKey, is_tag},
};

/// Images of one request.
const MAX_IMAGE_IDS: usize = 100;

/// Artifact types of one filter (`ListImageReferrersFilter`).
const MAX_ARTIFACT_TYPES: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImagesInput {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Option<Vec<ImageId>>,
    next_token: Option<String>,
    max_results: Option<i64>,
    #[serde(default)]
    filter: ImagesFilter,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ImagesFilter {
    tag_status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageId {
    image_digest: Option<String>,
    image_tag: Option<String>,
}

impl ImagesInput {
    fn image_ids(&self) -> Result<Option<&[ImageId]>, AwsError> {
        match &self.image_ids {
            Some(ids) if !(1..=MAX_IMAGE_IDS).contains(&ids.len()) => {
                Err(invalid("imageIds", "must have 1 to 100 members"))
            }
            ids => Ok(ids.as_deref()),
        }
    }
}

pub(super) fn describe(request: &Request<'_>) -> Result<Value, AwsError> {
    let input: ImagesInput = request.input()?;
    let key = request.repository(input.registry_id.as_deref(), &input.repository_name)?;
    let size = page_size(input.max_results, 1_000, 100)?;
    let after = after(input.next_token.as_deref())?;
    let state = request.registry.state();
    let repository = find(&state, &key)?;
    if let Some(ids) = input.image_ids()? {
        let describe = |id: &ImageId| match select(repository, id) {
            Ok((digest, manifest)) => Ok(description(&key, repository, digest, manifest)),
            Err(_) => Err(image_not_found(&key, id)),
        };
        let found: Result<Vec<Value>, AwsError> = ids.iter().map(describe).collect();
        return Ok(json!({ "imageDetails": found? }));
    }
    let wants = |digest: &Digest| match input.filter.tag_status.as_deref() {
        Some("TAGGED") => Ok(repository.tags_of(digest).next().is_some()),
        Some("UNTAGGED") => Ok(repository.tags_of(digest).next().is_none()),
        Some("ANY") | None => Ok(true),
        Some(_) => Err(invalid(
            "filter.tagStatus",
            "Member must satisfy enum value set: [TAGGED, UNTAGGED, ANY]",
        )),
    };
    let mut rest = Vec::new();
    for (digest, manifest) in &repository.manifests {
        let is_next = after
            .as_ref()
            .is_none_or(|after| digest.to_string() > *after);
        if is_next && wants(digest)? {
            rest.push((digest, manifest));
        }
    }
    let (entries, token) = page(rest, size, |(digest, _)| digest.to_string());
    let details: Vec<_> = entries
        .iter()
        .map(|(digest, manifest)| description(&key, repository, digest, manifest))
        .collect();
    Ok(with_next_token(json!({ "imageDetails": details }), token))
}

/// An image as ECR describes it.
fn description(
    key: &RepositoryKey,
    repository: &Repository,
    digest: &Digest,
    manifest: &Manifest,
) -> Value {
    let document = &manifest.document;
    let tags: Vec<_> = repository.tags_of(digest).collect();
    let sizes = document.blobs.iter().map(|blob| blob.size);
    json!({
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "imageDigest": digest.to_string(),
        "imageTags": (!tags.is_empty()).then_some(tags),
        "imageSizeInBytes": sizes.reduce(u64::saturating_add),
        "imagePushedAt": manifest.pushed_at.unix_timestamp(),
        "imageManifestMediaType": document.media_type,
        "artifactMediaType": document.config_media_type,
        "subjectManifestDigest": document.subject.as_ref().map(Digest::to_string),
        "imageStatus": "ACTIVE",
    })
}

pub(super) fn batch_get(request: &Request<'_>) -> Result<Value, AwsError> {
    let input: ImagesInput = request.input()?;
    let key = request.repository(input.registry_id.as_deref(), &input.repository_name)?;
    let ids = input
        .image_ids()?
        .ok_or_else(|| invalid("imageIds", "Member must not be null"))?;
    let state = request.registry.state();
    let repository = find(&state, &key)?;
    let mut images = Vec::new();
    let mut failures = Vec::new();
    for id in ids {
        match select(repository, id) {
            Ok((digest, manifest)) => {
                let image_id =
                    json!({ "imageDigest": digest.to_string(), "imageTag": id.image_tag });
                images.push(json!({
                    "registryId": key.registry.account,
                    "repositoryName": key.name,
                    "imageId": image_id,
                    "imageManifest": String::from_utf8_lossy(&manifest.bytes),
                    "imageManifestMediaType": manifest.document.media_type,
                }));
            }
            Err(failure) => failures.push(failure.describe(id)),
        }
    }
    Ok(json!({ "images": images, "failures": failures }))
}

/// Why an image is not available (`ImageFailureCode`).
#[derive(Debug, Clone, Copy)]
pub(super) enum Failure {
    InvalidDigest,
    InvalidTag,
    MissingDigestAndTag,
    NotFound,
    TagDoesNotMatchDigest,
}

impl Failure {
    fn describe(self, id: &ImageId) -> Value {
        let (code, reason) = match self {
            Self::InvalidDigest => (
                "InvalidImageDigest",
                "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            ),
            Self::InvalidTag => (
                "InvalidImageTag",
                "Invalid request parameters: image tag is not valid",
            ),
            Self::MissingDigestAndTag => (
                "MissingDigestAndTag",
                "Invalid request parameters: both tag and digest cannot be null",
            ),
            Self::NotFound => ("ImageNotFound", "Requested image not found"),
            Self::TagDoesNotMatchDigest => (
                "ImageTagDoesNotMatchDigest",
                "Tag does not match the image digest",
            ),
        };
        let image_id = json!({ "imageDigest": id.image_digest, "imageTag": id.image_tag });
        json!({ "imageId": image_id, "failureCode": code, "failureReason": reason })
    }
}

/// The image that digest, tag or both name.
pub(super) fn select<'a>(
    repository: &'a Repository,
    id: &ImageId,
) -> Result<(&'a Digest, &'a Manifest), Failure> {
    let digest = id.image_digest.as_deref();
    let digest = digest
        .map(|text| Digest::parse(text).ok_or(Failure::InvalidDigest))
        .transpose()?;
    if id.image_tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
        return Err(Failure::InvalidTag);
    }
    let found = match (&digest, &id.image_tag) {
        (Some(digest), Some(tag)) => match repository.manifest(tag) {
            Some((tagged, _)) if tagged != digest => return Err(Failure::TagDoesNotMatchDigest),
            found => found,
        },
        (Some(digest), None) => repository.manifests.get_key_value(digest),
        (None, Some(tag)) => repository.manifest(tag),
        (None, None) => return Err(Failure::MissingDigestAndTag),
    };
    found.ok_or(Failure::NotFound)
}

pub(super) fn image_not_found(key: &RepositoryKey, id: &ImageId) -> AwsError {
    let message = format!(
        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{}' in \
         the registry with id '{}'",
        id.image_digest.as_deref().unwrap_or("null"),
        id.image_tag.as_deref().unwrap_or("null"),
        key.name,
        key.registry.account
    );
    AwsError::client("ImageNotFoundException", message)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferrersInput {
    registry_id: Option<String>,
    repository_name: String,
    subject_id: SubjectId,
    #[serde(default)]
    filter: ReferrersFilter,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubjectId {
    image_digest: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct ReferrersFilter {
    #[serde(default)]
    artifact_types: Vec<String>,
    artifact_status: Option<String>,
}

pub(super) fn referrers(request: &Request<'_>) -> Result<Value, AwsError> {
    let input: ReferrersInput = request.input()?;
    let key = request.repository(input.registry_id.as_deref(), &input.repository_name)?;
    let subject = parse_digest("subjectId.imageDigest", &input.subject_id.image_digest)?;
    let size = page_size(input.max_results, 50, 20)?;
    if input.filter.artifact_types.len() > MAX_ARTIFACT_TYPES {
        return Err(invalid(
            "filter.artifactTypes",
            "must have 5 members at most",
        ));
    }
    // Nothing is ever archived here.
    let wants_active = match input.filter.artifact_status.as_deref() {
        None | Some("ACTIVE" | "ANY") => true,
        Some("ARCHIVED" | "ACTIVATING") => false,
        Some(_) => {
            let constraint =
                "Member must satisfy enum value set: [ACTIVE, ARCHIVED, ACTIVATING, ANY]";
            return Err(invalid("filter.artifactStatus", constraint));
        }
    };
    let after = match after(input.next_token.as_deref())? {
        Some(after) => after
            .parse::<u64>()
            .map_err(|_| invalid("nextToken", "must be a token of this operation"))?,
        None => 0,
    };
    let state = request.registry.state();
    let types = &input.filter.artifact_types;
    let rest: Vec<_> = find(&state, &key)?
        .referrers(&subject)
        .into_iter()
        .filter(|(_, manifest)| wants_active && manifest.sequence > after)
        .filter(|(_, manifest)| {
            let artifact_type = manifest.document.artifact_type.as_ref();
            types.is_empty()
                || artifact_type.is_some_and(|artifact_type| types.contains(artifact_type))
        })
        .collect();
    let (entries, token) = page(rest, size, |(_, manifest)| manifest.sequence.to_string());
    let listed: Vec<_> = entries
        .iter()
        .map(|(digest, manifest)| referrer(digest, manifest))
        .collect();
    Ok(with_next_token(json!({ "referrers": listed }), token))
}

fn referrer(digest: &Digest, manifest: &Manifest) -> Value {
    let document = &manifest.document;
    json!({
        "digest": digest.to_string(),
        "mediaType": document.media_type,
        "artifactType": document.artifact_type,
        "size": manifest.bytes.len(),
        "annotations": (!document.annotations.is_empty()).then_some(&document.annotations),
        "artifactStatus": "ACTIVE",
    })
}
