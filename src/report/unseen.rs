//! Why a document may lack signatures that a registry has.

use serde::Serialize;

use super::reason::Reason;
use crate::hints::Reader;
use crate::verify;

/// Why there may be signatures that were not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Unseen {
    /// There are more than may be looked at.
    Limit {
        /// `limit-reached`.
        code: &'static str,
        /// How many may be.
        limit: usize,
    },
    /// The list broke off, or the record of what was stored does not fit.
    Reason(Reason),
    /// What the verification may use was used up.
    Exhausted {
        /// `out-of-time` or `too-much-fetched`.
        code: &'static str,
        /// The same in a sentence.
        message: String,
        /// How many listed signatures were not begun.
        not_tried: usize,
    },
}

impl Unseen {
    pub(super) fn new(unseen: &verify::Unseen, reader: &Reader) -> Self {
        match unseen {
            verify::Unseen::Limit(limit) => Self::Limit {
                code: "limit-reached",
                limit: *limit,
            },
            verify::Unseen::Listing(error) => {
                let message = error.to_string();
                let hint = error.hint();
                Self::Reason(Reason::new("list-broke-off", message, error, hint, reader))
            }
            verify::Unseen::Record(error) => {
                let message = error.to_string();
                let hint = Some(error.hint());
                let code = "signatures-withheld";
                Self::Reason(Reason::new(code, message, error, hint, reader))
            }
            verify::Unseen::Exhausted { source, not_tried } => Self::Exhausted {
                code: source.code(),
                message: source.to_string(),
                not_tried: *not_tried,
            },
        }
    }
}
