//! A small HTTP client that signs, and readers of what comes back.

use std::{
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use countersign_emulator::{AccessKey, Emulator};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

pub(crate) const NOTATION: &str = "Notation-OCI-SHA384-ECDSA";
pub(crate) const PAYLOAD_FORMAT: &str = "application/vnd.cncf.notary.payload.v1+json";

pub(crate) fn start() -> Emulator {
    Emulator::builder().start_blocking().unwrap()
}

/// Whose requests these are, and how they are signed.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) region: String,
    pub(crate) service: &'static str,
    /// The `Host` header.
    pub(crate) host: String,
    pub(crate) time: SystemTime,
}

impl Client {
    pub(crate) fn of(emulator: &Emulator) -> Self {
        Self {
            address: emulator.address(),
            key: emulator.access_key_id().to_owned(),
            secret: emulator.secret_access_key().to_owned(),
            token: None,
            region: emulator.region().to_owned(),
            service: "signer",
            host: emulator.address().to_string(),
            time: SystemTime::now(),
        }
    }

    pub(crate) fn with_key(emulator: &Emulator, key: &AccessKey) -> Self {
        let (id, secret) = (key.access_key_id.clone(), key.secret_access_key.clone());
        Self {
            key: id,
            secret,
            ..Self::of(emulator)
        }
    }

    pub(crate) fn in_region(self, region: &str) -> Self {
        Self {
            region: region.to_owned(),
            ..self
        }
    }

    /// The request with its signature.
    pub(crate) fn signed(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> Request<Full<Bytes>> {
        let credentials =
            Credentials::new(&self.key, &self.secret, self.token.clone(), None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&credentials)
            .region(&self.region)
            .name(self.service)
            .time(self.time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let headers = [("host", self.host.as_str()), ("content-type", content_type)];
        let uri = format!("http://{}{path}", self.host);
        let signable =
            SignableRequest::new(method, uri, headers.into_iter(), SignableBody::Bytes(body))
                .unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(Full::from(body.to_vec())).unwrap();
        instructions.apply_to_request_http1x(&mut request);
        request
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        self.send_bytes(method, path, &body).await
    }

    pub(crate) async fn send_bytes(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        exchange(
            self.address,
            self.signed(method, path, "application/json", body),
        )
        .await
        .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &Value::Null).await
    }

    pub(crate) async fn put_profile(&self, name: &str) -> Value {
        self.send(
            "PUT",
            &format!("/signing-profiles/{name}"),
            &json!({ "platformId": NOTATION }),
        )
        .await
        .ok()
    }

    pub(crate) async fn sign_payload(&self, profile: &str) -> Value {
        self.send(
            "POST",
            "/signing-jobs/with-payload",
            &sign_request(profile, &payload()),
        )
        .await
        .ok()
    }
}

/// The query of `GetRevocationStatus` for an envelope.
pub(crate) fn revocation_query(envelope: &Envelope) -> String {
    const PATH: &str = "/revocations?";
    form_urlencoded::Serializer::for_suffix(PATH.to_owned(), PATH.len())
        .append_pair(
            "signatureTimestamp",
            envelope.attribute("io.cncf.notary.authenticSigningTime"),
        )
        .append_pair("platformId", NOTATION)
        .append_pair(
            "profileVersionArn",
            envelope.attribute("com.amazonaws.signer.signingProfileVersion"),
        )
        .append_pair(
            "jobArn",
            envelope.attribute("com.amazonaws.signer.signingJob"),
        )
        .extend_pairs(
            envelope
                .certificate_hashes()
                .iter()
                .map(|hash| ("certificateHashes", hash)),
        )
        .finish()
}

pub(crate) fn payload() -> Vec<u8> {
    json!({
        "targetArtifact": {
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "digest": "sha256:73c803930ea3ba1e54bc25c2bdc53edd0284c62ed651fe7b00369da519a3c333",
            "size": 16724,
            "annotations": { "io.wabbit-networks.buildId": "123" },
        },
    })
    .to_string()
    .into_bytes()
}

pub(crate) fn sign_request(profile: &str, payload: &[u8]) -> Value {
    json!({ "profileName": profile, "payload": STANDARD.encode(payload), "payloadFormat": PAYLOAD_FORMAT })
}

/// How long a test waits for anything, on a machine with much else to do.
pub(crate) const LIMIT: Duration = Duration::from_secs(150);

/// What `future` gives; a failure says what was waited for.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let waited = tokio::time::timeout(LIMIT, future).await;
    waited.unwrap_or_else(|_| panic!("waited {LIMIT:?} for {what}"))
}

/// What `wait` gives, on a thread of its own, which is left behind if it takes too long.
pub(crate) fn within<T: Send + 'static>(
    what: &str,
    wait: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(wait()));
    match told.recv_timeout(LIMIT) {
        Ok(value) => value,
        Err(error) => panic!("waited for {what}: {error}"),
    }
}

/// A connection, or why it failed.
pub(crate) async fn connect(address: SocketAddr) -> std::io::Result<tokio::net::TcpStream> {
    soon("a connection", tokio::net::TcpStream::connect(address)).await
}

/// One request over a connection of its own.
pub(crate) async fn exchange(
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> Result<Answer, hyper::Error> {
    exchange_over(TokioIo::new(connect(address).await.unwrap()), request).await
}

pub(crate) async fn exchange_over<S>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<Answer, hyper::Error>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let what = format!("the answer to {} {}", request.method(), request.uri());
    let exchange = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        })
    };
    soon(&what, exchange).await
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The answer of an operation that succeeds.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// Status, code and message of an operation that fails.
    pub(crate) fn error(&self) -> (u16, String, String) {
        assert_ne!(self.status, 200, "{}", self.text());
        assert!(self.headers.contains_key("x-amzn-requestid"));
        let code = self
            .headers
            .get("x-amzn-errortype")
            .unwrap()
            .to_str()
            .unwrap();
        let body = self.json();
        let message = body.get("message").or_else(|| body.get("Message")).unwrap();
        (
            self.status,
            code.to_owned(),
            message.as_str().unwrap().to_owned(),
        )
    }

    pub(crate) fn assert_error(&self, status: u16, code: &str, message: &str) {
        assert_eq!(self.error(), (status, code.to_owned(), message.to_owned()));
    }

    pub(crate) fn assert_validation(&self, message: &str) {
        self.assert_error(400, "ValidationException", message);
    }

    pub(crate) fn assert_not_found(&self, message: &str) {
        self.assert_error(404, "ResourceNotFoundException", message);
    }
}

/// An envelope, taken apart; its signature has been verified.
pub(crate) struct Envelope {
    pub(crate) text: Value,
    pub(crate) protected: Value,
    pub(crate) protected_text: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) chain: Vec<Vec<u8>>,
}

impl Envelope {
    /// The envelope in an answer of `SignPayload`; fails if its signature is not good.
    pub(crate) fn of(answer: &Value) -> Self {
        let (envelope, is_good) = Self::unverified(answer);
        assert!(is_good);
        envelope
    }

    /// The envelope and whether its signature is good.
    pub(crate) fn unverified(answer: &Value) -> (Self, bool) {
        use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
        let bytes = STANDARD
            .decode(answer["signature"].as_str().unwrap())
            .unwrap();
        let text: Value = serde_json::from_slice(&bytes).unwrap();
        let part = |name: &str| text[name].as_str().unwrap();
        let decoded = |name: &str| URL_SAFE_NO_PAD.decode(part(name)).unwrap();
        let chain: Vec<_> = text["header"]["x5c"]
            .as_array()
            .unwrap()
            .iter()
            .map(|certificate| STANDARD.decode(certificate.as_str().unwrap()).unwrap())
            .collect();
        let (_, leaf) = x509_parser::parse_x509_certificate(&chain[0]).unwrap();
        let key = UnparsedPublicKey::new(
            &ECDSA_P384_SHA384_FIXED,
            &leaf.public_key().subject_public_key.data,
        );
        let signed = format!("{}.{}", part("protected"), part("payload"));
        let is_good = key.verify(signed.as_bytes(), &decoded("signature")).is_ok();
        let envelope = Self {
            protected: serde_json::from_slice(&decoded("protected")).unwrap(),
            protected_text: String::from_utf8(decoded("protected")).unwrap(),
            payload: decoded("payload"),
            chain,
            text,
        };
        (envelope, is_good)
    }

    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.protected[name].as_str().unwrap()
    }

    pub(crate) fn certificate_hashes(&self) -> Vec<String> {
        let hashes: Vec<_> = self
            .chain
            .iter()
            .map(|der| {
                let (_, certificate) = x509_parser::parse_x509_certificate(der).unwrap();
                let digest = aws_lc_rs::digest::digest(
                    &aws_lc_rs::digest::SHA384,
                    certificate.tbs_certificate.as_ref(),
                );
                hex(digest.as_ref())
            })
            .collect();
        (0..hashes.len())
            .map(|index| {
                format!(
                    "{}{}",
                    hashes[index],
                    hashes.get(index + 1).unwrap_or(&hashes[index])
                )
            })
            .collect()
    }
}

pub(crate) fn seconds_ago(seconds: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(seconds)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A zip file of these entries, in this order, not compressed.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let offset = u32::try_from(bytes.len()).unwrap();
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let mut fields = vec![10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        fields.extend(crc32(content).to_le_bytes());
        fields.extend(size);
        fields.extend(size);
        fields.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        fields.extend([0; 2]);
        bytes.extend([b"PK\x03\x04", fields.as_slice(), name.as_bytes(), content].concat());
        directory.extend([b"PK\x01\x02", [10, 0].as_slice(), &fields, &[0; 10]].concat());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let start = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
    bytes.extend(directory);
    bytes.extend(
        [
            b"PK\x05\x06".as_slice(),
            &[0; 4],
            &count,
            &count,
            &length,
            &start,
            &[0; 2],
        ]
        .concat(),
    );
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
