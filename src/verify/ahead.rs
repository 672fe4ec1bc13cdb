//! Signatures that are fetched before it is their turn, so an artifact with several of them does not cost several round
//! trips for each.
//!
//! Input: the entries of a walk that come next. Output: the signature of the entry whose turn it is. Only fetching goes
//! ahead: signatures are judged in the walk's order, and the bytes of each count in its turn, so every answer is
//! the one that fetching in turn gives. What was fetched and not reached is dropped.

use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use super::walk::{Entry, Walk};
use crate::allowance::{Exhausted, Tab};
use crate::limits::MAX_SIGNATURES_AHEAD;
use crate::oci::Descriptor;
use crate::registry::{FetchedCandidate, Repository, Target};

/// The signatures of one artifact that are under way or have come.
#[derive(Debug)]
pub(super) struct Ahead<'a> {
    repository: &'a Repository,
    target: &'a Target,
    /// What was begun and not taken.
    begun: Vec<Descriptor>,
    running: FuturesUnordered<BoxFuture<'a, Fetched>>,
    fetched: Vec<Fetched>,
}

/// What came of an entry before its turn.
#[derive(Debug)]
struct Fetched {
    manifest: Descriptor,
    /// Nothing where it has to be fetched in its turn.
    found: Option<FetchedCandidate>,
    tab: Tab,
}

impl<'a> Ahead<'a> {
    /// Nothing is fetched yet.
    pub(super) fn new(repository: &'a Repository, target: &'a Target) -> Self {
        Self {
            repository,
            target,
            begun: Vec::new(),
            running: FuturesUnordered::new(),
            fetched: Vec::new(),
        }
    }

    /// Begins with the entries that come next in `walk`.
    pub(super) fn begin(&mut self, walk: &Walk<'_>) {
        for entry in walk.upcoming(MAX_SIGNATURES_AHEAD) {
            if self.begun.contains(&entry.manifest) {
                continue;
            }
            self.begun.push(entry.manifest.clone());
            let (repository, target) = (self.repository, self.target);
            self.running.push(Box::pin(async move {
                let tab = Tab::default();
                Fetched {
                    found: tab.run(entry.fetch_ahead(repository, target)).await,
                    manifest: entry.manifest,
                    tab,
                }
            }));
        }
    }

    /// The signature of `entry`, whose turn it is; nothing for what is something else.
    ///
    /// # Errors
    ///
    /// If what was fetched is more than may be.
    pub(super) async fn fetch(&mut self, entry: &Entry) -> Result<FetchedCandidate, Exhausted> {
        if let Some(fetched) = self.take(&entry.manifest).await {
            fetched.tab.settle()?;
            if let Some(found) = fetched.found {
                return Ok(found);
            }
        }
        let fetching = entry.fetch(self.repository, self.target);
        Ok(self.during(fetching).await)
    }

    /// What came of an entry that was begun.
    async fn take(&mut self, manifest: &Descriptor) -> Option<Fetched> {
        let position = self.begun.iter().position(|begun| begun == manifest)?;
        loop {
            let mut fetched = self.fetched.iter();
            if let Some(at) = fetched.position(|fetched| fetched.manifest == *manifest) {
                self.begun.swap_remove(position);
                return Some(self.fetched.swap_remove(at));
            }
            let next = self.running.next().await?;
            self.fetched.push(next);
        }
    }

    /// Does `work` while the others are fetched.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                Some(next) = self.running.next() => self.fetched.push(next),
            }
        }
    }
}
