//! The kinds of credentials that pipelines have, each through its real protocol on loopback.

use super::*;

/// Has the profile described with nothing but `variables`, and returns the operations called.
fn describe(fixture: &Fixture, profile: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let mut changes = vec![("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    changes.extend(variables);
    fixture.emulator.clear_calls();
    fixture
        .run_with(
            "describe-key",
            &json!({ "contractVersion": "1.0", "keyId": profile }),
            &changes,
        )
        .answer("describe-key.response");
    fixture.operations()
}

fn write(fixture: &Fixture, name: &str, text: &str) -> String {
    let path = fixture.home.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_profile_with_keys_and_one_that_assumes_a_role() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    write(
        &fixture,
        ".aws/credentials",
        &format!(
            "[base]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            fixture.emulator.access_key_id(),
            fixture.emulator.secret_access_key()
        ),
    );
    write(
        &fixture,
        ".aws/config",
        "[profile builder]\nrole_arn = arn:aws:iam::111122223333:role/builder\nsource_profile = base\n",
    );
    assert_eq!(
        describe(&fixture, &profile, &[("AWS_PROFILE", "base")]),
        ["GetSigningProfile"]
    );
    assert_eq!(
        describe(&fixture, &profile, &[("AWS_PROFILE", "builder")]),
        ["AssumeRole", "GetSigningProfile"]
    );
}

#[test]
fn a_credential_process() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let answer = json!({
        "Version": 1,
        "AccessKeyId": fixture.emulator.access_key_id(),
        "SecretAccessKey": fixture.emulator.secret_access_key(),
    });
    let file = write(&fixture, "answer.json", &answer.to_string());
    write(
        &fixture,
        ".aws/config",
        &format!("[default]\ncredential_process = cat {file}\n"),
    );
    assert_eq!(
        describe(&fixture, &profile, &[("PATH", "/usr/bin:/bin")]),
        ["GetSigningProfile"]
    );
}

#[test]
fn a_container_and_a_pod() {
    let fixture = Fixture::with(Emulator::builder().container_token("token-of-the-container"));
    let profile = fixture.profile("Images");
    let url = format!("{}/credentials/container", fixture.emulator.endpoint());
    let wanted = ["credentials:Container", "GetSigningProfile"];
    // Amazon ECS, and CodeBuild.
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN",
            "token-of-the-container",
        ),
    ];
    assert_eq!(describe(&fixture, &profile, &variables), wanted);
    // EKS Pod Identity.
    let file = write(&fixture, "token", "token-of-the-container");
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.as_str()),
    ];
    assert_eq!(describe(&fixture, &profile, &variables), wanted);
}

#[test]
fn a_web_identity() {
    let fixture = Fixture::with(Emulator::builder().web_identity_token("token-of-the-pod"));
    let profile = fixture.profile("Images");
    let file = write(&fixture, "token", "token-of-the-pod");
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/builder"),
    ];
    assert_eq!(
        describe(&fixture, &profile, &variables),
        ["AssumeRoleWithWebIdentity", "GetSigningProfile"]
    );
}

#[test]
fn an_instance() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let endpoint = fixture.emulator.endpoint();
    let variables = [
        ("AWS_EC2_METADATA_DISABLED", ""),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.as_str()),
    ];
    let operations = describe(&fixture, &profile, &variables);
    assert_eq!(operations.first().unwrap(), "credentials:ImdsToken");
    assert_eq!(operations.last().unwrap(), "GetSigningProfile");
}

#[test]
fn single_sign_on() {
    let fixture = Fixture::with(Emulator::builder().sso_token("token-of-the-session"));
    let profile = fixture.profile("Images");
    write(
        &fixture,
        ".aws/config",
        "[default]\nsso_session = work\nsso_account_id = 111122223333\nsso_role_name = builder\n\
         [sso-session work]\nsso_region = us-east-1\nsso_start_url = https://work.example/start\n",
    );
    let token = json!({
        "accessToken": "token-of-the-session",
        "expiresAt": "2099-01-01T00:00:00Z",
        "region": "us-east-1",
        "startUrl": "https://work.example/start",
    });
    // `aws sso login` names the file by the SHA-1 of the session's name.
    let file = ".aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json";
    write(&fixture, file, &token.to_string());
    assert_eq!(
        describe(&fixture, &profile, &[]),
        ["credentials:Sso", "GetSigningProfile"]
    );
}
