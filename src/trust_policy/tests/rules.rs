//! Each rule: where it is broken, in whose words it is said.

use super::*;

/// Every rule with the place that it names and the sentence that notation has for it.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
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
            "line 3, column 17: `/trustPolicies/0/trustStores/0`: trust store type `CA` is not `ca`, \
             `signingAuthority` or `tsa`",
            format!("{statement} uses an unsupported trust store type \"CA\" in trust store value \"CA:acme\""),
        ),
        (
            edited(stores, r#"["ca:a\n"]"#),
            "line 3, column 17: `/trustPolicies/0/trustStores/0`: trust store name `a\n` must consist of \
             letters, digits, `_`, `.` and `-`, and must not be `.` or `..`",
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
             every subject that `x509.subject:C=US,ST=WA,O=N,CN=x` trusts; keep one of the two",
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
            Some("did you mean `x509.subject:`, in lower case and without a space?")
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

/// notation ignores the member, so that it has no sentence for it.
#[test]
fn only_known_statements_are_allowed_unsigned() {
    let level = r#"{"level": "strict"}"#;
    let with = |value: &str| {
        let member = format!(r#"{{"level": "strict", "unsignedRevocationStatements": {value}}}"#);
        TrustPolicies::parse(
            DocumentKind::Oci,
            "p.json".as_ref(),
            edited(level, &member).as_bytes(),
        )
    };
    for (value, allowed) in [
        ("null", &[][..]),
        ("[]", &[]),
        (r#"["aws-signer"]"#, &[UnsignedStatement::AwsSigner]),
        (
            r#"["aws-signer", "aws-signer"]"#,
            &[UnsignedStatement::AwsSigner],
        ),
    ] {
        let policies = with(value).unwrap();
        let statement = &policies.statements()[0];
        assert_eq!(statement.unsigned_revocation_statements, allowed, "{value}");
        assert_eq!(policies.warnings(), [], "{value}");
    }
    let place = "`/trustPolicies/0/signatureVerification/unsignedRevocationStatements";
    for (value, wanted) in [
        (
            r#"["aws-singer"]"#,
            format!("{place}/0`: found `aws-singer`; allowed: `aws-signer`"),
        ),
        (
            r#"["AWS-Signer"]"#,
            format!("{place}/0`: found `AWS-Signer`; allowed: `aws-signer`"),
        ),
        (
            "[null]",
            format!("{place}/0`: found ``; allowed: `aws-signer`"),
        ),
        (
            "[true]",
            format!("{place}/0`: found a boolean; allowed: a string"),
        ),
        (
            r#""aws-signer""#,
            format!("{place}`: found a string; allowed: an array of strings"),
        ),
    ] {
        let error = with(value).unwrap_err();
        let problem = &error.problems()[0];
        let text = problem.to_string();
        assert!(text.starts_with("`p.json`, line 2, column "), "{text}");
        assert!(text.ends_with(&wanted), "{text}");
    }
    let error = with(r#"["aws-singer"]"#).unwrap_err();
    let hint = error.problems()[0].hint();
    assert_eq!(hint.as_deref(), Some("did you mean `aws-signer`?"));
}
