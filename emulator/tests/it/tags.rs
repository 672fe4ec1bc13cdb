//! Tags.

use serde_json::{Value, json};

use crate::support::*;

const PATH: &str =
    "/tags/arn%3Aaws%3Asigner%3Aus-east-1%3A111122223333%3A%2Fsigning-profiles%2Fweb";

#[tokio::test]
async fn tags_come_and_go() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    client
        .send(
            "POST",
            PATH,
            &json!({ "tags": { "team": "web", "env": "test" } }),
        )
        .await
        .ok();
    assert_eq!(
        client.get(PATH).await.ok(),
        json!({ "tags": { "env": "test", "team": "web" } })
    );
    client
        .send(
            "DELETE",
            &format!("{PATH}?tagKeys=env&tagKeys=other"),
            &Value::Null,
        )
        .await
        .ok();
    assert_eq!(
        client.get(PATH).await.ok(),
        json!({ "tags": { "team": "web" } })
    );
}

#[tokio::test]
async fn two_hundred_tags_and_one_more() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let tags: Value = (0..200)
        .map(|n| (format!("k{n}"), json!("v")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    client
        .send("POST", PATH, &json!({ "tags": tags }))
        .await
        .ok();
    client
        .send("POST", PATH, &json!({ "tags": { "one-more": "v" } }))
        .await
        .assert_error(
            400,
            "BadRequestException",
            "A resource has at most 200 tags",
        );
    client
        .send("POST", PATH, &json!({ "tags": { "k1": "changed" } }))
        .await
        .ok();
}

#[tokio::test]
async fn what_has_no_tags() {
    let emulator = start();
    let client = Client::of(&emulator);
    let arn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/none";
    client.get(&format!("/tags/{arn}")).await.assert_error(
        404,
        "NotFoundException",
        &format!("Resource {arn} not found"),
    );
    client
        .get("/tags/x")
        .await
        .assert_error(400, "BadRequestException", "Invalid resource ARN: x");
}
