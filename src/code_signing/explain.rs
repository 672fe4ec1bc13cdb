//! What AWS Lambda would do with the code of a function and with each of its layers, and why.
//!
//! As AWS's documentation says of `Warn` and `Enforce`, and as it was seen to do: a damaged signature of code is refused in either
//! case, and one of a layer counts for none.

use super::checks::{Check, Deployment, Failure, Outcome, PackageChecks, Policy};
use crate::aws::UntrustedArtifact;
use crate::causes;

/// Whose package it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageOf {
    /// The function itself.
    Code,
    /// One of its layers.
    Layer,
}

impl PackageOf {
    /// The code; it does not change once published.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Layer => "layer",
        }
    }
}

/// What AWS Lambda does with a package, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What it does.
    pub decision: Deployment,
    /// Why, where the package is not simply accepted; each in one clause.
    pub reasons: Vec<String>,
}

impl From<UntrustedArtifact> for Policy {
    fn from(untrusted: UntrustedArtifact) -> Self {
        match untrusted {
            UntrustedArtifact::Warn => Self::Warn,
            UntrustedArtifact::Enforce => Self::Enforce,
        }
    }
}

/// What AWS Lambda does with a package that was judged by the profiles of the function's configuration, which says `policy` of other
/// code.
pub fn explain(of: PackageOf, checks: &PackageChecks, policy: Policy) -> Explanation {
    let decision = match (of, checks.outcome(Check::Integrity)) {
        // Whatever this program refuses to read, AWS Lambda may read in its own way.
        (_, Outcome::Failed(Failure::Package(_))) => Deployment::Inconclusive,
        (PackageOf::Layer, Outcome::Failed(_)) => match policy {
            Policy::Warn => Deployment::Warned,
            Policy::Enforce => Deployment::Refused,
        },
        _ => checks.decision(policy),
    };
    let reasons = checks.outcomes();
    let reasons = reasons.filter_map(|(check, outcome)| reason(of, check, outcome));
    Explanation {
        decision,
        reasons: reasons.collect(),
    }
}

fn reason(of: PackageOf, check: Check, outcome: &Outcome) -> Option<String> {
    let (words, more) = match outcome {
        Outcome::Passed | Outcome::NotChecked => return None,
        Outcome::Inconclusive(error) => (causes::in_one_line(error), ""),
        Outcome::Failed(failure) => {
            let more = match (of, check, failure) {
                (_, _, Failure::Package(_)) => "; AWS Lambda may read it in another way",
                (PackageOf::Layer, Check::Integrity, _) => {
                    "; a layer with a damaged signature counts as unsigned"
                }
                (PackageOf::Code, Check::Integrity, _) => {
                    "; AWS Lambda refuses that whatever the configuration says"
                }
                _ => "",
            };
            (causes::in_one_line(failure), more)
        }
    };
    Some(format!("{}: {words}{more}", check.name()))
}
