//! Where the gate policy is, and who decides.

use serde_json::{Value, json};

use super::{Gated, pre_scale_up, status};
use crate::support::lambda::Function;

const PARAMETER: &str = "arn:aws:ssm:us-west-2:123456789012:parameter/gate/policy";

fn sha256(text: &str) -> String {
    let digest = countersign::oci::sha256_digest(text.as_bytes()).to_string();
    digest.strip_prefix("sha256:").unwrap().to_owned()
}

/// The answer of a new process, and its verdict.
fn ask(gated: &Gated) -> (Value, Value) {
    let function: Function = gated.start();
    let answer = function.answer(&pre_scale_up());
    let (verdict, _) = function.verdict();
    (answer, verdict)
}

#[test]
fn a_pinned_policy_that_changed_fails_until_a_new_package() {
    let gated = Gated::signed();
    let policy = gated.policy(&json!({})).to_string();
    gated
        .scene
        .emulator
        .put_parameter("/gate/policy", &policy)
        .unwrap();
    gated.configure_stored(&json!({ "ssmParameter": PARAMETER, "sha256": sha256(&policy) }));
    let (answer, verdict) = ask(&gated);
    assert_eq!(status(&answer).0, "SUCCEEDED", "{answer}");
    assert_eq!(
        verdict["gatePolicy"],
        json!({
            "sha256": format!("sha256:{}", sha256(&policy)),
            "source": PARAMETER, "unpinned": false, "version": "1",
        })
    );
    let changed = gated.policy(&json!({ "onFailure": "warn" })).to_string();
    gated
        .scene
        .emulator
        .put_parameter("/gate/policy", &changed)
        .unwrap();
    let (answer, verdict) = ask(&gated);
    let (found, reason) = status(&answer);
    assert_eq!(
        (found, &verdict["error"]["code"]),
        ("FAILED", &json!("policy-changed"))
    );
    assert_eq!(
        reason,
        format!(
            "the gate policy `{PARAMETER}` has the digest `sha256:{}`, and the package wants `sha256:{}`; if the change \
             is right, deploy a package with the new digest",
            sha256(&changed),
            sha256(&policy)
        )
    );
}

#[test]
fn an_unpinned_policy_counts_as_it_is_and_never_as_it_was() {
    let gated = Gated::new();
    gated.configure_stored(&json!({ "ssmParameter": PARAMETER, "unpinned": true }));
    let (answer, verdict) = ask(&gated);
    let (found, reason) = status(&answer);
    assert_eq!(
        (found, &verdict["error"]["code"]),
        ("FAILED", &json!("policy-not-read"))
    );
    assert!(
        reason.starts_with(&format!("the gate policy `{PARAMETER}` cannot be read: ")),
        "{reason}"
    );

    let warn = gated.policy(&json!({ "onFailure": "warn" })).to_string();
    gated
        .scene
        .emulator
        .put_parameter("/gate/policy", &warn)
        .unwrap();
    let (answer, verdict) = ask(&gated);
    let words = "every image may run: 0 verified, 1 tolerated and not verified";
    assert_eq!(status(&answer), ("SUCCEEDED", words));
    assert_eq!(
        verdict["gatePolicy"],
        json!({
            "sha256": format!("sha256:{}", sha256(&warn)),
            "source": PARAMETER, "unpinned": true, "version": "1",
        })
    );
    gated
        .scene
        .emulator
        .put_parameter("/gate/policy", "{")
        .unwrap();
    let (answer, verdict) = ask(&gated);
    assert_eq!(
        (status(&answer).0, &verdict["error"]["code"]),
        ("FAILED", &json!("policy-unusable"))
    );
}

#[test]
fn a_policy_may_be_a_secret_or_an_object() {
    let gated = Gated::signed();
    let policy = gated.policy(&json!({})).to_string();
    let emulator = &gated.scene.emulator;
    let secret = json!({ "Name": "gate", "SecretString": policy });
    let secret = emulator.secrets_manager("CreateSecret", &secret).unwrap();
    emulator
        .put_object("gates", "prod/gate.json", policy.as_bytes())
        .unwrap();
    for (source, name) in [
        (
            json!({ "secret": secret["ARN"] }),
            secret["ARN"].as_str().unwrap(),
        ),
        (
            json!({ "s3Object": { "bucket": "gates", "key": "prod/gate.json", "region": "us-west-2" } }),
            "s3://gates/prod/gate.json",
        ),
    ] {
        let mut source = source;
        source["sha256"] = json!(sha256(&policy));
        gated.configure_stored(&source);
        let (answer, verdict) = ask(&gated);
        assert_eq!(status(&answer).0, "SUCCEEDED", "{answer}");
        assert_eq!(verdict["gatePolicy"]["source"], name);
        assert!(verdict["gatePolicy"]["version"].is_string(), "{verdict}");
    }
}

#[test]
fn without_a_policy_or_with_one_that_cannot_be_used_nothing_passes() {
    let gated = Gated::signed();
    for (policy, config, code) in [
        (Some("{"), None, "policy-unusable"),
        (Some("{}"), None, "policy-unusable"),
        (None, None, "policy-not-read"),
        (None, Some("{"), "package-unusable"),
        (
            None,
            Some(r#"{ "version": "1.0", "mode": "warn" }"#),
            "package-unusable",
        ),
    ] {
        match policy {
            Some(policy) => gated.package.write("gate-policy.json", policy),
            None => std::fs::remove_file(gated.package.path().join("gate-policy.json"))
                .unwrap_or_default(),
        }
        if let Some(config) = config {
            gated.package.write("countersign-hook.json", config);
        }
        let (answer, verdict) = ask(&gated);
        assert_eq!(
            (status(&answer).0, &verdict["error"]["code"]),
            ("FAILED", &json!(code))
        );
    }
}

/// A variable must not choose the gate policy: the server that it names would hand in one of its own.
#[test]
fn a_policy_outside_the_package_is_read_at_aws_or_where_the_package_says() {
    let gated = Gated::new();
    let warn = gated.policy(&json!({ "onFailure": "warn" })).to_string();
    let emulator = &gated.scene.emulator;
    emulator.put_parameter("/gate/policy", &warn).unwrap();
    let endpoint = emulator.endpoint();
    for pin in [
        json!({ "unpinned": true }),
        json!({ "sha256": sha256(&warn) }),
    ] {
        let mut source = pin;
        source["ssmParameter"] = json!(PARAMETER);
        for named in [json!([]), json!(["https://vpce.example"])] {
            gated.configure(&json!({ "gatePolicy": source, "awsEndpoints": named }));
            let before = emulator.calls().len();
            let (answer, verdict) = ask(&gated);
            let words = format!(
                "`AWS_ENDPOINT_URL` sets the endpoint `{endpoint}`, which is not AWS's own and which \
                 `countersign-hook.json` does not name, and the gate policy is read from AWS; unset it; or, if AWS is to be \
                 asked there, add `{endpoint}` to `awsEndpoints` of `countersign-hook.json`, and deploy the package again"
            );
            assert_eq!(status(&answer), ("FAILED", words.as_str()));
            assert_eq!(verdict["error"]["code"], json!("environment-unusable"));
            assert_eq!(emulator.calls().len(), before, "nothing is asked there");
        }
        gated.configure_stored(&source);
        assert_eq!(status(&ask(&gated).0).0, "SUCCEEDED");
    }
    gated.package.write(
        "countersign-hook.json",
        r#"{ "version": "1.0", "awsEndpoints": ["vpce.example"] }"#,
    );
    let words = "`awsEndpoints` of `countersign-hook.json` must be a list of URLs of endpoints, without a user, a query and a \
                 fragment; write it as `schemas/hook-config.v1.schema.json` says, and deploy the package again";
    assert_eq!(status(&ask(&gated).0), ("FAILED", words));
}

/// The name of a bucket that was deleted may be taken by another account.
#[test]
fn an_unpinned_object_is_in_a_bucket_of_the_account_that_the_package_names() {
    let gated = Gated::signed();
    let policy = gated.policy(&json!({})).to_string();
    let emulator = &gated.scene.emulator;
    emulator
        .put_object("gates", "gate.json", policy.as_bytes())
        .unwrap();
    let source = |account: Value| {
        let mut object = json!({ "bucket": "gates", "key": "gate.json", "region": "us-west-2" });
        if !account.is_null() {
            object["account"] = account;
        }
        json!({ "s3Object": object, "unpinned": true })
    };
    for account in [Value::Null, json!("12345678901"), json!("prod")] {
        let config = json!({ "version": "1.0", "gatePolicy": source(account) });
        gated
            .package
            .write("countersign-hook.json", config.to_string());
        let words = "`gatePolicy.s3Object.account` of `countersign-hook.json` must be the 12 digits of the account that \
                     owns the bucket; `unpinned` needs it; write it as `schemas/hook-config.v1.schema.json` says, and \
                     deploy the package again";
        assert_eq!(status(&ask(&gated).0), ("FAILED", words));
    }
    gated.configure_stored(&source(json!("123456789012")));
    assert_eq!(status(&ask(&gated).0).0, "SUCCEEDED");
    gated.configure_stored(&source(json!("999999999999")));
    let (answer, verdict) = ask(&gated);
    let (found, reason) = status(&answer);
    assert_eq!(
        (found, &verdict["error"]["code"]),
        ("FAILED", &json!("policy-not-read"))
    );
    assert!(reason.contains("AWS denied `s3:GetObject`"), "{reason}");
}
