//! What is said where others may write what decides.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use super::sign::local_key::add;
use crate::support::scene::Scene;

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A file that is signed, and trusted by a policy with a store.
fn scene() -> Scene {
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    let policy = json!({ "version": "1.0", "trustPolicies": [{
        "name": "files", "signatureVerification": { "level": "strict", "override": { "revocation": "skip" } },
        "trustStores": ["ca:local"], "trustedIdentities": ["*"], "globalPolicy": true,
    }]});
    let sandbox = &scene.sandbox;
    sandbox.write_config("trustpolicy.blob.json", policy.to_string());
    let certificate = fs::read(sandbox.config().join("localkeys/ec-256.crt")).unwrap();
    sandbox.write_config("truststore/x509/ca/local/root.crt", certificate);
    fs::write(sandbox.home().join("f"), "hello").unwrap();
    scene
}

const VERIFY: [&str; 5] = ["blob", "verify", "-s", "f.jws.sig", "f"];
const STRICT: [&str; 4] = ["--require", "strict", "--allow", "skipped-revocation"];

#[test]
fn a_policy_or_a_store_that_others_may_write_is_said_once_and_never_strict() {
    let scene = scene();
    assert_eq!(scene.run(&["blob", "sign", "f"]).code, 0);
    let strict = [&VERIFY[..], &STRICT].concat();
    let ran = scene.run(&strict);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let config = scene.sandbox.config();
    let store = config.join("truststore/x509/ca/local");
    for (what, place, closed, open) in [
        (
            "the trust policy",
            config.join("trustpolicy.blob.json"),
            0o644,
            0o666,
        ),
        ("the trust policy", config.clone(), 0o755, 0o777),
        (
            "the trust store `ca:local`",
            store.join("root.crt"),
            0o644,
            0o646,
        ),
        ("the trust store `ca:local`", store.clone(), 0o755, 0o1777),
        (
            "the trust store `ca:local`",
            config.join("truststore"),
            0o755,
            0o777,
        ),
    ] {
        set(&place, open);
        let said = format!(
            "others may write {what}: `{}` can be written by every user",
            place.display()
        );
        let ran = scene.run(&VERIFY);
        assert_eq!((ran.code, ran.stderr), (0, format!("Warning: {said}\n")));
        let ran = scene.run(&strict);
        let sentence = "Error: `--require strict` accepts nothing that other users may write";
        ran.assert_refused(1, sentence);
        ran.assert_says(&format!(
            "\ncaused by: {said}\nhint: take the permission away"
        ));
        let ran = scene.run(&[&strict[..], &["-o", "json"]].concat());
        assert_eq!(ran.code, 1, "{ran:#?}");
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert!(
            document
                .to_string()
                .contains("can be written by every user"),
            "{document:#}"
        );
        set(&place, closed);
    }
}

#[test]
fn a_key_that_others_may_write_is_said_once() {
    let scene = scene();
    for (place, closed, open) in [
        ("signingkeys.json", 0o600, 0o666),
        ("localkeys/ec-256.crt", 0o644, 0o646),
        ("localkeys", 0o755, 0o777),
    ] {
        let place = scene.sandbox.config().join(place);
        set(&place, open);
        let ran = scene.run(&["blob", "sign", "--force", "f"]);
        let said = format!(
            "Warning: others may write the key `ec-256`: `{}` can be written by every user\n",
            place.display()
        );
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert!(ran.stderr.starts_with(&said), "{ran:#?}");
        assert_eq!(
            ran.stderr.matches("others may write").count(),
            1,
            "{ran:#?}"
        );
        set(&place, closed);
    }
}

#[test]
fn a_plugin_that_others_may_write_is_said_once_and_never_strict() {
    let scene = scene();
    assert_eq!(scene.run(&["blob", "sign", "f"]).code, 0);
    let plugin = scene.sandbox.write_config("PLUGIN", "#!/bin/sh\n");
    let plugins = scene.sandbox.config().join("plugins");
    fs::create_dir_all(plugins.join("x")).unwrap();
    let executable = plugins.join("x/notation-x");
    fs::rename(plugin, &executable).unwrap();
    set(&executable, 0o755);
    let strict = [&VERIFY[..], &STRICT].concat();
    assert_eq!(scene.run(&strict).stderr, "");
    for place in [executable, plugins] {
        set(&place, 0o777);
        let said = format!(
            "others may write the plugin `x`: `{}` can be written by every user",
            place.display()
        );
        let ran = scene.run(&VERIFY);
        assert_eq!((ran.code, ran.stderr), (0, format!("Warning: {said}\n")));
        let ran = scene.run(&strict);
        assert_eq!(ran.code, 1, "{ran:#?}");
        ran.assert_says(&format!("\ncaused by: {said}\n"));
        set(&place, 0o755);
    }
}

#[test]
fn a_policy_that_skips_all_and_that_others_may_write_is_said() {
    let scene = scene();
    let policy = json!({ "version": "1.0", "trustPolicies": [{
        "name": "files", "signatureVerification": { "level": "skip" },
    }]});
    let file = scene
        .sandbox
        .write_config("trustpolicy.blob.json", policy.to_string());
    set(&file, 0o666);
    fs::write(scene.sandbox.home().join("f.jws.sig"), "").unwrap();
    let ran = scene.run(&[&VERIFY[..], &["--policy-name", "files"]].concat());
    let said = format!(
        "Warning: others may write the trust policy: `{}` can be written by every user\n",
        file.display()
    );
    assert_eq!((ran.code, ran.stderr), (0, said));
}

#[test]
fn an_image_is_not_asked_for_where_others_may_write_the_trust_anchor() {
    let scene = scene();
    scene.sign(&scene.image);
    let anchor = scene.sandbox.home().join("root.crt");
    set(&anchor, 0o666);
    let said = format!(
        "others may write the trust anchor: `{}` can be written by every user",
        anchor.display()
    );
    let profile = [
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ];
    let verify = [&["verify"], &profile[..], &[&scene.image]].concat();
    let ran = scene.run(&verify);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ran.stderr.matches(&said).count(), 1, "{ran:#?}");
    // Nothing is there that could answer.
    let nowhere = format!("localhost:1/app@{}", scene.digest());
    let ran = scene.run(
        &[
            &["verify", "--require", "strict"],
            &profile[..],
            &[&nowhere],
        ]
        .concat(),
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    ran.assert_says(&format!("\ncaused by: {said}\n"));
}
