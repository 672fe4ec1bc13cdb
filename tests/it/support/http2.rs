//! A server of HTTP/2 over TLS that recycles its connections as a test wants.
//!
//! It reads no header: a request is a stream that the client has ended.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its server has failed"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign::http;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Status 200 with the body `good`.
    Answer,
    /// GOAWAY, which says that no stream was begun; the connection stays open.
    GoAway,
    /// The same, and the connection is closed.
    GoAwayAndClose,
    /// The stream is refused.
    Refuse,
    /// The connection is closed without a word.
    Close,
    /// GOAWAY, which says that this stream was begun, and the connection is closed.
    BeginAndGoAway,
}

/// The server; it ends with the test's runtime.
pub(crate) struct Http2 {
    port: u16,
    root: tempfile::NamedTempFile,
    requests: Arc<AtomicUsize>,
}

const PREFACE: usize = 24;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

impl Http2 {
    /// Starts a server; `turn` says what becomes of the first, second, ... request.
    pub(crate) fn start(turn: impl Fn(usize) -> Turn + Send + Sync + 'static) -> Self {
        let (acceptor, root) = acceptor();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted, turn) = (Arc::clone(&requests), Arc::new(turn));
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counted) = (acceptor.clone(), Arc::clone(&counted));
                let turn = Arc::clone(&turn);
                tokio::spawn(async move {
                    drop(connection(stream, acceptor, &counted, &*turn).await);
                });
            }
        });
        Self {
            port,
            root,
            requests,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}/", self.port)
    }

    /// Requests that have come whole.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn settings(&self) -> http::Settings {
        settings(&self.root)
    }
}

/// TLS for `localhost` that agrees upon HTTP/2, and the root to trust.
pub(crate) fn acceptor() -> (TlsAcceptor, tempfile::NamedTempFile) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(root.path(), certificate.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    (TlsAcceptor::from(Arc::new(config)), root)
}

/// Settings with this root as the only one.
pub(crate) fn settings(root: &tempfile::NamedTempFile) -> http::Settings {
    let root = root.path().to_str().unwrap().to_owned();
    let settings =
        http::Settings::from_variables(|name| (name == "SSL_CERT_FILE").then(|| root.clone()));
    http::Settings {
        connect_timeout: Duration::from_secs(10),
        read_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(20),
        ..settings.unwrap()
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// No error, and the last stream that was begun.
fn go_away(last: u32) -> Vec<u8> {
    let payload = [last.to_be_bytes(), [0; 4]].concat();
    frame(GOAWAY, 0, 0, &payload)
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    requests: &AtomicUsize,
    turn: &(dyn Fn(usize) -> Turn + Send + Sync),
) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut preface = [0; PREFACE];
    stream.read_exact(&mut preface).await?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let (kind, flags) = (head[3], head[4]);
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await?;
        if kind == SETTINGS && flags & ACK == 0 {
            stream.write_all(&frame(SETTINGS, ACK, 0, &[])).await?;
        }
        let is_whole = matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0;
        if is_whole {
            let nth = requests.fetch_add(1, Ordering::SeqCst) + 1;
            match turn(nth) {
                Turn::Answer => {
                    // `:status: 200` stands at place 8 of HPACK's static table.
                    let mut answer = frame(HEADERS, END_HEADERS, id, &[0x88]);
                    answer.extend(frame(DATA, END_STREAM, id, b"good"));
                    stream.write_all(&answer).await?;
                }
                Turn::GoAway => stream.write_all(&go_away(0)).await?,
                Turn::GoAwayAndClose => {
                    stream.write_all(&go_away(0)).await?;
                    return stream.shutdown().await;
                }
                Turn::Refuse => {
                    let refused = 7_u32.to_be_bytes();
                    stream
                        .write_all(&frame(RST_STREAM, 0, id, &refused))
                        .await?;
                }
                Turn::Close => return stream.shutdown().await,
                Turn::BeginAndGoAway => {
                    stream.write_all(&go_away(id)).await?;
                    return stream.shutdown().await;
                }
            }
            stream.flush().await?;
        }
    }
}
