//! Trust policies: which signatures are trusted, for which artifacts
//! (`trust-store-trust-policy.md`, "Trust Policy").
//!
//! Input: a document, as bytes or in Notation's configuration directory. Output: checked statements, and the one
//! that an artifact's repository or a blob's policy name selects. Every problem of a document is named with JSON
//! pointer, line and column. Trust stores are not loaded here, and no signature is looked at; whether a signing
//! profile exists is AWS Signer's to say.

mod check;
mod error;
mod rule;
mod sentence;
mod statement;
mod trusted_identity;
mod warning;
pub mod scope;

use std::fmt;
use std::path::{Path, PathBuf};

pub use error::Error;
pub use rule::{Problem, Rule};
pub use statement::{
    BlobUse, Level, Statement, StatementName, TrustedIdentity, UnsignedStatement,
    VerificationLevel, VerifyTimestamp,
};
pub use trusted_identity::IdentityError;
pub use warning::{Cause, Warning};

use crate::aws::SigningProfile;
use crate::config::StoreName;
use crate::document::Document;
use crate::files;
use crate::limits::MAX_POLICY_BYTES;
use crate::reference::{RegistryName, Scheme, normalize_scope};

/// The name of the OCI policy in Notation's older releases.
const LEGACY_FILE_NAME: &str = "trustpolicy.json";

/// The two kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    /// About artifacts in registries.
    Oci,
    /// About files.
    Blob,
}

impl DocumentKind {
    /// As notation's messages say it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oci => "oci",
            Self::Blob => "blob",
        }
    }

    /// The document's name in Notation's configuration directory.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Oci => "trustpolicy.oci.json",
            Self::Blob => "trustpolicy.blob.json",
        }
    }
}

impl fmt::Display for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The checked statements of one document.
#[derive(Debug, Clone)]
pub struct TrustPolicies {
    kind: DocumentKind,
    path: PathBuf,
    statements: Vec<Statement>,
    warnings: Vec<Warning>,
    /// A document of Notation's older releases that says something else, and does not count.
    unused: Option<PathBuf>,
}

impl TrustPolicies {
    /// Loads the OCI policy of a configuration directory: `trustpolicy.oci.json` and, only where that does not
    /// exist, `trustpolicy.json`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::NotRegular`], [`Error::Unreadable`], [`Error::Malformed`] and [`Error::Invalid`].
    pub fn load_oci(config_dir: &Path) -> Result<Self, Error> {
        let kind = DocumentKind::Oci;
        Self::load(config_dir, kind, &[kind.file_name(), LEGACY_FILE_NAME])
    }

    /// Loads the blob policy of a configuration directory, `trustpolicy.blob.json`.
    ///
    /// # Errors
    ///
    /// As [`Self::load_oci`].
    pub fn load_blob(config_dir: &Path) -> Result<Self, Error> {
        let kind = DocumentKind::Blob;
        Self::load(config_dir, kind, &[kind.file_name()])
    }

    fn load(directory: &Path, kind: DocumentKind, names: &[&str]) -> Result<Self, Error> {
        for name in names {
            let path = directory.join(name);
            match files::read(&path, MAX_POLICY_BYTES) {
                Ok(bytes) => {
                    let mut policies = Self::parse(kind, &path, &bytes)?;
                    let others = names.iter().skip_while(|other| *other != name).skip(1);
                    policies.unused = others
                        .map(|other| directory.join(other))
                        .find(|other| says_something_else(other, &bytes));
                    return Ok(policies);
                }
                Err(error) if error.is_not_found() => {}
                Err(source) if source.is_wrong_kind() => return Err(Error::NotRegular { source }),
                Err(source) => return Err(Error::Unreadable { source }),
            }
        }
        let directory = directory.to_owned();
        Err(Error::Missing { directory, kind })
    }

    /// Parses and checks a document; `path` is for messages.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] and [`Error::Invalid`].
    pub fn parse(kind: DocumentKind, path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let path = path.to_owned();
        let document = match Document::parse(bytes) {
            Ok(document) => document,
            Err(source) => return Err(Error::Malformed { path, source }),
        };
        let checked = check::check(&document, kind, &path);
        if !checked.problems.is_empty() {
            let problems = checked.problems;
            return Err(Error::Invalid {
                path,
                kind,
                problems,
            });
        }
        Ok(Self {
            kind,
            path,
            statements: checked.statements,
            warnings: checked.warnings,
            unused: None,
        })
    }

    /// A policy without a document: the signing profiles of AWS Signer that are trusted, for every repository, at
    /// level strict.
    ///
    /// `stores` hold the roots.
    pub(crate) fn of_signing_profiles(profiles: &[SigningProfile], stores: Vec<StoreName>) -> Self {
        let identity = |profile: &SigningProfile| TrustedIdentity::Other(profile.to_string());
        let statement = Statement {
            name: "signing-profiles".into(),
            file: None,
            registry_scopes: vec![scope::WILDCARD.into()],
            blob_use: BlobUse::Global,
            level: VerificationLevel::new(Level::Strict, std::collections::BTreeMap::new()),
            trust_stores: stores,
            trusted_identities: profiles.iter().map(identity).collect(),
            verify_timestamp: VerifyTimestamp::Always,
            unsigned_revocation_statements: Vec::new(),
        };
        Self::of_statement(statement)
    }

    /// A policy without a document: this statement alone.
    pub fn of_statement(statement: Statement) -> Self {
        Self {
            kind: DocumentKind::Oci,
            path: "the command line".into(),
            statements: vec![statement],
            warnings: Vec::new(),
            unused: None,
        }
    }

    /// The same, with statements of these allowed without a signature in every statement of the policy.
    #[must_use]
    pub fn allow_unsigned(mut self, allowed: &[UnsignedStatement]) -> Self {
        for statement in &mut self.statements {
            statement.unsigned_revocation_statements = allowed.to_vec();
        }
        self
    }

    /// The kind of document.
    pub const fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The file that it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every statement, in the order of the document.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// What has no effect, or probably not the one that was meant.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The document that is there too, says something else and does not count; notation 1.x reads it.
    pub fn unused(&self) -> Option<&Path> {
        self.unused.as_deref()
    }

    /// Selects the statement about a repository, written `registry/repository`, whose registry is asked over
    /// `scheme`: the one that names it, in whatever spelling, else the one with the scope `*`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidScope`], [`Error::NoStatement`], and [`Error::AmbiguousScope`] where several statements name
    /// it: a port that only one of the schemes has as its own is no problem of the policy.
    pub fn select_over(&self, scope: &str, scheme: Scheme) -> Result<&Statement, Error> {
        if scope::check(scope).is_err() {
            let scope = scope.to_owned();
            return Err(Error::InvalidScope { scope });
        }
        let wanted = normalize_scope(scope, scheme);
        let naming = |wanted: &str| -> Vec<&Statement> {
            let names = |scope: &String| normalize_scope(scope, scheme) == wanted;
            self.statements
                .iter()
                .filter(|statement| statement.registry_scopes.iter().any(names))
                .collect()
        };
        match naming(&wanted).as_slice() {
            [] => naming(scope::WILDCARD)
                .first()
                .copied()
                .ok_or_else(|| Error::NoStatement {
                    path: self.path.clone(),
                    scope: scope.to_owned(),
                }),
            [statement] => Ok(statement),
            several => Err(self.ambiguous(scope, several)),
        }
    }

    /// Selects the statement about a repository that is not asked for, so that it is not known over which scheme:
    /// the one that its port belongs to, else HTTPS; but where only plain HTTP finds a statement that names it, `*`
    /// is not taken instead.
    ///
    /// # Errors
    ///
    /// As [`Self::select_over`].
    pub fn select(&self, scope: &str) -> Result<&Statement, Error> {
        let registry = scope.split('/').next().unwrap_or_default();
        let of_port = RegistryName::parse(registry).ok();
        if let Some(scheme) = of_port.and_then(|name| name.scheme_of_port()) {
            return self.select_over(scope, scheme);
        }
        let is_named = |statement: &Statement| {
            let mut scopes = statement.registry_scopes.iter();
            scopes.any(|scope| scope != scope::WILDCARD)
        };
        let over_https = self.select_over(scope, Scheme::Https)?;
        if is_named(over_https) {
            return Ok(over_https);
        }
        let over_http = self.select_over(scope, Scheme::Http)?;
        if is_named(over_http) {
            return Err(self.ambiguous(scope, &[over_https, over_http]));
        }
        Ok(over_https)
    }

    fn ambiguous(&self, scope: &str, statements: &[&Statement]) -> Error {
        Error::AmbiguousScope {
            path: self.path.clone(),
            scope: scope.to_owned(),
            names: statements.iter().map(|s| format!("`{}`", s.name)).collect(),
        }
    }

    /// Selects the statement about an artifact, written `registry/repository@digest`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArtifact`], and as [`Self::select`].
    pub fn select_for_artifact(&self, artifact: &str) -> Result<&Statement, Error> {
        let scope = scope::of_artifact(artifact).ok_or_else(|| Error::InvalidArtifact {
            artifact: artifact.to_owned(),
        })?;
        self.select(scope)
    }

    /// Selects the statement about a blob: the one of this name or, without a name, the global one.
    ///
    /// # Errors
    ///
    /// [`Error::BlankName`], [`Error::NoNamedStatement`] and [`Error::NoGlobalStatement`].
    pub fn select_for_blob(&self, name: Option<&str>) -> Result<&Statement, Error> {
        let path = || self.path.clone();
        let mut statements = self.statements.iter();
        match name {
            Some(name) if name.trim().is_empty() => Err(Error::BlankName),
            Some(name) => statements
                .find(|statement| statement.name == name)
                .ok_or_else(|| Error::NoNamedStatement {
                    path: path(),
                    name: name.to_owned(),
                }),
            None => statements
                .find(|statement| statement.blob_use == BlobUse::Global)
                .ok_or_else(|| Error::NoGlobalStatement { path: path() }),
        }
    }
}

/// Whether the document `path` is there and is not the same JSON as `bytes`, as far as it can be read.
fn says_something_else(path: &Path, bytes: &[u8]) -> bool {
    let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    match files::read(path, MAX_POLICY_BYTES) {
        Ok(other) => other != bytes && value(&other) != value(bytes),
        Err(error) => !error.is_not_found(),
    }
}

#[cfg(test)]
mod tests;
