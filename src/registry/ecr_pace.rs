//! How fast Amazon ECR is asked for manifests, which is a quota of an account in a Region. All else is asked for until it
//! answers that it is too much.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use url::Url;

use crate::aws::Pace;
use crate::limits::{ECR_MANIFESTS_PER_SECOND, MAX_KEPT_SESSIONS};
use crate::reference::EcrHost;

/// The paces of one client, by account and Region.
#[derive(Debug, Default)]
pub(super) struct EcrPaces(Mutex<HashMap<(String, String), EcrPace>>);

impl EcrPaces {
    /// The pace for a registry.
    pub(super) fn of(&self, registry: &EcrHost) -> EcrPace {
        let key = (registry.account().to_owned(), registry.region().to_owned());
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paces.len() >= MAX_KEPT_SESSIONS && !paces.contains_key(&key) {
            paces.clear();
        }
        let pace = || EcrPace(Pace::in_any_second(ECR_MANIFESTS_PER_SECOND));
        paces.entry(key).or_insert_with(pace).clone()
    }
}

/// The pace for one registry. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct EcrPace(Pace);

impl EcrPace {
    /// Waits until `url` may be asked for.
    pub(super) async fn turn(&self, url: &Url) {
        if url.path().contains("/manifests/") {
            self.0.turn().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    const ECR: &str = "111122223333.dkr.ecr.us-west-2.amazonaws.com";

    fn host(host: &str) -> EcrHost {
        EcrHost::parse(host).unwrap()
    }

    fn url(path: &str) -> Url {
        Url::parse(&format!("https://{ECR}/v2/app/{path}")).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_is_asked_for_no_more_manifests_in_a_second_than_its_quota() {
        let paces = EcrPaces::default();
        let (begin, pace) = (Instant::now(), paces.of(&host(ECR)));
        for _ in 0..ECR_MANIFESTS_PER_SECOND {
            pace.turn(&url("manifests/v1")).await;
        }
        for path in ["blobs/sha256:0", "referrers/sha256:0"] {
            pace.turn(&url(path)).await;
        }
        for other in [
            "444455556666.dkr.ecr.us-west-2.amazonaws.com",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
        ] {
            paces.of(&host(other)).turn(&url("manifests/v1")).await;
        }
        assert_eq!(begin.elapsed(), Duration::ZERO);
        // Another name of the same registry.
        let same = paces.of(&host("111122223333.dkr-ecr.us-west-2.on.aws"));
        same.turn(&url("manifests/v2")).await;
        assert_eq!(begin.elapsed(), Duration::from_secs(1));
    }
}
