//! Which document and which statement counts.

use super::*;

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
        "the statements `caps`, `more` of the trust policy `/c/p.json` all have the scope `two.io/a`"
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
    assert_eq!(statement.trust_stores, std::slice::from_ref(&store));
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
