//! How long a deployment is held: the state that Amazon ECS hands back, a counter and a time.
//!
//! The state comes back in `hookDetails`, where the service's owner may write too. It never says what was found, and
//! what is odd in it counts as time that is spent.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::limits::{HOOK_CALL_BACK_DELAY, MAX_HOOK_CALLS, MAX_HOOK_WAIT};
use crate::report::HookState;

/// The member of `hookDetails` that is ours.
pub(super) const STATE: &str = "countersign";

/// Where in the waiting a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The first call.
    First,
    /// A later one.
    Since {
        /// How many calls were before.
        calls: u64,
        /// When the first one was.
        first: OffsetDateTime,
    },
    /// There is no time left.
    Spent,
}

impl Wait {
    /// Reads the state in `hookDetails`. `was_answered` is whether this very execution was told to wait before: it
    /// has a state then, or its time is spent.
    pub fn read(details: Option<&Value>, was_answered: bool, now: OffsetDateTime) -> Self {
        let state = match details {
            None => None,
            Some(Value::Object(details)) => details.get(STATE),
            Some(_) => return Self::Spent,
        };
        match state {
            None if was_answered => Self::Spent,
            None => Self::First,
            Some(state) => Self::read_state(state, now).unwrap_or(Self::Spent),
        }
    }

    fn read_state(state: &Value, now: OffsetDateTime) -> Option<Self> {
        let state = state.as_object().filter(|members| members.len() == 2)?;
        let calls = state.get("calls")?.as_u64()?;
        let first = state.get("firstCall")?.as_str()?;
        let first = OffsetDateTime::parse(first, &Rfc3339).ok()?;
        let waited = Duration::try_from(now - first).ok()?;
        let is_left = (1..MAX_HOOK_CALLS).contains(&calls) && waited < MAX_HOOK_WAIT;
        is_left.then_some(Self::Since { calls, first })
    }

    /// The state for the next call; `None` where it would be too late.
    pub fn next(self, now: OffsetDateTime) -> Option<HookState> {
        let (calls, first) = match self {
            Self::Spent => return None,
            Self::First => (0, now),
            Self::Since { calls, first } => (calls, first),
        };
        let at_next = Duration::try_from(now - first).ok()? + HOOK_CALL_BACK_DELAY;
        (at_next <= MAX_HOOK_WAIT).then(|| HookState::new(calls + 1, first))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);

    fn read(details: &Value) -> Wait {
        Wait::read(Some(details), false, NOW)
    }

    #[test]
    fn a_missing_or_odd_state_counts_as_spent() {
        let at = |calls: Value, first: &str| {
            read(&json!({ "countersign": { "calls": calls, "firstCall": first } }))
        };
        let earlier = datetime!(2026-11-29 11:55 UTC);
        assert_eq!(
            at(json!(3), "2026-11-29T11:55:00Z"),
            Wait::Since {
                calls: 3,
                first: earlier
            }
        );
        for (calls, first) in [
            (json!(0), "2026-11-29T11:55:00Z"),
            (json!(-1), "2026-11-29T11:55:00Z"),
            (json!("3"), "2026-11-29T11:55:00Z"),
            (json!(1.5), "2026-11-29T11:55:00Z"),
            (json!(MAX_HOOK_CALLS), "2026-11-29T11:55:00Z"),
            (json!(3), "2026-11-29T11:50:00Z"),
            (json!(3), "2026-11-29T12:00:01Z"),
            (json!(3), "soon"),
            (json!(3), ""),
        ] {
            assert_eq!(at(calls.clone(), first), Wait::Spent, "{calls} {first}");
        }
        for details in [
            json!({ "countersign": null }),
            json!({ "countersign": {} }),
            json!({ "countersign": { "calls": 3 } }),
            json!({ "countersign": { "calls": 3, "firstCall": "2026-11-29T11:55:00Z", "verdict": "verified" } }),
            json!({ "countersign": "verified" }),
            json!("text"),
            json!([]),
        ] {
            assert_eq!(read(&details), Wait::Spent, "{details}");
        }
    }

    #[test]
    fn the_owners_text_changes_nothing_and_a_lost_state_is_spent() {
        let owners = json!({ "S3_BUCKET_NAME": "x", "policy": "mine", "mode": "warn", "approvalChecked": true });
        assert_eq!(read(&owners), Wait::First);
        assert_eq!(Wait::read(None, false, NOW), Wait::First);
        assert_eq!(Wait::read(None, true, NOW), Wait::Spent);
        assert_eq!(Wait::read(Some(&owners), true, NOW), Wait::Spent);
    }

    #[test]
    fn a_deployment_waits_for_ten_minutes_from_the_first_call() {
        let mut wait = Wait::First;
        let mut now = NOW;
        let mut calls = 0;
        while let Some(state) = wait.next(now) {
            calls += 1;
            now += HOOK_CALL_BACK_DELAY;
            let details = json!({ "countersign": serde_json::to_value(&state).unwrap() });
            wait = Wait::read(Some(&details), true, now);
        }
        assert_eq!((calls, now - NOW), (20, time::Duration::minutes(10)));
        assert_eq!(Wait::Spent.next(NOW), None);
    }
}
