//! Another account's use of a profile.

use countersign_emulator::{AccessKey, Emulator};
use serde_json::{Value, json};

use crate::support::*;

async fn two_accounts() -> (Emulator, Client, Client) {
    let other = AccessKey::new("444455556666", "other", "AKIAOTHER", "secret");
    let emulator = Emulator::builder()
        .access_key(AccessKey::generate("111122223333", "ci"))
        .access_key(other.clone())
        .start()
        .await
        .unwrap();
    let (owner, other) = (Client::of(&emulator), Client::with_key(&emulator, &other));
    owner.put_profile("web").await;
    (emulator, owner, other)
}

fn statement(id: &str, action: &str) -> Value {
    json!({ "statementId": id, "action": action, "principal": "444455556666" })
}

const PERMISSIONS: &str = "/signing-profiles/web/permissions";

#[tokio::test]
async fn another_account_signs_once_it_may() {
    let (_emulator, owner, other) = two_accounts().await;
    let mut request = sign_request("web", &payload());
    request["profileOwner"] = json!("111122223333");
    let sign = || async {
        other
            .send("POST", "/signing-jobs/with-payload", &request)
            .await
    };
    let denied = "User: arn:aws:iam::444455556666:user/other is not authorized to perform: signer:SignPayload on \
                  resource: arn:aws:signer:us-east-1:111122223333:/signing-profiles/web because no resource-based \
                  policy allows the signer:SignPayload action";
    sign()
        .await
        .assert_error(403, "AccessDeniedException", denied);

    owner
        .send(
            "POST",
            PERMISSIONS,
            &statement("read", "signer:GetSigningProfile"),
        )
        .await
        .ok();
    sign()
        .await
        .assert_error(403, "AccessDeniedException", denied);
    other
        .get("/signing-profiles/web?profileOwner=111122223333")
        .await
        .ok();

    owner
        .send(
            "POST",
            PERMISSIONS,
            &statement("sign", "signer:SignPayload"),
        )
        .await
        .ok();
    let answer = sign().await.ok();
    assert_eq!(answer["jobOwner"], "111122223333");
    let envelope = Envelope::of(&answer);
    let arn = envelope.attribute("com.amazonaws.signer.signingProfileVersion");
    assert!(arn.starts_with("arn:aws:signer:us-east-1:111122223333:/signing-profiles/web/"));

    // The invoker sees the job, but may not revoke it.
    let id = answer["jobId"].as_str().unwrap();
    assert_eq!(
        other.get(&format!("/signing-jobs/{id}")).await.ok()["jobInvoker"],
        "444455556666"
    );
    let revoke = json!({ "reason": "r", "jobOwner": "111122223333" });
    let answer = other
        .send("PUT", &format!("/signing-jobs/{id}/revoke"), &revoke)
        .await;
    assert_eq!(answer.error().1, "AccessDeniedException");
    owner
        .send(
            "POST",
            PERMISSIONS,
            &statement("revoke", "signer:RevokeSignature"),
        )
        .await
        .ok();
    other
        .send("PUT", &format!("/signing-jobs/{id}/revoke"), &revoke)
        .await
        .ok();
}

#[tokio::test]
async fn only_what_the_platform_has() {
    let (_emulator, owner, _) = two_accounts().await;
    owner.send("POST", PERMISSIONS, &statement("s", "signer:StartSigningJob")).await.assert_validation(
        "Action signer:StartSigningJob not supported for platform Notation-OCI-SHA384-ECDSA. Action must be one of \
         [signer:SignPayload, signer:GetSigningProfile, signer:RevokeSignature]",
    );
    let mut everyone = statement("s", "signer:SignPayload");
    everyone["principal"] = json!("*");
    owner
        .send("POST", PERMISSIONS, &everyone)
        .await
        .assert_validation("Invalid principal: *");
}

#[tokio::test]
async fn revisions() {
    let (_emulator, owner, _) = two_accounts().await;
    owner
        .get(PERMISSIONS)
        .await
        .assert_not_found("No permissions found for signing profile web");
    let first = owner
        .send("POST", PERMISSIONS, &statement("one", "signer:SignPayload"))
        .await
        .ok();
    let mut second = statement("two", "signer:RevokeSignature");
    second["revisionId"] = json!("00000000-0000-4000-8000-000000000000");
    let mismatch =
        "The revisionId does not match the current revision of the signing profile's policy";
    owner
        .send("POST", PERMISSIONS, &second)
        .await
        .assert_error(409, "ConflictException", mismatch);
    second["revisionId"] = first["revisionId"].clone();
    let current = owner.send("POST", PERMISSIONS, &second).await.ok();
    owner
        .send("POST", PERMISSIONS, &statement("two", "signer:SignPayload"))
        .await
        .assert_error(
            409,
            "ConflictException",
            "Statement with id two already exists",
        );

    let listed = owner.get(PERMISSIONS).await.ok();
    assert_eq!(listed["revisionId"], current["revisionId"]);
    assert_eq!(
        listed["permissions"][0],
        statement("one", "signer:SignPayload")
    );

    let remove = |id: &str, revision: &Value| {
        let path = format!(
            "{PERMISSIONS}/{id}?revisionId={}",
            revision["revisionId"].as_str().unwrap()
        );
        let owner = owner.clone();
        async move { owner.send("DELETE", &path, &Value::Null).await }
    };
    remove("one", &first)
        .await
        .assert_error(409, "ConflictException", mismatch);
    remove("three", &current)
        .await
        .assert_not_found("Statement with id three not found");
    remove("one", &current).await.ok();
    assert_eq!(
        owner.get(PERMISSIONS).await.ok()["permissions"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
