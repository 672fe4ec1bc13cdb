mod lacks;
mod reasons;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::algorithm::SignatureAlgorithm;
use crate::allowance::Exhausted;
use crate::aws::SigningProfile;
use crate::extended_validation::{self, attribute};
use crate::gate::check::signers::SignerKey;
use crate::gate::policy::GatePolicy;
use crate::notary::{Action, SigningScheme, Validation};
use crate::oci::sha256_digest;
use crate::outcome::{Failure, SignatureOutcome, ValidationOutcome};
use crate::reference::Reference;
use crate::registry;
use crate::signer_info::{
    ExtendedAttribute, LabelKind, SignedAttributes, SignerInfo, UnsignedAttributes,
};
use crate::trust_policy::TrustPolicies;
use crate::verify::Unseen;
use crate::x509::Certificate;
use crate::x509::testing::self_signed;

const NOW: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);
const DAY: Duration = Duration::from_hours(24);

fn profile(name: &str) -> String {
    format!("arn:aws:signer:us-east-1:111122223333:/signing-profiles/{name}")
}

/// A rule that asks for signing profiles of these names.
fn rule(require: &Value) -> GateRule {
    let policy = json!({ "version": "1.0", "rules": [
        { "name": "r", "scopes": ["r.io/app"], "require": require },
    ] });
    let policy = GatePolicy::parse(Path::new("g"), policy.to_string().as_bytes(), NOW).unwrap();
    policy.rules()[0].clone()
}

fn signer(name: &str) -> Value {
    json!({ "name": name, "signingProfile": profile(name) })
}

fn all(names: &[&str]) -> GateRule {
    let signers: Vec<Value> = names.iter().map(|name| signer(name)).collect();
    rule(&json!({ "all": signers }))
}

fn at_least(count: usize, names: &[&str]) -> GateRule {
    let signers: Vec<Value> = names.iter().map(|name| signer(name)).collect();
    rule(&json!({ "atLeast": count, "of": signers }))
}

/// Who signed.
#[derive(Clone, Copy)]
enum By<'a> {
    Profile(&'a str),
    Key(&'a Certificate),
}

fn info(by: By<'_>) -> SignerInfo {
    let text = |name: &str, value: String| ExtendedAttribute {
        name: name.to_owned(),
        label: LabelKind::Text,
        critical: true,
        value: value.into(),
    };
    let (plugin, extended, leaf) = match by {
        By::Key(leaf) => (None, Vec::new(), leaf.clone()),
        By::Profile(version) => {
            let job = "arn:aws:signer:us-east-1:111122223333:/signing-jobs/j";
            let extended = vec![
                text(attribute::SIGNING_PROFILE_VERSION, profile(version)),
                text(attribute::SIGNING_JOB, job.to_owned()),
            ];
            // Every signature of AWS Signer has a certificate of its own.
            let plugin = extended_validation::PLUGIN_NAME.to_owned();
            (Some(plugin), extended, self_signed("leaf"))
        }
    };
    SignerInfo {
        signed_attributes: SignedAttributes {
            content_type: String::new(),
            signing_scheme: SigningScheme::SigningAuthority,
            signing_time: NOW - DAY,
            expiry: None,
            verification_plugin: plugin,
            verification_plugin_min_version: None,
            extended,
        },
        unsigned_attributes: UnsignedAttributes::default(),
        signature_algorithm: SignatureAlgorithm::Es256,
        certificate_chain: vec![leaf],
        signature: Vec::new(),
    }
}

/// An outcome in which everything passed.
fn verified(number: u8, by: By<'_>) -> SignatureOutcome {
    let mut outcome = SignatureOutcome::new(sha256_digest(&[number]));
    outcome.signer_info = Some(info(by));
    outcome.authentic_time = Some(NOW - DAY);
    outcome.validations = Validation::ALL
        .map(|validation| ValidationOutcome {
            validation,
            action: Action::Enforce,
            failure: None,
            facts: Vec::new(),
        })
        .into();
    outcome
}

/// The same, which is refused.
fn refused(number: u8, by: By<'_>) -> SignatureOutcome {
    let mut outcome = verified(number, by);
    outcome.validations[1].failure = Some(Failure::NoTimestamp);
    outcome
}

/// The same, which could not be decided.
fn inconclusive(number: u8, by: By<'_>) -> SignatureOutcome {
    let mut outcome = verified(number, by);
    outcome.failure = Some(exhausted());
    outcome
}

fn exhausted() -> Failure {
    Failure::Unfinished {
        source: Exhausted::Bytes { max: 1 },
    }
}

/// One signature: what each role's statement says of it.
fn signature(outcomes: Vec<SignatureOutcome>) -> SignatureOutcomes {
    SignatureOutcomes::of(outcomes)
}

/// A signature by a profile, verified for the roles of the given numbers and refused for the others.
fn fitting(number: u8, by: By<'_>, roles: usize, fits: &[usize]) -> SignatureOutcomes {
    let one = |role| {
        if fits.contains(&role) {
            verified(number, by)
        } else {
            refused(number, by)
        }
    };
    signature((0..roles).map(one).collect())
}

fn judge(
    rule: &GateRule,
    signatures: Vec<SignatureOutcomes>,
    unseen: Option<Unseen>,
) -> ImageExamination {
    let roles = Roles::new(rule, |role| Ok(statement(role)));
    evaluate(&roles, image(rule, signatures, unseen), NOW)
}

fn image(
    rule: &GateRule,
    signatures: Vec<SignatureOutcomes>,
    unseen: Option<Unseen>,
) -> ImageExamination {
    ImageExamination {
        reference: Reference::parse("r.io/app:v1").unwrap().into(),
        platforms: Vec::new(),
        needed: rule.needed(),
        roles: Vec::new(),
        signatures,
        unseen,
        error: None,
        result: Ok(()),
    }
}

fn statement(role: &Role) -> Statement {
    let profile = SigningProfile::parse(&profile(&role.name)).unwrap();
    let policies = TrustPolicies::of_signing_profiles(&[profile], Vec::new());
    policies.statements()[0].clone()
}

fn result(rule: &GateRule, signatures: Vec<SignatureOutcomes>) -> Result<(), FailureClass> {
    judge(rule, signatures, None).result
}

const REJECTED: Result<(), FailureClass> = Err(FailureClass::Rejected);
const OPEN: Result<(), FailureClass> = Err(FailureClass::Inconclusive);

#[test]
fn roles_are_assigned_by_matching_whatever_the_order() {
    let (a, b) = (self_signed("a"), self_signed("b"));
    for roles in [["one", "two"], ["two", "one"]] {
        let rule = all(&roles);
        // A fits both roles, B only the first of `one`.
        let first = usize::from(roles[0] == "two");
        let of_a = || fitting(1, By::Key(&a), 2, &[0, 1]);
        let of_b = || fitting(2, By::Key(&b), 2, &[first]);
        assert_eq!(result(&rule, vec![of_a(), of_b()]), Ok(()));
        assert_eq!(result(&rule, vec![of_b(), of_a()]), Ok(()));
        assert_eq!(result(&rule, vec![of_a()]), REJECTED);
    }
}

#[test]
fn one_signer_fills_one_role_however_often_it_signs() {
    let rule = all(&["one", "two"]);
    let a = self_signed("a");
    let twice = || {
        let sign = |number| fitting(number, By::Key(&a), 2, &[0, 1]);
        vec![sign(1), sign(2)]
    };
    assert_eq!(result(&rule, twice()), REJECTED);
    // Two versions of a signing profile are one signer, whatever their certificates.
    let versions = ["pp/aaaaaaaaaa", "pp/bbbbbbbbbb"];
    let signatures = versions.map(|version| fitting(1, By::Profile(version), 2, &[0, 1]));
    assert_eq!(result(&rule, signatures.into()), REJECTED);
    let profiles = ["pp/aaaaaaaaaa", "qq/aaaaaaaaaa"];
    let signatures = profiles.map(|version| fitting(1, By::Profile(version), 2, &[0, 1]));
    assert_eq!(result(&rule, signatures.into()), Ok(()));
    let found = judge(&rule, twice(), None);
    assert_eq!(found.filled(), 1);
    let missing = found
        .roles
        .iter()
        .find(|role| role.filled.is_none())
        .unwrap();
    assert!(
        missing
            .shortfalls
            .iter()
            .all(|one| matches!(one.lack, RoleLack::FillsAnother { .. })),
        "{missing:?}"
    );
}

#[test]
fn two_keys_that_one_identity_matches_fill_one_role() {
    let rule = at_least(2, &["one", "two", "three"]);
    let (a, b) = (self_signed("a"), self_signed("b"));
    let both = vec![
        fitting(1, By::Key(&a), 3, &[0]),
        fitting(2, By::Key(&b), 3, &[0]),
    ];
    let found = judge(&rule, both, None);
    assert_eq!(
        (found.result, found.filled(), found.needed),
        (REJECTED, 1, 2)
    );
}

#[test]
fn so_many_roles_as_the_rule_needs() {
    let keys = ["a", "b", "c"].map(self_signed);
    let signatures = |count: usize| {
        let one = |at: usize| fitting(u8::try_from(at).unwrap(), By::Key(&keys[at]), 3, &[at]);
        (0..count).map(one).collect::<Vec<_>>()
    };
    let names = ["one", "two", "three"];
    let any = rule(&json!({ "any": names.map(signer) }));
    for (rule, needed) in [
        (any, 1),
        (at_least(1, &names), 1),
        (at_least(2, &names), 2),
        (at_least(3, &names), 3),
        (all(&names), 3),
    ] {
        for count in 0..=3 {
            let wanted = if count >= needed { Ok(()) } else { REJECTED };
            assert_eq!(result(&rule, signatures(count)), wanted, "{needed} {count}");
        }
    }
}

#[test]
fn only_what_is_verified_fills_a_role() {
    let rule = all(&["one"]);
    let mut tolerated = verified(1, By::Profile("pp/a"));
    tolerated.validations[2].action = Action::Log;
    tolerated.validations[2].failure = Some(Failure::NoTimestamp);
    let mut missing = verified(1, By::Profile("pp/a"));
    missing.validations.pop();
    let mut skipped = verified(1, By::Profile("pp/a"));
    skipped.validations.pop();
    skipped.skipped = vec![Validation::Revocation];
    let mut all_skipped = verified(1, By::Profile("pp/a"));
    all_skipped.validations.clear();
    all_skipped.skipped = Validation::ALL.into();
    for outcome in [
        refused(1, By::Profile("pp/a")),
        tolerated,
        missing,
        skipped,
        all_skipped,
    ] {
        let shown = format!("{outcome:?}");
        assert_eq!(
            result(&rule, vec![signature(vec![outcome])]),
            REJECTED,
            "{shown}"
        );
    }
    assert_eq!(
        result(
            &rule,
            vec![signature(vec![verified(1, By::Profile("pp/a"))])]
        ),
        Ok(())
    );
    assert_eq!(result(&rule, Vec::new()), REJECTED);
}

#[test]
fn skipped_revocation_counts_only_where_the_rule_leaves_it_to_the_statement() {
    let skipped = || {
        let mut outcome = verified(1, By::Profile("pp/a"));
        outcome.validations.pop();
        outcome.skipped = vec![Validation::Revocation];
        vec![signature(vec![outcome])]
    };
    let mut rule = all(&["one"]);
    let found = judge(&rule, skipped(), None);
    assert_eq!(
        found.roles[0].shortfalls[0].lack,
        RoleLack::RevocationSkipped
    );
    rule.revocation = crate::gate::policy::RevocationNeed::AsStatement;
    assert_eq!(result(&rule, skipped()), Ok(()));
}

#[test]
fn what_could_not_be_looked_at_leaves_it_open_unless_it_is_met_without() {
    let (a, b) = (self_signed("a"), self_signed("b"));
    let good = || fitting(1, By::Key(&a), 2, &[0]);
    let open = || {
        signature(vec![
            inconclusive(2, By::Key(&b)),
            inconclusive(2, By::Key(&b)),
        ])
    };
    let both = all(&["one", "two"]);
    assert_eq!(result(&both, vec![good(), open()]), OPEN);
    assert_eq!(
        result(&both, vec![open()]),
        REJECTED,
        "one signature fills one role"
    );
    assert_eq!(
        result(&both, vec![open(), open()]),
        REJECTED,
        "and one signer, too"
    );
    let one = at_least(1, &["one", "two"]);
    assert_eq!(result(&one, vec![good(), open()]), Ok(()));
    assert_eq!(result(&one, vec![open()]), OPEN);
    // A signature that could not be fetched has an unknown signer.
    let lost = |number| {
        let mut outcome = SignatureOutcome::new(sha256_digest(&[number]));
        outcome.failure = Some(exhausted());
        signature(vec![outcome])
    };
    assert_eq!(result(&one, vec![lost(3)]), OPEN);
}

#[test]
fn a_failure_that_is_certain_decides_beside_one_that_is_not() {
    let rule = all(&["one"]);
    let mut outcome = inconclusive(1, By::Profile("pp/a"));
    outcome.validations[1].failure = Some(Failure::NoTimestamp);
    assert_eq!(result(&rule, vec![signature(vec![outcome])]), REJECTED);
    // What was logged could not be decided, and nothing else failed.
    let mut logged = verified(1, By::Profile("pp/a"));
    logged.validations[4].action = Action::Log;
    logged.validations[4].failure = Some(exhausted());
    assert_eq!(result(&rule, vec![signature(vec![logged])]), OPEN);
}

#[test]
fn signatures_that_were_not_seen_leave_it_open() {
    let rule = all(&["one"]);
    let broken = || registry::Error::NotFound {
        reference: "x".to_owned(),
        said: registry::Words::default(),
    };
    let time = || Unseen::Exhausted {
        source: Exhausted::Bytes { max: 1 },
        not_tried: 1,
    };
    for (unseen, wanted) in [
        (Some(Unseen::Limit(100)), OPEN),
        (Some(Unseen::Listing(broken())), OPEN),
        (Some(time()), OPEN),
        (None, REJECTED),
    ] {
        let shown = format!("{unseen:?}");
        assert_eq!(judge(&rule, Vec::new(), unseen).result, wanted, "{shown}");
    }
    let good = || vec![signature(vec![verified(1, By::Profile("pp/a"))])];
    assert_eq!(judge(&rule, good(), Some(time())).result, Ok(()));
}

#[test]
fn a_role_without_a_statement_is_filled_by_nobody() {
    let rule = at_least(1, &["one", "two"]);
    let nobody = |_: &Role| Err(NoStatement::NoRoot);
    let roles = Roles::new(&rule, nobody);
    let signed = || vec![signature(vec![verified(1, By::Profile("pp/a"))])];
    let found = evaluate(&roles, image(&rule, signed(), None), NOW);
    assert_eq!((found.result, found.filled()), (REJECTED, 0));
    assert!(found.roles.iter().all(|role| role.no_statement.is_some()));
    let unseen = Some(Unseen::Exhausted {
        source: Exhausted::Bytes { max: 1 },
        not_tried: 1,
    });
    let found = evaluate(&roles, image(&rule, Vec::new(), unseen), NOW);
    assert_eq!(found.result, REJECTED, "no further signature helps");
    // The second role alone has a statement, which has the number 0.
    let one = |role: &Role| {
        if role.name == "two" {
            Ok(statement(role))
        } else {
            Err(NoStatement::NoRoot)
        }
    };
    let roles = Roles::new(&rule, one);
    let found = evaluate(&roles, image(&rule, signed(), None), NOW);
    assert_eq!(found.result, Ok(()));
    assert!(found.roles[0].filled.is_none() && found.roles[1].filled.is_some());
}

#[test]
fn what_cannot_be_listed_is_not_met() {
    let rule = at_least(1, &["one"]);
    let roles = Roles::new(&rule, |role| Ok(statement(role)));
    let mut image = image(&rule, Vec::new(), None);
    image.error = Some(crate::verify::Error::NotTried {
        reference: image.reference.clone(),
        source: Exhausted::Bytes { max: 1 },
    });
    assert_eq!(evaluate(&roles, image, NOW).result, OPEN);
}
