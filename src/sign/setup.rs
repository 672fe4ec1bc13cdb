//! How an [`ArtifactSigner`] is put together: whose key, how it signs, and where it runs.
//!
//! Input: a signing profile of AWS Signer, a key, or a plugin. Output: a [`Setup`], which makes signers out of
//! environments; the command line's are made by it, too.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use zeroize::Zeroizing;

use super::blob::{self, Blob, BlobSignature, Progress};
use super::{Error, Options, StoredSignature, sign};
use crate::aws::Pace;
use crate::aws::{ArnError, KmsKeyId, KmsKeyIdError};
use crate::config::NoDirectory;
use crate::environment::{self, Connections, Environment};
use crate::limits::NAMED_PIPE_TIMEOUT;
use crate::notary::EnvelopeFormat;
use crate::plugin_contract::PluginConfig;
use crate::plugin_host;
use crate::reference::ArtifactReference;
use crate::registry::{self, Storage};
use crate::signer::aws_kms::KmsKey;
use crate::signer::aws_signer::{AwsSigner, SigningProfile};
use crate::signer::certificate_chain::{CertificateChain, CertificateChainError};
use crate::signer::local_key::{self, KeyFile};
use crate::signer::plugin::PluginSigner;
use crate::signer::timestamping::{self, Timestamping};
use crate::signer::{self, Signer, Terms};
use crate::x509::Certificate;

/// Why a signer cannot be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A text is not the ARN of a signing profile.
    #[error(transparent)]
    Profile(ArnError),
    /// A text names no key of AWS KMS.
    #[error(transparent)]
    KmsKey(KmsKeyIdError),
    /// The file of the key's certificates cannot be used.
    #[error(transparent)]
    Certificates(CertificateChainError),
    /// The key file or its certificates cannot be used.
    #[error(transparent)]
    LocalKey(local_key::Error),
    /// The plugin cannot be used.
    #[error(transparent)]
    Plugin(plugin_host::Error),
    /// The environment does not say where plugins are.
    #[error(transparent)]
    NoPlugins(NoDirectory),
    /// The timestamping authority, or the file with its root, cannot be used.
    #[error(transparent)]
    Timestamping(timestamping::AuthorityError),
    /// The signer does not do what is asked of it.
    #[error(transparent)]
    Signer(signer::Error),
    /// The environment cannot be used.
    #[error(transparent)]
    Environment(environment::Error),
}

impl SetupError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Profile(error) => error.hint(),
            Self::KmsKey(error) => error.hint(),
            Self::Certificates(error) => error.hint(),
            Self::LocalKey(error) => error.hint(),
            Self::Plugin(error) => error.hint(),
            Self::NoPlugins(error) => Some(error.hint()),
            Self::Timestamping(error) => error.hint(),
            Self::Signer(error) => error.hint(),
            Self::Environment(error) => error.hint(),
        }
    }
}

#[derive(Debug, Clone)]
enum Key {
    AwsSigner(SigningProfile),
    AwsKms {
        id: KmsKeyId,
        certificates: PathBuf,
    },
    Local {
        key: PathBuf,
        certificates: PathBuf,
    },
    Plugin {
        name: String,
        id: String,
        config: PluginConfig,
    },
}

/// What opens an encrypted key; wiped when nothing has it any more.
#[derive(Clone)]
struct Passphrase(Arc<Zeroizing<Vec<u8>>>);

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

/// Whose key signs and how, before the signer is connected.
#[derive(Debug, Clone)]
pub struct Setup {
    key: Key,
    format: EnvelopeFormat,
    expiry: Option<Duration>,
    user_metadata: BTreeMap<String, String>,
    storage: Storage,
    timestamping: Option<(Url, Certificate)>,
    passphrase: Option<Passphrase>,
    rate: Option<NonZeroU32>,
    /// How long a pipe that was named may take to be written to its end; files only, where that is not said.
    pipes: Option<Duration>,
}

/// Signs artifacts with one key and stores each signature beside what it signs.
///
/// It keeps connections, credentials and tokens, and the pace at which AWS Signer is asked; nothing about
/// artifacts. Every signature is verified before it is stored.
#[derive(Debug)]
pub struct ArtifactSigner {
    setup: Setup,
    by: Signer,
    environment: Environment,
    connections: Connections,
}

impl ArtifactSigner {
    /// Signs with a signing profile of AWS Signer, or with exactly one version of it: an ARN,
    /// `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME`.
    ///
    /// # Errors
    ///
    /// [`SetupError::Profile`].
    pub fn with_signing_profile(profile: &str) -> Result<Setup, SetupError> {
        let profile = SigningProfile::parse(profile).map_err(SetupError::Profile)?;
        Ok(Setup::new(Key::AwsSigner(profile)))
    }

    /// Signs with a key of AWS KMS: its ARN, its identifier, an alias' ARN or `alias/NAME`. `certificates` is the
    /// file with the key's certificate and those of its issuers, in PEM, or as AWS Private CA prints them; it is
    /// read by [`Setup::connect`].
    ///
    /// # Errors
    ///
    /// [`SetupError::KmsKey`].
    pub fn with_kms_key(key: &str, certificates: &Path) -> Result<Setup, SetupError> {
        let id = KmsKeyId::parse(key).map_err(SetupError::KmsKey)?;
        let certificates = certificates.to_owned();
        Ok(Setup::new(Key::AwsKms { id, certificates }))
    }

    /// Signs with the key in a file (PKCS #8 in PEM; [`Setup::with_passphrase`] opens one that is encrypted) and its
    /// certificates in another; both are read by [`Setup::connect`].
    pub fn with_local_key(key: &Path, certificates: &Path) -> Setup {
        let (key, certificates) = (key.to_owned(), certificates.to_owned());
        Setup::new(Key::Local { key, certificates })
    }

    /// Signs with the key `id` of the Notation plugin `name`, which is installed in the environment and is given these
    /// settings.
    pub fn with_plugin(name: &str, id: &str, config: PluginConfig) -> Setup {
        let (name, id) = (name.to_owned(), id.to_owned());
        Setup::new(Key::Plugin { name, id, config })
    }

    /// Signs the artifact that `reference` names and stores the signature beside it. The reference is resolved
    /// once; where a tag has moved when the signature is there, nothing is stored.
    ///
    /// # Errors
    ///
    /// Nothing is stored unless every step before holds; [`Error`] names the step.
    pub async fn sign(&self, reference: &ArtifactReference) -> Result<StoredSignature, Error> {
        let options = self.options();
        sign(reference, &self.by, &self.connections.registry, &options).await
    }

    /// Signs a file. The signature is the caller's to store. `progress` is told how much of the file was read.
    ///
    /// # Errors
    ///
    /// [`blob::Error`].
    pub async fn sign_blob(
        &self,
        blob: &Blob,
        media_type: &str,
        progress: Progress<'_>,
    ) -> Result<BlobSignature, blob::Error> {
        let options = blob::Options {
            media_type: media_type.to_owned(),
            user_metadata: self.setup.user_metadata.clone(),
            terms: self.setup.terms(&self.environment, &self.connections),
        };
        blob::sign(blob, &self.by, &options, progress).await
    }

    /// What is asked of a signing that begins now.
    pub(crate) fn options(&self) -> Options {
        Options {
            user_metadata: self.setup.user_metadata.clone(),
            storage: self.setup.storage,
            terms: self.setup.terms(&self.environment, &self.connections),
        }
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.by
    }

    pub(super) fn registry(&self) -> registry::Client {
        self.connections.registry.clone()
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }
}

impl Setup {
    fn new(key: Key) -> Self {
        Self {
            key,
            format: EnvelopeFormat::Jws,
            expiry: None,
            user_metadata: BTreeMap::new(),
            storage: Storage::ReferrersApi,
            timestamping: None,
            passphrase: None,
            rate: None,
            pipes: None,
        }
    }

    /// The same with envelopes of this format in place of JWS. AWS Signer makes JWS only.
    #[must_use]
    pub fn with_format(self, format: EnvelopeFormat) -> Self {
        Self { format, ..self }
    }

    /// The same, whose signatures expire after this time, in whole seconds. AWS Signer takes it from the profile.
    #[must_use]
    pub fn with_expiry(self, expiry: Duration) -> Self {
        Self {
            expiry: Some(expiry),
            ..self
        }
    }

    /// The same with this metadata signed with each artifact.
    #[must_use]
    pub fn with_user_metadata(self, user_metadata: BTreeMap<String, String>) -> Self {
        Self {
            user_metadata,
            ..self
        }
    }

    /// The same with signatures filed like this.
    #[must_use]
    pub fn with_storage(self, storage: Storage) -> Self {
        Self { storage, ..self }
    }

    /// The same with a timestamp of the authority at `url` (RFC 3161), whose certificate leads to the one in the file
    /// `root`, in PEM or DER. AWS Signer vouches for the time itself.
    ///
    /// # Errors
    ///
    /// [`SetupError::Timestamping`].
    pub fn with_timestamping(self, url: &str, root: &Path) -> Result<Self, SetupError> {
        let url = timestamping::parse_url(url).map_err(SetupError::Timestamping)?;
        let wait = self.pipes.unwrap_or(NAMED_PIPE_TIMEOUT);
        let root = timestamping::read_root(root, wait).map_err(SetupError::Timestamping)?;
        Ok(self.with_authority(url, root))
    }

    pub(crate) fn with_authority(self, url: Url, root: Certificate) -> Self {
        Self {
            timestamping: Some((url, root)),
            ..self
        }
    }

    /// The same with the passphrase of an encrypted key in a file.
    #[must_use]
    pub fn with_passphrase(self, passphrase: Vec<u8>) -> Self {
        Self {
            passphrase: Some(Passphrase(Arc::new(Zeroizing::new(passphrase)))),
            ..self
        }
    }

    /// The same, where AWS Signer is asked for so many signatures a second at most, in place of what its quota allows.
    #[must_use]
    pub fn with_rate(self, per_second: NonZeroU32) -> Self {
        Self {
            rate: Some(per_second),
            ..self
        }
    }

    /// The same, where certificates may come by a pipe that is written to its end in this time.
    #[cfg(feature = "cli")]
    pub(crate) fn with_pipes(self, wait: Duration) -> Self {
        Self {
            pipes: Some(wait),
            ..self
        }
    }

    /// A signer that runs in `environment`. Key files and certificates are read; no request is sent yet.
    ///
    /// # Errors
    ///
    /// [`SetupError`].
    pub fn connect(&self, environment: &Environment) -> Result<ArtifactSigner, SetupError> {
        let passphrase = || self.passphrase.clone();
        self.connect_with(environment, |_| {
            Ok(passphrase().map(|Passphrase(bytes)| bytes.to_vec().into()))
        })
    }

    /// The same, where `passphrase` says what opens the key file.
    pub(crate) fn connect_with<E: From<SetupError>>(
        &self,
        environment: &Environment,
        passphrase: impl FnOnce(&KeyFile) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
    ) -> Result<ArtifactSigner, E> {
        let connections = environment.connections().map_err(SetupError::Environment)?;
        let (aws, now) = (connections.aws.clone(), environment.now());
        let by = match &self.key {
            Key::AwsSigner(profile) => Signer::AwsSigner(AwsSigner {
                aws,
                profile: profile.clone(),
                pace: self.rate.map_or_else(Pace::default, Pace::per_second),
            }),
            Key::AwsKms { id, certificates } => {
                let chain = match self.pipes {
                    Some(wait) => CertificateChain::read_named(certificates, wait, now),
                    None => CertificateChain::read(certificates, now),
                };
                let chain = chain.map_err(SetupError::Certificates)?;
                Signer::AwsKms(KmsKey::new(aws, id.clone(), chain))
            }
            Key::Local { key, certificates } => {
                let file = KeyFile::read(key, certificates, now).map_err(SetupError::LocalKey)?;
                let passphrase = passphrase(&file)?;
                let passphrase = passphrase.as_ref().map(|bytes| bytes.as_slice());
                Signer::LocalKey(file.open(passphrase).map_err(SetupError::LocalKey)?)
            }
            Key::Plugin { name, id, config } => {
                let host = environment.plugin_host().map_err(SetupError::NoPlugins)?;
                Signer::Plugin(PluginSigner {
                    plugin: host.find(name).map_err(SetupError::Plugin)?,
                    key_id: id.clone(),
                    config: config.clone(),
                })
            }
        };
        by.check(&self.terms(environment, &connections))
            .map_err(SetupError::Signer)?;
        Ok(ArtifactSigner {
            setup: self.clone(),
            by,
            environment: environment.clone(),
            connections,
        })
    }

    fn terms(&self, environment: &Environment, connections: &Connections) -> Terms {
        let timestamping = self.timestamping.as_ref().map(|(url, root)| Timestamping {
            pool: connections.pool.clone(),
            url: url.clone(),
            root: root.clone(),
            revocation: environment.revocation(connections),
        });
        Terms {
            format: self.format,
            expiry: self.expiry,
            timestamping,
            now: environment.now(),
        }
    }
}
