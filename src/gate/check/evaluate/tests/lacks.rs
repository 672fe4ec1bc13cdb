//! What a verified signature may lack to fill a role: metadata, age, a signer of its own.

use super::*;

fn with_metadata(number: u8, profile: &str, pairs: &[(&str, &str)]) -> SignatureOutcome {
    let mut outcome = verified(number, By::Profile(profile));
    outcome.user_metadata = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    outcome
}

#[test]
fn metadata_counts_from_the_same_signature_only() {
    let rule = rule(
        &json!({ "all": [{ "name": "one", "signingProfile": profile("pp"),
        "userMetadata": { "commit": true, "env": "prod" } }] }),
    );
    let check = |signatures: &[&[(&str, &str)]]| {
        let signatures = signatures.iter().enumerate();
        let judged = signatures.map(|(number, pairs)| {
            signature(vec![with_metadata(
                u8::try_from(number).unwrap(),
                "pp/a",
                pairs,
            )])
        });
        judge(&rule, judged.collect(), None)
    };
    assert_eq!(
        check(&[&[("commit", "1"), ("env", "prod"), ("x", "y")]]).result,
        Ok(())
    );
    assert_eq!(
        check(&[&[("commit", "1")], &[("env", "prod")]]).result,
        REJECTED
    );
    assert_eq!(
        check(&[&[("commit", ""), ("env", "prod")]]).result,
        REJECTED
    );
    assert_eq!(
        check(&[&[("Commit", "1"), ("env", "prod")]]).result,
        REJECTED
    );
    let other = check(&[&[("commit", "1"), ("env", "staging")]]);
    assert_eq!(
        other.roles[0].shortfalls[0].lack,
        RoleLack::UserMetadata {
            key: "env".to_owned(),
            found: Some("staging".to_owned()),
            wanted: crate::gate::policy::MetadataNeed::Value("prod".to_owned()),
        }
    );
    // What lacks it would not be enough if it could be decided.
    let mut open = with_metadata(1, "pp/a", &[("commit", "1")]);
    open.failure = Some(exhausted());
    assert_eq!(result(&rule, vec![signature(vec![open])]), REJECTED);
    let mut open = with_metadata(1, "pp/a", &[("commit", "1"), ("env", "prod")]);
    open.failure = Some(exhausted());
    assert_eq!(result(&rule, vec![signature(vec![open])]), OPEN);
}

#[test]
fn an_age_is_by_a_time_that_the_signer_does_not_choose() {
    let rule = rule(
        &json!({ "all": [{ "name": "one", "signingProfile": profile("pp"), "maxAge": "24h" }] }),
    );
    let at = |time: Option<OffsetDateTime>| {
        let mut outcome = verified(1, By::Profile("pp/a"));
        outcome.authentic_time = time;
        judge(&rule, vec![signature(vec![outcome])], None)
    };
    let skew = crate::limits::CLOCK_SKEW;
    for (time, wanted) in [
        (NOW, true),
        (NOW - DAY, true),
        (NOW - DAY - Duration::from_nanos(1), false),
        (NOW + skew, true),
        (NOW + skew + Duration::from_nanos(1), false),
    ] {
        assert_eq!(at(Some(time)).result.is_ok(), wanted, "{time}");
    }
    let none = at(None);
    assert_eq!(none.result, REJECTED);
    assert_eq!(
        none.roles[0].shortfalls[0].lack,
        RoleLack::NoAuthenticTime { max_age: DAY }
    );
    let old = at(Some(NOW - DAY - DAY));
    assert_eq!(
        old.roles[0].shortfalls[0].lack,
        RoleLack::TooOld {
            signed_at: NOW - DAY - DAY,
            max_age: DAY
        }
    );
}

#[test]
fn a_profile_is_believed_only_where_aws_signers_rules_judge() {
    // The same attributes without AWS Signer's plugin are only the claims of the key's owner.
    let key = self_signed("k");
    let mut claiming = info(By::Profile("pp/a"));
    claiming.signed_attributes.verification_plugin = None;
    claiming.certificate_chain = vec![key.clone()];
    let mut outcome = verified(1, By::Key(&key));
    outcome.signer_info = Some(claiming);
    let of = |outcome: &_| SignerKey::of(outcome).unwrap();
    let of_key = of(&verified(2, By::Key(&key)));
    assert!(of(&outcome).is(&of_key));
    let of_profile = of(&verified(3, By::Profile("pp/b")));
    assert!(!of(&outcome).is(&of_profile));
    assert!(of_profile.is(&of(&verified(4, By::Profile("pp/c")))));
}

#[test]
fn two_keys_of_one_subject_are_one_signer() {
    let rule = all(&["one", "two"]);
    // A certificate that was renewed, with a new key.
    let (old, new) = (self_signed("a"), self_signed("a"));
    assert!(!old.has_key_of(&new));
    let signatures = vec![
        fitting(1, By::Key(&old), 2, &[0, 1]),
        fitting(2, By::Key(&new), 2, &[0, 1]),
    ];
    assert_eq!(result(&rule, signatures), REJECTED);
}
