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
use crate::aws::{Aws, Call, Location, Pace};
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
        what: &dyn Display,
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

/// The pages of a list, of which there is an end.
#[derive(Debug, Default)]
struct Pages {
    read: usize,
    /// The token of the next page; `None` for the first.
    token: Option<String>,
    is_over: bool,
}

impl Pages {
    /// Whether there is another page that is read.
    const fn has_next(&self) -> bool {
        !self.is_over && self.read < MAX_SIGNER_PAGES
    }

    /// The token of the next page; the first has none.
    fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Goes on to the page that `token` names.
    fn turn(&mut self, token: Option<&str>) -> Result<(), String> {
        self.read += 1;
        let token = token.filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_some() && self.token == token {
            return Err("its next page is the same one".to_owned());
        }
        self.is_over = token.is_none();
        self.token = token;
        Ok(())
    }

    /// Whether no page was left out.
    const fn is_complete(&self) -> bool {
        self.is_over || self.read < MAX_SIGNER_PAGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end() {
        let mut pages = Pages::default();
        assert_eq!((pages.has_next(), pages.token()), (true, None));
        pages.turn(Some("a")).unwrap();
        assert_eq!(
            (pages.has_next(), pages.token()),
            (true, Some("a".to_owned()))
        );
        let problem = pages.turn(Some("a")).unwrap_err();
        assert_eq!(problem, "its next page is the same one");
        pages.turn(None).unwrap();
        assert_eq!((pages.has_next(), pages.is_complete()), (false, true));
        let mut pages = Pages::default();
        for number in 0..MAX_SIGNER_PAGES {
            assert!(pages.has_next());
            pages.turn(Some(&number.to_string())).unwrap();
        }
        assert_eq!((pages.has_next(), pages.is_complete()), (false, false));
    }
}
