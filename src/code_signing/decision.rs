//! What AWS Lambda does with a package that is deployed: accepted, accepted with a warning, or refused.
//!
//! As its documentation says of `Warn` and `Enforce`, and as it was seen to do: a damaged signature of code is refused in
//! either case, and one of a layer counts for none.

use crate::aws::UntrustedArtifact;

/// Whose package it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageOf {
    /// The function itself.
    Code,
    /// One of its layers.
    Layer,
}

/// One of AWS Lambda's checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LambdaCheck {
    /// The package is as it was when it was signed.
    Integrity,
    /// The signing profile is one of the configuration's.
    Mismatch,
    /// The signature has not expired.
    Expiry,
    /// Neither the signature nor the profile is revoked.
    Revocation,
}

impl LambdaCheck {
    /// Every check, in AWS's order.
    pub const ALL: [Self; 4] = [
        Self::Integrity,
        Self::Mismatch,
        Self::Expiry,
        Self::Revocation,
    ];

    /// AWS's name for it, in lower case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Integrity => "integrity",
            Self::Mismatch => "mismatch",
            Self::Expiry => "expiry",
            Self::Revocation => "revocation",
        }
    }
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// It passed.
    Passed,
    /// It failed, for this reason.
    Failed(String),
    /// It could not be decided, for this reason.
    Unknown(String),
    /// It was not made, because an earlier one failed.
    NotMade,
}

/// What the checks of a package came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is not signed.
    Unsigned,
    /// It is signed: what came of each check.
    Signed(Vec<(LambdaCheck, CheckResult)>),
}

/// What AWS Lambda does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The package is deployed.
    Accepted,
    /// The package is deployed, with a warning.
    Warned,
    /// What it does is not known.
    Unknown,
    /// The deployment is refused.
    Refused,
}

impl Outcome {
    /// The code; it does not change once published.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Warned => "warned",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
}

/// What AWS Lambda does, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What it does.
    pub outcome: Outcome,
    /// Why, where it is not simply accepted; each in one clause.
    pub reasons: Vec<String>,
}

/// What AWS Lambda does with a package that stands so, in a function with a configuration that says `untrusted` of other code, or
/// without one.
pub fn decide(
    of: PackageOf,
    standing: &Standing,
    untrusted: Option<UntrustedArtifact>,
) -> Decision {
    let Some(untrusted) = untrusted else {
        let why = "the function does not have a code signing configuration";
        return Decision {
            outcome: Outcome::Accepted,
            reasons: vec![why.to_owned()],
        };
    };
    let other_code = match untrusted {
        UntrustedArtifact::Warn => Outcome::Warned,
        UntrustedArtifact::Enforce => Outcome::Refused,
    };
    let checks = match standing {
        Standing::Unsigned => {
            return Decision {
                outcome: other_code,
                reasons: vec!["it is not signed".to_owned()],
            };
        }
        Standing::Signed(checks) => checks,
    };
    let mut decision = Decision {
        outcome: Outcome::Accepted,
        reasons: Vec::new(),
    };
    for (check, result) in checks {
        let (outcome, reason) = match (check, result) {
            (_, CheckResult::Passed | CheckResult::NotMade) => continue,
            (LambdaCheck::Integrity, CheckResult::Failed(reason)) if of == PackageOf::Layer => (
                other_code,
                format!("integrity: {reason}; a layer with a damaged signature counts as unsigned"),
            ),
            (LambdaCheck::Integrity, CheckResult::Failed(reason)) => (
                Outcome::Refused,
                format!(
                    "integrity: {reason}; AWS Lambda refuses that whatever the configuration says"
                ),
            ),
            (check, CheckResult::Failed(reason)) => {
                (other_code, format!("{}: {reason}", check.code()))
            }
            // Whatever it is, a warning is the worst of it.
            (check, CheckResult::Unknown(reason)) => {
                (Outcome::Unknown, format!("{}: {reason}", check.code()))
            }
        };
        decision.outcome = decision.outcome.max(outcome);
        decision.reasons.push(reason);
    }
    decision
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARN: Option<UntrustedArtifact> = Some(UntrustedArtifact::Warn);
    const ENFORCE: Option<UntrustedArtifact> = Some(UntrustedArtifact::Enforce);

    fn signed(check: LambdaCheck, result: CheckResult) -> Standing {
        let passed = |one: &LambdaCheck| (*one, CheckResult::Passed);
        let mut checks: Vec<_> = LambdaCheck::ALL.iter().map(passed).collect();
        let at = checks.iter().position(|(one, _)| *one == check).unwrap();
        checks[at].1 = result;
        Standing::Signed(checks)
    }

    /// As AWS's documentation says, and as `lambda-code-signing.native-facts.json` recorded it.
    #[test]
    fn warn_and_enforce_do_what_aws_was_seen_to_do() {
        use LambdaCheck as C;
        use Outcome::{Accepted, Refused, Unknown, Warned};
        use PackageOf::{Code, Layer};
        let failed = |check| signed(check, CheckResult::Failed("x".to_owned()));
        let unknown = |check| signed(check, CheckResult::Unknown("x".to_owned()));
        for (of, standing, warn, enforce) in [
            (
                Code,
                signed(C::Expiry, CheckResult::Passed),
                Accepted,
                Accepted,
            ),
            (Code, Standing::Unsigned, Warned, Refused),
            (Layer, Standing::Unsigned, Warned, Refused),
            (Code, failed(C::Integrity), Refused, Refused),
            (Layer, failed(C::Integrity), Warned, Refused),
            (Code, failed(C::Mismatch), Warned, Refused),
            (Code, failed(C::Expiry), Warned, Refused),
            (Layer, failed(C::Expiry), Warned, Refused),
            (Code, failed(C::Revocation), Warned, Refused),
            (Code, unknown(C::Revocation), Unknown, Unknown),
        ] {
            let outcome = |untrusted| decide(of, &standing, untrusted).outcome;
            assert_eq!(
                (outcome(WARN), outcome(ENFORCE)),
                (warn, enforce),
                "{of:?} {standing:?}"
            );
            assert_eq!(outcome(None), Accepted);
        }
    }

    #[test]
    fn every_reason_is_said() {
        let standing = Standing::Signed(vec![
            (LambdaCheck::Mismatch, CheckResult::Failed("a".to_owned())),
            (LambdaCheck::Expiry, CheckResult::Failed("b".to_owned())),
            (
                LambdaCheck::Revocation,
                CheckResult::Unknown("c".to_owned()),
            ),
        ]);
        let decision = decide(PackageOf::Code, &standing, ENFORCE);
        assert_eq!(decision.outcome, Outcome::Refused);
        assert_eq!(
            decision.reasons,
            ["mismatch: a", "expiry: b", "revocation: c"]
        );
        assert_eq!(
            decide(PackageOf::Code, &standing, WARN).outcome,
            Outcome::Unknown
        );
    }
}
