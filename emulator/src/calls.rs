//! The calls that were made, for a test to look at.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

/// Older calls than this many are forgotten, so that a long-running emulator does not grow.
const MAX_CALLS: usize = 10_000;

/// One call, whatever its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RecordedCall {
    /// `GET`, `POST`, ...
    pub method: String,
    /// The host the client meant, without a port.
    pub host: String,
    /// Path and query, as sent.
    pub path: String,
    /// `SignPayload`, `GetCallerIdentity`, `registry:...`; `Unknown` where nothing has this path.
    pub operation: String,
    /// The answer's status; none where the connection was reset.
    pub status: Option<u16>,
    /// The access key a signed request names (not the secret).
    pub access_key_id: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Calls {
    calls: Mutex<VecDeque<RecordedCall>>,
}

impl Calls {
    pub(crate) fn record(&self, call: RecordedCall) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= MAX_CALLS {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    pub(crate) fn all(&self) -> Vec<RecordedCall> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }

    pub(crate) fn clear(&self) {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}
