//! `countersign key`: the names of signing keys, in Notation's `signingkeys.json`.

use std::fmt::Write as _;
use std::path::Path;

use clap::builder::NonEmptyStringValueParser;

use super::args::{Output, parse_pairs};
use super::context::{environment, no_directory, tell_directory};
use super::listing::{not_shown, shown};
use super::output::{CommandOutput, Exit, one_line};
use super::signer::{unusable_key, unusable_keys, unusable_plugin};
use super::table::table;
use crate::aws::{ArnService, KmsKeyId, Settings};
use crate::config::{NotationDirs, SigningKey, SigningKeys, SigningKeysError};
use crate::extended_validation::PLUGIN_NAME;
use crate::plugin_contract::{Capability, PluginConfig};
use crate::plugin_host::PluginHost;
use crate::report::ListedKeys;
use crate::signer::aws_kms;
use crate::signer::aws_signer::SigningProfile;
use crate::signer::local_key::KeyFile;

/// Commands of `key`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add a plugin's key, or a local one, to the signing key list
    Add(AddArgs),
    /// Make a key the default
    #[command(visible_alias = "set")]
    Update(UpdateArgs),
    /// List the keys; the default one has an asterisk
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Remove keys from the list; the keys themselves stay
    #[command(visible_aliases = ["remove", "rm"])]
    Delete(DeleteArgs),
}

/// Flags of `key add`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign key add --signing-profile ARN --default release\n  \
    countersign key add --kms-key alias/release --certificate-chain kms.crt kms\n  \
    countersign key add --key-file release.key --certificate-chain release.crt release\n  \
    countersign key add --plugin com.example.plugin --id KEY_ID example")]
pub(super) struct AddArgs {
    /// Name of the key
    #[arg(value_name = "NAME")]
    name: String,
    /// AWS Signer profile, or profile version, that signs
    #[arg(long, value_name = "ARN", conflicts_with_all = ["plugin", "id", "key_file", "kms_key"], value_parser = NonEmptyStringValueParser::new())]
    signing_profile: Option<String>,
    /// Key of AWS KMS: its ARN, its identifier, an alias' ARN or `alias/NAME`
    #[arg(long, value_name = "KEY", requires = "certificate_chain", conflicts_with_all = ["plugin", "id", "key_file"], value_parser = NonEmptyStringValueParser::new())]
    kms_key: Option<String>,
    /// Plugin that has the key; AWS Signer's and `aws-kms` are built in
    #[arg(long, value_name = "NAME", required_unless_present_any = ["key_file", "signing_profile", "kms_key"])]
    plugin: Option<String>,
    /// Key of the plugin; for AWS Signer the profile's ARN, for `aws-kms` the key
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Settings of the plugin for this key
    #[arg(long, value_name = "KEY=VALUE")]
    plugin_config: Vec<String>,
    /// File with a private key in PEM, instead of a plugin
    #[arg(long, value_name = "FILE", requires = "certificate_chain", conflicts_with_all = ["plugin", "id", "plugin_config"], value_parser = NonEmptyStringValueParser::new())]
    key_file: Option<String>,
    /// File with the key's certificate and those of its issuers, for `--key-file` and `--kms-key`
    #[arg(long, value_name = "FILE", alias = "certificates", conflicts_with_all = ["plugin", "signing_profile"], value_parser = NonEmptyStringValueParser::new())]
    certificate_chain: Option<String>,
    /// Make it the default
    #[arg(long)]
    default: bool,
}

/// Flags of `key update`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign key update --default release")]
pub(super) struct UpdateArgs {
    /// Name of the key
    #[arg(value_name = "NAME")]
    name: String,
    /// Make it the default
    // Unlike notation, which does nothing without the flag, and does not say so.
    #[arg(long, required = true)]
    default: bool,
}

/// Flags of `key list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign key list\n  \
    countersign key list --output json    (for programs)")]
pub(super) struct ListArgs {
    /// Output format: `json` is one document on stdout, see schemas/key-list.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
}

/// Arguments of `key delete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign key delete release staging")]
pub(super) struct DeleteArgs {
    /// Names of keys
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

pub(super) async fn run(command: &Command) -> CommandOutput {
    let dirs = match environment().notation_directories() {
        Ok(dirs) => dirs,
        Err(error) => return of_form(command, no_directory(&error)),
    };
    tell_directory(&dirs);
    let done = match command {
        Command::Add(args) => add(&dirs, args).await,
        Command::Update(args) => update(&dirs, &args.name),
        Command::List(args) => return list(&dirs, args),
        Command::Delete(args) => delete(&dirs, &args.names),
    };
    match done {
        Ok(stdout) => CommandOutput {
            stdout,
            ..CommandOutput::done()
        },
        Err(report) => report,
    }
}

/// The report of a command that could not begin, in the form that was asked for.
fn of_form(command: &Command, report: CommandOutput) -> CommandOutput {
    match command {
        Command::List(args) => not_shown(args.output, report),
        _ => report,
    }
}

async fn add(dirs: &NotationDirs, args: &AddArgs) -> Result<String, CommandOutput> {
    let usage = |sentence: String| CommandOutput::failed(Exit::Usage, &sentence);
    let mut config = parse_pairs("plugin-config", &args.plugin_config)?;
    if args.name.is_empty() {
        return Err(unusable_keys(dirs, &SigningKeysError::EmptyName));
    }
    let (plugin, id) = match (&args.signing_profile, &args.kms_key) {
        (Some(profile), _) => (Some(PLUGIN_NAME), Some(profile)),
        (None, Some(key)) => {
            let chain = args.certificate_chain.clone().unwrap_or_default();
            let name = aws_kms::Settings::CERTIFICATE_CHAIN.to_owned();
            if config.insert(name, chain).is_some() {
                return Err(usage(
                    "`--certificate-chain` and `--plugin-config certificate_chain=...` say the same; give one of them"
                        .to_owned(),
                ));
            }
            (Some(aws_kms::PLUGIN_NAME), Some(key))
        }
        (None, None) => (args.plugin.as_deref(), args.id.as_ref()),
    };
    let key = match (plugin, &args.key_file, &args.certificate_chain) {
        (Some(plugin), ..) => {
            let id = id.filter(|id| !id.is_empty()).cloned();
            let id = id.ok_or_else(|| usage("missing key id".to_owned()))?;
            let config = if plugin == aws_kms::PLUGIN_NAME {
                check_kms_key(&id, config)?
            } else {
                check_plugin(dirs, plugin, &id, &config).await?;
                config
            };
            SigningKey {
                id: Some(id),
                plugin_name: Some(plugin.to_owned()),
                plugin_config: config,
                ..SigningKey::default()
            }
        }
        (None, Some(key), Some(certificates)) => {
            let (key, certificates) = (absolute(key)?, absolute(certificates)?);
            check_files(&args.name, &key, &certificates)?;
            SigningKey {
                key_path: Some(key),
                cert_path: Some(certificates),
                ..SigningKey::default()
            }
        }
        _ => return Err(usage("required flag(s) \"plugin\" not set".to_owned())),
    };
    let key = SigningKey {
        name: args.name.clone(),
        ..key
    };
    SigningKeys::update(dirs, |keys| keys.add(key, args.default))
        .map_err(|error| unusable_keys(dirs, &error))?;
    Ok(if args.default {
        marked(&args.name)
    } else {
        format!("{}\n", one_line(&args.name))
    })
}

fn marked(name: &str) -> String {
    format!("{}: marked as default\n", one_line(name))
}

/// A key that nothing could sign with is not added.
async fn check_plugin(
    dirs: &NotationDirs,
    plugin: &str,
    id: &str,
    config: &PluginConfig,
) -> Result<(), CommandOutput> {
    if plugin.is_empty() {
        return Err(CommandOutput::failed(
            Exit::Usage,
            "plugin name cannot be empty",
        ));
    }
    if plugin == PLUGIN_NAME {
        SigningProfile::parse(id).map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
        return Settings::from_own_config(config, &[ArnService::Signer])
            .and_then(|settings| settings.check())
            .map_err(|error| CommandOutput::unusable(&error, error.hint()));
    }
    let found = PluginHost::new(dirs.plugins()).find(plugin);
    let metadata = match found {
        Ok(found) => found.metadata(config).await,
        Err(error) => Err(error),
    };
    let metadata = metadata.map_err(|error| unusable_plugin(&error))?;
    if metadata.can(Capability::RawSignature) || metadata.can(Capability::Envelope) {
        return Ok(());
    }
    let sentence = format!("plugin `{plugin}` does not have signing capabilities");
    Err(CommandOutput::failed(Exit::Usage, &sentence)
        .in_notation(|| Some("plugin does not have signing capabilities".to_owned())))
}

/// Files with which nothing could be signed are not added. Whether an encrypted key is the
/// certificate's shows only when it is opened: this command does not ask for a passphrase.
fn check_files(name: &str, key: &str, certificates: &str) -> Result<(), CommandOutput> {
    let unusable = |error| unusable_key(name, &error);
    let file = KeyFile::read(Path::new(key), Path::new(certificates), environment().now())
        .map_err(unusable)?;
    if file.is_encrypted() {
        return Ok(());
    }
    file.open(None).map(drop).map_err(unusable)
}

/// The settings of a key of AWS KMS, with its certificates where they are found from anywhere. KMS is
/// not asked: who adds a key need not be who may use it.
fn check_kms_key(id: &str, mut config: PluginConfig) -> Result<PluginConfig, CommandOutput> {
    KmsKeyId::parse(id).map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
    let settings = aws_kms::Settings::from_plugin_config(&config);
    let checked = settings.and_then(|settings| {
        settings.aws.check().map_err(aws_kms::SettingsError::Aws)?;
        settings.certificate_chain().map(drop)
    });
    checked.map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
    if let Some(path) = config.get_mut(aws_kms::Settings::CERTIFICATE_CHAIN) {
        *path = absolute(path)?;
    }
    Ok(config)
}

/// The list is read from other directories than the one it was written in.
fn absolute(path: &str) -> Result<String, CommandOutput> {
    let path = std::path::absolute(path).map_err(|error| {
        CommandOutput::failed(Exit::Usage, &format!("`{path}` cannot be used: {error}"))
    })?;
    path.into_os_string()
        .into_string()
        .map_err(|_| CommandOutput::failed(Exit::Usage, "a path in the list must be UTF-8"))
}

fn update(dirs: &NotationDirs, name: &str) -> Result<String, CommandOutput> {
    SigningKeys::update(dirs, |keys| keys.set_default(name))
        .map_err(|error| unusable_keys(dirs, &error))?;
    Ok(marked(name))
}

fn list(dirs: &NotationDirs, args: &ListArgs) -> CommandOutput {
    let keys = match SigningKeys::load(dirs) {
        Ok(keys) => keys,
        Err(error) => return not_shown(args.output, unusable_keys(dirs, &error)),
    };
    let head = ["NAME", "KEY PATH", "CERTIFICATE PATH", "ID", "PLUGIN NAME"];
    let mut rows = vec![head.map(str::to_owned)];
    for key in &keys.keys {
        let is_default = keys.default.as_ref() == Some(&key.name);
        let name = if is_default {
            format!("* {}", key.name)
        } else {
            key.name.clone()
        };
        let cell = |value: &Option<String>| value.clone().unwrap_or_default();
        let row = [
            name,
            cell(&key.key_path),
            cell(&key.cert_path),
            cell(&key.id),
            cell(&key.plugin_name),
        ];
        rows.push(row);
    }
    let report = CommandOutput {
        stdout: table(&rows),
        ..CommandOutput::done()
    };
    shown(args.output, ListedKeys::new(&keys), report)
}

fn delete(dirs: &NotationDirs, names: &[String]) -> Result<String, CommandOutput> {
    let default = SigningKeys::update(dirs, |keys| keys.remove(names))
        .map_err(|error| unusable_keys(dirs, &error))?;
    let is_default = |name: &String| default.as_ref() == Some(name);
    if let [name] = names {
        let word = if is_default(name) { "default key " } else { "" };
        return Ok(format!(
            "Removed {word}{} from Notation signing key list. The source key still exists.\n",
            one_line(name)
        ));
    }
    let mut text = "Removed the following keys from Notation signing key list. The source keys \
                    still exist.\n"
        .to_owned();
    for name in names {
        let note = if is_default(name) { " (default)" } else { "" };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}{note}", one_line(name));
    }
    Ok(text)
}
