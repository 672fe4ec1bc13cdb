//! `SignPayload` and the jobs it makes.

use countersign_emulator::{AccessKey, Emulator};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::*;

#[tokio::test]
async fn the_envelope_has_exactly_the_attributes_of_aws() {
    let emulator = start();
    let client = Client::of(&emulator);
    let profile = client.put_profile("web").await;
    let answer = client.sign_payload("web").await;
    let envelope = Envelope::of(&answer);

    assert_eq!(envelope.payload, payload());
    let order = [
        r#"{"alg":"#,
        r#","cty":"#,
        r#","crit":"#,
        r#","io.cncf.notary.signingScheme":"#,
        r#","io.cncf.notary.authenticSigningTime":"#,
        r#","io.cncf.notary.expiry":"#,
        r#","io.cncf.notary.verificationPlugin":"#,
        r#","com.amazonaws.signer.signingJob":"#,
        r#","com.amazonaws.signer.signingProfileVersion":"#,
    ];
    let mut rest = envelope.protected_text.as_str();
    for member in order {
        rest = rest
            .split_once(member)
            .unwrap_or_else(|| panic!("{member}: {rest}"))
            .1;
    }
    assert_eq!(envelope.protected.as_object().unwrap().len(), order.len());
    assert_eq!(envelope.attribute("alg"), "ES384");
    assert_eq!(envelope.attribute("cty"), PAYLOAD_FORMAT);
    assert_eq!(
        envelope.attribute("io.cncf.notary.signingScheme"),
        "notary.x509.signingAuthority"
    );
    assert_eq!(
        envelope.attribute("io.cncf.notary.verificationPlugin"),
        "com.amazonaws.signer.notation.plugin"
    );
    assert_eq!(
        envelope.protected["crit"],
        json!([
            "io.cncf.notary.signingScheme",
            "io.cncf.notary.authenticSigningTime",
            "io.cncf.notary.expiry",
            "io.cncf.notary.verificationPlugin",
            "com.amazonaws.signer.signingProfileVersion",
            "com.amazonaws.signer.signingJob",
        ])
    );
    assert_eq!(
        envelope.attribute("com.amazonaws.signer.signingProfileVersion"),
        profile["profileVersionArn"].as_str().unwrap()
    );
    let job_id = answer["jobId"].as_str().unwrap();
    assert_eq!(
        envelope.attribute("com.amazonaws.signer.signingJob"),
        format!("arn:aws:signer:us-east-1:111122223333:/signing-jobs/{job_id}")
    );
    assert_eq!(answer["jobOwner"], "111122223333");
    assert_eq!(
        answer["metadata"],
        json!({
            "com.amazonaws.signer.signingProfile": "arn:aws:signer:us-east-1:111122223333:/signing-profiles/web",
            "com.amazonaws.signer.signingJobId": job_id,
        })
    );
    // Nothing in the unprotected header but the chain, which ends in the trust anchor.
    assert_eq!(
        envelope.text["header"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["x5c"]
    );
    assert_eq!(envelope.text.as_object().unwrap().len(), 4);
    let root = pem(envelope.chain.last().unwrap());
    assert_eq!(
        root,
        emulator.root_certificate_pem().replace(['\r', '\n'], "")
    );
}

fn pem(der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!(
        "-----BEGIN CERTIFICATE-----{}-----END CERTIFICATE-----",
        STANDARD.encode(der)
    )
}

#[tokio::test]
async fn every_signature_of_the_chain_verifies() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let envelope = Envelope::of(&client.sign_payload("web").await);
    let chain: Vec<_> = envelope
        .chain
        .iter()
        .map(|der| x509_parser::parse_x509_certificate(der).unwrap().1)
        .collect();
    assert_eq!(chain.len(), 4);
    for (index, certificate) in chain.iter().enumerate() {
        let issuer = chain.get(index + 1).unwrap_or(certificate);
        certificate
            .verify_signature(Some(issuer.public_key()))
            .unwrap();
        assert_eq!(certificate.issuer().as_raw(), issuer.subject().as_raw());
        let (usage, constraints) = (
            certificate.key_usage().unwrap().unwrap(),
            certificate.basic_constraints().unwrap(),
        );
        assert!(usage.critical);
        if index == 0 {
            assert!(usage.value.digital_signature() && !usage.value.key_cert_sign());
            assert!(constraints.is_none_or(|constraints| !constraints.value.ca));
            let extended = certificate.extended_key_usage().unwrap().unwrap().value;
            assert!(extended.code_signing && !extended.any && !extended.server_auth);
            let life = certificate.validity().not_after - certificate.validity().not_before;
            assert_eq!(life, Some(Duration::days(3)));
        } else {
            let constraints = constraints.unwrap();
            assert!(constraints.critical && constraints.value.ca && usage.value.key_cert_sign());
        }
    }
}

#[tokio::test]
async fn two_jobs_of_a_moment_share_the_leaf() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let (first, second) = (
        client.sign_payload("web").await,
        client.sign_payload("web").await,
    );
    assert_ne!(first["jobId"], second["jobId"]);
    assert_eq!(Envelope::of(&first).chain, Envelope::of(&second).chain);
}

#[tokio::test]
async fn the_profile_says_when_a_signature_expires() {
    let emulator = start();
    let client = Client::of(&emulator);
    let profile = json!({ "platformId": NOTATION, "signatureValidityPeriod": { "value": 2, "type": "DAYS" } });
    client
        .send("PUT", "/signing-profiles/days", &profile)
        .await
        .ok();
    let envelope = Envelope::of(&client.sign_payload("days").await);
    let time = |name| OffsetDateTime::parse(envelope.attribute(name), &Rfc3339).unwrap();
    let life = time("io.cncf.notary.expiry") - time("io.cncf.notary.authenticSigningTime");
    assert_eq!(life, Duration::days(2));
}

#[tokio::test]
async fn a_clock_offset_signs_in_the_past_with_a_leaf_of_that_time() {
    let emulator = Emulator::builder()
        .clock_offset(Duration::days(-12 * 366))
        .start()
        .await
        .unwrap();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let envelope = Envelope::of(&client.sign_payload("web").await);
    let time = |name| OffsetDateTime::parse(envelope.attribute(name), &Rfc3339).unwrap();
    assert!(time("io.cncf.notary.expiry") < OffsetDateTime::now_utc());
    let signed_at = time("io.cncf.notary.authenticSigningTime").unix_timestamp();
    for der in &envelope.chain {
        let validity = x509_parser::parse_x509_certificate(der)
            .unwrap()
            .1
            .validity()
            .clone();
        assert!(
            validity.not_before.timestamp() <= signed_at
                && signed_at <= validity.not_after.timestamp()
        );
    }
    emulator.set_clock_offset(Duration::ZERO);
    let envelope = Envelope::of(&client.sign_payload("web").await);
    let signed_at = envelope.attribute("io.cncf.notary.authenticSigningTime");
    assert!(
        OffsetDateTime::parse(signed_at, &Rfc3339).unwrap()
            > OffsetDateTime::now_utc() - Duration::MINUTE
    );
}

#[tokio::test]
async fn the_region_of_the_signature_is_the_region_of_the_profile() {
    let emulator = start();
    let client = Client::of(&emulator).in_region("us-gov-west-1");
    client.put_profile("web").await;
    let envelope = Envelope::of(&client.sign_payload("web").await);
    let arn = envelope.attribute("com.amazonaws.signer.signingProfileVersion");
    assert!(
        arn.starts_with("arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profiles/web/")
    );
    Client::of(&emulator)
        .send(
            "POST",
            "/signing-jobs/with-payload",
            &sign_request("web", &payload()),
        )
        .await
        .assert_not_found("Signing profile web not found");
    assert!(
        client.in_region("cn-north-1").put_profile("web").await["arn"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws-cn:signer:cn-north-1:")
    );
}

#[tokio::test]
async fn a_payload_at_the_limit_and_one_byte_past() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let payload_of = |length: usize| {
        let empty = json!({ "targetArtifact": {}, "fill": "" }).to_string();
        json!({ "targetArtifact": {}, "fill": "x".repeat(length - empty.len()) })
            .to_string()
            .into_bytes()
    };
    let request = |payload: &[u8]| sign_request("web", payload);
    client
        .send(
            "POST",
            "/signing-jobs/with-payload",
            &request(&payload_of(4096)),
        )
        .await
        .ok();
    client
        .send(
            "POST",
            "/signing-jobs/with-payload",
            &request(&payload_of(4097)),
        )
        .await
        .assert_validation(
            "1 validation error detected: Value at 'payload' failed to satisfy constraint: \
         Member must have length less than or equal to 4096",
        );
    client
        .send("POST", "/signing-jobs/with-payload", &request(b""))
        .await
        .assert_validation(
            "1 validation error detected: Value at 'payload' failed to satisfy constraint: \
         Member must have length greater than or equal to 1",
        );
}

#[tokio::test]
async fn what_is_not_a_payload_of_the_notary_project() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let mut request = sign_request("web", b"not json");
    client
        .send("POST", "/signing-jobs/with-payload", &request)
        .await
        .assert_validation(
            "The payload is not of format application/vnd.cncf.notary.payload.v1+json",
        );
    request["payload"] = json!("!!");
    client
        .send("POST", "/signing-jobs/with-payload", &request)
        .await
        .assert_error(400, "SerializationException", "'payload' must be base64");
    request["payloadFormat"] = json!("RAW");
    request["payload"] = sign_request("web", &payload())["payload"].clone();
    client.send("POST", "/signing-jobs/with-payload", &request).await.assert_validation(
        "Invalid payloadFormat: RAW. The valid format is application/vnd.cncf.notary.payload.v1+json",
    );
}

#[tokio::test]
async fn a_canceled_a_revoked_and_a_lambda_profile_do_not_sign() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("canceled").await;
    client
        .send("DELETE", "/signing-profiles/canceled", &Value::Null)
        .await
        .ok();
    let revoked = client.put_profile("revoked").await;
    let body = json!({
        "profileVersion": revoked["profileVersion"],
        "reason": "stolen",
        "effectiveTime": OffsetDateTime::now_utc().unix_timestamp() - 60,
    });
    client
        .send("PUT", "/signing-profiles/revoked/revoke", &body)
        .await
        .ok();
    client
        .send(
            "PUT",
            "/signing-profiles/zip",
            &json!({ "platformId": "AWSLambda-SHA384-ECDSA" }),
        )
        .await
        .ok();
    for (profile, message) in [
        (
            "canceled",
            "Signing profile canceled is not active: its status is Canceled",
        ),
        (
            "revoked",
            "Signing profile revoked is not active: its status is Revoked",
        ),
        (
            "zip",
            "Platform AWSLambda-SHA384-ECDSA is not supported for SignPayload",
        ),
    ] {
        client
            .send(
                "POST",
                "/signing-jobs/with-payload",
                &sign_request(profile, &payload()),
            )
            .await
            .assert_validation(message);
    }
}

#[tokio::test]
async fn jobs_are_described_and_listed() {
    let other = AccessKey::new("444455556666", "other", "AKIAOTHER", "secret");
    let emulator = Emulator::builder()
        .access_key(AccessKey::generate("111122223333", "ci"))
        .access_key(other.clone())
        .start()
        .await
        .unwrap();
    let client = Client::of(&emulator);
    let profile = client.put_profile("web").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(
            client.sign_payload("web").await["jobId"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let job = client.get(&format!("/signing-jobs/{}", ids[0])).await.ok();
    assert_eq!(job["profileVersion"], profile["profileVersion"]);
    assert_eq!(
        job["platformDisplayName"],
        "Notation for container registries"
    );
    assert_eq!(job["requestedBy"], "arn:aws:iam::111122223333:user/ci");
    assert_eq!(job["status"], "Succeeded");
    assert_eq!(job["signingMaterial"], json!({}));
    assert_eq!(job.get("revocationRecord"), None);

    client
        .send(
            "PUT",
            &format!("/signing-jobs/{}/revoke", ids[0]),
            &json!({ "reason": "mistake" }),
        )
        .await
        .ok();
    let record = &client.get(&format!("/signing-jobs/{}", ids[0])).await.ok()["revocationRecord"];
    assert_eq!(record["reason"], "mistake");
    assert_eq!(record["revokedBy"], "arn:aws:iam::111122223333:user/ci");

    let listed = |answer: Value| {
        let mut ids: Vec<_> = answer["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|job| job["jobId"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    assert_eq!(
        listed(client.get("/signing-jobs?isRevoked=true").await.ok()),
        [ids[0].clone()]
    );
    let mut all = ids.clone();
    all.sort();
    assert_eq!(listed(client.get("/signing-jobs").await.ok()), all);
    assert_eq!(
        listed(client.get("/signing-jobs?status=Failed").await.ok()),
        Vec::<String>::new()
    );
    assert_eq!(
        listed(
            client
                .get("/signing-jobs?jobInvoker=444455556666")
                .await
                .ok()
        ),
        Vec::<String>::new()
    );
    let before = "/signing-jobs?signatureExpiresBefore=2030-01-01T00:00:00Z";
    assert_eq!(listed(client.get(before).await.ok()), Vec::<String>::new());
    let after = "/signing-jobs?signatureExpiresAfter=2030-01-01T00:00:00Z";
    assert_eq!(listed(client.get(after).await.ok()), all);

    // Pages: two, then one, then none left.
    let first = client.get("/signing-jobs?maxResults=2").await.ok();
    let token = first["nextToken"].as_str().unwrap();
    let second = client
        .get(&format!("/signing-jobs?maxResults=2&nextToken={token}"))
        .await
        .ok();
    assert_eq!(second.get("nextToken"), None);
    let mut paged = [listed(first.clone()), listed(second)].concat();
    paged.sort();
    assert_eq!(paged, all);

    let stranger = Client::with_key(&emulator, &other);
    assert_eq!(
        listed(stranger.get("/signing-jobs").await.ok()),
        Vec::<String>::new()
    );
    stranger
        .get(&format!("/signing-jobs/{}", ids[0]))
        .await
        .assert_not_found(&format!("Signing job {} not found", ids[0]));
}
