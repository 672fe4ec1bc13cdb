//! The archive with its signature in it, or with what a fault makes of it.

use super::{
    lambda_zip::{self, PackageError, PackageSignature, PackageSigning},
    store::{Job, Profile},
};
use crate::{
    authority::{Authority, Signed},
    faults::Tamper,
    random,
};

/// The signed archive, or why AWS Signer does not sign it.
pub(super) fn sign(
    authority: &Authority,
    archive: &[u8],
    profile: &Profile,
    job: &Job,
    tamper: Option<Tamper>,
) -> Result<Vec<u8>, String> {
    let mut signing = PackageSigning {
        job_arn: job.arn(),
        profile_version_arn: profile.version_arn(),
        signing_time: job.created_at,
        expires_at: job.expires_at,
    };
    let identity = |authority: &Authority| {
        let identity = authority.signing_identity(&job.region, job.created_at);
        identity.map_err(|error| error.message)
    };
    let mut by = identity(authority)?;
    let mut archive = archive.to_vec();
    match tamper {
        Some(Tamper::Payload) => {
            archive = lambda_zip::with_file(&archive, "added", b"by a fault")
                .map_err(|error| error.to_string())?;
        }
        Some(Tamper::Profile) => {
            signing.profile_version_arn = format!("{}_other/{}", profile.arn(), profile.version);
        }
        Some(Tamper::ProfileVersion) => {
            signing.profile_version_arn = format!("{}/{}", profile.arn(), random::alphanumeric(10));
        }
        Some(Tamper::Chain) => {
            let other = Authority::open(None, Signed::Packages);
            by = identity(&other.map_err(|error| error.to_string())?)?;
        }
        Some(Tamper::NotAnEnvelope) => return Ok(b"this is not an archive".to_vec()),
        Some(Tamper::Signature | Tamper::Attribute) | None => {}
    }
    let signed = lambda_zip::sign_with(&archive, &signing, &by, |draft| text(draft, tamper));
    signed.map_err(|error| error.to_string())
}

/// The file in the archive.
fn text(mut draft: PackageSignature, tamper: Option<Tamper>) -> Result<Vec<u8>, PackageError> {
    match tamper {
        Some(Tamper::Attribute) => {
            // An object identifier that AWS does not use.
            let more = PackageSignature::attribute(&[0x2b, 0x81, 0x3b, 0x7f], &[5, 0]);
            draft.attributes.push(more);
            draft.attributes.sort();
            draft.text()
        }
        Some(Tamper::Signature) => {
            let mut cms = draft.cms()?;
            // The last bytes end what has no length; before them is the signature's value.
            if let Some(byte) = cms.len().checked_sub(7).and_then(|at| cms.get_mut(at)) {
                *byte ^= 1;
            }
            Ok(PackageSignature::armor(&cms))
        }
        _ => draft.text(),
    }
}
