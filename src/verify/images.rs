//! The images of an index, each judged by its own signature or covered by one of the index.
//!
//! A signature of an index covers an image only if the index's bytes have the digest that was signed, and digest, size
//! and media type of the image, as it is, stand in it for a known platform. An index in an index covers nothing.

use futures_util::StreamExt as _;
use time::OffsetDateTime;

use super::index::{self, Index, IndexFault, IndexImage};
use super::platform::Platform;
use super::{
    Error, ImageFinding, ImageVerification, IndexVerification, Options, Verification, Verifier,
    in_time,
};
use crate::limits::MAX_CONCURRENT_INDEX_IMAGES;
use crate::oci::Digest;
use crate::reference::ArtifactReference;
use crate::registry::{self, Listing, Repository, Target};
use crate::trust_policy::Statement;

/// What of a reference is judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Images {
    /// What it names, be it an index.
    #[default]
    AsNamed,
    /// Every image of an index.
    All(CoveredBy),
    /// The image of an index for this platform.
    OfPlatform(Platform, CoveredBy),
    /// The image that it names, by a signature of the index of this digest in the same repository.
    Within(Digest),
}

/// Whose signature counts for an image that stands in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CoveredBy {
    /// The image's own.
    #[default]
    Image,
    /// The index's, as far as it covers the image.
    Index,
}

/// An artifact with the list of its signatures.
pub(crate) struct ListedArtifact {
    pub(crate) repository: Repository,
    pub(crate) target: Target,
    pub(crate) listing: Result<Listing, registry::Error>,
}

impl Index {
    /// Fetches and reads the index that was found.
    ///
    /// # Errors
    ///
    /// [`Error::Resolve`] and [`Error::Index`].
    pub(crate) async fn fetch(listed: &ListedArtifact) -> Result<Self, Error> {
        let ListedArtifact {
            repository, target, ..
        } = listed;
        let reference = || target.reference.clone();
        let work = Box::pin(repository.fetch_manifest(&target.descriptor));
        let bytes = in_time(reference(), work).await?;
        let bytes = bytes.map_err(|source| Error::Resolve {
            reference: reference(),
            source,
        })?;
        index::read(&bytes).map_err(|source| unusable(target, source))
    }
}

/// The error of what was to be an index, and cannot be gone through.
fn unusable(target: &Target, source: IndexFault) -> Error {
    Error::Index {
        reference: Box::new(target.reference.clone()),
        source,
    }
}

fn not_an_index(target: &Target) -> Error {
    let media_type = target.descriptor.media_type().to_string();
    unusable(target, IndexFault::NotAnIndex { media_type })
}

/// What judges the images of one index.
struct ImageChecks<'a> {
    verifier: &'a Verifier,
    statement: &'a Statement,
    options: &'a Options,
    now: OffsetDateTime,
    covered_by: CoveredBy,
}

impl Verifier {
    /// Resolves the artifact and lists its signatures.
    pub(crate) async fn list(
        &self,
        reference: &ArtifactReference,
    ) -> Result<ListedArtifact, Error> {
        let repository = self.locate(reference)?;
        let work = Box::pin(repository.resolve_and_list());
        let found = in_time(reference.clone(), work).await?;
        let (target, listing) = found.map_err(|source| Error::Resolve {
            reference: reference.clone(),
            source,
        })?;
        Ok(ListedArtifact {
            repository,
            target,
            listing,
        })
    }

    async fn resolve(&self, reference: &ArtifactReference) -> Result<Target, Error> {
        let repository = self.locate(reference)?;
        let found = in_time(reference.clone(), Box::pin(repository.resolve())).await?;
        found.map_err(|source| Error::Resolve {
            reference: reference.clone(),
            source,
        })
    }

    /// Resolves an image of an index, which must be what the index says.
    pub(crate) async fn resolve_image(
        &self,
        reference: &ArtifactReference,
        image: &IndexImage,
    ) -> Result<Target, Error> {
        let target = self.resolve(reference).await?;
        check(&target, image)?;
        Ok(target)
    }

    /// The same with the list of its signatures.
    pub(crate) async fn list_image(
        &self,
        reference: &ArtifactReference,
        image: &IndexImage,
    ) -> Result<ListedArtifact, Error> {
        let listed = self.list(reference).await?;
        check(&listed.target, image)?;
        Ok(listed)
    }

    /// Judges what [`Options::images`] picks of the artifact that was found.
    pub(super) async fn verify_images(
        &self,
        listed: ListedArtifact,
        statement: &Statement,
        options: &Options,
        now: OffsetDateTime,
    ) -> Result<Verification, Error> {
        let covered_by = match &options.images {
            Images::AsNamed => CoveredBy::Image,
            Images::All(covered_by) | Images::OfPlatform(_, covered_by) => *covered_by,
            Images::Within(_) => CoveredBy::Index,
        };
        let checks = ImageChecks {
            verifier: self,
            statement,
            options,
            now,
            covered_by,
        };
        let is_index = listed.target.is_index();
        match &options.images {
            Images::Within(index) if is_index => {
                let index = index.clone();
                let fault = IndexFault::AnotherIndex { index };
                Err(unusable(&listed.target, fault))
            }
            Images::Within(index) => checks.within(listed.target, index).await,
            Images::All(_) if is_index => checks.all(listed).await,
            Images::OfPlatform(platform, _) if is_index => {
                checks.of_platform(listed, platform).await
            }
            Images::OfPlatform(..) => Err(not_an_index(&listed.target)),
            Images::AsNamed | Images::All(_) => {
                self.verify_listed(listed, statement, options, now).await
            }
        }
    }
}

fn check(target: &Target, image: &IndexImage) -> Result<(), Error> {
    image
        .check(&target.descriptor)
        .map_err(|source| Error::Entry {
            reference: Box::new(target.reference.clone()),
            source,
        })
}

impl ImageChecks<'_> {
    async fn all(&self, listed: ListedArtifact) -> Result<Verification, Error> {
        let index = Index::fetch(&listed).await?;
        let target = listed.target.clone();
        self.judge(target, listed, index).await
    }

    async fn of_platform(
        &self,
        listed: ListedArtifact,
        platform: &Platform,
    ) -> Result<Verification, Error> {
        let index = Index::fetch(&listed).await?;
        let image = index
            .image_for(platform)
            .map_err(|source| unusable(&listed.target, source))?;
        let target = Target {
            reference: listed
                .target
                .reference
                .with_digest(image.descriptor.digest()),
            descriptor: image.descriptor.clone(),
        };
        self.judge(target, listed, of_one(image)).await
    }

    async fn within(&self, target: Target, digest: &Digest) -> Result<Verification, Error> {
        let reference = target.reference.with_digest(digest);
        let listed = self.verifier.list(&reference).await?;
        if !listed.target.is_index() {
            return Err(not_an_index(&listed.target));
        }
        let index = Index::fetch(&listed).await?;
        let image = index
            .image(target.descriptor.digest())
            .map_err(|source| unusable(&listed.target, source))?;
        check(&target, &image)?;
        self.judge(target, listed, of_one(image)).await
    }

    /// Judges these images of the index, about which `target` says what was asked.
    async fn judge(
        &self,
        target: Target,
        listed: ListedArtifact,
        index: Index,
    ) -> Result<Verification, Error> {
        let index_target = listed.target.clone();
        let place = index_target.reference.clone();
        let (covering, listed) = match self.covered_by {
            CoveredBy::Image => (None, Some(listed)),
            CoveredBy::Index => {
                let covering = Box::pin(self.judge_listed(listed)).await?;
                (Some(Box::new(covering)), None)
            }
        };
        let each = index.images.into_iter().map(|image| {
            let reference = place.with_digest(image.descriptor.digest());
            Box::pin(self.judge_image(reference, image))
        });
        let images = futures_util::stream::iter(each)
            .buffered(MAX_CONCURRENT_INDEX_IMAGES)
            .collect()
            .await;
        let mut found = IndexVerification {
            target,
            index: index_target,
            statement: self.statement.named(),
            covering,
            images,
            uncovered: index.uncovered,
            is_index_verified: false,
        };
        if found.failures().next().is_none() {
            return Ok(Verification::Images(Box::new(found)));
        }
        let is_unsigned = |(_, error): (_, &Error)| matches!(error, Error::NoSignature { .. });
        let has_unsigned = found.failures().any(is_unsigned);
        if let (Some(listed), true) = (listed, has_unsigned) {
            // Only for what is said: it makes no image better.
            let judged = Box::pin(self.judge_listed(listed)).await;
            found.is_index_verified = matches!(judged, Ok(Verification::Verified(_)));
        }
        Err(Error::Images(Box::new(found)))
    }

    async fn judge_image(
        &self,
        reference: ArtifactReference,
        image: IndexImage,
    ) -> ImageVerification {
        let finding = self.find(&reference, &image).await;
        ImageVerification {
            reference,
            descriptor: image.descriptor,
            platforms: image.platforms,
            finding,
        }
    }

    async fn find(&self, reference: &ArtifactReference, image: &IndexImage) -> ImageFinding {
        if self.covered_by == CoveredBy::Index && image.may_be_covered() {
            return match self.verifier.resolve_image(reference, image).await {
                Ok(_) => ImageFinding::Covered,
                Err(error) => ImageFinding::Own(Err(error)),
            };
        }
        ImageFinding::Own(match self.verifier.list_image(reference, image).await {
            Ok(listed) => self.judge_listed(listed).await,
            Err(error) => Err(error),
        })
    }

    async fn judge_listed(&self, listed: ListedArtifact) -> Result<Verification, Error> {
        let (verifier, options) = (self.verifier, self.options);
        verifier
            .verify_listed(listed, self.statement, options, self.now)
            .await
    }
}

/// An index with this image alone.
fn of_one(image: IndexImage) -> Index {
    Index {
        images: vec![image],
        uncovered: Vec::new(),
    }
}
