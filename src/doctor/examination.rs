//! What is examined, and where.

use std::path::PathBuf;

use crate::environment::Environment;
use crate::reference::Reference;
use crate::signer::aws_signer::SigningProfile;

/// What is examined.
#[derive(Debug)]
pub struct Examination {
    /// Where signing and verifying would run.
    pub environment: Environment,
    /// The artifact whose registry is asked, if one is named.
    pub reference: Option<Reference>,
    /// Signing profiles that the user names; without any, those that the trust policy trusts.
    pub profiles: Vec<SigningProfile>,
    /// Leaves out what only signing needs.
    pub only_verifies: bool,
    /// This program's file, if it is known: what an installed copy is compared with.
    pub program: Option<PathBuf>,
}

impl Examination {
    /// Whether the artifact is in Amazon ECR.
    pub(super) fn is_ecr(&self) -> bool {
        let reference = self.reference.as_ref();
        reference.is_some_and(|reference| reference.registry_name().is_amazon_ecr())
    }
}
