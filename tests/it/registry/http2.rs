//! A server that speaks HTTP/2: one connection for many requests, with as many streams as it allows, and what becomes of
//! streams that it refuses and of connections that it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use countersign::http::{Pool, read_body};
use futures_util::future::join_all;
use reqwest::{Method, Request};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::support::http2::{acceptor, settings};

/// How the server behaves.
#[derive(Clone, Copy)]
struct Manner {
    /// Streams that one connection may have at the same time.
    streams: u32,
    /// Every stream of this number is refused, if it is not zero.
    refused: usize,
    /// A connection is ended after so many streams, with those that it has begun answered.
    ended_after: usize,
    /// Answers are held back until so many requests are there at the same time, in all.
    together: usize,
}

const WELL: Manner = Manner {
    streams: 1_000,
    refused: 0,
    ended_after: usize::MAX,
    together: 0,
};

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Requests that are being answered.
    open: watch::Sender<usize>,
    most: AtomicUsize,
}

struct Server {
    port: u16,
    root: tempfile::NamedTempFile,
    counts: Arc<Counts>,
}

impl Server {
    /// It ends with the test's runtime.
    fn start(manner: Manner) -> Self {
        let (acceptor, root) = acceptor();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counts) = (acceptor.clone(), Arc::clone(&counted));
                counts.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(connection(stream, acceptor, manner, counts));
            }
        });
        Self { port, root, counts }
    }

    /// The bodies of as many answers, which are asked for at the same time.
    async fn fetch(&self, count: usize) -> Vec<String> {
        let pool = Pool::new(settings(&self.root));
        let each = (0..count).map(|number| {
            let url = format!("https://localhost:{}/{number}", self.port);
            let request = Request::new(Method::GET, Url::parse(&url).unwrap());
            let pool = &pool;
            async move {
                let response = pool.send_idempotent(&request).await.unwrap();
                let body = read_body(response, 100).await.unwrap();
                String::from_utf8(body.to_vec()).unwrap()
            }
        });
        join_all(each).await
    }

    /// The most requests that were open at the same time.
    fn most(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }

    fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, manner: Manner, counts: Arc<Counts>) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(manner.streams);
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else {
        return;
    };
    let mut streams = 0;
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        streams += 1;
        let number = counts.requests.fetch_add(1, Ordering::SeqCst) + 1;
        if manner.refused != 0 && number.is_multiple_of(manner.refused) {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            continue;
        }
        if streams == manner.ended_after {
            connection.graceful_shutdown();
        }
        let path = request.uri().path().to_owned();
        let counts = Arc::clone(&counts);
        tokio::spawn(async move {
            counts.open.send_modify(|open| *open += 1);
            counts
                .most
                .fetch_max(*counts.open.borrow(), Ordering::SeqCst);
            let mut open = counts.open.subscribe();
            // The first one is alone.
            if number > 1 {
                let enough = open.wait_for(|open| *open >= manner.together);
                let _ = tokio::time::timeout(std::time::Duration::from_secs(5), enough).await;
            }
            if let Ok(mut stream) = respond.send_response(http::Response::new(()), false) {
                let _ = stream.send_data(path.into(), true);
            }
            counts.open.send_modify(|open| *open -= 1);
        });
    }
}

fn wanted(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("/{number}")).collect()
}

#[tokio::test]
async fn many_requests_share_one_connection() {
    // All but the first are there at the same time.
    let together = 99;
    let server = Server::start(Manner { together, ..WELL });
    assert_eq!(server.fetch(100).await, wanted(100));
    assert_eq!(server.connections(), 1);
    assert_eq!(server.most(), together);
}

#[tokio::test]
async fn no_more_streams_are_open_than_the_server_allows() {
    let server = Server::start(Manner { streams: 7, ..WELL });
    assert_eq!(server.fetch(100).await, wanted(100));
    assert_eq!(server.connections(), 1);
    assert!(server.most() <= 7, "{}", server.most());
}

#[tokio::test]
async fn refused_streams_are_asked_again() {
    let server = Server::start(Manner {
        refused: 10,
        ..WELL
    });
    assert_eq!(server.fetch(50).await, wanted(50));
    assert!(server.counts.requests.load(Ordering::SeqCst) > 50);
}

#[tokio::test]
async fn connections_that_the_server_ends_lose_nothing() {
    let ended_after = 10;
    let server = Server::start(Manner {
        ended_after,
        ..WELL
    });
    for _ in 0..5 {
        assert_eq!(server.fetch(30).await, wanted(30));
    }
    assert!(server.connections() > 1);
}
