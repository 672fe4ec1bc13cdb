//! The engine: reads items, begins what may begin, and gives what happens.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, FuturesUnordered};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use tokio::task::yield_now;

use super::answers::AnswerQueue;
use super::lanes::{Lanes, Turn};
use super::progress::Progress;
use super::stop::{NotTried, Stop};
use super::work::{Options, Work};
use crate::allowance::Allowance;
use crate::limits::{MAX_BEGUN_AT_ONCE, MAX_CONCURRENT_ARTIFACTS, MAX_WAITING_ITEMS};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<O> {
    /// An item is done with, and [`Many::progress`] has changed; its answer may have to wait for earlier ones.
    Ended,
    /// The next answer.
    Answer(Answer<O>),
    /// The first interrupt came.
    Interrupted,
}

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<O> {
    /// The position of the item in the stream, from zero.
    pub index: usize,
    /// What became of it.
    pub outcome: O,
}

/// Work on many items. It goes on only while [`Many::next`] or [`Many::answer`] is awaited, either of which may
/// be dropped and called again; what is under way is given up where this is dropped.
pub struct Many<'a, W: Work> {
    work: W,
    options: Options,
    items: stream::Fuse<BoxStream<'a, W::Item>>,
    /// How many items were read.
    read: usize,
    /// Whether no more are read.
    is_read: bool,
    /// Comes back when a stream that is silent is not waited for any more.
    over: BoxFuture<'a, ()>,
    interrupts: Option<BoxStream<'a, ()>>,
    lanes: Lanes<W::Item>,
    running: FuturesUnordered<BoxFuture<'a, ItemEnd<W::Outcome>>>,
    /// Comes back once what was begun had its turn, where more may begin.
    pause: Option<BoxFuture<'a, ()>>,
    answers: AnswerQueue<W::Outcome>,
    events: VecDeque<Event<W::Outcome>>,
    ended: usize,
    failed: usize,
}

/// An item that is done with.
struct ItemEnd<O> {
    index: usize,
    lane: String,
    outcome: O,
}

impl<'a, W: Work + 'a> fmt::Debug for Many<'a, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Many")
            .field("options", &self.options)
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// Nothing in it is pinned.
impl<W: Work> Unpin for Many<'_, W> {}

impl<'a, W: Work + 'a> Many<'a, W> {
    /// `work` on each of `items`. Nothing is begun yet.
    pub fn new(work: W, items: impl Stream<Item = W::Item> + Send + 'a, options: Options) -> Self {
        let most_of_one = options.most_of_one_lane.unwrap_or(W::MOST_OF_ONE_LANE);
        Self {
            work,
            items: items.boxed().fuse(),
            read: 0,
            is_read: false,
            over: over(options.stop.clone(), options.whole.clone()).boxed(),
            interrupts: None,
            lanes: Lanes::new(most_of_one),
            running: FuturesUnordered::new(),
            pause: None,
            answers: AnswerQueue::new(options.order),
            events: VecDeque::new(),
            ended: 0,
            failed: 0,
            options,
        }
    }

    /// The same, where each element of `interrupts` is one, for [`Stop::interrupt`].
    #[must_use]
    pub fn interrupted_by(self, interrupts: impl Stream<Item = ()> + Send + 'a) -> Self {
        Self {
            interrupts: Some(interrupts.boxed()),
            ..self
        }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let all = match self.items.size_hint() {
            _ if self.is_read => Some(self.read),
            (least, Some(most)) if least == most => Some(self.read.saturating_add(least)),
            _ => None,
        };
        Progress {
            all,
            ended: self.ended,
            failed: self.failed,
        }
    }

    /// What happens next; nothing once every item has its answer.
    pub async fn next(&mut self) -> Option<Event<W::Outcome>> {
        poll_fn(|context| self.poll_event(context)).await
    }

    /// The next answer, whatever else happens; nothing once every item has its own.
    pub async fn answer(&mut self) -> Option<Answer<W::Outcome>> {
        loop {
            match self.next().await? {
                Event::Answer(answer) => return Some(answer),
                Event::Ended | Event::Interrupted => {}
            }
        }
    }

    /// The outcomes of all items, as [`Options::order`] has them.
    pub async fn outcomes(mut self) -> Vec<W::Outcome> {
        let mut outcomes = Vec::new();
        while let Some(answer) = self.answer().await {
            outcomes.push(answer.outcome);
        }
        outcomes
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Event<W::Outcome>>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(Some(event));
            }
            if self.poll_interrupts(context) {
                return Poll::Ready(Some(Event::Interrupted));
            }
            self.read(context);
            self.begin();
            match self.running.poll_next_unpin(context) {
                Poll::Ready(Some(ended)) => self.end(ended),
                Poll::Ready(None) if self.is_read && self.pause.is_none() => {
                    return Poll::Ready(None);
                }
                Poll::Ready(None) | Poll::Pending if self.is_paused_still(context) => {
                    return Poll::Pending;
                }
                Poll::Ready(None) | Poll::Pending => {}
            }
        }
    }

    /// Whether nothing more may begin before this is polled again.
    fn is_paused_still(&mut self, context: &mut Context<'_>) -> bool {
        let Some(pause) = &mut self.pause else {
            return true;
        };
        if pause.poll_unpin(context).is_pending() {
            return true;
        }
        self.pause = None;
        false
    }

    /// Takes the interrupts that came; whether the first one is among them.
    fn poll_interrupts(&mut self, context: &mut Context<'_>) -> bool {
        while let Some(interrupts) = &mut self.interrupts {
            match interrupts.poll_next_unpin(context) {
                Poll::Ready(Some(())) if self.options.stop.interrupt() => return true,
                Poll::Ready(Some(())) => {}
                Poll::Ready(None) => self.interrupts = None,
                Poll::Pending => return false,
            }
        }
        false
    }

    /// Reads items ahead, so that those of other lanes can begin.
    fn read(&mut self, context: &mut Context<'_>) {
        while !self.is_read && self.lanes.waiting() < MAX_WAITING_ITEMS {
            match self.items.poll_next_unpin(context) {
                Poll::Ready(Some(item)) => {
                    self.lanes.add(self.work.lane(&item), self.read, item);
                    self.read = self.read.saturating_add(1);
                }
                Poll::Ready(None) => self.is_read = true,
                Poll::Pending => {
                    self.is_read = self.over.poll_unpin(context).is_ready();
                    return;
                }
            }
        }
    }

    /// Begins what may begin, a few at a time: what the first ones ask is sent, and its answers are under way, before the
    /// last ones open their connections, which they need not where those of the first are free again.
    fn begin(&mut self) {
        if self.pause.is_some() {
            return;
        }
        let mut begun = 0;
        while self.running.len() < MAX_CONCURRENT_ARTIFACTS {
            if begun == MAX_BEGUN_AT_ONCE {
                self.pause = Some(yield_now().boxed());
                return;
            }
            let Some(turn) = self.lanes.begin(|index| self.answers.may_begin(index)) else {
                return;
            };
            begun += 1;
            let work = self.work.clone();
            self.running
                .push(Box::pin(run(work, turn, self.options.clone())));
        }
    }

    fn end(&mut self, ended: ItemEnd<W::Outcome>) {
        let ItemEnd {
            index,
            lane,
            outcome,
        } = ended;
        self.lanes.end(&lane);
        self.ended = self.ended.saturating_add(1);
        let is_failure = W::is_failure(&outcome);
        self.failed = self.failed.saturating_add(usize::from(is_failure));
        self.answers.add(index, W::weight(&outcome), outcome);
        self.events.push_back(Event::Ended);
        while let Some((index, outcome)) = self.answers.take() {
            self.events
                .push_back(Event::Answer(Answer { index, outcome }));
        }
    }
}

impl<'a, W: Work + 'a> Stream for Many<'a, W> {
    type Item = Event<W::Outcome>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_event(context)
    }
}

/// The work on one item, unless it is too late to begin.
async fn run<W: Work>(work: W, turn: Turn<W::Item>, options: Options) -> ItemEnd<W::Outcome> {
    let Turn { index, item, lane } = turn;
    let too_late = || {
        let checked = options.whole.as_ref().map(Allowance::check_time);
        checked?.err().map(NotTried::OutOfTime)
    };
    let outcome = match options.stop.reason().or_else(too_late) {
        Some(reason) => work.not_tried(item, reason),
        None => options.stop.lend(work.run(index, item)).await,
    };
    // Here, where nothing else can begin before.
    if options.stops_at_failure && W::is_failure(&outcome) {
        options.stop.after_failure();
    }
    ItemEnd {
        index,
        lane,
        outcome,
    }
}

/// Comes back at an interrupt, or out of time.
async fn over(stop: Stop, whole: Option<Allowance>) {
    let end = async {
        match &whole {
            Some(whole) => {
                whole.end().await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop.interrupted() => {}
        () = end => {}
    }
}
