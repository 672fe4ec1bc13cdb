//! The calls. Whatever changes something is given a record that was looked at first, so that AWS's rules are known
//! before.

mod jobs;
mod permissions;
mod profiles;

use std::fmt::Display;

use aws_sdk_signer::Client;
use aws_sdk_signer::config::retry::RetryConfig;

use super::error::Error;
use crate::aws::{Aws, Call, Location, RateLimit};
use crate::limits::{MAX_SIGNER_PAGES, SIGNER_LISTS_PER_SECOND};

/// AWS Signer in one region, as its administrator uses it.
#[derive(Debug)]
pub struct SigningProfiles {
    client: Client,
    region: String,
    lists: RateLimit,
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
            lists: RateLimit::new(SIGNER_LISTS_PER_SECOND),
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
    /// The token of the next page; `None` inside for the first.
    next: Option<Option<String>>,
    is_over: bool,
}

impl Pages {
    /// The token of the next page, if there is one that is read.
    fn next(&self) -> Option<Option<String>> {
        if self.is_over || self.read >= MAX_SIGNER_PAGES {
            return None;
        }
        Some(self.next.clone().unwrap_or_default())
    }

    /// Goes on to the page that `token` names.
    fn turn(&mut self, token: Option<&str>) -> Result<(), String> {
        self.read += 1;
        let token = token.filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_some() && self.next.as_ref() == Some(&token) {
            return Err("its next page is the same one".to_owned());
        }
        self.is_over = token.is_none();
        self.next = Some(token);
        Ok(())
    }

    /// Whether the last page was read, or there was nothing behind the one that was.
    fn is_complete(&self) -> bool {
        self.is_over || self.read < MAX_SIGNER_PAGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end() {
        let mut pages = Pages::default();
        assert_eq!(pages.next(), Some(None));
        pages.turn(Some("a")).unwrap();
        assert_eq!(pages.next(), Some(Some("a".to_owned())));
        assert_eq!(
            pages.turn(Some("a")).unwrap_err(),
            "its next page is the same one"
        );
        pages.turn(None).unwrap();
        assert_eq!(pages.next(), None);
        assert!(pages.is_complete());
        let mut pages = Pages::default();
        for number in 0..MAX_SIGNER_PAGES {
            assert!(pages.next().is_some());
            pages.turn(Some(&number.to_string())).unwrap();
        }
        assert_eq!(pages.next(), None);
        assert!(!pages.is_complete());
    }
}
