//! The names of the rules by which policies are linted.

use super::super::rule::Rule;
use super::super::warning::Cause;

/// Whether a policy may be used as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It may; this is probably not what was meant.
    Warning,
    /// It must not: it is refused, or a part of it has another effect than it says.
    Error,
}

impl Severity {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A rule, as machines that show findings want to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintRule {
    /// Its name; does not change.
    pub name: &'static str,
    /// What it finds.
    pub summary: &'static str,
}

macro_rules! lint_rules {
    ($($name:literal: $summary:literal,)*) => {
        /// Every rule, by name.
        pub const LINT_RULES: &[LintRule] = &[$(LintRule { name: $name, summary: $summary },)*];
    };
}

lint_rules! {
    "aws-signer-wildcard": "The identity `*` trusts no signature of AWS Signer",
    "aws-signer-without-store": "A signing profile is trusted and no trust store can hold AWS Signer's root",
    "global": "More than one statement for files is global, or a global one verifies nothing",
    "identities-overlap": "One identity of a statement trusts every subject that another one trusts",
    "identity": "A trusted identity has a form that matches nothing",
    "identity-wildcard": "The identity `*` is beside others",
    "json": "The file is not one JSON document, or has a name twice in one object",
    "level": "The verification level is missing or does not exist",
    "member-letter-case": "A member's name is known in other letter case",
    "member-misspelt": "A member is ignored that has almost the name of a known one",
    "member-of-other-document": "A member is ignored that only the other kind of trust policy has",
    "member-unknown": "A member is ignored that the specification does not define",
    "not-a-signing-profile": "An identity looks like a signing profile of AWS Signer and is not one",
    "only-timestamp-stores": "Every trust store of a statement is for timestamps",
    "override": "An override changes what may not be changed, or does not exist",
    "scope-invalid": "A registry scope is not a whole repository",
    "scope-never-matches": "No reference is likely to have this registry scope",
    "scope-respelled": "Two statements have one repository in two spellings",
    "scope-taken": "A registry scope occurs more than once",
    "scope-two-spellings": "One repository is there in two spellings",
    "scope-wildcard": "The registry scope `*` is beside others",
    "scopes-missing": "A statement has no registry scope",
    "skip-everything": "Level `skip` is used for every repository",
    "statement-name": "A statement has no name, or another one's",
    "statements-missing": "The document has no statement",
    "store-missing": "A trust store does not exist",
    "store-name": "An entry of `trustStores` is not a trust store's name",
    "store-unusable": "A trust store cannot be used",
    "timestamp-without-store": "`verifyTimestamp` is set and no trust store is for timestamps",
    "trust-at-skip": "Trust stores or identities at level `skip`",
    "trust-missing": "Trust stores or identities are missing",
    "unsigned-revocation-statements": "An unsigned revocation statement is allowed to a source that does not exist",
    "verify-timestamp": "`verifyTimestamp` has a value that does not exist",
    "version": "The version is missing or not supported",
    "wrong-type": "A value is of another JSON type than its member",
}

/// The name of the rule for a problem.
pub(super) const fn of_rule(rule: &Rule) -> &'static str {
    match rule {
        Rule::WrongType { .. } => "wrong-type",
        Rule::OtherLetterCase { .. } => "member-letter-case",
        Rule::MemberMisspelt { .. } => "member-misspelt",
        Rule::VersionMissing | Rule::VersionUnsupported { .. } => "version",
        Rule::NoStatements => "statements-missing",
        Rule::NameMissing | Rule::NameTaken { .. } => "statement-name",
        Rule::LevelMissing | Rule::LevelUnknown { .. } => "level",
        Rule::OverrideOfSkip
        | Rule::OverrideUnknown { .. }
        | Rule::ActionUnknown { .. }
        | Rule::OverrideOfIntegrity
        | Rule::SkipNotAllowed { .. } => "override",
        Rule::VerifyTimestamp { .. } => "verify-timestamp",
        Rule::UnsignedStatement { .. } => "unsigned-revocation-statements",
        Rule::TrustAtSkip { .. } => "trust-at-skip",
        Rule::TrustMissing { .. } => "trust-missing",
        Rule::Store { .. } => "store-name",
        Rule::IdentityEmpty
        | Rule::IdentityWithoutType { .. }
        | Rule::IdentityType { .. }
        | Rule::IdentityWithoutValue { .. }
        | Rule::IdentitySubject { .. } => "identity",
        Rule::IdentityWildcard => "identity-wildcard",
        Rule::IdentitiesOverlap { .. } => "identities-overlap",
        Rule::ScopesMissing => "scopes-missing",
        Rule::ScopeWildcard => "scope-wildcard",
        Rule::ScopeInvalid { .. } => "scope-invalid",
        Rule::ScopeTaken { .. } => "scope-taken",
        Rule::ScopeRespelled { .. } => "scope-respelled",
        Rule::SkipEverything => "skip-everything",
        Rule::GlobalTwice | Rule::GlobalSkip => "global",
    }
}

/// The name of the rule for a warning, and how bad it is: what trusts nothing, or is ignored and was meant, is an
/// error.
pub(super) const fn of_cause(cause: &Cause) -> (&'static str, Severity) {
    match cause {
        Cause::UnknownMember { near: Some(_), .. } => ("member-misspelt", Severity::Error),
        Cause::UnknownMember { near: None, .. } => ("member-unknown", Severity::Warning),
        Cause::MemberOfOtherDocument { .. } => ("member-of-other-document", Severity::Warning),
        Cause::NotASigningProfile { .. } | Cause::SigningJob { .. } => {
            ("not-a-signing-profile", Severity::Error)
        }
        Cause::OnlyTimestampStores => ("only-timestamp-stores", Severity::Error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_each_is_there_once() {
        assert!(
            LINT_RULES
                .windows(2)
                .all(|pair| pair[0].name < pair[1].name)
        );
    }
}
