//! The life of a signing profile, and the platforms.

use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn put_and_get() {
    let emulator = start();
    let client = Client::of(&emulator);
    let body = json!({ "platformId": NOTATION, "tags": { "team": "web" } });
    let put = client
        .send("PUT", "/signing-profiles/web_1", &body)
        .await
        .ok();
    let arn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/web_1";
    assert_eq!(put["arn"], arn);
    let version = put["profileVersion"].as_str().unwrap();
    assert!(version.len() == 10 && version.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(put["profileVersionArn"], format!("{arn}/{version}"));
    assert_eq!(
        client.get("/signing-profiles/web_1").await.ok(),
        json!({
            "arn": arn,
            "platformDisplayName": "Notation for container registries",
            "platformId": NOTATION,
            "profileName": "web_1",
            "profileVersion": version,
            "profileVersionArn": format!("{arn}/{version}"),
            "signatureValidityPeriod": { "type": "MONTHS", "value": 135 },
            "signingMaterial": {},
            "status": "Active",
            "tags": { "team": "web" },
        })
    );
}

#[tokio::test]
async fn a_name_is_never_free_again() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let again = || async {
        client
            .send(
                "PUT",
                "/signing-profiles/web",
                &json!({ "platformId": NOTATION }),
            )
            .await
    };
    again()
        .await
        .assert_validation("Profile with name web already exists");
    client
        .send("DELETE", "/signing-profiles/web", &Value::Null)
        .await
        .ok();
    again()
        .await
        .assert_validation("Profile with name web already exists");
    assert_eq!(
        client.get("/signing-profiles/web").await.ok()["status"],
        "Canceled"
    );
}

#[tokio::test]
async fn what_a_profile_cannot_be() {
    let emulator = start();
    let client = Client::of(&emulator);
    let put = |name: &'static str, body: Value| {
        let client = client.clone();
        async move {
            client
                .send("PUT", &format!("/signing-profiles/{name}"), &body)
                .await
        }
    };
    put("web", json!({ "platformId": "Notary" }))
        .await
        .assert_validation("Invalid platformId: Notary");
    put("web", json!({})).await.assert_validation(
        "1 validation error detected: Value at 'platformId' failed to satisfy constraint: Member must not be null",
    );
    put("with-dash", json!({ "platformId": NOTATION })).await.assert_validation(
        "1 validation error detected: Value 'with-dash' at 'profileName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: ^[a-zA-Z0-9_]{2,}",
    );
    put("web", json!({ "platformId": "AmazonFreeRTOS-Default" }))
        .await
        .assert_validation("Signing material is required for platform AmazonFreeRTOS-Default");
    for period in [
        json!({ "value": 136, "type": "MONTHS" }),
        json!({ "value": 0, "type": "DAYS" }),
        json!({ "value": -1, "type": "YEARS" }),
    ] {
        put(
            "web",
            json!({ "platformId": NOTATION, "signatureValidityPeriod": period }),
        )
        .await
        .assert_validation(
            "Signature validity period must be at least 1 day and at most 135 months",
        );
    }
    put("web", json!({ "platformId": NOTATION, "signatureValidityPeriod": { "value": 1, "type": "WEEKS" } }))
        .await
        .assert_validation(
            "1 validation error detected: Value 'WEEKS' at 'signatureValidityPeriod.type' failed to satisfy \
             constraint: Member must satisfy enum value set: [DAYS, MONTHS, YEARS]",
        );
    client
        .get("/signing-profiles/web")
        .await
        .assert_not_found("Signing profile web not found");
    let answer = client
        .send_bytes("PUT", "/signing-profiles/web", b"{")
        .await;
    assert_eq!(answer.error().1, "SerializationException");
}

#[tokio::test]
async fn listing_by_status_and_platform() {
    let emulator = start();
    let client = Client::of(&emulator);
    for name in ["active", "canceled"] {
        client.put_profile(name).await;
    }
    client
        .send(
            "PUT",
            "/signing-profiles/zip",
            &json!({ "platformId": "AWSLambda-SHA384-ECDSA" }),
        )
        .await
        .ok();
    client
        .send("DELETE", "/signing-profiles/canceled", &Value::Null)
        .await
        .ok();
    let names = |query: &'static str| {
        let client = client.clone();
        async move {
            let answer = client.get(&format!("/signing-profiles{query}")).await.ok();
            let profiles = answer["profiles"].as_array().unwrap().clone();
            profiles
                .iter()
                .map(|profile| profile["profileName"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(names("").await, ["active", "zip"]);
    assert_eq!(
        names("?includeCanceled=true").await,
        ["active", "canceled", "zip"]
    );
    assert_eq!(names("?statuses=Canceled").await, ["canceled"]);
    assert_eq!(
        names("?statuses=Canceled&statuses=Active").await,
        ["active", "canceled", "zip"]
    );
    assert_eq!(names("?platformId=AWSLambda-SHA384-ECDSA").await, ["zip"]);
    client
        .get("/signing-profiles?maxResults=0")
        .await
        .assert_validation(
            "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: \
         Member must have value greater than or equal to 1",
        );
    client
        .get("/signing-profiles?nextToken=x")
        .await
        .assert_validation("Invalid nextToken");
}

#[tokio::test]
async fn platforms() {
    let emulator = start();
    let client = Client::of(&emulator);
    let all = client.get("/signing-platforms").await.ok();
    assert_eq!(all["platforms"].as_array().unwrap().len(), 5);
    let notation = client
        .get(&format!("/signing-platforms/{NOTATION}"))
        .await
        .ok();
    assert_eq!(notation["displayName"], "Notation for container registries");
    assert!(all["platforms"].as_array().unwrap().contains(&notation));
    let lambda = client
        .get("/signing-platforms?partner=AWSLambda")
        .await
        .ok();
    assert_eq!(
        lambda["platforms"][0]["platformId"],
        "AWSLambda-SHA384-ECDSA"
    );
    client
        .get("/signing-platforms/x")
        .await
        .assert_not_found("Signing platform x not found");
}

#[tokio::test]
async fn what_the_emulator_does_not_do() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.get("/nowhere").await.assert_error(
        404,
        "UnknownOperationException",
        "The operation GET /nowhere is not supported by this emulator",
    );
}
