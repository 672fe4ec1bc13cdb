//! Connections: HTTP/1.1, absolute-form requests and `CONNECT` as a proxy gets them, and answers that break off.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header, uri::PathAndQuery};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    call::Call,
    dispatch::{self, Reply},
    hosts::{is_layer_bucket, is_loopback_host, is_registry_host, is_service_host, split},
    registry::MAX_BLOB_BYTES,
    shared::Shared,
};

/// Bodies of AWS's JSON services: AWS Signer's largest input is some 6 KiB.
const MAX_API_BODY_BYTES: usize = 1024 * 1024;
/// What AWS Lambda says that a request may have: an archive of 50 MiB in base64.
const MAX_LAMBDA_BODY_BYTES: usize = 69_905_067;
/// A client that sends no request for this long is let go.
const HEADER_TIMEOUT: Duration = Duration::from_mins(1);

/// Serves connections until the task is dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let port = listener.local_addr().map_or(0, |address| address.port());
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { connection(stream, port, shared).await });
            }
            // Out of file descriptors, most likely: let some connections end.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Where a connection's requests come from.
#[derive(Debug, Clone)]
enum Origin {
    /// The listener, which has this port.
    Direct { port: u16 },
    /// A tunnel to this registry or service.
    Tunnel { host: String },
}

async fn connection(stream: TcpStream, port: u16, shared: Arc<Shared>) {
    // Small answers must not wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let stream = Stream {
        stream,
        reset: Arc::clone(&reset),
    };
    http(stream, Origin::Direct { port }, reset, shared).await;
}

async fn http<S>(stream: S, origin: Origin, reset: Arc<AtomicBool>, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let (origin, reset, shared) = (origin.clone(), Arc::clone(&reset), Arc::clone(&shared));
        async move { answer(request, origin, &reset, shared).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // The client went away, or a fault broke the connection off: no client is left to tell.
    let _ = connection.await;
}

async fn answer(
    request: Request<Incoming>,
    origin: Origin,
    reset: &Arc<AtomicBool>,
    shared: Arc<Shared>,
) -> io::Result<Response<ReplyBody>> {
    if request.method() == Method::CONNECT {
        return Ok(connect(request, &origin, Arc::clone(reset), shared));
    }
    let (host, client_origin) = match target(&request, &origin) {
        Ok(target) => target,
        Err(response) => return Ok(*response),
    };
    let request = match buffer(request).await {
        Ok(request) => request,
        Err(status) => return Ok(plain(status, "the emulator does not take this body")),
    };
    let call = Call {
        request,
        host,
        origin: client_origin,
        now: shared.clock.now(),
    };
    match dispatch::handle(&shared, &call).await {
        Reply::Whole(response) => Ok(response.map(ReplyBody::whole)),
        Reply::Truncated(response) => Ok(truncated(response)),
        Reply::Reset => {
            reset.store(true, Ordering::SeqCst);
            Err(io::Error::other("a fault resets this connection"))
        }
    }
}

/// The host a request means, and the scheme, host and port its client sees.
fn target<B>(
    request: &Request<B>,
    origin: &Origin,
) -> Result<(String, String), Box<Response<ReplyBody>>> {
    let port = match origin {
        Origin::Tunnel { host } => return Ok((host.clone(), format!("https://{host}"))),
        Origin::Direct { port } => *port,
    };
    // Absolute form: the client takes this for a proxy.
    if let Some(authority) = request.uri().authority() {
        let (host, proxied_port) = split(authority.as_str());
        let is_http = request.uri().scheme() == Some(&http::uri::Scheme::HTTP);
        let is_own = is_loopback_host(&host) && proxied_port.unwrap_or(80) == port;
        if is_http && (is_own || is_service_host(&host)) {
            let client_origin = format!("http://{authority}");
            return Ok((host, client_origin));
        }
        return Err(Box::new(refused(&host)));
    }
    let authority = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("127.0.0.1");
    Ok((
        split(authority).0,
        format!("http://{}", authority.to_ascii_lowercase()),
    ))
}

fn refused(host: &str) -> Response<ReplyBody> {
    plain(
        StatusCode::FORBIDDEN,
        &format!(
            "the emulator is no proxy to `{host}`: it stands in for AWS Signer, AWS KMS, AWS STS, AWS IAM, Amazon ECR, Amazon ECS, Amazon S3, AWS Lambda, AWS Secrets Manager and AWS Systems Manager alone"
        ),
    )
}

/// The request with its whole body, its URI in origin form.
async fn buffer(request: Request<Incoming>) -> Result<Request<Bytes>, StatusCode> {
    let (mut parts, body) = request.into_parts();
    let path = parts
        .uri
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    let is_api =
        parts.headers.contains_key("x-amz-date") || parts.headers.contains_key("x-amz-target");
    let scope = parts.headers.get(header::AUTHORIZATION);
    let scope = scope.and_then(|value| value.to_str().ok());
    let is_for = |service: &str| scope.is_some_and(|scope| scope.contains(service));
    let max_bytes = if is_for("/lambda/aws4_request") {
        MAX_LAMBDA_BODY_BYTES
    } else if is_api && !is_for("/s3/aws4_request") {
        MAX_API_BODY_BYTES
    } else {
        MAX_BLOB_BYTES
    };
    parts.uri = Uri::from(path);
    match Limited::new(body, max_bytes).collect().await {
        Ok(body) => Ok(Request::from_parts(parts, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

/// Ends the tunnel to a registry, to where its blobs are, or to a service, here.
fn connect(
    request: Request<Incoming>,
    origin: &Origin,
    reset: Arc<AtomicBool>,
    shared: Arc<Shared>,
) -> Response<ReplyBody> {
    let (host, port) = split(
        request
            .uri()
            .authority()
            .map_or("", |authority| authority.as_str()),
    );
    let is_direct = matches!(origin, Origin::Direct { .. });
    let is_known = is_registry_host(&host) || is_layer_bucket(&host) || is_service_host(&host);
    let is_refused = shared.faults.refuses_tunnel(&host);
    if !is_direct || !is_known || is_refused || port != Some(443) {
        return refused(&host);
    }
    let Ok(config) = shared.tls.config(&host) else {
        return plain(
            StatusCode::BAD_GATEWAY,
            "the emulator cannot make a certificate for this host",
        );
    };
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else {
            return;
        };
        // A failed handshake is the client's to tell: it does not trust the TLS root.
        let Ok(stream) = TlsAcceptor::from(config)
            .accept(TokioIo::new(upgraded))
            .await
        else {
            return;
        };
        http_in_tunnel(stream, host, reset, shared).await;
    });
    Response::new(ReplyBody::whole(Bytes::new()))
}

/// Boxed, because serving a tunnel and serving the connection it is made from are one function.
fn http_in_tunnel<S>(
    stream: S,
    host: String,
    reset: Arc<AtomicBool>,
    shared: Arc<Shared>,
) -> Pin<Box<dyn Future<Output = ()> + Send>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Box::pin(http(stream, Origin::Tunnel { host }, reset, shared))
}

fn plain(status: StatusCode, message: &str) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(Bytes::from(format!("{message}\n"))));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// The headers of the whole body, and half of it.
fn truncated(response: Response<Bytes>) -> Response<ReplyBody> {
    let (mut parts, body) = response.into_parts();
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    Response::from_parts(parts, ReplyBody::half(&body))
}

/// A body in one piece, which may break off.
#[derive(Debug)]
struct ReplyBody {
    data: Option<Bytes>,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// What is there must be sent before the connection breaks.
    BreakAfterFlush,
    Break,
}

impl ReplyBody {
    fn whole(data: Bytes) -> Self {
        Self {
            data: Some(data).filter(|data| !data.is_empty()),
            end: End::Whole,
        }
    }

    fn half(data: &Bytes) -> Self {
        Self {
            data: Some(data.slice(..data.len() / 2)).filter(|data| !data.is_empty()),
            end: End::BreakAfterFlush,
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        match self.end {
            End::Whole => Poll::Ready(None),
            End::BreakAfterFlush => {
                self.end = End::Break;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            End::Break => Poll::Ready(Some(Err(io::Error::other("a fault cuts this body")))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.end == End::Whole
    }

    fn size_hint(&self) -> SizeHint {
        if self.end == End::Whole {
            let length = self.data.as_ref().map_or(0, Bytes::len);
            SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
        } else {
            SizeHint::default()
        }
    }
}

/// A connection that a fault may reset: closing it then sends a reset, not an end.
#[derive(Debug)]
struct Stream {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.reset.load(Ordering::SeqCst) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
