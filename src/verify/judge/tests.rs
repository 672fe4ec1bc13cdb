use serde_json::json;

use super::*;
use crate::envelope::testing::Signer;
use crate::outcome::Standing;
use crate::signer_info::UnsignedAttributes;
use crate::verify::testing::{Scene, attributes, audit, expired, statement};

/// The validations that were carried out, each with whether it passed.
fn validations(outcome: &SignatureOutcome) -> Vec<(Validation, bool)> {
    let all = outcome.validations.iter();
    all.map(|one| (one.validation, one.failure.is_none()))
        .collect()
}

#[tokio::test]
async fn a_failure_ends_the_judgement_only_where_it_is_enforced() {
    use Validation::{AuthenticTimestamp, Authenticity, Expiry, Integrity, Revocation};
    let scene = Scene::new();
    let judges = scene.judges();
    let envelope = scene.envelope(&expired(), &UnsignedAttributes::default());

    let outcome = scene.judge(&judges, &envelope, &audit()).await;
    assert_eq!(
        validations(&outcome),
        [
            (Integrity, true),
            (Authenticity, true),
            (Expiry, false),
            (AuthenticTimestamp, true),
            (Revocation, true)
        ]
    );
    assert_eq!(outcome.standing(), Standing::Tolerated);
    let logged: Vec<Validation> = outcome.logged().map(|(validation, _)| validation).collect();
    assert_eq!(logged, [Expiry]);

    let strict = statement(&json!({}));
    let outcome = scene.judge(&judges, &envelope, &strict).await;
    let until_it_failed = [(Integrity, true), (Authenticity, true), (Expiry, false)];
    assert_eq!(validations(&outcome), until_it_failed);
    assert!(matches!(outcome.refusal(), Some(Failure::Expired { .. })));
}

#[tokio::test]
async fn what_is_not_authentic_is_asked_nobody_about() {
    use Validation::{AuthenticTimestamp, Authenticity, Expiry, Integrity, Revocation};
    let scene = Scene::new();
    let envelope = scene.envelope(&attributes(), &UnsignedAttributes::default());
    // They trust another root of the same name.
    let judges = Scene::with(Signer::new()).judges();

    let outcome = scene.judge(&judges, &envelope, &audit()).await;
    assert_eq!(
        validations(&outcome),
        [
            (Integrity, true),
            (Authenticity, false),
            (Expiry, true),
            (AuthenticTimestamp, true),
            (Revocation, false)
        ]
    );
    let failures = outcome.logged().map(|(_, failure)| failure);
    let failures: Vec<&Failure> = failures.collect();
    assert!(
        matches!(
            failures[..],
            [Failure::Authenticity { .. }, Failure::RevocationNotAsked]
        ),
        "{failures:#?}"
    );

    let strict = statement(&json!({}));
    let outcome = scene.judge(&judges, &envelope, &strict).await;
    let until_it_failed = [(Integrity, true), (Authenticity, false)];
    assert_eq!(validations(&outcome), until_it_failed);
}
