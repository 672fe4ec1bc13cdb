//! What was found about the images of an index, as members of the verdict about it.

use super::verdict::{ArtifactVerdict, AskedArtifact, Verdict};
use crate::hints::Reader;
use crate::verify::{ImageFinding, ImageVerification, IndexVerification, Platform, Verification};

impl ArtifactVerdict {
    /// The same with the images of an index. The verdict is that about the worst of them.
    pub(super) fn with_images(
        self,
        found: &IndexVerification,
        asked: &AskedArtifact<'_>,
        reader: &Reader,
    ) -> Self {
        let images: Vec<Self> = found
            .images
            .iter()
            .map(|image| Self::of_image(found, image, asked, reader))
            .collect();
        let verdicts = images.iter().map(|image| image.verdict);
        let verdict = verdicts.reduce(Verdict::worse);
        let begun = match found.covering.as_deref() {
            Some(Verification::Verified(accepted)) => {
                self.with_accepted(Verdict::Verified, accepted, reader)
            }
            Some(Verification::Tolerated(accepted)) => {
                self.with_accepted(Verdict::Tolerated, accepted, reader)
            }
            Some(Verification::Skipped { .. } | Verification::Images(_)) | None => self,
        };
        let uncovered = found.uncovered.iter();
        Self {
            images,
            index: Some(found.index.reference.to_string()),
            media_type: Some(found.target.descriptor.media_type().to_string()),
            reference: Some(found.target.reference.to_string()),
            uncovered: uncovered.map(ToString::to_string).collect(),
            verdict: verdict.unwrap_or(Verdict::Inconclusive),
            ..begun
        }
    }

    fn of_image(
        found: &IndexVerification,
        image: &ImageVerification,
        asked: &AskedArtifact<'_>,
        reader: &Reader,
    ) -> Self {
        let reference = image.reference.to_string();
        let verdict = match &image.finding {
            ImageFinding::Own(found) => {
                let asked = AskedArtifact {
                    text: &reference,
                    ..*asked
                };
                Self::new(&asked, found, reader)
            }
            ImageFinding::Covered => Self {
                covered_by: Some(found.index.reference.to_string()),
                media_type: Some(image.descriptor.media_type().to_string()),
                verdict: match found.covering.as_deref() {
                    Some(Verification::Verified(_)) => Verdict::Verified,
                    Some(Verification::Tolerated(_)) => Verdict::Tolerated,
                    Some(_) | None => Verdict::Inconclusive,
                },
                ..Self::begun(reference.clone(), asked.statement)
            },
        };
        let platforms = image.platforms.iter().map(Platform::to_string);
        Self {
            platforms: platforms.collect(),
            reference: Some(reference),
            ..verdict
        }
    }
}
