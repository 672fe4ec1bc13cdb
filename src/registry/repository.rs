//! One repository, wherever it is: what signing, verifying, listing and inspecting work on.

use bytes::Bytes;
use tracing::info;

use super::{
    Error, LayoutRepository, Listing, NewSignature, PushedSignature, RemoteRepository, Signature,
    Source, Storage, Target, manifest,
};
use crate::oci::{Descriptor, Digest};
use crate::reference::ArtifactReference;
use crate::{allowance, limits};

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
        let target = match self {
            Self::Remote(remote) => remote.resolve().await,
            Self::Layout(layout) => allowance::uncounted(|| layout.resolve()),
        }?;
        self.tell_target(&target);
        Ok(target)
    }

    /// What the reference stands for, and its signatures; the second error is the listing's.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::resolve_and_list`].
    pub async fn resolve_and_list(&self) -> Result<(Target, Result<Listing, Error>), Error> {
        let (target, listing) = match self {
            Self::Remote(remote) => Box::pin(remote.resolve_and_list()).await,
            Self::Layout(layout) => allowance::uncounted(|| layout.resolve_and_list()),
        }?;
        self.tell_target(&target);
        if let Ok(listing) = &listing {
            info!(
                artifact = %target.reference,
                signatures = listing.signatures.len(),
                "signatures listed"
            );
        }
        Ok((target, listing))
    }

    fn tell_target(&self, target: &Target) {
        info!(
            reference = %self.reference(),
            digest = %target.descriptor.digest(),
            media_type = %target.descriptor.media_type(),
            bytes = target.descriptor.size(),
            "reference resolved"
        );
    }

    /// Signatures of `digest` that only the tag schema of a registry has. A layout has no such tags.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::list_by_tag_schema`].
    pub async fn list_by_tag_schema(&self, digest: &Digest) -> Result<Listing, Error> {
        match self {
            Self::Remote(remote) => Box::pin(remote.list_by_tag_schema(digest)).await,
            Self::Layout(_) => Ok(Listing::empty(Source::TagSchema)),
        }
    }

    /// What the reference stands for, and its signatures by every way of filing them: old tools
    /// wrote only the tag schema, even where the referrers API is. Of what may be a signature the
    /// signatures are told apart.
    ///
    /// # Errors
    ///
    /// As [`Repository::resolve_and_list`]. Where one list cannot be read, the other one's signatures
    /// are an incomplete listing; without any, it is an error.
    pub async fn resolve_and_list_all(&self) -> Result<(Target, Result<Listing, Error>), Error> {
        let (target, listing) = self.resolve_and_list().await?;
        let mut listing = match listing {
            Ok(listing) => listing,
            failed => return Ok((target, failed)),
        };
        let digest = target.descriptor.digest();
        if !listing.has_read_tag_schema() {
            match self.list_by_tag_schema(digest).await {
                Ok(tagged) => listing.join(tagged),
                Err(error) => listing.note(error),
            }
        }
        self.tell_candidates_apart(&mut listing, digest).await;
        if listing.signatures.is_empty()
            && let Some(error) = listing.incomplete.take()
        {
            return Ok((target, Err(error)));
        }
        Ok((target, Ok(listing)))
    }

    /// Looks which of the listing's candidates are signatures, as many as may be looked at.
    async fn tell_candidates_apart(&self, listing: &mut Listing, subject: &Digest) {
        let candidates = std::mem::take(&mut listing.candidates);
        let mut looks = 0;
        for candidate in candidates {
            let is_it = |known: &Descriptor| known.digest() == candidate.digest();
            if listing.signatures.iter().any(is_it) {
                continue;
            }
            if looks == limits::MAX_UNTYPED_REFERRERS {
                listing.note(Error::TooManyReferrers {
                    digest: subject.to_string(),
                    max: limits::MAX_UNTYPED_REFERRERS,
                });
                return;
            }
            looks += 1;
            match self.fetch_manifest(&candidate).await {
                Ok(bytes) if manifest::is_signature(&bytes) => listing.signatures.push(candidate),
                Ok(_) => {}
                Err(error) => listing.note(error),
            }
        }
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

    /// Fetches what may be a signature; nothing if it is something else.
    ///
    /// # Errors
    ///
    /// As [`Repository::fetch_signature`].
    pub async fn fetch_candidate(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
    ) -> Result<Option<Signature>, Error> {
        match self {
            Self::Remote(remote) => remote.fetch_candidate(subject, manifest).await,
            // A layout says of every manifest what it is.
            Self::Layout(layout) => layout.fetch_signature(subject, manifest).map(Some),
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
    ) -> Result<PushedSignature, Error> {
        match self {
            Self::Remote(remote) => remote.push_signature(signature, storage).await,
            Self::Layout(layout) => layout.push_signature(signature).await,
        }
    }
}
