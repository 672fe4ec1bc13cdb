//! Why an image verifier does not come to a decision.

use std::path::PathBuf;

use super::configuration::ConfigurationError;
use super::file_hint::hint_of_file;
use super::request::RequestError;
use crate::aws::{CredentialFileError, SettingsError};
use crate::files;
use crate::gate::policy::GatePolicyError;
use crate::gate::{GateConnectError, GateSetupError};
use crate::trust_store;
use crate::verify::SetupError;

/// Why an image verifier does not come to a decision. Each is a refusal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// containerd's question is not one that is answered.
    #[error("the question of containerd cannot be answered")]
    Request(#[source] RequestError),
    /// The configuration cannot be used.
    #[error("the configuration of the image verifier cannot be used")]
    Configuration(#[source] ConfigurationError),
    /// A file that the configuration names cannot be used.
    #[error("a file of the image verifier cannot be used")]
    File(#[source] files::Error),
    /// The gate policy cannot be used.
    #[error("the gate policy cannot be used")]
    Policy(#[source] GatePolicyError),
    /// The gate policy names a plugin.
    #[error(
        "the gate policy names the plugin `{name}`, and an image verifier runs no other program"
    )]
    Plugin {
        /// The plugin's name.
        name: String,
    },
    /// Notation's trust policy cannot be used.
    #[error("the trust policy cannot be used")]
    TrustPolicy(#[source] SetupError),
    /// The trust anchor cannot be used.
    #[error("the trust anchor cannot be used")]
    TrustAnchor(#[source] trust_store::Error),
    /// The file with AWS credentials cannot be used.
    #[error("the AWS credentials in `{}` cannot be used", path.display())]
    AwsCredentials {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CredentialFileError,
    },
    /// The instance metadata cannot be asked.
    #[error("`instanceMetadata` cannot be used")]
    InstanceMetadata(#[source] SettingsError),
    /// The gate cannot be put together.
    #[error("the gate cannot decide")]
    Setup(#[source] GateSetupError),
    /// The gate cannot begin.
    #[error("the gate cannot decide")]
    Connect(#[source] GateConnectError),
    /// The registry has another media type for the digest than containerd was told.
    #[error("containerd takes `{digest}` for a `{wanted}`, and the registry says `{found}`")]
    MediaType {
        /// The digest.
        digest: String,
        /// containerd's media type.
        wanted: String,
        /// The one that was found here.
        found: String,
    },
}

impl VerifierError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Request(error) => error.hint(),
            Self::Configuration(error) => error.hint(),
            Self::File(error) => hint_of_file(error),
            Self::Policy(error) => error.hint(),
            Self::Plugin { .. } => {
                Some("name signing profiles, or statements without plugins, on nodes".to_owned())
            }
            Self::TrustPolicy(_) => {
                Some("the trust policy of a node is in `/etc/countersign/notation/`".to_owned())
            }
            Self::TrustAnchor(error) => error.hint(),
            Self::AwsCredentials { .. } => Some(
                "write the section `[default]` with an access key, and nothing else".to_owned(),
            ),
            Self::InstanceMetadata(error) => error.hint(),
            Self::Setup(error) => error.hint(),
            Self::Connect(error) => error.hint(),
            Self::MediaType { .. } => {
                Some("do not run the image: a registry that says two things of one digest deceives one of both".to_owned())
            }
        }
    }
}
