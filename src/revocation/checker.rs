//! Whom a check asks: each question once, and the cache on disk before it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;

use super::cache::{self, Cache};
use super::fetch::{Fetch, FetchError, Question};
use super::stored::Stored;
use super::{Error, Origin};
use crate::allowance;
use crate::asked_once::AskedOnce;
use crate::limits::REVOCATION_TIMEOUT;

/// Whom to ask, and what was answered in this run.
///
/// Each question is sent once, whoever asks it again: make one checker for one run of the program, and a
/// new one for the next. That there was no answer is remembered for half a minute.
#[derive(Debug)]
pub struct Checker {
    fetch: Arc<dyn Fetch>,
    cache: Option<Cache>,
    record: Option<Stored>,
    pub(super) timeout: Duration,
    asked: AskedOnce<Question, Bytes, Arc<FetchError>>,
    cache_problem: Mutex<Option<cache::Error>>,
}

impl Checker {
    /// Asks `fetch`, keeps nothing on disk, and takes at most [`REVOCATION_TIMEOUT`] for a chain.
    pub fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self {
            fetch,
            cache: None,
            record: None,
            timeout: REVOCATION_TIMEOUT,
            asked: AskedOnce::default(),
            cache_problem: Mutex::default(),
        }
    }

    /// Reads and keeps answers in `cache`.
    #[must_use]
    pub fn with_cache(mut self, cache: Cache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// Stores in `record`, for a check without a network, every answer that counts; asks everybody,
    /// whatever the first one says. An answer that does not count leaves what is stored as it is.
    #[must_use]
    pub fn with_record(mut self, record: Stored) -> Self {
        self.record = Some(record);
        self
    }

    /// Takes at most `timeout` for a chain.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The first reason why the cache could not be used, for a warning; only the first call has it.
    /// A check never fails for it.
    pub fn take_cache_problem(&self) -> Option<cache::Error> {
        self.cache_problem
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Asks on nobody's allowance. What was fetched is then charged to the one who had it fetched: that may
    /// be too much for its artifact, and for no other.
    pub(super) async fn ask(&self, question: Question) -> Result<Bytes, Error> {
        let exhausted = |source| Error::Fetch {
            source: Arc::new(FetchError::exhausted(&question, source)),
        };
        allowance::check().map_err(exhausted)?;
        let mut is_fetched = false;
        let answer = self.asked.ask(&question, || {
            is_fetched = true;
            let (fetch, question) = (Arc::clone(&self.fetch), question.clone());
            async move {
                question.check()?;
                question.check_answer(fetch.fetch(&question).await?)
            }
            .map(|answer| answer.map_err(Arc::new))
            .boxed()
        });
        let answer = answer.await.map_err(|source| Error::Fetch { source })?;
        if is_fetched && self.fetch.store().is_none() {
            let bytes = u64::try_from(answer.len()).unwrap_or(u64::MAX);
            allowance::charge(bytes).map_err(exhausted)?;
        }
        Ok(answer)
    }

    /// What the cache answers; a cache that cannot be used answers nothing.
    pub(super) fn cached<T>(
        &self,
        read: impl FnOnce(&Cache) -> Result<Option<T>, cache::Error>,
    ) -> Option<T> {
        match read(self.cache.as_ref()?) {
            Ok(found) => found,
            Err(error) => {
                let mut problem = self
                    .cache_problem
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                problem.get_or_insert(error);
                None
            }
        }
    }

    /// Where an answer is from that was in the cache, in the file that `path` gives.
    pub(super) fn cache_origin(
        &self,
        path: impl FnOnce(&Cache) -> PathBuf,
    ) -> (Origin, Option<PathBuf>) {
        (Origin::Cache, self.cache.as_ref().map(path))
    }

    /// Where an answer to `question` is from that was not in the cache.
    pub(super) fn source_origin(&self, question: &Question) -> (Origin, Option<PathBuf>) {
        match self.fetch.store() {
            None => (Origin::Network, None),
            Some(store) => (Origin::Stored, Some(store.path(question))),
        }
    }

    /// Whether only answers count that were stored before.
    pub fn is_offline(&self) -> bool {
        self.fetch.store().is_some()
    }

    /// Whether every source is asked. To a check of what is stored it costs nothing, and no answer that
    /// was stored on another day may hide a later one.
    pub(super) fn asks_everybody(&self) -> bool {
        self.is_offline() || self.record.is_some()
    }

    /// Stores an answer that counts, where answers are to be stored.
    pub(super) fn store(&self, question: &Question, answer: &[u8]) -> Result<(), Error> {
        let stored = self.record.as_ref();
        let written = stored.map_or(Ok(()), |stored| stored.write(question, answer));
        written.map_err(|source| Error::Fetch {
            source: Arc::new(source),
        })
    }

    pub(super) fn keep(&self, write: impl FnOnce(&Cache) -> Result<(), cache::Error>) {
        self.cached(|cache| write(cache).map(Some));
    }
}
