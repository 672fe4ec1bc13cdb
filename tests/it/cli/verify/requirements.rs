//! `verify --require` and `--require-statement`.

use serde_json::json;

use crate::cli::verdict::document;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// A policy with one statement about `scope`.
fn write_policy(scene: &Scene, scope: &str, verification: &str) {
    scene.write_policy_with(verification, &scene.profile.arn);
    let file = scene.sandbox.config().join("trustpolicy.oci.json");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace(
        &format!("\"{}\"", scene.repository),
        &format!("\"{scope}\""),
    );
    std::fs::write(file, text).unwrap();
}

/// Refused before any request is sent.
#[track_caller]
fn assert_short(scene: &Scene, flags: &[&str], lack: &str) {
    scene.operations();
    let ran = verify(scene, flags);
    let file = scene.sandbox.config().join("trustpolicy.oci.json");
    ran.assert_refused(
        1,
        &format!(
            "Error: statement `images` of `{}` is weaker than required for `{}`",
            file.display(),
            scene.image
        ),
    );
    ran.assert_says(&format!("caused by: {lack}"));
    assert_eq!(scene.operations(), Vec::<String>::new(), "{ran:#?}");
}

fn verify(scene: &Scene, flags: &[&str]) -> Ran {
    scene.run(&[&["verify"], flags, &[&scene.image]].concat())
}

#[test]
fn a_statement_below_the_level_is_refused_before_the_network() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let name = scene.repository.clone();
    for (verification, least, lack) in [
        (
            r#"{ "level": "audit" }"#,
            "permissive",
            "the action of `authenticity` is `log`, wanted `enforce`",
        ),
        (
            r#"{ "level": "permissive" }"#,
            "strict",
            "the action of `expiry` is `log`, wanted `enforce`",
        ),
        (
            r#"{ "level": "strict", "override": { "revocation": "skip" } }"#,
            "audit",
            "the action of `revocation` is `skip`, wanted `log`",
        ),
        (
            r#"{ "level": "strict", "unsignedRevocationStatements": ["aws-signer"] }"#,
            "strict",
            "`unsignedRevocationStatements` accepts answers about revocation that are not signed",
        ),
    ] {
        write_policy(&scene, &name, verification);
        assert_short(&scene, &["--require", least], lack);
        assert_eq!(verify(&scene, &[]).code, 0, "{verification}");
    }
    // Overrides that make a lower level as strict.
    write_policy(
        &scene,
        &name,
        r#"{ "level": "audit", "override": { "authenticity": "enforce", "authenticTimestamp": "enforce",
            "expiry": "enforce", "revocation": "enforce" } }"#,
    );
    for least in ["strict", "permissive", "audit"] {
        let ran = verify(&scene, &["--require", least]);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
}

#[test]
fn a_shortfall_is_accepted_only_by_its_name() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let name = scene.repository.clone();
    let strict = ["--require", "strict"];
    write_policy(
        &scene,
        &name,
        r#"{ "level": "strict", "override": { "revocation": "skip" } }"#,
    );
    let allowed = [&strict[..], &["--allow", "skipped-revocation"]].concat();
    assert_eq!(verify(&scene, &allowed).code, 0);
    let other = [&strict[..], &["--allow", "unsigned-revocation-statements"]].concat();
    assert_eq!(verify(&scene, &other).code, 1);
    write_policy(
        &scene,
        &name,
        r#"{ "level": "strict", "unsignedRevocationStatements": ["aws-signer"] }"#,
    );
    assert_eq!(verify(&scene, &other).code, 0);
    assert_eq!(verify(&scene, &allowed).code, 1);
    // Alone it would mean nothing.
    assert_eq!(verify(&scene, &["--allow", "skipped-revocation"]).code, 2);
}

#[test]
fn a_statement_that_skips_satisfies_nothing() {
    let scene = Scene::new();
    let policy = json!({ "version": "1.0", "trustPolicies": [ {
        "name": "images",
        "registryScopes": [ scene.repository ],
        "signatureVerification": { "level": "skip" },
    } ] });
    let file = "trustpolicy.oci.json";
    scene.sandbox.write_config(file, policy.to_string());
    let lack = "the action of `integrity` is `skip`, wanted `enforce`";
    for least in ["strict", "permissive", "audit"] {
        assert_short(&scene, &["--require", least], lack);
    }
    let flags = ["--require", "audit", "--allow", "skipped-revocation"];
    assert_short(&scene, &flags, lack);
    assert_short(&scene, &["--require-statement"], lack);
}

#[test]
fn what_only_the_statement_for_everything_covers_is_refused() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    write_policy(&scene, "*", r#"{ "level": "strict" }"#);
    assert_eq!(verify(&scene, &["--require", "strict"]).code, 0);
    assert_short(
        &scene,
        &["--require-statement"],
        "its scope is `*`, wanted a scope that names the repository",
    );
    write_policy(&scene, &scene.repository, r#"{ "level": "strict" }"#);
    assert_eq!(verify(&scene, &["--require-statement"]).code, 0);
    // There is no statement where the command line stands for the policy.
    let ran = scene.verify_with(&["--require-statement"], &scene.image);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert_eq!(
        scene
            .verify_with(&["--require", "strict"], &scene.image)
            .code,
        0
    );
}

#[test]
fn kept_answers_are_named_by_their_flag_alone() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("strict");
    let keeps = ["--require", "strict", "--revocation-cache-ttl", "1h"];
    assert_eq!(verify(&scene, &keeps).code, 0);
    scene.operations();
    assert_eq!(verify(&scene, &keeps).code, 0);
    let asked = |operations: Vec<String>| operations.contains(&"GetRevocationStatus".to_owned());
    assert!(!asked(scene.operations()), "the kept answer counts");
    // Without the flag no kept answer counts.
    assert_eq!(verify(&scene, &["--require", "strict"]).code, 0);
    assert!(asked(scene.operations()));
}

#[test]
fn each_reference_falls_short_for_itself() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let other = scene.emulator.push_test_image("other", "v1").unwrap();
    let other = format!("{}/other@{other}", scene.registry());
    let statement = |name: &str, scope: &str, level: &str| {
        json!({
            "name": name,
            "registryScopes": [ scope ],
            "signatureVerification": { "level": level },
            "trustStores": [ "signingAuthority:aws-signer-ts" ],
            "trustedIdentities": [ scene.profile.arn ],
        })
    };
    scene.write_policy("strict");
    let policy = json!({ "version": "1.0", "trustPolicies": [
        statement("images", &scene.repository, "strict"),
        statement("rest", "*", "audit"),
    ] });
    scene
        .sandbox
        .write_config("trustpolicy.oci.json", policy.to_string());
    let ran = scene.run(&[
        "verify",
        "--require",
        "strict",
        "-o",
        "json",
        &other,
        &scene.image,
    ]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let document = document(&ran);
    let found: Vec<_> = document["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            json!([
                result["verdict"],
                result["error"]["code"],
                result["policyStatement"]
            ])
        })
        .collect();
    assert_eq!(
        found,
        [
            json!(["rejected", "requirement-not-met", "rest"]),
            json!(["verified", null, "images"]),
        ]
    );
}
