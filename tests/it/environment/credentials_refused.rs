//! Credentials that are missing, wrong or expired: it is said what was tried and what to do, and no
//! secret is shown.

use countersign_emulator::Emulator;

use super::credentials::{single_sign_on, temporary, without_credentials, write};
use super::{ECR, behind_an_emulator, behind_the_emulator, pushed};
use crate::support::hostile::{Hostile, Reply};
use crate::support::scene::Scene;

/// In everything here that must not be shown.
const SECRET: &str = "s3cr3t-v4lue";

/// Signs in Amazon ECR, verifies there, and signs elsewhere: nothing can be decided, AWS's or the
/// SDK's words are passed on, the hint says what to do, and nothing secret is in any of it.
#[track_caller]
fn assert_could_not(scene: &Scene, words: &str, hint: &str) {
    let image = pushed(scene, ECR);
    let no_token = format!(
        "Error: failed to get manifest descriptor: could not get credentials for registry `{ECR}`"
    );
    let not_signed = format!("Error: failed to sign `{}`", scene.image);
    for (command, image, first_line) in [
        ("sign", &image, &no_token),
        ("verify", &image, &no_token),
        ("sign", &scene.image, &not_signed),
    ] {
        let ran = scene.run(&[command, "--signing-profile", &scene.profile.arn, image]);
        ran.assert_refused(3, first_line);
        ran.assert_says(words);
        ran.assert_says(&format!("hint: {hint}"));
        assert!(!ran.stderr.contains(SECRET), "{ran:#?}");
        let emulator = &scene.emulator;
        assert!(
            !ran.stderr.contains(emulator.secret_access_key()),
            "{ran:#?}"
        );
    }
}

/// Sets one up, whose configuration file is this.
fn with_config(config: &str) -> Scene {
    let scene = without_credentials(Emulator::builder());
    write(&scene, ".aws/config", config);
    scene.with_variable("AWS_PROFILE", "ci")
}

const WHERE_FROM: &str = "set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, or `AWS_PROFILE` \
                          (with `aws sso login` where that profile needs it), or run where a role \
                          is attached";

#[test]
fn none_at_all_names_every_place_and_why_not_there() {
    assert_could_not(
        &without_credentials(Emulator::builder()),
        ": none were found in the environment (environment variable not set), the profile of AWS's \
         configuration files, a web identity token ($AWS_WEB_IDENTITY_TOKEN_FILE was not set), the \
         container's metadata (ECS provider not configured), the instance's metadata (IMDS \
         disabled by AWS_EC2_METADATA_DISABLED env var set to `true`)",
        WHERE_FROM,
    );
    let half = without_credentials(Emulator::builder())
        .with_variable("AWS_SECRET_ACCESS_KEY", SECRET)
        .with_variable("AWS_WEB_IDENTITY_TOKEN_FILE", SECRET);
    assert_could_not(
        &half,
        ": `AWS_SECRET_ACCESS_KEY` is set in the environment and `AWS_ACCESS_KEY_ID` is not; besides, none were found in \
         the environment (environment variable not set)",
        WHERE_FROM,
    );
    assert_could_not(
        &half,
        "a web identity token (AWS_ROLE_ARN environment variable must be set)",
        WHERE_FROM,
    );
}

#[test]
fn keys_that_aws_does_not_know() {
    let unknown = behind_the_emulator().with_variable("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    assert_could_not(
        &unknown,
        "UnrecognizedClientException: The security token included in the request is invalid.",
        "check that the credentials are of the same partition, and have not been deleted; \
         temporary ones need `AWS_SESSION_TOKEN` too",
    );
    let wrong = behind_the_emulator().with_variable("AWS_SECRET_ACCESS_KEY", SECRET);
    assert_could_not(
        &wrong,
        "InvalidSignatureException: The request signature we calculated does not match",
        "check `AWS_SECRET_ACCESS_KEY`, and this machine's clock",
    );
    let scene = behind_the_emulator();
    let [key, secret, _] = temporary(&scene);
    let scene = scene
        .with_variable("AWS_ACCESS_KEY_ID", key)
        .with_variable("AWS_SECRET_ACCESS_KEY", secret)
        .with_variable("AWS_SESSION_TOKEN", SECRET);
    assert_could_not(
        &scene,
        "UnrecognizedClientException",
        "check that the credentials are of the same partition",
    );
}

/// Answers every call of AWS with this error.
fn refusing(code: &'static str, message: &str) -> Hostile {
    let body = serde_json::json!({ "message": message }).to_string();
    Hostile::start(move |_| {
        Reply::status(403)
            .header("x-amzn-errortype", code)
            .body(body.clone())
    })
}

#[test]
fn a_session_that_has_ended() {
    let aws = refusing(
        "ExpiredTokenException",
        "The security token included in the request is expired",
    );
    let scene = behind_the_emulator()
        .with_variable("AWS_SESSION_TOKEN", SECRET)
        .with_variable("AWS_ENDPOINT_URL", format!("http://{}", aws.host()));
    assert_could_not(
        &scene,
        "ExpiredTokenException: The security token included in the request is expired",
        "the session has ended: get new credentials, for example by `aws sso login`",
    );
}

/// AWS's own message repeats the request as it should have been signed, the session token included.
#[test]
fn the_request_that_aws_repeats_is_not_shown() {
    let aws = refusing(
        "InvalidSignatureException",
        &format!(
            "The request signature we calculated does not match the signature you provided.\n\nThe \
             Canonical String for this request should have been\n'POST\n/\n\nhost:h\n\
             x-amz-security-token:{SECRET}\n'\n"
        ),
    );
    let scene = behind_the_emulator()
        .with_variable("AWS_SESSION_TOKEN", SECRET)
        .with_variable("AWS_ENDPOINT_URL", format!("http://{}", aws.host()));
    assert_could_not(
        &scene,
        "does not match the signature you provided.\nhint",
        "check `AWS_SECRET_ACCESS_KEY`, and this machine's clock",
    );
}

#[test]
fn configuration_files_that_cannot_be_used() {
    assert_could_not(
        &with_config(&format!("{SECRET} = [\n[[")),
        "the credentials provider was not properly configured",
        WHERE_FROM,
    );
    assert_could_not(
        &with_config("[profile ci]\nrole_arn = arn:aws:iam::111122223333:role/ci\n"),
        "the credentials provider was not properly configured",
        WHERE_FROM,
    );
}

/// The SDK would take an instance's credentials, or a container's, in its place.
#[test]
fn a_profile_that_is_not_there_is_not_passed_over() {
    let scene = without_credentials(Emulator::builder());
    let uri = format!("{}/credentials/container", scene.emulator.endpoint());
    write(
        &scene,
        ".aws/config",
        "[profile other]\nregion = us-east-1\n[ci]\n",
    );
    let scene = scene
        .with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
        .with_variable("AWS_PROFILE", "ci");
    assert_could_not(
        &scene,
        ": none were found: profile `ci`, which `AWS_PROFILE` names, is not in AWS's configuration \
         files\n",
        WHERE_FROM,
    );

    // Neither with keys in the environment; and the setting beats the variable.
    let scene = behind_the_emulator().with_variable("AWS_PROFILE", "nope");
    write(
        &scene,
        ".aws/config",
        "[profile empty]\nregion = us-east-1\n",
    );
    for (setting, words) in [
        (
            &[][..],
            ": profile `nope`, which `AWS_PROFILE` names, is not in AWS's configuration files",
        ),
        (
            &["--plugin-config", "aws-profile=gone"],
            ": profile `gone`, which `aws-profile` names, is not in AWS's configuration files",
        ),
        (
            &["--plugin-config", "aws-profile=empty"],
            ": none were found in the profile that is set\n",
        ),
    ] {
        let sign = ["sign", "--signing-profile", &scene.profile.arn];
        let ran = scene.run(&[&sign[..], setting, &[&scene.image]].concat());
        ran.assert_refused(3, &format!("Error: failed to sign `{}`", scene.image));
        ran.assert_says(words);
    }
    // An empty variable names none.
    let scene = scene.with_variable("AWS_PROFILE", "");
    scene.sign(&scene.image);
}

#[cfg(unix)]
#[test]
fn a_credential_process_that_fails_is_not_quoted() {
    for (command, words) in [
        (
            format!("sh -c \"echo {SECRET} >&2; echo {SECRET}; exit 3\""),
            "external process exited with code exit status: 3; run its command by hand to see what \
             it says",
        ),
        (
            format!("/nonexistent/program --token {SECRET}"),
            "external process exited with code exit status: 127; run its command by hand",
        ),
        (
            format!("echo {SECRET}"),
            "could not parse response: invalid JSON in response",
        ),
        (
            format!("echo '{{\"Version\": 1, \"SecretAccessKey\": \"{SECRET}\"}}'"),
            "Expected field `AccessKeyId` in response but it was missing",
        ),
    ] {
        let scene = with_config(&format!("[profile ci]\ncredential_process = {command}\n"));
        assert_could_not(&scene, words, WHERE_FROM);
    }
}

#[test]
fn a_container_that_gives_none() {
    let refused = |variable: &str, value: &str| {
        let scene = without_credentials(Emulator::builder().container_token("another-token"));
        let uri = format!("{}/credentials/container", scene.emulator.endpoint());
        write(&scene, "token", SECRET);
        scene
            .with_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
            .with_variable(variable, value)
    };
    for (variable, value) in [
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", SECRET),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token"),
    ] {
        assert_could_not(
            &refused(variable, value),
            "Non-success status from HTTP credential provider: StatusCode(401)",
            WHERE_FROM,
        );
    }
    assert_could_not(
        &refused("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "missing"),
        "No such file or directory (os error 2): the file that `AWS_WEB_IDENTITY_TOKEN_FILE` or \
         `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names",
        WHERE_FROM,
    );
    // In clear text credentials are fetched from this machine and its link only.
    let elsewhere = refused("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/");
    assert_could_not(&elsewhere, "invalid full URI for ECS provider", WHERE_FROM);
}

#[test]
fn a_web_identity_that_is_not_accepted() {
    let scene = without_credentials(Emulator::builder().web_identity_token("another"));
    write(&scene, "token", SECRET);
    let scene = scene
        .with_variable("AWS_WEB_IDENTITY_TOKEN_FILE", "token")
        .with_variable("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/ci");
    assert_could_not(
        &scene,
        "No OpenIDConnect provider found in your account for the issuer of this token",
        WHERE_FROM,
    );
    assert_could_not(
        &scene.with_variable("AWS_WEB_IDENTITY_TOKEN_FILE", "missing"),
        "No such file or directory (os error 2): the file that `AWS_WEB_IDENTITY_TOKEN_FILE` or",
        WHERE_FROM,
    );
}

#[test]
fn single_sign_on_without_a_login() {
    let scene = without_credentials(Emulator::builder().sso_token("another"));
    let scene = scene.with_variable("AWS_PROFILE", "ci");
    single_sign_on(&scene, SECRET, "2020-01-01T00:00:00Z");
    assert_could_not(
        &scene,
        "the SSO token has expired and cannot be refreshed",
        WHERE_FROM,
    );
    single_sign_on(&scene, SECRET, "2125-01-01T00:00:00Z");
    assert_could_not(
        &scene,
        "UnauthorizedException: Session token not found or invalid",
        WHERE_FROM,
    );
}

#[test]
fn an_instance_without_a_role() {
    let scene = behind_an_emulator(Emulator::builder())
        .without_variables(&super::KEYS)
        .with_variable("AWS_EC2_METADATA_DISABLED", "false")
        .with_variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/");
    assert_could_not(
        &scene,
        "the instance's metadata (could not communicate with IMDS: dispatch failure: io error: \
         cannot connect to `127.0.0.1:1`",
        WHERE_FROM,
    );
}
