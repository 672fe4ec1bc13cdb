//! What AWS Lambda makes of an archive's signature: integrity, mismatch, expiry, revocation.

use time::OffsetDateTime;

use super::Context;
use super::cms;
use super::names::invalid;
use super::store::{CodeSigningConfig, Signed};
use crate::error::AwsError;
use crate::{PackageError, package_digest, package_signature};

/// What is known of an archive's signature by the archive alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signature {
    None,
    /// There is one, of something else or by someone else.
    Damaged,
    Intact(Signed),
}

/// Why an archive is not trusted, though its signature is intact or absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untrusted {
    Mismatch,
    Expired,
    Revoked,
}

/// Looks at an archive.
pub(super) fn signature(context: &Context<'_>, archive: &[u8]) -> Result<Signature, AwsError> {
    let unusable = |error: PackageError| match error {
        PackageError::TooLarge => invalid("Unzipped size must be smaller than 262144000 bytes"),
        _ => invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
    };
    let digest = package_digest(archive).map_err(unusable)?;
    let Some(text) = package_signature(archive).map_err(unusable)? else {
        return Ok(Signature::None);
    };
    let root = cms::from_pem(&context.package_authority.root_pem()).unwrap_or_default();
    let Some(message) = cms::verified(&text, &root).filter(|it| it.digest == digest) else {
        return Ok(Signature::Damaged);
    };
    Ok(Signature::Intact(Signed {
        profile_version_arn: message.profile_version_arn,
        job_arn: message.job_arn,
        at: message.signed_at.unix_timestamp(),
        expires: message.expires_at.unix_timestamp(),
    }))
}

/// Whether a configuration trusts what signed an archive.
pub(super) fn trust(
    context: &Context<'_>,
    config: &CodeSigningConfig,
    signed: Option<&Signed>,
) -> Result<(), Untrusted> {
    let allowed = |it: &&Signed| config.allowed.contains(&it.profile_version_arn);
    let signed = signed.filter(allowed).ok_or(Untrusted::Mismatch)?;
    if context.now.unix_timestamp() >= signed.expires {
        return Err(Untrusted::Expired);
    }
    if is_revoked(context, signed) {
        return Err(Untrusted::Revoked);
    }
    Ok(())
}

/// Whether AWS Signer knows the job or the profile as revoked.
fn is_revoked(context: &Context<'_>, signed: &Signed) -> bool {
    let store = context.signer.read();
    let job = store.jobs.get(&signed.job_arn);
    let (profile, version) = signed
        .profile_version_arn
        .rsplit_once('/')
        .unwrap_or_default();
    let profile = store.profiles.get(profile);
    let from = profile
        .filter(|profile| profile.version == version)
        .and_then(|profile| profile.revocation.as_ref())
        .map(|revocation| revocation.effective_from);
    let at = OffsetDateTime::from_unix_timestamp(signed.at).ok();
    job.is_some_and(|job| job.revocation.is_some())
        || from.is_some_and(|from| at.is_none_or(|at| at >= from))
}
