//! Time and bytes: what is counted, what is not, and what is said when they are used up.

use tokio::time::{advance, sleep};

use super::*;

fn allowed(seconds: u64, bytes: u64) -> Allowed {
    Allowed {
        time: Some(Duration::from_secs(seconds)),
        bytes,
        whole: None,
    }
}

fn time(seconds: u64, whole: bool) -> Exhausted {
    Exhausted::Time {
        limit: Duration::from_secs(seconds),
        whole,
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_interrupted_waits_no_longer_than_there_is_time() {
    let long = Duration::from_mins(1);
    assert_eq!(at_most(long), long);
    let whole = allowed(5, 1).begin();
    let part = Allowed {
        whole: Some(whole),
        ..allowed(10, 1)
    };
    part.begin()
        .lend(async {
            assert_eq!(at_most(long), Duration::from_secs(5));
            advance(Duration::from_secs(2)).await;
            assert_eq!(at_most(long), Duration::from_secs(3));
            assert_eq!(at_most(Duration::from_secs(1)), Duration::from_secs(1));
            advance(Duration::from_secs(9)).await;
            assert_eq!(at_most(long), Duration::ZERO);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn work_ends_when_its_time_is_over_and_not_before() {
    let allowance = allowed(10, 1).begin();
    let done = allowance.run(sleep(Duration::from_secs(9))).await;
    assert_eq!(done, Ok(()));
    let start = Instant::now();
    let done = allowance.run(std::future::pending::<()>()).await;
    assert_eq!(done, Err(time(10, false)));
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    let computing = allowance.lend(async { check() }).await;
    assert_eq!(computing, Err(time(10, false)));
}

#[tokio::test(start_paused = true)]
async fn the_whole_ends_all_its_parts() {
    let part = Allowed::for_each_artifact(Some(Duration::from_secs(5)));
    assert_eq!(part.check_whole(), Ok(()));
    let first = part.begin();
    let done = first.run(std::future::pending::<()>()).await;
    assert_eq!(done, Err(time(5, true)));
    assert_eq!(part.check_whole(), Err(time(5, true)));
    let second = part.begin();
    assert_eq!(
        second.lend(async { check() }).await,
        Err(time(5, true)),
        "what begins later has no time of its own"
    );
}

#[tokio::test(start_paused = true)]
async fn local_files_and_people_use_no_time() {
    let part = Allowed::for_each_artifact(Some(Duration::from_secs(5)));
    let both = part.begin();
    let elapsed = both
        .run(async {
            let stopped = (Stopped::new(&both), both.0.whole.as_ref().map(Stopped::new));
            advance(Duration::from_hours(1)).await;
            assert_eq!(check(), Ok(()));
            drop(stopped);
            let start = Instant::now();
            both.end().await;
            start.elapsed()
        })
        .await;
    assert_eq!(elapsed, Ok(Duration::from_secs(5)));
    assert_eq!(both.lend(async { uncounted(|| 7) }).await, 7);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_others_uses_the_commands_time_alone() {
    let own = allowed(5, 1).begin();
    let waited = own.run(while_waiting(sleep(Duration::from_mins(1)))).await;
    assert_eq!(waited, Ok(()));
    let part = Allowed::for_each_artifact(Some(Duration::from_secs(5))).begin();
    let waited = part.run(while_waiting(sleep(Duration::from_mins(1)))).await;
    assert_eq!(waited, Err(time(5, true)));
}

#[tokio::test]
async fn bytes_are_counted_to_the_last() {
    let allowance = allowed(10, 100).begin();
    let left = |bytes| allowance.lend(async move { charge(bytes).and_then(|()| check()) });
    assert_eq!(left(99).await, Ok(()));
    let empty = Err(Exhausted::Bytes { max: 100 });
    assert_eq!(left(2).await, empty);
    assert_eq!(left(0).await, empty);
    assert_eq!(allowance.lend(for_all(async { check() })).await, Ok(()));
    assert_eq!((charge(u64::MAX), check()), (Ok(()), Ok(())));
}

#[tokio::test]
async fn what_is_on_a_tab_counts_when_it_is_settled() {
    let empty = Err(Exhausted::Bytes { max: 100 });
    let counted = async |on_tab: u64| {
        let (needed, unneeded) = (Tab::default(), Tab::default());
        assert_eq!(unneeded.run(async { charge(u64::MAX) }).await, Ok(()));
        let fetched = needed.run(async move { charge(30).and(charge(on_tab - 30)) });
        assert_eq!(fetched.await, Ok(()));
        assert_eq!((charge(39), check()), (Ok(()), Ok(())));
        (needed.settle(), check())
    };
    for (on_tab, wanted) in [(60, Ok(())), (62, empty)] {
        let allowance = allowed(10, 100).begin();
        assert_eq!(allowance.lend(counted(on_tab)).await, (wanted, wanted));
    }
}

#[test]
fn what_was_used_up_is_said() {
    for (exhausted, words) in [
        (
            time(120, false),
            "the time for one artifact, 2 minutes, is over",
        ),
        (time(1, true), "the time for the command, 1 second, is over"),
        (
            time(90, true),
            "the time for the command, 90 seconds, is over",
        ),
        (
            Exhausted::Time {
                limit: Duration::from_millis(1_500),
                whole: true,
            },
            "the time for the command, 1.500 seconds, is over",
        ),
        (
            Exhausted::Bytes { max: 5 },
            "more than 5 bytes were fetched for one artifact",
        ),
    ] {
        assert_eq!(exhausted.to_string(), words);
    }
}
