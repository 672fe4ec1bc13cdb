//! A server on loopback that answers whatever a test wants, however wrong.
//!
//! One port speaks plain HTTP, HTTP after a TLS handshake, and proxies: an absolute-form request is
//! answered as if this server were that host, and a `CONNECT` is accepted and then spoken TLS with,
//! under a certificate of the server's own root. So a test can be any host, Amazon ECR included.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its server has failed"
)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use countersign::http;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;

use super::waiting;

/// One request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The value of `Host`.
    pub(crate) host: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub(crate) fn query(&self) -> HashMap<String, String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// `METHOD path`, for comparisons of what was asked in which order.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path())
    }

    /// Scheme, host, path and query.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.host, self.target)
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
    /// Held back until this many requests have arrived: shows that they came at the same time.
    after_requests: usize,
}

#[derive(Debug, Clone)]
enum Body {
    Whole(Vec<u8>),
    /// Announces `length` bytes and closes the connection after `bytes`.
    Cut {
        bytes: Vec<u8>,
        length: usize,
    },
    /// The chunk again and again, chunked, as fast as it is taken.
    Endless(Vec<u8>),
    /// The bytes at once, then one blank after another with a wait between them; of this length, or
    /// chunked.
    Drip {
        first: Vec<u8>,
        length: Option<usize>,
        wait: Duration,
    },
    /// The bytes, chunked: nothing says before how many there are.
    Chunked(Vec<u8>),
    /// No answer at all, and the connection stays open.
    Silent,
    /// The connection is closed without an answer.
    Closed,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Whole(Vec::new()),
            after_requests: 0,
        }
    }

    pub(crate) fn ok(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::status(200)
            .header("Content-Type", media_type)
            .body(body)
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self::status(307).header("Location", location)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.with(Body::Whole(body.into()))
    }

    pub(crate) fn cut(self, bytes: impl Into<Vec<u8>>, length: usize) -> Self {
        let bytes = bytes.into();
        self.with(Body::Cut { bytes, length })
    }

    pub(crate) fn endless(self, chunk: impl Into<Vec<u8>>) -> Self {
        self.with(Body::Endless(chunk.into()))
    }

    pub(crate) fn drip(self, wait: Duration) -> Self {
        self.drip_after(Vec::new(), Some(1_000_000), wait)
    }

    /// Sends `first` at once, and then drips; chunked without a `length`.
    pub(crate) fn drip_after(
        self,
        first: impl Into<Vec<u8>>,
        length: Option<usize>,
        wait: Duration,
    ) -> Self {
        let first = first.into();
        self.with(Body::Drip {
            first,
            length,
            wait,
        })
    }

    /// The same answer, chunked.
    pub(crate) fn chunked(mut self) -> Self {
        if let Body::Whole(body) = self.body {
            self.body = Body::Chunked(body);
        }
        self
    }

    pub(crate) fn silent() -> Self {
        Self::status(0).with(Body::Silent)
    }

    pub(crate) fn closed() -> Self {
        Self::status(0).with(Body::Closed)
    }

    /// Holds the answer back until `count` requests have arrived in all.
    pub(crate) fn after_requests(mut self, count: usize) -> Self {
        self.after_requests = count;
        self
    }

    fn with(mut self, body: Body) -> Self {
        self.body = body;
        self
    }
}

type Handler = dyn Fn(&Seen) -> Reply + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    seen: Mutex<Vec<Seen>>,
    count: watch::Sender<usize>,
    tls: TlsAcceptor,
}

/// The server; it ends when this is dropped.
pub(crate) struct Hostile {
    address: SocketAddr,
    shared: Arc<Shared>,
    root: PathBuf,
    _directory: tempfile::TempDir,
    _stop: oneshot::Sender<()>,
}

impl Hostile {
    /// Starts a server that answers with `handler`.
    pub(crate) fn start(handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_as(&[], handler)
    }

    /// The same, with a certificate for these hosts too.
    pub(crate) fn start_as(
        hosts: &[&str],
        handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (tls, root_pem) = tls(hosts);
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root.pem");
        std::fs::write(&root, root_pem).unwrap();
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            seen: Mutex::default(),
            count: watch::Sender::new(0),
            tls,
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = Arc::clone(&shared);
        // A thread of its own, so that tests that run programs can use it as well.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).unwrap();
                let serve = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        let shared = Arc::clone(&serving);
                        tokio::spawn(async move { drop(connection(stream, &shared).await) });
                    }
                };
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            shared,
            root,
            _directory: directory,
            _stop: stop,
        }
    }

    /// `localhost:PORT`: a registry that is spoken to in plain HTTP.
    pub(crate) fn host(&self) -> String {
        format!("{}:{}", waiting::localhost(), self.address.port())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The root of the server's certificates, a PEM file.
    pub(crate) fn root(&self) -> PathBuf {
        self.root.clone()
    }

    /// Every request so far, in the order of their arrival.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The lines of every request so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    /// Settings with this server as the proxy for all hosts, its root as the only one, no waits
    /// between attempts and short time limits.
    pub(crate) fn settings(&self) -> http::Settings {
        let root = self.root().to_str().unwrap().to_owned();
        let proxy = format!("http://{}", self.host());
        let settings = http::Settings::from_variables(|name| match name {
            "ALL_PROXY" => Some(proxy.clone()),
            "SSL_CERT_FILE" => Some(root.clone()),
            _ => None,
        });
        http::Settings {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            retry_delay: Duration::ZERO,
            max_retry_delay: Duration::ZERO,
            ..settings.unwrap()
        }
    }

    pub(crate) fn pool(&self) -> http::Pool {
        http::Pool::new(self.settings())
    }
}

fn tls(more_hosts: &[&str]) -> (TlsAcceptor, String) {
    let root_key = rcgen::KeyPair::generate().unwrap();
    let mut root = rcgen::CertificateParams::default();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(root, root_key);
    let names = [
        "localhost",
        "127.0.0.1",
        "registry.example",
        "other.example",
        "realm.example",
        "storage.example",
        "evil.example",
        "tsa.example",
        "*.dkr.ecr.eu-west-1.amazonaws.com",
        "*.dkr.ecr.us-east-1.amazonaws.com",
        "registry-1.docker.io",
    ];
    let key = rcgen::KeyPair::generate().unwrap();
    let names = names.iter().chain(more_hosts);
    let names: Vec<String> = names.map(|name| (*name).to_owned()).collect();
    let leaf = rcgen::CertificateParams::new(names).unwrap();
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), root_pem)
}

type End = std::io::Result<()>;

/// A connection, as it is or inside TLS.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

async fn connection(stream: TcpStream, shared: &Shared) -> End {
    let mut first = [0];
    stream.peek(&mut first).await?;
    if first == [0x16] {
        let stream = shared.tls.accept(stream).await?;
        return serve(Box::new(stream), "https", shared).await;
    }
    serve(Box::new(stream), "http", shared).await
}

async fn serve(mut stream: Box<dyn Wire>, mut scheme: &'static str, shared: &Shared) -> End {
    while let Some(seen) = read_request(&mut stream, scheme).await? {
        if seen.method == "CONNECT" {
            stream
                .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                .await?;
            stream = Box::new(shared.tls.accept(stream).await?);
            scheme = "https";
            continue;
        }
        let is_head = seen.method == "HEAD";
        let reply = (shared.handler)(&seen);
        shared.seen.lock().unwrap().push(seen);
        shared.count.send_modify(|count| *count += 1);
        let mut count = shared.count.subscribe();
        let wanted = reply.after_requests;
        let arrived = count.wait_for(|count| *count >= wanted);
        let _ = waiting::soon(&format!("request {wanted}"), arrived).await;
        write_reply(&mut stream, reply, is_head).await?;
    }
    Ok(())
}

async fn read_request<S>(stream: &mut S, scheme: &'static str) -> std::io::Result<Option<Seen>>
where
    S: AsyncRead + Unpin,
{
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return Ok(None),
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap().split(' ');
    let method = words.next().unwrap().to_owned();
    let target = words.next().unwrap().to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.get("content-length");
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await?;
    // A proxy is asked in absolute form.
    let target = match url::Url::parse(&target) {
        Ok(url) if method != "CONNECT" => url[url::Position::BeforePath..].to_owned(),
        _ => target,
    };
    Ok(Some(Seen {
        method,
        scheme,
        host: headers.get("host").cloned().unwrap_or_default(),
        target,
        headers,
        body,
    }))
}

async fn write_reply<S>(stream: &mut S, reply: Reply, is_head: bool) -> End
where
    S: AsyncWrite + Unpin,
{
    let mut head = format!("HTTP/1.1 {} Reply\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let closed = || Err(std::io::ErrorKind::ConnectionAborted.into());
    match reply.body {
        Body::Whole(body) => {
            let _ = write!(head, "Content-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await?;
            if !is_head {
                stream.write_all(&body).await?;
            }
            stream.flush().await
        }
        Body::Cut { bytes, length } => {
            let _ = write!(head, "Content-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            closed()
        }
        Body::Endless(chunk) => {
            head.push_str("Transfer-Encoding: chunked\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            loop {
                let size = format!("{:x}\r\n", chunk.len());
                stream.write_all(size.as_bytes()).await?;
                stream.write_all(&chunk).await?;
                stream.write_all(b"\r\n").await?;
            }
        }
        Body::Chunked(body) => {
            head.push_str("Transfer-Encoding: chunked\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            for piece in body.chunks(16 * 1024) {
                write_piece(stream, piece, true).await?;
            }
            stream.write_all(b"0\r\n\r\n").await?;
            stream.flush().await
        }
        Body::Drip {
            first,
            length,
            wait,
        } => {
            let _ = match length {
                Some(length) => write!(head, "Content-Length: {length}\r\n\r\n"),
                None => write!(head, "Transfer-Encoding: chunked\r\n\r\n"),
            };
            stream.write_all(head.as_bytes()).await?;
            for piece in first.chunks(16 * 1024) {
                write_piece(stream, piece, length.is_none()).await?;
            }
            loop {
                write_piece(stream, b" ", length.is_none()).await?;
                stream.flush().await?;
                tokio::time::sleep(wait).await;
            }
        }
        Body::Silent => std::future::pending().await,
        Body::Closed => closed(),
    }
}

async fn write_piece<S>(stream: &mut S, piece: &[u8], is_chunked: bool) -> End
where
    S: AsyncWrite + Unpin,
{
    if !is_chunked {
        return stream.write_all(piece).await;
    }
    let size = format!("{:x}\r\n", piece.len());
    stream.write_all(size.as_bytes()).await?;
    stream.write_all(piece).await?;
    stream.write_all(b"\r\n").await
}
