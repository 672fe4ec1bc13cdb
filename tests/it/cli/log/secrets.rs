//! Every kind of credential, in every kind of flow: what is logged has none of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_emulator::{Access, Builder, Emulator, RegistryOptions};
use serde_json::json;

use super::events;
use crate::cli::sign::local_key;
use crate::support::kms;
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::scene::Scene;
use crate::support::script_plugin::{self, write_program};

const TOKEN: &str = "T0ken-of-the-Machine-42";
const PASSWORD: &str = "Passw0rd-of-the-Registry";

/// Runs a flow with both forms of the log; none of `secrets` is printed anywhere, and something is logged.
#[track_caller]
fn hush(name: &str, count: &mut usize, secrets: &[&str], run: &dyn Fn(&[&str]) -> Ran) {
    *count += 1;
    for form in ["text", "json"] {
        let ran = run(&["--debug", "--log-format", form]);
        let logged = match form {
            "json" => events(&ran).len(),
            _ => ran
                .stderr
                .lines()
                .filter(|line| line.starts_with("time="))
                .count(),
        };
        assert!(logged > 0, "{name} logs nothing: {ran:#?}");
        for secret in secrets {
            let is_said = ran.stdout.contains(secret) || ran.stderr.contains(secret);
            assert!(!is_said, "{name} says `{secret}`: {ran:#?}");
        }
        for scheme in [
            "Basic ",
            "Bearer ",
            "AWS4-HMAC",
            "X-Amz-Signature",
            "SecretAccessKey",
        ] {
            assert!(
                !ran.stderr.contains(scheme),
                "{name} says `{scheme}`: {ran:#?}"
            );
        }
    }
}

fn builder() -> Builder {
    Emulator::builder()
        .container_token(TOKEN)
        .web_identity_token(TOKEN)
        .sso_token(TOKEN)
}

/// A scene without keys in its environment, whose home and variables have this kind of AWS's credentials.
fn scene_with(kind: &str) -> Scene {
    let scene = Scene::with(builder());
    let home = scene.sandbox.home().to_owned();
    let write = |path: &str, text: &str| {
        let file = home.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let endpoint = scene.emulator.endpoint();
    let (id, secret) = (
        scene.emulator.access_key_id(),
        scene.emulator.secret_access_key(),
    );
    let keys = format!("[base]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    let token = |name: &str| write(name, TOKEN);
    let variables: Vec<(&str, String)> = match kind {
        "environment" => return scene,
        "profile" => {
            write(".aws/credentials", &keys);
            vec![("AWS_PROFILE", "base".to_owned())]
        }
        "role" => {
            write(".aws/credentials", &keys);
            let role = "[profile builder]\nrole_arn = arn:aws:iam::111122223333:role/builder\nsource_profile = base\n";
            write(".aws/config", role);
            vec![("AWS_PROFILE", "builder".to_owned())]
        }
        "process" => {
            let answer = json!({ "Version": 1, "AccessKeyId": id, "SecretAccessKey": secret });
            let file = write("answer.json", &answer.to_string());
            write(
                ".aws/config",
                &format!("[default]\ncredential_process = cat {file}\n"),
            );
            vec![("PATH", "/usr/bin:/bin".to_owned())]
        }
        "container" => vec![
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("{endpoint}/credentials/container"),
            ),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN.to_owned()),
        ],
        "pod" => vec![
            (
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("{endpoint}/credentials/container"),
            ),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token("token")),
        ],
        "web identity" => vec![
            ("AWS_WEB_IDENTITY_TOKEN_FILE", token("token")),
            (
                "AWS_ROLE_ARN",
                "arn:aws:iam::111122223333:role/builder".to_owned(),
            ),
        ],
        "instance" => vec![
            ("AWS_EC2_METADATA_DISABLED", "false".to_owned()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint),
        ],
        "sign-on" => {
            write(
                ".aws/config",
                "[default]\nsso_session = work\nsso_account_id = 111122223333\nsso_role_name = builder\n\
                 [sso-session work]\nsso_region = us-east-1\nsso_start_url = https://work.example/start\n",
            );
            let token = json!({ "accessToken": TOKEN, "expiresAt": "2099-01-01T00:00:00Z",
                "region": "us-east-1", "startUrl": "https://work.example/start" });
            // `aws sso login` names the file by the SHA-1 of the session's name.
            write(
                ".aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json",
                &token.to_string(),
            );
            Vec::new()
        }
        other => panic!("{other}"),
    };
    let scene = scene.without_variables(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    let with = |scene: Scene, (name, value): (&str, String)| scene.with_variable(name, value);
    variables.into_iter().fold(scene, with)
}

#[test]
fn no_credential_of_aws_is_logged() {
    let mut count = 0;
    for kind in [
        "environment",
        "profile",
        "role",
        "process",
        "container",
        "pod",
        "web identity",
        "instance",
        "sign-on",
    ] {
        let scene = scene_with(kind);
        let profile = scene.profile.arn.clone();
        let secret = scene.emulator.secret_access_key().to_owned();
        let secrets = [secret.as_str(), TOKEN];
        let sign = ["sign", "--signing-profile", &profile, &scene.image];
        hush(&format!("sign, {kind}"), &mut count, &secrets, &|log| {
            let ran = scene.run(&[&sign[..], log].concat());
            assert_eq!(ran.code, 0, "{kind}: {ran:#?}");
            ran
        });
        hush(&format!("verify, {kind}"), &mut count, &secrets, &|log| {
            let ran = scene.verify_with(log, &scene.image);
            assert_eq!(ran.code, 0, "{kind}: {ran:#?}");
            ran
        });
    }
    assert_eq!(count, 18);
}

#[test]
fn no_credential_is_logged_by_any_command() {
    let mut count = 0;
    let scene = Scene::new();
    let (profile, secret) = (
        scene.profile.arn.clone(),
        scene.emulator.secret_access_key().to_owned(),
    );
    let home = scene.sandbox.home().to_owned();
    std::fs::write(home.join("file"), "hello\n").unwrap();
    kms::write_chain(&home, "ec-384");
    let key = kms::import(&scene.emulator, "ec-384");
    scene.sign(&scene.image);
    scene.write_policy("strict");
    let trust = ["--signing-profile", &profile, "--trust-anchor", "root.crt"];
    for (name, arguments) in [
        (
            "kms",
            vec![
                "sign",
                "--kms-key",
                &key,
                "--certificate-chain",
                "ec-384.crt",
                &scene.image,
            ],
        ),
        (
            "sign blob",
            vec![
                "blob",
                "sign",
                "--force",
                "--signing-profile",
                &profile,
                "file",
            ],
        ),
        (
            "verify blob",
            [&["blob", "verify"], &trust[..], &["file"]].concat(),
        ),
        (
            "gather",
            vec!["revocation", "fetch", "--out", "facts", &scene.image],
        ),
        (
            "cache",
            [
                &["verify", "--revocation-cache-ttl", "1h"],
                &trust[..],
                &[&scene.image],
            ]
            .concat(),
        ),
        (
            "many",
            [
                &["sign", "--if-missing", "--output", "json"],
                &trust[..],
                &[&scene.image],
            ]
            .concat(),
        ),
        ("policy", vec!["verify", "--output", "json", &scene.image]),
    ] {
        hush(name, &mut count, &[&secret], &|log| {
            let ran = scene.run(&[&arguments[..], log].concat());
            assert_eq!(ran.code, 0, "{name}: {ran:#?}");
            ran
        });
    }
    // What AWS does not accept is not said either.
    let wrong = scene.with_variable("AWS_SECRET_ACCESS_KEY", "Wrong-Secret-Access-Key");
    hush(
        "wrong key",
        &mut count,
        &["Wrong-Secret-Access-Key"],
        &|log| {
            let ran =
                wrong.run(&[&["sign", "--signing-profile", &profile, &wrong.image], log].concat());
            assert_ne!(ran.code, 0, "{ran:#?}");
            ran
        },
    );
    assert_eq!(count, 8);
}

#[test]
fn no_credential_of_a_registry_is_logged() {
    let mut count = 0;
    let pair = STANDARD.encode(format!("robot:{PASSWORD}"));
    let secrets = [PASSWORD, pair.as_str()];
    for is_bearer in [false, true] {
        let (username, password) = ("robot".to_owned(), PASSWORD.to_owned());
        let access = if is_bearer {
            Access::Bearer {
                username,
                password,
                anonymous_pull: false,
            }
        } else {
            Access::Basic { username, password }
        };
        let mut options = RegistryOptions::default();
        options.loopback_access = access;
        let scene = Scene::with(Emulator::builder().registry(options));
        let (profile, image) = (scene.profile.arn.clone(), scene.image.clone());
        let trust = ["--signing-profile", &profile, "--trust-anchor", "root.crt"];
        let given = ["-u", "robot", "-p", PASSWORD];
        let sign = ["sign", "--signing-profile", &profile, &image];
        let name = |what: &str| format!("{what}, bearer: {is_bearer}");
        let done = |ran: Ran| {
            assert_eq!(ran.code, 0, "{ran:#?}");
            ran
        };
        hush(&name("flags"), &mut count, &secrets, &|log| {
            done(scene.run(&[&sign[..], &given, log].concat()))
        });
        hush(&name("list"), &mut count, &secrets, &|log| {
            done(scene.run(&[&["list", &image], &given[..], log].concat()))
        });
        let verify = [&["verify"], &trust[..], &[&image]].concat();
        let run =
            |sandbox: &Sandbox, log: &[&str]| sandbox.run(&[&verify[..], log].concat()).plain();
        hush(
            &name("wrong password"),
            &mut count,
            &["An0ther-Password"],
            &|log| {
                let ran = scene
                    .run(&[&verify[..], &["-u", "robot", "-p", "An0ther-Password"], log].concat());
                assert_ne!(ran.code, 0);
                ran
            },
        );
        // Docker's file.
        let docker = scene.sandbox.home().join(".docker");
        std::fs::create_dir(&docker).unwrap();
        let auths = json!({ "auths": { (scene.registry()): { "auth": pair } } });
        std::fs::write(docker.join("config.json"), auths.to_string()).unwrap();
        hush(&name("docker"), &mut count, &secrets, &|log| {
            done(run(&scene.sandbox, log))
        });
        hush(&name("token alone"), &mut count, &[TOKEN], &|log| {
            scene.run(&[&["list", &image, "-p", TOKEN], log].concat())
        });
        let refresh = json!({ "auths": { (scene.registry()): { "identitytoken": TOKEN } } });
        std::fs::write(docker.join("config.json"), refresh.to_string()).unwrap();
        hush(&name("identity token"), &mut count, &[TOKEN], &|log| {
            run(&scene.sandbox, log)
        });
        let helper = scene.sandbox.home().join("bin/docker-credential-vault");
        std::fs::create_dir(helper.parent().unwrap()).unwrap();
        let answer = json!({ "Username": "robot", "Secret": PASSWORD });
        write_program(&helper, &format!("#!/bin/sh\necho '{answer}'\n"));
        let helpers = json!({ "credHelpers": { (scene.registry()): "vault" } });
        std::fs::write(docker.join("config.json"), helpers.to_string()).unwrap();
        let path = format!("{}:/usr/bin:/bin", helper.parent().unwrap().display());
        let scene = scene.with_variable("PATH", path);
        hush(&name("helper"), &mut count, &secrets, &|log| {
            let ran = done(run(&scene.sandbox, log));
            let is_said = ran.stderr.contains("program ended");
            assert!(is_said, "{ran:#?}");
            ran
        });
        std::fs::remove_file(docker.join("config.json")).unwrap();
        let scene = scene
            .with_variable("NOTATION_USERNAME", "robot")
            .with_variable("NOTATION_PASSWORD", PASSWORD);
        hush(&name("variables"), &mut count, &secrets, &|log| {
            done(run(&scene.sandbox, log))
        });
    }
    assert_eq!(count, 16);
}

#[test]
fn no_credential_of_a_key_a_plugin_or_a_proxy_is_logged() {
    let mut count = 0;
    // Other keys; a plugin; a timestamping authority that is paid by a key in its URL.
    let scene = Scene::new();
    let line = script_plugin::metadata_line("other", "SIGNATURE_GENERATOR.ENVELOPE");
    script_plugin::install_line(&scene.sandbox, "other", &line);
    let secret = scene.emulator.secret_access_key().to_owned();
    hush("plugin", &mut count, &[&secret], &|log| {
        let ran = scene.run(
            &[
                &["sign", "--plugin", "other", "--id", "x", &scene.image],
                log,
            ]
            .concat(),
        );
        assert!(ran.stderr.contains("program ended"), "{ran:#?}");
        ran
    });
    local_key::add(&scene, "ec-384", &["--default"]);
    hush("local key", &mut count, &["PRIVATE KEY"], &|log| {
        let ran = scene.run(&[&["sign", &scene.image], log].concat());
        assert_eq!(ran.code, 0, "{ran:#?}");
        ran
    });
    let stamped = [
        "sign",
        "--timestamp-url",
        "http://127.0.0.1:9/stamp?key=Key-0f-the-Customer",
        "--timestamp-root-cert",
        "root.crt",
        &scene.image,
    ];
    hush("timestamp", &mut count, &["Key-0f-the-Customer"], &|log| {
        let ran = scene.run(&[&stamped[..], log].concat());
        assert!(
            ran.stderr.contains("http://127.0.0.1:9/stamp?..."),
            "{ran:#?}"
        );
        ran
    });
    // A proxy with a password that cannot be reached.
    let proxied = scene.with_variable("HTTP_PROXY", format!("http://robot:{PASSWORD}@127.0.0.1:9"));
    hush("proxy", &mut count, &[PASSWORD], &|log| {
        proxied.run(
            &[
                &["list", "--insecure-registry", "registry.example/app:v1"],
                log,
            ]
            .concat(),
        )
    });
    assert_eq!(count, 4);
}
