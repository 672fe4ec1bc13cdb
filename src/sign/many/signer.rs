//! Many artifacts for an [`ArtifactSigner`].

use futures_util::stream;

use super::batch::Batch;
use super::if_missing::IfMissing;
use super::outcome::Outcome;
use super::own_trust::{OwnTrust, OwnTrustError};
use crate::limits::MIN_REMAINING;
use crate::many;
use crate::reference::ArtifactReference;
use crate::sign::ArtifactSigner;
use crate::trust_store::NamedStore;
use crate::{environment, sign};

/// Why it cannot be told what is signed already.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchSetupError {
    /// Signatures by this signer cannot be told from others.
    #[error(transparent)]
    Trust(OwnTrustError),
    /// The environment cannot be used.
    #[error(transparent)]
    Environment(environment::Error),
}

impl ArtifactSigner {
    /// How many artifacts are signed together, which [`Batch::sign`] does.
    pub fn batch(&self) -> Batch<'_> {
        Batch::new(self.signer(), self.registry(), self.options())
    }

    /// Signs all of these artifacts, each once and several at the same time, and goes on after failures. Outcomes
    /// are in the order of the references.
    pub async fn sign_all(
        &self,
        references: impl IntoIterator<Item = ArtifactReference, IntoIter: Send>,
    ) -> Vec<Outcome> {
        let references = stream::iter(references.into_iter().map(Into::into));
        let batch = self.batch();
        batch
            .sign(references, many::Options::default())
            .outcomes()
            .await
    }

    /// What counts as a signature that this signer would make, for [`Batch::if_missing`]: one that a verification
    /// accepts, revocation included, and that is good for another day. The roots of a signing profile of AWS Signer
    /// are `roots`, else the published ones.
    ///
    /// # Errors
    ///
    /// [`SearchSetupError`].
    pub fn if_missing(
        &self,
        roots: Option<Vec<NamedStore>>,
    ) -> Result<IfMissing, SearchSetupError> {
        let options: sign::Options = self.options();
        let timestamping = options.terms.timestamping.as_ref();
        let trust =
            OwnTrust::new(self.signer(), timestamping, roots).map_err(SearchSetupError::Trust)?;
        let verifier = trust
            .setup()
            .connect(self.environment())
            .map_err(SearchSetupError::Environment)?;
        Ok(IfMissing::new(trust, verifier, &options, MIN_REMAINING))
    }
}
