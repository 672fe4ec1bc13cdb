//! The clients of AWS that have no SDK crate, at AWS's own host names, against the emulator behind a proxy.

mod ecs;
mod stored;

use countersign::aws::{Aws, CallErrorKind, Settings};
use countersign::http;
use countersign_emulator::{Emulator, Fault, FaultKind};
use tempfile::NamedTempFile;

pub(super) const REGION: &str = "us-east-1";

pub(super) struct Cloud {
    pub(super) emulator: Emulator,
    pub(super) aws: Aws,
    _roots: NamedTempFile,
}

impl Cloud {
    pub(super) fn new() -> Self {
        let emulator = Emulator::builder().start_blocking().unwrap();
        let roots = NamedTempFile::new().unwrap();
        std::fs::write(roots.path(), emulator.tls_root_pem()).unwrap();
        let (proxy, file) = (emulator.endpoint(), roots.path().display().to_string());
        let settings = http::Settings::from_variables(|name| match name {
            "HTTPS_PROXY" => Some(proxy.clone()),
            "SSL_CERT_FILE" => Some(file.clone()),
            _ => None,
        });
        let pool = http::Pool::new(settings.unwrap());
        let (id, secret) = (emulator.access_key_id(), emulator.secret_access_key());
        let credentials = aws_credential_types::Credentials::from_keys(id, secret, None);
        let provider = aws_credential_types::provider::SharedCredentialsProvider::new(credentials);
        let aws = Aws::apart(pool, Settings::default(), Some(provider)).unwrap();
        Self {
            emulator,
            aws,
            _roots: roots,
        }
    }

    /// `arn:aws:ecs:us-east-1:ACCOUNT:RESOURCE`.
    pub(super) fn arn(&self, resource: &str) -> String {
        format!(
            "arn:aws:ecs:{REGION}:{}:{resource}",
            self.emulator.account()
        )
    }

    /// The hosts that were asked, newest last.
    pub(super) fn last_host(&self) -> String {
        self.emulator.calls().last().unwrap().host.clone()
    }
}

/// What each fault of an operation becomes. Throttling is waited out for seconds: [`throttled`].
const FAULTS: [(FaultKind, CallErrorKind); 4] = [
    (FaultKind::AccessDenied, CallErrorKind::Denied),
    (
        FaultKind::ServerError { status: 503 },
        CallErrorKind::ServiceFailure,
    ),
    (FaultKind::ConnectionReset, CallErrorKind::Unreachable),
    (FaultKind::TruncatedBody, CallErrorKind::Unreachable),
];

/// Makes `call` with every fault of `operation`, none of which may give an answer.
pub(super) async fn under_faults<T: std::fmt::Debug, F>(
    cloud: &Cloud,
    operation: &str,
    call: impl Fn() -> F,
) where
    F: Future<Output = Result<T, countersign::aws::CallError>>,
{
    for (fault, kind) in FAULTS {
        cloud.emulator.faults().add(Fault::new(fault).on(operation));
        let error = call().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{operation} {fault:?}: {error}");
        cloud.emulator.faults().clear();
    }
    let passing = Fault::new(FaultKind::Throttle).on(operation).times(1);
    cloud.emulator.faults().add(passing);
    call().await.unwrap();
}

/// Makes `call` while AWS throttles all of `operation`.
pub(super) async fn throttled<T: std::fmt::Debug>(
    cloud: &Cloud,
    operation: &str,
    call: impl Future<Output = Result<T, countersign::aws::CallError>>,
) {
    let fault = Fault::new(FaultKind::Throttle).on(operation);
    cloud.emulator.faults().add(fault);
    let error = call.await.unwrap_err();
    assert_eq!(
        error.kind(),
        CallErrorKind::Throttled,
        "{operation}: {error}"
    );
    cloud.emulator.faults().clear();
}
