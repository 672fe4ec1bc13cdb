//! From what was found to the answer: one table.
//!
//! | found | a deployment | anything else |
//! | --- | --- | --- |
//! | every image may run | `SUCCEEDED` | `SUCCEEDED` |
//! | an image is refused | `FAILED` | `FAILED` |
//! | an image has no signature | `IN_PROGRESS` where the package waits for it and there is time, else `FAILED` | `FAILED` |
//! | something could not be looked at | the same | `FAILED` |
//! | no image, or anything unexpected | `FAILED` | `FAILED` |

use super::package::Waits;
use crate::report::{GateVerdict, HookState, HookStatus};

/// What was found about one image, or about the whole invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It may run.
    Passed,
    /// It may not.
    Refused,
    /// It has no signature.
    NotSigned,
    /// It could not be looked at.
    Inconclusive,
}

impl From<GateVerdict> for Finding {
    fn from(verdict: GateVerdict) -> Self {
        match verdict {
            GateVerdict::Verified | GateVerdict::Tolerated | GateVerdict::Exempted => Self::Passed,
            GateVerdict::Unsigned => Self::NotSigned,
            GateVerdict::Inconclusive => Self::Inconclusive,
            GateVerdict::Rejected => Self::Refused,
        }
    }
}

/// The answer to these findings. `next` is the state for another call; `None` if nothing waits any more.
pub fn decide(
    findings: &[Finding],
    waits: Waits,
    next: Option<HookState>,
) -> (HookStatus, Option<HookState>) {
    let is_waited_for = |finding: &Finding| match finding {
        Finding::Passed => true,
        Finding::Refused => false,
        Finding::NotSigned => waits.not_signed,
        Finding::Inconclusive => waits.inconclusive,
    };
    if findings.is_empty() {
        return (HookStatus::Failed, None);
    }
    if findings.iter().all(|finding| *finding == Finding::Passed) {
        return (HookStatus::Succeeded, None);
    }
    match next {
        Some(state) if findings.iter().all(is_waited_for) => (HookStatus::InProgress, Some(state)),
        _ => (HookStatus::Failed, None),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn only_what_passed_everywhere_succeeds_and_only_what_may_pass_waits() {
        use Finding::{Inconclusive, NotSigned, Passed, Refused};
        use HookStatus::{Failed, InProgress, Succeeded};
        let waits = |inconclusive, not_signed| Waits {
            inconclusive,
            not_signed,
        };
        let state = || Some(HookState::new(1, datetime!(2026-11-29 12:00 UTC)));
        for (findings, waits, next, wanted) in [
            (vec![], waits(true, true), state(), Failed),
            (vec![Passed], waits(false, false), None, Succeeded),
            (vec![Passed, Passed], waits(true, true), state(), Succeeded),
            (vec![Passed, Refused], waits(true, true), state(), Failed),
            (
                vec![Inconclusive, Refused],
                waits(true, true),
                state(),
                Failed,
            ),
            (vec![Inconclusive], waits(true, false), state(), InProgress),
            (vec![Inconclusive], waits(false, true), state(), Failed),
            (vec![Inconclusive], waits(true, true), None, Failed),
            (vec![NotSigned], waits(true, false), state(), Failed),
            (
                vec![NotSigned, Passed],
                waits(false, true),
                state(),
                InProgress,
            ),
            (
                vec![NotSigned, Inconclusive],
                waits(true, false),
                state(),
                Failed,
            ),
            (
                vec![NotSigned, Inconclusive],
                waits(true, true),
                state(),
                InProgress,
            ),
            (vec![NotSigned], waits(true, true), None, Failed),
        ] {
            let (status, state) = decide(&findings, waits, next);
            assert_eq!(status, wanted, "{findings:?}");
            assert_eq!(state.is_some(), wanted == InProgress, "{findings:?}");
        }
    }
}
