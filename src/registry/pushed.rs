//! Whether a signature that was pushed can be found: a registry may take one and not list it.

use tokio::time::Instant;

use super::RemoteRepository;
use super::error::Error;
use crate::limits;
use crate::oci::{Descriptor, Digest};

/// What a look at the referrers API says of a signature that was pushed.
#[derive(Debug)]
pub(super) enum Look {
    /// It is listed as it is.
    Listed,
    /// The registry has the API, and the list lacks it.
    NotListed,
    /// The registry has no such API.
    NoApi,
    /// The list could not be read, or not whole.
    Inconclusive(Error),
}

impl RemoteRepository {
    /// Looks whether the referrers API lists `manifest` under `subject`. Where the registry says that
    /// it filed it, lists that lag are given a moment.
    pub(super) async fn look_for(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
        is_filed: bool,
    ) -> Look {
        let begun = Instant::now();
        let unit = self.session.endpoint.pool.settings().retry_delay;
        let mut look = self.look_once(subject, manifest).await;
        for number in 1..limits::MAX_LISTING_LOOKS {
            let is_open = match &look {
                Look::NotListed => is_filed,
                Look::Inconclusive(error) => !error.is_denial(),
                Look::Listed | Look::NoApi => false,
            };
            let wait = unit.saturating_mul(1 << number.min(16));
            if !is_open || begun.elapsed() + wait > limits::LISTING_PATIENCE {
                break;
            }
            tokio::time::sleep(wait).await;
            look = self.look_once(subject, manifest).await;
        }
        look
    }

    async fn look_once(&self, subject: &Digest, manifest: &Descriptor) -> Look {
        match self.list_by_api(subject).await {
            Ok(None) => Look::NoApi,
            Ok(Some(listing)) if listing.has(manifest) => Look::Listed,
            Ok(Some(listing)) => listing
                .incomplete
                .map_or(Look::NotListed, Look::Inconclusive),
            Err(error) => Look::Inconclusive(error),
        }
    }
}
