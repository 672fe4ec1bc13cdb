//! What can be wrong with a trust policy: each rule in our words, in notation's, and what to do.

use std::fmt;
use std::path::PathBuf;

use super::statement::Level;
use super::{DocumentKind, scope};
use crate::config::StoreNameError;
use crate::document::{Kind, Position, place};
use crate::notary::{Action, Validation};
use crate::x509::identity::{self, quote};

/// One thing that is wrong, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub(super) const fn is_of_form(&self) -> bool {
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
    /// `x509.subject` with a name that is none.
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
    /// Two identities, one of which already trusts everyone whom the other trusts.
    #[error("`{broad}` already trusts everyone whom `{narrow}` trusts; keep one of the two")]
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
    /// A text that is no scope.
    #[error(
        "found scope `{found}`; allowed: `*`, or a whole repository such as `registry.example.com/team/app`"
    )]
    ScopeInvalid {
        /// The scope.
        found: String,
    },
    /// A scope that the document has before.
    #[error("the scope `{found}` occurs more than once; each belongs to one statement")]
    ScopeTaken {
        /// The scope.
        found: String,
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

impl Rule {
    /// notation's sentence, where it has one: what its command line prints after `Error: `.
    pub(super) fn notation_sentence(&self, kind: DocumentKind, statement: &str) -> Option<String> {
        let document = kind.as_str();
        let name = quote(statement);
        let of_statement =
            |rest: String| format!("{document} trust policy: trust policy statement {name} {rest}");
        let of_level =
            |rest: String| of_statement(format!("has invalid signatureVerification: {rest}"));
        let sentence = match self {
            Self::WrongType { .. } | Self::OtherLetterCase { .. } => return None,
            Self::VersionMissing => {
                format!("{document} trust policy document has empty version, version must be specified")
            }
            Self::VersionUnsupported { found } => {
                format!("{document} trust policy document uses unsupported version {}", quote(found))
            }
            Self::NoStatements => {
                format!("{document} trust policy document can not have zero trust policy statements")
            }
            Self::NameMissing => format!(
                "{document} trust policy: a trust policy statement is missing a name, every statement requires a name"
            ),
            Self::NameTaken { found } => format!(
                "multiple {document} trust policy statements use the same name {}, statement names must be unique",
                quote(found)
            ),
            Self::LevelMissing => of_level(
                "signature verification level is empty or missing in the trust policy statement".into(),
            ),
            Self::LevelUnknown { found } => {
                of_level(format!("invalid signature verification level {}", quote(found)))
            }
            Self::OverrideOfSkip => of_level(
                "signature verification level \"skip\" can't be used to customize signature verification".into(),
            ),
            Self::OverrideUnknown { found } => of_level(format!(
                "verification type {} in custom signature verification is not supported, supported values are \
                 [\"integrity\" \"authenticity\" \"authenticTimestamp\" \"expiry\" \"revocation\"]",
                quote(found)
            )),
            Self::ActionUnknown { found, .. } => of_level(format!(
                "verification action {} in custom signature verification is not supported, supported values are \
                 [\"enforce\" \"log\" \"skip\"]",
                quote(found)
            )),
            Self::OverrideOfIntegrity => of_level(
                "\"integrity\" verification can not be overridden in custom signature verification".into(),
            ),
            Self::SkipNotAllowed { validation } => of_level(format!(
                "\"{validation}\" verification can not be skipped in custom signature verification"
            )),
            Self::VerifyTimestamp { found } => of_level(format!(
                "verifyTimestamp must be \"always\" or \"afterCertExpiry\", but got {}",
                quote(found)
            )),
            Self::TrustAtSkip { .. } => of_statement(
                "is set to skip signature verification but configured with trust stores and/or trusted \
                 identities, remove them if signature verification needs to be skipped"
                    .into(),
            ),
            Self::TrustMissing { .. } => of_statement(
                "is either missing trust stores or trusted identities, both must be specified".into(),
            ),
            Self::Store { found, problem } => of_statement(store_sentence(found, problem)),
            Self::IdentityEmpty => of_statement("has an empty trusted identity".into()),
            Self::IdentityWithoutType { found } => {
                of_statement(format!("has trusted identity {} missing separator", quote(found)))
            }
            Self::IdentityType { found } => of_statement(format!(
                "has trusted identity of the unsupported type {}",
                quote(found)
            )),
            Self::IdentityWithoutValue { found } => of_statement(format!(
                "has trusted identity {} without an identity value",
                quote(found)
            )),
            Self::IdentitySubject { found, problem } => {
                let subject = found.split_once(':').map_or("", |(_, subject)| subject);
                of_statement(format!(
                    "has trusted identity {} with invalid identity value: {}",
                    quote(found),
                    problem.notation_sentence(subject)
                ))
            }
            Self::IdentityWildcard => of_statement(
                "uses a wildcard trusted identity '*', a wildcard identity cannot be used in conjunction with \
                 other values"
                    .into(),
            ),
            Self::IdentitiesOverlap { broad, narrow } => of_statement(format!(
                "has overlapping x509 trustedIdentities, {} overlaps with {}",
                quote(broad),
                quote(narrow)
            )),
            Self::ScopesMissing => format!(
                "{document} trust policy statement {name} has zero registry scopes, it must specify registry \
                 scopes with at least one value"
            ),
            Self::ScopeWildcard => format!(
                "{document} trust policy statement {name} uses wildcard registry scope '*', a wildcard scope \
                 cannot be used in conjunction with other scope values"
            ),
            Self::ScopeInvalid { found } => {
                let wildcards = if found.contains(scope::WILDCARD) {
                    " with wild card(s)"
                } else {
                    ""
                };
                scope_sentence(found, wildcards)
            }
            Self::ScopeTaken { found } => format!(
                "registry scope {} is present in multiple {document} trust policy statements, one registry scope \
                 value can only be associated with one statement",
                quote(found)
            ),
            Self::SkipEverything => format!(
                "{document} trust policy statement {name} is set to skip signature verification and cannot use \
                 the wildcard registry scope '*'"
            ),
            Self::GlobalTwice => format!(
                "multiple {document} trust policy statements have globalPolicy set to true. Only one trust policy \
                 statement can be marked as global policy"
            ),
            Self::GlobalSkip => {
                "global blob trust policy statement cannot have verification level set to skip".into()
            }
        };
        Some(sentence)
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        let advice = match self {
            Self::OtherLetterCase { found, allowed } => {
                return Some(format!("write `{allowed}` instead of `{found}`"));
            }
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
            Self::IdentitySubject { problem, .. } => return problem.hint(),
            Self::IdentityType { .. } => {
                "did you mean `x509.subject:`, in lower case and without a blank?"
            }
            Self::IdentityWithoutType { .. } => {
                "a certificate's subject is written `x509.subject: C=US, ST=WA, O=example`, a signing profile as its ARN"
            }
            Self::SkipEverything => {
                "name the repositories that need no signature, or use level `audit`, which verifies and only warns"
            }
            Self::GlobalSkip => "use level `audit`, which verifies and only warns",
            Self::ScopeInvalid { found } if found.contains(scope::WILDCARD) => {
                "a scope is one whole repository; there are no patterns, only `*` for everything else"
            }
            Self::ScopeInvalid { .. } => {
                "leave out scheme, tag and digest; the repository is in lower case and its registry is spelled out"
            }
            Self::Store {
                problem: StoreNameError::NoType { found },
                ..
            } => {
                return Some(format!(
                    "AWS Signer's roots are in stores of type `signingAuthority`: `signingAuthority:{found}`"
                ));
            }
            _ => return None,
        };
        Some(advice.into())
    }
}

/// notation's sentence about an artifact's text that holds no scope.
pub(super) fn scope_sentence(found: &str, wildcards: &str) -> String {
    format!(
        "registry scope {}{wildcards} is not valid, make sure it is a fully qualified repository without the scheme, \
         protocol or tag. For example domain.com/my/repository or a local scope like local/myOCILayout",
        quote(found)
    )
}

fn store_sentence(found: &str, problem: &StoreNameError) -> String {
    let value = quote(found);
    match problem {
        StoreNameError::NoType { .. } => format!(
            "has malformed trust store value {value}. The required format is <TrustStoreType>:<TrustStoreName>"
        ),
        StoreNameError::Type { found } => {
            format!(
                "uses an unsupported trust store type {} in trust store value {value}",
                quote(found)
            )
        }
        StoreNameError::Name { found } => format!(
            "uses an unsupported trust store name {} in trust store value {value}. Named store name needs to \
             follow [a-zA-Z0-9_.-]+ format",
            quote(found)
        ),
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
