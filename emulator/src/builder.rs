//! How an emulator is to be, and its start.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use time::Duration;
use tokio::sync::oneshot;

use crate::{
    AccessKey, Emulator, Error, Faults, RegistryOptions, SignatureClock,
    authority::{Authority, Signed},
    calls::Calls,
    clock::Clock,
    ecs,
    iam::Decisions,
    identities::Identities,
    kms, lambda, managed_signing, random,
    registry::Registry,
    s3,
    saved::Saved,
    secrets_manager, server,
    shared::{CredentialOptions, Shared},
    signer::Store,
    ssm,
    tls::Tls,
};

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
    s3_endpoint: Option<String>,
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
            s3_endpoint: None,
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

    /// Keeps authority, access key, profiles, jobs, revocations, KMS keys and the registry's content in this directory, and takes
    /// them up again. One emulator at a time has a directory.
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

    /// Has signing jobs and functions read and write objects in this S3 server, `http://HOST:PORT`, and not in the
    /// emulator's own.
    #[must_use]
    pub fn s3_endpoint(mut self, url: &str) -> Self {
        self.s3_endpoint = Some(url.to_owned());
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
        let lock = data_dir.map(lock).transpose()?;
        let access_key = if let Some(key) = self.access_keys.first() {
            key.clone()
        } else {
            let fresh = || Ok(AccessKey::generate(&self.account, "emulator"));
            Saved::open(data_dir, "access-key.json", fresh)?
                .read()
                .clone()
        };
        let s3_elsewhere = match &self.s3_endpoint {
            None => None,
            Some(url) => Some(
                s3::Elsewhere::new(url, access_key.clone())
                    .ok_or_else(|| Error::S3Endpoint(url.clone()))?,
            ),
        };
        let clock = Clock::default();
        clock.set_offset(self.clock_offset);
        let shared = Arc::new(Shared {
            region: self.region,
            regions: self.regions,
            clock,
            signature_clock: self.signature_clock,
            identities: Identities::new(self.access_keys.into_iter().chain([access_key.clone()])),
            access_key,
            credential_options: self.credential_options,
            faults: Faults::default(),
            decisions: Decisions::default(),
            calls: Calls::default(),
            authority: Authority::open(data_dir, Signed::Envelopes)?,
            package_authority: Authority::open(data_dir, Signed::Packages)?,
            tls: Tls::open(data_dir)?,
            signer: Saved::open(data_dir, "signer.json", || Ok(Store::default()))?,
            kms: Saved::open(data_dir, "kms.json", || Ok(kms::Store::default()))?,
            ecs: Saved::open(data_dir, "ecs.json", || Ok(ecs::Store::default()))?,
            managed_signing: Saved::open(data_dir, "managed-signing.json", || {
                Ok(managed_signing::Store::default())
            })?,
            ssm: Saved::open(data_dir, "ssm.json", || Ok(ssm::Store::default()))?,
            secrets: Saved::open(data_dir, "secrets.json", || {
                Ok(secrets_manager::Store::default())
            })?,
            s3_elsewhere,
            s3: Saved::open(data_dir, "s3.json", || Ok(s3::Store::default()))?,
            lambda: Saved::open(data_dir, "lambda.json", || Ok(lambda::Store::default()))?,
            registry: Registry::open(self.registry, data_dir)?,
        });

        let listen = |source| Error::Listen {
            address: self.address,
            source,
        };
        let listener = TcpListener::bind(self.address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (stop, stopped) = oneshot::channel();
        let thread = run(listener, Arc::clone(&shared), stopped)?;
        Ok(Emulator {
            shared,
            address,
            stop: Some(stop),
            thread: Some(thread),
            _lock: lock,
        })
    }
}

/// Makes the data directory, and takes it for this emulator alone until the file is dropped.
fn lock(data_dir: &Path) -> Result<File, Error> {
    std::fs::create_dir_all(data_dir).map_err(|source| Error::File {
        path: data_dir.to_owned(),
        source,
    })?;
    let path = data_dir.join("lock");
    let file = File::create(&path).map_err(|source| Error::File {
        path: path.clone(),
        source,
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse {
            path: data_dir.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(Error::File { path, source }),
    }
}

/// Serves on a thread of its own until `stopped`.
fn run(
    listener: TcpListener,
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
