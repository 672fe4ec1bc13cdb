//! Systems Manager, Secrets Manager and S3.

use countersign::aws::{CallErrorKind, ObjectName};
use countersign::limits::MAX_AWS_RESPONSE_BYTES;
use serde_json::json;

use super::{Cloud, REGION, throttled, under_faults};

#[tokio::test]
async fn a_parameter_is_read_in_any_of_its_versions() {
    let cloud = Cloud::new();
    let aws = &cloud.aws;
    for value in ["first", "second"] {
        cloud.emulator.put_parameter("/gate/policy", value).unwrap();
    }
    let account = cloud.emulator.account();
    let arn = format!("arn:aws:ssm:{REGION}:{account}:parameter/gate/policy");
    for name in ["/gate/policy", &arn] {
        for (version, text, number) in [(None, "second", "2"), (Some(1), "first", "1")] {
            let stored = aws.parameter(name, version, REGION).await.unwrap();
            assert_eq!(stored.bytes, text.as_bytes());
            assert_eq!(stored.version.as_deref(), Some(number));
        }
    }
    assert_eq!(cloud.last_host(), "ssm.us-east-1.amazonaws.com");
    for (name, version) in [("/gate/other", None), ("/gate/policy", Some(3))] {
        let error = aws.parameter(name, version, REGION).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::NotFound, "{error}");
    }
    under_faults(&cloud, "GetParameter", || {
        aws.parameter("/gate/policy", None, REGION)
    })
    .await;
}

#[tokio::test]
async fn a_secret_is_read_in_any_of_its_versions() {
    let cloud = Cloud::new();
    let aws = &cloud.aws;
    let request = json!({ "Name": "gate/policy", "SecretString": "first" });
    let made = cloud
        .emulator
        .secrets_manager("CreateSecret", &request)
        .unwrap();
    let first = made["VersionId"].as_str().unwrap();
    let request = json!({ "SecretId": "gate/policy", "SecretBinary": "c2Vjb25k" });
    cloud
        .emulator
        .secrets_manager("PutSecretValue", &request)
        .unwrap();
    for name in ["gate/policy", made["ARN"].as_str().unwrap()] {
        let stored = aws.secret(name, None, REGION).await.unwrap();
        assert_eq!(stored.bytes, b"second");
        let stored = aws.secret(name, Some(first), REGION).await.unwrap();
        assert_eq!(
            (stored.bytes.as_slice(), stored.version.as_deref()),
            (&b"first"[..], Some(first))
        );
    }
    assert_eq!(cloud.last_host(), "secretsmanager.us-east-1.amazonaws.com");
    let error = aws
        .secret("gate/policy", Some("none"), REGION)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::NotFound, "{error}");
    under_faults(&cloud, "GetSecretValue", || {
        aws.secret("gate/policy", None, REGION)
    })
    .await;
}

#[tokio::test]
async fn an_object_is_read_in_any_of_its_versions_and_no_longer_than_allowed() {
    let cloud = Cloud::new();
    let aws = &cloud.aws;
    let key = "gate/a policy+ü.json";
    let versions = ["first", "second"].map(|text| {
        cloud
            .emulator
            .put_object("policies", key, text.as_bytes())
            .unwrap()
    });
    let name = ObjectName::new("policies", key).unwrap();
    for (version, text, expected) in [
        (None, "second", &versions[1]),
        (Some(versions[0].as_str()), "first", &versions[0]),
    ] {
        let stored = aws.object(&name, version, REGION).await.unwrap();
        assert_eq!(stored.bytes, text.as_bytes());
        assert_eq!(stored.version.as_ref(), Some(expected));
    }
    assert_eq!(cloud.last_host(), "policies.s3.us-east-1.amazonaws.com");
    cloud
        .emulator
        .put_object("policies.example", "k", b"dotted")
        .unwrap();
    let dotted = ObjectName::new("policies.example", "k").unwrap();
    assert_eq!(
        aws.object(&dotted, None, REGION).await.unwrap().bytes,
        b"dotted"
    );
    assert_eq!(cloud.last_host(), "s3.us-east-1.amazonaws.com");

    for (bucket, key, version) in [
        ("nothing", "k", None),
        ("policies", "other", None),
        ("policies", key, Some("none")),
    ] {
        let name = ObjectName::new(bucket, key).unwrap();
        let error = aws.object(&name, version, REGION).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::NotFound, "{error}");
        assert!(error.request_id().is_some(), "{error}");
    }
    let long = vec![b'x'; usize::try_from(MAX_AWS_RESPONSE_BYTES).unwrap() + 1];
    cloud
        .emulator
        .put_object("policies", "long", &long)
        .unwrap();
    let long = ObjectName::new("policies", "long").unwrap();
    let error = aws.object(&long, None, REGION).await.unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::Malformed, "{error}");
    throttled(&cloud, "GetObject", aws.object(&name, None, REGION)).await;
    under_faults(&cloud, "GetObject", || aws.object(&name, None, REGION)).await;
}
