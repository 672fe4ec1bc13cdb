//! Faults on demand: what goes wrong, with which operation, how often.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// A wait longer than this is cut to it: a forgotten fault must not hang a pipeline for good.
const MAX_LATENCY: Duration = Duration::from_mins(5);

/// What goes wrong.
///
/// As JSON (the admin route): `{"fault": "latency", "milliseconds": 500}`, `{"fault": "throttle"}`, ...
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum FaultKind {
    /// The answer waits, at most five minutes.
    Latency {
        /// How long.
        milliseconds: u64,
    },
    /// The service's own throttling error (`TooManyRequestsException`, 429, for AWS Signer).
    Throttle,
    /// The service's own internal error.
    ServerError {
        /// 500 to 599.
        #[serde(default = "internal_server_error")]
        status: u16,
    },
    /// `AccessDeniedException`, naming principal, action and resource.
    AccessDenied,
    /// The connection is reset before an answer.
    ConnectionReset,
    /// The answer's headers and half of its body, then the end of the connection.
    TruncatedBody,
    /// The answer's `Date` is off by this: as if the client's clock were wrong by as much.
    DateSkew {
        /// Seconds; negative ones make the answer older.
        seconds: i64,
    },
    /// A tunnel to a host is refused: the operation is `CONNECT HOST`, and such a fault is for no other.
    TunnelRefused,
    /// `SignPayload` answers something it was not asked for; of AWS KMS, `Sign` knows [`Tamper::Signature`]. Nothing
    /// happens on other operations.
    Tamper {
        /// What is wrong with the answer.
        what: Tamper,
    },
}

fn internal_server_error() -> u16 {
    500
}

/// What is wrong with the envelope that `SignPayload` answers; everything else about it is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Tamper {
    /// A valid signature over a payload with another digest.
    Payload,
    /// A valid signature that names another version of the profile.
    ProfileVersion,
    /// A valid signature that names another profile.
    Profile,
    /// A signature with one bit changed.
    Signature,
    /// A valid signature with a chain of an unknown root.
    Chain,
    /// A valid signature with one more critical attribute.
    Attribute,
    /// Bytes that are not an envelope.
    NotAnEnvelope,
}

/// A fault, the operation it is for, and how many calls it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// `SignPayload`, `GetAuthorizationToken`, ...; `None` for every operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// `None`: until the faults are cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

impl Fault {
    /// A fault of every call of every operation.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            operation: None,
            count: None,
            kind,
        }
    }

    /// Only for this operation.
    #[must_use]
    pub fn on(mut self, operation: &str) -> Self {
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only for the next `count` calls.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.count = Some(count);
        self
    }
}

/// The faults in force. Each call uses up one of the count of every fault that is for it.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Mutex<Vec<Fault>>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&self, fault: Fault) {
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fault);
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// The faults in force, with what is left of their counts.
    pub fn all(&self) -> Vec<Fault> {
        self.faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether tunnels to `host` are refused now.
    pub(crate) fn refuses_tunnel(&self, host: &str) -> bool {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("CONNECT {host}");
        faults.iter().any(|fault| {
            fault.kind == FaultKind::TunnelRefused && fault.operation.as_ref() == Some(&name)
        })
    }

    /// What goes wrong with a call of `operation` now.
    pub(crate) fn take(&self, operation: &str) -> Taken {
        let mut taken = Taken::default();
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        for fault in faults.iter_mut() {
            if fault.count == Some(0)
                || fault
                    .operation
                    .as_deref()
                    .is_some_and(|name| name != operation)
            {
                continue;
            }
            let is_new = match fault.kind {
                FaultKind::Latency { milliseconds } => {
                    taken.latency =
                        (taken.latency + Duration::from_millis(milliseconds)).min(MAX_LATENCY);
                    true
                }
                FaultKind::Tamper { what } => taken.tamper.replace(what).is_none(),
                FaultKind::DateSkew { seconds } => {
                    let offset = time::Duration::seconds(seconds);
                    taken.date_offset.replace(offset).is_none()
                }
                FaultKind::TunnelRefused => false,
                FaultKind::TruncatedBody => {
                    taken.truncated = true;
                    true
                }
                kind @ (FaultKind::Throttle
                | FaultKind::ServerError { .. }
                | FaultKind::AccessDenied
                | FaultKind::ConnectionReset) => {
                    // The first one decides; a second keeps its count for the next call.
                    let is_first = taken.refusal.is_none();
                    taken.refusal.get_or_insert(kind);
                    is_first
                }
            };
            if let (true, Some(count)) = (is_new, &mut fault.count) {
                *count -= 1;
            }
        }
        faults.retain(|fault| fault.count != Some(0));
        taken
    }
}

/// The faults of one call.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) latency: Duration,
    pub(crate) refusal: Option<FaultKind>,
    pub(crate) truncated: bool,
    pub(crate) tamper: Option<Tamper>,
    pub(crate) date_offset: Option<time::Duration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_used_up_by_its_own_operation_only() {
        let faults = Faults::default();
        faults.add(Fault::new(FaultKind::Throttle).on("SignPayload").times(2));
        assert_eq!(faults.take("GetRevocationStatus").refusal, None);
        assert_eq!(
            faults.take("SignPayload").refusal,
            Some(FaultKind::Throttle)
        );
        assert_eq!(
            faults.take("SignPayload").refusal,
            Some(FaultKind::Throttle)
        );
        assert_eq!(faults.take("SignPayload").refusal, None);
        assert_eq!(faults.all(), []);
    }

    #[test]
    fn the_second_refusal_waits_for_the_next_call() {
        let faults = Faults::default();
        faults.add(Fault::new(FaultKind::Throttle).times(1));
        faults.add(Fault::new(FaultKind::ServerError { status: 503 }).times(1));
        assert_eq!(
            faults.take("SignPayload").refusal,
            Some(FaultKind::Throttle)
        );
        assert_eq!(
            faults.take("SignPayload").refusal,
            Some(FaultKind::ServerError { status: 503 })
        );
        assert_eq!(faults.take("SignPayload").refusal, None);
    }

    #[test]
    fn latency_is_bounded() {
        let faults = Faults::default();
        faults.add(Fault::new(FaultKind::Latency {
            milliseconds: u64::MAX,
        }));
        assert_eq!(faults.take("SignPayload").latency, MAX_LATENCY);
    }

    #[test]
    fn the_admin_route_s_form() {
        let fault: Fault =
            serde_json::from_str(r#"{"operation": "SignPayload", "count": 2, "fault": "tamper", "what": "profile-version"}"#)
                .unwrap();
        assert_eq!(
            fault,
            Fault::new(FaultKind::Tamper {
                what: Tamper::ProfileVersion
            })
            .on("SignPayload")
            .times(2)
        );
        let fault: Fault = serde_json::from_str(r#"{"fault": "server-error"}"#).unwrap();
        assert_eq!(fault, Fault::new(FaultKind::ServerError { status: 500 }));
    }
}
