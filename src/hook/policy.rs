//! The gate policy of a function: read from the package or from AWS, held to its digest, and made into a gate.

use std::path::{Path, PathBuf};

use super::package::{CONFIG_FILE, Package, PolicySource};
use crate::aws::{Aws, CallError, StoredText};
use crate::config::{NotationDirs, Platform, StoreName};
use crate::environment::{self, Environment};
use crate::files;
use crate::gate::policy::{GatePolicy, GatePolicyError};
use crate::gate::{GateRoots, GateSetup, GateSetupError, other_endpoint};
use crate::limits::{MAX_GATE_POLICY_BYTES, NAMED_PIPE_TIMEOUT};
use crate::oci::{self, Digest};
use crate::report::HookPolicy;
use crate::trust_store::{self, NamedStore};
use crate::verify::{Setup, SetupError, Verifier};

/// Why the gate policy cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file in the package cannot be read.
    #[error("the gate policy in the package cannot be read")]
    Unreadable(#[source] files::Error),
    /// AWS would be asked for it elsewhere than at its own endpoints: the server there would decide what runs.
    #[error(
        "{} sets the endpoint `{url}`, which is not AWS's own and which `{CONFIG_FILE}` does not name, and the gate policy \
         is read from AWS",
        from
    )]
    Endpoint {
        /// Where it is set.
        from: String,
        /// The URL, without what may be secret in it.
        url: String,
    },
    /// The environment cannot be used.
    #[error(transparent)]
    Environment(environment::Error),
    /// AWS did not give it.
    #[error("the gate policy `{name}` cannot be read")]
    NotRead {
        /// Where it is.
        name: String,
        /// Why.
        #[source]
        source: CallError,
    },
    /// It is not the one that the package names.
    #[error("the gate policy `{name}` has the digest `{found}`, and the package wants `{wanted}`")]
    Changed {
        /// Where it is.
        name: String,
        /// The digest of what is there.
        found: Digest,
        /// The digest in the package.
        wanted: Digest,
    },
    /// It is malformed.
    #[error(transparent)]
    Policy(GatePolicyError),
    /// The trust policy in the package cannot be used.
    #[error("the trust policy in the package cannot be used")]
    Trust(#[source] SetupError),
    /// The trust anchor in the package cannot be used.
    #[error("the trust anchor in the package cannot be used")]
    Anchor(#[source] trust_store::Error),
    /// No gate can be made of it.
    #[error(transparent)]
    Gate(GateSetupError),
}

impl PolicyError {
    /// A name for programs to branch on; it does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "policy-changed",
            Self::Unreadable(_) | Self::NotRead { .. } => "policy-not-read",
            Self::Endpoint { .. } | Self::Environment(_) => "environment-unusable",
            Self::Policy(_) | Self::Trust(_) | Self::Anchor(_) | Self::Gate(_) => "policy-unusable",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable(error) => error.hint(),
            Self::NotRead { source, .. } => source.hint(),
            Self::Endpoint { url, .. } => Some(format!(
                "unset it; or, if AWS is to be asked there, add `{url}` to `awsEndpoints` of `{CONFIG_FILE}`, and deploy \
                 the package again"
            )),
            Self::Environment(error) => error.hint(),
            Self::Changed { .. } => {
                Some("if the change is right, deploy a package with the new digest".to_owned())
            }
            Self::Policy(error) => error.hint(),
            Self::Trust(error) => error.hint(),
            Self::Anchor(error) => error.hint(),
            Self::Gate(error) => error.hint(),
        }
    }
}

/// The bytes of a policy, and where they are from.
struct Found {
    path: PathBuf,
    bytes: Vec<u8>,
    version: Option<String>,
    is_unpinned: bool,
}

/// Reads the gate policy and makes a gate of it, not connected yet. `now` decides which exemptions may be asked for.
///
/// A policy in AWS comes from AWS's own endpoints, or from those that the package names: a variable of the process must
/// not choose the policy, and the policy itself cannot say where it is read.
///
/// # Errors
///
/// [`PolicyError`].
pub(super) async fn read(
    package: &Package,
    environment: &Environment,
    now: time::OffsetDateTime,
) -> Result<(GateSetup, HookPolicy), PolicyError> {
    if matches!(package.policy, PolicySource::Stored { .. }) {
        let other = other_endpoint(environment, |url| package.allows_endpoint(url)).await;
        if let Some((from, url)) = other.map_err(PolicyError::Environment)? {
            return Err(PolicyError::Endpoint { from, url });
        }
    }
    let connections = environment
        .connections()
        .map_err(PolicyError::Environment)?;
    let found = find(&package.policy, &connections.aws).await?;
    let policy = GatePolicy::parse(&found.path, &found.bytes, now).map_err(PolicyError::Policy)?;
    let record = HookPolicy {
        sha256: policy.sha256().to_string(),
        source: found.path.display().to_string(),
        unpinned: found.is_unpinned,
        version: found.version,
    };
    let trust = match &package.notation {
        Some(directory) if policy.names_statements() => Some(trust(directory)?),
        _ => None,
    };
    let roots = match &package.trust_anchor {
        None => GateRoots::Published,
        Some(file) => {
            let name = StoreName::trust_anchor();
            let store = NamedStore::from_file(name, file, NAMED_PIPE_TIMEOUT);
            GateRoots::Given(vec![store.map_err(PolicyError::Anchor)?])
        }
    };
    let setup = GateSetup::new(policy, trust, &roots).map_err(PolicyError::Gate)?;
    Ok((setup, record))
}

async fn find(source: &PolicySource, aws: &Aws) -> Result<Found, PolicyError> {
    let (text, region, name, pin) = match source {
        PolicySource::File(path) => {
            let bytes = files::read(path, MAX_GATE_POLICY_BYTES);
            return Ok(Found {
                bytes: bytes.map_err(PolicyError::Unreadable)?,
                // Where the package was unpacked says nothing.
                path: path.file_name().map_or_else(PathBuf::new, PathBuf::from),
                version: None,
                is_unpinned: false,
            });
        }
        PolicySource::Stored {
            text,
            region,
            name,
            pin,
        } => (text, region, name, pin),
    };
    let stored = match text {
        StoredText::Parameter { name, version } => aws.parameter(name, *version, region).await,
        StoredText::Secret { name, version } => aws.secret(name, version.as_deref(), region).await,
        StoredText::Object { name, version } => aws.object(name, version.as_deref(), region).await,
    };
    let stored = stored.map_err(|source| PolicyError::NotRead {
        name: name.clone(),
        source,
    })?;
    if let Some(wanted) = pin {
        let found = oci::sha256_digest(&stored.bytes);
        if found != *wanted {
            return Err(PolicyError::Changed {
                name: name.clone(),
                found,
                wanted: wanted.clone(),
            });
        }
    }
    Ok(Found {
        path: PathBuf::from(name),
        bytes: stored.bytes,
        version: stored.version,
        is_unpinned: pin.is_none(),
    })
}

/// The trust policy and the trust stores in a directory like Notation's.
fn trust(directory: &Path) -> Result<Setup, PolicyError> {
    let variable =
        |name: &str| (name == "NOTATION_CONFIG").then(|| directory.as_os_str().to_owned());
    let directories = match NotationDirs::new(Platform::current(), variable) {
        Ok(directories) => directories,
        // The variable is set.
        Err(_) => NotationDirs {
            config: directory.to_owned(),
            libexec: directory.to_owned(),
            cache: None,
        },
    };
    Verifier::from_notation_config(&directories).map_err(PolicyError::Trust)
}
