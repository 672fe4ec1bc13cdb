//! `countersign cert generate-test`, against what notation prints and writes.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::scene::Scene;

#[test]
fn a_test_key_signs_and_verifies() {
    let scene = Scene::new();
    let config = scene.sandbox.config();
    let ran = scene.run(&["cert", "generate-test", "--default", "wabbit-networks.io"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let local = config.join("localkeys");
    assert!(
        lines[1].starts_with("generated certificate expiring on 2"),
        "{ran:#?}"
    );
    assert_eq!(lines[0], "generating RSA Key with 2048 bits");
    assert_eq!(
        lines[2..],
        [
            format!("wrote key: {}/wabbit-networks.io.key", local.display()),
            format!("wrote certificate: {}/wabbit-networks.io.crt", local.display()),
            "Successfully added wabbit-networks.io.crt to named store wabbit-networks.io of type ca"
                .to_owned(),
            "wabbit-networks.io: added to the key list".to_owned(),
            "wabbit-networks.io: marked as default signing key".to_owned(),
        ]
    );
    for (file, wanted) in [
        ("localkeys/wabbit-networks.io.key", 0o600),
        ("localkeys/wabbit-networks.io.crt", 0o644),
        (
            "truststore/x509/ca/wabbit-networks.io/wabbit-networks.io.crt",
            0o600,
        ),
        ("signingkeys.json", 0o600),
    ] {
        let mode = std::fs::metadata(config.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, wanted, "{file}");
    }
    let ran = scene.run(&["sign", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let policy = r#"{ "version": "1.0", "trustPolicies": [ {
        "name": "images", "registryScopes": [ "*" ],
        "signatureVerification": { "level": "strict" },
        "trustStores": [ "ca:wabbit-networks.io" ],
        "trustedIdentities": [ "x509.subject: C=US, ST=WA, L=Seattle, O=Notary, CN=wabbit-networks.io" ]
    } ] }"#;
    scene.sandbox.write_config("trustpolicy.oci.json", policy);
    let ran = scene.run(&["verify", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn what_cannot_be_generated_leaves_nothing_behind() {
    let scene = Scene::new();
    let config = scene.sandbox.config();
    let name = "Error: name needs to follow [a-zA-Z0-9_.-]+ format";
    let bits = |bits: i64| {
        format!("Error: RSA keys of {bits} bits cannot sign; `--bits` is 2048, 3072 or 4096")
    };
    for (arguments, sentence) in [
        (&["--", ""][..], name.to_owned()),
        (&["--", "a b"], name.to_owned()),
        (&["--", "a/b"], name.to_owned()),
        (&["--", ".."], name.to_owned()),
        (&["--", "."], name.to_owned()),
        (&["--", "ü"], name.to_owned()),
        (&["--bits", "1024", "x"], bits(1024)),
        (&["-b", "2047", "x"], bits(2047)),
        (&["--bits=-1", "x"], bits(-1)),
    ] {
        let ran = scene.run(&[&["cert", "generate-test"], arguments].concat());
        ran.assert_refused(2, &sentence);
        assert!(!config.exists(), "{arguments:?}");
    }
    // What is there stays, and nothing is put beside it.
    let other = scene
        .sandbox
        .write_config("truststore/x509/ca/x/x.crt", "another certificate");
    let ran = scene.run(&["cert", "generate-test", "x"]);
    ran.assert_refused(
        2,
        &format!(
            "Error: failed to write key file: `{}` exists",
            other.display()
        ),
    );
    assert!(!config.join("localkeys").exists());
    assert!(!config.join("signingkeys.json").exists());
    let keys = r#"{"keys":[{"name":"y"}]}"#;
    scene.sandbox.write_config("signingkeys.json", keys);
    let ran = scene.run(&["cert", "generate-test", "y"]);
    ran.assert_refused(2, "Error: signing key with name \"y\" already exists");
    assert!(!config.join("localkeys").exists());
}
