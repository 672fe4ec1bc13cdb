//! A trusted identity that was probably meant to match.

use std::fmt;

/// A trusted identity that does not match, and was probably meant to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The identity as the policy has it.
    pub identity: String,
    /// Why it does not match.
    pub reason: String,
}

impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "trusted identity `{}` {}", self.identity, self.reason)
    }
}
