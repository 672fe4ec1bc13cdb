//! The first request to a host goes alone until its answer begins, since a host that speaks HTTP/2 then has all others on
//! that one connection. Sent at once, each of them opens one, of which all but one are given up.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio::time::timeout;
use url::Url;

use crate::allowance;
use crate::limits::FIRST_ANSWER_PATIENCE;
use crate::partition::Partition;

/// Whether a host has answered a request.
#[derive(Debug, Default)]
pub(super) struct FirstRequest {
    is_taken: AtomicBool,
    is_over: watch::Sender<bool>,
}

impl FirstRequest {
    /// Waits while the first request to this host is alone, unless this is it. No slow answer is waited for.
    pub(super) async fn turn(&self, url: &Url) {
        if *self.is_over.borrow() || !may_speak_http2(url) {
            return;
        }
        if !self.is_taken.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut is_over = self.is_over.subscribe();
        let over = timeout(FIRST_ANSWER_PATIENCE, is_over.wait_for(|is_over| *is_over));
        if allowance::while_waiting(over).await.is_err() {
            self.end();
        }
    }

    /// An answer began, or the request ended without one.
    pub(super) fn end(&self) {
        self.is_over
            .send_if_modified(|is_over| !std::mem::replace(is_over, true));
    }
}

/// HTTP/2 is agreed upon in TLS. Amazon ECR and Amazon S3 are taken to speak HTTP/1.1 only, where waiting would be for
/// nothing; should one of them speak HTTP/2, more connections than needed are opened, and no more comes of it.
fn may_speak_http2(url: &Url) -> bool {
    let is_amazons = |host: &str| {
        let suffixes =
            [Partition::Aws, Partition::AwsCn, Partition::AwsEusc].map(Partition::dns_suffix);
        suffixes.into_iter().any(|suffix| {
            let before = host.strip_suffix(suffix);
            before.is_some_and(|before| before.ends_with('.'))
        })
    };
    url.scheme() == "https" && !url.host_str().is_some_and(is_amazons)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::time::Instant;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn all_others_wait_for_the_first_answer_and_not_for_a_slow_one() {
        let registry = url("https://r.example/v2/");
        let first = FirstRequest::default();
        assert!(first.turn(&registry).now_or_never().is_some());
        let mut next = Box::pin(first.turn(&registry));
        assert!(next.as_mut().now_or_never().is_none());
        first.end();
        assert!(next.now_or_never().is_some());
        assert!(first.turn(&registry).now_or_never().is_some());

        let slow = FirstRequest::default();
        slow.turn(&registry).await;
        let begun = Instant::now();
        slow.turn(&registry).await;
        assert_eq!(begun.elapsed(), FIRST_ANSWER_PATIENCE);
        assert!(slow.turn(&registry).now_or_never().is_some());
    }

    #[tokio::test]
    async fn where_there_is_no_http2_nothing_waits() {
        for without in [
            "http://r.example/v2/",
            "https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/v2/",
            "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x",
        ] {
            let first = FirstRequest::default();
            for _ in 0..3 {
                assert!(
                    first.turn(&url(without)).now_or_never().is_some(),
                    "{without}"
                );
            }
        }
        let first = FirstRequest::default();
        let other = url("https://notamazonaws.com/");
        assert!(first.turn(&other).now_or_never().is_some());
        assert!(first.turn(&other).now_or_never().is_none());
    }
}
