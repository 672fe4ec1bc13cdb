//! Signature Version 4: what is refused, and how.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use countersign_emulator::{Emulator, SignatureClock};
use http_body_util::Full;

use crate::support::*;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";
const PATH: &str = "/signing-profiles";

#[tokio::test]
async fn a_signed_request() {
    let emulator = start();
    Client::of(&emulator).get(PATH).await.ok();
    assert_eq!(
        emulator.calls()[0].access_key_id.as_deref(),
        Some(emulator.access_key_id())
    );
}

#[tokio::test]
async fn no_signature() {
    let emulator = start();
    let request = http::Request::get(PATH)
        .header("host", "127.0.0.1")
        .body(Full::default())
        .unwrap();
    exchange(emulator.address(), request)
        .await
        .unwrap()
        .assert_error(
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        );
}

#[tokio::test]
async fn a_wrong_key_and_a_wrong_secret() {
    let emulator = start();
    let client = Client::of(&emulator);
    let unknown = Client {
        key: "AKIAUNKNOWN".to_owned(),
        ..client.clone()
    };
    unknown.get(PATH).await.assert_error(
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    );
    let wrong = Client {
        secret: "wrong".to_owned(),
        ..client.clone()
    };
    wrong
        .get(PATH)
        .await
        .assert_error(403, "InvalidSignatureException", MISMATCH);
    // A long-term key has no session token.
    let token = Client {
        token: Some("token".to_owned()),
        ..client
    };
    token.get(PATH).await.assert_error(
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    );
}

#[tokio::test]
async fn another_service_and_another_region() {
    let emulator = Emulator::builder()
        .only_regions(&["us-east-1"])
        .start()
        .await
        .unwrap();
    let client = Client::of(&emulator);
    let service = Client {
        service: "ecr",
        ..client.clone()
    };
    service.get(PATH).await.assert_error(
        403,
        "InvalidSignatureException",
        "Credential should be scoped to correct service: 'signer'. ",
    );
    let region = "Credential should be scoped to a valid region. ";
    for refused in ["us-west-2", "nowhere"] {
        client
            .clone()
            .in_region(refused)
            .get(PATH)
            .await
            .assert_error(403, "InvalidSignatureException", region);
    }
    client.get(PATH).await.ok();
}

#[tokio::test]
async fn the_region_of_the_host() {
    let emulator = start();
    let host = "data-signer.us-west-2.amazonaws.com".to_owned();
    let client = Client {
        host,
        ..Client::of(&emulator)
    };
    client.get(PATH).await.assert_error(
        403,
        "InvalidSignatureException",
        "Credential should be scoped to a valid region. ",
    );
    client.in_region("us-west-2").get(PATH).await.ok();
}

#[tokio::test]
async fn a_clock_within_five_minutes() {
    let emulator = start();
    let client = Client::of(&emulator);
    let near = [
        seconds_ago(270),
        SystemTime::now() + Duration::from_secs(270),
    ];
    for time in near {
        Client {
            time,
            ..client.clone()
        }
        .get(PATH)
        .await
        .ok();
    }
    let (status, code, message) = Client {
        time: seconds_ago(310),
        ..client.clone()
    }
    .get(PATH)
    .await
    .error();
    assert_eq!((status, code.as_str()), (403, "InvalidSignatureException"));
    assert!(
        message.starts_with("Signature expired: ") && message.ends_with(" - 5 min.)"),
        "{message}"
    );
    let late = SystemTime::now() + Duration::from_secs(310);
    let (_, _, message) = Client {
        time: late,
        ..client
    }
    .get(PATH)
    .await
    .error();
    assert!(
        message.starts_with("Signature not yet current: ") && message.ends_with(" + 5 min.)"),
        "{message}"
    );
}

#[tokio::test]
async fn which_clock_counts() {
    let day = Duration::from_hours(24);
    let offset = time::Duration::days(-1);
    for (clock, of_now, of_yesterday) in [
        (SignatureClock::Real, true, false),
        (SignatureClock::Emulator, false, true),
        (SignatureClock::Unchecked, true, true),
    ] {
        let emulator = Emulator::builder()
            .clock_offset(offset)
            .signature_clock(clock)
            .start()
            .await
            .unwrap();
        let client = Client::of(&emulator);
        assert_eq!(client.get(PATH).await.status == 200, of_now, "{clock:?}");
        let yesterday = Client {
            time: SystemTime::now() - day,
            ..client
        };
        assert_eq!(
            yesterday.get(PATH).await.status == 200,
            of_yesterday,
            "{clock:?}"
        );
    }
}

#[tokio::test]
async fn another_body_path_query_and_header() {
    let emulator = start();
    let client = Client::of(&emulator);
    let signed = || {
        client.signed(
            "POST",
            "/signing-jobs/with-payload?x=1",
            "application/json",
            b"{}",
        )
    };
    let refused = |request| async {
        exchange(emulator.address(), request)
            .await
            .unwrap()
            .assert_error(403, "InvalidSignatureException", MISMATCH);
    };
    let (parts, _) = signed().into_parts();
    refused(http::Request::from_parts(
        parts,
        Full::new(Bytes::from_static(b"{ }")),
    ))
    .await;
    let mut request = signed();
    *request.uri_mut() = "/signing-jobs/with-payload?x=2".parse().unwrap();
    refused(request).await;
    let mut request = signed();
    request
        .headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    refused(request).await;
}

#[tokio::test]
async fn a_header_that_is_not_what_it_should_be() {
    let emulator = start();
    for (authorization, code, message) in [
        (
            "Basic QVdTOng=",
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0",
            "IncompleteSignatureException",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term",
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/20261122/us-east-1/signer/aws4_request, SignedHeaders=host",
            "IncompleteSignatureException",
            "Authorization header requires 'Signature' parameter.",
        ),
    ] {
        let request = http::Request::get(PATH)
            .header("host", "127.0.0.1")
            .header("x-amz-date", "20261122T050000Z")
            .header("authorization", authorization)
            .body(Full::default())
            .unwrap();
        let (_, got_code, got_message) =
            exchange(emulator.address(), request).await.unwrap().error();
        assert_eq!((got_code.as_str(), got_message.as_str()), (code, message));
    }
}
