//! Answers of registries that several artifacts of one command share.
//!
//! References may name the same artifact, and images may stand in the same index. Among those that share, one question
//! to one repository is asked once: who asks while the answer is awaited waits for it, and a small answer stays for
//! [`SHARED_ANSWER_AGE`]. A question is the same only with the same session, which has one registry, one repository and
//! one credential. Others ask for themselves, and so does the next command.
//!
//! The first one asks on its own allowance. If that is used up, or its work is stopped, the next one asks itself.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::time::Instant;

use super::error::Error;
use super::listing::Listing;
use super::room::Reservation;
use super::transport::Session;
use crate::http;
use crate::limits::{
    MAX_SHARED_ANSWERS, MAX_SHARED_BYTES, MAX_SHARED_SIGNATURES, SHARED_ANSWER_AGE,
};
use crate::oci::Descriptor;

tokio::task_local! {
    static CURRENT: SharedAnswers;
}

/// What several artifacts share. Clones share it too.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedAnswers(Arc<Tables>);

#[derive(Debug, Default)]
struct Tables {
    /// What references stand for.
    resolved: Table<Descriptor>,
    /// The same of first requests; nothing where only a challenge was answered.
    first: Table<Option<Descriptor>>,
    listings: Table<Listing>,
    contents: Table<(Bytes, Reservation)>,
}

impl SharedAnswers {
    /// Does `work` with these answers.
    pub(crate) async fn lend<F: Future>(&self, work: F) -> F::Output {
        // On the heap: it is large, and others are around it.
        Box::pin(CURRENT.scope(self.clone(), work)).await
    }

    /// Does `work` with the answers that it is given already, or with some of its own.
    pub(crate) async fn join<F: Future>(work: F) -> F::Output {
        match Self::current() {
            Some(_) => Box::pin(work).await,
            None => Self::default().lend(work).await,
        }
    }

    fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }
}

/// A question to one repository.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) session: Arc<Session>,
    pub(super) path: String,
    /// The size that the answer must have, where that is known.
    pub(super) size: Option<u64>,
    pub(super) accept: &'static str,
}

impl Question {
    fn key(&self) -> (*const Session, &str, Option<u64>, &str) {
        let session = Arc::as_ptr(&self.session);
        (session, &self.path, self.size, self.accept)
    }
}

impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Question {}

impl Hash for Question {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// An answer that several may be given.
pub(super) trait SharedAnswer: Clone {
    /// Whether it may be given to others than the one who asked.
    fn is_for_all(&self) -> bool {
        true
    }

    /// Whether it stays for those who ask later.
    fn stays(&self) -> bool;

    /// Where it is kept.
    fn table(shared: &SharedAnswers) -> &Table<Self>;
}

impl SharedAnswer for Descriptor {
    fn stays(&self) -> bool {
        true
    }

    fn table(shared: &SharedAnswers) -> &Table<Self> {
        &shared.0.resolved
    }
}

impl SharedAnswer for Option<Descriptor> {
    fn stays(&self) -> bool {
        self.is_some()
    }

    fn table(shared: &SharedAnswers) -> &Table<Self> {
        &shared.0.first
    }
}

impl SharedAnswer for Listing {
    fn is_for_all(&self) -> bool {
        !self.incomplete.as_ref().is_some_and(is_of_the_asker)
    }

    fn stays(&self) -> bool {
        let listed = self.signatures.len().saturating_add(self.candidates.len());
        self.incomplete.is_none() && listed <= MAX_SHARED_SIGNATURES
    }

    fn table(shared: &SharedAnswers) -> &Table<Self> {
        &shared.0.listings
    }
}

impl SharedAnswer for (Bytes, Reservation) {
    fn stays(&self) -> bool {
        self.0.len() <= MAX_SHARED_BYTES
    }

    fn table(shared: &SharedAnswers) -> &Table<Self> {
        &shared.0.contents
    }
}

/// Whether it is for the one who asked alone: what was used up is another one's no longer.
fn is_of_the_asker(error: &Error) -> bool {
    matches!(error, Error::Request { source, .. } if matches!(**source, http::Error::Exhausted { .. }))
}

/// Locked by the one who asks, until the answer is there.
type Place<A> = tokio::sync::Mutex<Option<(Result<A, Error>, Instant)>>;

#[derive(Debug)]
pub(super) struct Table<A>(Mutex<HashMap<Question, Arc<Place<A>>>>);

impl<A> Default for Table<A> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<A: SharedAnswer> Table<A> {
    fn places(&self) -> MutexGuard<'_, HashMap<Question, Arc<Place<A>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, question: &Question) -> Arc<Place<A>> {
        let mut places = self.places();
        if let Some(place) = places.get(question) {
            return Arc::clone(place);
        }
        // However many references there are: what is forgotten is asked again.
        if places.len() >= MAX_SHARED_ANSWERS {
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        let place = Arc::default();
        places.insert(question.clone(), Arc::clone(&place));
        place
    }

    async fn ask(
        &self,
        question: &Question,
        ask: impl Future<Output = Result<A, Error>>,
    ) -> Result<A, Error> {
        let place = self.place(question);
        let mut known = place.lock().await;
        if let Some((answer, since)) = &*known
            && since.elapsed() < SHARED_ANSWER_AGE
        {
            return answer.clone();
        }
        *known = None;
        let answer = ask.await;
        let is_for_all = match &answer {
            Ok(answer) => answer.is_for_all(),
            Err(error) => !is_of_the_asker(error),
        };
        if is_for_all {
            *known = Some((answer.clone(), Instant::now()));
        }
        if !answer.as_ref().is_ok_and(SharedAnswer::stays) {
            self.forget(question, &place);
        }
        answer
    }

    /// Who waits already is still answered.
    fn forget(&self, question: &Question, place: &Arc<Place<A>>) {
        let mut places = self.places();
        if places
            .get(question)
            .is_some_and(|one| Arc::ptr_eq(one, place))
        {
            places.remove(question);
        }
    }
}

/// The answer to `question`: the one that is there or awaited, or else the one that `ask` gives.
pub(super) async fn ask_once<A: SharedAnswer>(
    question: impl FnOnce() -> Question,
    ask: impl Future<Output = Result<A, Error>>,
) -> Result<A, Error> {
    // On the heap: it is large, and would stand here twice.
    let ask = Box::pin(ask);
    match SharedAnswers::current() {
        Some(shared) => A::table(&shared).ask(&question(), ask).await,
        None => ask.await,
    }
}

/// Keeps an answer that came with another one, and that is small.
pub(super) fn keep<A: SharedAnswer>(question: impl FnOnce() -> Question, answer: A) {
    if let Some(shared) = SharedAnswers::current()
        && answer.stays()
        && let Ok(mut known) = A::table(&shared).place(&question()).try_lock()
    {
        *known = Some((Ok(answer), Instant::now()));
    }
}
