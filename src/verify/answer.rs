//! What one verification is asked, and its answer.

use std::collections::BTreeMap;

use super::error::{IndexVerification, Unseen};
use super::images::Images;
use super::requirement::Requirement;
use crate::allowance::Allowed;
use crate::limits;
use crate::outcome::SignatureOutcome;
use crate::reference::ArtifactReference;
use crate::registry::Target;
use crate::trust_policy::StatementName;

/// The scope of a layout that the user gives no scope for. Only statements about every artifact apply to it.
pub const ANY_LAYOUT_SCOPE: &str = "local/layout";

/// What one verification asks for beyond the policy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How many signatures are judged at most.
    pub max_signatures: usize,
    /// Whether every signature is judged, and not only those up to the first that is verified.
    pub all_signatures: bool,
    /// User metadata that must have been signed.
    pub user_metadata: BTreeMap<String, String>,
    /// The time and the bytes that one artifact may use.
    pub allowed: Allowed,
    /// What the policy's statement must be like.
    pub requirement: Requirement,
    /// By which registry scope the trust policy knows an OCI image layout, which has no name of its own, for
    /// example `local/app`.
    pub layout_scope: String,
    /// What of a multi-platform image is judged.
    pub images: Images,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_signatures: limits::MAX_SIGNATURES,
            all_signatures: false,
            user_metadata: BTreeMap::new(),
            allowed: Allowed::default(),
            requirement: Requirement::default(),
            layout_scope: ANY_LAYOUT_SCOPE.to_owned(),
            images: Images::default(),
        }
    }
}

/// The answer to a verification that did not fail.
#[derive(Debug)]
#[must_use = "only `Verified` is a permission to run"]
pub enum Verification {
    /// A signature passed every validation; revocation alone may have been skipped
    /// ([`SignatureOutcome::skipped`]).
    Verified(Box<Accepted>),
    /// The policy only logs what failed or could not be decided, and no signature passed everything. This is
    /// not a permission to run the artifact.
    Tolerated(Box<Accepted>),
    /// The policy says that this artifact's signatures are not verified.
    Skipped {
        /// The artifact, by digest.
        reference: ArtifactReference,
        /// The policy statement that says so.
        statement: StatementName,
    },
    /// No image of an index failed, where [`Options::images`] asked for them. Only
    /// [`IndexVerification::is_verified`] is a permission to run.
    Images(Box<IndexVerification>),
}

/// An artifact and the signature that the policy accepts for it.
#[derive(Debug)]
pub struct Accepted {
    /// The artifact, by digest.
    pub reference: ArtifactReference,
    /// What it is.
    pub target: Target,
    /// The policy statement that applied.
    pub statement: StatementName,
    /// The signature.
    pub signature: SignatureOutcome,
    /// The other signatures that were looked at: refused, or only tolerated; with [`Options::all_signatures`] also
    /// verified ones.
    pub others: Vec<SignatureOutcome>,
    /// Why there may be signatures that were not looked at, where [`Options::all_signatures`] asked for all.
    pub unseen: Option<Unseen>,
}
