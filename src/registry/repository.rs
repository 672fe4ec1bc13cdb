//! One repository, wherever it is: what signing, verifying, listing and inspecting work on.

use bytes::Bytes;

use super::{
    Error, LayoutRepository, Listing, NewSignature, Pushed, RemoteRepository, Signature, Storage,
    Target,
};
use crate::allowance;
use crate::oci::{Descriptor, Digest};
use crate::reference::ArtifactReference;

/// A repository, opened with one reference.
#[derive(Debug, Clone)]
pub enum Repository {
    /// In a registry.
    Remote(RemoteRepository),
    /// In a directory.
    Layout(LayoutRepository),
}

impl From<RemoteRepository> for Repository {
    fn from(repository: RemoteRepository) -> Self {
        Self::Remote(repository)
    }
}

impl From<LayoutRepository> for Repository {
    fn from(repository: LayoutRepository) -> Self {
        Self::Layout(repository)
    }
}

impl Repository {
    /// The reference that this repository was opened with.
    pub fn reference(&self) -> ArtifactReference {
        match self {
            Self::Remote(remote) => remote.reference().clone().into(),
            Self::Layout(layout) => layout.called().clone(),
        }
    }

    /// What the reference stands for.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::resolve`] and [`LayoutRepository::resolve`].
    pub async fn resolve(&self) -> Result<Target, Error> {
        match self {
            Self::Remote(remote) => remote.resolve().await,
            Self::Layout(layout) => allowance::uncounted(|| layout.resolve()),
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
            Self::Layout(layout) => allowance::uncounted(|| layout.resolve_and_list()),
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
            Self::Layout(_) => Ok(Vec::new()),
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
    /// As [`RemoteRepository::fetch_signature`] and [`LayoutRepository::fetch_signature`].
    pub async fn fetch_signature(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
    ) -> Result<Signature, Error> {
        match self {
            Self::Remote(remote) => remote.fetch_signature(subject, manifest).await,
            Self::Layout(layout) => layout.fetch_signature_in_turn(subject, manifest).await,
        }
    }

    /// The manifest that `descriptor` describes, as bytes.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::fetch_manifest`] and [`LayoutRepository::fetch_manifest`].
    pub async fn fetch_manifest(&self, descriptor: &Descriptor) -> Result<Bytes, Error> {
        match self {
            Self::Remote(remote) => remote.fetch_manifest(descriptor).await,
            Self::Layout(layout) => allowance::uncounted(|| layout.fetch_manifest(descriptor)),
        }
    }

    /// Stores `signature` beside what it signs; `storage` is how a registry is to file it.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::push_signature`] and [`LayoutRepository::push_signature`].
    pub async fn push_signature(
        &self,
        signature: &NewSignature,
        storage: Storage,
    ) -> Result<Pushed, Error> {
        match self {
            Self::Remote(remote) => remote.push_signature(signature, storage).await,
            Self::Layout(layout) => layout.push_signature(signature).await,
        }
    }
}
