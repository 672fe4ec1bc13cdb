//! What the function of AWS Lambda answers and writes: the answer for Amazon ECS, the verdict for the audit, version 1
//! (`schemas/hook-verdict.v1.schema.json`), and the metrics.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::gate::{GateResult, GateVerdict};
use super::reason::Reason;
use crate::notary::rfc3339;

/// Whether a deployment goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum HookStatus {
    /// It goes on.
    Succeeded,
    /// It is rolled back.
    Failed,
    /// It is held, and the hook is called again.
    InProgress,
}

impl HookStatus {
    /// The word for Amazon ECS.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::InProgress => "IN_PROGRESS",
        }
    }
}

/// The answer of a lifecycle hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HookAnswer {
    /// In how many seconds the hook is called again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_back_delay: Option<u64>,
    /// Why, and what comes back with the next call.
    pub hook_details: HookDetails,
    /// Whether the deployment goes on.
    pub hook_status: HookStatus,
}

impl HookAnswer {
    /// An answer that is the last one.
    pub fn last(hook_status: HookStatus, reason: String) -> Self {
        let hook_details = HookDetails {
            countersign: None,
            reason,
        };
        Self {
            call_back_delay: None,
            hook_details,
            hook_status,
        }
    }

    /// An answer that holds the deployment for `seconds`.
    pub fn wait(seconds: u64, state: HookState, reason: String) -> Self {
        let hook_details = HookDetails {
            countersign: Some(state),
            reason,
        };
        Self {
            call_back_delay: Some(seconds),
            hook_details,
            hook_status: HookStatus::InProgress,
        }
    }
}

/// `hookDetails` of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HookDetails {
    /// What the next call needs to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub countersign: Option<HookState>,
    /// Why the hook answers so.
    pub reason: String,
}

/// How long a deployment has been held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HookState {
    /// How many calls there were.
    pub calls: u64,
    /// When the first one was, in RFC 3339.
    pub first_call: String,
}

impl HookState {
    /// So many calls since then.
    pub fn new(calls: u64, first: OffsetDateTime) -> Self {
        Self {
            calls,
            first_call: rfc3339(first),
        }
    }
}

/// Which gate policy decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HookPolicy {
    /// The digest of the very bytes that were read.
    pub sha256: String,
    /// Where it is: a file of the package, or an ARN.
    pub source: String,
    /// Whether the policy has no pinned digest, so every user who may write it decides.
    pub unpinned: bool,
    /// Its version, where its source has versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HookStop {
    /// Why it was not stopped, or could not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether Amazon ECS was told to stop it, and said that it does.
    pub stopped: bool,
}

/// One line for the audit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HookVerdict {
    /// What was answered: a deployment, a task, a push, a direct invocation, or what could not be read.
    pub action: &'static str,
    /// Why the answer is not `SUCCEEDED`, or why it is without a look at the images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The gate policy, once it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_policy: Option<HookPolicy>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// Lambda's name for the invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What was decided about each image.
    pub results: Vec<GateResult>,
    /// `CLUSTER/SERVICE`, the cluster, the repository, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The stage of the deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<&'static str>,
    /// The answer.
    pub status: HookStatus,
    /// What became of the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<HookStop>,
    /// The ARN of the service revision or the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When it was answered, in RFC 3339.
    pub time: String,
    /// The trace of AWS X-Ray.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What this line is: `verdict`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The version of its form: `1`.
    pub version: &'static str,
}

/// Metrics of one answer in the Embedded Metric Format of Amazon's `CloudWatch`.
#[derive(Debug, Clone, PartialEq)]
pub struct HookMetrics {
    time: OffsetDateTime,
    service: String,
    action: &'static str,
    counts: [(&'static str, u64); 4],
    latency_ms: u64,
}

/// The namespace of the metrics.
const NAMESPACE: &str = "Countersign";

impl HookMetrics {
    /// The metrics of what `verdict` says, at `time`.
    pub fn new(verdict: &HookVerdict, time: OffsetDateTime) -> Self {
        let count = |wanted: &[GateVerdict]| {
            let found = verdict.results.iter();
            let found = found
                .filter(|result| wanted.contains(&result.verdict))
                .count();
            u64::try_from(found).unwrap_or(u64::MAX)
        };
        let failed = count(&[GateVerdict::Rejected, GateVerdict::Unsigned]);
        let inconclusive = count(&[GateVerdict::Inconclusive]);
        // What a deployment waits for is not an error yet.
        let (failed, inconclusive) = match verdict.status {
            HookStatus::InProgress => (0, failed.saturating_add(inconclusive)),
            _ => (failed, inconclusive),
        };
        // What failed before there was a result for an image is counted once.
        let is_beside = verdict.status != HookStatus::Succeeded && failed + inconclusive == 0;
        let counts = [
            ("SignatureValidationErrors", failed),
            ("Verified", count(&[GateVerdict::Verified])),
            ("Tolerated", count(&[GateVerdict::Tolerated])),
            ("Inconclusive", inconclusive + u64::from(is_beside)),
        ];
        Self {
            time,
            service: verdict.service.clone().unwrap_or_else(|| "none".to_owned()),
            action: verdict.action,
            counts,
            latency_ms: verdict.latency_ms,
        }
    }
}

impl Serialize for HookMetrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = self.counts.iter();
        let mut metrics: Vec<Value> = counts
            .map(|(name, _)| json!({ "Name": name, "Unit": "Count" }))
            .collect();
        metrics.push(json!({ "Name": "Latency", "Unit": "Milliseconds" }));
        let milliseconds = self.time.unix_timestamp_nanos() / 1_000_000;
        let mut line = json!({
            "_aws": {
                "Timestamp": i64::try_from(milliseconds).unwrap_or_default(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Service", "Action"], ["Action"]],
                    "Metrics": metrics,
                }],
            },
            "Service": self.service,
            "Action": self.action,
            "Latency": self.latency_ms,
        });
        if let Some(members) = line.as_object_mut() {
            members.extend(
                self.counts
                    .iter()
                    .map(|(name, count)| ((*name).to_owned(), json!(count))),
            );
        }
        line.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_answer_has_amazon_ecs_own_words() {
        let text = |answer: &HookAnswer| serde_json::to_value(answer).unwrap();
        assert_eq!(
            text(&HookAnswer::last(HookStatus::Failed, "why".to_owned())),
            json!({ "hookStatus": "FAILED", "hookDetails": { "reason": "why" } })
        );
        let state = HookState::new(2, datetime!(2026-11-29 12:00 UTC));
        assert_eq!(
            text(&HookAnswer::wait(30, state, "why".to_owned())),
            json!({
                "hookStatus": "IN_PROGRESS",
                "callBackDelay": 30,
                "hookDetails": {
                    "reason": "why",
                    "countersign": { "calls": 2, "firstCall": "2026-11-29T12:00:00Z" },
                },
            })
        );
        for status in [
            HookStatus::Succeeded,
            HookStatus::Failed,
            HookStatus::InProgress,
        ] {
            assert_eq!(
                serde_json::to_value(status).unwrap(),
                json!(status.as_str())
            );
        }
    }
}
