//! Authorities over loopback.

use std::sync::Arc;

use countersign::algorithm::HashAlgorithm;
use countersign::timestamp::{Error, Request, VerifiedTimestamp};
use countersign::{http, limits, timestamp};
use url::Url;

use super::{Authority, MESSAGE, NOW};
use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::pki::{Token, granted};

/// What an authority over loopback does: reads the request and stamps what it asks for, or something
/// else.
fn stamp(tsa: &Authority, request: &Seen, change: impl FnOnce(&mut Token)) -> Vec<u8> {
    let mut token = Token::new(b"", &[&tsa.leaf, &tsa.intermediate]);
    // 20 bytes of the nonce before the last 3 of the request, 32 of the hash before its 2.
    let end = request.body.len() - 3;
    token.nonce = Some(request.body[end - 20..end].to_vec());
    token.hash = request.body[end - 54..end - 22].to_vec();
    change(&mut token);
    granted(&token.build(&tsa.leaf))
}

async fn ask(
    server: &Hostile,
    tsa: &Authority,
    scheme: &str,
) -> Result<(Vec<u8>, VerifiedTimestamp), Error> {
    let url: Url = format!("{scheme}://tsa.example/stamp?key=secret")
        .parse()
        .unwrap();
    let algorithm = HashAlgorithm::Sha256;
    timestamp::request(&server.pool(), &url, MESSAGE, algorithm, &tsa.roots(), NOW).await
}

#[tokio::test]
async fn an_authority_is_asked_and_its_answer_checked() {
    let tsa = Arc::new(Authority::new());
    for status in [200, 201] {
        let stamping = Arc::clone(&tsa);
        let server = Hostile::start(move |seen| {
            Reply::status(status)
                .header("Content-Type", "application/timestamp-reply")
                .body(stamp(&stamping, seen, |_| ()))
        });
        for scheme in ["http", "https"] {
            let (token, verified) = ask(&server, &tsa, scheme).await.unwrap();
            assert_eq!(tsa.verify(&token).unwrap(), verified);
        }
        let seen = &server.seen()[0];
        assert_eq!(seen.line(), "POST /stamp");
        assert_eq!(
            seen.header("content-type"),
            Some("application/timestamp-query")
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_refused() {
    type Answer = fn(&Authority, &Seen) -> Reply;
    let cases: [(Answer, &str); 8] = [
        (
            |_, _| Reply::status(500),
            "the timestamping authority `https://tsa.example/stamp?...` answered with status 500",
        ),
        (
            |_, _| Reply::redirect("https://tsa.example/other"),
            "the timestamping authority `https://tsa.example/stamp?...` answered with status 307",
        ),
        (
            |tsa, seen| Reply::ok("text/html", stamp(tsa, seen, |_| ())),
            "the timestamping authority `https://tsa.example/stamp?...` answered with content \
             type `text/html`, wanted `application/timestamp-reply`",
        ),
        (
            |tsa, seen| {
                let body = stamp(tsa, seen, |token| token.hash = vec![7; 32]);
                Reply::ok("application/timestamp-reply", body)
            },
            "the timestamp's message imprint is not that of the request",
        ),
        (
            |tsa, seen| {
                let body = stamp(tsa, seen, |token| token.nonce = Some(vec![7; 20]));
                Reply::ok("application/timestamp-reply", body)
            },
            "the timestamp's nonce is not that of the request",
        ),
        (
            |tsa, seen| {
                let body = stamp(tsa, seen, |token| token.nonce = None);
                Reply::ok("application/timestamp-reply", body)
            },
            "the timestamp's nonce is not that of the request",
        ),
        (
            |tsa, seen| {
                let body = stamp(tsa, seen, |token| token.certificates.clear());
                Reply::ok("application/timestamp-reply", body)
            },
            "timestamp has no certificate",
        ),
        (
            |_, _| Reply::ok("application/timestamp-reply", "").endless(vec![0; 65_536]),
            "the timestamping authority did not answer",
        ),
    ];
    let tsa = Arc::new(Authority::new());
    for (answer, wanted) in cases {
        let answering = Arc::clone(&tsa);
        let server = Hostile::start(move |seen| answer(&answering, seen));
        let error = ask(&server, &tsa, "https").await.unwrap_err();
        assert_eq!(error.to_string(), wanted);
        assert_eq!(server.seen().len(), 1, "{wanted}");
    }
}

#[tokio::test]
async fn a_long_answer_is_read_to_the_limit() {
    let tsa = Authority::new();
    let length = usize::try_from(limits::MAX_TIMESTAMP_BYTES).unwrap();
    for (length, wanted) in [(length, "a truncated element"), (length + 1, "longer than")] {
        let server =
            Hostile::start(move |_| Reply::ok("application/timestamp-reply", vec![0x30; length]));
        let error = ask(&server, &tsa, "http").await.unwrap_err();
        match error {
            Error::Http { source } => {
                assert!(matches!(*source, http::Error::TooLarge { .. }));
                assert!(source.to_string().contains(wanted), "{source}");
            }
            error => assert!(matches!(error, Error::NotBer(_)), "{error}"),
        }
    }
}

#[tokio::test]
async fn only_http_is_spoken() {
    let pool = http::Pool::new(http::Settings::default());
    for url in ["ftp://tsa.example/", "file:///etc/passwd", "data:,x"] {
        let result = timestamp::request(
            &pool,
            &url.parse().unwrap(),
            MESSAGE,
            HashAlgorithm::Sha256,
            &[],
            NOW,
        )
        .await;
        assert!(matches!(result, Err(Error::Url { .. })), "{url}");
    }
}

#[test]
fn an_old_answer_does_not_answer_a_new_request() {
    let tsa = Authority::new();
    let request = Request::new(MESSAGE, HashAlgorithm::Sha256).unwrap();
    let old = granted(&tsa.token().build(&tsa.leaf));
    let error = request
        .verify_response(&old, &tsa.roots(), NOW)
        .unwrap_err();
    assert!(
        matches!(error, Error::NotAsRequested { what: "nonce" }),
        "{error}"
    );
}
