//! The connection pool: limits, retries, proxies, roots of TLS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign::http::{Error, Pool, Settings, read_body};
use countersign::limits::{MAX_ATTEMPTS, MAX_BUSY_ATTEMPTS};
use reqwest::{Method, Request};
use url::Url;

use crate::support::hostile::{Hostile, Reply, Seen};
use crate::support::waiting;

fn get(url: &str) -> Request {
    Request::new(Method::GET, Url::parse(url).unwrap())
}

/// Asks `hostile` once, and again as the pool sees fit; gives the status.
async fn asked(hostile: &Hostile) -> u16 {
    let request = get(&format!("http://{}/", hostile.host()));
    let response = hostile.pool().send_idempotent(&request).await.unwrap();
    response.status().as_u16()
}

fn attempts() -> usize {
    usize::try_from(MAX_ATTEMPTS).unwrap()
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit() {
    for (reply, length) in [
        (Reply::status(200).body("12345678"), 8),
        (Reply::status(200).body(""), 0),
    ] {
        let hostile = Hostile::start(move |_| reply.clone());
        let pool = hostile.pool();
        let url = format!("http://{}/", hostile.host());
        let response = pool.send(get(&url)).await.unwrap();
        assert_eq!(
            read_body(response, length).await.unwrap().len(),
            usize::try_from(length).unwrap()
        );
        if length > 0 {
            let response = pool.send(get(&url)).await.unwrap();
            assert!(matches!(
                read_body(response, length - 1).await,
                Err(Error::TooLarge { max, .. }) if max == length - 1
            ));
        }
    }
}

#[tokio::test]
async fn a_body_that_is_announced_too_long_is_not_waited_for() {
    let hostile = Hostile::start(|_| Reply::status(200).cut("", 9));
    let url = format!("http://{}/", hostile.host());
    let response = hostile.pool().send(get(&url)).await.unwrap();
    assert!(matches!(
        read_body(response, 8).await,
        Err(Error::TooLarge { max: 8, .. })
    ));
}

#[tokio::test]
async fn a_busy_server_is_asked_again_so_often() {
    let busy = usize::try_from(MAX_BUSY_ATTEMPTS).unwrap();
    for (status, often) in [
        (429, busy),
        (502, attempts()),
        (503, attempts()),
        (504, attempts()),
    ] {
        let hostile = Hostile::start(move |_| Reply::status(status));
        assert_eq!(asked(&hostile).await, status);
        assert_eq!(hostile.seen().len(), often, "{status}");
    }
    for status in [200, 400, 401, 404, 500] {
        let hostile = Hostile::start(move |_| Reply::status(status));
        assert_eq!(asked(&hostile).await, status);
        assert_eq!(hostile.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_server_that_recovers_is_heard() {
    let count = AtomicUsize::new(0);
    let hostile = Hostile::start(move |_| {
        let is_last = count.fetch_add(1, Ordering::Relaxed) + 1 == attempts();
        Reply::status(if is_last { 200 } else { 503 }).header("Retry-After", "0")
    });
    assert_eq!(asked(&hostile).await, 200);
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_too_long_is_not_waited_for() {
    let hostile = Hostile::start(|_| Reply::status(429).header("Retry-After", "3600"));
    assert_eq!(asked(&hostile).await, 429);
    assert_eq!(hostile.seen().len(), 1);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let hostile = Hostile::start(|_| Reply::redirect("/elsewhere"));
    let response = hostile
        .pool()
        .send(get(&format!("http://{}/", hostile.host())))
        .await
        .unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(hostile.seen().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_said() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let settings = Settings {
        retry_delay: Duration::from_millis(40),
        ..Settings::default()
    };
    let start = std::time::Instant::now();
    let error = Pool::new(settings)
        .send_idempotent(&get(&format!("http://{host}/")))
        .await;
    let error = error.unwrap_err();
    assert!(error.is_connect());
    assert_eq!(error.to_string(), format!("cannot connect to `{host}`"));
    // It was tried again after half of 40 ms at least, and again after half of 80 ms.
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_said() {
    // A label has 63 letters at most, so that nothing need be asked to know it.
    let name = format!("{}.example", "a".repeat(64));
    let error = Pool::new(Settings::default())
        .send(get(&format!("http://{name}/")))
        .await
        .unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("the name `{name}` does not resolve")
    );
    assert_eq!(
        error.hint().unwrap(),
        "check the host name, and DNS and `/etc/hosts` on this machine"
    );
}

#[tokio::test]
async fn requests_go_through_the_proxy() {
    let hostile = Hostile::start(|_| Reply::status(200));
    let pool = hostile.pool();
    for url in [
        "http://registry.example/v2/",
        "https://registry.example/v2/",
    ] {
        pool.send(get(url)).await.unwrap();
    }
    let urls: Vec<String> = hostile.seen().iter().map(Seen::url).collect();
    assert_eq!(
        urls,
        [
            "http://registry.example/v2/",
            "https://registry.example/v2/"
        ]
    );
}

#[tokio::test]
async fn a_proxys_password_goes_to_the_proxy_and_into_no_message() {
    let hostile = Hostile::start(|_| Reply::status(200));
    let proxy = format!("http://user:s3cret@{}", hostile.host());
    let settings = Settings::from_variables(|name| (name == "http_proxy").then(|| proxy.clone()));
    let settings = settings.unwrap();
    assert!(!format!("{settings:?}").contains("s3cret"));
    Pool::new(settings)
        .send(get("http://registry.example/"))
        .await
        .unwrap();
    assert_eq!(
        hostile.seen()[0].header("proxy-authorization"),
        Some("Basic dXNlcjpzM2NyZXQ=")
    );

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap().to_string();
    drop(listener);
    let proxy = format!("http://user:s3cret@{nobody}");
    let settings = Settings::from_variables(|name| (name == "HTTP_PROXY").then(|| proxy.clone()));
    let error = Pool::new(settings.unwrap())
        .send(get("http://registry.example/?q=s3cret"))
        .await;
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot connect to `registry.example` through proxy `http://{nobody}` of `HTTP_PROXY`"
        )
    );
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_root_is_refused_and_the_roots_are_named() {
    let hostile = Hostile::start(|_| Reply::status(200));
    let other = Hostile::start(|_| Reply::status(200));
    let root = other.root().to_str().unwrap().to_owned();
    let settings = Settings::from_variables(|name| (name == "SSL_CERT_FILE").then(|| root.clone()));
    let url = format!("https://{}/", hostile.host());
    let error = Pool::new(settings.unwrap())
        .send(get(&url))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "no trusted TLS connection to `{}` with the roots of `SSL_CERT_FILE={root}`",
            hostile.host()
        )
    );
    assert!(error.hint().unwrap().contains("SSL_CERT_FILE"));
    assert!(hostile.seen().is_empty());
}

#[tokio::test]
async fn the_aws_bundle_is_trusted_too() {
    let hostile = Hostile::start(|_| Reply::status(200));
    let other = Hostile::start(|_| Reply::status(200));
    let (root, bundle) = (other.root(), hostile.root());
    let settings = Settings::from_variables(|name| match name {
        "SSL_CERT_FILE" => Some(root.to_str().unwrap().to_owned()),
        "AWS_CA_BUNDLE" => Some(bundle.to_str().unwrap().to_owned()),
        _ => None,
    });
    let url = format!("https://{}/", hostile.host());
    Pool::new(settings.unwrap()).send(get(&url)).await.unwrap();
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_a_bad_certificate() {
    // It answers every TLS handshake with plain HTTP.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        stream
    });
    let hostile = Hostile::start(|_| Reply::status(200));
    let error = hostile
        .pool()
        .send(get(&format!("https://{host}/")))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    assert_eq!(
        error.hint().unwrap(),
        "the server does not speak TLS there; the setting `insecure-registry` allows plain HTTP"
    );
    drop(waiting::soon("the server's end", server).await.unwrap());
}

#[tokio::test]
async fn the_roots_are_read_at_the_first_request_that_needs_them() {
    let hostile = Hostile::start(|_| Reply::status(200));
    let settings = Settings::from_variables(|name| {
        (name == "SSL_CERT_FILE").then(|| "/nowhere/root.pem".to_owned())
    });
    let pool = Pool::new(settings.unwrap());
    pool.send(get(&format!("http://{}/", hostile.host())))
        .await
        .unwrap();
    let error = pool
        .send(get(&format!("https://{}/", hostile.host())))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the TLS roots of `SSL_CERT_FILE=/nowhere/root.pem` cannot be read"
    );
}

#[tokio::test]
async fn a_registry_that_may_speak_tls_is_said_to() {
    for reply in [
        Reply::closed(),
        Reply::status(400).body("Client sent an HTTP request to an HTTPS server.\n"),
    ] {
        let hostile = Hostile::start(move |_| reply.clone());
        let port = hostile.host().replace("localhost:", "");
        let elsewhere = format!("127.0.0.1:{port}");
        let hint = async |registry: &str| {
            let repository = super::with_plain_http(&hostile, &format!("{registry}/app:v1"));
            repository.resolve().await.unwrap_err().hint()
        };
        assert_eq!(
            hint(&elsewhere).await.unwrap(),
            format!(
                "`{elsewhere}` may speak TLS: try without the setting `insecure-registry`, and without its \
                 entry in `insecureRegistries` of `config.json`"
            )
        );
        assert_eq!(
            hint(&hostile.host()).await.unwrap(),
            "`localhost` is asked in plain HTTP; if it speaks TLS, name it by its address, `127.0.0.1`"
        );
    }
}
