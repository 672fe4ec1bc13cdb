//! The signatures of an artifact, one after the other: those that were listed, those of the tag schema, and last
//! what may be one.
//!
//! Input: a list of signatures. Output: entries to look at, as many as are allowed, and why there may be more.

use std::collections::VecDeque;

use super::Unseen;
use crate::allowance;
use crate::oci::Descriptor;
use crate::registry::{self, FetchedCandidate, Listing, Repository, Target};

/// What a list says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Signature,
    /// It may be one.
    Nothing,
}

/// An entry to look at.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) manifest: Descriptor,
    says: Says,
}

impl Entry {
    /// The signature; nothing for what is something else.
    pub(super) async fn fetch(&self, repository: &Repository, target: &Target) -> FetchedCandidate {
        let subject = target.descriptor.digest();
        match self.says {
            Says::Signature => {
                let fetched = repository.fetch_signature(subject, &self.manifest).await;
                fetched.map(Some)
            }
            Says::Nothing => repository.fetch_candidate(subject, &self.manifest).await,
        }
    }

    /// The same before its turn; nothing where it has to be fetched in its turn.
    pub(super) async fn fetch_ahead(
        &self,
        repository: &Repository,
        target: &Target,
    ) -> Option<FetchedCandidate> {
        let subject = target.descriptor.digest();
        let is_signature = self.says == Says::Signature;
        repository
            .fetch_ahead(subject, &self.manifest, is_signature)
            .await
    }
}

/// What is read next, once the entries at hand are through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    TagSchema,
    Candidates,
    Nothing,
}

/// A walk over the signatures of one artifact.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    repository: &'a Repository,
    target: &'a Target,
    /// How many entries are looked at, at most.
    limit: usize,
    tried: Vec<Descriptor>,
    waiting: VecDeque<Descriptor>,
    says: Says,
    candidates: Vec<Descriptor>,
    next: Next,
    /// Whether the tag schema has to be read before the answer is "no".
    lacks_tag_schema: bool,
    /// Why there may be signatures that were not looked at.
    pub(super) unseen: Option<Unseen>,
}

impl<'a> Walk<'a> {
    /// Begins with what `listing` has.
    pub(super) fn new(
        repository: &'a Repository,
        target: &'a Target,
        limit: usize,
        listing: Listing,
    ) -> Self {
        Self {
            repository,
            target,
            limit,
            tried: Vec::new(),
            lacks_tag_schema: !listing.has_read_tag_schema(),
            waiting: listing.signatures.into(),
            says: Says::Signature,
            candidates: listing.candidates,
            next: Next::TagSchema,
            unseen: listing.incomplete.map(Unseen::Listing),
        }
    }

    /// The next entry, in the registry's order. One digest that is listed with another size or type is another
    /// entry: one of them may be right.
    pub(super) async fn next(&mut self) -> Option<Entry> {
        loop {
            while let Some(manifest) = self.waiting.pop_front() {
                if self.tried.contains(&manifest) {
                    continue;
                }
                // Other tasks get a turn, and the time is looked at.
                tokio::task::yield_now().await;
                self.note_exhaustion(self.waiting.len().saturating_add(1));
                if self.is_exhausted() {
                    return None;
                }
                if self.tried.len() >= self.limit {
                    self.note_limit();
                    self.waiting.clear();
                    break;
                }
                self.tried.push(manifest.clone());
                let says = self.says;
                return Some(Entry { manifest, says });
            }
            match self.next {
                Next::TagSchema => {
                    self.note_exhaustion(0);
                    if self.is_exhausted() {
                        return None;
                    }
                    self.next = Next::Candidates;
                    self.read_tag_schema().await;
                    if self.is_exhausted() {
                        return None;
                    }
                }
                Next::Candidates => {
                    self.next = Next::Nothing;
                    self.says = Says::Nothing;
                    self.waiting = std::mem::take(&mut self.candidates).into();
                }
                Next::Nothing => return None,
            }
        }
    }

    /// The entries of the list at hand that come next, no more than `most`.
    pub(super) fn upcoming(&self, most: usize) -> Vec<Entry> {
        let most = most.min(self.limit.saturating_sub(self.tried.len()));
        let mut upcoming: Vec<Entry> = Vec::new();
        for manifest in &self.waiting {
            if upcoming.len() == most {
                break;
            }
            let is_known = self.tried.contains(manifest)
                || upcoming.iter().any(|entry| entry.manifest == *manifest);
            if !is_known {
                upcoming.push(Entry {
                    manifest: manifest.clone(),
                    says: self.says,
                });
            }
        }
        upcoming
    }

    /// Old clients wrote only the tag schema. It is read before the answer is negative: a verification that
    /// succeeds pays nothing for it.
    async fn read_tag_schema(&mut self) {
        if !self.lacks_tag_schema {
            return;
        }
        let digest = self.target.descriptor.digest();
        let tagged = allowance::in_time(self.repository.list_by_tag_schema(digest)).await;
        match tagged {
            Err(source) => {
                let not_tried = 0;
                self.unseen = Some(Unseen::Exhausted { source, not_tried });
            }
            Ok(Ok(tagged)) => {
                if self.unseen.is_none() {
                    self.unseen = tagged.incomplete.map(Unseen::Listing);
                }
                self.candidates.extend(tagged.candidates);
                self.waiting = tagged.signatures.into();
            }
            Ok(Err(error)) => {
                self.unseen.get_or_insert(Unseen::Listing(error));
            }
        }
    }

    /// Notes it if what the verification may use is used up, and so many signatures are not begun.
    fn note_exhaustion(&mut self, not_tried: usize) {
        if self.is_exhausted() {
            return;
        }
        if let Err(source) = allowance::check() {
            self.unseen = Some(Unseen::Exhausted { source, not_tried });
        }
    }

    /// Whether what the verification may use is used up.
    pub(super) fn is_exhausted(&self) -> bool {
        matches!(self.unseen, Some(Unseen::Exhausted { .. }))
    }

    /// That a list could not be read weighs more than that it is long; a registry that calls it too long says the
    /// same.
    fn note_limit(&mut self) {
        let is_less = matches!(
            &self.unseen,
            None | Some(Unseen::Listing(registry::Error::TooManyReferrers { .. }))
        );
        if is_less {
            self.unseen = Some(Unseen::Limit(self.limit));
        }
    }
}
