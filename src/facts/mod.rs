//! Facts about revocation as others state them, whether an authority or AWS Signer: asked for once, kept on
//! this machine, stored for a check without a network, and always with as of when and until when they hold.
//!
//! `revocation` (OCSP responders, CRLs) and `extended_validation` (AWS Signer) are the two sources on
//! it. What a question and an answer are, and whether an answer counts, is theirs to say.

mod asked_once;
mod directory;

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

pub(crate) use asked_once::AskedOnce;
pub(crate) use directory::{Access, Directory};

/// Where an answer was until now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Its source gave it to this run of the program.
    Asked,
    /// It was kept on this machine, in this file.
    Kept(PathBuf),
    /// It was stored in this file for a verification without a network.
    Stored(PathBuf),
}

impl Origin {
    /// A name for programs; it does not change once published.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Asked => "network",
            Self::Kept(_) => "cache",
            Self::Stored(_) => "offline",
        }
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Asked => None,
            Self::Kept(path) | Self::Stored(path) => Some(path),
        }
    }
}

/// What a result rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence<S> {
    /// Who says so, and what was asked.
    pub source: S,
    /// Where the answer is from.
    pub origin: Origin,
    /// As of when it holds.
    pub as_of: OffsetDateTime,
    /// Until when it holds; `None` where the source does not say.
    pub until: Option<OffsetDateTime>,
}

impl<S> Evidence<S> {
    /// How old it is at `now`, in seconds; 0 where another's clock is ahead.
    pub fn age_seconds(&self, now: OffsetDateTime) -> u64 {
        u64::try_from((now - self.as_of).whole_seconds()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_clock_that_is_ahead_makes_nothing_younger_than_now() {
        let as_of = datetime!(2026-11-20 00:00 UTC);
        let evidence = Evidence {
            source: (),
            origin: Origin::Asked,
            as_of,
            until: None,
        };
        assert_eq!(evidence.age_seconds(datetime!(2026-11-20 00:01 UTC)), 60);
        assert_eq!(evidence.age_seconds(datetime!(2026-11-19 00:00 UTC)), 0);
    }
}
