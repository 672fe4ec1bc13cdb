//! The calls. Whatever changes something is given a record that was looked at first, so that AWS's rules are known
//! before.

mod jobs;
mod packages;
mod permissions;
mod profiles;

pub use packages::NewSigningJob;

use std::fmt::Display;

use aws_sdk_signer::Client;
use aws_sdk_signer::config::retry::RetryConfig;

use super::error::Error;
use crate::aws::{Aws, Call, Location, Pace, Pages};
use crate::limits::{
    MAX_SIGNER_PAGES, SIGNER_CALLS_PER_SECOND, SIGNER_LISTS_PER_SECOND, SIGNING_JOBS_PER_SECOND,
};

/// AWS Signer in one region, as its administrator uses it.
#[derive(Debug)]
pub struct SigningProfiles {
    client: Client,
    region: String,
    /// How fast profiles and signatures are asked for and changed.
    pace: Pace,
    /// How fast lists and jobs are asked for.
    lists: Pace,
    /// How fast signing jobs are started.
    starts: Pace,
}

impl SigningProfiles {
    /// AWS Signer where `what` is: in the region of its ARN, else in the one that is set or that AWS's own rules find.
    ///
    /// # Errors
    ///
    /// [`Error::OtherRegion`], [`Error::NoRegion`] and [`Error::Settings`].
    pub async fn connect(
        aws: &Aws,
        what: &(dyn Display + Sync),
        location: Option<&Location>,
    ) -> Result<Self, Error> {
        let region = match location {
            Some(location) => {
                let choice = aws.region_for(&what.to_string(), location);
                let choice = choice.map_err(Error::Settings)?;
                if let Some(wanted) = choice.conflicts_with {
                    return Err(Error::OtherRegion {
                        arn: what.to_string(),
                        wanted,
                        set: choice.region,
                    });
                }
                choice.region
            }
            None => aws
                .default_region()
                .await
                .ok_or_else(|| Error::NoRegion(what.to_string()))?,
        };
        let client = aws.signer(&region).await.map_err(Error::Settings)?;
        // Attempts are counted here.
        let config = client.config().to_builder();
        let config = config.retry_config(RetryConfig::disabled()).build();
        Ok(Self {
            client: Client::from_conf(config),
            region,
            pace: Pace::in_any_second(SIGNER_CALLS_PER_SECOND),
            lists: Pace::in_any_second(SIGNER_LISTS_PER_SECOND),
            starts: Pace::in_any_second(SIGNING_JOBS_PER_SECOND),
        })
    }

    /// The region that is asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    fn call(&self, action: &'static str, resource: String) -> Call {
        Call {
            action,
            resource,
            region: self.region.clone(),
        }
    }
}

/// The pages of one of its lists.
const fn pages() -> Pages {
    Pages::at_most(MAX_SIGNER_PAGES)
}
