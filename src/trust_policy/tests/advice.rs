//! Each rule: what to do where it is broken.

use super::*;

/// A blob policy of one statement that is global.
fn global(level: &str, trust: &str) -> String {
    format!(
        r#"{{"version": "1.0", "trustPolicies": [{{"name": "p", "globalPolicy": true,
"signatureVerification": {{"level": "{level}"}}{trust}}}]}}"#
    )
}

#[test]
fn a_broken_rule_says_what_to_do_where_that_is_known() {
    let level = r#"{"level": "strict"}"#;
    let with = |member: &str| edited(level, &format!(r#"{{"level": "strict", {member}}}"#));
    let scope = |scope: &str| edited(r#"["*"],"#, &format!(r#"["{scope}"],"#));
    let identity = |identity: &str| {
        edited(
            r#"Identities": ["*"]"#,
            &format!(r#"Identities": ["{identity}"]"#),
        )
    };
    let store = |store: &str| edited("ca:acme", store);
    for (document, advice) in [
        (
            edited(r#""name""#, r#""Name""#),
            Some("write `name` instead of `Name`"),
        ),
        (edited("strict", "strikt"), Some("did you mean `strict`?")),
        (edited("strict", "enough"), None),
        (
            with(r#""override": {"revocaton": "log"}"#),
            Some("did you mean `revocation`?"),
        ),
        (
            with(r#""override": {"expiry": "Log"}"#),
            Some("did you mean `log`?"),
        ),
        (
            with(r#""verifyTimestamp": "Always""#),
            Some("did you mean `always`?"),
        ),
        (
            identity("X509.subject:C=US, ST=WA, O=x"),
            Some("did you mean `x509.subject:`, in lower case and without a space?"),
        ),
        (
            identity("somebody"),
            Some(
                "a certificate's subject is written `x509.subject: C=US, ST=WA, O=example`, a signing profile as its ARN",
            ),
        ),
        (
            edited("strict", "skip")
                .replace(r#"["ca:acme"]"#, "[]")
                .replace(r#"Identities": ["*"]"#, r#"Identities": []"#),
            Some(
                "name the repositories that need no signature, or use level `audit`, which verifies and only warns",
            ),
        ),
        (
            global("skip", ""),
            Some("use level `audit`, which verifies and only warns"),
        ),
        (
            scope("reg.io/team/*"),
            Some(
                "a scope is one whole repository; there are no patterns, only `*` for everything else",
            ),
        ),
        (
            scope("reg.io/team/app:v1"),
            Some(
                "leave out scheme, tag and digest; the repository is in lower case and its registry is spelled out",
            ),
        ),
        (
            scope("reg.io./team/app"),
            Some("leave out the dot at the end of the host name"),
        ),
        (
            store("acme"),
            Some(
                "write the type of the store before its name: `ca:acme` for keys of your own, `signingAuthority:acme` for \
                 AWS Signer's",
            ),
        ),
        (store("CA:acme"), None),
        (edited("\"p\"", "\"\""), None),
    ] {
        let problem = problems(&document).remove(0);
        assert_eq!(problem.hint().as_deref(), advice, "{problem}");
    }
}

#[test]
fn the_advice_on_a_subject_is_that_of_the_subject() {
    let document = edited(
        r#"Identities": ["*"]"#,
        r#"Identities": ["x509.subject: C=US, O=x"]"#,
    );
    let problem = problems(&document).remove(0);
    let Rule::IdentitySubject { problem: cause, .. } = &problem.rule else {
        panic!("{problem}");
    };
    assert!(cause.hint().is_some(), "{cause}");
    assert_eq!(problem.hint(), cause.hint());
}
