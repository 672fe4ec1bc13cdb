//! Which images a repository has: all of them where it is Amazon ECR, which says so; elsewhere those with a tag, since
//! registries list nothing else.

use aws_sdk_ecr::types::{DescribeImagesFilter, ImageDetail, ImageStatus, ImageStatusFilter};
use url::Url;

use super::credentials::EcrTokenError;
use super::ecr_tokens;
use super::error::Error;
use super::referrers::next_page;
use super::room::Reservation;
use super::transport::Read;
use super::{Access, Client};
use crate::aws::{Aws, Call, CallError};
use crate::limits::{MAX_COUNTED_IMAGES, MAX_IMAGE_PAGES, MAX_MANIFEST_BYTES};
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci;
use crate::reference::{EcrHost, Reference};

/// How much of a repository a list of its images covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Every image, with and without a tag.
    AllImages,
    /// Images with a tag.
    Tags,
}

/// The images of a repository.
#[derive(Debug)]
pub struct ImageList {
    /// The images: by digest in Amazon ECR, by tag elsewhere.
    pub images: Vec<Reference>,
    /// What refers to an image, an SBOM for example, and may be signed as well: only Amazon ECR says so.
    pub referrers: Vec<Reference>,
    /// What the list covers.
    pub coverage: Coverage,
    /// Images that are archived, and cannot be fetched.
    pub archived: usize,
    /// Whether there are more than are listed.
    pub has_more: bool,
}

/// Why the images of a repository could not be listed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImagesError {
    /// Amazon ECR did not say.
    #[error("could not list the images of `{repository}`")]
    Ecr {
        /// The repository.
        repository: String,
        /// Why.
        #[source]
        source: EcrTokenError,
    },
    /// The registry did not say.
    #[error("could not list the tags of `{repository}`")]
    Tags {
        /// The repository.
        repository: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
}

impl ImagesError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Ecr { source, .. } => source.downcast_ref::<CallError>()?.hint(),
            Self::Tags { source, .. } => source.hint(),
        }
    }
}

impl Client {
    /// The images of the repository that `any` is a reference into; Amazon ECR's are asked for with `aws`.
    ///
    /// # Errors
    ///
    /// [`ImagesError`].
    pub async fn images(&self, any: &Reference, aws: &Aws) -> Result<ImageList, ImagesError> {
        let repository = format!("{}/{}", any.registry(), any.repository());
        let Some(host) = any.registry_name().ecr() else {
            let listed = Box::pin(self.tags(any, &repository)).await;
            return listed.map_err(|source| ImagesError::Tags {
                repository,
                source: Box::new(source),
            });
        };
        let listed = Box::pin(of_ecr(aws, &host, any, &repository)).await;
        listed.map_err(|source| ImagesError::Ecr { repository, source })
    }

    async fn tags(&self, any: &Reference, repository: &str) -> Result<ImageList, Error> {
        let remote = self.repository(any, Access::Pull)?;
        let session = &remote.session;
        let mut list = ImageList::new(Coverage::Tags);
        let mut next = Some(session.endpoint.url("tags/list"));
        let mut visited: Vec<Url> = Vec::new();
        while let Some(url) = next.take() {
            if visited.len() == MAX_IMAGE_PAGES || list.images.len() >= MAX_COUNTED_IMAGES {
                list.has_more = true;
                break;
            }
            if visited.contains(&url) {
                return Err(Error::Misbehaved {
                    url: crate::http::redact(&url),
                    fault: "is a page of tags that leads back to an earlier one".to_owned(),
                });
            }
            let response = session.get(url.clone(), "application/json").await?;
            if !response.status().is_success() {
                return Err(session.failure(response, repository.to_owned()).await);
            }
            let shown = crate::http::redact(response.url());
            next = next_page(response.url(), response.headers())?;
            visited.push(url.clone());
            let mut held = Reservation::default();
            let body = match session
                .body_in(response, MAX_MANIFEST_BYTES, None, &mut held)
                .await?
            {
                Read::Whole(body) => body,
                Read::NeedsRoom(bytes) => {
                    drop(held);
                    held = session.room_for(bytes).await;
                    let again = session.get(url, "application/json").await?;
                    match session
                        .body_in(again, MAX_MANIFEST_BYTES, None, &mut held)
                        .await?
                    {
                        Read::Whole(body) => body,
                        Read::NeedsRoom(size) => {
                            return Err(Error::TooLarge {
                                what: format!("the list of the tags of `{repository}`"),
                                size,
                                max: MAX_MANIFEST_BYTES,
                            });
                        }
                    }
                }
            };
            let page: TagPage =
                serde_json::from_slice(&body).map_err(|source| Error::Malformed {
                    url: shown,
                    source: source.into(),
                })?;
            let tags = page.tags.unwrap_or_default().into_iter();
            // The tag schema's tags are lists of signatures.
            let images = tags.filter(|tag| !is_of_tag_schema(tag)).filter_map(|tag| {
                let text = format!("{}/{}:{tag}", any.registry(), any.repository());
                Reference::parse(&text).ok()
            });
            list.images.extend(images);
        }
        Ok(list.limited())
    }
}

impl ImageList {
    fn new(coverage: Coverage) -> Self {
        Self {
            images: Vec::new(),
            referrers: Vec::new(),
            coverage,
            archived: 0,
            has_more: false,
        }
    }

    fn length(&self) -> usize {
        self.images.len() + self.referrers.len()
    }

    fn limited(mut self) -> Self {
        self.has_more |= self.length() > MAX_COUNTED_IMAGES;
        self.images.truncate(MAX_COUNTED_IMAGES);
        let left = MAX_COUNTED_IMAGES.saturating_sub(self.images.len());
        self.referrers.truncate(left);
        self
    }
}

#[derive(serde::Deserialize)]
struct TagPage {
    tags: Option<Vec<String>>,
}

/// Whether a tag is that of an index of referrers, `sha256-HEX`.
fn is_of_tag_schema(tag: &str) -> bool {
    tag.split_once('-')
        .is_some_and(|(algorithm, hex)| oci::parse_digest(&format!("{algorithm}:{hex}")).is_ok())
}

async fn of_ecr(
    aws: &Aws,
    host: &EcrHost,
    any: &Reference,
    repository: &str,
) -> Result<ImageList, EcrTokenError> {
    let client = ecr_tokens::client(aws.config(host.region()).await, host)?;
    let call = || Call {
        action: "ecr:DescribeImages",
        resource: format!(
            "arn:{}:ecr:{}:{}:repository/{}",
            crate::partition::Partition::of_region(host.region()),
            host.region(),
            host.account(),
            any.repository()
        ),
        region: host.region().to_owned(),
    };
    let mut list = ImageList::new(Coverage::AllImages);
    let mut token: Option<String> = None;
    for page in 0.. {
        if page == MAX_IMAGE_PAGES || list.length() >= MAX_COUNTED_IMAGES {
            list.has_more = true;
            break;
        }
        // Archived images are left out of the list unless they are asked for.
        let filter = DescribeImagesFilter::builder().image_status(ImageStatusFilter::Any);
        let answer = client
            .describe_images()
            .registry_id(host.account())
            .repository_name(any.repository())
            .filter(filter.build())
            .max_results(1_000)
            .set_next_token(token.clone())
            .send()
            .await
            .map_err(|error| CallError::from_sdk(call(), &error))?;
        for image in answer.image_details() {
            if image.image_status() == Some(&ImageStatus::Archived) {
                list.archived += 1;
            } else if !is_signature(image) {
                let digest = oci::parse_digest(image.image_digest().unwrap_or_default());
                let digest = digest.map_err(|error| {
                    let problem = format!("an image of `{repository}` is unusable: {error}");
                    CallError::malformed(call(), problem, None)
                })?;
                let entry = any.with_digest(&digest);
                if image.subject_manifest_digest().is_some() {
                    list.referrers.push(entry);
                } else {
                    list.images.push(entry);
                }
            }
        }
        let next = answer.next_token().filter(|next| !next.is_empty());
        if next.is_some() && next == token.as_deref() {
            let problem = "its next page is the same one";
            return Err(CallError::malformed(call(), problem, None).into());
        }
        token = next.map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(list.limited())
}

fn is_signature(image: &ImageDetail) -> bool {
    image.artifact_media_type() == Some(SIGNATURE_ARTIFACT_TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_the_tag_schema_are_not_images() {
        let hex = "a".repeat(64);
        assert!(is_of_tag_schema(&format!("sha256-{hex}")));
        for tag in ["v1", "sha256-abc", "release-1", &hex] {
            assert!(!is_of_tag_schema(tag), "{tag}");
        }
    }
}
