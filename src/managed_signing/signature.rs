//! Verifies that there is a signature of each profile that is said to have signed.

use tokio::time::{Instant, sleep_until};

use super::Wait;
use super::error::Error;
use crate::aws::{SigningProfileArn, SigningProfileVersionArn};
use crate::extended_validation::{PLUGIN_NAME, attribute};
use crate::limits::{
    MAX_SIGNING_STATUS_INTERVAL, SIGNATURE_LISTED_WITHIN, SIGNING_STATUS_INTERVAL,
};
use crate::outcome::{FailureClass, SignatureOutcome};
use crate::reference::{ArtifactReference, Reference};
use crate::verify::{self, ArtifactOutcomes, Options, Verification, Verifier};

/// What one look at the list of signatures gave.
enum Look {
    /// Each profile has a signature that is not refused.
    Each(Verification),
    /// The signature of this profile is not listed, which may be for a moment only.
    Without(SigningProfileArn),
}

impl Wait<'_> {
    /// The verification of `image`, once each of `profiles` has a signature that is listed and not refused. Lists of
    /// Amazon ECR lag, so that they are read again for a while.
    pub(super) async fn signature_of_each(
        &self,
        verifier: &Verifier,
        image: &Reference,
        profiles: &[SigningProfileArn],
        options: &Options,
    ) -> Result<Verification, Error> {
        let listed_by = Instant::now() + SIGNATURE_LISTED_WITHIN;
        let mut interval = SIGNING_STATUS_INTERVAL;
        loop {
            let profile = match look(verifier, image, profiles, options).await? {
                Look::Each(verification) => return Ok(verification),
                Look::Without(profile) => profile,
            };
            match self.next(interval).filter(|next| *next < listed_by) {
                Some(next) => sleep_until(next).await,
                None => {
                    return Err(Error::NotListed {
                        image: image.to_string(),
                        profile,
                    });
                }
            }
            interval = MAX_SIGNING_STATUS_INTERVAL.min(interval * 2);
        }
    }
}

async fn look(
    verifier: &Verifier,
    image: &Reference,
    profiles: &[SigningProfileArn],
    options: &Options,
) -> Result<Look, Error> {
    let image_reference = ArtifactReference::from(image.clone());
    let verifying = Box::pin(verifier.verify_with(&image_reference, options));
    let verification = match verifying.await {
        Ok(verification) => verification,
        Err(error) => return unverified(error, profiles),
    };
    if let (Verification::Verified(accepted) | Verification::Tolerated(accepted), [profile]) =
        (&verification, profiles)
        && is_of(&accepted.signature, profile)
    {
        return Ok(Look::Each(verification));
    }
    // Other signatures than the first accepted one count too.
    let judging = Box::pin(verifier.judge_all(&image_reference, options));
    let outcomes = judging.await.map_err(Error::of)?;
    for profile in profiles {
        if has_accepted(&outcomes, image, profile)? {
            continue;
        }
        if outcomes.unseen.is_some() {
            return Err(Error::Unseen {
                image: image.to_string(),
                profile: profile.clone(),
            });
        }
        return Ok(Look::Without(profile.clone()));
    }
    Ok(Look::Each(verification))
}

/// A verification that failed: for good, unless the signature that is waited for is not yet among those that are listed.
fn unverified(error: verify::Error, profiles: &[SigningProfileArn]) -> Result<Look, Error> {
    let missing = |outcomes: &[SignatureOutcome]| {
        let is_listed =
            |profile: &&SigningProfileArn| outcomes.iter().any(|one| is_of(one, profile));
        profiles.iter().find(|profile| !is_listed(profile)).cloned()
    };
    let missing = match &error {
        verify::Error::NoSignature { .. } => profiles.first().cloned(),
        verify::Error::Rejected(refused) if refused.unseen.is_none() => missing(&refused.outcomes),
        _ => None,
    };
    missing.map_or_else(
        || Err(Error::of(error)),
        |profile| Ok(Look::Without(profile)),
    )
}

/// Whether a signature of the profile is listed and not refused.
fn has_accepted(
    outcomes: &ArtifactOutcomes,
    image: &Reference,
    profile: &SigningProfileArn,
) -> Result<bool, Error> {
    let mut refused = None;
    for signature in &outcomes.signatures {
        for outcome in signature.outcomes().filter(|one| is_of(one, profile)) {
            match outcome.refusal() {
                None => return Ok(true),
                // What could not be judged leads: it may be a good one.
                Some(failure) if failure.class() == FailureClass::Inconclusive => {
                    refused = Some(failure);
                }
                Some(failure) => refused = refused.or(Some(failure)),
            }
        }
    }
    match refused {
        None => Ok(false),
        Some(failure) => Err(Error::Refused {
            image: image.to_string(),
            profile: profile.clone(),
            reason: failure.to_string(),
            class: failure.class(),
            hint: failure.hint(),
        }),
    }
}

/// Whether the signature names the profile; of one that is not accepted, it is what is claimed.
fn is_of(outcome: &SignatureOutcome, profile: &SigningProfileArn) -> bool {
    let Some(info) = &outcome.signer_info else {
        return false;
    };
    // Nothing but this attribute is left of a signature that is refused.
    let attributes = &info.signed_attributes;
    let mut extended = attributes.extended.iter();
    let version = extended
        .find(|one| one.name == attribute::SIGNING_PROFILE_VERSION)
        .and_then(|one| SigningProfileVersionArn::parse(one.value.as_str()?).ok());
    attributes.verification_plugin.as_deref() == Some(PLUGIN_NAME)
        && version.is_some_and(|version| version.profile() == profile)
}
