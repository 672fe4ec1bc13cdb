//! The images of a deployment or a task, as they are asked about.
//!
//! A deployment's images are the union of what its task definition has and what its service revision has besides. A
//! digest that Amazon ECS has looked up must be the one that is written, or that the tag leads to here.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::aws::{RevisionImage, ServiceRevision, Task, TaskContainer};
use crate::gate::documents::{self, Kind, RunDocument};
use crate::limits::MAX_RUN_DOCUMENT_IMAGES;
use crate::oci::{self, Digest};
use crate::reference::{self, Reference};

/// An image that is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedImage {
    /// The image.
    pub reference: Reference,
    /// The digests that Amazon ECS has looked up for it.
    pub digests: Vec<Digest>,
}

/// Why images cannot be told, or must not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImagesError {
    /// The task definition cannot be understood whole.
    #[error("the task definition cannot be used")]
    TaskDefinition(#[source] documents::Error),
    /// The task definition is not as Amazon ECS describes one.
    #[error("the description of the task definition cannot be used")]
    Description(#[source] serde_json::Error),
    /// The revision has another image for a container.
    #[error(
        "the container `{container}` has the image `{of_revision}` in the service revision, and `{of_definition}` in the task definition"
    )]
    ImageDiffers {
        /// The container.
        container: String,
        /// The image in the revision.
        of_revision: String,
        /// The image in the task definition.
        of_definition: String,
    },
    /// Amazon ECS has looked up another digest.
    #[error("Amazon ECS runs the digest `{found}` for `{image}`")]
    DigestDiffers {
        /// The image.
        image: String,
        /// The digest that Amazon ECS has.
        found: String,
    },
    /// A digest cannot be checked.
    #[error("the digest of the container `{container}` cannot be used")]
    Digest {
        /// The container.
        container: String,
        /// Why.
        #[source]
        source: oci::Error,
    },
    /// An image is not a whole reference.
    #[error("the image of the container `{container}` cannot be used")]
    Reference {
        /// The container.
        container: String,
        /// Why.
        #[source]
        source: reference::Error,
    },
    /// There are no images.
    #[error("there is no image to look at")]
    NoImage,
    /// There are too many.
    #[error("there are more than {MAX_RUN_DOCUMENT_IMAGES} images")]
    TooMany,
}

impl ImagesError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            // A function has no flag to ignore a place.
            Self::TaskDefinition(documents::Error::Unknown(_)) => {
                Some("remove what is there from the task definition, and deploy again".to_owned())
            }
            Self::TaskDefinition(error) => error.hint(),
            Self::Reference { source, .. } => source.hint(),
            Self::ImageDiffers { .. } | Self::DigestDiffers { .. } => Some(
                "name the image by its digest in the task definition, and deploy again".to_owned(),
            ),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    task_definition: Definition,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    task_definition_arn: String,
    container_definitions: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    name: String,
    image: String,
}

/// The ARN in AWS's answer about a task definition.
///
/// # Errors
///
/// [`ImagesError::Description`].
pub(super) fn arn_of(description: &[u8]) -> Result<String, ImagesError> {
    let described: Described =
        serde_json::from_slice(description).map_err(ImagesError::Description)?;
    Ok(described.task_definition.task_definition_arn)
}

/// The images of a deployment: those of the task definition, as AWS described it, and those that the revision adds.
///
/// # Errors
///
/// [`ImagesError`].
pub(super) fn of_revision(
    description: &[u8],
    revision: &ServiceRevision,
) -> Result<Vec<WantedImage>, ImagesError> {
    let options = documents::Options::default();
    let document = RunDocument::parse(Kind::TaskDefinition, description, &options);
    let document = document.map_err(ImagesError::TaskDefinition)?;
    let mut wanted = Union::default();
    for image in document.images() {
        wanted.add(&image.text, &image.reference)?;
    }
    let described: Described =
        serde_json::from_slice(description).map_err(ImagesError::Description)?;
    let containers = described.task_definition.container_definitions;
    let written: BTreeMap<&str, &str> = containers
        .iter()
        .map(|one| (one.name.as_str(), one.image.as_str()))
        .collect();
    for found in &revision.container_images {
        match written.get(found.container_name.as_str()) {
            Some(image) if *image != found.image => {
                return Err(ImagesError::ImageDiffers {
                    container: found.container_name.clone(),
                    of_revision: found.image.clone(),
                    of_definition: (*image).to_owned(),
                });
            }
            _ => wanted.add_found(found)?,
        }
    }
    wanted.end()
}

/// The images of a task, each by the digest that runs; a container whose image cannot be told is given by its name.
///
/// # Errors
///
/// [`ImagesError`].
pub(super) fn of_task(task: &Task) -> Result<(Vec<WantedImage>, Vec<String>), ImagesError> {
    let (mut wanted, mut untold) = (Union::default(), Vec::new());
    for container in &task.containers {
        match of_container(container)? {
            Some(reference) => wanted.add(&reference.to_string(), &reference)?,
            None => untold.push(container.name.clone()),
        }
    }
    if wanted.0.is_empty() && !untold.is_empty() {
        return Ok((Vec::new(), untold));
    }
    Ok((wanted.end()?, untold))
}

fn of_container(container: &TaskContainer) -> Result<Option<Reference>, ImagesError> {
    let name = &container.name;
    let Some(image) = &container.image else {
        return Ok(None);
    };
    let reference = parse(name, image)?;
    let Some(found) = &container.image_digest else {
        // What was written with a digest runs by it; what a tag led to is not known yet.
        return Ok(reference.digest().is_some().then_some(reference));
    };
    let found = digest(name, found)?;
    check_written(image, &reference, &found)?;
    Ok(Some(reference.with_digest(&found)))
}

/// Images by their text, in their order.
#[derive(Default)]
struct Union(Vec<(String, WantedImage)>);

impl Union {
    fn add(&mut self, text: &str, reference: &Reference) -> Result<(), ImagesError> {
        self.entry(text, reference).map(|_| ())
    }

    /// An image of the service revision. One that stands in no task definition is asked about by its digest.
    fn add_found(&mut self, found: &RevisionImage) -> Result<(), ImagesError> {
        let name = &found.container_name;
        let reference = parse(name, &found.image)?;
        let looked_up = found.image_digest.as_deref();
        let looked_up = looked_up.map(|text| digest(name, text)).transpose()?;
        let is_added = !self.0.iter().any(|(text, _)| *text == found.image);
        let Some(looked_up) = looked_up else {
            return self.add(&found.image, &reference);
        };
        check_written(&found.image, &reference, &looked_up)?;
        if is_added {
            let by_digest = reference.with_digest(&looked_up);
            return self.add(&by_digest.to_string(), &by_digest);
        }
        let wanted = self.entry(&found.image, &reference)?;
        if !wanted.digests.contains(&looked_up) {
            wanted.digests.push(looked_up);
        }
        Ok(())
    }

    fn entry(
        &mut self,
        text: &str,
        reference: &Reference,
    ) -> Result<&mut WantedImage, ImagesError> {
        let known = self.0.iter().position(|(known, _)| known == text);
        let place = known.unwrap_or(self.0.len());
        if known.is_none() {
            let wanted = WantedImage {
                reference: reference.clone(),
                digests: Vec::new(),
            };
            self.0.push((text.to_owned(), wanted));
        }
        let count = self.0.len();
        match self.0.get_mut(place) {
            Some((_, wanted)) if count <= MAX_RUN_DOCUMENT_IMAGES => Ok(wanted),
            _ => Err(ImagesError::TooMany),
        }
    }

    fn end(self) -> Result<Vec<WantedImage>, ImagesError> {
        if self.0.is_empty() {
            return Err(ImagesError::NoImage);
        }
        Ok(self.0.into_iter().map(|(_, wanted)| wanted).collect())
    }
}

fn parse(container: &str, image: &str) -> Result<Reference, ImagesError> {
    Reference::parse(image).map_err(|source| ImagesError::Reference {
        container: container.to_owned(),
        source,
    })
}

fn digest(container: &str, text: &str) -> Result<Digest, ImagesError> {
    oci::parse_digest(text).map_err(|source| ImagesError::Digest {
        container: container.to_owned(),
        source,
    })
}

/// That the digest that is written is the one that was looked up.
fn check_written(image: &str, reference: &Reference, found: &Digest) -> Result<(), ImagesError> {
    match reference.digest() {
        Some(written) if written != found.as_ref() => Err(ImagesError::DigestDiffers {
            image: image.to_owned(),
            found: found.to_string(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
