//! Every kind of AWS credentials that pipelines have, each good for Amazon ECR and AWS Signer, and
//! each fetched once.

use std::path::{Path, PathBuf};

use countersign_emulator::Emulator;
use serde_json::{Value, json};

use super::{ECR, KEYS, behind_an_emulator, behind_the_emulator, pushed};
use crate::support::scene::Scene;

const ROLE: &str = "arn:aws:iam::111122223333:role/ci";

/// Writes a file into the sandbox's home.
pub(super) fn write(scene: &Scene, path: &str, content: &str) -> PathBuf {
    let file = scene.sandbox.home().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, content).unwrap();
    file
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Signs and verifies an image of Amazon ECR with whatever credentials the environment has. Each
/// command asks for `fetches`, in this order, and nothing else beside what it is for; every request
/// is by one access key that begins with `key`.
#[track_caller]
pub(super) fn assert_works(scene: &Scene, fetches: &[&str], key: &str) {
    let image = pushed(scene, ECR);
    let sign: &[&str] = &["sign", "--signing-profile", &scene.profile.arn];
    let verify: &[&str] = &[
        "verify",
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ];
    for (command, operation) in [(sign, "SignPayload"), (verify, "GetRevocationStatus")] {
        scene.emulator.clear_calls();
        let ran = scene.run(&[command, &[&image]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
        let mut calls = scene.emulator.calls();
        calls.retain(|call| !call.operation.starts_with("registry:"));
        let operations: Vec<&str> = calls.iter().map(|call| call.operation.as_str()).collect();
        let expected = [fetches, &["GetAuthorizationToken", operation]].concat();
        assert_eq!(operations, expected);
        let keys: Vec<&str> = calls[fetches.len()..]
            .iter()
            .map(|call| call.access_key_id.as_deref().unwrap())
            .collect();
        assert_eq!(keys[0], keys[1]);
        assert!(keys[0].starts_with(key), "{keys:?}");
    }
}

/// A scene with the surroundings of a pipeline, but no credentials and no region.
pub(super) fn without_credentials(builder: countersign_emulator::Builder) -> Scene {
    behind_an_emulator(builder)
        .without_variables(&KEYS)
        .without_variables(&["AWS_REGION", "AWS_DEFAULT_REGION"])
}

/// Temporary credentials: access key, secret, session token.
pub(super) fn temporary(scene: &Scene) -> [String; 3] {
    let answer = scene.emulator_get("/credentials/container");
    let keys: Value = serde_json::from_str(&answer).unwrap();
    ["AccessKeyId", "SecretAccessKey", "Token"].map(|name| keys[name].as_str().unwrap().to_owned())
}

#[test]
fn the_environment() {
    let scene = behind_the_emulator();
    assert_works(&scene, &[], "AKIA");

    let [key, secret, token] = temporary(&scene);
    let scene = scene
        .with_variable("AWS_ACCESS_KEY_ID", key)
        .with_variable("AWS_SECRET_ACCESS_KEY", secret)
        .with_variable("AWS_SESSION_TOKEN", token);
    assert_works(&scene, &[], "ASIA");
}

/// A section of the credentials file with the emulator's own access key.
fn section(scene: &Scene, name: &str) -> String {
    format!(
        "[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        scene.emulator.access_key_id(),
        scene.emulator.secret_access_key()
    )
}

#[test]
fn the_files_of_the_aws_command_line() {
    let scene = without_credentials(Emulator::builder());
    write(&scene, ".aws/credentials", &section(&scene, "default"));
    assert_works(&scene, &[], "AKIA");

    let scene = without_credentials(Emulator::builder());
    let file = write(&scene, "elsewhere/credentials", &section(&scene, "ci"));
    let scene = scene
        .with_variable("AWS_SHARED_CREDENTIALS_FILE", text(&file))
        .with_variable("AWS_PROFILE", "ci");
    assert_works(&scene, &[], "AKIA");

    let scene = without_credentials(Emulator::builder());
    let file = write(&scene, "elsewhere/config", &section(&scene, "profile ci"));
    let scene = scene
        .with_variable("AWS_CONFIG_FILE", text(&file))
        .with_variable("AWS_PROFILE", "ci");
    assert_works(&scene, &[], "AKIA");
}

#[test]
fn a_profile_that_assumes_a_role_with_another_profile() {
    let scene = without_credentials(Emulator::builder());
    write(&scene, ".aws/credentials", &section(&scene, "base"));
    let config = format!("[profile ci]\nrole_arn = {ROLE}\nsource_profile = base\n");
    write(&scene, ".aws/config", &config);
    let scene = scene.with_variable("AWS_PROFILE", "ci");
    assert_works(&scene, &["AssumeRole"], "ASIA");
}

#[cfg(unix)]
#[test]
fn a_credential_process() {
    let scene = without_credentials(Emulator::builder());
    let [key, secret, token] = temporary(&scene);
    let credentials = json!({
        "Version": 1,
        "AccessKeyId": key,
        "SecretAccessKey": secret,
        "SessionToken": token,
        "Expiration": "2125-01-01T00:00:00Z",
    });
    write(&scene, "credentials.json", &credentials.to_string());
    // Its working directory is the sandbox's home.
    let config =
        "[default]\ncredential_process = sh -c \"echo run >> runs; cat credentials.json\"\n";
    write(&scene, ".aws/config", config);
    assert_works(&scene, &[], "ASIA");
    let runs = std::fs::read_to_string(scene.sandbox.home().join("runs")).unwrap();
    assert_eq!(runs, "run\nrun\n", "once for each command");
}

/// What Amazon ECS (with its agent on another address), AWS CodeBuild and EKS set.
#[test]
fn a_container() {
    let token = "c0ntainer-t0ken";
    let scene = without_credentials(Emulator::builder().container_token(token));
    let uri = format!("{}/credentials/container", scene.emulator.endpoint());
    let scene = scene
        .with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
        .with_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN", token);
    assert_works(&scene, &["credentials:Container"], "ASIA");
}

#[test]
fn eks_pod_identity() {
    let token = "p0d-identity-t0ken";
    let scene = without_credentials(Emulator::builder().container_token(token));
    let uri = format!("{}/credentials/container", scene.emulator.endpoint());
    let file = write(&scene, "serviceaccount/eks-pod-identity-token", token);
    let scene = scene
        .with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
        .with_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", text(&file));
    assert_works(&scene, &["credentials:Container"], "ASIA");
}

/// What GitHub, GitLab and IAM roles for service accounts give.
#[test]
fn web_identity() {
    let token = "eyJ.web-identity.t0ken";
    let scene = without_credentials(Emulator::builder().web_identity_token(token));
    let file = write(&scene, "serviceaccount/token", token);
    let scene = scene
        .with_variable("AWS_WEB_IDENTITY_TOKEN_FILE", text(&file))
        .with_variable("AWS_ROLE_ARN", ROLE);
    assert_works(&scene, &["AssumeRoleWithWebIdentity"], "ASIA");
    let call = scene.emulator.calls();
    let sts = call
        .iter()
        .find(|call| call.operation == "AssumeRoleWithWebIdentity");
    // The token is not a signature, and is not in the address, which gets into logs.
    assert_eq!(sts.unwrap().access_key_id, None);
    assert_eq!(sts.unwrap().path, "/");
}

#[test]
fn an_instance() {
    let scene = without_credentials(Emulator::builder());
    let endpoint = scene.emulator.endpoint();
    let scene = scene
        .with_variable("AWS_EC2_METADATA_DISABLED", "false")
        .with_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint);
    assert_works(
        &scene,
        // Version 2: a token, then the role's name, then its credentials.
        &[
            "credentials:ImdsToken",
            "credentials:Imds",
            "credentials:Imds",
        ],
        "ASIA",
    );
}

/// SHA-1 of `login`, the name of the session below: where the AWS command line keeps its token.
const CACHED_TOKEN: &str = ".aws/sso/cache/2736fab291f04e69b62d490c3c09361f5b82461a.json";

/// Single sign-on, after `aws sso login` left its token.
pub(super) fn single_sign_on(scene: &Scene, token: &str, expires: &str) {
    let config = "[profile ci]\nsso_session = login\nsso_account_id = 111122223333\n\
         sso_role_name = ci\nregion = us-east-1\n\
         [sso-session login]\nsso_region = us-east-1\n\
         sso_start_url = https://example.awsapps.com/start\n";
    write(scene, ".aws/config", config);
    let cached = json!({
        "accessToken": token,
        "expiresAt": expires,
        "region": "us-east-1",
        "startUrl": "https://example.awsapps.com/start",
    });
    write(scene, CACHED_TOKEN, &cached.to_string());
}

#[test]
fn single_sign_on_after_a_login() {
    let token = "ss0-t0ken";
    let scene = without_credentials(Emulator::builder().sso_token(token));
    single_sign_on(&scene, token, "2125-01-01T00:00:00Z");
    let scene = scene.with_variable("AWS_PROFILE", "ci");
    assert_works(&scene, &["credentials:Sso"], "ASIA");
}

#[test]
fn a_profile_that_is_named_beats_the_environment() {
    let scene = behind_the_emulator();
    write(&scene, ".aws/credentials", &section(&scene, "ci"));
    let scene = scene
        .with_variable("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .with_variable("AWS_SECRET_ACCESS_KEY", "of-somebody-else");
    let image = pushed(&scene, ECR);
    for command in ["sign", "verify"] {
        let mut arguments = vec![command, "--signing-profile", &scene.profile.arn];
        arguments.extend(["--plugin-config", "aws-profile=ci", &image]);
        if command == "verify" {
            arguments.extend(["--trust-anchor", "root.crt"]);
        }
        let ran = scene.run(&arguments);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    }
}

#[test]
fn several_images_at_once_share_one_set_of_credentials() {
    let scene = without_credentials(Emulator::builder());
    let uri = format!("{}/credentials/container", scene.emulator.endpoint());
    let scene = scene.with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
    let images = [
        pushed(&scene, ECR),
        pushed(&scene, "111122223333.dkr.ecr.eu-west-1.amazonaws.com"),
        pushed(&scene, "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com"),
    ];
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let profile = ["--signing-profile", &scene.profile.arn];
    let ran = scene.run(&[&["sign"][..], &profile, &images].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says("Summary: signed 3, skipped 0, failed 0, not tried 0\n");
    scene.emulator.clear_calls();
    let verify = ["verify", "--trust-anchor", "root.crt"];
    let ran = scene.run(&[&verify[..], &profile, &images].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let operations = scene.operations();
    let count = |wanted: &str| operations.iter().filter(|name| *name == wanted).count();
    assert_eq!(count("credentials:Container"), 1);
    assert_eq!(count("GetAuthorizationToken"), 3);
    assert_eq!(count("GetRevocationStatus"), 3);
}
