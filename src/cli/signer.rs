//! Which signer the flags of `sign` and `signingkeys.json` mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use zeroize::Zeroizing;

use super::context::{Context, no_directory};
use super::output::{CommandOutput, Exit, one_line};
use super::passphrase;
use crate::aws::{ArnService, Settings};
use crate::config::{NoDirectory, NotationDirs, SigningKey, SigningKeys, SigningKeysError};
use crate::exposure::Exposed;
use crate::extended_validation::PLUGIN_NAME;
use crate::files;
use crate::limits::MAX_CONFIG_BYTES;
use crate::notary::EnvelopeFormat;
use crate::plugin_host;
use crate::report::in_notation;
use crate::sign::{ArtifactSigner, Setup, SetupError};
use crate::signer::aws_kms;
use crate::signer::local_key::{self, KeyFile};

/// Flags that choose the signer. An empty value is a variable that is not set: nothing may be
/// signed with a default then.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Signer")]
pub(super) struct SignerArgs {
    /// AWS Signer profile, or profile version, that signs
    #[arg(long, value_name = "ARN", conflicts_with_all = ["plugin", "id", "key", "kms_key"], value_parser = NonEmptyStringValueParser::new())]
    signing_profile: Option<String>,
    /// Key of AWS KMS that signs: its ARN, its identifier, an alias' ARN or `alias/NAME`
    #[arg(long, value_name = "KEY", requires = "certificate_chain", conflicts_with_all = ["plugin", "id", "key"], value_parser = NonEmptyStringValueParser::new())]
    kms_key: Option<String>,
    /// File with the certificate of the KMS key and those of its issuers: PEM, or what
    /// `aws acm-pca get-certificate` prints
    #[arg(long, value_name = "FILE", requires = "kms_key", value_parser = NonEmptyStringValueParser::new())]
    certificate_chain: Option<String>,
    /// Key of Notation's `signingkeys.json` that signs [default: its default key]
    #[arg(short, long, value_name = "NAME", conflicts_with_all = ["plugin", "id"], value_parser = NonEmptyStringValueParser::new())]
    key: Option<String>,
    /// Plugin that signs; AWS Signer's and `aws-kms` are built in
    #[arg(long, value_name = "NAME", requires = "id", value_parser = NonEmptyStringValueParser::new())]
    plugin: Option<String>,
    /// Key of the plugin; for AWS Signer the profile's ARN, for `aws-kms` the key
    #[arg(long, value_name = "ID", requires = "plugin", value_parser = NonEmptyStringValueParser::new())]
    id: Option<String>,
    /// Read the passphrase of an encrypted key from this file descriptor instead of the terminal
    #[arg(long, value_name = "FD")]
    key_passphrase_fd: Option<u32>,
}

/// What was chosen; nothing has been read of it.
pub(super) enum Choice {
    /// A signing profile of AWS Signer, with the settings of its key.
    AwsSigner(String, BTreeMap<String, String>),
    /// A key of AWS KMS, with the settings of AWS and the file of its certificates.
    AwsKms {
        key: String,
        aws: BTreeMap<String, String>,
        certificate_chain: PathBuf,
    },
    /// A key of a plugin, with its settings.
    Plugin {
        name: String,
        id: String,
        config: BTreeMap<String, String>,
    },
    /// A key file and its certificates.
    LocalKey {
        name: String,
        key: PathBuf,
        certificates: PathBuf,
        passphrase_fd: Option<u32>,
    },
}

impl SignerArgs {
    /// The signer that the flags name, else the default key. `config` are the plugin's settings of
    /// the command line, which win over those of the key.
    pub(super) fn choose(
        &self,
        dirs: &Result<NotationDirs, NoDirectory>,
        config: BTreeMap<String, String>,
    ) -> Result<Choice, CommandOutput> {
        let choice = self.named_or_default(dirs, config)?;
        if self.key_passphrase_fd.is_some() && !matches!(choice, Choice::LocalKey { .. }) {
            return Err(CommandOutput::usage(
                "`--key-passphrase-fd` applies to an encrypted key in a file, but another signer was chosen",
                Some("leave it out; other signers have no passphrase".to_owned()),
            ));
        }
        Ok(choice)
    }

    fn named_or_default(
        &self,
        dirs: &Result<NotationDirs, NoDirectory>,
        config: BTreeMap<String, String>,
    ) -> Result<Choice, CommandOutput> {
        if let Some(profile) = &self.signing_profile {
            return Choice::of_plugin(PLUGIN_NAME, profile, config);
        }
        if let (Some(key), Some(chain)) = (&self.kms_key, &self.certificate_chain) {
            let mut config = config;
            let name = aws_kms::Settings::CERTIFICATE_CHAIN.to_owned();
            if config.insert(name, chain.clone()).is_some() {
                return Err(CommandOutput::failed(
                    Exit::Usage,
                    "`--certificate-chain` and `--plugin-config certificate_chain=...` say the \
                     same; give one of them",
                ));
            }
            return Choice::of_plugin(aws_kms::PLUGIN_NAME, key, config);
        }
        if let (Some(name), Some(id)) = (&self.plugin, &self.id) {
            return Choice::of_plugin(name, id, config);
        }
        let dirs = dirs.as_ref().map_err(no_directory)?;
        let report = |error: SigningKeysError| unusable_keys(dirs, &error);
        let keys = SigningKeys::load(dirs).map_err(report)?;
        let key = keys.get(self.key.as_deref()).map_err(report)?;
        let from = if self.key.is_some() {
            "`--key`"
        } else {
            "the default"
        };
        tracing::info!(signer = key.name, from, "signing key chosen");
        self.of_key(key, config)
    }

    fn of_key(
        &self,
        key: &SigningKey,
        config: BTreeMap<String, String>,
    ) -> Result<Choice, CommandOutput> {
        let usage = |sentence: &str| CommandOutput::failed(Exit::Usage, sentence);
        let path = |path: &str, otherwise| match path {
            "" => Err(usage(otherwise)),
            path => Ok(PathBuf::from(path)),
        };
        let name = &key.name;
        match (&key.key_path, &key.cert_path, &key.plugin_name) {
            (None, None, Some(plugin)) => {
                let mut merged = key.plugin_config.clone();
                merged.extend(config);
                match key.id.as_deref() {
                    None | Some("") => Err(usage(&format!("key `{}` has no id", key.name))),
                    Some(id) => Choice::of_plugin(plugin, id, merged),
                }
            }
            (None, None, None) => Err(usage(
                "unsupported key, either provide a local key and certificate file paths, or a key \
                 name in config.json, check https://notaryproject.dev/docs/user-guides/how-to/notation-config-file/ for details",
            )),
            (key, certificates, _) => Ok(Choice::LocalKey {
                name: name.clone(),
                key: path(key.as_deref().unwrap_or_default(), "key path not specified")?,
                certificates: path(
                    certificates.as_deref().unwrap_or_default(),
                    "certificate path not specified",
                )?,
                passphrase_fd: self.key_passphrase_fd,
            }),
        }
    }
}

impl Choice {
    fn of_plugin(
        name: &str,
        id: &str,
        config: BTreeMap<String, String>,
    ) -> Result<Self, CommandOutput> {
        let id = id.to_owned();
        match name {
            PLUGIN_NAME => {
                Settings::from_own_config(&config, &[ArnService::Signer])
                    .map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
                Ok(Self::AwsSigner(id, config))
            }
            aws_kms::PLUGIN_NAME => {
                let usage =
                    |error: aws_kms::SettingsError| CommandOutput::unusable(&error, error.hint());
                let settings = aws_kms::Settings::from_plugin_config(&config).map_err(usage)?;
                let certificate_chain = settings.certificate_chain().map_err(usage)?.clone();
                let mut aws = config;
                aws.remove(aws_kms::Settings::CERTIFICATE_CHAIN);
                Ok(Self::AwsKms {
                    key: id,
                    aws,
                    certificate_chain,
                })
            }
            name => Ok(Self::Plugin {
                name: name.to_owned(),
                id,
                config,
            }),
        }
    }

    /// What decides a signing: the list of keys, the key's files, or the plugin; and the roots that a
    /// signature which is there is judged by.
    pub(super) fn exposed(
        &self,
        dirs: &Result<NotationDirs, NoDirectory>,
        trust_anchor: Option<&Path>,
    ) -> Vec<String> {
        let mut exposed = Exposed::default();
        match self {
            Self::LocalKey {
                name,
                key,
                certificates,
                ..
            } => {
                let list = dirs.as_ref().ok().map(NotationDirs::signing_keys_file);
                let paths = list.iter().chain([key, certificates]);
                let found = paths.filter_map(|path| files::exposure(path));
                exposed.add(&format!("the key `{name}`"), found);
            }
            Self::AwsKms {
                certificate_chain, ..
            } => exposed.add("the certificate chain", files::exposure(certificate_chain)),
            Self::Plugin { name, .. } => {
                if let Ok(dirs) = dirs {
                    exposed.add_plugin(&dirs.plugins(), name);
                }
            }
            Self::AwsSigner(..) => {}
        }
        if let Some(anchor) = trust_anchor {
            exposed.add("the trust anchor", files::exposure(anchor));
        }
        exposed.into_lines()
    }

    /// The settings of AWS, if AWS Signer or AWS KMS signs.
    pub(super) fn aws_settings(&self) -> BTreeMap<String, String> {
        match self {
            Self::AwsSigner(_, settings) | Self::AwsKms { aws: settings, .. } => settings.clone(),
            Self::Plugin { .. } | Self::LocalKey { .. } => BTreeMap::new(),
        }
    }

    /// The envelope's format: `flag`, else what `config.json` says, else JWS.
    pub(super) fn format(
        &self,
        flag: Option<EnvelopeFormat>,
        config: Option<EnvelopeFormat>,
    ) -> Result<EnvelopeFormat, CommandOutput> {
        let format = flag.or(config).unwrap_or(EnvelopeFormat::Jws);
        if matches!(self, Self::AwsSigner(..)) && format == EnvelopeFormat::Cose {
            return Err(CommandOutput::failed(
                Exit::Usage,
                if flag.is_some() {
                    "AWS Signer makes JWS envelopes only; leave out `--signature-format cose`"
                } else {
                    "AWS Signer makes JWS envelopes only, and `signatureFormat` in Notation's \
                     `config.json` is `cose`; give `--signature-format jws`"
                },
            ));
        }
        Ok(format)
    }

    /// The setup of the signer; nothing has been read for it.
    pub(super) fn setup(&self, context: &Context) -> Result<Setup, CommandOutput> {
        let setup = match self {
            Self::AwsSigner(profile, _) => ArtifactSigner::with_signing_profile(profile),
            Self::AwsKms {
                key,
                certificate_chain,
                ..
            } => ArtifactSigner::with_kms_key(key, certificate_chain),
            Self::Plugin { name, id, config } => {
                Ok(ArtifactSigner::with_plugin(name, id, config.clone()))
            }
            Self::LocalKey {
                key, certificates, ..
            } => Ok(ArtifactSigner::with_local_key(key, certificates)),
        };
        let setup = setup.map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
        Ok(setup.with_pipes(context.pipes))
    }

    /// The signer of this setup: its key is read, its plugin found.
    pub(super) fn connect(
        &self,
        setup: &Setup,
        context: &Context,
    ) -> Result<ArtifactSigner, CommandOutput> {
        let connected = setup.connect_with(&context.environment, |file| match self {
            Self::LocalKey {
                name,
                key,
                passphrase_fd,
                ..
            } => passphrase_of(name, key, file, *passphrase_fd),
            Self::AwsSigner(..) | Self::AwsKms { .. } | Self::Plugin { .. } => Ok(None),
        });
        connected.map_err(|error| match error {
            NotConnected::Reported(report) => *report,
            NotConnected::Setup(error) => self.unusable(&error),
        })
    }

    /// What is said of a signer that cannot be put together.
    fn unusable(&self, error: &SetupError) -> CommandOutput {
        match (error, self) {
            (SetupError::LocalKey(error), Self::LocalKey { name, .. }) => unusable_key(name, error),
            (SetupError::Plugin(error), _) => unusable_plugin(error),
            (SetupError::NoPlugins(error), _) => no_directory(error),
            (error, _) => CommandOutput::unusable(error, error.hint()),
        }
    }
}

/// Why a signer is not connected.
enum NotConnected {
    Setup(SetupError),
    /// The report is made.
    Reported(Box<CommandOutput>),
}

impl From<SetupError> for NotConnected {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

/// What is said of a plugin that cannot be found or run; parts of it are the plugin's own words.
pub(super) fn unusable_plugin(error: &plugin_host::Error) -> CommandOutput {
    let sentence = one_line(&error.to_string());
    CommandOutput::error(Exit::Usage, &sentence, error, error.hint())
        .in_notation(|| in_notation::of_plugin(error))
}

/// What is said of the list of keys.
pub(super) fn unusable_keys(dirs: &NotationDirs, error: &SigningKeysError) -> CommandOutput {
    let report = CommandOutput::error(Exit::Usage, &error.to_string(), error, error.hint());
    let report = match error {
        SigningKeysError::Malformed { .. }
        | SigningKeysError::Invalid { .. }
        | SigningKeysError::TooMany => {
            let file = dirs.signing_keys_file();
            report.caused_by(vec![format!("in `{}`", file.display())])
        }
        _ => report,
    };
    report.in_notation(|| keys_in_notation(dirs, error))
}

/// Notation's words for the list of keys as it is now.
pub(super) fn keys_in_notation(dirs: &NotationDirs, error: &SigningKeysError) -> Option<String> {
    let file = dirs.signing_keys_file();
    let bytes = files::read(&file, MAX_CONFIG_BYTES).unwrap_or_default();
    in_notation::of_keys(error, &bytes)
}

/// What is said of the files of the key `name`.
pub(super) fn unusable_key(name: &str, error: &local_key::Error) -> CommandOutput {
    let sentence = one_line(&format!("key `{name}`: {error}"));
    CommandOutput::error(Exit::Usage, &sentence, error, error.hint())
        .in_notation(|| in_notation::of_key(error))
}

/// What opens the key file of the key `name`, where something must.
fn passphrase_of(
    name: &str,
    key: &Path,
    file: &KeyFile,
    passphrase_fd: Option<u32>,
) -> Result<Option<Zeroizing<Vec<u8>>>, NotConnected> {
    let reported = |report| NotConnected::Reported(Box::new(report));
    if file.is_encrypted() {
        return passphrase::read(key, passphrase_fd).map_err(|error| {
            let exit = match error {
                passphrase::Error::Interrupted => Exit::Inconclusive,
                _ => Exit::Usage,
            };
            let sentence = one_line(&format!("key `{name}`: {error}"));
            reported(CommandOutput::error(exit, &sentence, &error, error.hint()))
        });
    }
    if passphrase_fd.is_some() {
        let sentence = format!(
            "key `{name}`: the key file `{}` is not encrypted, but `--key-passphrase-fd` is given",
            key.display()
        );
        let hint = "leave it out, or check that this is the right key".to_owned();
        return Err(reported(CommandOutput::usage(
            &one_line(&sentence),
            Some(hint),
        )));
    }
    Ok(None)
}
