use std::collections::BTreeMap;

use serde_json::json;
use time::Duration;

use super::*;
use crate::envelope::testing::Signer;
use crate::outcome::Standing;
use crate::signer_info::UnsignedAttributes;
use crate::verify::testing::{NOW, Scene, attributes, audit, expired, statement};
use crate::x509::testing::NOT_AFTER;

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
    let validators = scene.validators();
    let envelope = scene.envelope(&expired(), &UnsignedAttributes::default());

    let outcome = scene.judge(&validators, &envelope, &audit()).await;
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
    let outcome = scene.judge(&validators, &envelope, &strict).await;
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
    let validators = Scene::with(Signer::new()).validators();

    let outcome = scene.judge(&validators, &envelope, &audit()).await;
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
    let outcome = scene.judge(&validators, &envelope, &strict).await;
    let until_it_failed = [(Integrity, true), (Authenticity, false)];
    assert_eq!(validations(&outcome), until_it_failed);
}

#[tokio::test]
async fn user_metadata_that_is_asked_for_must_be_signed_as_it_is() {
    let scene = Scene::new();
    let metadata = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    let signed = metadata(&[("a", "1"), ("b", "2"), ("io.cncf.notary.x", "3")]);
    let envelope = scene.envelope_with(signed, &attributes(), &UnsignedAttributes::default());
    let (validators, strict) = (scene.validators(), statement(&json!({})));
    let judge = async |asked: &[(&str, &str)]| {
        let asked = metadata(asked);
        scene
            .judge_at(NOW, &validators, &envelope, &strict, &asked)
            .await
    };
    for asked in [&[][..], &[("a", "1")], &[("b", "2"), ("a", "1")]] {
        let outcome = judge(asked).await;
        assert_eq!(outcome.standing(), Standing::Verified, "{asked:?}");
        // Reserved annotations are not user metadata.
        let found: BTreeMap<_, _> = outcome.user_metadata.into_iter().collect();
        assert_eq!(found, metadata(&[("a", "1"), ("b", "2")]));
    }
    for (asked, key, found, wanted) in [
        ([("a", "1"), ("b", "1")], "b", Some("2"), "1"),
        ([("a", "1"), ("c", "2")], "c", None, "2"),
    ] {
        let outcome = judge(&asked).await;
        let Some(Failure::UserMetadata {
            key: of,
            found: signed,
            wanted: asked,
        }) = outcome.refusal()
        else {
            panic!("{outcome:#?}");
        };
        let told = (of.as_str(), signed.as_deref(), asked.as_str());
        assert_eq!(told, (key, found, wanted));
    }
}

#[tokio::test]
async fn a_time_stamp_after_expiry_is_wanted_from_the_end_of_the_first_certificate_on() {
    let scene = Scene::new();
    let envelope = scene.envelope(&attributes(), &UnsignedAttributes::default());
    let validators = scene.validators();
    let after_expiry = statement(&json!({
        "signatureVerification": {"level": "strict", "verifyTimestamp": "afterCertExpiry"},
        "trustStores": ["ca:x", "tsa:x"],
    }));
    let judge = async |now| {
        let metadata = BTreeMap::new();
        scene
            .judge_at(now, &validators, &envelope, &after_expiry, &metadata)
            .await
    };
    for valid in [NOW, NOT_AFTER] {
        let outcome = judge(valid).await;
        assert_eq!(outcome.standing(), Standing::Verified, "{outcome:#?}");
    }
    let outcome = judge(NOT_AFTER + Duration::SECOND).await;
    assert!(
        matches!(outcome.refusal(), Some(Failure::NoTimestamp)),
        "{outcome:#?}"
    );
}
