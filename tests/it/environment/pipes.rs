//! Files that variables name, or that are found where AWS's own programs keep them: pipes and devices hold nothing up.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use countersign_emulator::Emulator;

use super::credentials::{without_credentials, write};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::script_plugin::make_pipe;
use crate::support::waiting::within;

/// A pipe into which nothing is ever written. It is held open, so that reading it is neither an end nor an error.
fn silent(scene: &Scene, path: &str) -> (PathBuf, File) {
    let path = scene.sandbox.home().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    make_pipe(&path);
    let held = OpenOptions::new().read(true).write(true).open(&path);
    (path, held.unwrap())
}

fn sign(scene: &Scene, more: &[&str]) -> Ran {
    let sign = ["sign", "--signing-profile", &scene.profile.arn];
    scene.run(&[&sign[..], more, &[&scene.image]].concat())
}

#[track_caller]
fn assert_could_not(scene: &Scene, words: &str) {
    let ran = sign(scene, &["--timeout", "2m"]);
    ran.assert_refused(3, &format!("Error: failed to sign `{}`", scene.image));
    ran.assert_says(words);
}

fn not_regular(path: &Path) -> String {
    format!(
        "`{}` is a pipe, socket or device, not a regular file",
        path.display()
    )
}

#[test]
fn configuration_that_is_found_is_a_regular_file_or_refused() {
    for file in [".aws/config", ".aws/credentials"] {
        let scene = Scene::new();
        let (path, _held) = silent(&scene, file);
        let words = format!("AWS's configuration cannot be read: {}", not_regular(&path));
        assert_could_not(&scene, &words);
    }
    // Where a file that is to be mounted is missing, container engines make a directory.
    let scene = Scene::new();
    std::fs::create_dir_all(scene.sandbox.home().join(".aws/config")).unwrap();
    scene.sign(&scene.image);
}

#[test]
fn configuration_that_is_named_is_read_to_a_limit_and_in_time() {
    for variable in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        let scene = Scene::new().with_variable(variable, "/dev/zero");
        let words = "AWS's configuration cannot be read: `/dev/zero` is larger than 4194304 bytes";
        assert_could_not(&scene, words);

        let scene = Scene::new();
        let (path, _held) = silent(&scene, "silent");
        let scene = scene.with_variable(variable, path.to_str().unwrap());
        let ran = sign(&scene, &["--timeout", "1s"]);
        assert_eq!(ran.code, 3, "{ran:#?}");
    }
    let scene = Scene::new().with_variable("AWS_CONFIG_FILE", "/dev/null");
    scene.sign(&scene.image);
}

/// As a shell's process substitution does it.
#[test]
fn configuration_may_come_out_of_a_pipe() {
    let scene = without_credentials(Emulator::builder());
    let emulator = &scene.emulator;
    let text = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        emulator.access_key_id(),
        emulator.secret_access_key()
    );
    let path = scene.sandbox.home().join("pipe");
    make_pipe(&path);
    let scene = scene.with_variable("AWS_SHARED_CREDENTIALS_FILE", path.to_str().unwrap());
    let writer = std::thread::spawn(move || std::fs::write(path, text));
    scene.sign(&scene.image);
    assert!(within("the writer of a pipe", || writer.join().is_ok()));
}

#[test]
fn tokens_for_aws_are_regular_files_or_refused() {
    const ROLE: &str = "arn:aws:iam::111122223333:role/ci";
    let refused = |scene: &Scene, path: &Path| {
        let words = format!(
            "a file with a token for AWS cannot be read: {}",
            not_regular(path)
        );
        assert_could_not(scene, &words);
    };
    for token in ["pipe", "/dev/zero"] {
        let scene = without_credentials(Emulator::builder());
        let (pipe, _held) = silent(&scene, "pipe");
        let path = pipe.parent().unwrap().join(token);
        let shown = path.to_str().unwrap().to_owned();
        let scene = scene
            .with_variable("AWS_ROLE_ARN", ROLE)
            .with_variable("AWS_WEB_IDENTITY_TOKEN_FILE", &shown);
        refused(&scene, &path);
        let scene = scene
            .without_variables(&["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"])
            .with_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &shown)
            .with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/");
        refused(&scene, &path);
        let scene = scene.without_variables(&[
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ]);
        let config =
            format!("[profile ci]\nrole_arn = {ROLE}\nweb_identity_token_file = {shown}\n");
        write(&scene, ".aws/config", &config);
        refused(&scene.with_variable("AWS_PROFILE", "ci"), &path);
    }
}

#[test]
fn tokens_of_single_sign_on_are_regular_files_or_refused() {
    let scene = without_credentials(Emulator::builder());
    let config = "[default]\nsso_start_url = https://start.example\nsso_region = us-east-1\n\
                  sso_account_id = 111122223333\nsso_role_name = ci\n";
    write(&scene, ".aws/config", config);
    let (path, _held) = silent(&scene, ".aws/sso/cache/0123.json");
    let words = format!(
        "a file with a token for AWS cannot be read: {}",
        not_regular(&path)
    );
    assert_could_not(&scene, &words);
}

/// Keys in the environment come first, so that nothing else is opened.
#[test]
fn keys_in_the_environment_need_no_token() {
    let scene = Scene::new();
    let (path, _held) = silent(&scene, "pipe");
    let scene = scene.with_variable("AWS_WEB_IDENTITY_TOKEN_FILE", path.to_str().unwrap());
    scene.sign(&scene.image);
}

#[test]
fn roots_of_tls_that_are_named_are_read_to_a_limit_and_in_time() {
    for variable in ["SSL_CERT_FILE", "AWS_CA_BUNDLE"] {
        let scene = Scene::new().with_variable("AWS_ENDPOINT_URL", "https://127.0.0.1:9");
        let (path, _held) = silent(&scene, "silent");
        let scene = scene.with_variable(variable, "/dev/zero");
        assert_could_not(
            &scene,
            &format!(
                "the TLS roots of `{variable}=/dev/zero` cannot be read: `/dev/zero` is larger than 16777216 bytes"
            ),
        );
        let scene = scene.with_variable(variable, path.to_str().unwrap());
        let ran = sign(&scene, &["--timeout", "1s"]);
        assert_eq!(ran.code, 3, "{ran:#?}");
    }
}

#[test]
fn what_is_no_regular_file_in_a_directory_of_roots_is_passed_over() {
    let scene = Scene::new();
    let (path, _held) = silent(&scene, "roots/pipe");
    let directory = path.parent().unwrap().to_str().unwrap().to_owned();
    std::os::unix::fs::symlink("/dev/zero", format!("{directory}/zero")).unwrap();
    let scene = scene
        .with_variable("AWS_ENDPOINT_URL", "https://127.0.0.1:9")
        .with_variable("SSL_CERT_DIR", &directory);
    let words = format!("the TLS roots of `SSL_CERT_DIR={directory}` cannot be read");
    assert_could_not(&scene, &words);
}

/// The SDK's own tests have a file of partitions, which must not be read elsewhere.
#[test]
fn a_file_of_partitions_is_not_read() {
    for path in ["/dev/zero", "/nonexistent"] {
        let scene = Scene::new().with_variable("SMITHY_CLIENT_SDK_CUSTOM_PARTITION", path);
        scene.sign(&scene.image);
    }
}
