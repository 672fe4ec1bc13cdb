//! What a verification asks of the trust policy's statement, before any request is sent.
//!
//! Input: a statement. Output: that it satisfies the requirement, or everything in which it falls short.
//! So an edited policy cannot open a gate unnoticed.

use std::fmt;

use crate::notary::{Action, Validation};
use crate::trust_policy::{BlobUse, Level, Statement};

/// What a statement must be like; the default asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requirement {
    /// The least verification level, compared validation by validation.
    pub level: Option<Level>,
    /// Whether the statement must name what is verified: not `*`, and not the global statement for files.
    pub by_name: bool,
    /// Whether revocation may be skipped anyway.
    pub allows_skipped_revocation: bool,
    /// Whether answers about revocation that have no signature may count anyway, where the policy lets
    /// them.
    pub allows_unsigned_revocation: bool,
}

/// One thing in which a statement falls short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// A validation's failure leads to less than is required.
    Validation {
        /// The validation.
        validation: Validation,
        /// Its action.
        found: Action,
        /// The least action that is required.
        wanted: Action,
    },
    /// Answers about revocation count that have no signature.
    UnsignedRevocation,
    /// The statement is about every repository.
    Wildcard,
    /// The statement is the one for files that no statement is named for.
    Global,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Validation {
                validation,
                found,
                wanted,
            } => write!(
                f,
                "the action of `{validation}` is `{}`, wanted `{}`",
                found.as_str(),
                wanted.as_str()
            ),
            Self::UnsignedRevocation => f.write_str(
                "`unsignedRevocationStatements` accepts answers about revocation that are not signed",
            ),
            Self::Wildcard => f.write_str("its scope is `*`, wanted a scope that names the repository"),
            Self::Global => {
                f.write_str("it is the global statement, wanted one that is chosen by its name")
            }
        }
    }
}

/// Everything in which a statement falls short; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", in_words(.0))]
pub struct Shortfall(pub Vec<Lack>);

fn in_words(lacks: &[Lack]) -> String {
    let words: Vec<String> = lacks.iter().map(Lack::to_string).collect();
    words.join("; ")
}

impl Requirement {
    /// Checks the statement that judges an artifact in a repository.
    ///
    /// # Errors
    ///
    /// [`Shortfall`].
    pub fn check(&self, statement: &Statement) -> Result<(), Shortfall> {
        let wildcard = self.by_name && statement.is_about_everything();
        self.check_all(statement, wildcard.then_some(Lack::Wildcard))
    }

    /// Checks the statement that judges a file; `is_chosen` if its name was given.
    ///
    /// # Errors
    ///
    /// [`Shortfall`].
    pub fn check_for_blob(&self, statement: &Statement, is_chosen: bool) -> Result<(), Shortfall> {
        let global = self.by_name && !is_chosen && statement.blob_use == BlobUse::Global;
        self.check_all(statement, global.then_some(Lack::Global))
    }

    fn check_all(&self, statement: &Statement, unnamed: Option<Lack>) -> Result<(), Shortfall> {
        let mut lacks = self.lacks_of_level(statement);
        lacks.extend(unnamed);
        // Nothing is verified, so that nothing can be required of it.
        if self.by_name && statement.level.is_skip() && lacks.is_empty() {
            lacks = lacks_below(statement, Level::Audit);
        }
        if lacks.is_empty() {
            Ok(())
        } else {
            Err(Shortfall(lacks))
        }
    }

    fn lacks_of_level(&self, statement: &Statement) -> Vec<Lack> {
        let Some(least) = self.level else {
            return Vec::new();
        };
        let mut lacks = lacks_below(statement, least);
        if self.allows_skipped_revocation && !statement.level.is_skip() {
            lacks.retain(|lack| {
                !matches!(
                    lack,
                    Lack::Validation {
                        validation: Validation::Revocation,
                        found: Action::Skip,
                        ..
                    }
                )
            });
        }
        if least == Level::Strict
            && !statement.unsigned_revocation_statements.is_empty()
            && !self.allows_unsigned_revocation
        {
            lacks.push(Lack::UnsignedRevocation);
        }
        lacks
    }
}

/// The validations whose action is less than at the level `least`, after the statement's overrides.
fn lacks_below(statement: &Statement, least: Level) -> Vec<Lack> {
    let lacks = Validation::ALL.into_iter().map(|validation| {
        let found = statement.level.action(validation);
        let wanted = least.action(validation);
        (rank(found) < rank(wanted)).then_some(Lack::Validation {
            validation,
            found,
            wanted,
        })
    });
    lacks.flatten().collect()
}

const fn rank(action: Action) -> u8 {
    match action {
        Action::Skip => 0,
        Action::Log => 1,
        Action::Enforce => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust_policy::{DocumentKind, TrustPolicies};

    fn policy(verification: &str) -> Statement {
        let trust = if verification.contains("skip\"}") && !verification.contains("override") {
            ""
        } else {
            r#","trustStores":["ca:x"],"trustedIdentities":["*"]"#
        };
        let document = format!(
            r#"{{"version":"1.0","trustPolicies":[{{"name":"s","registryScopes":["r.test/app"],
                "signatureVerification":{verification}{trust}}}]}}"#
        );
        let path = std::path::Path::new("policy.json");
        let policies = TrustPolicies::parse(DocumentKind::Oci, path, document.as_bytes()).unwrap();
        policies.statements()[0].clone()
    }

    fn lacks(requirement: &Requirement, verification: &str) -> String {
        match requirement.check(&policy(verification)) {
            Ok(()) => String::new(),
            Err(shortfall) => shortfall.to_string(),
        }
    }

    fn at_least(level: Level) -> Requirement {
        Requirement {
            level: Some(level),
            ..Requirement::default()
        }
    }

    #[test]
    fn levels_are_compared_validation_by_validation_after_overrides() {
        use Level::{Audit, Permissive, Strict};
        let strict = r#"{"level":"strict"}"#;
        let permissive = r#"{"level":"permissive"}"#;
        let audit = r#"{"level":"audit"}"#;
        let skip = r#"{"level":"skip"}"#;
        let audit_made_strict = r#"{"level":"audit","override":{"authenticity":"enforce",
            "authenticTimestamp":"enforce","expiry":"enforce","revocation":"enforce"}}"#;
        let strict_without_expiry = r#"{"level":"strict","override":{"expiry":"log"}}"#;
        for (least, verification, satisfied) in [
            (Strict, strict, true),
            (Strict, permissive, false),
            (Strict, audit, false),
            (Strict, audit_made_strict, true),
            (Strict, strict_without_expiry, false),
            (Permissive, strict, true),
            (Permissive, permissive, true),
            (Permissive, audit, false),
            (Permissive, strict_without_expiry, true),
            (Audit, audit, true),
            (Audit, permissive, true),
            (Strict, skip, false),
            (Permissive, skip, false),
            (Audit, skip, false),
        ] {
            let found = lacks(&at_least(least), verification);
            assert_eq!(
                found.is_empty(),
                satisfied,
                "{least} {verification}: {found}"
            );
        }
        assert_eq!(
            lacks(&at_least(Strict), strict_without_expiry),
            "the action of `expiry` is `log`, wanted `enforce`"
        );
    }

    #[test]
    fn skipped_revocation_satisfies_no_level_unless_it_is_allowed() {
        let skips = r#"{"level":"strict","override":{"revocation":"skip"}}"#;
        let logs = r#"{"level":"strict","override":{"revocation":"log"}}"#;
        for level in [Level::Strict, Level::Permissive, Level::Audit] {
            let mut requirement = at_least(level);
            assert!(lacks(&requirement, skips).contains("`revocation` is `skip`"));
            requirement.allows_skipped_revocation = true;
            assert_eq!(lacks(&requirement, skips), "");
            // Nothing else is allowed by it.
            assert!(!lacks(&requirement, r#"{"level":"skip"}"#).is_empty());
            if level == Level::Strict {
                assert!(!lacks(&requirement, logs).is_empty());
            }
        }
    }

    #[test]
    fn answers_without_a_signature_do_not_satisfy_strict_unless_they_are_allowed() {
        let unsigned = r#"{"level":"strict","unsignedRevocationStatements":["aws-signer"]}"#;
        let mut requirement = at_least(Level::Strict);
        assert!(lacks(&requirement, unsigned).starts_with("`unsignedRevocationStatements` "));
        assert_eq!(lacks(&at_least(Level::Permissive), unsigned), "");
        requirement.allows_unsigned_revocation = true;
        assert_eq!(lacks(&requirement, unsigned), "");
    }

    #[test]
    fn a_statement_about_everything_names_nothing() {
        let requirement = Requirement {
            by_name: true,
            ..Requirement::default()
        };
        let mut statement = policy(r#"{"level":"audit"}"#);
        assert_eq!(requirement.check(&statement), Ok(()));
        statement.registry_scopes = vec!["*".to_owned()];
        assert_eq!(
            requirement.check(&statement),
            Err(Shortfall(vec![Lack::Wildcard]))
        );
        // Skipping satisfies nothing, whatever is asked for.
        assert!(!lacks(&requirement, r#"{"level":"skip"}"#).is_empty());
    }

    #[test]
    fn the_global_statement_for_files_counts_only_by_its_name() {
        let requirement = Requirement {
            by_name: true,
            ..Requirement::default()
        };
        let mut statement = policy(r#"{"level":"strict"}"#);
        statement.blob_use = BlobUse::Global;
        assert_eq!(
            requirement.check_for_blob(&statement, false),
            Err(Shortfall(vec![Lack::Global]))
        );
        assert_eq!(requirement.check_for_blob(&statement, true), Ok(()));
    }
}
