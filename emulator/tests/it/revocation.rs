//! Revocation of jobs and profiles, and what the data plane says of them.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::support::*;

async fn revoked(client: &Client, envelope: &Envelope) -> Value {
    client.get(&revocation_query(envelope)).await.ok()["revokedEntities"].clone()
}

#[tokio::test]
async fn a_revoked_job_and_only_that_one() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let first = client.sign_payload("web").await;
    let (one, two) = (
        Envelope::of(&first),
        Envelope::of(&client.sign_payload("web").await),
    );
    assert_eq!(revoked(&client, &one).await, json!([]));

    let path = format!("/signing-jobs/{}/revoke", first["jobId"].as_str().unwrap());
    client
        .send("PUT", &path, &json!({ "reason": "leaked" }))
        .await
        .ok();
    let job = one.attribute("com.amazonaws.signer.signingJob");
    assert_eq!(revoked(&client, &one).await, json!([job]));
    assert_eq!(revoked(&client, &two).await, json!([]));
    // Another region of the partition knows it too.
    assert_eq!(
        revoked(&client.clone().in_region("eu-west-1"), &one).await,
        json!([job])
    );
}

#[tokio::test]
async fn a_revoked_profile_from_the_effective_time_on() {
    let emulator = start();
    let client = Client::of(&emulator);
    let profile = client.put_profile("web").await;
    emulator.set_clock_offset(Duration::days(-10));
    let old = Envelope::of(&client.sign_payload("web").await);
    emulator.set_clock_offset(Duration::ZERO);
    let new = Envelope::of(&client.sign_payload("web").await);

    let now = OffsetDateTime::now_utc().unix_timestamp();
    let revocation = |effective: i64| json!({ "profileVersion": profile["profileVersion"], "reason": "stolen", "effectiveTime": effective });
    let path = "/signing-profiles/web/revoke";
    client
        .send("PUT", path, &revocation(now + 60))
        .await
        .assert_validation("The effective time of a revocation must be in the past");
    client
        .send("PUT", path, &revocation(now - 86_400))
        .await
        .ok();
    let version_arn = profile["profileVersionArn"].clone();
    assert_eq!(revoked(&client, &new).await, json!([version_arn]));
    assert_eq!(revoked(&client, &old).await, json!([]));

    client.send("PUT", path, &revocation(now - 60)).await.assert_validation(
        "The effective time of a revocation can be moved to an earlier time, never to a later one",
    );
    client
        .send("PUT", path, &revocation(now - 20 * 86_400))
        .await
        .ok();
    assert_eq!(revoked(&client, &old).await, json!([version_arn]));

    let answer = client.get("/signing-profiles/web").await.ok();
    assert_eq!(answer["status"], "Revoked");
    assert_eq!(
        answer["revocationRecord"]["revocationEffectiveFrom"],
        now - 20 * 86_400
    );
    assert_eq!(
        answer["revocationRecord"]["revokedBy"],
        "arn:aws:iam::111122223333:user/emulator"
    );
    client.send("DELETE", "/signing-profiles/web", &Value::Null).await.assert_validation(
        "Signing Profile web cannot be canceled because it has been revoked. A revoked profile cannot be canceled.",
    );
}

#[tokio::test]
async fn the_second_of_the_effective_time_counts_as_revoked() {
    let emulator = start();
    let client = Client::of(&emulator);
    let profile = client.put_profile("web").await;
    let envelope = Envelope::of(&client.sign_payload("web").await);
    let signed_at = OffsetDateTime::parse(
        envelope.attribute("io.cncf.notary.authenticSigningTime"),
        &time::format_description::well_known::Rfc3339,
    )
    .unwrap();
    let body = json!({
        "profileVersion": profile["profileVersion"],
        "reason": "stolen",
        "effectiveTime": signed_at.unix_timestamp(),
    });
    client
        .send("PUT", "/signing-profiles/web/revoke", &body)
        .await
        .ok();
    assert_eq!(
        revoked(&client, &envelope).await,
        json!([profile["profileVersionArn"]])
    );
}

#[tokio::test]
async fn a_revoked_certificate() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let envelope = Envelope::of(&client.sign_payload("web").await);
    let leaf = &envelope.certificate_hashes()[0];
    emulator.revoke_certificate(leaf).unwrap();
    assert_eq!(revoked(&client, &envelope).await, json!([leaf]));
}

#[tokio::test]
async fn a_question_that_is_not_well_formed() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let envelope = Envelope::of(&client.sign_payload("web").await);
    let query = revocation_query(&envelope);

    let lambda = query.replace(NOTATION, "AWSLambda-SHA384-ECDSA");
    client
        .get(&lambda)
        .await
        .assert_validation("Invalid platformId: AWSLambda-SHA384-ECDSA");

    // The partition of the caller is not the signature's.
    let answer = client.clone().in_region("us-gov-west-1").get(&query).await;
    let arn = envelope.attribute("com.amazonaws.signer.signingProfileVersion");
    answer.assert_validation(&format!("Invalid profileVersionArn: {arn}"));

    let leaf = &envelope.certificate_hashes()[0];
    for bad in [&leaf[1..], &leaf.to_uppercase(), &format!("{leaf}0")] {
        let answer = client.get(&query.replacen(leaf.as_str(), bad, 1)).await;
        answer.assert_validation(&format!("Invalid certificateHash: {bad}"));
    }
    client.get("/revocations").await.assert_validation(
        "5 validation errors detected: \
         Value at 'signatureTimestamp' failed to satisfy constraint: Member must not be null; \
         Value at 'platformId' failed to satisfy constraint: Member must not be null; \
         Value at 'profileVersionArn' failed to satisfy constraint: Member must not be null; \
         Value at 'jobArn' failed to satisfy constraint: Member must not be null; \
         Value at 'certificateHashes' failed to satisfy constraint: Member must not be null",
    );
}

#[tokio::test]
async fn a_reason_at_its_limit_and_one_past() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let job = client.sign_payload("web").await;
    let path = format!("/signing-jobs/{}/revoke", job["jobId"].as_str().unwrap());
    let long = "r".repeat(501);
    client
        .send("PUT", &path, &json!({ "reason": long }))
        .await
        .assert_validation(&format!(
            "1 validation error detected: Value '{long}' at 'reason' failed to satisfy constraint: \
         Member must have length less than or equal to 500"
        ));
    client
        .send("PUT", &path, &json!({ "reason": "r".repeat(500) }))
        .await
        .ok();
    client
        .send(
            "PUT",
            "/signing-jobs/unknown/revoke",
            &json!({ "reason": "r" }),
        )
        .await
        .assert_not_found("Signing job unknown not found");
}

#[tokio::test]
async fn set_up_and_revoked_without_a_client() {
    let emulator = start();
    let client = Client::of(&emulator);
    let profile = emulator.create_signing_profile("web").unwrap();
    assert_eq!(
        client.get("/signing-profiles/web").await.ok()["profileVersionArn"],
        profile.version_arn
    );
    let taken = emulator.create_signing_profile("web").unwrap_err();
    assert_eq!(
        taken.to_string(),
        "PutSigningProfile was refused: Profile with name web already exists"
    );

    let envelope = Envelope::of(&client.sign_payload("web").await);
    let job_arn = envelope.attribute("com.amazonaws.signer.signingJob");
    emulator.revoke_signature(job_arn).unwrap();
    assert_eq!(revoked(&client, &envelope).await, json!([job_arn]));
    let minute_ago = OffsetDateTime::now_utc() - Duration::MINUTE;
    emulator
        .revoke_signing_profile(&profile.version_arn, minute_ago)
        .unwrap();
    assert_eq!(
        revoked(&client, &envelope).await,
        json!([profile.version_arn, job_arn])
    );
}
