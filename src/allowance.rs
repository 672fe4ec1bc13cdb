//! What one piece of work may use: time, and bytes that it fetches.
//!
//! [`Allowed`] says how much, [`Allowance`] is that from the moment on at which the work begins. What runs
//! inside [`Allowance::run`] ends when it is used up: requests and waits at once, computing at its next
//! look at [`check`]. The connections, which many pieces of work share, find the allowance of the one
//! that uses them by themselves.
//!
//! Reading local files and people at prompts use no time ([`uncounted`]).

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::limits;

tokio::task_local! {
    static CURRENT: Option<Allowance>;
    static TAB: Tab;
}

/// How much a piece of work may use, before it begins.
#[derive(Debug, Clone)]
pub struct Allowed {
    /// Its time; nothing for as much as the whole has.
    pub time: Option<Duration>,
    /// Bytes that may be fetched for it.
    pub bytes: u64,
    /// What it is a part of, a command for example, and uses the time of.
    pub whole: Option<Allowance>,
}

impl Default for Allowed {
    /// What one artifact may use.
    fn default() -> Self {
        Self {
            time: Some(limits::ARTIFACT_TIMEOUT),
            bytes: limits::MAX_FETCHED_BYTES,
            whole: None,
        }
    }
}

impl Allowed {
    /// What each artifact of a command may use: `timeout` is the time of the whole command, which begins
    /// now; without one, each artifact has the time of [`Allowed::default`].
    pub fn for_each_artifact(timeout: Option<Duration>) -> Self {
        let artifact = Self::default();
        match timeout {
            None => artifact,
            Some(timeout) => Self {
                time: None,
                bytes: artifact.bytes,
                whole: Some(Allowance::new(Some(timeout), u64::MAX, None)),
            },
        }
    }

    /// Begins the work.
    pub fn begin(&self) -> Allowance {
        Allowance::new(self.time, self.bytes, self.whole.clone())
    }

    /// Whether the whole has time left, so that another part of it can begin.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Time`].
    pub fn check_whole(&self) -> Result<(), Exhausted> {
        self.whole.as_ref().map_or(Ok(()), Allowance::check_time)
    }
}

/// What a piece of work that has begun may use. Clones share it.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    time: Option<Duration>,
    clock: Mutex<Clock>,
    resumed: Notify,
    max_bytes: u64,
    bytes_left: AtomicU64,
    whole: Option<Allowance>,
}

#[derive(Debug)]
struct Clock {
    deadline: Option<Instant>,
    /// How many have stopped it, and since when it stands.
    stopped: Option<(usize, Instant)>,
}

/// What was used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// The time.
    #[error("the time for {}, {}, is over", whose(*.whole), InWords(*.limit))]
    Time {
        /// How much there was.
        limit: Duration,
        /// Whether it is the whole command's.
        whole: bool,
    },
    /// The bytes.
    #[error("more than {max} bytes were fetched for one artifact")]
    Bytes {
        /// How many may be.
        max: u64,
    },
}

impl Exhausted {
    /// A name for programs to branch on; it does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Time { .. } => "out-of-time",
            Self::Bytes { .. } => "too-much-fetched",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Time { whole: true, .. } => "allow more time with the setting `timeout`".to_owned(),
            Self::Time { whole: false, .. } => {
                "allow more time with the setting `timeout`, for example `10m`".to_owned()
            }
            Self::Bytes { .. } => {
                "a client with push access can attach large signatures; remove those that are not needed"
                    .to_owned()
            }
        }
    }
}

const fn whose(whole: bool) -> &'static str {
    if whole { "the command" } else { "one artifact" }
}

/// A time for people.
struct InWords(Duration);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        match (seconds, millis) {
            (60, 0) => f.write_str("1 minute"),
            (1, 0) => f.write_str("1 second"),
            (0, millis) => write!(f, "{millis} milliseconds"),
            (seconds, 0) if seconds % 60 == 0 => write!(f, "{} minutes", seconds / 60),
            (seconds, 0) => write!(f, "{seconds} seconds"),
            (seconds, millis) => write!(f, "{seconds}.{millis:03} seconds"),
        }
    }
}

impl Allowance {
    fn new(time: Option<Duration>, max_bytes: u64, whole: Option<Self>) -> Self {
        let deadline = time.and_then(|time| Instant::now().checked_add(time));
        Self(Arc::new(Inner {
            time,
            clock: Mutex::new(Clock {
                deadline,
                stopped: None,
            }),
            resumed: Notify::new(),
            max_bytes,
            bytes_left: AtomicU64::new(max_bytes),
            whole,
        }))
    }

    /// Does `work`, until it is done or this is used up.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Time`].
    pub async fn run<F: Future>(&self, work: F) -> Result<F::Output, Exhausted> {
        // On the heap: it is large, and others are around it.
        let work = Box::pin(CURRENT.scope(Some(self.clone()), work));
        tokio::select! {
            biased;
            done = work => Ok(done),
            exhausted = self.end() => Err(exhausted),
        }
    }

    /// Does `work` with this as its allowance, and leaves to it when it ends.
    pub async fn lend<F: Future>(&self, work: F) -> F::Output {
        Box::pin(CURRENT.scope(Some(self.clone()), work)).await
    }

    /// Comes back when the time is over.
    pub async fn end(&self) -> Exhausted {
        let Some(whole) = &self.0.whole else {
            return self.own_end(false).await;
        };
        tokio::select! {
            biased;
            exhausted = whole.own_end(true) => exhausted,
            exhausted = self.own_end(false) => exhausted,
        }
    }

    async fn own_end(&self, whole: bool) -> Exhausted {
        loop {
            let resumed = self.0.resumed.notified();
            let (deadline, is_stopped) = {
                let clock = self.clock();
                (clock.deadline, clock.stopped.is_some())
            };
            let (Some(deadline), Some(limit)) = (deadline, self.0.time) else {
                return std::future::pending().await;
            };
            if is_stopped {
                resumed.await;
            } else if Instant::now() >= deadline {
                return Exhausted::Time { limit, whole };
            } else {
                // It may be put off in the meantime.
                sleep_until(deadline).await;
            }
        }
    }

    fn check(&self) -> Result<(), Exhausted> {
        if let Some(whole) = &self.0.whole {
            whole.check_time()?;
        }
        self.own_time(false)?;
        if self.0.bytes_left.load(Ordering::Relaxed) == 0 {
            return Err(self.out_of_bytes());
        }
        Ok(())
    }

    /// As the whole of something: whether it has time left, so that another part of it can begin.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Time`].
    pub fn check_time(&self) -> Result<(), Exhausted> {
        self.own_time(true)
    }

    fn own_time(&self, whole: bool) -> Result<(), Exhausted> {
        let clock = self.clock();
        match (clock.deadline, self.0.time) {
            (Some(deadline), Some(limit))
                if clock.stopped.is_none() && Instant::now() >= deadline =>
            {
                Err(Exhausted::Time { limit, whole })
            }
            _ => Ok(()),
        }
    }

    fn charge(&self, bytes: u64) -> Result<(), Exhausted> {
        let left = &self.0.bytes_left;
        let enough = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(bytes)
        });
        if enough.is_err() {
            // What is asked for next is not even begun.
            left.store(0, Ordering::Relaxed);
            return Err(self.out_of_bytes());
        }
        Ok(())
    }

    fn out_of_bytes(&self) -> Exhausted {
        Exhausted::Bytes {
            max: self.0.max_bytes,
        }
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.0.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop_clock(&self) {
        let mut clock = self.clock();
        clock.stopped = match clock.stopped {
            None => Some((1, Instant::now())),
            Some((count, since)) => Some((count.saturating_add(1), since)),
        };
    }

    fn resume_clock(&self) {
        let mut clock = self.clock();
        clock.stopped = match clock.stopped {
            Some((count, since)) if count > 1 => Some((count - 1, since)),
            Some((_, since)) => {
                let stood = since.elapsed();
                clock.deadline = clock
                    .deadline
                    .and_then(|deadline| deadline.checked_add(stood));
                None
            }
            None => None,
        };
        drop(clock);
        self.0.resumed.notify_waiters();
    }
}

/// A clock that stands until this is dropped.
struct Stopped(Allowance);

impl Stopped {
    fn new(allowance: &Allowance) -> Self {
        allowance.stop_clock();
        Self(allowance.clone())
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.0.resume_clock();
    }
}

/// Bytes that were fetched before it is known whether they are needed: they are taken from what may be fetched when
/// that is known ([`Tab::settle`]), as if they were fetched then.
#[derive(Debug, Clone, Default)]
pub struct Tab(Arc<AtomicU64>);

impl Tab {
    /// Does `work`, whose bytes come on this tab.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        TAB.scope(self.clone(), work).await
    }

    /// Takes the bytes from what may be fetched.
    ///
    /// # Errors
    ///
    /// [`Exhausted::Bytes`] if that was more than is left.
    pub fn settle(self) -> Result<(), Exhausted> {
        charge(self.0.swap(0, Ordering::Relaxed))
    }

    fn add(&self, bytes: u64) {
        let sum = |before: u64| Some(before.saturating_add(bytes));
        // It always gives a sum.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
    }
}

fn current() -> Option<Allowance> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// Whether the work that this is part of may go on: code that computes asks between one piece and
/// the next.
///
/// # Errors
///
/// [`Exhausted`].
pub fn check() -> Result<(), Exhausted> {
    current().map_or(Ok(()), |allowance| allowance.check())
}

/// `wait`, or what is left of the time where that is less: for what cannot be interrupted.
pub fn at_most(wait: Duration) -> Duration {
    let left = |allowance: &Allowance| {
        let clock = allowance.clock();
        clock
            .deadline
            .filter(|_| clock.stopped.is_none())
            .map(|deadline| deadline.saturating_duration_since(Instant::now()))
    };
    let current = current();
    let whole = current.as_ref().and_then(|own| own.0.whole.as_ref());
    let shortest = current.iter().chain(whole).filter_map(left).min();
    shortest.map_or(wait, |left| left.min(wait))
}

/// Takes `bytes`, which were fetched, from what may be, or puts them on the [`Tab`] of this work.
///
/// # Errors
///
/// [`Exhausted::Bytes`] if that was more than is left.
pub fn charge(bytes: u64) -> Result<(), Exhausted> {
    let Some(allowance) = current() else {
        return Ok(());
    };
    match TAB.try_with(|tab| tab.add(bytes)) {
        Ok(()) => Ok(()),
        Err(_) => allowance.charge(bytes),
    }
}

/// Does `work`, a part of what has an allowance, until it is done or the time is over.
///
/// # Errors
///
/// [`Exhausted::Time`].
pub async fn in_time<F: Future>(work: F) -> Result<F::Output, Exhausted> {
    let Some(allowance) = current() else {
        return Ok(work.await);
    };
    tokio::select! {
        biased;
        done = work => Ok(done),
        exhausted = allowance.end() => Err(exhausted),
    }
}

/// Does `work` that takes no time away: reading a local file, or asking a person.
pub fn uncounted<T>(work: impl FnOnce() -> T) -> T {
    let current = current();
    let whole = current
        .as_ref()
        .and_then(|allowance| allowance.0.whole.clone());
    let _stopped = (
        current.as_ref().map(Stopped::new),
        whole.as_ref().map(Stopped::new),
    );
    work()
}

/// Waits for what others hold, which takes no time away from the artifact, but from the command.
pub async fn while_waiting<F: Future>(wait: F) -> F::Output {
    let _stopped = current().as_ref().map(Stopped::new);
    wait.await
}

/// Does `work` for several at once, on the allowance of none of them.
pub async fn for_all<F: Future>(work: F) -> F::Output {
    CURRENT.scope(None, work).await
}

#[cfg(test)]
mod tests;
