//! A signature that is fetched before it is its turn to be judged.
//!
//! Input: as for one that is fetched in its turn. Output: the same answer, or nothing where that has to wait for its turn:
//! what is large, and what there is no room in memory for. Nothing is waited for but the answers of the registry.

use super::error::Error;
use super::fetch::Signature;
use super::{RemoteRepository, Repository, room};
use crate::oci::{Descriptor, Digest};

/// What came of fetching a signature: nothing for what is something else.
pub(crate) type FetchedCandidate = Result<Option<Signature>, Error>;

impl Repository {
    /// Fetches the signature with manifest `manifest` before its turn: as [`Repository::fetch_signature`] where
    /// `is_signature`, and otherwise as [`Repository::fetch_candidate`]. Nothing is fetched of a layout, which is at
    /// hand.
    pub(crate) async fn fetch_ahead(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
        is_signature: bool,
    ) -> Option<FetchedCandidate> {
        match self {
            Self::Remote(remote) => {
                Box::pin(remote.fetch_ahead(subject, manifest, is_signature)).await
            }
            Self::Layout(_) => None,
        }
    }
}

impl RemoteRepository {
    async fn fetch_ahead(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
        is_signature: bool,
    ) -> Option<FetchedCandidate> {
        let owner = &self.session.endpoint.registry.name;
        let held = room::try_take_ahead(owner, manifest.size())?;
        let read = match self.read_manifest(subject, manifest, is_signature).await {
            Ok(Some(read)) => read,
            Ok(None) => return Some(Ok(None)),
            Err(error) => return Some(Err(error)),
        };
        drop(held);
        let held = room::try_take_ahead(owner, read.envelope.size())?;
        let fetched = self.fetch_envelope(manifest, read).await;
        Some(fetched.map(|signature| Some(Signature { held, ..signature })))
    }
}
