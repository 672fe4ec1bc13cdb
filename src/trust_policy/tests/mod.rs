//! Documents, and what is said about them.

mod advice;
mod rules;
mod selection;

use super::error::SETUP;
use super::*;
use crate::aws::SigningProfile;
use crate::config::StoreNameError;
use crate::document::Position;
use crate::notary::{Action, StoreType, Validation};
use crate::x509::identity;

fn oci(text: &str) -> Result<TrustPolicies, Error> {
    TrustPolicies::parse(DocumentKind::Oci, Path::new("/c/p.json"), text.as_bytes())
}

fn blob(text: &str) -> Result<TrustPolicies, Error> {
    TrustPolicies::parse(DocumentKind::Blob, Path::new("/c/b.json"), text.as_bytes())
}

/// A document of one statement of level strict, in which `from` is replaced by `to`.
fn edited(from: &str, to: &str) -> String {
    let document = r#"{"version": "1.0", "trustPolicies": [{"name": "p", "registryScopes": ["*"],
"signatureVerification": {"level": "strict"},
"trustStores": ["ca:acme"], "trustedIdentities": ["*"]}]}"#;
    assert!(document.contains(from), "{from}");
    document.replace(from, to)
}

fn problems(text: &str) -> Vec<Problem> {
    let result = if text.contains("globalPolicy") {
        blob(text)
    } else {
        oci(text)
    };
    match result {
        Err(Error::Invalid { problems, .. }) => problems,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_statement_says_what_the_document_says() {
    let policies = oci(r#"{"version": "1.0", "trustPolicies": [{
        "name": "p", "registryScopes": ["a.io/b", "a.io/c"],
        "signatureVerification": {"level": "permissive", "verifyTimestamp": "afterCertExpiry",
            "override": {"revocation": "skip", "expiry": "enforce"}},
        "trustStores": ["ca:x", "tsa:t", "ca:x", "signingAuthority:s"],
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=N", "arn:x"]}]}"#)
    .unwrap();
    assert_eq!(policies.warnings(), []);
    let [statement] = policies.statements() else {
        panic!("{policies:?}");
    };
    assert_eq!(statement.registry_scopes, ["a.io/b", "a.io/c"]);
    assert_eq!(statement.level.name(), "custom");
    assert_eq!(statement.level.action(Validation::Revocation), Action::Skip);
    assert_eq!(statement.level.action(Validation::Expiry), Action::Enforce);
    assert_eq!(
        statement.level.action(Validation::AuthenticTimestamp),
        Action::Log
    );
    assert_eq!(statement.verify_timestamp, VerifyTimestamp::AfterCertExpiry);
    let ca = StoreName::parse("ca:x").unwrap();
    assert_eq!(statement.trust_stores_of(StoreType::Ca), [&ca]);
    let texts: Vec<&str> = statement
        .trusted_identities
        .iter()
        .map(TrustedIdentity::as_str)
        .collect();
    assert_eq!(texts, ["x509.subject: C=US, ST=WA, O=N", "arn:x"]);
    assert_eq!(statement.subject_identities().count(), 1);
}

#[test]
fn null_counts_as_absent() {
    let text = edited(
        r#"{"level": "strict"}"#,
        r#"{"level": "strict", "override": null, "verifyTimestamp": null}"#,
    );
    assert_eq!(oci(&text).unwrap().statements()[0].level.name(), "strict");
    let skip = edited(r#"["*"],"#, r#"["a/b"],"#)
        .replace("strict", "skip")
        .replace(r#"["ca:acme"]"#, "null")
        .replace(r#"["*"]"#, "[]");
    assert!(oci(&skip).unwrap().statements()[0].level.is_skip());
}

#[test]
fn all_problems_are_listed_and_notations_first_one_leads() {
    let text = edited("\"1.0\"", "\"9\"")
        .replace("strict", "x")
        .replace("\"ca:acme\"", "\"acme\", 7");
    let found = problems(&text);
    let expected = [
        // notation reads the JSON first.
        Rule::WrongType {
            found: crate::document::Kind::Number,
            allowed: "a string",
        },
        Rule::VersionUnsupported { found: "9".into() },
        Rule::LevelUnknown { found: "x".into() },
        Rule::Store {
            found: "acme".into(),
            problem: StoreNameError::NoType {
                found: "acme".into(),
            },
        },
    ];
    let rules: Vec<Rule> = found.into_iter().map(|problem| problem.rule).collect();
    assert_eq!(rules, expected);
    let error = oci(&text).unwrap_err();
    assert_eq!(
        error.notation_sentence(""),
        format!("malformed trust policy. {SETUP}")
    );
    assert!(
        error.to_string().ends_with(" (and 3 more problems)"),
        "{error}"
    );
}

#[test]
fn a_value_of_another_type_is_one_problem_and_nothing_is_missing() {
    for (from, to, pointer) in [
        (r#""1.0""#, "1", "/version"),
        (
            r#"{"level": "strict"}"#,
            r#""strict""#,
            "/trustPolicies/0/signatureVerification",
        ),
        (
            r#""strict""#,
            "true",
            "/trustPolicies/0/signatureVerification/level",
        ),
        (r#""p""#, "[]", "/trustPolicies/0/name"),
        (r#"["*"],"#, "7,", "/trustPolicies/0/registryScopes"),
        (
            r#"["ca:acme"]"#,
            r#""ca:acme""#,
            "/trustPolicies/0/trustStores",
        ),
    ] {
        let found = problems(&edited(from, to));
        let [problem] = found.as_slice() else {
            panic!("{to}: {found:#?}");
        };
        assert_eq!(problem.pointer, pointer);
        assert!(matches!(problem.rule, Rule::WrongType { .. }), "{problem}");
    }
}

/// `null` counts as an object without members, as in notation.
#[test]
fn a_document_that_is_no_object_has_no_other_problem() {
    let rules = |text: &str| -> Vec<Rule> {
        let problems = problems(text).into_iter();
        problems.map(|problem| problem.rule).collect()
    };
    for other in ["[]", "1", "\"1.0\""] {
        let found = rules(other);
        assert!(
            matches!(found[..], [Rule::WrongType { .. }]),
            "{other}: {found:?}"
        );
    }
    let without = [Rule::VersionMissing, Rule::NoStatements];
    for empty in ["null", "{}"] {
        assert_eq!(rules(empty), without, "{empty}");
    }
}

#[test]
fn the_list_of_problems_is_bounded() {
    let stores = |count: usize| {
        let list = vec![r#""acme""#; count].join(",");
        problems(&edited(r#""ca:acme""#, &list)).len()
    };
    assert_eq!(
        stores(crate::limits::MAX_POLICY_PROBLEMS),
        crate::limits::MAX_POLICY_PROBLEMS
    );
    assert_eq!(
        stores(crate::limits::MAX_POLICY_PROBLEMS + 1),
        crate::limits::MAX_POLICY_PROBLEMS
    );
}

#[test]
fn the_list_of_warnings_is_bounded() {
    let unknown = |count: usize| {
        let members: Vec<String> = (0..count).map(|n| format!(r#""x{n}": 1, "#)).collect();
        let text = edited(r#""name""#, &(members.concat() + r#""name""#));
        oci(&text).unwrap().warnings().len()
    };
    let limit = crate::limits::MAX_POLICY_PROBLEMS;
    assert_eq!(unknown(limit), limit);
    assert_eq!(unknown(limit + 1), limit);
}

#[test]
fn what_has_no_effect_is_warned_about() {
    let text = edited(
        r#""name": "p""#,
        r#""name": "p", "trustStore": [], "globalPolicy": true, "x": 1"#,
    )
    .replace("ca:acme", "tsa:acme")
    // Several spellings in one statement do not cause a warning.
    .replace(r#"["*"],"#, r#"["REG.io/a", "reg.io/a"],"#)
    .replace(
        r#"Identities": ["*"]"#,
        r#"Identities": ["arn:aws:signer:us-west-2:111122223333:/signing-profile/Images"]"#,
    );
    let policies = oci(&text).unwrap();
    let warnings: Vec<String> = policies
        .warnings()
        .iter()
        .map(|warning| warning.to_string().replace("`/c/p.json`, ", ""))
        .collect();
    assert_eq!(
        warnings,
        [
            "line 1, column 52: `/trustPolicies/0/trustStore`: the unknown member `trustStore` is ignored",
            "line 1, column 70: `/trustPolicies/0/globalPolicy`: the member `globalPolicy` is ignored; only \
             trustpolicy.blob.json has it",
            "line 1, column 92: `/trustPolicies/0/x`: the unknown member `x` is ignored",
            "line 3, column 52: `/trustPolicies/0/trustedIdentities/0`: \
             the identity trusts no signature: `arn:aws:signer:us-west-2:111122223333:/signing-profile/Images` has the resource \
             `/signing-profile/Images`, wanted `/signing-profiles/NAME`, `/signing-profiles/NAME/VERSION`, `/signing-jobs/ID` or \
             `/aliases/NAME`",
            "line 3, column 16: `/trustPolicies/0/trustStores`: every trust store is of type `tsa`, so no \
             signature can pass authenticity",
        ]
    );
    let hints: Vec<Option<String>> = policies.warnings().iter().map(Warning::hint).collect();
    assert_eq!(hints[0].as_deref(), Some("did you mean `trustStores`?"));
    assert_eq!(hints[1..3], [None, None]);
    assert_eq!(
        hints[3].as_deref(),
        Some("did you mean `arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images`?")
    );
}

#[test]
fn problems_keep_typed_causes() {
    let text = edited(
        r#""trustedIdentities": ["*"]"#,
        r#""trustedIdentities": ["x509.subject: O=#1"]"#,
    );
    let found = problems(&text).remove(0);
    assert_eq!(
        found.position,
        Position {
            line: 3,
            column: 51
        }
    );
    assert_eq!(found.statement, "p");
    assert_eq!(
        found.rule,
        Rule::IdentitySubject {
            found: "x509.subject: O=#1".into(),
            problem: identity::Error::HexValue
        }
    );
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = TrustPolicies::parse(DocumentKind::Oci, Path::new("p"), &bytes);
    }

    /// A good document with bytes replaced is read or refused, and every refusal has its words.
    #[test]
    fn a_damaged_document_never_panics(
        offset in 0_usize..190,
        bytes in proptest::collection::vec(proptest::sample::select(b"{}[]\",:*\\ \nn1a\xc3\xff".to_vec()), 0..6),
    ) {
        let mut document = edited("strict", "strict").into_bytes();
        let end = (offset + bytes.len()).min(document.len());
        document.splice(offset.min(end)..end, bytes);
        for kind in [DocumentKind::Oci, DocumentKind::Blob] {
            if let Err(error) = TrustPolicies::parse(kind, Path::new("p"), &document) {
                proptest::prop_assert!(!error.notation_sentence("r").is_empty());
                proptest::prop_assert!(!error.to_string().contains("unknown problem"));
            }
        }
    }
}
