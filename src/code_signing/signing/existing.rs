//! A signed package that is there already.

use std::path::Path;
use std::time::Duration;

use super::look::Candidate;
use super::work::PackageSigner;
use crate::code_signing::comparison::compare;
use crate::code_signing::contents::Contents;
use crate::code_signing::{PackageChecks, Signature, ask};
use crate::files;
use crate::oci::hex;

/// A signed package that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// SHA-256 of the signed package, in hexadecimal digits.
    pub sha256: String,
    /// The same in base64, as AWS Lambda shows it.
    pub code_sha256: String,
    /// Its signature.
    pub signature: Signature,
}

/// The signed form of `candidate` at `out`, if it has the same entries and modes, passes all four checks, was signed by the
/// profile version that would sign now, and is valid for `remaining` more.
pub async fn existing(
    signer: &PackageSigner,
    candidate: &Candidate,
    out: &Path,
    remaining: Duration,
) -> Option<Existing> {
    let settings = &signer.settings;
    let file = files::open_following_links(out).ok()?;
    let contents = Contents::read(&file, settings.allowed).ok()?;
    if !compare(&contents, &candidate.contents).is_empty() {
        return None;
    }
    let profile = std::slice::from_ref(&signer.profile.arn);
    let now = signer.clock.now();
    let checks = PackageChecks::begin(&contents, profile, &settings.roots, now);
    let signature = checks.to_ask()?.clone();
    if signature.expires_at() < now + remaining {
        return None;
    }
    let asked = Box::pin(ask(&signer.aws, &signature)).await;
    let is_verified = checks.with_revocation(asked).is_verified();
    is_verified.then(|| Existing {
        sha256: hex(&contents.sha256),
        code_sha256: contents.code_sha256(),
        signature,
    })
}
