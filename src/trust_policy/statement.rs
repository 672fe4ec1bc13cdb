//! What a statement of a trust policy says, once it has been checked
//! (`trust-store-trust-policy.md`, "Trust Policy Properties").

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::scope::WILDCARD;
use crate::config::StoreName;
use crate::notary::{Action, StoreType, Validation};
use crate::x509::identity::SubjectIdentity;

/// One statement: which artifacts it is about and what it asks of their signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its name, unique in the document.
    pub name: String,
    /// The document's file; `None` where the command line stands for a document.
    pub file: Option<PathBuf>,
    /// Repositories it is about (`registry/repository`, or `*` alone); empty in a blob policy.
    pub registry_scopes: Vec<String>,
    /// Which blobs it is about; always [`BlobUse::ByName`] in an OCI policy.
    pub blob_use: BlobUse,
    /// What happens when a validation fails.
    pub level: VerificationLevel,
    /// The stores whose certificates are trusted; empty at level `skip`.
    pub trust_stores: Vec<StoreName>,
    /// Whose signatures are trusted; empty at level `skip`.
    pub trusted_identities: Vec<TrustedIdentity>,
    /// When a countersignature's time is asked for.
    pub verify_timestamp: VerifyTimestamp,
    /// Statements about revocation that count although they are not signed, if the network may not be
    /// used. Not in the specification: notation knows no such member and ignores it.
    pub unsigned_revocation_statements: Vec<UnsignedStatement>,
}

/// Whose statements about revocation may count without a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsignedStatement {
    /// AWS Signer's, which it gives over TLS and does not sign.
    AwsSigner,
}

impl UnsignedStatement {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::AwsSigner];

    /// The name in a trust policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwsSigner => "aws-signer",
        }
    }

    /// Whose statements a trust policy means by `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// Which statement judged: what a verdict names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatementName {
    /// The statement's name.
    pub name: String,
    /// The document's file; `None` where the command line stands for a document.
    pub file: Option<PathBuf>,
}

impl fmt::Display for StatementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement `{}` of ", self.name)?;
        match &self.file {
            Some(file) => write!(f, "`{}`", file.display()),
            None => f.write_str("the command line"),
        }
    }
}

impl Statement {
    /// Says that this statement judges `artifact`.
    pub(crate) fn tell(&self, artifact: impl fmt::Display) {
        tracing::info!(
            artifact = %artifact,
            statement = self.name,
            file = self.file.as_ref().map(|file| tracing::field::display(file.display())),
            level_of_statement = self.level.name(),
            "trust policy statement applies"
        );
    }

    /// Its name and its document's file.
    pub fn named(&self) -> StatementName {
        StatementName {
            name: self.name.clone(),
            file: self.file.clone(),
        }
    }

    /// Whether it is about every repository, and so names none.
    pub fn is_about_everything(&self) -> bool {
        self.registry_scopes.iter().any(|scope| scope == WILDCARD)
    }

    /// The stores of one type, each once, in the order of the statement.
    pub fn trust_stores_of(&self, kind: StoreType) -> Vec<&StoreName> {
        let mut stores: Vec<&StoreName> = Vec::new();
        for store in &self.trust_stores {
            if store.kind() == kind && !stores.contains(&store) {
                stores.push(store);
            }
        }
        stores
    }

    /// The identities of the form `x509.subject: ...`.
    pub fn subject_identities(&self) -> impl Iterator<Item = &SubjectIdentity> {
        self.trusted_identities
            .iter()
            .filter_map(|identity| match identity {
                TrustedIdentity::X509Subject { subject, .. } => Some(subject),
                TrustedIdentity::Any | TrustedIdentity::Other(_) => None,
            })
    }
}

/// Whether a statement of a blob policy is used where no name is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BlobUse {
    /// Only where its name is given.
    #[default]
    ByName,
    /// Also where no name is given (`globalPolicy`).
    Global,
}

/// When a countersignature's time is asked for; it needs a `tsa` store to have an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VerifyTimestamp {
    /// Always.
    #[default]
    Always,
    /// Only after a certificate of the chain has expired.
    AfterCertExpiry,
}

impl VerifyTimestamp {
    /// The word in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::AfterCertExpiry => "afterCertExpiry",
        }
    }

    /// The value of this exact word; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Always, Self::AfterCertExpiry]
            .into_iter()
            .find(|value| value.as_str() == name)
    }
}

/// The levels that the specification names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Every validation is enforced.
    Strict,
    /// Integrity and authenticity are enforced, the others logged.
    Permissive,
    /// Integrity is enforced, the others logged.
    Audit,
    /// Nothing is verified.
    Skip,
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Strict, Self::Permissive, Self::Audit, Self::Skip];

    /// The level's name in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Permissive => "permissive",
            Self::Audit => "audit",
            Self::Skip => "skip",
        }
    }

    /// The level of this exact name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }

    /// What happens when a validation fails.
    pub const fn action(self, validation: Validation) -> Action {
        match (self, validation) {
            (Self::Skip, _) => Action::Skip,
            (Self::Strict, _)
            | (_, Validation::Integrity)
            | (Self::Permissive, Validation::Authenticity) => Action::Enforce,
            (Self::Permissive | Self::Audit, _) => Action::Log,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A level with the actions that a statement changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationLevel {
    base: Level,
    overrides: BTreeMap<Validation, Action>,
}

impl VerificationLevel {
    /// A level as it is, or with other actions for some validations.
    pub const fn new(base: Level, overrides: BTreeMap<Validation, Action>) -> Self {
        Self { base, overrides }
    }

    /// The level that the statement names.
    pub const fn base(&self) -> Level {
        self.base
    }

    /// The level's name; `custom` where the statement changes actions, as notation calls it.
    pub fn name(&self) -> &'static str {
        if self.overrides.is_empty() {
            return self.base.as_str();
        }
        "custom"
    }

    /// What happens when a validation fails.
    pub fn action(&self, validation: Validation) -> Action {
        let changed = self.overrides.get(&validation).copied();
        changed.unwrap_or_else(|| self.base.action(validation))
    }

    /// The validations that are not carried out.
    pub fn skipped(&self) -> Vec<Validation> {
        Validation::ALL
            .into_iter()
            .filter(|validation| self.action(*validation) == Action::Skip)
            .collect()
    }

    /// Whether no signature is looked at.
    pub fn is_skip(&self) -> bool {
        self.base == Level::Skip
    }
}

/// One entry of `trustedIdentities`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedIdentity {
    /// `*`: every holder of a certificate from the trust stores.
    Any,
    /// `x509.subject: ...`
    X509Subject {
        /// The entry as the policy has it.
        text: String,
        /// What it says.
        subject: SubjectIdentity,
    },
    /// An identity that only a plugin understands, such as the ARN of a signing profile.
    Other(String),
}

impl TrustedIdentity {
    /// The entry as the policy has it, to be handed to a plugin.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Any => "*",
            Self::X509Subject { text, .. } | Self::Other(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_the_specifications_table() {
        use Action::{Enforce, Log, Skip};
        // In the order of the table: integrity, authenticity, authenticTimestamp, expiry, revocation.
        for (level, actions) in [
            (Level::Strict, [Enforce; 5]),
            (Level::Permissive, [Enforce, Enforce, Log, Log, Log]),
            (Level::Audit, [Enforce, Log, Log, Log, Log]),
            (Level::Skip, [Skip; 5]),
        ] {
            let columns = [
                Validation::Integrity,
                Validation::Authenticity,
                Validation::AuthenticTimestamp,
                Validation::Expiry,
                Validation::Revocation,
            ];
            assert_eq!(
                columns.map(|validation| level.action(validation)),
                actions,
                "{level}"
            );
            assert_eq!(Level::from_name(&level.to_string()), Some(level));
        }
        assert_eq!(Level::from_name("STRICT"), None);
    }

    #[test]
    fn the_subjects_among_the_identities_are_found() {
        let subject = |name: &str| {
            let text = format!("C=US, ST=WA, O={name}");
            TrustedIdentity::X509Subject {
                subject: SubjectIdentity::parse(&text).unwrap(),
                text: format!("x509.subject: {text}"),
            }
        };
        let mut statement = Statement {
            name: "s".to_owned(),
            file: None,
            registry_scopes: Vec::new(),
            blob_use: BlobUse::ByName,
            level: VerificationLevel::new(Level::Strict, BTreeMap::new()),
            trust_stores: Vec::new(),
            trusted_identities: vec![
                TrustedIdentity::Other("arn".to_owned()),
                subject("a"),
                TrustedIdentity::Any,
                subject("b"),
            ],
            verify_timestamp: VerifyTimestamp::Always,
            unsigned_revocation_statements: Vec::new(),
        };
        let parsed = ["C=US,ST=WA,O=a", "C=US,ST=WA,O=b"].map(SubjectIdentity::parse);
        let found: Vec<_> = statement.subject_identities().cloned().map(Ok).collect();
        assert_eq!(found, parsed);
        statement.trusted_identities = vec![TrustedIdentity::Any];
        assert_eq!(statement.subject_identities().count(), 0);
    }

    #[test]
    fn an_override_changes_one_action_and_the_name() {
        let overrides = BTreeMap::from([(Validation::Revocation, Action::Skip)]);
        let level = VerificationLevel::new(Level::Strict, overrides);
        assert_eq!(level.action(Validation::Revocation), Action::Skip);
        assert_eq!(level.action(Validation::Expiry), Action::Enforce);
        assert_eq!((level.name(), level.base()), ("custom", Level::Strict));
        assert!(!level.is_skip());
        assert_eq!(
            VerificationLevel::new(Level::Audit, BTreeMap::new()).name(),
            "audit"
        );
    }

    #[test]
    fn what_is_skipped_and_where_a_statement_stands_are_said() {
        let overrides = BTreeMap::from([(Validation::Revocation, Action::Skip)]);
        let level = VerificationLevel::new(Level::Permissive, overrides);
        assert_eq!(level.skipped(), [Validation::Revocation]);
        let none = VerificationLevel::new(Level::Audit, BTreeMap::new());
        assert_eq!(none.skipped(), []);

        let mut name = StatementName {
            name: "p".to_owned(),
            file: Some("/c/p.json".into()),
        };
        assert_eq!(name.to_string(), "statement `p` of `/c/p.json`");
        name.file = None;
        assert_eq!(name.to_string(), "statement `p` of the command line");
    }
}
