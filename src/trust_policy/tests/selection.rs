//! Which document and which statement counts.

use super::*;
use crate::files;
use crate::limits::MAX_POLICY_BYTES;

/// A document of statements with these names and scopes.
fn scoped(statements: &[(&str, &[&str])]) -> Result<TrustPolicies, Error> {
    let statements: Vec<String> = statements
        .iter()
        .map(|(name, scopes)| {
            let scopes: Vec<String> = scopes.iter().map(|scope| format!("\"{scope}\"")).collect();
            format!(
                r#"{{"name": "{name}", "registryScopes": [{}], "signatureVerification": {{"level": "strict"}},
                "trustStores": ["ca:a"], "trustedIdentities": ["*"]}}"#,
                scopes.join(", ")
            )
        })
        .collect();
    oci(&format!(
        r#"{{"version": "1.0", "trustPolicies": [{}]}}"#,
        statements.join(",")
    ))
}

const ECR: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

#[test]
fn a_statement_counts_for_every_spelling_of_its_repository_and_for_no_other() {
    let ecr = format!("{ECR}/team/app");
    let policies = scoped(&[
        ("star", &["*"]),
        (
            "named",
            &[
                "reg.io/a/b",
                "REG.io:443/a/b",
                "localhost:80/r",
                "docker.io/library/x",
                "public.ecr.aws/p/q",
                "127.0.0.1:5000/r",
                ecr.as_str(),
            ],
        ),
        ("local", &["local/layout"]),
    ])
    .unwrap();
    for (scope, expected) in [
        ("reg.io/a/b", "named"),
        ("Reg.IO/a/b", "named"),
        ("reg.io:443/a/b", "named"),
        ("reg.io:5000/a/b", "star"),
        ("reg.io/a", "star"),
        ("reg.io/a/b/c", "star"),
        ("localhost/r", "named"),
        ("LocalHost:80/r", "named"),
        ("localhost:443/r", "star"),
        ("localhost:5000/r", "star"),
        ("127.0.0.1:5000/r", "named"),
        ("127.0.0.1/r", "star"),
        ("index.docker.io/x", "named"),
        ("registry-1.docker.io:443/library/x", "named"),
        ("docker.io/team/x", "star"),
        ("ecr-public.aws.com/p/q", "named"),
        ("local/layout", "local"),
        ("local/other", "star"),
        ("111122223333.dkr-ecr.us-east-1.on.aws/team/app", "named"),
        (
            "111122223333.dkr-ecr-fips.us-east-1.on.aws:443/team/app",
            "named",
        ),
        (
            "111122223333.DKR.ECR-fips.us-east-1.amazonaws.com/team/app",
            "named",
        ),
        (
            "111122223333.dkr-ecr.us-east-1.amazonaws.com/team/app",
            "named",
        ),
        ("111122223333.dkr-ecr.us-east-2.on.aws/team/app", "star"),
        ("111122223334.dkr-ecr.us-east-1.on.aws/team/app", "star"),
        ("111122223333.dkr-ecr.us-east-1.on.aws/team/other", "star"),
        // No host of Amazon ECR.
        (
            "111122223333.dkr-ecr.us-east-1.amazonaws.eu/team/app",
            "star",
        ),
    ] {
        let statement = policies.select_over(scope, Scheme::Https);
        assert_eq!(statement.unwrap().name, expected, "{scope}");
        assert_eq!(policies.select(scope).unwrap().name, expected, "{scope}");
    }
    // What no reference may say selects nothing, not even `*`.
    for scope in [
        "reg.io./a/b",
        "reg.io:0443/a/b",
        "0x7f.0.0.1:5000/r",
        "r%65g.io/a/b",
    ] {
        let error = policies.select(scope).unwrap_err();
        assert!(matches!(error, Error::InvalidScope { .. }), "{error:?}");
    }
}

#[test]
fn the_port_of_the_scheme_that_is_used_is_the_same_as_none() {
    let policies = scoped(&[("star", &["*"]), ("named", &["reg.io/a"])]).unwrap();
    let over = |scope: &str, scheme| policies.select_over(scope, scheme).unwrap().name.clone();
    assert_eq!(over("reg.io:80/a", Scheme::Http), "named");
    assert_eq!(over("reg.io:80/a", Scheme::Https), "star");
    assert_eq!(over("reg.io:443/a", Scheme::Https), "named");
    assert_eq!(over("reg.io:443/a", Scheme::Http), "star");
    // A copy does not say how it was fetched.
    for scope in ["reg.io/a", "reg.io:80/a", "reg.io:443/a"] {
        assert_eq!(policies.select(scope).unwrap().name, "named", "{scope}");
    }
    let policies = scoped(&[("star", &["*"]), ("named", &["reg.io:80/a", "x.io:443/b"])]).unwrap();
    assert_eq!(policies.select("reg.io:80/a").unwrap().name, "named");
    assert_eq!(policies.select("x.io/b").unwrap().name, "named");
    let error = policies.select("reg.io/a").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the statements `star`, `named` of the trust policy `/c/p.json` all have the scope `reg.io/a`"
    );
    // Two registries over HTTPS are one over plain HTTP.
    let policies = scoped(&[("a", &["reg.io/a"]), ("b", &["reg.io:80/a"])]).unwrap();
    assert_eq!(
        policies
            .select_over("reg.io:80/a", Scheme::Https)
            .unwrap()
            .name,
        "b"
    );
    for scope in ["reg.io/a", "reg.io:80/a"] {
        let error = policies.select_over(scope, Scheme::Http).unwrap_err();
        assert!(matches!(error, Error::AmbiguousScope { .. }), "{error:?}");
    }
}

#[test]
fn one_repository_in_two_statements_is_refused_however_it_is_spelled() {
    let fips = "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/app".to_owned();
    let dual = "111122223333.dkr-ecr.us-east-1.on.aws:443/app".to_owned();
    let plain = format!("{ECR}/app");
    for (one, other) in [
        ("reg.io/a", "REG.io/a"),
        ("reg.io/a", "reg.io:443/a"),
        ("localhost/a", "localhost:80/a"),
        ("docker.io/nginx", "index.docker.io/library/nginx"),
        ("public.ecr.aws/a/b", "ecr-public.aws.com/a/b"),
        (plain.as_str(), dual.as_str()),
        (fips.as_str(), plain.as_str()),
    ] {
        let error = scoped(&[("first", &[one]), ("second", &["x.io/y", other])]).unwrap_err();
        let Error::Invalid { problems, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].pointer, "/trustPolicies/1/registryScopes/1");
        assert_eq!(problems[0].statement, "second");
        assert_eq!(
            problems[0].rule.to_string(),
            format!(
                "the scope `{other}` is the same repository as `{one}` of statement `first`, in another spelling"
            )
        );
        assert_eq!(
            error.hint().as_deref(),
            Some("keep the repository in one statement; there it may stand in several spellings")
        );
        assert!(
            scoped(&[("first", &[one, other])])
                .unwrap()
                .warnings()
                .is_empty()
        );
    }
    assert!(scoped(&[("a", &["localhost:5000/a"]), ("b", &["127.0.0.1:5000/a"])]).is_ok());
    assert!(scoped(&[("a", &["localhost:443/a"]), ("b", &["localhost/a"])]).is_ok());
}

#[test]
fn a_scope_that_no_reference_can_have_is_a_problem_with_its_reason() {
    for (scope, reason) in [
        (
            "a.io:0443/b",
            ": the registry's port is not a number from 1 to 65535 without leading zeros",
        ),
        (
            "a.io:/b",
            ": the registry's port is not a number from 1 to 65535 without leading zeros",
        ),
        ("a.io./b", ": the registry's host name ends with a dot"),
        ("a%2eio/b", ": the registry's name has a percent sign"),
        (
            "127.1/b",
            ": the registry's host is an IPv4 address that is not written as four decimal numbers",
        ),
        (
            "é.io/b",
            ": the registry's name has characters outside ASCII",
        ),
        ("[::1]/b", ""),
    ] {
        let Err(Error::Invalid { problems, .. }) = scoped(&[("p", &[scope])]) else {
            panic!("{scope}");
        };
        assert_eq!(problems[0].pointer, "/trustPolicies/0/registryScopes/0");
        assert_eq!(
            problems[0].rule.to_string(),
            format!(
                "found scope `{scope}`{reason}; allowed: `*`, or a whole repository such as \
                 `registry.example.com/team/app`"
            )
        );
    }
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
    assert_eq!(DocumentKind::Oci.to_string(), "oci");
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
fn an_older_file_that_says_something_else_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let older = path("trustpolicy.json");
    let unused = || {
        let policies = TrustPolicies::load_oci(directory.path()).unwrap();
        policies.unused().map(Path::to_owned)
    };
    let good = edited("", "");
    files::write_atomic(&path("trustpolicy.oci.json"), good.as_bytes()).unwrap();
    assert_eq!(unused(), None);
    let other = edited("\"p\"", "\"old\"");
    for (text, is_told) in [
        (good.clone(), false),
        // Blanks say nothing.
        (format!(" {good}\n"), false),
        (other.clone(), true),
        ("{bad".to_owned(), true),
    ] {
        files::write_atomic(&older, text.as_bytes()).unwrap();
        assert_eq!(unused(), is_told.then(|| older.clone()), "{text}");
    }
    // What it says is not known.
    std::fs::remove_file(&older).unwrap();
    std::fs::create_dir(&older).unwrap();
    assert_eq!(unused(), Some(older));
    // It counts alone.
    std::fs::remove_dir(path("trustpolicy.json")).unwrap();
    std::fs::remove_file(path("trustpolicy.oci.json")).unwrap();
    files::write_atomic(&path("trustpolicy.json"), other.as_bytes()).unwrap();
    assert_eq!(unused(), None);
}

#[test]
fn a_policy_that_cannot_be_read_has_notations_words() {
    let read = |kind: std::io::ErrorKind| Error::Unreadable {
        source: files::Error::Io {
            operation: "open",
            path: "/c/trustpolicy.oci.json".into(),
            source: kind.into(),
        },
    };
    assert_eq!(
        read(std::io::ErrorKind::PermissionDenied).notation_sentence(""),
        "unable to read trust policy due to file permissions, please verify the permissions of /c/trustpolicy.oci.json"
    );
    assert_eq!(
        read(std::io::ErrorKind::Other).notation_sentence(""),
        "unable to read trust policy"
    );
}

#[test]
fn a_policy_that_is_too_large_is_no_link() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trustpolicy.blob.json");
    let file = std::fs::File::create(path).unwrap();
    file.set_len(MAX_POLICY_BYTES + 1).unwrap();
    assert!(matches!(
        TrustPolicies::load_blob(directory.path()),
        Err(Error::Unreadable {
            source: files::Error::TooLarge { .. }
        })
    ));
}

#[test]
fn signing_profiles_alone_make_a_strict_policy() {
    let store = StoreName::parse("signingAuthority:aws-signer-ts").unwrap();
    let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images".to_owned();
    let version = format!("{profile}/0123456789");
    let trusted = [&profile, &version].map(|text| SigningProfile::parse(text).unwrap());
    let policies = TrustPolicies::of_signing_profiles(&trusted, vec![store.clone()]);
    let statement = policies.select("any.io/repository").unwrap();
    assert_eq!(statement.level.name(), "strict");
    assert_eq!(statement.trust_stores, std::slice::from_ref(&store));
    assert_eq!(
        statement.trusted_identities,
        [profile, version].map(TrustedIdentity::Other)
    );
}
