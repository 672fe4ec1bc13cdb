//! Faults on demand, from the library and over HTTP, and the recorded calls.

use std::fmt::Write as _;

use countersign_emulator::{Fault, FaultKind, Tamper};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn throttling_has_the_code_of_the_service() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    emulator
        .faults()
        .add(Fault::new(FaultKind::Throttle).on("SignPayload").times(2));
    let sign = || async {
        client
            .send(
                "POST",
                "/signing-jobs/with-payload",
                &sign_request("web", &payload()),
            )
            .await
    };
    for _ in 0..2 {
        sign()
            .await
            .assert_error(429, "TooManyRequestsException", "Too Many Requests");
    }
    sign().await.ok();
    let statuses: Vec<_> = emulator
        .calls()
        .into_iter()
        .map(|call| (call.operation, call.status))
        .collect();
    let expected = [
        ("PutSigningProfile", 200),
        ("SignPayload", 429),
        ("SignPayload", 429),
        ("SignPayload", 200),
    ];
    assert_eq!(
        statuses,
        expected.map(|(operation, status)| (operation.to_owned(), Some(status)))
    );
    emulator.clear_calls();
    assert_eq!(emulator.calls(), []);
}

#[tokio::test]
async fn other_services_throttle_in_their_own_way() {
    let emulator = start();
    emulator.faults().add(Fault::new(FaultKind::Throttle));
    let sts = Client {
        service: "sts",
        ..Client::of(&emulator)
    };
    let form = sts.signed(
        "POST",
        "/",
        "application/x-www-form-urlencoded",
        b"Action=GetCallerIdentity",
    );
    let answer = exchange(emulator.address(), form).await.unwrap();
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("<Code>Throttling</Code>"),
        "{}",
        answer.text()
    );

    let ecr = Client {
        service: "ecr",
        ..Client::of(&emulator)
    };
    let mut request = ecr.signed("POST", "/", "application/x-amz-json-1.1", b"{}");
    let target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
    request
        .headers_mut()
        .insert("x-amz-target", target.parse().unwrap());
    let answer = exchange(emulator.address(), request).await.unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json(),
        json!({ "__type": "ThrottlingException", "message": "Rate exceeded" })
    );

    let request = http::Request::get("/v2/")
        .header("host", "127.0.0.1")
        .body(Full::default())
        .unwrap();
    let answer = exchange(emulator.address(), request).await.unwrap();
    assert_eq!(answer.status, 429);
    let errors = json!([{ "code": "TOOMANYREQUESTS", "message": "Rate exceeded" }]);
    assert_eq!(answer.json(), json!({ "errors": errors }));
}

#[tokio::test]
async fn an_internal_error() {
    let emulator = start();
    emulator
        .faults()
        .add(Fault::new(FaultKind::ServerError { status: 503 }));
    Client::of(&emulator)
        .get("/signing-profiles")
        .await
        .assert_error(
            503,
            "InternalServiceErrorException",
            "We encountered an internal error. Please try again.",
        );
}

#[tokio::test]
async fn a_denial_names_principal_action_and_resource() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let envelope = Envelope::of(&client.sign_payload("web").await);
    emulator
        .faults()
        .add(Fault::new(FaultKind::AccessDenied).on("GetRevocationStatus"));
    let answer = client.get(&revocation_query(&envelope)).await;
    answer.assert_error(
        403,
        "AccessDeniedException",
        &format!(
            "User: arn:aws:iam::111122223333:user/emulator is not authorized to perform: \
             signer:GetRevocationStatus on resource: {} because no identity-based policy allows the \
             signer:GetRevocationStatus action",
            envelope.attribute("com.amazonaws.signer.signingJob")
        ),
    );
    // As AWS: a capital, in this one error.
    assert_eq!(
        answer
            .json()
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["Message"]
    );
    // Who is unknown is told so first.
    let unknown = Client {
        key: "AKIAUNKNOWN".to_owned(),
        ..client
    };
    assert_eq!(
        unknown.get(&revocation_query(&envelope)).await.error().1,
        "UnrecognizedClientException"
    );
}

#[tokio::test]
async fn latency() {
    let emulator = start();
    emulator
        .faults()
        .add(Fault::new(FaultKind::Latency { milliseconds: 300 }).times(1));
    let start = std::time::Instant::now();
    Client::of(&emulator).get("/signing-profiles").await.ok();
    assert!(start.elapsed() >= std::time::Duration::from_millis(300));
}

#[tokio::test]
async fn a_reset_and_a_truncated_body() {
    let emulator = start();
    let client = Client::of(&emulator);
    let request = || client.signed("GET", "/signing-platforms", "application/json", b"");
    emulator
        .faults()
        .add(Fault::new(FaultKind::ConnectionReset).times(1));
    let error = exchange(emulator.address(), request()).await.unwrap_err();
    let cause = std::error::Error::source(&error)
        .and_then(|source| source.downcast_ref::<std::io::Error>());
    assert_eq!(
        cause.map(std::io::Error::kind),
        Some(std::io::ErrorKind::ConnectionReset),
        "{error:?}"
    );
    assert_eq!(emulator.calls()[0].status, None);

    emulator
        .faults()
        .add(Fault::new(FaultKind::TruncatedBody).times(1));
    let (head, body) = raw(emulator.address(), &request()).await;
    let whole = exchange(emulator.address(), request()).await.unwrap();
    assert!(
        head.contains(&format!("content-length: {}\r\n", whole.body.len())),
        "{head}"
    );
    assert_eq!(body, whole.body[..whole.body.len() / 2]);
}

/// Head and body of an answer as they come, until the connection ends.
async fn raw(
    address: std::net::SocketAddr,
    request: &http::Request<Full<bytes::Bytes>>,
) -> (String, Vec<u8>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        let _ = write!(text, "{name}: {}\r\n", value.to_str().unwrap());
    }
    let mut stream = connect(address).await.unwrap();
    stream
        .write_all(format!("{text}\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = Vec::new();
    soon("the connection's end", stream.read_to_end(&mut answer))
        .await
        .unwrap();
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap()
        + 4;
    (
        String::from_utf8(answer[..end].to_vec()).unwrap(),
        answer[end..].to_vec(),
    )
}

#[tokio::test]
async fn tampered_answers() {
    let emulator = start();
    let client = Client::of(&emulator);
    let profile = client.put_profile("web").await;
    let sign = |what: Tamper| {
        emulator.faults().add(
            Fault::new(FaultKind::Tamper { what })
                .on("SignPayload")
                .times(1),
        );
        let client = client.clone();
        async move { client.sign_payload("web").await }
    };
    let version = profile["profileVersionArn"].as_str().unwrap();
    let signed_version = |envelope: &Envelope| {
        envelope
            .attribute("com.amazonaws.signer.signingProfileVersion")
            .to_owned()
    };

    let other = Envelope::of(&sign(Tamper::Payload).await);
    assert_ne!(other.payload, payload());
    assert_eq!(signed_version(&other), version);

    let other = signed_version(&Envelope::of(&sign(Tamper::ProfileVersion).await));
    let profile_arn = profile["arn"].as_str().unwrap();
    assert!(
        other != version && other.starts_with(&format!("{profile_arn}/")),
        "{other}"
    );

    let other = signed_version(&Envelope::of(&sign(Tamper::Profile).await));
    assert!(
        other.starts_with(&format!("{profile_arn}_other/")),
        "{other}"
    );

    let (other, is_good) = Envelope::unverified(&sign(Tamper::Signature).await);
    assert!(!is_good && other.payload == payload());

    let good = Envelope::of(&client.sign_payload("web").await);
    let other = Envelope::of(&sign(Tamper::Chain).await);
    assert_ne!(other.chain[3], good.chain[3]);

    let other = Envelope::of(&sign(Tamper::Attribute).await);
    assert_eq!(
        other.attribute("com.amazonaws.signer.unknownAttribute"),
        "tampered"
    );
    assert_eq!(other.protected["crit"].as_array().unwrap().len(), 7);

    let answer = sign(Tamper::NotAnEnvelope).await;
    assert_eq!(answer["signature"], "dGhpcyBpcyBub3QgYW4gZW52ZWxvcGU=");
}

#[tokio::test]
async fn the_admin_routes_do_the_same() {
    let emulator = start();
    let admin = |method: &'static str, path: &'static str, body: Value| {
        let address = emulator.address();
        async move {
            let body = if body.is_null() {
                String::new()
            } else {
                body.to_string()
            };
            let request = http::Request::builder()
                .method(method)
                .uri(path)
                .header("host", address.to_string())
                .body(Full::from(body))
                .unwrap();
            exchange(address, request).await.unwrap()
        }
    };
    let fault = json!({ "operation": "ListSigningProfiles", "count": 1, "fault": "throttle" });
    let faults = admin("POST", "/_emulator/faults", fault.clone()).await.ok();
    assert_eq!(faults, json!({ "faults": [fault] }));
    let client = Client::of(&emulator);
    assert_eq!(client.get("/signing-profiles").await.status, 429);
    client.get("/signing-profiles").await.ok();

    let calls = admin("GET", "/_emulator/calls", Value::Null).await.ok();
    assert_eq!(calls["calls"][0]["operation"], "ListSigningProfiles");
    assert_eq!(calls["calls"][0]["status"], 429);
    admin("DELETE", "/_emulator/calls", Value::Null).await.ok();
    assert_eq!(emulator.calls(), []);

    admin(
        "POST",
        "/_emulator/faults",
        json!({ "fault": "connection-reset" }),
    )
    .await
    .ok();
    admin("DELETE", "/_emulator/faults", Value::Null).await.ok();
    client.get("/signing-profiles").await.ok();

    let clock = admin(
        "PUT",
        "/_emulator/clock",
        json!({ "offset_seconds": -3600 }),
    )
    .await
    .ok();
    assert_eq!(clock["offset_seconds"], -3600);
    assert_eq!(
        admin("GET", "/_emulator/clock", Value::Null).await.ok()["offset_seconds"],
        -3600
    );

    let wrong = admin("POST", "/_emulator/faults", json!({ "fault": "flood" })).await;
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.text().contains("unknown variant `flood`"),
        "{}",
        wrong.text()
    );
    assert_eq!(
        admin("GET", "/_emulator/nothing", Value::Null).await.status,
        404
    );
}
