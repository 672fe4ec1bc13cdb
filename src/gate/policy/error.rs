//! Why a gate policy cannot be used: each problem with its place and what to do.

use std::fmt;
use std::path::PathBuf;

use super::scope::GateScopeError;
use crate::aws::ArnError;
use crate::document::{Kind, Position, place};
use crate::limits::{MAX_EXEMPTION_TIME, MAX_GATE_POLICY_BYTES, MAX_GATE_SIGNERS};
use crate::oci::Digest;
use crate::trust_policy::scope::ScopeError;
use crate::x509::identity;
use crate::{document, files};

/// Why a gate policy cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatePolicyError {
    /// It cannot be read.
    #[error("the gate policy cannot be read")]
    Unreadable {
        /// Why; names the path.
        source: files::Error,
    },
    /// It is behind a symbolic link, and nothing says what its bytes must be.
    #[error("the gate policy is behind a symbolic link")]
    Linked {
        /// The link; names the path.
        source: files::Error,
    },
    /// Its bytes have another digest than the one that was given for them.
    #[error("the gate policy `{}` has the digest `{found}`; wanted: `{wanted}`", path.display())]
    OtherDigest {
        /// The file.
        path: PathBuf,
        /// The SHA-256 digest of its bytes.
        found: Digest,
        /// The digest that was given.
        wanted: Digest,
    },
    /// It is longer than a gate policy may be.
    #[error("the gate policy `{}` has more than {MAX_GATE_POLICY_BYTES} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// It is not one JSON document, or has a name twice in one object.
    #[error("malformed gate policy `{}`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: document::Error,
    },
    /// It breaks rules.
    #[error("gate policy {}{}", first(problems), more(problems))]
    Invalid {
        /// What is wrong, in the order of the document; never empty, at most
        /// [`crate::limits::MAX_POLICY_PROBLEMS`].
        problems: Vec<GateProblem>,
    },
}

fn first(problems: &[GateProblem]) -> String {
    problems
        .first()
        .map(GateProblem::to_string)
        .unwrap_or_default()
}

fn more(problems: &[GateProblem]) -> String {
    match problems.len() {
        0 | 1 => String::new(),
        2 => " (and 1 more problem)".into(),
        count => format!(" (and {} more problems)", count - 1),
    }
}

impl GatePolicyError {
    /// All problems of a document that could be parsed.
    pub fn problems(&self) -> &[GateProblem] {
        match self {
            Self::Invalid { problems } => problems,
            _ => &[],
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { source } => source.hint(),
            Self::Linked { .. } => Some(
                "give the digest that its bytes must have, as `sha256sum` prints it where the policy is kept: \
                 the setting `gate-policy-sha256 DIGEST`; or name the file without a link in its path"
                    .to_owned(),
            ),
            Self::OtherDigest { .. } => Some(
                "find out who changed the gate policy; if the change is meant, give its digest with the setting `gate-policy-sha256`"
                    .to_owned(),
            ),
            Self::TooLong { .. } => {
                Some("cover more repositories with one scope: `HOST/team/*`".to_owned())
            }
            Self::Malformed { source, .. } => source.hint(),
            Self::Invalid { problems } => problems.first().and_then(|one| one.fault.hint()),
        }
    }
}

/// One thing that is wrong, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateProblem {
    /// The document's file.
    pub path: PathBuf,
    /// JSON pointer of the value that is wrong, or of the object that lacks a member.
    pub pointer: String,
    /// Where that is.
    pub position: Position,
    /// What is wrong.
    pub fault: GateFault,
}

impl fmt::Display for GateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, position, place) = (self.path.display(), self.position, place(&self.pointer));
        write!(f, "`{path}`, {position}: {place}: {}", self.fault)
    }
}

/// What can be wrong with a gate policy, with what was found instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GateFault {
    /// A value of another JSON type.
    #[error("found {found}, wanted {wanted}")]
    WrongType {
        /// The type of the value.
        found: Kind,
        /// What the member takes.
        wanted: &'static str,
    },
    /// A member that gate policies do not have.
    #[error("unknown member `{found}`")]
    Unknown {
        /// Its name.
        found: String,
        /// The one that was probably meant.
        near: Option<&'static str>,
        /// Those that there are.
        known: &'static [&'static str],
    },
    /// A member that must be there.
    #[error("the member `{name}` is missing")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A text that is empty, or blank.
    #[error("the text is empty")]
    Empty,
    /// A list without elements.
    #[error("the list is empty")]
    EmptyList,
    /// A list that is too long.
    #[error("the list has more than {max} elements")]
    TooMany {
        /// How many it may have.
        max: usize,
    },
    /// Another version than the one that is known.
    #[error("version `{found}` is not supported, wanted `{wanted}`")]
    Version {
        /// The version.
        found: String,
        /// The one that is known.
        wanted: &'static str,
    },
    /// A word that is not one of those that the member takes.
    #[error("found `{found}`, wanted {}", in_words(wanted))]
    Word {
        /// The word.
        found: String,
        /// Those that there are.
        wanted: Vec<&'static str>,
    },
    /// A name that another rule, or another signer of the rule, has.
    #[error("the name `{found}` is taken")]
    NameTaken {
        /// The name.
        found: String,
    },
    /// A text that is not a scope.
    #[error("`{found}` is not a scope")]
    Scope {
        /// The text.
        found: String,
        /// Why.
        #[source]
        source: GateScopeError,
    },
    /// A scope of the same rank as another one: which rule counts could not be said.
    #[error("`{found}` covers the same repositories as `{other}` of the rule `{rule}`")]
    ScopeTaken {
        /// The scope.
        found: String,
        /// The other one.
        other: String,
        /// The rule that has it.
        rule: String,
    },
    /// A text that is not a requirement, or several requirements.
    #[error("a requirement is `all`, `any`, or `atLeast` and `of`")]
    Requirement,
    /// A number of signers that cannot be.
    #[error("`atLeast` is {found}, wanted 1 to {signers}, the number of signers")]
    Count {
        /// The number, as it is written.
        found: String,
        /// How many signers there are.
        signers: usize,
    },
    /// More signers than a rule may have.
    #[error("the rule has more than {MAX_GATE_SIGNERS} signers")]
    TooManySigners,
    /// A signer that is named in two ways, or in none.
    #[error("a signer is a `signingProfile`, or a `statement` with an `identity`")]
    Signer,
    /// Two roles that one signer would fill, which fills one only.
    #[error("the signer `{name}` is the same; one signer fills one role")]
    SameSigner {
        /// The other role.
        name: String,
    },
    /// A text that is not the ARN of a signing profile.
    #[error("not the ARN of a signing profile")]
    Profile {
        /// Why.
        #[source]
        source: ArnError,
    },
    /// `*` as an identity.
    #[error("`*` names no signer")]
    AnyIdentity,
    /// A subject that cannot be one.
    #[error("not a subject that can be trusted")]
    Subject {
        /// Why.
        #[source]
        source: identity::Error,
    },
    /// A length of time that cannot be one.
    #[error("{problem}")]
    Span {
        /// What is wrong with it.
        problem: String,
    },
    /// A value of user metadata that is neither a text nor `true`.
    #[error("found {found}, wanted the value, or `true` for any value")]
    Metadata {
        /// What it is.
        found: Kind,
    },
    /// A text that is not a digest.
    #[error("`{found}` is not a digest")]
    Digest {
        /// The text.
        found: String,
    },
    /// An exemption for more than one repository.
    #[error("an exemption is for one repository, not for `{found}`")]
    ExemptionScope {
        /// The scope.
        found: String,
    },
    /// The same exemption twice.
    #[error("the same repository and digest are exempted above")]
    ExemptionTaken,
    /// A text that is not a time.
    #[error("`{found}` is not a time in RFC 3339")]
    Time {
        /// The text.
        found: String,
    },
    /// An exemption that ends too late.
    #[error("`{found}` is more than {} days from now", MAX_EXEMPTION_TIME.as_secs() / 86_400)]
    ExemptionTime {
        /// The time.
        found: String,
    },
    /// A plugin that is built in, or not a plugin's name.
    #[error("`{found}` is not the name of a plugin that can be added")]
    Plugin {
        /// The name.
        found: String,
    },
    /// A directory that is not named from the root.
    #[error("`{found}` is not an absolute path")]
    Directory {
        /// The path.
        found: String,
    },
    /// A text that is not the URL of an endpoint.
    #[error("`{found}` is not the URL of an endpoint")]
    Endpoint {
        /// The text, without what may be secret in it.
        found: String,
    },
}

fn in_words(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(" or ")
}

impl GateFault {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = |text: &str| Some(text.to_owned());
        match self {
            Self::Unknown {
                near: Some(near), ..
            } => Some(format!("did you mean `{near}`?")),
            Self::Unknown { known, .. } => {
                Some(format!("the members are `{}`", known.join("`, `")))
            }
            Self::Scope { source, .. } => match source {
                GateScopeError::Repository(ScopeError::Registry(error)) => Some(error.hint()),
                _ => text("write `HOST/REPOSITORY`, `HOST/*` or `HOST/team/*`, without a tag"),
            },
            Self::ScopeTaken { .. } => {
                text("keep one of the two, or make one of them more specific")
            }
            Self::Requirement | Self::Count { .. } => {
                text("for example `{\"atLeast\": 2, \"of\": [...]}`")
            }
            Self::SameSigner { .. } => text(
                "name another signing profile or identity for each role; two versions of a signing profile are one signer",
            ),
            Self::Profile { source } => source.hint(),
            Self::AnyIdentity => {
                text("name the signer: `x509.subject: ...`, or the ARN of a signing profile")
            }
            Self::Subject { source } => source.hint(),
            Self::Span { .. } => text("a length of time is like `720h`"),
            Self::Digest { .. } => {
                text("a digest is `sha256:` with 64 digits and letters from `a` to `f`")
            }
            Self::Time { .. } | Self::ExemptionTime { .. } => text(
                "write for example `2027-01-31T00:00:00Z`, at most 90 days from now, and renew it then",
            ),
            Self::ExemptionScope { .. } => text("name each repository with its digests"),
            Self::Endpoint { .. } => text("an endpoint is like `https://HOST`"),
            Self::Plugin { .. } => text(
                "a plugin's name has letters, digits, `.`, `_` and `-`; AWS Signer's checks are built in",
            ),
            _ => None,
        }
    }
}
