//! A place that must never be connected to.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::sandbox::Sandbox;
use super::waiting;

/// Counts connections, and answers none.
pub(crate) struct Tripwire {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Tripwire {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (count, end) = (Arc::clone(&connections), Arc::clone(&stop));
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                drop(connection);
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            address,
            connections,
            stop,
        }
    }

    /// `localhost:PORT`.
    pub(crate) fn host(&self) -> String {
        format!("{}:{}", waiting::localhost(), self.address.port())
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// A sandbox whose every way out leads here: proxies, endpoints of AWS, sources of credentials.
    pub(crate) fn sandbox(&self) -> Sandbox {
        let url = format!("http://{}", self.address);
        let mut sandbox = Sandbox::new();
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_SIGNER",
            "AWS_ENDPOINT_URL_SIGNER_DATA",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ] {
            sandbox = sandbox.with(name, url.as_str());
        }
        sandbox
            .with("AWS_EC2_METADATA_DISABLED", "false")
            .with("AWS_REGION", "us-east-1")
    }
}

impl Drop for Tripwire {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}
