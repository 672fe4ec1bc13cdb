//! Waits until Amazon ECR has signed an image that was pushed (managed signing), then verifies the signature.
//!
//! Input: an image in Amazon ECR, and the signing profiles that must have signed. Output: a [`WaitAnswer`], whose
//! verification alone says that the image may run. Amazon ECR signs after the push: `COMPLETE` is what it says of that,
//! and no more. A signature that is not listed or not accepted is a refusal.

mod error;
mod many;
mod meaning;
mod progress;
mod signature;
#[cfg(test)]
mod testing;

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::time::Instant;

use crate::aws::{Aws, SigningProfileArn};
use crate::reference::{ArtifactReference, Reference};
use crate::registry::{ProfileSigning, SigningStatusError, signing_status};
use crate::verify::{self, Options, Verification, Verifier};

pub use error::{Error, FailedSigning};
pub use many::{UntilSigned, UntilVerified};
pub use meaning::Meaning;

/// Who knows how far signings are.
pub trait SigningStatuses: Sync + std::fmt::Debug {
    /// How far the signing of `image`, which is named by digest, is.
    fn of<'a>(
        &'a self,
        image: &'a Reference,
    ) -> BoxFuture<'a, Result<Vec<ProfileSigning>, SigningStatusError>>;
}

impl SigningStatuses for Aws {
    fn of<'a>(
        &'a self,
        image: &'a Reference,
    ) -> BoxFuture<'a, Result<Vec<ProfileSigning>, SigningStatusError>> {
        async move {
            match image.registry_name().ecr() {
                Some(host) => signing_status(self, &host, image).await,
                // Asked only of images in Amazon ECR.
                None => Ok(Vec::new()),
            }
        }
        .boxed()
    }
}

/// What is waited for, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'a> {
    /// Who is asked.
    pub statuses: &'a dyn SigningStatuses,
    /// The profiles that must have signed; with an empty list all that a signing rule names for the image.
    pub profiles: &'a [SigningProfileArn],
    /// How long may be waited, as it is told.
    pub limit: Duration,
    /// When that is over.
    pub deadline: Instant,
}

/// What became of an image.
#[derive(Debug)]
pub struct WaitAnswer {
    /// The image by digest, once it was resolved.
    pub image: Option<Reference>,
    /// How the signings ended that were waited for.
    pub signings: Vec<ProfileSigning>,
    /// What the verification found.
    pub found: Result<Verification, Error>,
}

impl Wait<'_> {
    /// Waits until `reference` is signed, and verifies it then with `verifier`. A tag is resolved once, before.
    ///
    /// Each profile that is waited for must have a signature that is listed and that the trust policy does not refuse.
    pub async fn until_verified(
        &self,
        verifier: &Verifier,
        reference: &Reference,
        options: &Options,
    ) -> WaitAnswer {
        let mut answer = WaitAnswer {
            image: None,
            signings: Vec::new(),
            found: Err(Error::NotEcr {
                reference: reference.to_string(),
            }),
        };
        if reference.registry_name().ecr().is_some() {
            let found = Box::pin(self.wait(verifier, reference, options, &mut answer)).await;
            answer.found = found;
        }
        answer
    }

    async fn wait(
        &self,
        verifier: &Verifier,
        reference: &Reference,
        options: &Options,
        answer: &mut WaitAnswer,
    ) -> Result<Verification, Error> {
        let asked = ArtifactReference::from(reference.clone());
        // What the policy refuses is not waited for.
        if !verifier.verifies(&asked, options).map_err(Error::of)? {
            return Err(Error::Skipped {
                image: reference.to_string(),
            });
        }
        let image = resolve(verifier, &asked, reference, options).await?;
        let image = &*answer.image.insert(image);
        self.until_signed(image, &mut answer.signings).await?;
        let profiles: Vec<SigningProfileArn> = answer
            .signings
            .iter()
            .map(|signing| signing.signing_profile.clone())
            .collect();
        self.signature_of_each(verifier, image, &profiles, options)
            .await
    }

    /// When the next question is asked, `interval` from now; nothing where the time is over by then.
    fn next(&self, interval: Duration) -> Option<Instant> {
        let next = Instant::now() + interval;
        (next < self.deadline).then_some(next)
    }
}

/// The image by digest: from here on only that counts.
async fn resolve(
    verifier: &Verifier,
    asked: &ArtifactReference,
    reference: &Reference,
    options: &Options,
) -> Result<Reference, Error> {
    let repository = verifier.locate(asked).map_err(Error::of)?;
    let allowance = options.allowed.begin();
    let resolved = allowance.run(Box::pin(repository.resolve())).await;
    let resolved = resolved.map_err(|source| {
        Error::of(verify::Error::Unfinished {
            reference: asked.clone(),
            source,
        })
    })?;
    let target = resolved.map_err(|source| {
        Error::of(verify::Error::Resolve {
            reference: asked.clone(),
            source,
        })
    })?;
    Ok(reference.with_digest(target.descriptor.digest()))
}
