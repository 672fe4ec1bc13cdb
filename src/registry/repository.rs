//! One repository, wherever it is: what signing, verifying, listing and inspecting work on.

use super::{Error, Listing, NewSignature, Pushed, RemoteRepository, Signature, Storage, Target};
use crate::oci::{Descriptor, Digest};
use crate::reference::ArtifactReference;

/// A repository, opened with one reference.
#[derive(Debug, Clone)]
pub enum Repository {
    /// In a registry.
    Remote(RemoteRepository),
}

impl From<RemoteRepository> for Repository {
    fn from(repository: RemoteRepository) -> Self {
        Self::Remote(repository)
    }
}

impl Repository {
    /// The reference that this repository was opened with.
    pub fn reference(&self) -> ArtifactReference {
        match self {
            Self::Remote(remote) => remote.reference().clone().into(),
        }
    }

    /// What the reference stands for.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::resolve`].
    pub async fn resolve(&self) -> Result<Target, Error> {
        match self {
            Self::Remote(remote) => remote.resolve().await,
        }
    }

    /// What the reference stands for, and its signatures; the second error is the listing's.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::resolve_and_list`].
    pub async fn resolve_and_list(&self) -> Result<(Target, Result<Listing, Error>), Error> {
        match self {
            Self::Remote(remote) => remote.resolve_and_list().await,
        }
    }

    /// Signatures of `digest` that only the tag schema of a registry has. A layout has no such tags.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::list_by_tag_schema`].
    pub async fn list_by_tag_schema(&self, digest: &Digest) -> Result<Vec<Descriptor>, Error> {
        match self {
            Self::Remote(remote) => remote.list_by_tag_schema(digest).await,
        }
    }

    /// What the reference stands for, and its signatures by every way of filing them: old tools
    /// wrote only the tag schema, even where the referrers API is.
    ///
    /// # Errors
    ///
    /// As [`Repository::resolve_and_list`]. A tag schema that cannot be read leaves the listing
    /// incomplete.
    pub async fn resolve_and_list_all(&self) -> Result<(Target, Result<Listing, Error>), Error> {
        let (target, listing) = self.resolve_and_list().await?;
        let mut listing = match listing {
            Ok(listing) if !listing.has_read_tag_schema() => listing,
            finished => return Ok((target, finished)),
        };
        match self.list_by_tag_schema(target.descriptor.digest()).await {
            Ok(tagged) => listing.add(tagged),
            Err(error) => {
                listing.incomplete.get_or_insert(error);
            }
        }
        Ok((target, Ok(listing)))
    }

    /// Fetches the signature with manifest `manifest`, which must name `subject` as what it signs.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::fetch_signature`].
    pub async fn fetch_signature(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
    ) -> Result<Signature, Error> {
        match self {
            Self::Remote(remote) => remote.fetch_signature(subject, manifest).await,
        }
    }

    /// Stores `signature` beside what it signs; `storage` is how a registry is to file it.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::push_signature`].
    pub async fn push_signature(
        &self,
        signature: &NewSignature,
        storage: Storage,
    ) -> Result<Pushed, Error> {
        match self {
            Self::Remote(remote) => remote.push_signature(signature, storage).await,
        }
    }
}
