//! Where the calls go: endpoints that are configured, AWS's own names, proxies, roots of TLS.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;

pub(super) fn sign_and_verify(fixture: &Fixture, profile: &str, changes: &[(&str, &str)]) {
    let answer = fixture
        .run_with("generate-envelope", &envelope_request(profile), changes)
        .answer("generate-envelope.response");
    let answer = fixture
        .run_with(
            "verify-signature",
            &verify_request(&answer, profile),
            changes,
        )
        .answer("verify-signature.response");
    for result in answer["verificationResults"].as_object().unwrap().values() {
        assert_eq!(result["success"], true, "{result}");
    }
}

#[test]
fn an_endpoint_for_aws_signer_alone_holds_for_both_planes() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let endpoint = fixture.emulator.endpoint();
    let nowhere = ("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    sign_and_verify(
        &fixture,
        &profile,
        &[nowhere, ("AWS_ENDPOINT_URL_SIGNER", &endpoint)],
    );
    assert_eq!(fixture.operations(), ["SignPayload", "GetRevocationStatus"]);

    // The data plane may have its own.
    let mut request = fixture.signed(&profile);
    let changes = [
        ("AWS_ENDPOINT_URL_SIGNER", "http://127.0.0.1:9"),
        ("AWS_ENDPOINT_URL_SIGNER_DATA", endpoint.as_str()),
    ];
    let answer = fixture
        .run_with("verify-signature", &request, &changes)
        .answer("verify-signature.response");
    assert_eq!(
        answer["verificationResults"][REVOCATION_CHECK]["success"],
        true
    );

    // What is set explicitly beats them all.
    request["pluginConfig"] = json!({ "aws-signer-endpoint-url": endpoint });
    let changes = [
        nowhere,
        ("AWS_ENDPOINT_URL_SIGNER_DATA", "http://127.0.0.1:9"),
    ];
    let answer = fixture
        .run_with("verify-signature", &request, &changes)
        .answer("verify-signature.response");
    assert_eq!(
        answer["verificationResults"][REVOCATION_CHECK]["success"],
        true
    );
}

/// A server that answers every request with the same bytes.
fn server(answer: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = answer.to_owned();
    // Ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::from("x");
            while !line.trim().is_empty() {
                line.clear();
                reader.read_line(&mut line).unwrap();
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

/// Only AWS's own word that nothing was revoked is that word.
#[test]
fn what_is_no_answer_is_not_not_revoked() {
    let fixture = Fixture::new();
    let request = fixture.signed(&fixture.profile("Images"));
    let verify = |status: &str, body: &str| {
        let url = server(&format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-amzn-requestid: r-1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        ));
        let answer = fixture
            .run_with("verify-signature", &request, &[("AWS_ENDPOINT_URL", &url)])
            .answer("verify-signature.response");
        answer["verificationResults"][REVOCATION_CHECK].clone()
    };
    for body in [
        r#"{"revokedEntities":[]}"#,
        "{}",
        r#"{"revokedEntities":[],"new":1}"#,
    ] {
        assert_eq!(verify("200 OK", body)["success"], true, "{body}");
    }
    for (status, body) in [
        ("200 OK", ""),
        ("200 OK", r#"{"new":1}"#),
        ("200 OK", r#"{"revokedEntities":null}"#),
        ("200 OK", "<html>Welcome to the hotel</html>"),
        ("200 OK", "[]"),
        ("200 OK", "null"),
        ("200 OK", "{}x"),
        ("200 OK", r#"{"revokedEntities":"x"}"#),
        ("200 OK", r#"{"revokedEntities":[1]}"#),
        ("204 No Content", ""),
        ("302 Found", ""),
        ("304 Not Modified", ""),
        ("404 Not Found", "{}"),
        ("407 Proxy Authentication Required", ""),
    ] {
        let result = verify(status, body);
        assert_eq!(result["success"], false, "{status} {body}");
        let reason = result["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("GetRevocationStatus call failed with error: AWS "),
            "{reason}"
        );
    }
}

/// A proxy that notes where it was to lead, and refuses.
struct Proxy {
    address: std::net::SocketAddr,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let targets = Arc::new(Mutex::new(Vec::new()));
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            targets: Arc::clone(&targets),
        };
        // Ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                reader.read_line(&mut line).unwrap();
                targets.lock().unwrap().push(line.trim_end().to_owned());
                while line.trim() != "" {
                    line.clear();
                    reader.read_line(&mut line).unwrap();
                }
                let refusal =
                    "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(refusal.as_bytes());
            }
        });
        proxy
    }

    fn targets(&self) -> Vec<String> {
        let mut targets = std::mem::take(&mut *self.targets.lock().unwrap());
        targets.dedup();
        targets
    }
}

/// AWS's own host names, as the proxy hears them.
#[test]
fn aws_is_reached_by_its_names_through_the_proxy() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    let request = fixture.signed(&profile);
    let root = fixture.home.path().join("root.pem");
    std::fs::write(&root, fixture.emulator.tls_root_pem()).unwrap();
    let proxy = Proxy::start();
    let url = format!("http://{}", proxy.address);
    for (variables, hosts) in [
        (
            &[][..],
            [
                "signer.us-east-1.amazonaws.com",
                "data-signer.us-east-1.amazonaws.com",
            ],
        ),
        (
            &[("AWS_USE_FIPS_ENDPOINT", "true")][..],
            [
                "signer-fips.us-east-1.amazonaws.com",
                "data-signer-fips.us-east-1.amazonaws.com",
            ],
        ),
        (
            &[("AWS_USE_DUALSTACK_ENDPOINT", "true")][..],
            ["signer.us-east-1.api.aws", "data-signer.us-east-1.api.aws"],
        ),
    ] {
        let mut changes = vec![
            ("AWS_ENDPOINT_URL", ""),
            ("HTTPS_PROXY", url.as_str()),
            ("SSL_CERT_FILE", root.to_str().unwrap()),
        ];
        changes.extend(variables);
        let (code, message, _) = fixture
            .run_with("generate-envelope", &envelope_request(&profile), &changes)
            .error();
        assert_eq!(code, "ERROR", "{message}");
        assert!(
            message.contains(&format!(
                "the proxy refused a connection to `{}` through proxy `{url}` of `HTTPS_PROXY`",
                hosts[0]
            )),
            "{message}"
        );
        let answer = fixture
            .run_with("verify-signature", &request, &changes)
            .answer("verify-signature.response");
        assert_eq!(
            answer["verificationResults"][REVOCATION_CHECK]["success"],
            false
        );
        let wanted = hosts.map(|host| format!("CONNECT {host}:443 HTTP/1.1"));
        assert_eq!(proxy.targets(), wanted);
    }
    assert_eq!(fixture.operations(), Vec::<String>::new());
}

/// What the SDK shows of a request that it cannot send is not passed on.
#[test]
fn an_endpoint_that_cannot_be_one_is_named_alone() {
    let fixture = Fixture::new();
    let profile = fixture.profile("Images");
    for endpoint in ["not a url", "http://"] {
        let (code, message, _) = fixture
            .run_with(
                "generate-envelope",
                &envelope_request(&profile),
                &[("AWS_ENDPOINT_URL", endpoint)],
            )
            .error();
        assert_eq!(code, "VALIDATION_ERROR");
        assert_eq!(
            message,
            format!(
                "the signing profile cannot be used: `{endpoint}` is not the URL of an endpoint (an \
                 endpoint is like `https://HOST` or `http://127.0.0.1:4570`; look at the variable `AWS_ENDPOINT_URL` and those whose names begin with it)"
            )
        );
        assert!(!message.contains("Request {"), "{message}");
    }
}
