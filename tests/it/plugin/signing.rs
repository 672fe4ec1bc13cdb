//! `describe-key` and `generate-envelope`.

mod failures;

use countersign::algorithm::{HashAlgorithm, KeySpec};
use countersign::envelope::UnverifiedEnvelope;
use countersign::notary::EnvelopeFormat;
use countersign::oci::digest_with;
use countersign_emulator::{Fault, FaultKind, Tamper};

use super::*;

fn key_request(key_id: &str) -> Value {
    json!({ "contractVersion": "1.0", "keyId": key_id })
}

#[test]
fn a_profile_and_its_version_are_described() {
    let fixture = Fixture::new();
    let version = fixture.profile_version("us-east-1", "Images", PLATFORM);
    for key_id in [profile_of(&version), version] {
        let answer = fixture
            .run("describe-key", &key_request(&key_id))
            .answer("describe-key.response");
        assert_eq!(answer, json!({ "keyId": key_id, "keySpec": "EC-384" }));
        assert_eq!(fixture.operations(), ["GetSigningProfile"]);
    }
}

#[test]
fn a_key_that_cannot_sign_is_not_described() {
    let fixture = Fixture::with(
        Emulator::builder()
            .access_key(AccessKey::new(
                "111122223333",
                "ci",
                "AKIAEXAMPLEEXAMPLE01",
                "a-secret-of-the-first-account",
            ))
            .access_key(other_account()),
    );
    let version = fixture.profile_version("us-east-1", "Images", PLATFORM);
    let profile = profile_of(&version);
    let lambda =
        profile_of(&fixture.profile_version("us-east-1", "Zips", "AWSLambda-SHA384-ECDSA"));
    let cancelled = fixture.profile("Cancelled");
    block_on(
        fixture
            .client("us-east-1")
            .cancel_signing_profile()
            .profile_name("Cancelled")
            .send(),
    )
    .unwrap();

    for (key_id, message) in [
        (
            format!("{profile}/AAAAAAAAAA"),
            "is not the current one, which is `".to_owned(),
        ),
        (
            lambda,
            format!("is of the platform `AWSLambda-SHA384-ECDSA`, wanted `{PLATFORM}`"),
        ),
        (
            cancelled,
            "has the status `Canceled`, wanted `Active`".to_owned(),
        ),
        (
            profile.replace("Images", "Others"),
            "AWS found no such resource for `signer:GetSigningProfile`".to_owned(),
        ),
        (
            profile.replace("/signing-profiles/", "/signing-profile/"),
            format!("did you mean `{profile}`?"),
        ),
        (
            "Images".to_owned(),
            "the key is not a signing profile, or a version of one, of AWS Signer: `Images` is not an ARN"
                .to_owned(),
        ),
        (
            profile.replace("us-east-1", "us-gov-west-1"),
            "names partition `aws`, but region `us-gov-west-1` belongs to `aws-us-gov`".to_owned(),
        ),
        (
            "arn:aws:signer:us-east-1:111122223333:/signing-jobs/97af3947".to_owned(),
            "wanted `/signing-profiles/NAME`".to_owned(),
        ),
    ] {
        for command in ["describe-key", "generate-envelope"] {
            // What only a description tells, a signature does too, in AWS's words.
            if command == "generate-envelope" && !message.contains("ARN") && !message.contains("mean") {
                continue;
            }
            let request = match command {
                "describe-key" => key_request(&key_id),
                _ => envelope_request(&key_id),
            };
            fixture.run(command, &request).assert_error("VALIDATION_ERROR", &message);
        }
    }
}

#[test]
fn an_envelope_is_made_by_one_call_and_verifies() {
    let fixture = Fixture::new();
    let version = fixture.profile_version("us-east-1", "Images", PLATFORM);
    for key_id in [profile_of(&version), version.clone()] {
        let answer = fixture
            .run("generate-envelope", &envelope_request(&key_id))
            .answer("generate-envelope.response");
        assert_eq!(fixture.operations(), ["SignPayload"]);
        let envelope = STANDARD
            .decode(answer["signatureEnvelope"].as_str().unwrap())
            .unwrap();
        let envelope = UnverifiedEnvelope::parse(EnvelopeFormat::Jws, &envelope)
            .and_then(UnverifiedEnvelope::verify)
            .unwrap();
        let found: Value = serde_json::from_slice(envelope.payload()).unwrap();
        assert_eq!(
            found,
            payload(&json!({ "io.wabbit-networks.buildId": "123" }))
        );
        let request = verify_request(&answer, &key_id);
        let attributes = &request["signature"]["criticalAttributes"]["extendedAttributes"];
        assert_eq!(attributes[PROFILE_VERSION], version);
    }
    let caller = fixture.emulator.calls();
    assert_eq!(caller, []);
}

#[test]
fn the_payload_of_a_file_is_signed_too() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Files");
    let target = json!({ "targetArtifact": {
        "mediaType": "application/octet-stream",
        "digest": digest_with(HashAlgorithm::Sha384, b"hello\n"),
        "size": 6,
        "annotations": { "a": "b" },
    } });
    let mut request = envelope_request(&profile);
    request["payload"] = json!(STANDARD.encode(target.to_string()));
    let answer = fixture
        .run("generate-envelope", &request)
        .answer("generate-envelope.response");
    assert_eq!(fixture.operations(), ["SignPayload"]);
    let envelope = STANDARD
        .decode(answer["signatureEnvelope"].as_str().unwrap())
        .unwrap();
    let envelope = UnverifiedEnvelope::parse(EnvelopeFormat::Jws, &envelope)
        .and_then(UnverifiedEnvelope::verify)
        .unwrap();
    let found: Value = serde_json::from_slice(envelope.payload()).unwrap();
    assert_eq!(found, target);
    // What signs it is the key that `describe-key` tells of, on which the file's digest depends.
    let described = fixture
        .run("describe-key", &key_request(&profile))
        .answer("describe-key.response");
    let algorithm = envelope.signer_info().signature_algorithm;
    let spec = KeySpec::from_name(described["keySpec"].as_str().unwrap()).unwrap();
    assert_eq!(algorithm, spec.signature_algorithm());
}

#[test]
fn the_caller_is_named_to_aws() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    fixture
        .run("generate-envelope", &envelope_request(&profile))
        .answer("generate-envelope.response");
    let agent = fixture.emulator.calls()[0].user_agent.clone().unwrap();
    assert!(
        agent.contains(concat!("lib/countersign/", env!("CARGO_PKG_VERSION"))),
        "{agent}"
    );
}

#[test]
fn what_aws_signer_cannot_do_is_said_before_it_is_asked() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let with = |changes: Value| {
        let mut request = envelope_request(&profile);
        for (name, value) in changes.as_object().unwrap() {
            request[name] = value.clone();
        }
        fixture.run("generate-envelope", &request)
    };
    with(json!({ "signatureEnvelopeType": "application/cose" })).assert_error(
        "VALIDATION_ERROR",
        "AWS Signer does not make envelopes of the type `application/cose`, only `application/jose+json` \
         (sign with `--signature-format jws`, or set it in `config.json`)",
    );
    with(json!({ "expiryDurationInSeconds": 60 })).assert_error(
        "VALIDATION_ERROR",
        "AWS Signer accepts no expiry from the caller, but 60 seconds were requested (omit `--expiry`; \
         the signing profile's signature validity period sets the expiry)",
    );
    with(json!({ "payloadType": "text/plain" })).assert_error(
        "VALIDATION_ERROR",
        "AWS Signer does not sign payloads of the type `text/plain`",
    );
    with(json!({ "payload": STANDARD.encode("{}") })).assert_error(
        "VALIDATION_ERROR",
        "the content to sign is not a Notary Project payload: payload has no `targetArtifact`",
    );
    with(json!({ "payload": "e30" })).assert_error("VALIDATION_ERROR", "`payload`: not base64");
    with(json!({ "pluginConfig": { "aws_region": "us-east-1" } })).assert_error(
        "VALIDATION_ERROR",
        "the plugin's settings cannot be used: setting `aws_region` is not known \
         (did you mean `aws-region`? the settings are `aws-profile`, `aws-region`, `aws-signer-endpoint-url`)",
    );
    with(json!({ "pluginConfig": { "region": "us-east-1" } })).assert_error(
        "VALIDATION_ERROR",
        "the plugin's settings cannot be used: setting `region` is not known (did you mean `aws-region`?",
    );
    with(json!({ "pluginConfig": { "x": "y" } })).assert_error(
        "VALIDATION_ERROR",
        "the plugin's settings cannot be used: setting `x` is not known (the settings are",
    );
    with(json!({ "pluginConfig": { "aws-region": "nowhere" } }))
        .assert_error("VALIDATION_ERROR", "`nowhere` is not a region");
    assert_eq!(fixture.operations(), Vec::<String>::new());

    // No expiry.
    with(json!({ "expiryDurationInSeconds": 0 })).answer("generate-envelope.response");
    assert_eq!(fixture.operations(), ["SignPayload"]);
}

#[test]
fn a_payload_of_4096_bytes_is_signed_and_one_more_is_not() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let sign = |length: usize| {
        let empty = payload(&json!({ "a": "" })).to_string().len();
        let text = payload(&json!({ "a": "x".repeat(length - empty) })).to_string();
        assert_eq!(text.len(), length);
        let mut request = envelope_request(&profile);
        request["payload"] = json!(STANDARD.encode(text));
        fixture.run("generate-envelope", &request)
    };
    sign(4096).answer("generate-envelope.response");
    assert_eq!(fixture.operations(), ["SignPayload"]);
    sign(4097).assert_error(
        "VALIDATION_ERROR",
        "the payload has 4097 bytes, and AWS Signer signs 4096 at most (omit some of the metadata \
         (`--user-metadata`))",
    );
    assert_eq!(fixture.operations(), Vec::<String>::new());
}

#[test]
fn an_answer_that_was_not_asked_for_is_refused() {
    let fixture = Fixture::new();
    let version = fixture.profile_version("us-east-1", "Images", PLATFORM);
    let profile = profile_of(&version);
    for (what, key_id, message) in [
        (Tamper::Payload, &profile, "its envelope is for digest `"),
        (Tamper::ProfileVersion, &version, "it was signed with `"),
        (Tamper::Profile, &profile, "it was signed with `"),
        (
            Tamper::Signature,
            &profile,
            "its envelope does not verify: ",
        ),
        (
            Tamper::Attribute,
            &profile,
            "its envelope has the attribute `",
        ),
        (
            Tamper::NotAnEnvelope,
            &profile,
            "its envelope does not verify: ",
        ),
    ] {
        fixture.emulator.faults().add(
            Fault::new(FaultKind::Tamper { what })
                .on("SignPayload")
                .times(1),
        );
        let (code, text, _) = fixture
            .run("generate-envelope", &envelope_request(key_id))
            .error();
        assert_eq!(code, "ERROR", "{what:?}: {text}");
        assert!(
            text.starts_with(&format!("the answer of AWS Signer for `{key_id}`")),
            "{text}"
        );
        assert!(text.contains(message), "{what:?}: {text}");
        assert_eq!(fixture.emulator.faults().all(), []);
    }
    // Another version of a profile that was named without one is what was asked for.
    let what = Tamper::ProfileVersion;
    fixture.emulator.faults().add(
        Fault::new(FaultKind::Tamper { what })
            .on("SignPayload")
            .times(1),
    );
    fixture
        .run("generate-envelope", &envelope_request(&profile))
        .answer("generate-envelope.response");
}

#[test]
fn a_profile_of_the_configuration_files_beats_the_environment() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let folder = fixture.home.path().join(".aws");
    std::fs::create_dir(&folder).unwrap();
    let credentials = format!(
        "[ci]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
         [process]\ncredential_process = sh -c 'echo some-session-token >&2; exit 7'\n",
        fixture.emulator.access_key_id(),
        fixture.emulator.secret_access_key(),
    );
    std::fs::write(folder.join("credentials"), credentials).unwrap();
    let run = |profile_name: &str| {
        let mut request = envelope_request(&profile);
        request["pluginConfig"] = json!({ "aws-profile": profile_name });
        let wrong = [
            ("AWS_SECRET_ACCESS_KEY", "wrong-secret-access-key"),
            ("PATH", "/usr/bin:/bin"),
        ];
        fixture.run_with("generate-envelope", &request, &wrong)
    };
    run("ci").answer("generate-envelope.response");
    run("nobody").assert_error(
        "ACCESS_DENIED",
        "no AWS credentials for `signer:SignPayload`",
    );
    // What a credential process prints is not passed on.
    run("process").assert_error(
        "ACCESS_DENIED",
        "run its command by hand to see what it says",
    );
}

#[test]
fn another_accounts_profile_signs_for_who_may_use_it() {
    let other = other_account();
    let first = AccessKey::generate("111122223333", "emulator");
    let fixture = Fixture::with(
        Emulator::builder()
            .access_key(first)
            .access_key(other.clone()),
    );
    let owner = fixture.client_of("us-east-1", &other.access_key_id, &other.secret_access_key);
    let made = owner
        .put_signing_profile()
        .profile_name("Shared")
        .platform_id(PLATFORM)
        .send();
    let profile = profile_of(block_on(made).unwrap().profile_version_arn().unwrap());
    assert!(profile.contains(":444455556666:"));
    let (code, _, _) = fixture
        .run("generate-envelope", &envelope_request(&profile))
        .error();
    assert_eq!(code, "ACCESS_DENIED");

    let allowed = owner
        .add_profile_permission()
        .profile_name("Shared")
        .action("signer:SignPayload")
        .principal("111122223333")
        .statement_id("ci")
        .send();
    block_on(allowed).unwrap();
    fixture
        .run("generate-envelope", &envelope_request(&profile))
        .answer("generate-envelope.response");
    let request = fixture.signed(&profile);
    assert_eq!(
        fixture.verify(&request)["verificationResults"][TRUSTED_IDENTITY]["success"],
        true
    );
}

#[test]
fn the_profiles_region_is_asked_whatever_the_environment_says() {
    let fixture = Fixture::new();
    let profile = profile_of(&fixture.profile_version("eu-west-1", "Images", PLATFORM));
    // The emulator's variables say `us-east-1`, where there is no such profile.
    fixture
        .run("generate-envelope", &envelope_request(&profile))
        .answer("generate-envelope.response");
    let nowhere = [("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "")];
    fixture
        .run_with("generate-envelope", &envelope_request(&profile), &nowhere)
        .answer("generate-envelope.response");
}

#[test]
fn an_explicit_region_wins_and_the_conflict_is_said() {
    let fixture = Fixture::new();
    let profile = profile_of(&fixture.profile_version("eu-west-1", "Images", PLATFORM));
    let conflict =
        "asked in region `us-east-1`, which is set explicitly, although the ARN says `eu-west-1`";
    let run = |command: &str, region: &str| {
        let mut request = match command {
            "describe-key" => key_request(&profile),
            _ => envelope_request(&profile),
        };
        request["pluginConfig"] = json!({ "aws-region": region });
        fixture.run(command, &request)
    };
    for command in ["generate-envelope", "describe-key"] {
        run(command, "us-east-1").assert_error(
            "VALIDATION_ERROR",
            "in region `us-east-1` (which is set explicitly, although the ARN says `eu-west-1`): ResourceNotFoundException",
        );
    }
    // There is a profile of that name there, but it is another one.
    fixture.profile_version("us-east-1", "Images", PLATFORM);
    run("generate-envelope", "us-east-1").assert_error("ERROR", conflict);
    run("describe-key", "us-east-1").assert_error("ERROR", conflict);
    fixture.operations();
    run("generate-envelope", "us-gov-west-1").assert_error(
        "VALIDATION_ERROR",
        "is of partition `aws`, but region `us-gov-west-1`, which is set explicitly, is of `aws-us-gov`",
    );
    assert_eq!(fixture.operations(), Vec::<String>::new());
    run("generate-envelope", "eu-west-1").answer("generate-envelope.response");
}
