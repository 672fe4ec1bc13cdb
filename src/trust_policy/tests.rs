use super::*;
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

/// Every rule with the place that it names and the sentence that notation has for it.
#[test]
fn every_rule_names_its_place_and_has_notations_sentence() {
    let statement = "oci trust policy: trust policy statement \"p\"";
    let scope_advice = "make sure it is a fully qualified repository without the scheme, protocol or tag. For \
        example domain.com/my/repository or a local scope like local/myOCILayout";
    let stores = r#"["ca:acme"]"#;
    let identities = r#""trustedIdentities": ["*"]"#;
    let level = r#"{"level": "strict"}"#;
    let cases = [
        (
            edited("\"1.0\"", "\"1.1\""),
            "line 1, column 13: `/version`: found version `1.1`; allowed: `1.0`",
            "oci trust policy document uses unsupported version \"1.1\"".to_owned(),
        ),
        (
            edited("\"version\": \"1.0\", ", ""),
            "line 1, column 1: the document: `version` is missing or empty; allowed: `1.0`",
            "oci trust policy document has empty version, version must be specified".to_owned(),
        ),
        (
            r#"{"version": "1.0", "trustPolicies": []}"#.to_owned(),
            "line 1, column 37: `/trustPolicies`: `trustPolicies` is missing or empty; at least one statement is required",
            "oci trust policy document can not have zero trust policy statements".to_owned(),
        ),
        (
            edited("\"p\"", "\"\""),
            "line 1, column 47: `/trustPolicies/0/name`: `name` is missing or empty; every statement needs one of its own",
            "oci trust policy: a trust policy statement is missing a name, every statement requires a name".to_owned(),
        ),
        (
            edited("\"strict\"", "\"STRICT\""),
            "line 2, column 36: `/trustPolicies/0/signatureVerification/level`: found level `STRICT`; allowed: `strict`, \
             `permissive`, `audit`, `skip`",
            format!("{statement} has invalid signatureVerification: invalid signature verification level \"STRICT\""),
        ),
        (
            edited(level, "{}"),
            "line 2, column 26: `/trustPolicies/0/signatureVerification`: `level` is missing or empty; allowed: \
             `strict`, `permissive`, `audit`, `skip`",
            format!(
                "{statement} has invalid signatureVerification: signature verification level is empty or missing in the \
                 trust policy statement"
            ),
        ),
        (
            edited(level, r#"{"level": "strict", "override": {"Expiry": "log"}}"#),
            "line 2, column 59: `/trustPolicies/0/signatureVerification/override/Expiry`: found validation `Expiry`; \
             allowed: `authenticity`, `expiry`, `authenticTimestamp`, `revocation`",
            format!(
                "{statement} has invalid signatureVerification: verification type \"Expiry\" in custom signature \
                 verification is not supported, supported values are [\"integrity\" \"authenticity\" \"authenticTimestamp\" \
                 \"expiry\" \"revocation\"]"
            ),
        ),
        (
            edited(level, r#"{"level": "strict", "override": {"revocation": "Log"}}"#),
            "line 2, column 73: `/trustPolicies/0/signatureVerification/override/revocation`: found action `Log`; \
             allowed: `enforce`, `log`, `skip`",
            format!(
                "{statement} has invalid signatureVerification: verification action \"Log\" in custom signature verification \
                 is not supported, supported values are [\"enforce\" \"log\" \"skip\"]"
            ),
        ),
        (
            edited(level, r#"{"level": "strict", "override": {"integrity": "enforce"}}"#),
            "line 2, column 59: `/trustPolicies/0/signatureVerification/override/integrity`: `integrity` cannot be \
             overridden; allowed: `authenticity`, `expiry`, `authenticTimestamp`, `revocation`",
            format!(
                "{statement} has invalid signatureVerification: \"integrity\" verification can not be overridden in custom \
                 signature verification"
            ),
        ),
        (
            edited(level, r#"{"level": "strict", "override": {"expiry": "skip"}}"#),
            "line 2, column 69: `/trustPolicies/0/signatureVerification/override/expiry`: `expiry` cannot be skipped; \
             allowed: `enforce`, `log`",
            format!(
                "{statement} has invalid signatureVerification: \"expiry\" verification can not be skipped in custom \
                 signature verification"
            ),
        ),
        (
            edited(level, r#"{"level": "strict", "verifyTimestamp": "never"}"#),
            "line 2, column 65: `/trustPolicies/0/signatureVerification/verifyTimestamp`: found `never`; allowed: \
             `always`, `afterCertExpiry`",
            format!(
                "{statement} has invalid signatureVerification: verifyTimestamp must be \"always\" or \"afterCertExpiry\", \
                 but got \"never\""
            ),
        ),
        (
            edited(stores, "[]"),
            "line 3, column 16: `/trustPolicies/0/trustStores`: `trustStores` is missing or empty; at least one is \
             required at every level but `skip`",
            format!("{statement} is either missing trust stores or trusted identities, both must be specified"),
        ),
        (
            edited(stores, r#"["acme"]"#),
            "line 3, column 17: `/trustPolicies/0/trustStores/0`: trust store `acme` is not of the form `TYPE:NAME`",
            format!(
                "{statement} has malformed trust store value \"acme\". The required format is \
                 <TrustStoreType>:<TrustStoreName>"
            ),
        ),
        (
            edited(stores, r#"["CA:acme"]"#),
            "line 3, column 17: `/trustPolicies/0/trustStores/0`: trust store type `CA` is none of `ca`, \
             `signingAuthority` and `tsa`",
            format!("{statement} uses an unsupported trust store type \"CA\" in trust store value \"CA:acme\""),
        ),
        (
            edited(stores, r#"["ca:a\n"]"#),
            "line 3, column 17: `/trustPolicies/0/trustStores/0`: trust store name `a\n` is not made of letters, digits, \
             `_`, `.` and `-`, or is `.` or `..`",
            format!(
                "{statement} uses an unsupported trust store name \"a\\n\" in trust store value \"ca:a\\n\". Named store name \
                 needs to follow [a-zA-Z0-9_.-]+ format"
            ),
        ),
        (
            edited(identities, r#""trustedIdentities": ["*", "arn:x"]"#),
            "line 3, column 51: `/trustPolicies/0/trustedIdentities/0`: `*` is beside other identities; it must be alone",
            format!(
                "{statement} uses a wildcard trusted identity '*', a wildcard identity cannot be used in conjunction with \
                 other values"
            ),
        ),
        (
            edited(identities, r#""trustedIdentities": [""]"#),
            "line 3, column 51: `/trustPolicies/0/trustedIdentities/0`: found an empty identity; allowed: `*`, or \
             `TYPE:VALUE` such as `x509.subject: C=US, ST=WA, O=example`",
            format!("{statement} has an empty trusted identity"),
        ),
        (
            edited(identities, r#""trustedIdentities": ["C=US"]"#),
            "line 3, column 51: `/trustPolicies/0/trustedIdentities/0`: found `C=US`; allowed: `*`, or `TYPE:VALUE` such \
             as `x509.subject: C=US, ST=WA, O=example`",
            format!("{statement} has trusted identity \"C=US\" missing separator"),
        ),
        (
            edited(identities, r#""trustedIdentities": ["x509.subject:"]"#),
            "line 3, column 51: `/trustPolicies/0/trustedIdentities/0`: found `x509.subject:` without a subject; allowed: \
             `x509.subject: C=US, ST=WA, O=example`",
            format!("{statement} has trusted identity \"x509.subject:\" without an identity value"),
        ),
        (
            edited(identities, r#""trustedIdentities": ["x509.subject: C=US"]"#),
            "line 3, column 51: `/trustPolicies/0/trustedIdentities/0`: the subject of `x509.subject: C=US` cannot be used: \
             `ST` is missing or empty; `C`, `ST` (or `S`) and `O` are required",
            format!(
                "{statement} has trusted identity \"x509.subject: C=US\" with invalid identity value: distinguished name \
                 (DN) \" C=US\" has no mandatory RDN attribute for \"ST\", it must contain 'C', 'ST' or 'S', and 'O' RDN \
                 attributes at a minimum"
            ),
        ),
        (
            edited(
                identities,
                r#""trustedIdentities": ["x509.subject:C=US,ST=WA,O=N,CN=x", "x509.subject:C=US,ST=WA,O=N"]"#,
            ),
            "line 3, column 87: `/trustPolicies/0/trustedIdentities/1`: `x509.subject:C=US,ST=WA,O=N` already trusts \
             everyone whom `x509.subject:C=US,ST=WA,O=N,CN=x` trusts; keep one of the two",
            format!(
                "{statement} has overlapping x509 trustedIdentities, \"x509.subject:C=US,ST=WA,O=N\" overlaps with \
                 \"x509.subject:C=US,ST=WA,O=N,CN=x\""
            ),
        ),
        (
            edited(r#""registryScopes": ["*"],"#, ""),
            "line 1, column 38: `/trustPolicies/0`: `registryScopes` is missing or empty; allowed: repositories, or `*` \
             alone",
            "oci trust policy statement \"p\" has zero registry scopes, it must specify registry scopes with at least one \
             value"
                .to_owned(),
        ),
        (
            edited(r#"["*"],"#, r#"["*", "a/b"],"#),
            "line 1, column 71: `/trustPolicies/0/registryScopes/0`: `*` is beside other scopes; it must be alone in its \
             statement",
            "oci trust policy statement \"p\" uses wildcard registry scope '*', a wildcard scope cannot be used in \
             conjunction with other scope values"
                .to_owned(),
        ),
        (
            edited(r#"["*"],"#, r#"["a.io/*"],"#),
            "line 1, column 71: `/trustPolicies/0/registryScopes/0`: found scope `a.io/*`; allowed: `*`, or a whole \
             repository such as `registry.example.com/team/app`",
            format!("registry scope \"a.io/*\" with wild card(s) is not valid, {scope_advice}"),
        ),
        (
            edited(r#"["*"],"#, r#"["https://a.io/b"],"#),
            "line 1, column 71: `/trustPolicies/0/registryScopes/0`: found scope `https://a.io/b`; allowed: `*`, or a \
             whole repository such as `registry.example.com/team/app`",
            format!("registry scope \"https://a.io/b\" is not valid, {scope_advice}"),
        ),
        (
            edited(r#"["*"],"#, r#"["a/b", "a/b"],"#),
            "line 1, column 78: `/trustPolicies/0/registryScopes/1`: the scope `a/b` occurs more than once; each belongs \
             to one statement",
            "registry scope \"a/b\" is present in multiple oci trust policy statements, one registry scope value can only \
             be associated with one statement"
                .to_owned(),
        ),
    ];
    for (text, expected, sentence) in cases {
        let error = oci(&text).unwrap_err();
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(
            found[0].to_string(),
            format!("`/c/p.json`, {expected}"),
            "{text}"
        );
        assert_eq!(
            error.to_string(),
            format!("trust policy `/c/p.json`, {expected}")
        );
        assert_eq!(error.notation_sentence("r"), sentence);
    }
}

#[test]
fn level_skip_has_neither_trust_nor_overrides_nor_everything() {
    let skip = r#"{"version": "1.0", "trustPolicies": [{"name": "p", "registryScopes": ["a/b"],
        "signatureVerification": {"level": "skip", "override": {}}}]}"#;
    assert!(oci(skip).unwrap().select("a/b").unwrap().level.is_skip());
    let rules = |text: &str| -> Vec<Rule> {
        problems(text)
            .into_iter()
            .map(|problem| problem.rule)
            .collect()
    };
    assert_eq!(
        rules(&skip.replace("{}", r#"{"expiry": "log"}"#)),
        [Rule::OverrideOfSkip]
    );
    assert_eq!(rules(&skip.replace("a/b", "*")), [Rule::SkipEverything]);
    let with_trust = skip.replace(
        "}}}]}",
        r#"}}, "trustStores": ["ca:a"], "trustedIdentities": ["*"]}]}"#,
    );
    assert_eq!(
        rules(&with_trust),
        [
            Rule::TrustAtSkip {
                member: "trustStores"
            },
            Rule::TrustAtSkip {
                member: "trustedIdentities"
            }
        ]
    );
}

#[test]
fn near_misses_of_the_native_identity_are_refused() {
    for kind in [
        "X509.Subject",
        "x509.subject ",
        " x509.subject",
        "",
        " ",
        "x509.subjet",
        "x509subject",
    ] {
        let identity = format!(r#""trustedIdentities": ["{kind}: C=US,ST=WA,O=N"]"#);
        let found = problems(&edited(r#""trustedIdentities": ["*"]"#, &identity));
        let rule = Rule::IdentityType { found: kind.into() };
        assert_eq!(found[0].rule, rule);
        assert_eq!(
            found[0].hint().as_deref(),
            Some("did you mean `x509.subject:`, in lower case and without a blank?")
        );
    }
    // Far from it, and so a plugin's business.
    let other = edited(
        r#""trustedIdentities": ["*"]"#,
        r#""trustedIdentities": ["x509.SubjectAltName:a"]"#,
    );
    let policies = oci(&other).unwrap();
    let identities = &policies.statements()[0].trusted_identities;
    assert_eq!(
        identities,
        &[TrustedIdentity::Other("x509.SubjectAltName:a".into())]
    );
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
            found: document::Kind::Number,
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
fn wrong_types_and_letter_case_are_malformed_as_in_notation() {
    for (text, expected) in [
        (
            edited("\"1.0\"", "1.0"),
            "`/version`: found a number; allowed: a string",
        ),
        (
            "[]".into(),
            "the document: found an array; allowed: an object",
        ),
        (
            r#"{"version":"1.0","trustPolicies":{}}"#.into(),
            "`/trustPolicies`: found an object; allowed: an array of statements",
        ),
        (
            r#"{"version":"1.0","trustPolicies":["p"]}"#.into(),
            "`/trustPolicies/0`: found a string; allowed: an object",
        ),
        (
            edited("\"p\"", "1"),
            "`/trustPolicies/0/name`: found a number; allowed: a string",
        ),
        (
            edited(r#"{"level": "strict"}"#, "\"strict\""),
            "`/trustPolicies/0/signatureVerification`: found a string; allowed: an object",
        ),
        (
            edited(
                r#"{"level": "strict"}"#,
                r#"{"level": "strict", "override": []}"#,
            ),
            "`/trustPolicies/0/signatureVerification/override`: found an array; allowed: an object",
        ),
        (
            edited(r#"["ca:acme"]"#, "\"ca:acme\""),
            "`/trustPolicies/0/trustStores`: found a string; allowed: an array of strings",
        ),
        (
            edited("trustStores", "TrustStores"),
            "`/trustPolicies/0/TrustStores`: found the name `TrustStores`; allowed: `trustStores`",
        ),
        (
            edited("\"name\": \"p\"", r#""name": "p", "globalPolicy": "true""#),
            "`/trustPolicies/0/globalPolicy`: found a string; allowed: a boolean",
        ),
    ] {
        let first = problems(&text).remove(0);
        assert!(first.to_string().ends_with(expected), "{first}");
        let error = if text.contains("globalPolicy") {
            blob(&text)
        } else {
            oci(&text)
        };
        let sentence = error.unwrap_err().notation_sentence("");
        assert_eq!(
            sentence,
            format!("malformed trust policy. {SETUP}"),
            "{text}"
        );
    }
    for text in [
        "",
        "{bad",
        "{} x",
        "\u{feff}{}",
        r#"{"version": "1.0", "version": "1.0"}"#,
    ] {
        let error = oci(text).unwrap_err();
        assert!(
            matches!(error, Error::Malformed { .. }),
            "{text}: {error:?}"
        );
        assert_eq!(
            error.notation_sentence(""),
            format!("malformed trust policy. {SETUP}")
        );
    }
}

#[test]
fn what_has_no_effect_is_warned_about() {
    let text = edited(
        r#""name": "p""#,
        r#""name": "p", "trustStore": [], "globalPolicy": true, "x": 1"#,
    )
    .replace("ca:acme", "tsa:acme")
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
            "line 3, column 16: `/trustPolicies/0/trustStores`: every trust store is of type `tsa`, so that no signature is \
             authentic",
            "line 1, column 131: `/trustPolicies/0/registryScopes/1`: the scope `reg.io/a` is the repository `REG.io/a` in \
             another spelling",
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

/// Statements star (`*`), exact and caps, whose scopes are two spellings of one repository.
fn matching() -> TrustPolicies {
    let statement = |name: &str, scopes: &str| {
        format!(
            r#"{{"name": "{name}", "registryScopes": [{scopes}], "signatureVerification": {{"level": "strict"}},
                "trustStores": ["ca:a"], "trustedIdentities": ["*"]}}"#
        )
    };
    let statements = [
        statement("star", r#""*""#),
        statement(
            "exact",
            r#""reg.io/a/b", "localhost:5000/r", "docker.io/library/x""#,
        ),
        statement("caps", r#""REG.io/a/b", "ONE.io/a", "Two.io/a""#),
        statement("more", r#""TWO.io/a""#),
    ];
    oci(&format!(
        r#"{{"version": "1.0", "trustPolicies": [{}]}}"#,
        statements.join(",")
    ))
    .unwrap()
}

#[test]
fn the_exact_scope_wins_then_another_spelling_then_everything() {
    let policies = matching();
    for (scope, expected) in [
        ("reg.io/a/b", "exact"),
        ("REG.io/a/b", "caps"),
        ("Reg.io/other", "star"),
        ("reg.io/a", "star"),
        ("reg.io/a/b/c", "star"),
        ("localhost:5000/r", "exact"),
        ("localhost:5001/r", "star"),
        // No way around a statement by another spelling of the registry.
        ("one.io/a", "caps"),
        ("index.docker.io/x", "exact"),
        ("Two.io/a", "caps"),
    ] {
        assert_eq!(policies.select(scope).unwrap().name, expected, "{scope}");
    }
    let error = policies.select("two.io/a").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the statements `caps`, `more` of the trust policy `/c/p.json` are all about `two.io/a`"
    );
}

#[test]
fn what_selects_no_statement_says_so() {
    let policies = oci(&edited(r#"["*"],"#, r#"["a.io/b"],"#)).unwrap();
    let error = policies.select("a.io/c").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no statement of the trust policy `/c/p.json` has the scope `a.io/c`"
    );
    assert_eq!(
        error.notation_sentence("a.io/c@sha256:00"),
        format!(
            "signature verification failed: artifact \"a.io/c@sha256:00\" has no applicable oci trust policy statement. \
             Trust policy applicability for a given artifact is determined by registryScopes. {SETUP}"
        )
    );
    for text in [
        "a.io/b:v1",
        "a.io/b",
        "https://a.io/b@sha256:00",
        "a.io/b:v1@sha256:00",
        "@sha256:00",
        "a.io/b@x@y",
    ] {
        let error = policies.select_for_artifact(text).unwrap_err();
        let refused = matches!(
            error,
            Error::InvalidArtifact { .. } | Error::InvalidScope { .. }
        );
        assert!(refused, "{text}: {error:?}");
    }
    assert_eq!(policies.select_for_artifact("a.io/b@").unwrap().name, "p");
}

#[test]
fn blobs_are_selected_by_name_or_by_the_global_statement() {
    let text = r#"{"version": "1.0", "trustPolicies": [
        {"name": "skipped", "signatureVerification": {"level": "skip"}},
        {"name": "g", "globalPolicy": true, "signatureVerification": {"level": "strict"},
         "trustStores": ["ca:a"], "trustedIdentities": ["*"], "registryScopes": ["*"]}]}"#;
    let policies = blob(text).unwrap();
    assert_eq!(policies.select_for_blob(None).unwrap().name, "g");
    assert_eq!(
        policies.select_for_blob(Some("skipped")).unwrap().name,
        "skipped"
    );
    assert!(matches!(
        policies.warnings()[0].cause,
        Cause::MemberOfOtherDocument {
            kind: DocumentKind::Oci,
            ..
        }
    ));
    assert!(matches!(
        policies.select_for_blob(Some(" ")),
        Err(Error::BlankName)
    ));
    let error = policies.select_for_blob(Some("nope")).unwrap_err();
    assert_eq!(
        error.notation_sentence("f"),
        "signature verification failed: no applicable blob trust policy with name \"nope\""
    );
    let error = blob(&text.replace("true", "false"))
        .unwrap()
        .select_for_blob(None)
        .unwrap_err();
    assert_eq!(
        error.notation_sentence("f"),
        "signature verification failed: no global blob trust policy"
    );
    // A statement of a blob policy is about no repository.
    assert!(matches!(
        policies.select("a.io/b"),
        Err(Error::NoStatement { .. })
    ));
}

#[test]
fn a_blob_policy_has_one_global_statement_that_verifies() {
    let global = |level: &str| {
        format!(
            r#"{{"name": "p{level}", "globalPolicy": true, "signatureVerification": {{"level": "{level}"}}
        {}}}"#,
            if level == "skip" {
                ""
            } else {
                r#", "trustStores": ["ca:a"], "trustedIdentities": ["*"]"#
            }
        )
    };
    let document = |statements: &[String]| {
        format!(
            r#"{{"version": "1.0", "trustPolicies": [{}]}}"#,
            statements.join(",")
        )
    };
    let rules = |text: &str| problems(text).remove(0).rule;
    let skipped = document(&[global("skip")]);
    assert_eq!(rules(&skipped), Rule::GlobalSkip);
    assert_eq!(
        blob(&skipped).unwrap_err().notation_sentence(""),
        "global blob trust policy statement cannot have verification level set to skip"
    );
    let twice = document(&[global("strict"), global("audit")]);
    assert_eq!(rules(&twice), Rule::GlobalTwice);
    let names = document(&[global("strict"), global("strict").replace("true", "false")]);
    assert_eq!(
        rules(&names),
        Rule::NameTaken {
            found: "pstrict".into()
        }
    );
    assert_eq!(
        blob(&names).unwrap_err().notation_sentence(""),
        "multiple blob trust policy statements use the same name \"pstrict\", statement names must be unique"
    );
}

#[test]
fn the_older_file_counts_only_where_there_is_no_newer_one() {
    let directory = tempfile::tempdir().unwrap();
    let missing = TrustPolicies::load_oci(directory.path()).unwrap_err();
    assert!(matches!(
        missing,
        Error::Missing {
            kind: DocumentKind::Oci,
            ..
        }
    ));
    assert_eq!(
        missing.notation_sentence(""),
        format!("trust policy is not present. {SETUP}")
    );
    let path = |name: &str| directory.path().join(name);
    files::write_atomic(
        &path("trustpolicy.json"),
        edited("\"p\"", "\"old\"").as_bytes(),
    )
    .unwrap();
    assert_eq!(
        TrustPolicies::load_oci(directory.path())
            .unwrap()
            .statements()[0]
            .name,
        "old"
    );
    files::write_atomic(&path("trustpolicy.oci.json"), b"{bad").unwrap();
    let broken = TrustPolicies::load_oci(directory.path()).unwrap_err();
    assert!(matches!(broken, Error::Malformed { .. }), "{broken:?}");
    assert!(matches!(
        TrustPolicies::load_blob(directory.path()),
        Err(Error::Missing { .. })
    ));
    #[cfg(unix)]
    {
        let link = path("trustpolicy.blob.json");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let error = TrustPolicies::load_blob(directory.path()).unwrap_err();
        assert!(matches!(error, Error::NotRegular { .. }), "{error:?}");
        assert_eq!(
            error.notation_sentence(""),
            format!("trust policy is not a regular file (symlinks are not supported). {SETUP}")
        );
    }
}

#[test]
fn signing_profiles_alone_make_a_strict_policy() {
    let store = StoreName::parse("signingAuthority:aws-signer-ts").unwrap();
    let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images".to_owned();
    let policies =
        TrustPolicies::of_signing_profiles(std::slice::from_ref(&profile), vec![store.clone()])
            .unwrap();
    let statement = policies.select("any.io/repository").unwrap();
    assert_eq!(statement.level.name(), "strict");
    assert_eq!(statement.trust_stores, [store.clone()]);
    assert_eq!(
        statement.trusted_identities,
        [TrustedIdentity::Other(profile.clone())]
    );
    let version = format!("{profile}/0123456789");
    assert!(TrustPolicies::of_signing_profiles(std::slice::from_ref(&version), Vec::new()).is_ok());
    let wrong = |text: String| {
        let error = TrustPolicies::of_signing_profiles(&[text], vec![store.clone()]).unwrap_err();
        let Error::NotASigningProfile { source } = &error else {
            panic!("{error:?}");
        };
        (source.clone(), error.hint())
    };
    let (problem, hint) = wrong(profile.replace("profiles", "profile"));
    assert!(matches!(problem, ArnError::Resource { .. }), "{problem:?}");
    assert_eq!(hint, Some(format!("did you mean `{profile}`?")));
    let (problem, _) = wrong(profile.replace("/signing-profiles/", "/aliases/"));
    assert!(matches!(problem, ArnError::Resource { .. }), "{problem:?}");
    assert!(matches!(
        wrong("Images".into()).0,
        ArnError::NotAnArn { .. }
    ));
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
