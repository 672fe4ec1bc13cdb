//! Rows of the kinds `trust policy (oci)`, `trust policy (blob)`, `scope match` and `identity match`.

use std::error::Error;
use std::path::Path;

use countersign::envelope::UnverifiedEnvelope;
use countersign::notary::EnvelopeFormat;
use countersign::trust_policy::{DocumentKind, TrustPolicies};
use countersign::trust_store::TrustStores;

use super::{Answer, Case};

/// Reads and checks the row's document.
pub(super) fn parse(case: &Case, kind: DocumentKind) -> Answer {
    Answer::from_result(&TrustPolicies::parse(
        kind,
        Path::new(&case.path),
        &case.read(),
    ))
}

/// Selects the statement about the artifact of `reference REGISTRY/REPOSITORY@DIGEST`.
pub(super) fn select(case: &Case) -> Answer {
    let artifact = case
        .how
        .strip_prefix("reference ")
        .unwrap_or_else(|| panic!("{}", case.how));
    match TrustPolicies::parse(DocumentKind::Oci, Path::new(&case.path), &case.read()) {
        Ok(policies) => match policies.select_for_artifact(artifact) {
            Ok(statement) => Answer::word(&format!("-> {}", statement.name)),
            Err(error) => Answer::reject(&error),
        },
        Err(error) => Answer::reject(&error),
    }
}

/// Verifies the row's envelope up to its identity: `verify with policy FILE: ...`.
pub(super) fn identity(case: &Case) -> Answer {
    let policy = case
        .how
        .split_once("policy ")
        .and_then(|(_, rest)| rest.split_once(": identity "));
    let (policy, _) = policy.unwrap_or_else(|| panic!("{}", case.how));
    match check_identity(case, policy) {
        Ok(()) => Answer::accept(),
        Err(error) => Answer::reject(&*error),
    }
}

fn check_identity(case: &Case, policy: &str) -> Result<(), Box<dyn Error>> {
    let is_cose = Path::new(&case.path)
        .extension()
        .is_some_and(|extension| extension == "cose");
    let format = if is_cose {
        EnvelopeFormat::Cose
    } else {
        EnvelopeFormat::Jws
    };
    let envelope = UnverifiedEnvelope::parse(format, &case.read())?.verify()?;
    let signer_info = envelope.signer_info();
    let policies = TrustPolicies::parse(
        DocumentKind::Oci,
        Path::new(policy),
        &case.read_other(policy),
    )?;
    let statement = policies.select("any.io/repository")?;
    let stores = TrustStores::new(&case.file("generated/cfg"));
    let chain = &signer_info.certificate_chain;
    let scheme = signer_info.signed_attributes.signing_scheme;
    stores.authenticate(&statement.trust_stores, scheme, chain)?;
    let signing_certificate = chain.first().ok_or("no certificate")?;
    statement.check_identity(signing_certificate)?;
    Ok(())
}
