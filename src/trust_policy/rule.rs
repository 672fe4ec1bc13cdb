//! What can be wrong with a trust policy: each rule in our words, in notation's, and what to do.

use std::fmt;
use std::path::PathBuf;

use super::scope::{self, ScopeError};
use super::statement::{Level, UnsignedStatement};
use crate::config::StoreNameError;
use crate::document::{Kind, Position, place};
use crate::notary::{Action, Validation};
use crate::x509::identity;

/// One thing that is wrong, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The document's file.
    pub path: PathBuf,
    /// JSON pointer of the value that breaks the rule, or of the object that lacks a member.
    pub pointer: String,
    /// Where that is.
    pub position: Position,
    /// The name of the statement; empty outside of one.
    pub statement: String,
    /// The rule that is broken, with what was found.
    pub rule: Rule,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, position, place) = (self.path.display(), self.position, place(&self.pointer));
        write!(f, "`{path}`, {position}: {place}: {}", self.rule)
    }
}

impl Problem {
    /// Whether notation, too, sees this while it reads the JSON, before any rule of the policy.
    pub const fn is_of_form(&self) -> bool {
        matches!(
            self.rule,
            Rule::WrongType { .. } | Rule::OtherLetterCase { .. }
        )
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        self.rule.hint()
    }
}

/// The rules of `trust-store-trust-policy.md`, "Trust Policy Properties", with what was found instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rule {
    /// A value of another JSON type.
    #[error("found {found}; allowed: {allowed}")]
    WrongType {
        /// The type of the value.
        found: Kind,
        /// The type that the member has.
        allowed: &'static str,
    },
    /// A member whose name differs from a known one in letter case only.
    #[error("found the name `{found}`; allowed: `{allowed}`")]
    OtherLetterCase {
        /// The name as it is written.
        found: String,
        /// The name as it must be written.
        allowed: &'static str,
    },
    /// A member that does not exist, where a known one that has almost its name is missing.
    #[error("the unknown member `{found}` is ignored; near: `{near}`")]
    MemberMisspelt {
        /// The name as it is written.
        found: String,
        /// The known name.
        near: &'static str,
    },
    /// `version` is missing or empty.
    #[error("`version` is missing or empty; allowed: `1.0`")]
    VersionMissing,
    /// Another version.
    #[error("found version `{found}`; allowed: `1.0`")]
    VersionUnsupported {
        /// The version.
        found: String,
    },
    /// No statement.
    #[error("`trustPolicies` is missing or empty; at least one statement is required")]
    NoStatements,
    /// A statement without a name.
    #[error("`name` is missing or empty; every statement needs one of its own")]
    NameMissing,
    /// A name that an earlier statement has.
    #[error("the statement name `{found}` is taken by an earlier statement; names must be unique")]
    NameTaken {
        /// The name.
        found: String,
    },
    /// `signatureVerification.level` is missing or empty.
    #[error("`level` is missing or empty; allowed: {}", Level::words())]
    LevelMissing,
    /// Another level.
    #[error("found level `{found}`; allowed: {}", Level::words())]
    LevelUnknown {
        /// The level.
        found: String,
    },
    /// `override` beside level `skip`.
    #[error(
        "`override` is set at level `skip`; nothing is verified there that could be overridden"
    )]
    OverrideOfSkip,
    /// A validation that does not exist.
    #[error("found validation `{found}`; allowed: {}", overridable())]
    OverrideUnknown {
        /// The name.
        found: String,
    },
    /// An action that does not exist.
    #[error("found action `{found}`; allowed: {}", allowed_actions(*validation))]
    ActionUnknown {
        /// The validation it is for.
        validation: Validation,
        /// The action.
        found: String,
    },
    /// Integrity is always enforced.
    #[error("`integrity` cannot be overridden; allowed: {}", overridable())]
    OverrideOfIntegrity,
    /// Only revocation may be skipped.
    #[error("`{validation}` cannot be skipped; allowed: `enforce`, `log`")]
    SkipNotAllowed {
        /// The validation.
        validation: Validation,
    },
    /// Another value of `verifyTimestamp`.
    #[error("found `{found}`; allowed: `always`, `afterCertExpiry`")]
    VerifyTimestamp {
        /// The value.
        found: String,
    },
    /// Another name in `unsignedRevocationStatements`.
    #[error("found `{found}`; allowed: `aws-signer`")]
    UnsignedStatement {
        /// The name.
        found: String,
    },
    /// Level `skip` with stores or identities.
    #[error("`{member}` is set at level `skip`; it must be absent or empty there")]
    TrustAtSkip {
        /// `trustStores` or `trustedIdentities`.
        member: &'static str,
    },
    /// A level other than `skip` without stores or without identities.
    #[error("`{member}` is missing or empty; at least one is required at every level but `skip`")]
    TrustMissing {
        /// `trustStores` or `trustedIdentities`.
        member: &'static str,
    },
    /// An entry of `trustStores` that names no store.
    #[error("{problem}")]
    Store {
        /// The entry.
        found: String,
        /// What is wrong with it.
        problem: StoreNameError,
    },
    /// An empty entry of `trustedIdentities`.
    #[error(
        "found an empty identity; allowed: `*`, or `TYPE:VALUE` such as `x509.subject: C=US, ST=WA, O=example`"
    )]
    IdentityEmpty,
    /// An entry without a colon.
    #[error(
        "found `{found}`; allowed: `*`, or `TYPE:VALUE` such as `x509.subject: C=US, ST=WA, O=example`"
    )]
    IdentityWithoutType {
        /// The entry.
        found: String,
    },
    /// A type that is almost `x509.subject`, or none.
    #[error(
        "the identity type `{found}` would never match; allowed: `x509.subject`, or a type that a plugin knows"
    )]
    IdentityType {
        /// The text before the colon.
        found: String,
    },
    /// `x509.subject:` and nothing after it.
    #[error("found `{found}` without a subject; allowed: `x509.subject: C=US, ST=WA, O=example`")]
    IdentityWithoutValue {
        /// The entry.
        found: String,
    },
    /// `x509.subject` with a text that is not a distinguished name.
    #[error("the subject of `{found}` cannot be used: {problem}")]
    IdentitySubject {
        /// The entry.
        found: String,
        /// What is wrong with it.
        problem: identity::Error,
    },
    /// `*` beside other identities.
    #[error("`*` is beside other identities; it must be alone")]
    IdentityWildcard,
    /// Two identities, one of which trusts every name that the other trusts.
    #[error("`{broad}` already trusts every subject that `{narrow}` trusts; keep one of the two")]
    IdentitiesOverlap {
        /// The one with fewer attributes.
        broad: String,
        /// The other.
        narrow: String,
    },
    /// No scope.
    #[error("`registryScopes` is missing or empty; allowed: repositories, or `*` alone")]
    ScopesMissing,
    /// `*` beside other scopes.
    #[error("`*` is beside other scopes; it must be alone in its statement")]
    ScopeWildcard,
    /// A text that is not a scope.
    #[error(
        "found scope `{found}`{}; allowed: `*`, or a whole repository such as `registry.example.com/team/app`",
        why(problem)
    )]
    ScopeInvalid {
        /// The scope.
        found: String,
        /// What is wrong with it.
        problem: ScopeError,
    },
    /// A scope that the document has before.
    #[error("the scope `{found}` occurs more than once; each belongs to one statement")]
    ScopeTaken {
        /// The scope.
        found: String,
    },
    /// A scope that another statement has in another spelling.
    #[error(
        "the scope `{found}` is the same repository as `{other}` of statement `{statement}`, in another spelling"
    )]
    ScopeRespelled {
        /// The scope.
        found: String,
        /// The earlier one.
        other: String,
        /// The earlier one's statement.
        statement: String,
    },
    /// Level `skip` for everything.
    #[error("level `skip` is used with the scope `*`, which would verify nothing anywhere")]
    SkipEverything,
    /// Two blob statements that are global.
    #[error("`globalPolicy` is true in more than one statement; allowed: at most one")]
    GlobalTwice,
    /// A global blob statement of level `skip`.
    #[error("level `skip` is used with `globalPolicy`, which would verify nothing by default")]
    GlobalSkip,
}

/// What a text lacks to be a scope, where its form alone does not say it.
fn why(problem: &ScopeError) -> String {
    match problem {
        ScopeError::Form => String::new(),
        ScopeError::Registry(problem) => format!(": {problem}"),
    }
}

impl Rule {
    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        let advice = match self {
            Self::OtherLetterCase { found, allowed } => {
                return Some(format!("write `{allowed}` instead of `{found}`"));
            }
            Self::MemberMisspelt { near, .. } => return Some(format!("did you mean `{near}`?")),
            Self::LevelUnknown { found } => {
                return did_you_mean(found, &Level::ALL.map(Level::as_str));
            }
            Self::OverrideUnknown { found } => {
                return did_you_mean(found, &Validation::ALL.map(Validation::as_str));
            }
            Self::ActionUnknown { found, .. } => {
                return did_you_mean(
                    found,
                    &[Action::Enforce, Action::Log, Action::Skip].map(Action::as_str),
                );
            }
            Self::VerifyTimestamp { found } => {
                return did_you_mean(found, &["always", "afterCertExpiry"]);
            }
            Self::UnsignedStatement { found } => {
                return did_you_mean(
                    found,
                    &UnsignedStatement::ALL.map(UnsignedStatement::as_str),
                );
            }
            Self::IdentitySubject { problem, .. } => return problem.hint(),
            Self::IdentityType { .. } => {
                "did you mean `x509.subject:`, in lower case and without a space?"
            }
            Self::IdentityWithoutType { .. } => {
                "a certificate's subject is written `x509.subject: C=US, ST=WA, O=example`, a signing profile as its ARN"
            }
            Self::SkipEverything => {
                "name the repositories that need no signature, or use level `audit`, which verifies and only warns"
            }
            Self::GlobalSkip => "use level `audit`, which verifies and only warns",
            Self::ScopeInvalid { found, .. } if found.contains(scope::WILDCARD) => {
                "a scope is one whole repository; there are no patterns, only `*` for everything else"
            }
            Self::ScopeInvalid {
                problem: ScopeError::Registry(problem),
                ..
            } => return Some(problem.hint()),
            Self::ScopeRespelled { .. } => {
                "keep the repository in one statement; there it may stand in several spellings"
            }
            Self::ScopeInvalid { .. } => {
                "leave out scheme, tag and digest; the repository is in lower case and its registry is spelled out"
            }
            Self::Store {
                problem: StoreNameError::NoType { found },
                ..
            } => {
                return Some(format!(
                    "write the type of the store before its name: `ca:{found}` for keys of your own, `signingAuthority:{found}` for \
                     AWS Signer's"
                ));
            }
            _ => return None,
        };
        Some(advice.into())
    }
}

fn did_you_mean(found: &str, candidates: &[&'static str]) -> Option<String> {
    let near = crate::document::near_name(found, candidates)?;
    Some(format!("did you mean `{near}`?"))
}

impl Level {
    fn words() -> String {
        words(Self::ALL.map(Self::as_str))
    }
}

fn overridable() -> String {
    let overridable = Validation::ALL
        .into_iter()
        .filter(|v| *v != Validation::Integrity);
    words(overridable.map(Validation::as_str))
}

fn allowed_actions(validation: Validation) -> &'static str {
    if validation == Validation::Revocation {
        return "`enforce`, `log`, `skip`";
    }
    "`enforce`, `log`"
}

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}
