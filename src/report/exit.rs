//! The exit codes of the program, which its documents end with.

use serde::{Serialize, Serializer};

use crate::many::NotTried;
use crate::outcome::FailureClass;
use crate::sign;
use crate::sign::many::{End, Error};

/// How a command ended, from best to worst: a refusal is certain and outweighs what could not be decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Verified, signed, done.
    #[default]
    Done,
    /// Could not be decided: not allowed to look, not reachable, throttled.
    Inconclusive,
    /// Wrong flags, unreadable files.
    Usage,
    /// Looked at and refused, or not signed.
    Rejected,
}

impl Exit {
    /// The exit of a verification that failed.
    pub const fn of(class: FailureClass) -> Self {
        match class {
            FailureClass::Rejected => Self::Rejected,
            FailureClass::Inconclusive => Self::Inconclusive,
        }
    }

    /// The exit of a command with so many findings: a failure is certain and decides; without one, what is not known
    /// leaves it open.
    pub(super) const fn of_findings(failed: usize, unknown: usize) -> Self {
        match (failed, unknown) {
            (0, 0) => Self::Done,
            (0, _) => Self::Inconclusive,
            _ => Self::Rejected,
        }
    }

    /// The exit of the signing of one reference.
    pub fn of_signing(end: &End) -> Self {
        match end {
            // What was not begun after a failure adds nothing to it.
            End::Signed { .. }
            | End::AlreadySigned { .. }
            | End::SameAs { .. }
            | End::NotTried(NotTried::AfterFailure) => Self::Done,
            End::NotTried(_) => Self::Inconclusive,
            End::Failed { error, .. } => match &**error {
                Error::Sign(sign::Error::ReservedMetadata { .. }) => Self::Usage,
                error if error.is_unusable_file() => Self::Usage,
                error if error.is_inconclusive() => Self::Inconclusive,
                _ => Self::Rejected,
            },
        }
    }

    /// The exit of the process.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Rejected => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
        }
    }

    /// The worse of two.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_outweighs_what_could_not_be_decided() {
        assert_eq!(Exit::Done.worse(Exit::Inconclusive), Exit::Inconclusive);
        assert_eq!(Exit::Inconclusive.worse(Exit::Rejected), Exit::Rejected);
        assert_eq!(Exit::Rejected.worse(Exit::Inconclusive), Exit::Rejected);
        assert_eq!(Exit::Rejected.worse(Exit::Done), Exit::Rejected);
    }
}
