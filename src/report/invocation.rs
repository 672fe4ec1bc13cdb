//! How verifications came about: when, by which program and trust policy, and at what cost.

use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use super::lock::LockedPolicy;
use crate::notary::rfc3339;
use crate::trust_policy::TrustPolicies;

/// One run of a command that verifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Invocation {
    /// How long it took, in milliseconds of the monotonic clock.
    pub duration_milliseconds: u64,
    /// The trust policy; absent where the command line stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<LockedPolicy>,
    /// The version of the program.
    pub program_version: &'static str,
    /// How many HTTP requests the program sent, those sent again included; plugins send others.
    pub requests: u64,
    /// The time by which everything was judged, RFC 3339.
    pub time: String,
}

impl Invocation {
    /// A run that began at `time`, has judged nothing and sent no request.
    pub fn begun(time: OffsetDateTime) -> Self {
        Self {
            duration_milliseconds: 0,
            policy: None,
            program_version: env!("CARGO_PKG_VERSION"),
            requests: 0,
            time: rfc3339(time),
        }
    }

    /// The same, which judged by this trust policy.
    #[must_use]
    pub fn by(self, policies: Option<&TrustPolicies>) -> Self {
        Self {
            policy: policies.and_then(LockedPolicy::of),
            ..self
        }
    }

    /// The same, which sent so many requests and took so long.
    #[must_use]
    pub fn at_cost(self, requests: u64, duration: Duration) -> Self {
        Self {
            duration_milliseconds: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            requests,
            ..self
        }
    }

    /// A run that judged by `policies` at `time`, sent so many requests and took so long.
    pub fn new(
        policies: &TrustPolicies,
        time: OffsetDateTime,
        requests: u64,
        duration: Duration,
    ) -> Self {
        let begun = Self::begun(time).by(Some(policies));
        begun.at_cost(requests, duration)
    }
}
