//! The engine, with a clock that stands still unless everybody waits.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, sleep};

use super::*;
use crate::allowance::{Allowed, Exhausted};
use crate::limits::{
    MAX_BEGUN_AT_ONCE, MAX_CONCURRENT_ARTIFACTS, MAX_HELD_SIGNATURES, MAX_WAITING_ITEMS,
};

/// An item that takes so many milliseconds, and then fails or not.
#[derive(Debug, Clone)]
struct Item {
    lane: String,
    millis: u64,
    fails: bool,
}

fn item(lane: &str, millis: u64) -> Item {
    Item {
        lane: lane.to_owned(),
        millis,
        fails: false,
    }
}

fn failing(millis: u64) -> Item {
    Item {
        fails: true,
        ..item("", millis)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Done,
    Failed,
    /// It was interrupted while it was under way.
    GivenUp,
    NotTried(NotTried),
}
use Outcome::{Done, Failed, GivenUp};

const AFTER_FAILURE: Outcome = Outcome::NotTried(NotTried::AfterFailure);
const INTERRUPTED: Outcome = Outcome::NotTried(NotTried::Interrupted);

/// Two of a lane at a time; notes what it begins. Each outcome has this weight.
#[derive(Debug, Clone, Default)]
struct Sleeping<const WEIGHT: usize> {
    begun: Arc<Mutex<Vec<usize>>>,
    stop: Stop,
}

impl<const WEIGHT: usize> Sleeping<WEIGHT> {
    fn begun(&self) -> Vec<usize> {
        self.begun.lock().unwrap().clone()
    }

    fn on(
        &self,
        items: impl IntoIterator<Item = Item, IntoIter: Send + 'static>,
        options: Options,
    ) -> Many<'static, Self> {
        self.on_stream(stream::iter(items).boxed(), options)
    }

    fn on_stream(&self, items: BoxStream<'static, Item>, options: Options) -> Many<'static, Self> {
        Many::new(self.clone(), items, options.ended_by(self.stop.clone()))
    }
}

impl<const WEIGHT: usize> Work for Sleeping<WEIGHT> {
    type Item = Item;
    type Outcome = Outcome;

    const MOST_OF_ONE_LANE: usize = 2;

    fn lane(&self, item: &Item) -> String {
        item.lane.clone()
    }

    async fn run(self, index: usize, item: Item) -> Outcome {
        self.begun.lock().unwrap().push(index);
        let work = sleep(Duration::from_millis(item.millis));
        tokio::select! {
            biased;
            () = work => if item.fails { Failed } else { Done },
            () = self.stop.given_up() => GivenUp,
        }
    }

    fn not_tried(&self, _item: Item, reason: NotTried) -> Outcome {
        Outcome::NotTried(reason)
    }

    fn is_failure(outcome: &Outcome) -> bool {
        matches!(outcome, Failed)
    }

    fn weight(_outcome: &Outcome) -> usize {
        WEIGHT
    }
}

type Light = Sleeping<0>;

/// The positions of the answers as they come, each with the milliseconds since the start.
async fn answers<'a, W: Work + 'a>(many: &mut Many<'a, W>) -> Vec<(usize, u128)> {
    let start = Instant::now();
    let mut answers = Vec::new();
    while let Some(answer) = many.answer().await {
        answers.push((answer.index, start.elapsed().as_millis()));
    }
    answers
}

/// Interrupts after these milliseconds.
fn interrupts(millis: &'static [u64]) -> BoxStream<'static, ()> {
    let waits = stream::iter(millis).then(|millis| sleep(Duration::from_millis(*millis)));
    waits.chain(stream::pending()).boxed()
}

#[tokio::test(start_paused = true)]
async fn so_many_of_a_lane_and_so_many_in_all_run_at_the_same_time() {
    let work = Light::default();
    let mut many = work.on(vec![item("a", 10); 5], Options::default());
    let times: Vec<u128> = answers(&mut many).await.iter().map(|(_, at)| *at).collect();
    assert_eq!(times, [10, 10, 20, 20, 30]);

    let work = Light::default();
    let options = Options::default().with_most_of_one_lane(1_000);
    let mut many = work.on(vec![item("a", 10); 1_000], options);
    assert!(many.next().await.is_some());
    assert_eq!(work.begun().len(), MAX_CONCURRENT_ARTIFACTS);

    // A bound of zero leaves no lane out.
    let options = Options::default().with_most_of_one_lane(0);
    let many = Light::default().on(vec![item("a", 10); 3], options);
    assert_eq!(many.outcomes().await, [Done, Done, Done]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_lane_holds_up_no_other() {
    let work = Light::default();
    let mut items = vec![item("slow", 60_000); 50];
    items.extend(vec![item("quick", 10); 20]);
    let mut many = work.on(items, Options::default().in_order(Order::AsTheyCome));
    let start = Instant::now();
    for _ in 0..20 {
        assert!(many.answer().await.unwrap().index >= 50);
    }
    assert_eq!(start.elapsed(), Duration::from_millis(100));
    assert_eq!(work.begun().iter().filter(|item| **item < 50).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_item_that_hangs_holds_up_only_its_lane() {
    let work = Light::default();
    let hangs = item("hangs", u64::from(u32::MAX));
    let items = [hangs.clone(), hangs, item("hangs", 1), item("well", 1)];
    let mut many = work.on(items, Options::default().in_order(Order::AsTheyCome));
    assert_eq!(many.answer().await.unwrap().index, 3);
    assert_eq!(work.begun(), [0, 1, 3]);
    assert!(many.answer().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn many_slow_lanes_leave_the_others_their_part() {
    let mut items = Vec::new();
    for lane in 0..40 {
        items.extend(vec![item(&lane.to_string(), 60_000); 3]);
    }
    items.push(item("quick", 10));
    let work = Light::default();
    let mut many = work.on(items, Options::default().in_order(Order::AsTheyCome));
    let start = Instant::now();
    assert_eq!(many.answer().await.unwrap().index, 120);
    assert_eq!(start.elapsed(), Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn answers_come_in_the_order_given_or_as_they_come() {
    let items = [
        item("a", 50),
        item("b", 1),
        item("a", 30),
        item("b", 20),
        item("c", 1),
    ];
    let mut in_order = Light::default().on(items.clone(), Options::default());
    assert_eq!(
        answers(&mut in_order).await,
        [(0, 50), (1, 50), (2, 50), (3, 50), (4, 50)]
    );
    let options = Options::default().in_order(Order::AsTheyCome);
    let mut as_they_come = Light::default().on(items, options);
    assert_eq!(
        answers(&mut as_they_come).await,
        [(1, 1), (4, 1), (3, 20), (2, 30), (0, 50)]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_too_heavy_to_be_held_is_not_begun_before_its_turn() {
    let mut items = vec![item("a", 50), item("b", 1)];
    items.extend(vec![item("c", 1); 5]);
    let work = Sleeping::<MAX_HELD_SIGNATURES>::default();
    let mut many = work.on(items.clone(), Options::default());
    assert_eq!(many.answer().await.unwrap().index, 0);
    assert_eq!(work.begun(), [0, 1, 2, 3]);
    let rest: Vec<usize> = answers(&mut many).await.iter().map(|(at, _)| *at).collect();
    assert_eq!(rest, [1, 2, 3, 4, 5, 6]);
    // Nothing is held where answers do not wait.
    let work = Sleeping::<MAX_HELD_SIGNATURES>::default();
    let mut many = work.on(items, Options::default().in_order(Order::AsTheyCome));
    while many.answer().await.unwrap().index != 0 {}
    assert_eq!(work.begun().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_failure_ends_the_rest_where_that_is_wanted() {
    let items = [
        item("", 20),
        failing(10),
        item("", 10),
        item("", 10),
        failing(10),
    ];
    let many = Light::default().on(items.clone(), Options::default());
    assert_eq!(many.outcomes().await, [Done, Failed, Done, Done, Failed]);
    let many = Light::default().on(items, Options::default().stopping_at_failure(true));
    // What was under way is finished.
    assert_eq!(
        many.outcomes().await,
        [Done, Failed, AFTER_FAILURE, AFTER_FAILURE, AFTER_FAILURE]
    );
    // Also where it comes before anything was waited for.
    let many = Light::default().on(
        [failing(0), item("", 0)],
        Options::default().stopping_at_failure(true),
    );
    assert_eq!(many.outcomes().await, [Failed, AFTER_FAILURE]);
}

#[tokio::test(start_paused = true)]
async fn the_first_interrupt_begins_nothing_more_and_the_second_ends_everything() {
    let items = || vec![item("", 1_000), item("", 5_000), item("", 1_000)];
    let work = Light::default();
    let mut many = work
        .on(items(), Options::default())
        .interrupted_by(interrupts(&[500]));
    let start = Instant::now();
    assert_eq!(many.next().await, Some(Event::Interrupted));
    assert_eq!(start.elapsed().as_millis(), 500);
    assert_eq!(many.outcomes().await, [Done, Done, INTERRUPTED]);
    assert_eq!(start.elapsed().as_millis(), 5_000);

    let mut many = Light::default()
        .on(items(), Options::default())
        .interrupted_by(interrupts(&[500, 1_000, 1]));
    let start = Instant::now();
    assert_eq!(many.next().await, Some(Event::Interrupted));
    // Said once.
    let mut rest = Vec::new();
    while let Some(event) = many.next().await {
        assert_ne!(event, Event::Interrupted);
        rest.extend(match event {
            Event::Answer(answer) => Some(answer.outcome),
            _ => None,
        });
    }
    assert_eq!(rest, [Done, GivenUp, INTERRUPTED]);
    assert_eq!(start.elapsed().as_millis(), 1_500);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_out_of_time() {
    let allowed = Allowed::for_each_artifact(Some(Duration::from_millis(15)));
    let options = Options::default().within(allowed.whole.clone());
    let many = Light::default().on(vec![item("", 10); 5], options);
    let limit = Duration::from_millis(15);
    let over = NotTried::OutOfTime(Exhausted::Time { limit, whole: true });
    assert_eq!(
        many.outcomes().await,
        [Done, Done, Done, Done, Outcome::NotTried(over)]
    );
    assert_eq!(over.code(), "out-of-time");
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_not_waited_for_after_an_interrupt_or_out_of_time() {
    // Unlike `stream::pending()`, it does not say how many come.
    let silence = || stream::poll_fn(|_| std::task::Poll::Pending);
    let silent = || stream::iter([item("", 10)]).chain(silence()).boxed();
    let work = Light::default();
    let mut many = work.on_stream(silent(), Options::default());
    assert_eq!(many.answer().await.unwrap().outcome, Done);
    assert!(many.answer().now_or_never().is_none());
    assert_eq!(many.progress().all, None);
    assert!(work.stop.interrupt());
    assert_eq!(many.answer().await, None);

    let allowed = Allowed::for_each_artifact(Some(Duration::from_millis(15)));
    let options = Options::default().within(allowed.whole);
    let many = Light::default().on_stream(silent(), options);
    let start = Instant::now();
    assert_eq!(many.outcomes().await, [Done]);
    assert_eq!(start.elapsed().as_millis(), 15);
}

/// Each item has another task do something; notes what is begun and what was done.
#[derive(Debug, Clone, Default)]
struct Sending(Arc<Mutex<String>>);

impl Work for Sending {
    type Item = ();
    type Outcome = ();

    const MOST_OF_ONE_LANE: usize = 100;

    fn lane(&self, (): &()) -> String {
        String::new()
    }

    async fn run(self, _index: usize, (): ()) {
        self.0.lock().unwrap().push_str("begun ");
        let log = Arc::clone(&self.0);
        let sent = tokio::spawn(async move { log.lock().unwrap().push_str("sent ") });
        sent.await.unwrap();
    }

    fn not_tried(&self, (): (), _reason: NotTried) {}

    fn is_failure((): &()) -> bool {
        false
    }

    fn weight((): &()) -> usize {
        1
    }
}

#[tokio::test]
async fn what_was_begun_has_its_turn_before_more_is() {
    let work = Sending::default();
    let items = stream::iter(vec![(); 3 * MAX_BEGUN_AT_ONCE]);
    let many = Many::new(work.clone(), items, Options::default());
    assert_eq!(many.outcomes().await.len(), 3 * MAX_BEGUN_AT_ONCE);
    let wave = "begun ".repeat(MAX_BEGUN_AT_ONCE) + &"sent ".repeat(MAX_BEGUN_AT_ONCE);
    assert_eq!(*work.0.lock().unwrap(), wave.repeat(3));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_read_as_it_is_needed() {
    let read = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&read);
    let items = std::iter::repeat_with(move || {
        *counted.lock().unwrap() += 1;
        item("a", 1)
    });
    let options = Options::default().in_order(Order::AsTheyCome);
    let mut many = Light::default().on(items.take(1_000_000), options);
    assert_eq!(many.progress().all, Some(1_000_000));
    for ended in 1..100 {
        assert_eq!(many.answer().await.unwrap().index, ended - 1);
        let most = MAX_WAITING_ITEMS + MAX_CONCURRENT_ARTIFACTS + ended;
        assert!(*read.lock().unwrap() <= most);
        assert_eq!(many.progress().all, Some(1_000_000));
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_known_before_the_answers_are() {
    let items = [item("a", 50), failing(10), item("b", 20)];
    let mut many = Light::default().on(items, Options::default());
    let mut seen = Vec::new();
    while let Some(event) = many.next().await {
        let progress = many.progress();
        assert_eq!(progress.all, Some(3));
        seen.push((event, progress.ended, progress.failed));
    }
    let answer = |index, outcome| Event::Answer(Answer { index, outcome });
    assert_eq!(
        seen,
        [
            (Event::Ended, 1, 1),
            (Event::Ended, 2, 1),
            (Event::Ended, 3, 1),
            (answer(0, Done), 3, 1),
            (answer(1, Failed), 3, 1),
            (answer(2, Done), 3, 1),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_enough() {
    for order in [Order::AsGiven, Order::AsTheyCome] {
        let options = Options::default().in_order(order).stopping_at_failure(true);
        let mut many = Light::default()
            .on([], options)
            .interrupted_by(stream::empty());
        assert_eq!(many.next().await, None);
        assert_eq!(many.next().await, None);
        assert_eq!(many.progress().all, Some(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_dropped_loses_nothing() {
    let mut many = Light::default().on(vec![item("", 10); 3], Options::default());
    for _ in 0..5 {
        let asked = tokio::time::timeout(Duration::from_millis(1), many.answer());
        assert!(asked.await.is_err());
    }
    assert_eq!(many.outcomes().await, [Done, Done, Done]);
}
