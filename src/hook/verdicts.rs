//! Which images an event is about, and what the gate decides about each of them.

use super::READER;
use super::error::Error;
use super::images::{self, ImagesError, WantedImage};
use crate::aws::{Aws, EcsArn, TaskDefinitionName};
use crate::gate::{Decision, Gate};
use crate::limits::MAX_CONCURRENT_HOOK_IMAGES;
use crate::many;
use crate::reference::{ArtifactReference, Reference};
use crate::report::{GateResult, GateVerdict, Reason};
use crate::verify::Options;

/// The images of a service revision.
pub(super) async fn images_of(aws: &Aws, revision: &EcsArn) -> Result<Vec<WantedImage>, Error> {
    let revision = Box::pin(aws.describe_service_revision(revision))
        .await
        .map_err(Error::Call)?;
    let name = TaskDefinitionName::arn(&revision.task_definition).map_err(Error::TaskDefinition)?;
    let region = name.region().unwrap_or_default().to_owned();
    let described = Box::pin(aws.describe_task_definition(&name, &region));
    let described = described.await.map_err(Error::Call)?;
    let found = images::arn_of(&described).map_err(Error::Images)?;
    if found != revision.task_definition {
        let asked = revision.task_definition;
        return Err(Error::OtherTaskDefinition { asked, found });
    }
    images::of_revision(&described, &revision).map_err(Error::Images)
}

/// Images that Amazon ECS has not resolved.
pub(super) fn plain(references: impl IntoIterator<Item = Reference>) -> Vec<WantedImage> {
    let references = references.into_iter();
    let wanted = references.map(|reference| WantedImage {
        reference,
        digests: Vec::new(),
    });
    wanted.collect()
}

/// Judges images; `results` has what was decided until the time runs out.
pub(super) async fn judge_images(
    gate: &Gate,
    wanted: Vec<WantedImage>,
    results: &mut Vec<GateResult>,
) {
    let options = Options::default();
    let references: Vec<Reference> = wanted.iter().map(|one| one.reference.clone()).collect();
    let references = futures_util::stream::iter(references);
    let many = many::Options::default().with_most_of_one_lane(MAX_CONCURRENT_HOOK_IMAGES);
    let mut deciding = gate.check_many(references, &options, many);
    for wanted in &wanted {
        let result = match deciding.answer().await {
            Some(answer) => result_of(wanted, &answer.outcome),
            // What has no answer is not decided.
            None => not_answered(wanted),
        };
        results.push(result);
    }
}

/// The verdict about one image. The digest that was judged must be the one that Amazon ECS runs.
fn result_of(wanted: &WantedImage, decision: &Decision) -> GateResult {
    let asked = wanted.reference.to_string();
    let mut result = GateResult::new(&asked, decision, &READER);
    let judged = decision.ruling.examination().map(|found| &found.reference);
    let judged = judged.and_then(ArtifactReference::digest);
    let judged = judged.or_else(|| wanted.reference.digest());
    let other = wanted
        .digests
        .iter()
        .find(|found| judged.is_some_and(|judged| judged != found.as_ref()));
    if let Some(found) = other {
        let error = ImagesError::DigestDiffers {
            image: asked,
            found: found.to_string(),
        };
        let reason = Reason::plain("image-differs", error.to_string(), false);
        result.error = Some(reason);
        result.verdict = GateVerdict::Rejected;
    }
    result
}

/// The result for an image that the gate did not get to.
fn not_answered(wanted: &WantedImage) -> GateResult {
    GateResult::inconclusive(
        &wanted.reference.to_string(),
        Reason::plain("not-tried", "the image was not examined".to_owned(), true),
    )
}
