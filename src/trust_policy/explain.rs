//! Which statement is about a repository, and what it asks of signatures there, in words.
//!
//! Input: a policy, and a repository as it was written. Output: the statement, how the repository's name was compared,
//! and what each validation does. Nothing is looked up; no signature is looked at.

use super::scope::WILDCARD;
use super::statement::{Statement, TrustedIdentity, VerifyTimestamp};
use super::{Error, TrustPolicies};
use crate::config::StoreName;
use crate::document::near_name;
use crate::notary::{Action, StoreType, Validation};
use crate::reference::{EcrHost, RegistryName, Scheme, normalize_scope};

/// The statement about a repository, and why it is that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation<'p> {
    /// How the repository's name is compared.
    pub spelling: Spelling,
    /// The statement.
    pub statement: &'p Statement,
    /// The scope of the statement that was found, as the policy has it.
    pub scope: &'p str,
    /// The scope of another statement that is close to the repository and is another one, with that statement's name.
    pub near: Option<(&'p str, &'p str)>,
    /// What each validation does, in the specification's order.
    pub validations: Vec<ValidationPlan>,
}

/// The two forms of a repository's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelling {
    /// As it was written: `registry/repository`.
    pub written: String,
    /// As it is compared.
    pub normalized: String,
    /// What differs, and why; empty where nothing does.
    pub reasons: Vec<String>,
}

/// What one validation does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationPlan {
    /// The validation.
    pub validation: Validation,
    /// What happens when it fails.
    pub action: Action,
    /// Whether the statement changes the action of its level.
    pub is_override: bool,
    /// What it asks for.
    pub asks: String,
}

impl TrustPolicies {
    /// Explains which statement is about the repository, written `registry/repository`, whose registry is asked over
    /// `scheme`.
    ///
    /// # Errors
    ///
    /// As [`TrustPolicies::select_over`].
    pub fn explain(&self, scope: &str, scheme: Scheme) -> Result<Explanation<'_>, Error> {
        let statement = self.select_over(scope, scheme)?;
        let spelling = Spelling::new(scope, scheme);
        let is_named = |scope: &&String| normalize_scope(scope, scheme) == spelling.normalized;
        let mut scopes = statement.registry_scopes.iter();
        let found = scopes.find(is_named).map_or(WILDCARD, String::as_str);
        let near = (found == WILDCARD)
            .then(|| self.near_scope(&spelling.normalized, scheme))
            .flatten();
        Ok(Explanation {
            near,
            scope: found,
            validations: plans(statement),
            statement,
            spelling,
        })
    }

    /// A scope that is almost the repository, or the repository's parent, with its statement's name.
    pub fn near_scope(&self, normalized: &str, scheme: Scheme) -> Option<(&str, &str)> {
        let scopes: Vec<(&str, &str)> = self
            .statements
            .iter()
            .flat_map(|statement| {
                let scopes = statement.registry_scopes.iter();
                scopes.map(|scope| (scope.as_str(), statement.name.as_str()))
            })
            .filter(|(scope, _)| *scope != WILDCARD)
            .collect();
        let compared: Vec<String> = scopes
            .iter()
            .map(|(scope, _)| normalize_scope(scope, scheme))
            .collect();
        let is_parent = |scope: &String| normalized.starts_with(&format!("{scope}/"));
        let names: Vec<&str> = compared.iter().map(String::as_str).collect();
        let position = compared.iter().position(is_parent).or_else(|| {
            let near = near_name(normalized, &names)?;
            compared.iter().position(|scope| scope == near)
        })?;
        scopes.get(position).copied()
    }
}

impl Spelling {
    /// The forms of `registry/repository`, asked over `scheme`.
    pub fn new(written: &str, scheme: Scheme) -> Self {
        let normalized = normalize_scope(written, scheme);
        Self {
            reasons: reasons(written, &normalized, scheme).unwrap_or_default(),
            written: written.to_owned(),
            normalized,
        }
    }
}

fn reasons(written: &str, normalized: &str, scheme: Scheme) -> Option<Vec<String>> {
    let (registry, repository) = written.split_once('/')?;
    let (compared, compared_repository) = normalized.split_once('/')?;
    let name = RegistryName::parse(registry).ok()?;
    let mut reasons = Vec::new();
    let lower = registry.to_ascii_lowercase();
    if lower != registry {
        reasons.push("letter case of the registry's name does not count".to_owned());
    }
    let (host, port) = match lower.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), Some(port)),
        None => (lower.clone(), None),
    };
    if let Some(port) = port
        && !compared.ends_with(&format!(":{port}"))
    {
        let scheme = name.scheme(scheme).as_str().to_uppercase();
        reasons.push(format!(
            "port {port} is the port of {scheme}, and is left out"
        ));
    }
    if host != compared && !compared.starts_with(&format!("{host}:")) {
        reasons.push(if EcrHost::parse(&host).is_some() {
            "every host name of a registry of Amazon ECR is compared as the standard one".to_owned()
        } else {
            format!("`{host}` and `{compared}` are one registry")
        });
    }
    if repository != compared_repository {
        reasons.push("a repository of one word at Docker Hub is in `library/`".to_owned());
    }
    Some(reasons)
}

fn plans(statement: &Statement) -> Vec<ValidationPlan> {
    let level = &statement.level;
    let plan = |validation| ValidationPlan {
        validation,
        action: level.action(validation),
        is_override: level.action(validation) != level.base().action(validation),
        asks: asks(statement, validation),
    };
    Validation::ALL.into_iter().map(plan).collect()
}

/// What a validation asks for, by what the statement says.
fn asks(statement: &Statement, validation: Validation) -> String {
    if statement.level.is_skip() {
        return "nothing".to_owned();
    }
    match validation {
        Validation::Integrity => {
            "the signature fits its envelope and the signer's certificate".to_owned()
        }
        Validation::Authenticity => authenticity(statement),
        Validation::AuthenticTimestamp => timestamp(statement),
        Validation::Expiry => "the signature has no expiry, or a later one than now".to_owned(),
        Validation::Revocation if statement.level.action(validation) == Action::Skip => {
            "nothing is asked about revocation".to_owned()
        }
        Validation::Revocation => {
            "no certificate of the chain is revoked (OCSP, CRL); of AWS Signer's signatures neither signing job nor \
             profile version, as AWS Signer says"
                .to_owned()
        }
    }
}

fn authenticity(statement: &Statement) -> String {
    let of = |kind| listed(&statement.trust_stores_of(kind));
    let (ca, authority) = (of(StoreType::Ca), of(StoreType::SigningAuthority));
    let chain = match (ca, authority) {
        (Some(ca), Some(authority)) => format!(
            "the chain rests on a certificate in {ca}, or for signing authorities such as AWS Signer in {authority}"
        ),
        (Some(ca), None) => format!(
            "the chain rests on a certificate in {ca}; signatures of signing authorities such as AWS Signer fail"
        ),
        (None, Some(authority)) => format!(
            "a signing authority such as AWS Signer signed, and the chain rests on a certificate in {authority}; \
             signatures of a signer's own key fail"
        ),
        (None, None) => {
            "no trust store can hold a signer's root, so every signature fails".to_owned()
        }
    };
    let who = if statement.trusted_identities.contains(&TrustedIdentity::Any) {
        "every signer under it is trusted, but AWS Signer's signatures, for which profiles must be named"
    } else {
        "the signer is one of the trusted identities"
    };
    format!("{chain}; {who}")
}

fn timestamp(statement: &Statement) -> String {
    let at_signing = "a signing authority's signing time is within its certificates' validity";
    let own = match (
        listed(&statement.trust_stores_of(StoreType::Tsa)),
        statement.verify_timestamp,
    ) {
        (None, _) => "another signer's certificates are valid now".to_owned(),
        (Some(stores), VerifyTimestamp::Always) => format!(
            "another signer's signature has a timestamp under {stores}, within its certificates' validity"
        ),
        (Some(stores), VerifyTimestamp::AfterCertExpiry) => format!(
            "another signer's certificates are valid now, or its signature has a timestamp under {stores} from before"
        ),
    };
    format!("{at_signing}; {own}")
}

fn listed(stores: &[&StoreName]) -> Option<String> {
    let names: Vec<String> = stores.iter().map(|store| format!("`{store}`")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(written: &str, scheme: Scheme) -> (String, Vec<String>) {
        let spelling = Spelling::new(written, scheme);
        (spelling.normalized, spelling.reasons)
    }

    #[test]
    fn each_difference_between_the_two_spellings_has_its_reason() {
        let one = |written, normalized: &str, reason: &str| {
            let wanted = (normalized.to_owned(), vec![reason.to_owned()]);
            assert_eq!(reasons(written, Scheme::Https), wanted, "{written}");
        };
        one(
            "R.example/a",
            "r.example/a",
            "letter case of the registry's name does not count",
        );
        one(
            "r.example:443/a",
            "r.example/a",
            "port 443 is the port of HTTPS, and is left out",
        );
        one(
            "index.docker.io/t/a",
            "docker.io/t/a",
            "`index.docker.io` and `docker.io` are one registry",
        );
        one(
            "docker.io/a",
            "docker.io/library/a",
            "a repository of one word at Docker Hub is in `library/`",
        );
        one(
            "111122223333.dkr-ecr.us-east-1.on.aws/a",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/a",
            "every host name of a registry of Amazon ECR is compared as the standard one",
        );
        for same in [
            "r.example/a",
            "r.example:5000/a",
            "r.example:80/a",
            "local/a",
        ] {
            assert_eq!(reasons(same, Scheme::Https), (same.to_owned(), Vec::new()));
        }
        let (normalized, found) = reasons("r.example:80/a", Scheme::Http);
        assert_eq!(normalized, "r.example/a");
        assert_eq!(found, ["port 80 is the port of HTTP, and is left out"]);
    }
}
