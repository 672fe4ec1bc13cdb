//! What an audit can find.

use std::time::Duration;

use crate::aws::UntrustedArtifact;
use crate::limits::MAX_CONFIG_PROFILES;

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Code that is not signed as it should be is deployed, or can be.
    Fail,
    /// It works, and something about it is worth a change.
    Warn,
    /// It could not be looked at.
    Unknown,
}

impl Severity {
    /// The code; it does not change once published.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
        }
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditRule {
    /// A function that no configuration counts for.
    NoConfiguration,
    /// A configuration that deploys other code with a warning.
    OnlyWarns,
    /// A configuration with nearly as many profiles as it can have.
    ManyProfiles,
    /// A canceled profile in a configuration.
    ProfileCanceled,
    /// A revoked profile in a configuration.
    ProfileRevoked,
    /// A profile in a configuration that signs something else.
    ProfileOfOtherPlatform,
    /// A profile in a configuration that could not be looked at.
    ProfileNotKnown,
    /// A function's code that is not signed.
    CodeNotSigned,
    /// A function's code that a profile signed which the configuration does not have.
    CodeOfOtherProfile,
    /// A layer of a function that is not signed.
    LayerNotSigned,
    /// A layer that a profile signed which the configuration does not have.
    LayerOfOtherProfile,
    /// A layer that could not be looked at.
    LayerNotKnown,
    /// A signature of deployed code that has expired.
    SignatureExpired,
    /// A signature of deployed code that expires soon.
    SignatureExpires,
    /// A signature of deployed code that was revoked.
    SignatureRevoked,
    /// A signing job that could not be looked at.
    SignatureNotKnown,
    /// A list that is longer than it is read, or that could not be read.
    Incomplete,
}

/// Every rule with what it finds, in the order of the documentation.
pub const AUDIT_RULES: [(AuditRule, &str); 17] = [
    (
        AuditRule::NoConfiguration,
        "A function does not have a code signing configuration",
    ),
    (
        AuditRule::OnlyWarns,
        "A code signing configuration only warns about other code",
    ),
    (
        AuditRule::ManyProfiles,
        "A code signing configuration has nearly as many signing profiles as it can have",
    ),
    (
        AuditRule::ProfileCanceled,
        "A code signing configuration has a canceled signing profile",
    ),
    (
        AuditRule::ProfileRevoked,
        "A code signing configuration has a revoked signing profile",
    ),
    (
        AuditRule::ProfileOfOtherPlatform,
        "A code signing configuration has a signing profile of another platform",
    ),
    (
        AuditRule::ProfileNotKnown,
        "A signing profile could not be examined",
    ),
    (
        AuditRule::CodeNotSigned,
        "The code of a function is not signed",
    ),
    (
        AuditRule::CodeOfOtherProfile,
        "The code of a function is signed by a profile that its configuration does not have",
    ),
    (
        AuditRule::LayerNotSigned,
        "A layer of a function is not signed",
    ),
    (
        AuditRule::LayerOfOtherProfile,
        "A layer is signed by a profile that the function's configuration does not have",
    ),
    (AuditRule::LayerNotKnown, "A layer could not be examined"),
    (
        AuditRule::SignatureExpired,
        "The signature of deployed code has expired",
    ),
    (
        AuditRule::SignatureExpires,
        "The signature of deployed code expires soon",
    ),
    (
        AuditRule::SignatureRevoked,
        "The signature of deployed code is revoked",
    ),
    (
        AuditRule::SignatureNotKnown,
        "A signing job could not be examined",
    ),
    (AuditRule::Incomplete, "Not everything was examined"),
];

impl AuditRule {
    /// The code; it does not change once published.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoConfiguration => "no-configuration",
            Self::OnlyWarns => "only-warns",
            Self::ManyProfiles => "many-profiles",
            Self::ProfileCanceled => "profile-canceled",
            Self::ProfileRevoked => "profile-revoked",
            Self::ProfileOfOtherPlatform => "profile-of-other-platform",
            Self::ProfileNotKnown => "profile-not-known",
            Self::CodeNotSigned => "code-not-signed",
            Self::CodeOfOtherProfile => "code-of-other-profile",
            Self::LayerNotSigned => "layer-not-signed",
            Self::LayerOfOtherProfile => "layer-of-other-profile",
            Self::LayerNotKnown => "layer-not-known",
            Self::SignatureExpired => "signature-expired",
            Self::SignatureExpires => "signature-expires",
            Self::SignatureRevoked => "signature-revoked",
            Self::SignatureNotKnown => "signature-not-known",
            Self::Incomplete => "incomplete",
        }
    }
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditFinding {
    /// What was looked for.
    pub rule: AuditRule,
    /// How it is.
    pub severity: Severity,
    /// The ARN of the function or the configuration.
    pub subject: String,
    /// What is there, in one clause.
    pub found: String,
    /// What to do.
    pub hint: Option<String>,
}

impl AuditFinding {
    pub(super) fn new(
        rule: AuditRule,
        severity: Severity,
        subject: &dyn std::fmt::Display,
        found: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity,
            subject: subject.to_string(),
            found: found.into(),
            hint: None,
        }
    }

    /// The same with what to do.
    pub(super) fn advising(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

/// From so many profiles on a configuration is nearly full.
pub(super) const MANY_PROFILES: usize = MAX_CONFIG_PROFILES - 2;

/// What becomes of the next deployment of the same code.
pub(super) const fn next_deployment(untrusted: UntrustedArtifact) -> &'static str {
    match untrusted {
        UntrustedArtifact::Enforce => {
            "it runs on, because it was deployed before the configuration counted; the next deployment of it is refused"
        }
        UntrustedArtifact::Warn => {
            "the configuration only warns; `Enforce` would refuse the next deployment of it"
        }
    }
}

/// `30 days`, or `1 day`.
pub(super) fn days(time: Duration) -> String {
    match time.as_secs() / 86_400 {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_code_of_its_own() {
        let mut codes: Vec<_> = AUDIT_RULES.iter().map(|(rule, _)| rule.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), AUDIT_RULES.len());
    }
}
