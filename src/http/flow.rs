//! How many requests one host is sent at the same time: as many as it answers as quickly as few, and fewer once it
//! says that there are too many.
//!
//! A window for each host begins wide, grows while all of it is used and answers come as quickly as the quickest did,
//! and is halved where the host answers 429 or 503, or takes no connection (additive increase, multiplicative
//! decrease, as TCP has it). `Retry-After` stops all requests to the host, not only the one that it answers. Waiting
//! for a turn does not use up the artifact's time. A request counts until its answer is read; one that is sent to change
//! something, until the head of its answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use url::{Position, Url};

use super::first_request::FirstRequest;
use super::retry::retry_after;
use crate::allowance;
use crate::limits::{
    FIRST_REQUESTS_OF_ONE_HOST, LEAST_REQUESTS_OF_ONE_HOST, MAX_KNOWN_HOSTS,
    MAX_REQUESTS_OF_ONE_HOST,
};

/// The windows of all hosts.
#[derive(Debug, Default)]
pub(super) struct Flows(Mutex<HashMap<String, Arc<Flow>>>);

impl Flows {
    /// The window of the host that `url` leads to.
    fn of(&self, url: &Url) -> Arc<Flow> {
        let host = &url[Position::BeforeScheme..Position::BeforePath];
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flow) = flows.get(host) {
            return Arc::clone(flow);
        }
        if flows.len() >= MAX_KNOWN_HOSTS {
            flows.retain(|_, flow| Arc::strong_count(flow) > 1);
        }
        let flow = Arc::new(Flow::new());
        flows.insert(host.to_owned(), Arc::clone(&flow));
        flow
    }

    /// Waits for the turn of a request to `url`.
    pub(super) async fn turn(&self, url: &Url) -> Turn {
        let flow = self.of(url);
        flow.first.turn(url).await;
        let at_once = Arc::clone(&flow.window).try_acquire_owned();
        let (permit, waited) = if let Ok(permit) = at_once {
            (Some(permit), false)
        } else {
            // The semaphore is never closed.
            let permit = Arc::clone(&flow.window).acquire_owned();
            (allowance::while_waiting(permit).await.ok(), true)
        };
        // Others may be told to wait longer meanwhile.
        while let Some(end) = flow.pause_end() {
            allowance::while_waiting(sleep_until(end)).await;
        }
        Turn {
            since: Instant::now(),
            flow,
            permit,
            waited,
        }
    }
}

/// The window of one host.
#[derive(Debug)]
struct Flow {
    /// A permit for each request that may be under way.
    window: Arc<Semaphore>,
    state: Mutex<State>,
    first: FirstRequest,
}

#[derive(Debug)]
struct State {
    size: usize,
    /// Permits that are not given back, since the window was halved while they were out.
    owed: usize,
    /// Whether it was never halved: it grows with every answer, and later by one for each window of answers.
    is_starting: bool,
    /// Answers since it last grew.
    answers: usize,
    /// The shortest time in which the head of an answer came.
    quickest: Option<Duration>,
    halved: Option<Instant>,
    paused_until: Option<Instant>,
}

impl Flow {
    fn new() -> Self {
        Self {
            window: Arc::new(Semaphore::new(FIRST_REQUESTS_OF_ONE_HOST)),
            state: Mutex::new(State {
                size: FIRST_REQUESTS_OF_ONE_HOST,
                owed: 0,
                is_starting: true,
                answers: 0,
                quickest: None,
                halved: None,
                paused_until: None,
            }),
            first: FirstRequest::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An answer came, `waited` says whether its request had to wait for its turn.
    fn answered(&self, since: Instant, waited: bool) {
        let took = since.elapsed();
        let mut state = self.state();
        let quickest = state.quickest.map_or(took, |known| known.min(took));
        state.quickest = Some(quickest);
        // Where nothing waits, the window is wide enough.
        if !waited || took > quickest.saturating_mul(2) || state.size >= MAX_REQUESTS_OF_ONE_HOST {
            return;
        }
        state.answers = state.answers.saturating_add(1);
        if !state.is_starting && state.answers < state.size {
            return;
        }
        state.answers = 0;
        state.size = state.size.saturating_add(1);
        if state.owed > 0 {
            state.owed -= 1;
        } else {
            self.window.add_permits(1);
        }
    }

    /// The host has too much to do, in answer to a request that was sent at `since`.
    fn halve(&self, since: Instant) {
        let mut state = self.state();
        // One wave of refusals is one.
        if state.halved.is_some_and(|halved| since < halved) {
            return;
        }
        let size = (state.size / 2).max(LEAST_REQUESTS_OF_ONE_HOST);
        let fewer = state.size.saturating_sub(size);
        let gone = self.window.forget_permits(fewer);
        state.owed = state.owed.saturating_add(fewer.saturating_sub(gone));
        state.size = size;
        state.is_starting = false;
        state.answers = 0;
        state.halved = Some(Instant::now());
    }

    /// Until when no request may be sent, where that is in the future.
    fn pause_end(&self) -> Option<Instant> {
        let end = self.state().paused_until;
        end.filter(|end| Instant::now() < *end)
    }

    fn pause(&self, wait: Duration) {
        let Some(end) = Instant::now().checked_add(wait) else {
            return;
        };
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Some(end));
    }
}

/// The turn of one request: until it is dropped, the request counts.
#[derive(Debug)]
pub(super) struct Turn {
    flow: Arc<Flow>,
    permit: Option<OwnedSemaphorePermit>,
    since: Instant,
    waited: bool,
}

impl Turn {
    /// The head of the answer came. Where there is a body to be read, the request counts until that was done: the turn
    /// is given back. No pause is longer than `longest`.
    ///
    /// Only what is read is read to its end before the next request. Who begins an upload still has that answer when it
    /// asks for the next turn, and in a narrow window such uploads would wait for each other.
    pub(super) fn answered(
        self,
        method: &Method,
        status: StatusCode,
        headers: &http::HeaderMap,
        longest: Duration,
    ) -> Option<Self> {
        self.flow.first.end();
        if matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            self.flow.halve(self.since);
            if let Some(wait) = retry_after(headers).filter(|wait| *wait <= longest) {
                self.flow.pause(wait);
            }
            return None;
        }
        self.flow.answered(self.since, self.waited);
        // Errors and redirects are short, and who reads one may send the next request before it is dropped.
        (method == Method::GET && status.is_success()).then_some(self)
    }

    /// No connection stood: the host, or this machine, has too many.
    pub(super) fn not_connected(self) {
        self.flow.halve(self.since);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.flow.first.end();
        let Some(permit) = self.permit.take() else {
            return;
        };
        let mut state = self.flow.state();
        if state.owed > 0 {
            state.owed -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use http::HeaderMap;
    use http::header::RETRY_AFTER;
    use reqwest::Request;
    use tokio::task::unconstrained;
    use tokio::time::advance;

    use super::super::testing::{Reply, Server};
    use super::super::{Pool, Settings};
    use super::*;

    const LONGEST: Duration = Duration::from_secs(5);

    fn host(name: &str) -> Url {
        Url::parse(&format!("http://{name}/v2/")).unwrap()
    }

    /// As many turns as there are now.
    fn all(flows: &Flows, url: &Url) -> Vec<Turn> {
        std::iter::from_fn(|| flows.turn(url).now_or_never()).collect()
    }

    fn answer(turn: Turn, status: StatusCode) {
        drop(turn.answered(&Method::GET, status, &HeaderMap::new(), LONGEST));
    }

    #[tokio::test(start_paused = true)]
    async fn each_host_has_a_window_of_its_own() {
        let flows = Flows::default();
        let a = all(&flows, &host("a"));
        assert_eq!(a.len(), FIRST_REQUESTS_OF_ONE_HOST);
        assert_eq!(all(&flows, &host("b")).len(), FIRST_REQUESTS_OF_ONE_HOST);
        drop(a);
        assert_eq!(all(&flows, &host("a")).len(), FIRST_REQUESTS_OF_ONE_HOST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_host_gets_half_once_for_a_wave_and_never_none() {
        let (flows, url) = (Flows::default(), host("a"));
        let turns = all(&flows, &url);
        advance(Duration::from_millis(1)).await;
        for turn in turns {
            answer(turn, StatusCode::TOO_MANY_REQUESTS);
        }
        let half = all(&flows, &url);
        assert_eq!(half.len(), FIRST_REQUESTS_OF_ONE_HOST / 2);
        drop(half);
        for _ in 0..20 {
            advance(Duration::from_millis(1)).await;
            let turn = flows.turn(&url).now_or_never().unwrap();
            answer(turn, StatusCode::SERVICE_UNAVAILABLE);
        }
        assert_eq!(all(&flows, &url).len(), LEAST_REQUESTS_OF_ONE_HOST);
    }

    #[tokio::test(start_paused = true)]
    async fn it_grows_while_it_is_used_up_and_answers_are_quick() {
        let (flows, url) = (Flows::default(), host("a"));
        let quick = Duration::from_millis(10);
        for (slowness, grows) in [(1, true), (5, false)] {
            let before = all(&flows, &url);
            let size = before.len();
            // More of them than a task may await before it lets others run.
            let waiting = (0..size).map(|_| unconstrained(flows.turn(&url)));
            let mut waiting: Vec<_> = waiting.map(Box::pin).collect();
            for one in &mut waiting {
                assert!(one.as_mut().now_or_never().is_none());
            }
            drop(before);
            let mut turns = Vec::new();
            for one in waiting {
                turns.push(one.now_or_never().unwrap());
            }
            advance(quick * slowness).await;
            for turn in turns {
                answer(turn, StatusCode::OK);
            }
            assert_eq!(all(&flows, &url).len() > size, grows, "{slowness}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_stops_every_request_to_the_host() {
        let (flows, url) = (Flows::default(), host("a"));
        let turn = flows.turn(&url).await;
        let headers = [(RETRY_AFTER, "3".parse().unwrap())];
        let busy = StatusCode::TOO_MANY_REQUESTS;
        drop(turn.answered(&Method::GET, busy, &headers.into_iter().collect(), LONGEST));
        let mut next = Box::pin(flows.turn(&url));
        assert!(next.as_mut().now_or_never().is_none());
        assert!(flows.turn(&host("b")).now_or_never().is_some());
        advance(Duration::from_secs(3)).await;
        assert!(next.now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn no_host_stops_anybody_for_long() {
        let (flows, url) = (Flows::default(), host("a"));
        let turn = flows.turn(&url).await;
        let headers = [(RETRY_AFTER, "6".parse().unwrap())];
        let busy = StatusCode::TOO_MANY_REQUESTS;
        drop(turn.answered(&Method::GET, busy, &headers.into_iter().collect(), LONGEST));
        assert!(flows.turn(&url).now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_read_counts_and_an_error_does_not() {
        let (flows, url) = (Flows::default(), host("a"));
        let mut turns = all(&flows, &url);
        let read = turns.pop().unwrap();
        let held = read.answered(&Method::GET, StatusCode::OK, &HeaderMap::new(), LONGEST);
        assert!(held.is_some());
        assert!(flows.turn(&url).now_or_never().is_none());
        let refused = turns.pop().unwrap();
        let held = refused.answered(
            &Method::GET,
            StatusCode::UNAUTHORIZED,
            &HeaderMap::new(),
            LONGEST,
        );
        assert!(held.is_none());
        assert!(flows.turn(&url).now_or_never().is_some());
    }

    #[tokio::test]
    async fn uploads_that_were_begun_do_not_wait_for_each_other() {
        let server = Server::start(|request| {
            if request.starts_with("GET ") {
                return Reply::new(429, "").header("Retry-After", "0");
            }
            Reply::new(202, "")
        });
        let server = server.await;
        let url = Url::parse(&format!("http://{}/", server.address())).unwrap();
        let pool = Pool::new(Settings::default());
        // Sent again and again, until the window is as narrow as it gets.
        let busy = Request::new(Method::GET, url.clone());
        assert_eq!(pool.send_idempotent(&busy).await.unwrap().status(), 429);
        assert!(server.asked().len() > 5, "{:?}", server.asked());
        let upload = Request::new(Method::POST, url);
        let mut begun = Vec::new();
        for _ in 0..=LEAST_REQUESTS_OF_ONE_HOST {
            let answered = pool.send_while_busy(&upload);
            let answered = tokio::time::timeout(Duration::from_secs(20), answered).await;
            begun.push(answered.expect("it has its turn").unwrap());
        }
        assert!(begun.iter().all(|answer| answer.status() == 202));
    }
}
