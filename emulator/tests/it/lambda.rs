//! AWS Lambda: functions, layers, code signing configurations, and what they let in.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_emulator::{Emulator, PackageSigning};
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::support::*;

const DAMAGED: &str = "Lambda cannot deploy the function. The function or layer code is not properly signed. This can mean \
                       that the code was signed incorrectly or modified after it was signed. Check the provided signature \
                       for ";
const MISMATCH: &str = "Lambda cannot deploy the function. The function or layer might be signed using a signature that the \
                        client is not configured to accept. Check the provided signature for ";

/// A client of AWS Lambda.
struct Lambda(Client);

impl Lambda {
    fn of(emulator: &Emulator) -> Self {
        Self(Client {
            service: "lambda",
            ..Client::of(emulator)
        })
    }

    /// The answer of an operation that succeeds with this status.
    async fn call(&self, status: u16, method: &str, path: &str, body: Value) -> Value {
        let answer = self.0.send(method, path, &body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        if answer.body.is_empty() {
            Value::Null
        } else {
            answer.json()
        }
    }

    async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String, String) {
        self.0.send(method, path, &body).await.error()
    }

    async fn create(&self, body: Value) -> Value {
        let mut function = json!({
            "FunctionName": "app", "Role": "arn:aws:iam::111122223333:role/app",
            "Runtime": "nodejs22.x", "Handler": "index.handler",
        });
        for (name, value) in body.as_object().unwrap() {
            function[name] = value.clone();
        }
        self.call(201, "POST", "/2015-03-31/functions", function)
            .await
    }

    async fn update(&self, archive: &[u8]) -> Answer {
        let body = json!({ "ZipFile": STANDARD.encode(archive) });
        self.0
            .send("PUT", "/2015-03-31/functions/app/code", &body)
            .await
    }
}

/// An emulator with a profile, a configuration that trusts it, and a function that has it.
struct Scene {
    emulator: Emulator,
    lambda: Lambda,
    profile: String,
    config: String,
    function: String,
}

impl Scene {
    async fn new(policy: &str) -> Self {
        let emulator = start();
        let lambda = Lambda::of(&emulator);
        let profile = emulator.create_package_profile("zips").unwrap().version_arn;
        let body = json!({
            "Description": "ours",
            "AllowedPublishers": { "SigningProfileVersionArns": [profile] },
            "CodeSigningPolicies": { "UntrustedArtifactOnDeployment": policy },
        });
        let made = lambda
            .call(201, "POST", "/2020-04-22/code-signing-configs/", body)
            .await;
        let config = &made["CodeSigningConfig"]["CodeSigningConfigArn"];
        let config = config.as_str().unwrap().to_owned();
        let function = lambda
            .create(json!({ "Code": { "ZipFile": STANDARD.encode(zip(&[("a", b"a")])) } }))
            .await;
        let attached = json!({ "CodeSigningConfigArn": config });
        let path = "/2020-06-30/functions/app/code-signing-config";
        lambda.call(200, "PUT", path, attached).await;
        Self {
            function: function["FunctionArn"].as_str().unwrap().to_owned(),
            emulator,
            lambda,
            profile,
            config,
        }
    }

    fn signing(&self) -> PackageSigning {
        let now = OffsetDateTime::now_utc();
        PackageSigning {
            job_arn: "arn:aws:signer:us-east-1:111122223333:/signing-jobs/57613597-fcbd-4527-b0b5-11a4ce658e82"
                .to_owned(),
            profile_version_arn: self.profile.clone(),
            signing_time: now - Duration::from_secs(10),
            expires_at: now + Duration::from_hours(1),
        }
    }

    fn signed(&self, entries: &[(&str, &[u8])]) -> Vec<u8> {
        self.emulator
            .sign_package(&zip(entries), &self.signing())
            .unwrap()
    }

    fn config_path(&self) -> String {
        let config = self.config.replace(':', "%3A");
        format!("/2020-04-22/code-signing-configs/{config}")
    }
}

/// The archive's entries in another order, or with other names or contents, the signature among them.
fn changed(archive: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = archive.to_vec();
    let places: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[tokio::test]
async fn enforced_only_what_is_signed_by_an_allowed_profile_is_deployed() {
    let scene = Scene::new("Enforce").await;
    let signed = scene.signed(&[("index.js", b"one"), ("other.js", b"two")]);
    let updated = scene.lambda.update(&signed).await.ok();
    assert_eq!(updated["SigningProfileVersionArn"], scene.profile);
    assert_eq!(updated["SigningJobArn"], scene.signing().job_arn);

    let refused = |message: &str| {
        (
            400,
            "CodeVerificationFailedException".to_owned(),
            format!("{message}{}.", scene.function),
        )
    };
    let unsigned = zip(&[("index.js", b"one")]);
    assert_eq!(
        scene.lambda.update(&unsigned).await.error(),
        refused(MISMATCH)
    );
    for (from, to) in [("index.js", "other.py"), ("one", "two")] {
        let tampered = changed(&signed, from.as_bytes(), to.as_bytes());
        assert_eq!(
            scene.lambda.update(&tampered).await.error(),
            refused(DAMAGED)
        );
    }
    // Of another profile, expired, revoked.
    let other = PackageSigning {
        profile_version_arn: scene.profile.replace("/zips/", "/other/"),
        ..scene.signing()
    };
    let expired = PackageSigning {
        expires_at: OffsetDateTime::now_utc() - Duration::from_secs(1),
        ..scene.signing()
    };
    for (signing, message) in [
        (&other, MISMATCH.to_owned()),
        (
            &expired,
            "Lambda cannot deploy the function. The signature of the function or layer code has expired. Check the \
             provided signature for "
                .to_owned(),
        ),
    ] {
        let archive = scene.emulator.sign_package(&unsigned, signing).unwrap();
        assert_eq!(scene.lambda.update(&archive).await.error(), refused(&message));
    }
    let from = OffsetDateTime::now_utc() - Duration::from_mins(1);
    scene
        .emulator
        .revoke_signing_profile(&scene.profile, from)
        .unwrap();
    let message = "Lambda cannot deploy the function. The signature of the function or layer code has been revoked. Check \
                   the provided signature for ";
    assert_eq!(scene.lambda.update(&signed).await.error(), refused(message));
}

#[tokio::test]
async fn warned_only_a_damaged_signature_is_refused() {
    let scene = Scene::new("Warn").await;
    let unsigned = scene.lambda.update(&zip(&[("a", b"b")])).await.ok();
    assert_eq!(unsigned["SigningProfileVersionArn"], Value::Null);
    let signed = scene.signed(&[("index.js", b"one")]);
    let tampered = changed(&signed, b"one", b"two");
    let (_, code, message) = scene.lambda.update(&tampered).await.error();
    assert_eq!(
        (code.as_str(), message),
        (
            "CodeVerificationFailedException",
            format!("{DAMAGED}{}.", scene.function)
        )
    );
    // Without a configuration nothing is checked.
    let path = "/2020-06-30/functions/app/code-signing-config";
    scene.lambda.call(204, "DELETE", path, Value::Null).await;
    let updated = scene.lambda.update(&tampered).await.ok();
    assert_eq!(updated["SigningJobArn"], Value::Null);
    assert_eq!(
        scene.lambda.call(200, "GET", path, Value::Null).await,
        json!({})
    );
}

#[tokio::test]
async fn layers_are_checked_with_the_function() {
    let scene = Scene::new("Enforce").await;
    let publish = |archive: Vec<u8>| {
        let body =
            json!({ "Content": { "ZipFile": STANDARD.encode(archive) }, "Description": "d" });
        scene
            .lambda
            .call(201, "POST", "/2018-10-31/layers/shared/versions", body)
    };
    let signed = scene.signed(&[("lib.js", b"one")]);
    let first = publish(signed.clone()).await;
    assert_eq!(first["Content"]["SigningProfileVersionArn"], scene.profile);
    let second = publish(changed(&signed, b"one", b"two")).await;
    assert_eq!(second["Content"]["SigningProfileVersionArn"], Value::Null);
    let arn = |layer: &Value| layer["LayerVersionArn"].as_str().unwrap().to_owned();
    assert!(arn(&second).ends_with(":layer:shared:2"));

    let path = "/2015-03-31/functions/app/configuration";
    let with = |layer: &Value| json!({ "Layers": [layer["LayerVersionArn"]] });
    let updated = scene.lambda.call(200, "PUT", path, with(&first)).await;
    assert_eq!(
        updated["Layers"][0]["SigningJobArn"],
        scene.signing().job_arn
    );
    let (status, code, message) = scene.lambda.refused("PUT", path, with(&second)).await;
    assert_eq!(
        (status, code.as_str()),
        (400, "CodeVerificationFailedException")
    );
    assert_eq!(message, format!("{MISMATCH}{}.", arn(&second)));

    let encoded = arn(&first).replace(':', "%3A");
    let by_arn = format!("/2018-10-31/layers?find=LayerVersion&Arn={encoded}");
    let found = scene.lambda.call(200, "GET", &by_arn, Value::Null).await;
    assert_eq!(
        found["Content"]["CodeSha256"],
        first["Content"]["CodeSha256"]
    );
    let listed = scene
        .lambda
        .call(
            200,
            "GET",
            "/2018-10-31/layers/shared/versions",
            Value::Null,
        )
        .await;
    assert_eq!(listed["LayerVersions"][0]["Version"], 2);
    let (status, code, _) = scene
        .lambda
        .refused("GET", "/2018-10-31/layers/shared/versions/9", Value::Null)
        .await;
    assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"));
}

#[tokio::test]
async fn the_code_of_a_function_is_fetched_without_credentials_for_ten_minutes() {
    let scene = Scene::new("Warn").await;
    let archive = zip(&[("index.js", b"x")]);
    scene.lambda.update(&archive).await.ok();
    let found = scene
        .lambda
        .call(200, "GET", "/2015-03-31/functions/app", Value::Null)
        .await;
    let location = found["Code"]["Location"].as_str().unwrap().to_owned();
    let address = scene.emulator.address();
    let path = location
        .strip_prefix(&scene.emulator.endpoint())
        .unwrap()
        .to_owned();
    let fetch = |path: &str| {
        let request = Request::get(path).header("host", address.to_string());
        exchange(address, request.body(Full::default()).unwrap())
    };
    let fetched = fetch(&path).await.unwrap();
    assert_eq!(
        (fetched.status, fetched.body.as_ref()),
        (200, archive.as_slice())
    );
    let other = path.replace("X-Amz-Signature=", "X-Amz-Signature=0");
    assert_eq!(fetch(&other).await.unwrap().status, 403);
    scene.emulator.set_clock_offset(time::Duration::minutes(11));
    let late = fetch(&path).await.unwrap();
    assert!(
        late.status == 403 && late.text().contains("Request has expired"),
        "{late:?}"
    );
}

#[tokio::test]
async fn a_configuration_is_made_changed_listed_and_not_deleted_while_it_is_used() {
    let scene = Scene::new("Warn").await;
    let path = scene.config_path();
    let lambda = &scene.lambda;
    let found = lambda.call(200, "GET", &path, Value::Null).await;
    let config = &found["CodeSigningConfig"];
    assert_eq!(
        config["CodeSigningPolicies"]["UntrustedArtifactOnDeployment"],
        "Warn"
    );
    assert_eq!(config["Description"], "ours");
    assert_eq!(
        config["CodeSigningConfigId"].as_str().unwrap().len(),
        "csc-".len() + 17
    );
    let enforce = json!({ "CodeSigningPolicies": { "UntrustedArtifactOnDeployment": "Enforce" } });
    let updated = lambda.call(200, "PUT", &path, enforce).await;
    let policies = &updated["CodeSigningConfig"]["CodeSigningPolicies"];
    assert_eq!(policies["UntrustedArtifactOnDeployment"], "Enforce");
    let listed = lambda
        .call(200, "GET", "/2020-04-22/code-signing-configs/", Value::Null)
        .await;
    assert_eq!(
        listed["CodeSigningConfigs"][0]["CodeSigningConfigArn"],
        scene.config
    );
    let functions = lambda
        .call(200, "GET", &format!("{path}/functions"), Value::Null)
        .await;
    assert_eq!(functions["FunctionArns"], json!([scene.function]));
    let (status, code, _) = lambda.refused("DELETE", &path, Value::Null).await;
    assert_eq!((status, code.as_str()), (409, "ResourceConflictException"));
    lambda
        .call(204, "DELETE", "/2015-03-31/functions/app", Value::Null)
        .await;
    lambda.call(204, "DELETE", &path, Value::Null).await;
    let (status, code, _) = lambda.refused("GET", &path, Value::Null).await;
    assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"));
    for arns in [
        json!([]),
        json!(vec![scene.profile.clone(); 21]),
        json!(["zips"]),
    ] {
        let body = json!({ "AllowedPublishers": { "SigningProfileVersionArns": arns } });
        let refused = lambda
            .refused("POST", "/2020-04-22/code-signing-configs/", body)
            .await;
        assert_eq!(
            (refused.0, refused.1.as_str()),
            (400, "InvalidParameterValueException")
        );
    }
}

#[tokio::test]
async fn a_function_is_refused_as_aws_refuses() {
    let scene = Scene::new("Warn").await;
    let lambda = &scene.lambda;
    let (status, code, _) = lambda
        .refused("GET", "/2015-03-31/functions/unknown", Value::Null)
        .await;
    assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"));
    let role = "arn:aws:iam::111122223333:role/app";
    let create = |name: &str, code: Value, config: Value| json!({ "FunctionName": name, "Role": role, "Code": code, "CodeSigningConfigArn": config });
    let archive = json!({ "ZipFile": STANDARD.encode(zip(&[("a", b"a")])) });
    let missing = scene.config.replace("csc-0", "csc-1");
    for (body, status, code) in [
        (
            create("app", archive.clone(), Value::Null),
            409,
            "ResourceConflictException",
        ),
        (
            create("b", json!({ "ZipFile": "eA==" }), Value::Null),
            400,
            "InvalidParameterValueException",
        ),
        (
            create("b", json!({}), Value::Null),
            400,
            "InvalidParameterValueException",
        ),
        (
            create(
                "b",
                json!({ "S3Bucket": "none", "S3Key": "k" }),
                Value::Null,
            ),
            400,
            "InvalidParameterValueException",
        ),
        (
            create("b", archive, json!(missing)),
            404,
            "CodeSigningConfigNotFoundException",
        ),
    ] {
        let refused = lambda
            .refused("POST", "/2015-03-31/functions", body.clone())
            .await;
        assert_eq!((refused.0, refused.1.as_str()), (status, code), "{body}");
    }
}

#[tokio::test]
async fn functions_are_listed_in_pages() {
    let emulator = start();
    let lambda = Lambda::of(&emulator);
    for name in ["a", "b", "c"] {
        emulator
            .create_function(&json!({ "FunctionName": name, "Role": "r" }))
            .unwrap();
    }
    let names = |answer: &Value| -> Vec<String> {
        let functions = answer["Functions"].as_array().unwrap().iter();
        functions
            .map(|it| it["FunctionName"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = lambda
        .call(200, "GET", "/2015-03-31/functions/?MaxItems=2", Value::Null)
        .await;
    assert_eq!(names(&first), ["a", "b"]);
    let next = first["NextMarker"].as_str().unwrap();
    let path = format!("/2015-03-31/functions/?MaxItems=2&Marker={next}");
    let second = lambda.call(200, "GET", &path, Value::Null).await;
    assert_eq!(
        (names(&second), &second["NextMarker"]),
        (vec!["c".to_owned()], &Value::Null)
    );
}
