//! Where a check gets answers: each question is asked once, and the cache on disk comes first.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;

use super::Error;
use super::cache::{self, Cache};
use super::fetch::{Fetch, FetchError, Question};
use super::stored::AnswerDirectory;
use crate::allowance;
use crate::facts::{AskedOnce, Origin};
use crate::limits::REVOCATION_TIMEOUT;

/// Where to ask, and the answers of this run.
///
/// Each question is sent once, however often it is asked: make one checker for one run of the program,
/// and a new one for the next. That there was no answer is remembered for half a minute.
#[derive(Debug)]
pub struct Checker {
    source: Source,
    cache: Option<Cache>,
    record: Option<AnswerDirectory>,
    pub(super) timeout: Duration,
    asked: AskedOnce<Question, Bytes, Arc<FetchError>>,
    cache_problem: Mutex<Option<cache::Error>>,
}

#[derive(Debug, Clone)]
enum Source {
    Asked(Arc<dyn Fetch>),
    Stored(AnswerDirectory),
}

impl Source {
    async fn answer(&self, question: &Question) -> Result<Bytes, FetchError> {
        question.check()?;
        question.check_answer(match self {
            Self::Asked(fetch) => fetch.fetch(question).await?,
            Self::Stored(stored) => stored.read(question)?,
        })
    }
}

impl Checker {
    /// Asks `fetch`, keeps nothing on disk, and takes at most [`REVOCATION_TIMEOUT`] for a chain.
    pub fn new(fetch: Arc<dyn Fetch>) -> Self {
        Self::of(Source::Asked(fetch))
    }

    /// Sends no requests: only what is in `stored` counts.
    pub fn stored(stored: AnswerDirectory) -> Self {
        Self::of(Source::Stored(stored))
    }

    fn of(source: Source) -> Self {
        Self {
            source,
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
    pub fn with_record(mut self, record: AnswerDirectory) -> Self {
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
            let (source, question) = (self.source.clone(), question.clone());
            async move { source.answer(&question).await.map_err(Arc::new) }.boxed()
        });
        let answer = answer.await.map_err(|source| Error::Fetch { source })?;
        if is_fetched && !self.is_offline() {
            let bytes = u64::try_from(answer.len()).unwrap_or(u64::MAX);
            allowance::charge(bytes).map_err(exhausted)?;
        }
        Ok(answer)
    }

    /// What the cache answers to `question`, and where it was; a cache that cannot be used answers nothing.
    pub(super) fn kept<T>(
        &self,
        question: &Question,
        read: impl FnOnce(&Cache, &Question) -> Result<Option<T>, cache::Error>,
    ) -> Option<(T, Origin)> {
        let cache = self.cache.as_ref()?;
        let found = self.noted(read(cache, question))??;
        Some((found, Origin::Kept(cache.path(question))))
    }

    pub(super) fn keep(&self, write: impl FnOnce(&Cache) -> Result<(), cache::Error>) {
        if let Some(cache) = &self.cache {
            self.noted(write(cache));
        }
    }

    /// What the cache gave; else the first reason why it gave nothing is noted.
    fn noted<T>(&self, result: Result<T, cache::Error>) -> Option<T> {
        result
            .map_err(|error| {
                let problem = self.cache_problem.lock();
                let mut problem = problem.unwrap_or_else(PoisonError::into_inner);
                problem.get_or_insert(error);
            })
            .ok()
    }

    /// Where an answer to `question` is from that was not in the cache.
    pub(super) fn source_origin(&self, question: &Question) -> Origin {
        match &self.source {
            Source::Asked(_) => Origin::Asked,
            Source::Stored(stored) => stored.origin(question),
        }
    }

    /// Whether only answers count that were stored before.
    pub fn is_offline(&self) -> bool {
        matches!(self.source, Source::Stored(_))
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
}
