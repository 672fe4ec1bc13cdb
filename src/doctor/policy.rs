//! The trust policy, its stores, and whether their certificates are AWS's roots.

use super::examination::Examination;
use super::finding::{Check, Finding, Status};
use crate::config::StoreName;
use crate::notary::StoreType;
use crate::trust_policy::{self, Statement};
use crate::trust_store::{self, TrustStores};
use crate::verify::{Setup, SetupError, Verifier};

/// The setup of a verifier, if there is one; and what was found of the policy and of each store.
pub(super) fn check(examination: &Examination) -> (Option<Setup>, Vec<Finding>) {
    let setup = match load(examination) {
        Ok(setup) => setup,
        Err(finding) => return (None, vec![*finding]),
    };
    let policies = setup.policies();
    let mut findings = Vec::new();
    for warning in policies.warnings() {
        let wanted = "a policy in which everything has an effect";
        findings.push(
            Finding::warn(Check::TrustPolicy, warning.to_string(), wanted).advising(warning.hint()),
        );
    }
    if let Some(unused) = policies.unused() {
        let found = format!(
            "`{}` counts, and `{}`, which notation 1.x reads, says something else",
            policies.path().display(),
            unused.display()
        );
        findings.push(
            Finding::warn(Check::TrustPolicy, found, "one policy for every reader").advising(Some(
                "copy one of them over the other, or remove one".to_owned(),
            )),
        );
    }
    if let Some(reference) = &examination.reference {
        findings.push(statement_of(&setup, &reference.repository_with_registry()));
    } else if findings.is_empty() {
        let count = policies.statements().len();
        let found = format!(
            "`{}`, {count} statement{}",
            policies.path().display(),
            if count == 1 { "" } else { "s" }
        );
        findings.push(Finding::pass(Check::TrustPolicy, found));
    }
    let stores = setup.stores();
    let mut names: Vec<&StoreName> = Vec::new();
    for statement in relevant(examination, &setup) {
        for name in &statement.trust_stores {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    for name in names {
        findings.extend(of_store(&stores, name));
    }
    (Some(setup), findings)
}

/// Notation's policy, or the profiles that are named where there is no policy.
fn load(examination: &Examination) -> Result<Setup, Box<Finding>> {
    let wanted = "a trust policy that can be used";
    let directories = examination.environment.notation_directories();
    let directories = directories.map_err(|error| {
        let finding = Finding::of_error(Check::TrustPolicy, Status::Fail, &error, wanted);
        Box::new(finding.advising(Some(error.hint())))
    })?;
    let setup_hint = "write one with `countersign setup --signing-profile ARN`, or name the profile at each verification with the setting `signing-profile`";
    match Verifier::from_notation_config(&directories) {
        Ok(setup) => Ok(setup),
        Err(SetupError::Policy(error @ trust_policy::Error::Missing { .. })) => {
            let profiles = examination.profiles.iter().map(ToString::to_string);
            let profiles: Vec<String> = profiles.collect();
            if !profiles.is_empty()
                && let Ok(setup) = Verifier::for_signing_profiles(profiles)
            {
                return Ok(setup);
            }
            Err(Box::new(
                Finding::of_error(Check::TrustPolicy, Status::Warn, &error, wanted)
                    .advising(Some(setup_hint.to_owned())),
            ))
        }
        Err(error) => {
            let said = match &error {
                SetupError::Policy(error) if !error.problems().is_empty() => {
                    let problems = error.problems().iter().map(ToString::to_string);
                    Some(problems.collect::<Vec<_>>().join("; "))
                }
                _ => None,
            };
            let finding = Finding::of_error(Check::TrustPolicy, Status::Fail, &error, wanted);
            let finding = match said {
                Some(problems) => Finding {
                    found: format!("{}: {problems}", finding.found),
                    ..finding
                },
                None => finding,
            };
            Err(Box::new(finding.advising(error.hint())))
        }
    }
}

fn statement_of(setup: &Setup, scope: &str) -> Finding {
    match setup.policies().select(scope) {
        Ok(statement) => {
            let level = statement.level.name();
            let found = format!("{}, level `{level}`", statement.named());
            if level == "strict" {
                return Finding::pass(Check::TrustPolicy, found).about(scope);
            }
            Finding::warn(
                Check::TrustPolicy,
                found,
                "level `strict`, which enforces every validation",
            )
            .about(scope)
            .advising(Some("set `level` of the statement to `strict`".to_owned()))
        }
        Err(error) => {
            let wanted = "a statement about the repository";
            Finding::of_error(Check::TrustPolicy, Status::Fail, &error, wanted)
                .about(scope)
                .advising(error.hint())
        }
    }
}

/// The statement about the artifact, or every one.
fn relevant<'a>(examination: &Examination, setup: &'a Setup) -> Vec<&'a Statement> {
    match &examination.reference {
        Some(reference) => {
            let scope = reference.repository_with_registry();
            setup.policies().select(&scope).into_iter().collect()
        }
        None => setup.policies().statements().iter().collect(),
    }
}

/// The identities that the policy trusts.
pub(super) fn identities<'a>(
    examination: &Examination,
    setup: &'a Setup,
) -> impl Iterator<Item = &'a str> {
    relevant(examination, setup)
        .into_iter()
        .flat_map(|statement| &statement.trusted_identities)
        .map(trust_policy::TrustedIdentity::as_str)
}

/// Whether the stores for AWS Signer's signatures were found to have AWS's roots alone.
pub(super) fn trusts_only_aws(findings: &[Finding]) -> bool {
    let mut roots = findings
        .iter()
        .filter(|finding| finding.check == Check::Roots)
        .peekable();
    roots.peek().is_some() && roots.all(|finding| finding.status == Status::Pass)
}

fn of_store(stores: &TrustStores, name: &StoreName) -> Vec<Finding> {
    let store = match stores.load(name) {
        Ok(store) => store,
        Err(error) => {
            let wanted = "a trust store with certificates";
            let finding =
                Finding::of_error(Check::TrustStore, Status::Fail, error.as_ref(), wanted);
            return vec![finding.about(name.to_string()).advising(error.hint())];
        }
    };
    let count = store.certificates.len();
    let found = format!("{count} certificate{}", if count == 1 { "" } else { "s" });
    let mut findings = vec![Finding::pass(Check::TrustStore, found).about(name.to_string())];
    if name.kind() != StoreType::SigningAuthority {
        return findings;
    }
    let others: Vec<String> = store
        .certificates
        .iter()
        .filter(|trusted| trust_store::published_partition(&trusted.certificate).is_none())
        .map(|trusted| {
            format!(
                "`{}` ({})",
                trusted.file.display(),
                trusted.certificate.sha256_fingerprint()
            )
        })
        .collect();
    let wanted = "certificates with the fingerprints of the roots that AWS has published";
    let finding = if others.is_empty() {
        let partitions = store.certificates.iter();
        let mut partitions: Vec<&str> = partitions
            .filter_map(|trusted| trust_store::published_partition(&trusted.certificate))
            .collect();
        partitions.dedup();
        Finding::pass(
            Check::Roots,
            format!("the published root of `{}`", partitions.join("`, `")),
        )
    } else if trust_store::is_published_name(name) {
        let found = format!("not AWS's root: {}", others.join(", "));
        Finding::fail(Check::Roots, found, wanted).advising(Some(
            "take the file out of the store, and find out who put it there; write AWS's root with `countersign setup --signing-profile ARN`"
                .to_owned(),
        ))
    } else {
        let found = format!("not AWS's root: {}", others.join(", "));
        Finding::warn(Check::Roots, found, wanted).advising(Some(
            "nothing, if a signing authority other than AWS Signer is trusted on purpose; else take the file out of the store"
                .to_owned(),
        ))
    };
    findings.push(finding.about(name.to_string()));
    findings
}
