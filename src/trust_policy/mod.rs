//! Trust policies: which signatures are trusted, for which artifacts
//! (`trust-store-trust-policy.md`, "Trust Policy").
//!
//! Input: a document, as bytes or in Notation's configuration directory. Output: checked statements, and the one
//! that an artifact's repository or a blob's policy name selects. Every problem of a document is named with JSON
//! pointer, line and column. Trust stores are not loaded here, and no signature is looked at; whether a signing
//! profile exists is AWS Signer's to say.

mod check;
mod error;
#[doc(hidden)]
pub mod explain;
#[doc(hidden)]
pub mod lint;
mod load;
mod rule;
mod scope_index;
mod sentence;
mod statement;
mod trusted_identity;
mod warning;
#[doc(hidden)]
pub mod scope;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use crate::document::Position;
pub use error::Error;
pub use load::LEGACY_FILE_NAME;
pub use rule::{Problem, Rule};
pub use scope::ScopeError;
pub use statement::{
    BlobUse, Level, Statement, StatementName, TrustedIdentity, UnsignedStatement,
    VerificationLevel, VerifyTimestamp,
};
pub use trusted_identity::IdentityError;
pub use warning::{Cause, Warning};

use crate::aws::SigningProfile;
use crate::config::StoreName;
use crate::document::Document;
use crate::oci::{self, Digest};
use crate::reference::{RegistryName, Scheme, normalize_scope};
use scope_index::ScopeIndex;

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
    /// Of the document's bytes; `None` where there is no document.
    digest: Option<Digest>,
    /// A document of Notation's older releases that says something else, and does not count.
    unused: Option<PathBuf>,
    /// Over HTTPS and over plain HTTP, made when it is first asked for.
    scopes: [OnceLock<ScopeIndex>; 2],
}

impl Statement {
    /// The statement that stands for naming signing profiles in place of a trust policy, for every repository.
    pub(crate) fn of_signing_profiles(profiles: &[SigningProfile], stores: Vec<StoreName>) -> Self {
        let identity = |profile: &SigningProfile| TrustedIdentity::Other(profile.to_string());
        Self {
            name: "signing-profiles".into(),
            file: None,
            registry_scopes: vec![scope::WILDCARD.into()],
            blob_use: BlobUse::Global,
            level: VerificationLevel::new(Level::Strict, std::collections::BTreeMap::new()),
            trust_stores: stores,
            trusted_identities: profiles.iter().map(identity).collect(),
            verify_timestamp: VerifyTimestamp::Always,
            unsigned_revocation_statements: Vec::new(),
        }
    }
}

impl TrustPolicies {
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
            let problems = checked.into_problems();
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
            digest: Some(oci::sha256_digest(bytes)),
            unused: None,
            scopes: Default::default(),
        })
    }

    /// A policy without a document: the signing profiles of AWS Signer that are trusted, for every repository, at
    /// level strict.
    ///
    /// `stores` hold the roots.
    pub(crate) fn of_signing_profiles(profiles: &[SigningProfile], stores: Vec<StoreName>) -> Self {
        Self::of_statement(Statement::of_signing_profiles(profiles, stores))
    }

    /// A policy without a document: this statement alone.
    pub fn of_statement(statement: Statement) -> Self {
        Self {
            kind: DocumentKind::Oci,
            path: "the command line".into(),
            statements: vec![statement],
            warnings: Vec::new(),
            digest: None,
            unused: None,
            scopes: Default::default(),
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

    /// The SHA-256 digest of the document's bytes; `None` where the command line stands for a document.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
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
    /// it: a port that is the default of only one scheme is not a problem of the policy.
    pub fn select_over(&self, scope: &str, scheme: Scheme) -> Result<&Statement, Error> {
        if scope::check(scope).is_err() {
            let scope = scope.to_owned();
            return Err(Error::InvalidScope { scope });
        }
        let wanted = normalize_scope(scope, scheme);
        let index = self.scope_index(scheme);
        let at = |place: &usize| self.statements.get(*place);
        let none = || Error::NoStatement {
            path: self.path.clone(),
            scope: scope.to_owned(),
        };
        match index.naming(&wanted) {
            [] => {
                let everything = index.naming(scope::WILDCARD).first();
                everything.and_then(at).ok_or_else(none)
            }
            [place] => at(place).ok_or_else(none),
            several => {
                let several: Vec<&Statement> = several.iter().filter_map(at).collect();
                Err(self.ambiguous(scope, &several))
            }
        }
    }

    fn scope_index(&self, scheme: Scheme) -> &ScopeIndex {
        let [https, http] = &self.scopes;
        let index = match scheme {
            Scheme::Https => https,
            Scheme::Http => http,
        };
        index.get_or_init(|| ScopeIndex::of(&self.statements, scheme))
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
    #[doc(hidden)]
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

#[cfg(test)]
mod tests;
