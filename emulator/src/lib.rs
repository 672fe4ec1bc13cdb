//! AWS Signer, Amazon ECR and AWS STS on loopback.
//!
//! One server, one port, no network, no account. A client that is pointed at it ([`Emulator::env`]) signs and verifies
//! container images as it would with AWS; the signatures chain to a root of the emulator's own
//! ([`Emulator::root_certificate_pem`]).
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use countersign_emulator::{Emulator, Fault, FaultKind};
//!
//! let emulator = Emulator::builder().start_blocking()?;
//! for (name, value) in emulator.env() {
//!     println!("{name}={value}"); // for the client under test
//! }
//! emulator.faults().add(Fault::new(FaultKind::Throttle).on("SignPayload").times(2));
//! // ... run the client, then:
//! assert!(emulator.calls().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! A request goes to a service by its host, path and headers:
//!
//! | request | module |
//! | --- | --- |
//! | `/v2/...`, or any path on an ECR host | `registry` |
//! | `/_emulator/...` | `admin` |
//! | `X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.*` | `ecr` |
//! | `POST /` with a form | `sts` |
//! | `/credentials/...`, `/latest/...`, `/federation/...` | `credential_endpoints` |
//! | any other path | `signer` |

mod server;
mod dispatch;
mod call;
mod calls;
mod faults;
mod sigv4;
mod protocol;
mod error;

mod signer;
mod ecr;
mod registry;
mod sts;
mod credential_endpoints;
mod admin;

mod shared;
mod authority;
mod tls;
mod identities;
mod clock;
mod saved;
mod hosts;
mod partition;
mod random;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use time::Duration;
use tokio::sync::oneshot;

pub use calls::RecordedCall;
pub use clock::SignatureClock;
pub use faults::{Fault, FaultKind, Faults, Tamper};
pub use identities::AccessKey;
pub use registry::{
    Access, BlobDelivery, DiskError, ReferrersApi, RegistryOptions, RepositoryCreation,
    TestImageError,
};

use shared::{CredentialOptions, Shared};

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// Address and port.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The server's thread cannot be started.
    #[error("cannot start the server's thread")]
    Thread(#[source] std::io::Error),
    /// A file of the data directory cannot be read or written.
    #[error("cannot read or write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the data directory is not what the emulator wrote.
    #[error("`{}` is not a state file of this emulator", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it differs.
        source: serde_json::Error,
    },
    /// The registry's part of the data directory cannot be used.
    #[error("the registry of the data directory cannot be used")]
    Registry(#[source] DiskError),
    /// A key or certificate cannot be made or read.
    #[error("a certificate of the emulator cannot be made")]
    Certificate(#[source] rcgen::Error),
    /// A certificate cannot be used for TLS.
    #[error("a certificate of the emulator cannot be used for TLS")]
    Tls(#[source] rustls::Error),
}

/// How an emulator is to be.
#[derive(Debug)]
pub struct Builder {
    address: SocketAddr,
    account: String,
    region: String,
    regions: Vec<String>,
    access_keys: Vec<AccessKey>,
    data_dir: Option<PathBuf>,
    clock_offset: Duration,
    signature_clock: SignatureClock,
    credential_options: CredentialOptions,
    registry: RegistryOptions,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            regions: Vec::new(),
            access_keys: Vec::new(),
            data_dir: None,
            clock_offset: Duration::ZERO,
            signature_clock: SignatureClock::default(),
            credential_options: CredentialOptions {
                role: "emulator".to_owned(),
                container_token: None,
                web_identity_token: None,
                sso_token: None,
                imds_token: random::alphanumeric(56),
            },
            registry: RegistryOptions::default(),
        }
    }
}

impl Builder {
    /// The address and port to listen on; port 0 (the default) takes a free one, on 127.0.0.1.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// The account of [`Emulator::access_key_id`]: twelve digits; 111122223333 unless set.
    #[must_use]
    pub fn account(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    /// The region of [`Emulator::env`]; us-east-1 unless set. Signatures may be scoped to any region.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// Takes only signatures that are scoped to one of these regions.
    #[must_use]
    pub fn only_regions(mut self, regions: &[&str]) -> Self {
        self.regions = regions.iter().map(|region| (*region).to_owned()).collect();
        self
    }

    /// One more access key, of the same account or of another. The first one given is the emulator's own.
    #[must_use]
    pub fn access_key(mut self, key: AccessKey) -> Self {
        self.access_keys.push(key);
        self
    }

    /// Keeps authority, access key, profiles, jobs, revocations and the registry's content in this directory, and takes them up again.
    #[must_use]
    pub fn data_dir(mut self, data_dir: &Path) -> Self {
        self.data_dir = Some(data_dir.to_owned());
        self
    }

    /// Signs at the real time plus this.
    #[must_use]
    pub fn clock_offset(mut self, offset: Duration) -> Self {
        self.clock_offset = offset;
        self
    }

    /// Which clock the dates of requests are compared with.
    #[must_use]
    pub fn signature_clock(mut self, clock: SignatureClock) -> Self {
        self.signature_clock = clock;
        self
    }

    /// The role that the container endpoint and IMDS give credentials of; `emulator` unless set.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        role.clone_into(&mut self.credential_options.role);
        self
    }

    /// What `Authorization` must be at `/credentials/container`; anything unless set.
    #[must_use]
    pub fn container_token(mut self, token: &str) -> Self {
        self.credential_options.container_token = Some(token.to_owned());
        self
    }

    /// The token that `AssumeRoleWithWebIdentity` takes; any unless set.
    #[must_use]
    pub fn web_identity_token(mut self, token: &str) -> Self {
        self.credential_options.web_identity_token = Some(token.to_owned());
        self
    }

    /// The bearer token that `GetRoleCredentials` of SSO takes; any unless set.
    #[must_use]
    pub fn sso_token(mut self, token: &str) -> Self {
        self.credential_options.sso_token = Some(token.to_owned());
        self
    }

    /// How the registry behaves.
    #[must_use]
    pub fn registry(mut self, options: RegistryOptions) -> Self {
        self.registry = options;
        self
    }

    /// Starts the emulator on a thread of its own; it ends when the [`Emulator`] is dropped.
    ///
    /// # Errors
    ///
    /// [`Error`] if the address is taken or the data directory cannot be used.
    #[expect(
        clippy::unused_async,
        reason = "what reads well in an asynchronous test"
    )]
    pub async fn start(self) -> Result<Emulator, Error> {
        self.start_blocking()
    }

    /// As [`Self::start`], where nothing is asynchronous.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_blocking(self) -> Result<Emulator, Error> {
        let data_dir = self.data_dir.as_deref();
        if let Some(path) = data_dir {
            std::fs::create_dir_all(path).map_err(|source| Error::File {
                path: path.to_owned(),
                source,
            })?;
        }
        let mut access_keys = self.access_keys;
        if access_keys.is_empty() {
            let fresh = || Ok(AccessKey::generate(&self.account, "emulator"));
            let key = saved::Saved::open(data_dir, "access-key.json", fresh)?
                .read()
                .clone();
            access_keys.push(key);
        }
        let Some(access_key) = access_keys.first().cloned() else {
            unreachable!("one was just added")
        };
        let clock = clock::Clock::default();
        clock.set_offset(self.clock_offset);
        let shared = Arc::new(Shared {
            account: access_key.account.clone(),
            region: self.region,
            regions: self.regions,
            clock,
            signature_clock: self.signature_clock,
            identities: identities::Identities::new(access_keys),
            credential_options: self.credential_options,
            faults: Faults::default(),
            calls: calls::Calls::default(),
            authority: authority::Authority::open(data_dir)?,
            tls: tls::Tls::open(data_dir)?,
            signer: saved::Saved::open(data_dir, "signer.json", || Ok(signer::Store::default()))?,
            registry: registry::Registry::open(self.registry, data_dir)?,
        });

        let listen = |source| Error::Listen {
            address: self.address,
            source,
        };
        let listener = std::net::TcpListener::bind(self.address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stop, stopped) = oneshot::channel();
        let thread = run(listener, Arc::clone(&shared), stopped)?;
        Ok(Emulator {
            shared,
            access_key,
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// Serves on a thread of its own until `stopped`.
fn run(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    stopped: oneshot::Receiver<()>,
) -> Result<JoinHandle<()>, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("emulator-worker")
        .enable_all()
        .build()
        .map_err(Error::Thread)?;
    let serve = move || {
        runtime.block_on(async {
            let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                return;
            };
            tokio::select! {
                () = server::serve(listener, shared) => {}
                _ = stopped => {}
            }
        });
        // Connections that wait for a client are not waited for.
        runtime.shutdown_background();
    };
    std::thread::Builder::new()
        .name("emulator".to_owned())
        .spawn(serve)
        .map_err(Error::Thread)
}

/// A running emulator; it ends when this is dropped.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    access_key: AccessKey,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Emulator {
    /// An emulator with nothing set yet.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`: the value of `AWS_ENDPOINT_URL`, and of `HTTP_PROXY` and `HTTPS_PROXY`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Twelve digits.
    pub fn account(&self) -> &str {
        &self.access_key.account
    }

    /// The default region.
    pub fn region(&self) -> &str {
        &self.shared.region
    }

    /// The access key's identifier.
    pub fn access_key_id(&self) -> &str {
        &self.access_key.access_key_id
    }

    /// The access key's secret.
    pub fn secret_access_key(&self) -> &str {
        &self.access_key.secret_access_key
    }

    /// The variables that point an AWS client at this emulator.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", self.access_key.access_key_id.clone()),
            (
                "AWS_SECRET_ACCESS_KEY",
                self.access_key.secret_access_key.clone(),
            ),
            ("AWS_REGION", self.shared.region.clone()),
            ("AWS_DEFAULT_REGION", self.shared.region.clone()),
        ]
    }

    /// The root of the envelopes' certificate chains, in PEM: a verifier's trust anchor.
    pub fn root_certificate_pem(&self) -> String {
        self.shared.authority.root_pem()
    }

    /// The root of the certificates behind `CONNECT`, in PEM: for `SSL_CERT_FILE`. It signs no envelope.
    pub fn tls_root_pem(&self) -> String {
        self.shared.tls.root_pem()
    }

    /// The calls so far, oldest first; at most the last 10,000. The emulator's own routes are not among them.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.shared.calls.all()
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.shared.calls.clear();
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Signs at the real time plus this, from now on.
    pub fn set_clock_offset(&self, offset: Duration) {
        self.shared.clock.set_offset(offset);
    }

    /// `GetRevocationStatus` names this certificate hash (192 hexadecimal digits) from now on. AWS has no operation
    /// that revokes a certificate.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if the data directory cannot be written.
    pub fn revoke_certificate(&self, hash: &str) -> Result<(), Error> {
        self.shared
            .revoke_certificate(hash)
            .map_err(|error| Error::File {
                path: "signer.json".into(),
                source: std::io::Error::other(error.message),
            })
    }

    /// Writes `env` (`export` lines, for its owner alone), `root.crt` and `tls-root.crt` into `dir`.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn write_files(&self, dir: &Path) -> Result<(), Error> {
        use saved::Secrecy::{Public, Secret};
        let env: String = self
            .env()
            .iter()
            .map(|(name, value)| format!("export {name}='{value}'\n"))
            .collect();
        let files = [
            ("env", env, Secret),
            ("root.crt", self.root_certificate_pem(), Public),
            ("tls-root.crt", self.tls_root_pem(), Public),
        ];
        for (name, text, secrecy) in files {
            let path = dir.join(name);
            saved::write(&path, text.as_bytes(), secrecy)
                .map_err(|source| Error::File { path, source })?;
        }
        Ok(())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
