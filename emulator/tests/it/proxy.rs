//! Absolute-form requests and `CONNECT`, as a proxy gets them.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{Empty, Full};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use crate::support::*;

/// A request in absolute form, as a client sends it to its proxy.
fn proxied(client: &Client, host: &str, path: &str) -> Request<Full<Bytes>> {
    let client = Client {
        host: host.to_owned(),
        ..client.clone()
    };
    let mut request = client.signed("GET", path, "application/json", b"");
    *request.uri_mut() = format!("http://{host}{path}").parse().unwrap();
    request
}

#[tokio::test]
async fn the_data_plane_under_all_its_names() {
    let emulator = start();
    let client = Client::of(&emulator);
    client.put_profile("web").await;
    let query = revocation_query(&Envelope::of(&client.sign_payload("web").await));
    let port = emulator.address().port();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("data-127.0.0.1:{port}"),
        format!("verification.127.0.0.1:{port}"),
        format!("data-localhost:{port}"),
        "data-signer.us-east-1.amazonaws.com".to_owned(),
        "verification.signer.us-east-1.amazonaws.com".to_owned(),
        "data-signer-fips.us-east-1.api.aws".to_owned(),
    ] {
        // As a proxy, and by a resolver that leads here.
        exchange(emulator.address(), proxied(&client, &host, &query))
            .await
            .unwrap()
            .ok();
        Client {
            host: host.clone(),
            ..client.clone()
        }
        .get(&query)
        .await
        .ok();
        let call = emulator.calls().pop().unwrap();
        assert_eq!(call.operation, "GetRevocationStatus");
        assert_eq!(call.host, host.split(':').next().unwrap());
    }
}

#[tokio::test]
async fn it_proxies_nowhere_else() {
    let emulator = start();
    let client = Client::of(&emulator);
    let other_port = emulator.address().port().wrapping_add(1);
    for host in [
        "example.com".to_owned(),
        "dynamodb.us-east-1.amazonaws.com".to_owned(),
        "169.254.169.254".to_owned(),
        format!("127.0.0.1:{other_port}"),
        "127.0.0.1".to_owned(),
    ] {
        let answer = exchange(
            emulator.address(),
            proxied(&client, &host, "/signing-profiles"),
        )
        .await
        .unwrap();
        assert_eq!(answer.status, 403);
        let name = host.split(':').next().unwrap();
        assert_eq!(
            answer.text(),
            format!(
                "the emulator is no proxy to `{name}`: it stands in for AWS Signer, AWS KMS, AWS STS, AWS IAM, Amazon ECR, Amazon ECS, Amazon S3, AWS Lambda, AWS Secrets Manager and AWS Systems Manager alone\n"
            )
        );
    }
    assert_eq!(emulator.calls(), []);
}

/// The status of a `CONNECT`, and the stream behind it.
async fn connect(
    emulator: &countersign_emulator::Emulator,
    target: &str,
) -> (u16, hyper::upgrade::OnUpgrade) {
    let stream = crate::support::connect(emulator.address()).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection.with_upgrades());
    let request = Request::builder()
        .method("CONNECT")
        .uri(target)
        .header("host", target)
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = sender.send_request(request);
    let response = soon("the proxy's answer", answer).await.unwrap();
    (response.status().as_u16(), hyper::upgrade::on(response))
}

#[tokio::test]
async fn a_tunnel_to_a_registry_ends_here() {
    let emulator = start();
    let host = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    let (status, upgraded) = connect(&emulator, &format!("{host}:443")).await;
    assert_eq!(status, 200);

    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(emulator.tls_root_pem().as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TokioIo::new(upgraded.await.unwrap());
    let stream = connector
        .connect(ServerName::try_from(host).unwrap(), stream)
        .await
        .unwrap();
    let request = Request::get("/v2/")
        .header("host", host)
        .body(Full::default())
        .unwrap();
    let answer = exchange_over(TokioIo::new(stream), request).await.unwrap();
    assert_ne!(answer.status, 403);
    let call = emulator.calls().pop().unwrap();
    assert_eq!((call.host.as_str(), call.path.as_str()), (host, "/v2/"));
    assert!(call.operation.starts_with("registry:"), "{call:?}");
}

#[tokio::test]
async fn other_tunnels_are_refused() {
    let emulator = start();
    for target in [
        "example.com:443",
        "signer.us-east-1.amazonaws.com:22",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com:22",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com.example.com:443",
    ] {
        assert_eq!(connect(&emulator, target).await.0, 403, "{target}");
    }
}
