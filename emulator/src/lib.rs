//! AWS Signer, AWS KMS, Amazon ECR, AWS STS and a question to AWS IAM on loopback.
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
//! | `/v2/...`, `/_registry/...`, or any path on an ECR host | `registry` |
//! | `/_emulator/...` | `admin` |
//! | `X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.*` | `ecr` |
//! | `X-Amz-Target: TrentService.*` | `kms` |
//! | `POST /` with a form | `sts`, or `iam` by its version |
//! | `/credentials/...`, `/latest/...`, `/federation/...` | `credential_endpoints` |
//! | `/2015-03-31/...`, `/2018-10-31/...`, `/2020-04-22/...`, `/2020-06-30/...`, `/_lambda/...` | `lambda` |
//! | any other path | `signer` |

mod builder;
mod convenience;
mod deployments;
mod server;
mod dispatch;
mod service;
mod call;
mod calls;
mod faults;
mod signed_call;
mod sigv4;
mod protocol;
mod error;

mod signer;
mod kms;
mod packages;
mod ecr;
mod managed_signing;
mod ecs;
mod ssm;
mod secrets_manager;
mod s3;
mod lambda;
mod registry;
mod sts;
mod iam;
mod credential_endpoints;
mod admin;

mod shared;
mod authority;
mod tls;
mod identities;
mod clock;
mod saved;
mod hosts;
mod json;
mod partition;
mod random;

use std::{
    fmt::Write as _,
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use time::Duration;
use tokio::sync::oneshot;

pub use builder::Builder;
pub use calls::RecordedCall;
pub use clock::SignatureClock;
pub use convenience::{ConvenienceError, SigningProfile};
pub use faults::{Fault, FaultKind, Faults, Tamper};
pub use iam::Decision;
pub use identities::AccessKey;
pub use managed_signing::{SigningCourse, SigningEnd};
pub use packages::SignedPackage;
pub use registry::{
    Access, BlobDelivery, DiskError, ListedSize, ListedType, ReferrersApi, RegistryOptions,
    RepositoryCreation, Software, SubjectHeader, TestImageError,
};
pub use signer::lambda_zip::{
    PackageError, PackageSignature, PackageSigning, package_digest, package_signature,
};

use shared::Shared;

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
    /// Another emulator has the data directory.
    #[error("another emulator has the data directory `{}`", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A file of the data directory is not what the emulator wrote.
    #[error("`{}` is not a state file of this emulator", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where it differs.
        source: serde_json::Error,
    },
    /// The endpoint of another S3 server is not `http://HOST:PORT`.
    #[error("`{0}` is not an S3 endpoint of the form http://HOST:PORT")]
    S3Endpoint(String),
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

/// A running emulator; it ends when this is dropped.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Held while the data directory is this emulator's.
    _lock: Option<File>,
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
        &self.shared.access_key.account
    }

    /// The default region.
    pub fn region(&self) -> &str {
        &self.shared.region
    }

    /// The access key's identifier.
    pub fn access_key_id(&self) -> &str {
        &self.shared.access_key.access_key_id
    }

    /// The access key's secret.
    pub fn secret_access_key(&self) -> &str {
        &self.shared.access_key.secret_access_key
    }

    /// The variables that point an AWS client at this emulator.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            (
                "AWS_ACCESS_KEY_ID",
                self.shared.access_key.access_key_id.clone(),
            ),
            (
                "AWS_SECRET_ACCESS_KEY",
                self.shared.access_key.secret_access_key.clone(),
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

    /// What IAM's `SimulatePrincipalPolicy` says of an action, such as `signer:SignPayload`, from now on; every other
    /// one is allowed. The emulator itself holds to no policy.
    pub fn simulate(&self, action: &str, decision: Decision) {
        self.shared.decisions.set(action, decision);
    }

    /// IAM knows this user or role from now on, besides the caller of `SimulatePrincipalPolicy`.
    pub fn add_principal(&self, arn: &str) {
        self.shared.decisions.add_principal(arn);
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

    /// Writes `env` (`export` lines, for its owner alone), `root.crt`, `package-root.crt` and `tls-root.crt` into `dir`.
    ///
    /// # Errors
    ///
    /// [`Error::File`].
    pub fn write_files(&self, dir: &Path) -> Result<(), Error> {
        use saved::Secrecy::{Public, Secret};
        let mut env = String::new();
        for (name, value) in self.env() {
            let _ = writeln!(env, "export {name}='{value}'");
        }
        let files = [
            ("env", env, Secret),
            ("root.crt", self.root_certificate_pem(), Public),
            (
                "package-root.crt",
                self.package_root_certificate_pem(),
                Public,
            ),
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
