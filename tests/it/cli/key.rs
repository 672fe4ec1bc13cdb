//! `countersign key`, against what notation prints and writes.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::local_keys;
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::script_plugin;
use crate::support::waiting;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let line = script_plugin::metadata_line("p", "SIGNATURE_GENERATOR.RAW");
    script_plugin::install_line(&sandbox, "p", &line);
    sandbox
}

fn key(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.run(&[&["key"], arguments].concat())
}

#[track_caller]
fn assert_done(sandbox: &Sandbox, arguments: &[&str], stdout: &str) {
    let ran = key(sandbox, arguments);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, stdout, "")
    );
}

fn file(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.config().join("signingkeys.json")).unwrap()
}

#[test]
fn keys_come_and_go_in_notations_words() {
    let sandbox = sandbox();
    let head = "NAME   KEY PATH   CERTIFICATE PATH   ID   PLUGIN NAME   \n";
    assert_done(&sandbox, &["list"], head);
    assert_done(
        &sandbox,
        &["add", "--plugin", "p", "--id", "id1", "k1"],
        "k1\n",
    );
    assert_done(
        &sandbox,
        &["add", "--plugin", "p", "--id", "id2", "--default", "k2"],
        "k2: marked as default\n",
    );
    let config = ["--plugin-config", "a=b", "--plugin-config", "c=d"];
    let more = [
        &["add", "--plugin", "p", "--id", "id3"],
        &config[..],
        &["my key"],
    ]
    .concat();
    assert_done(&sandbox, &more, "my key\n");
    let wanted = r#"{
    "default": "k2",
    "keys": [
        {
            "name": "k1",
            "id": "id1",
            "pluginName": "p"
        },
        {
            "name": "k2",
            "id": "id2",
            "pluginName": "p"
        },
        {
            "name": "my key",
            "id": "id3",
            "pluginName": "p",
            "pluginConfig": {
                "a": "b",
                "c": "d"
            }
        }
    ]
}
"#;
    assert_eq!(file(&sandbox), wanted);
    let metadata = std::fs::metadata(sandbox.config().join("signingkeys.json")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let listed = "NAME     KEY PATH   CERTIFICATE PATH   ID    PLUGIN NAME   \n\
                  k1                                     id1   p             \n\
                  * k2                                   id2   p             \n\
                  my key                                 id3   p             \n";
    assert_done(&sandbox, &["list"], listed);
    assert_done(&sandbox, &["ls"], listed);
    assert_done(
        &sandbox,
        &["update", "--default", "k1"],
        "k1: marked as default\n",
    );
    assert_done(
        &sandbox,
        &["set", "--default", "k2"],
        "k2: marked as default\n",
    );
    assert_done(
        &sandbox,
        &["delete", "my key"],
        "Removed my key from Notation signing key list. The source key still exists.\n",
    );
    assert_done(
        &sandbox,
        &["delete", "k2", "k1"],
        "Removed the following keys from Notation signing key list. The source keys still \
         exist.\nk2 (default)\nk1\n",
    );
    assert_eq!(file(&sandbox), "{\n    \"keys\": []\n}\n");
    assert_done(
        &sandbox,
        &["add", "--plugin", "p", "--id", "i", "--default", "k"],
        "k: marked as default\n",
    );
    assert_done(
        &sandbox,
        &["delete", "k"],
        "Removed default key k from Notation signing key list. The source key still exists.\n",
    );
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    let sandbox = sandbox();
    assert_done(
        &sandbox,
        &["add", "--plugin", "p", "--id", "id1", "k1"],
        "k1\n",
    );
    let before = file(&sandbox);
    let gone = format!(
        "plugin `nope` is not installed: there is no `{}/plugins/nope/notation-nope`",
        sandbox.config().display()
    );
    for (arguments, sentence) in [
        (
            &["add", "--plugin", "nope", "--id", "x", "k"][..],
            gone.as_str(),
        ),
        (
            &["add", "--plugin", "p", "--id", "x", "k1"],
            "signing key with name \"k1\" already exists",
        ),
        (&["add", "--plugin", "p", "k"], "missing key id"),
        (&["add", "--plugin", "p", "--id", "", "k"], "missing key id"),
        (
            &["add", "--plugin", "", "--id", "x", "k"],
            "plugin name cannot be empty",
        ),
        (
            &["add", "--plugin", "p", "--id", "x", ""],
            "key name cannot be empty",
        ),
        (
            &["add", "--plugin", "../p", "--id", "x", "k"],
            "`../p` is not a plugin's name",
        ),
        (
            &[
                "add",
                "--plugin",
                "p",
                "--id",
                "x",
                "--plugin-config",
                "abc",
                "k",
            ],
            "could not parse flag plugin-config: key-value pair requires \"=\" as separator",
        ),
        (
            &[
                "add",
                "--plugin",
                "com.amazonaws.signer.notation.plugin",
                "--id",
                "x",
                "k",
            ],
            "`x` is not an ARN: it must have six parts, \
             `arn:PARTITION:signer:REGION:ACCOUNT:RESOURCE`",
        ),
        (
            &["update", "--default", "nope"],
            "signing key nope not found",
        ),
        (&["update", "--default", ""], "key name cannot be empty"),
        (
            &["update", "k1"],
            "the following required arguments were not provided:",
        ),
        (&["delete", "k1", "nope"], "signing key nope not found"),
        (&["delete", "k1", "k1"], "signing key k1 not found"),
        (&["delete", ""], "key name cannot be empty"),
    ] {
        key(&sandbox, arguments).assert_refused(2, &format!("Error: {sentence}"));
        assert_eq!(file(&sandbox), before, "{arguments:?}");
    }
}

#[test]
fn a_file_that_is_not_notations_is_left_as_it_is() {
    let sandbox = sandbox();
    for (text, sentence) in [
        ("{bad", "malformed signingkeys.json"),
        ("", "malformed signingkeys.json"),
        (
            r#"{"default":"x","keys":[]}"#,
            "malformed signingkeys.json: default key 'x' not found",
        ),
        (
            r#"{"keys":[{"name":"a"},{"name":"a"}]}"#,
            "malformed signingkeys.json: multiple keys with name 'a' found",
        ),
    ] {
        sandbox.write_config("signingkeys.json", text);
        for arguments in [
            &["list"][..],
            &["add", "--plugin", "p", "--id", "x", "new"],
            &["update", "--default", "a"],
            &["delete", "a"],
        ] {
            key(&sandbox, arguments).assert_refused(2, &format!("Error: {sentence}"));
        }
        assert_eq!(file(&sandbox), text);
    }
    // Never written through a link.
    let target = sandbox.home().join("target");
    std::fs::write(&target, r#"{"keys":[]}"#).unwrap();
    let link = sandbox.config().join("signingkeys.json");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    for arguments in [&["list"][..], &["add", "--plugin", "p", "--id", "x", "new"]] {
        let ran = key(&sandbox, arguments);
        ran.assert_refused(2, "Error: signingkeys.json cannot be used");
        ran.assert_says("is a symbolic link");
    }
    assert_eq!(std::fs::read_to_string(target).unwrap(), r#"{"keys":[]}"#);
}

#[test]
fn a_key_of_a_plugin_that_could_not_sign_is_not_added() {
    let sandbox = Sandbox::new();
    let verifier = script_plugin::metadata_line("v", "SIGNATURE_VERIFIER.TRUSTED_IDENTITY");
    let other = script_plugin::metadata_line("p", "SIGNATURE_GENERATOR.RAW");
    for (name, line, sentence) in [
        (
            "v",
            verifier.as_str(),
            "plugin `v` does not have signing capabilities",
        ),
        (
            "broken",
            "echo boom >&2; exit 7",
            "plugin `broken` failed at `get-plugin-metadata` without an error of the contract's \
             form (exit status: 7): `boom`",
        ),
        (
            "other",
            &other,
            "plugin `other` has unusable metadata: its name is `p`",
        ),
    ] {
        script_plugin::install_line(&sandbox, name, line);
        let ran = key(&sandbox, &["add", "--plugin", name, "--id", "x", "k"]);
        ran.assert_refused(2, &format!("Error: {sentence}"));
        assert!(!sandbox.config().join("signingkeys.json").exists());
    }
}

#[test]
fn two_programs_at_once_lose_nothing() {
    let sandbox = sandbox();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_countersign"));
    for round in 0..4 {
        let children: Vec<_> = (0..8)
            .map(|index| {
                let name = format!("{round}-{index}");
                let add = ["key", "add", "--plugin", "p", "--id", "x", &name];
                let mut command = sandbox.command(program);
                command.args(add).stdout(std::process::Stdio::null());
                command.spawn().unwrap()
            })
            .collect();
        for child in children {
            assert!(waiting::end(child, "key add").status.success());
        }
    }
    let keys: serde_json::Value = serde_json::from_str(&file(&sandbox)).unwrap();
    let names: std::collections::BTreeSet<&str> = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 32, "{names:?}");
}

#[test]
fn a_key_of_aws_kms_is_checked_without_asking_and_found_from_anywhere() {
    let sandbox = Sandbox::new();
    let add = |more: &[&str]| {
        let fixed = ["key", "add", "--plugin", "aws-kms", "release", "--id"];
        sandbox.run(&[&fixed[..], more].concat())
    };
    for (more, first_line) in [
        (
            &["a b", "--plugin-config", "certificate_chain=x"][..],
            "Error: `a b` does not name a key of AWS KMS",
        ),
        (
            &["alias/release"],
            "Error: setting `certificate_chain` is missing",
        ),
        (
            &["alias/release", "--plugin-config", "chain=x"],
            "Error: setting `chain` is not known",
        ),
    ] {
        add(more).assert_refused(2, first_line);
        assert!(!sandbox.config().exists());
    }
    let ran = add(&[
        "alias/release",
        "--plugin-config",
        "certificate_chain=release.crt",
    ]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "release\n"),
        "{ran:#?}"
    );
    let keys = std::fs::read_to_string(sandbox.config().join("signingkeys.json")).unwrap();
    let file = sandbox.home().join("release.crt");
    assert!(keys.contains(file.to_str().unwrap()), "{keys}");
}

#[test]
fn files_that_nothing_could_be_signed_with_are_not_added() {
    let sandbox = Sandbox::new();
    let write = |name: &str, text: &str| {
        std::fs::write(sandbox.home().join(name), text).unwrap();
    };
    let key_of = |name: &str| std::fs::read_to_string(local_keys::path(name)).unwrap();
    write("a.key", &key_of("ec-256"));
    write("encrypted.key", &key_of("ec-256.aes256"));
    write("other.key", &key_of("rsa-2048"));
    write("a.crt", &local_keys::certificate("ec-256"));
    write(
        "public.key",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    );
    let mut server = local_keys::params("server");
    server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let server = local_keys::certificate_of("ec-256", &server);
    write("server.crt", &server);
    std::fs::create_dir(sandbox.home().join("directory")).unwrap();
    let add = |file: &str, certificates: &str| {
        let files = ["add", "--key-file", file, "--certificates", certificates];
        key(&sandbox, &[&files[..], &["release"]].concat())
    };
    let home = sandbox.home().display();
    for (file, certificates, sentence) in [
        (
            "none.key",
            "a.crt",
            format!("the key file `{home}/none.key` cannot be read"),
        ),
        (
            "directory",
            "a.crt",
            format!("the key file `{home}/directory` cannot be read"),
        ),
        (
            "public.key",
            "a.crt",
            format!("the key file `{home}/public.key` has no private key in PEM, but `PUBLIC KEY`"),
        ),
        (
            "other.key",
            "a.crt",
            format!(
                "the private key in `{home}/other.key` does not match the public key of the first \
                 certificate in `{home}/a.crt`, `CN=ec-256,O=Notary,ST=WA,C=US` (EC-256)"
            ),
        ),
        (
            "a.key",
            "none.crt",
            format!("the certificate chain in `{home}/none.crt` cannot be used"),
        ),
        (
            "encrypted.key",
            "server.crt",
            format!("the certificate chain in `{home}/server.crt` cannot be used"),
        ),
    ] {
        let ran = add(file, certificates);
        ran.assert_refused(2, &format!("Error: key `release`: {sentence}"));
        assert!(
            ran.stderr.contains("\nhint: ") || file == "directory",
            "{ran:#?}"
        );
        assert!(!sandbox.config().exists());
    }
    // The user is not asked for a passphrase.
    let ran = add("encrypted.key", "a.crt");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "release\n"),
        "{ran:#?}"
    );
}

#[test]
fn settings_of_aws_signer_that_are_misspelled_are_not_added() {
    let sandbox = Sandbox::new();
    let plugin = "com.amazonaws.signer.notation.plugin";
    let arn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
    let add = ["add", "--plugin", plugin, "--id", arn, "--plugin-config"];
    for (setting, sentence) in [
        ("aws-regoin=x", "setting `aws-regoin` is not known"),
        ("aws-region=x y", "`x y` is not a region"),
    ] {
        let ran = key(&sandbox, &[&add[..], &[setting, "release"]].concat());
        ran.assert_refused(2, &format!("Error: {sentence}"));
        assert!(!sandbox.config().exists());
    }
}

#[test]
fn keys_of_aws_are_added_by_the_flags_that_sign_with_them() {
    let sandbox = Sandbox::new();
    let arn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
    std::fs::write(
        sandbox.home().join("kms.crt"),
        local_keys::certificate("ec-256"),
    )
    .unwrap();
    for words in [
        &[
            "key",
            "add",
            "--signing-profile",
            arn,
            "--default",
            "profile",
        ][..],
        &[
            "key",
            "add",
            "--kms-key",
            "alias/release",
            "--certificate-chain",
            "kms.crt",
            "kms",
        ],
        // The older name of the flag.
        &[
            "key",
            "add",
            "--kms-key",
            "alias/release",
            "--certificates",
            "kms.crt",
            "same",
        ],
    ] {
        let ran = sandbox.run(words);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{words:?}");
    }
    let text = std::fs::read_to_string(sandbox.config().join("signingkeys.json")).unwrap();
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = &list["keys"];
    assert_eq!(keys[0]["id"], arn);
    assert_eq!(
        keys[0]["pluginName"],
        "com.amazonaws.signer.notation.plugin"
    );
    let chain = sandbox.home().join("kms.crt");
    for key in [&keys[1], &keys[2]] {
        assert_eq!(key["pluginName"], "aws-kms");
        assert_eq!(
            key["pluginConfig"]["certificate_chain"],
            chain.to_str().unwrap()
        );
    }
    let ran = sandbox.run(&["key", "rm", "kms"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = sandbox.run(&["key", "add", "--kms-key", "alias/release", "none"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("--certificate-chain <FILE>");
}
