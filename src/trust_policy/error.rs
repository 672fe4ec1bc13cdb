//! Why there is no statement to go by, in our words and in notation's.

use std::fmt;
use std::path::{Path, PathBuf};

use super::DocumentKind;
use super::rule::Problem;
use super::sentence::scope_sentence;
use crate::oci::Digest;
use crate::x509::identity::quote;
use crate::{document, files};

/// What notation tells people who lack a policy.
pub(super) const SETUP: &str = "To create a trust policy, see: https://notaryproject.dev/docs/quickstart/#create-a-trust-policy";

/// Why there is no statement to go by.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no document.
    #[error("no trust policy in `{}`", directory.display())]
    Missing {
        /// Notation's configuration directory.
        directory: PathBuf,
        /// The kind of document that was looked for.
        kind: DocumentKind,
    },
    /// It is a symbolic link, a directory or another thing that is not a file.
    #[error("the trust policy is not a regular file")]
    NotRegular {
        /// What it is; names the path.
        source: files::Error,
    },
    /// A file that a user named is behind a symbolic link, and nothing says what its bytes must be.
    #[error("the trust policy is behind a symbolic link")]
    Linked {
        /// The link; names the path.
        source: files::Error,
    },
    /// Its bytes have another digest than the one that was given for them.
    #[error("the trust policy `{}` has the digest `{found}`; wanted: `{wanted}`", path.display())]
    OtherDigest {
        /// The file.
        path: PathBuf,
        /// The SHA-256 digest of its bytes.
        found: Digest,
        /// The digest that was given.
        wanted: Digest,
    },
    /// It cannot be read.
    #[error("the trust policy cannot be read")]
    Unreadable {
        /// Why; names the path.
        source: files::Error,
    },
    /// It is not one JSON document, or has a name twice in one object.
    #[error("malformed trust policy `{}`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: document::Error,
    },
    /// It breaks rules of the specification.
    #[error("trust policy {}{}", PolicyProblems(problems), more(problems))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The kind of document.
        kind: DocumentKind,
        /// What is wrong; never empty, the problem that notation names first, at most
        /// [`crate::limits::MAX_POLICY_PROBLEMS`].
        problems: Vec<Problem>,
    },
    /// No statement is about the repository, and none about everything.
    #[error("no statement of the trust policy `{}` has the scope `{scope}`", path.display())]
    NoStatement {
        /// The file.
        path: PathBuf,
        /// The repository.
        scope: String,
    },
    /// Several statements may be about the repository: the scheme, or a port that belongs to it, decides.
    #[error("the statements {} of the trust policy `{}` all have the scope `{scope}`", names.join(", "), path.display())]
    AmbiguousScope {
        /// The file.
        path: PathBuf,
        /// The repository.
        scope: String,
        /// The statements' names, in backticks.
        names: Vec<String>,
    },
    /// A text that is not `registry/repository`.
    #[error("`{scope}` is not a repository of the form `registry/repository`")]
    InvalidScope {
        /// The text.
        scope: String,
    },
    /// A text that is not `registry/repository@digest`.
    #[error("`{artifact}` is not of the form `registry/repository@digest`")]
    InvalidArtifact {
        /// The text.
        artifact: String,
    },
    /// An empty name was given for a blob policy.
    #[error("the name of the blob trust policy statement is blank")]
    BlankName,
    /// No statement has the name that was given.
    #[error("no statement of the trust policy `{}` has the name `{name}`", path.display())]
    NoNamedStatement {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// No name was given and no statement is global.
    #[error("no statement of the trust policy `{}` has `globalPolicy` set", path.display())]
    NoGlobalStatement {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// notation's sentence, which its command line prints after `Error: `. `artifact` is the reference or file
    /// that is verified.
    #[doc(hidden)]
    pub fn notation_sentence(&self, artifact: &str) -> String {
        match self {
            Self::Missing { .. } => format!("trust policy is not present. {SETUP}"),
            Self::NotRegular { .. } | Self::Linked { .. } => {
                format!("trust policy is not a regular file (symlinks are not supported). {SETUP}")
            }
            Self::Unreadable { source } if source.is_denied() => format!(
                "unable to read trust policy due to file permissions, please verify the permissions of {}",
                source.path().display()
            ),
            Self::Unreadable { .. } => "unable to read trust policy".into(),
            Self::Malformed { .. } => format!("malformed trust policy. {SETUP}"),
            Self::Invalid { .. } => self
                .broken_rule()
                .unwrap_or_else(|| format!("malformed trust policy. {SETUP}")),
            Self::NoStatement { .. } | Self::AmbiguousScope { .. } => format!(
                "signature verification failed: artifact {} has no applicable oci trust policy statement. Trust policy \
                 applicability for a given artifact is determined by registryScopes. {SETUP}",
                quote(artifact)
            ),
            Self::InvalidScope { scope } => scope_sentence(scope, ""),
            Self::InvalidArtifact { artifact } => format!(
                "artifact URI {} could not be parsed, make sure it is the fully qualified oci artifact URI without the \
                 scheme/protocol. e.g domain.com:80/my/repository@sha256:digest",
                quote(artifact)
            ),
            Self::BlankName => "signature verification failed: policy name cannot be empty".into(),
            Self::NoNamedStatement { name, .. } => format!(
                "signature verification failed: no applicable blob trust policy with name {}",
                quote(name)
            ),
            Self::NoGlobalStatement { .. } => {
                "signature verification failed: no global blob trust policy".into()
            }
            Self::OtherDigest { .. } => self.to_string(),
        }
    }

    /// notation's sentence for the rule that a document breaks; `None` if the document does not have this form.
    pub fn broken_rule(&self) -> Option<String> {
        match self {
            Self::Invalid { kind, problems, .. } => {
                let first = problems.first()?;
                first.rule.notation_sentence(*kind, &first.statement)
            }
            _ => None,
        }
    }

    /// All problems of a document, the one that notation names first; empty for every other error.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid { problems, .. } => problems,
            _ => &[],
        }
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { kind, directory } => Some(match kind {
                DocumentKind::Oci => format!(
                    "write `{}`, as `countersign setup` or `countersign policy init` does; or name the signing profiles \
                     with the setting `signing-profile ARN`",
                    directory.join(kind.file_name()).display()
                ),
                DocumentKind::Blob => {
                    format!("write `{}`", directory.join(kind.file_name()).display())
                }
            }),
            Self::NotRegular {
                source: source @ files::Error::SymbolicLink { .. },
            } => {
                let pin = "or give the digest that its bytes must have: the setting `policy-sha256 DIGEST`";
                Some(source.hint().map_or_else(
                    || pin.to_owned(),
                    |hint| format!("{hint}; {pin}"),
                ))
            }
            Self::NotRegular { source } | Self::Unreadable { source } => source.hint(),
            Self::Linked { .. } => Some(
                "give the digest that its bytes must have, as `sha256sum` prints it where the policy is kept: \
                 the setting `policy-sha256 DIGEST`; or name the file without a link in its path"
                    .into(),
            ),
            Self::OtherDigest { .. } => Some(
                "find out who changed the policy; if the change is meant, give its digest with the setting `policy-sha256`".into(),
            ),
            Self::Malformed {
                path,
                source: source @ document::Error::Empty,
            } => source.hint().map(|hint| format!("{hint}; write a policy with `{}`", init_for(path))),
            Self::Malformed { source, .. } => source.hint(),
            // What is missing may only be misspelt, and that is another problem's hint.
            Self::Invalid { problems, .. } => problems.iter().find_map(Problem::hint).or_else(|| {
                Some(
                    "`countersign policy lint FILE` shows every problem in its place, `countersign policy init` writes a \
                     policy"
                        .into(),
                )
            }),
            Self::NoStatement { scope, .. } => Some(format!(
                "add `{scope}` to the `registryScopes` of a statement; a repository is not covered by its parent's scope"
            )),
            Self::AmbiguousScope { .. } => {
                Some("spell the registry in the reference and in one statement alike, with or without the port".into())
            }
            Self::NoGlobalStatement { .. } => {
                Some("name the statement with the setting `policy-name`, or set `globalPolicy` in one".into())
            }
            Self::NoNamedStatement { .. } => Some(
                "name a statement of the policy, as `countersign blob policy show` shows them".into(),
            ),
            Self::InvalidScope { .. } | Self::InvalidArtifact { .. } | Self::BlankName => None,
        }
    }
}

/// The command that writes a policy as the one at `path`.
fn init_for(path: &Path) -> &'static str {
    if path.ends_with(DocumentKind::Blob.file_name()) {
        "countersign blob policy init"
    } else {
        "countersign policy init"
    }
}

/// The first of several problems.
struct PolicyProblems<'a>(&'a [Problem]);

impl fmt::Display for PolicyProblems<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.first() {
            Some(first) => first.fmt(f),
            None => f.write_str("unknown problem"),
        }
    }
}

fn more(problems: &[Problem]) -> String {
    match problems.len() {
        0 | 1 => String::new(),
        2 => " (and 1 more problem)".into(),
        count => format!(" (and {} more problems)", count - 1),
    }
}
