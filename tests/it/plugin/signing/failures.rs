//! What AWS refuses or does not answer, and what the plugin says of it.

use super::*;

#[test]
fn throttling_is_waited_out_and_then_said() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let throttle = || Fault::new(FaultKind::Throttle).on("SignPayload");
    fixture.emulator.faults().add(throttle().times(2));
    fixture
        .run("generate-envelope", &envelope_request(&profile))
        .answer("generate-envelope.response");
    assert_eq!(fixture.operations().len(), 3);

    fixture.emulator.faults().add(throttle());
    let (code, message, whole) = fixture
        .run("generate-envelope", &envelope_request(&profile))
        .error();
    assert_eq!(code, "THROTTLED");
    assert!(
        message.starts_with(&format!(
            "AWS throttled `signer:SignPayload` on `{profile}` in region `us-east-1`: TooManyRequestsException: "
        )),
        "{message}"
    );
    assert_eq!(
        whole["errorMetadata"]["awsErrorCode"],
        "TooManyRequestsException"
    );
    assert_eq!(fixture.operations(), ["SignPayload"; 6]);
}

#[test]
fn a_denial_names_caller_action_resource_and_request() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    fixture
        .emulator
        .faults()
        .add(Fault::new(FaultKind::AccessDenied));
    for (command, request, action) in [
        (
            "generate-envelope",
            envelope_request(&profile),
            "signer:SignPayload",
        ),
        (
            "describe-key",
            key_request(&profile),
            "signer:GetSigningProfile",
        ),
    ] {
        let (code, message, whole) = fixture.run(command, &request).error();
        assert_eq!(code, "ACCESS_DENIED");
        let metadata = &whole["errorMetadata"];
        assert_eq!(metadata["action"], action);
        assert_eq!(metadata["resource"], profile);
        assert_eq!(metadata["region"], "us-east-1");
        assert_eq!(metadata["awsErrorCode"], "AccessDeniedException");
        let principal = metadata["principal"].as_str().unwrap();
        assert!(
            principal.starts_with("arn:aws:iam::111122223333:user/"),
            "{principal}"
        );
        let request_id = metadata["requestId"].as_str().unwrap();
        assert!(
            message.contains(&format!("(request `{request_id}`)")),
            "{message}"
        );
        assert!(
            message.contains(&format!(
                "allow `{principal}` the action `{action}` on `{profile}`"
            )),
            "{message}"
        );
        assert_eq!(fixture.operations().len(), 1);
    }
}

#[test]
fn failures_of_aws_and_of_the_way_there_are_errors() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    for (fault, code, message) in [
        (
            FaultKind::ServerError { status: 500 },
            "ERROR",
            "AWS failed during `signer:SignPayload`",
        ),
        (
            FaultKind::ServerError { status: 503 },
            "ERROR",
            "AWS failed during `signer:SignPayload`",
        ),
        (
            FaultKind::ConnectionReset,
            "ERROR",
            "AWS could not be reached for `signer:SignPayload`",
        ),
        (
            FaultKind::TruncatedBody,
            "ERROR",
            "AWS could not be reached for `signer:SignPayload`",
        ),
    ] {
        fixture.emulator.faults().add(Fault::new(fault));
        fixture
            .run("generate-envelope", &envelope_request(&profile))
            .assert_error(code, message);
        // Where the answer is lost, the signature may have been made.
        let calls = match fault {
            FaultKind::ServerError { .. } => 3,
            _ => 1,
        };
        assert_eq!(
            fixture.operations(),
            vec!["SignPayload"; calls],
            "{fault:?}"
        );
        fixture.emulator.faults().clear();
    }
}

#[test]
fn wrong_and_missing_credentials_are_told_apart() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let request = envelope_request(&profile);
    let no_keys = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    for (changes, message) in [
        (
            vec![("AWS_SECRET_ACCESS_KEY", "wrong-secret-access-key")],
            "AWS does not accept the credentials for `signer:SignPayload`",
        ),
        (
            vec![("AWS_ACCESS_KEY_ID", "AKIANOBODYNOBODYNOBO")],
            "AWS does not accept the credentials for",
        ),
        (
            vec![("AWS_SESSION_TOKEN", "some-session-token")],
            "AWS does not accept the credentials for",
        ),
        (
            no_keys.to_vec(),
            "no AWS credentials for `signer:SignPayload` on `arn:",
        ),
        (
            no_keys
                .into_iter()
                .chain([("AWS_PROFILE", "nobody")])
                .collect(),
            "no AWS credentials for",
        ),
    ] {
        fixture
            .run_with("generate-envelope", &request, &changes)
            .assert_error("ACCESS_DENIED", message);
    }
    let (_, message, _) = fixture
        .run_with("generate-envelope", &request, &no_keys)
        .error();
    for source in [
        "none were found in the environment (environment variable not set)",
        "the profile of AWS's configuration files",
        "a web identity token ($AWS_WEB_IDENTITY_TOKEN_FILE was not set)",
        "the container's metadata (",
        "the instance's metadata (",
    ] {
        assert!(message.contains(source), "{message}");
    }
    assert!(message.contains("set `AWS_ACCESS_KEY_ID`"), "{message}");
}
