//! Flags that several commands share, and values of flags that are checked in one way.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, TypedValueParser};

use super::duration::parse_span;
use super::output::{CommandOutput, Exit};
use super::password;
use crate::allowance::Allowed;
use crate::aws::SigningProfile;
use crate::limits::{MAX_COMMAND_TIMEOUT, MAX_SIGNATURES, NAMED_PIPE_TIMEOUT};
use crate::oci::{self, Digest};
use crate::registry::Secret;
use crate::verify::{ANY_LAYOUT_SCOPE, AwsSignerChecks};

/// What is said beside the answer; flags of every command.
#[derive(Debug, Default, Clone, Copy, Args)]
#[command(next_help_heading = "Messages")]
pub(super) struct MessageArgs {
    /// Print on stderr what was found; `verify` and `blob verify` do so in the same detail as for a failure
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// Log on stderr every request and what was found; credentials are never in it
    #[arg(short, long, global = true)]
    pub(super) debug: bool,
    /// Print only errors and the answer
    #[arg(short, long, global = true, conflicts_with_all = ["verbose", "debug"])]
    pub(super) quiet: bool,
    /// Form of the log: `json` is one object on each line, see schemas/event.v1.schema.json
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    pub(super) log_format: LogFormat,
}

/// Forms of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum LogFormat {
    #[default]
    Text,
    Json,
}

/// How a registry is reached.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Registry")]
pub(super) struct RegistryArgs {
    /// User name for the registry [default: `NOTATION_USERNAME`, then AWS for Amazon ECR, then
    /// the credential stores of Notation, Docker and Podman]
    #[arg(short, long, value_parser = NonEmptyStringValueParser::new())]
    pub(super) username: Option<String>,
    /// Password for the registry [default: `NOTATION_PASSWORD`]; visible to other users of the
    /// machine when given here
    #[arg(short, long, value_parser = parse_secret)]
    password: Option<Secret>,
    /// Read the password for the registry from standard input
    #[arg(long, conflicts_with = "password")]
    password_stdin: bool,
    /// Reach the registry over plain HTTP; `localhost` always is
    #[arg(long)]
    pub(super) insecure_registry: bool,
}

impl RegistryArgs {
    /// Whether the command line has a password, or says where it is.
    pub(super) const fn has_password(&self) -> bool {
        self.password_stdin || self.password.is_some()
    }

    /// The password that the command line has, or says where it is.
    ///
    /// # Errors
    ///
    /// The report of a standard input that has none.
    pub(super) fn password(&self) -> Result<Option<Secret>, CommandOutput> {
        if self.password_stdin {
            return password::from_stdin().map(Some);
        }
        Ok(self.password.clone())
    }
}

/// How long a command may take.
#[derive(Debug, Default, Args)]
pub(super) struct TimeArgs {
    /// Time for the whole command, for example 30s or 10m, without the time to read local files and to wait for your answers
    /// [default: 2m, for each artifact if there are several]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
}

impl TimeArgs {
    /// What each artifact may use. The time of the command begins here.
    ///
    /// # Errors
    ///
    /// The report of a value that cannot be used.
    pub(super) fn allowed(&self) -> Result<Allowed, CommandOutput> {
        Ok(Allowed::for_each_artifact(self.parse()?))
    }

    /// How long a pipe that the user named may take to be written to its end.
    ///
    /// # Errors
    ///
    /// The report of a value that cannot be used.
    pub(super) fn for_pipes(&self) -> Result<Duration, CommandOutput> {
        Ok(self.parse()?.unwrap_or(NAMED_PIPE_TIMEOUT))
    }

    fn parse(&self) -> Result<Option<Duration>, CommandOutput> {
        parse_timeout(self.timeout.as_deref())
    }
}

/// The value of `--timeout`, if there is one.
///
/// # Errors
///
/// The report of a value that cannot be used.
pub(super) fn parse_timeout(text: Option<&str>) -> Result<Option<Duration>, CommandOutput> {
    text.map(|text| parse_span("--timeout", text, MAX_COMMAND_TIMEOUT))
        .transpose()
}

/// Which signers are trusted, where no trust policy says it.
#[derive(Debug, Default, Args)]
pub(super) struct PolicyArgs {
    /// AWS Signer profile, or profile version, that must have signed; needs no trust policy and no
    /// trust store. May be given several times
    // An empty value is a variable that is not set; no trust policy may stand in for it.
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = [
        "policy", "policy_sha256", "trust_store", "trust_store_sha256",
    ])]
    signing_profile: Vec<String>,
    /// Certificate file that replaces AWS Signer's published roots
    #[arg(long, value_name = "FILE", requires = "signing_profile")]
    trust_anchor: Option<PathBuf>,
    #[command(flatten)]
    pub(super) file: PolicyFileArgs,
    #[command(flatten)]
    pub(super) stores: TrustStoreArgs,
}

/// Which trust policy, where it is another one than Notation's configuration has. No variable of the environment
/// chooses it.
#[derive(Debug, Default, Args)]
pub(super) struct PolicyFileArgs {
    /// Trust policy, in place of the one in Notation's configuration directory; `-` is standard input,
    /// with `--policy-sha256`
    #[arg(long, value_name = "FILE", value_parser = NonEmptyPath)]
    policy: Option<PathBuf>,
    /// SHA-256 digest that the trust policy's bytes must have; with it the policy may be behind
    /// symbolic links, as in a volume of Kubernetes
    #[arg(long, value_name = "DIGEST", value_parser = parse_sha256)]
    pub(super) policy_sha256: Option<Digest>,
}

impl PolicyFileArgs {
    /// Whether the policy comes from standard input.
    pub(super) fn is_stdin(&self) -> bool {
        let path = self.policy.as_ref();
        path.is_some_and(|path| path.as_os_str() == "-")
    }

    /// The policy's file, if one was named.
    ///
    /// # Errors
    ///
    /// The report of standard input without a digest.
    pub(super) fn file(&self) -> Result<Option<&Path>, CommandOutput> {
        match &self.policy {
            Some(path) if path.as_os_str() == "-" => {
                if self.policy_sha256.is_none() {
                    return Err(CommandOutput::usage(
                        "`--policy -` needs `--policy-sha256`",
                        Some(
                            "give the digest of the policy, as `sha256sum` prints it where the policy is kept: \
                             `--policy-sha256 DIGEST`"
                                .to_owned(),
                        ),
                    ));
                }
                if password::has_taken_stdin() {
                    return Err(CommandOutput::usage(
                        "standard input cannot be both the policy and the password",
                        Some("give one of them in another way".to_owned()),
                    ));
                }
                Ok(Some(Path::new("/dev/stdin")))
            }
            path => Ok(path.as_deref()),
        }
    }
}

/// Which trust stores, where they are others than those of Notation's configuration. No variable of the environment
/// chooses them.
#[derive(Debug, Default, Args)]
pub(super) struct TrustStoreArgs {
    /// Directory with the trust stores (x509/TYPE/NAME), in place of `truststore` in Notation's
    /// configuration directory
    #[arg(long, value_name = "DIR", value_parser = NonEmptyPath)]
    pub(super) trust_store: Option<PathBuf>,
    /// Digest of the certificates in the policy's trust stores, as `policy explain` shows it; with it
    /// the stores may be behind symbolic links
    #[arg(long, value_name = "DIGEST", value_parser = parse_sha256)]
    pub(super) trust_store_sha256: Option<Digest>,
}

/// Reads a path that is not empty: an empty value is a variable that is not set.
#[derive(Debug, Clone)]
pub(super) struct NonEmptyPath;

impl TypedValueParser for NonEmptyPath {
    type Value = PathBuf;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<PathBuf, clap::Error> {
        if value.is_empty() {
            NonEmptyStringValueParser::new().parse_ref(command, argument, value)?;
        }
        Ok(value.into())
    }
}

/// A SHA-256 digest: 64 hexadecimal digits, as `sha256sum` prints them, with or without `sha256:`.
pub(super) fn parse_sha256(text: &str) -> Result<Digest, &'static str> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    oci::parse_digest(&format!("sha256:{digits}"))
        .map_err(|_| "a SHA-256 digest has 64 hexadecimal digits in lower case")
}

impl PolicyArgs {
    /// Whether a trust policy judges, and not the command line.
    pub(super) fn is_from_file(&self) -> bool {
        self.signing_profile.is_empty()
    }

    /// The signing profiles that the command line trusts.
    ///
    /// # Errors
    ///
    /// The report of one that is not the ARN of a signing profile.
    pub(super) fn signing_profiles(&self) -> Result<Vec<SigningProfile>, CommandOutput> {
        let texts = self.signing_profile.iter();
        texts
            .map(|text| SigningProfile::parse(text))
            .collect::<Result<_, _>>()
            .map_err(|error| CommandOutput::unusable(&error, error.hint()))
    }

    /// The file that replaces the published roots.
    pub(super) fn trust_anchor(&self) -> Option<&Path> {
        self.trust_anchor.as_deref()
    }
}

/// Settings of the checks that ask AWS Signer.
#[derive(Debug, Default, Args)]
pub(super) struct PluginConfigArgs {
    /// Settings for AWS Signer: aws-profile, aws-region, aws-signer-endpoint-url
    #[arg(long, value_name = "KEY=VALUE")]
    plugin_config: Vec<String>,
}

impl PluginConfigArgs {
    /// The settings.
    ///
    /// # Errors
    ///
    /// The report of values that cannot be used.
    pub(super) fn parse(&self) -> Result<BTreeMap<String, String>, CommandOutput> {
        parse_pairs("plugin-config", &self.plugin_config)
    }
}

/// Whether signatures that were fetched before are kept.
#[derive(Debug, Default, Args)]
pub(super) struct ContentCacheArgs {
    /// Directory of this user alone in which fetched signatures are kept, so that each is fetched once; which
    /// signatures there are is asked every time [default with several references: in Notation's cache]
    #[arg(long, value_name = "DIR", value_parser = NonEmptyPath)]
    content_cache: Option<PathBuf>,
    /// Fetch every signature again
    #[arg(long, conflicts_with = "content_cache")]
    no_content_cache: bool,
}

impl ContentCacheArgs {
    /// The directory: the one that was named, or else, unless none is wanted, `default`.
    pub(super) fn directory(&self, default: impl FnOnce() -> Option<PathBuf>) -> Option<PathBuf> {
        match &self.content_cache {
            Some(directory) => Some(directory.clone()),
            None if self.no_content_cache => None,
            None => default(),
        }
    }
}

/// What a signature must say beyond the policy, and how AWS Signer's checks are carried out.
#[derive(Debug, Default, Args)]
pub(super) struct CheckArgs {
    /// User metadata that must have been signed
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    user_metadata: Vec<String>,
    #[command(flatten)]
    pub(super) plugin_config: PluginConfigArgs,
    /// Let the installed plugin, not this program, check AWS Signer's signatures
    #[arg(long)]
    use_installed_plugin: bool,
}

impl CheckArgs {
    /// The user metadata that must have been signed.
    ///
    /// # Errors
    ///
    /// The report of values that cannot be used.
    pub(super) fn user_metadata(&self) -> Result<BTreeMap<String, String>, CommandOutput> {
        parse_pairs("user-metadata", &self.user_metadata)
    }

    /// Where AWS Signer's checks are carried out.
    pub(super) fn aws_signer(&self) -> AwsSignerChecks {
        if self.use_installed_plugin {
            AwsSignerChecks::InstalledPlugin
        } else {
            AwsSignerChecks::InProcess
        }
    }
}

/// By which name the trust policy knows an OCI image layout.
#[derive(Debug, Default, Args)]
pub(super) struct ScopeArgs {
    /// Registry scope of the trust policy statement for the layout, for example local/app
    #[arg(long)]
    scope: Option<String>,
}

impl ScopeArgs {
    /// The scope. A layout has no name that trust policies know, so that both flags come together; and nothing
    /// but a layout may choose the statement that it is judged by.
    ///
    /// # Errors
    ///
    /// The report of one flag without the other.
    pub(super) fn of(
        &self,
        oci_layout: bool,
        policy: &PolicyArgs,
    ) -> Result<String, CommandOutput> {
        let (missing, hint) = match (oci_layout, self.scope.as_deref()) {
            (true, None) if policy.is_from_file() => (
                "scope",
                "give the scope by which the trust policy knows the layout: `--scope local/app`; or name the profile to \
                 trust: `--signing-profile ARN`",
            ),
            (false, Some(_)) => (
                "oci-layout",
                "give `--oci-layout` for a directory; omit `--scope` for an image in a registry",
            ),
            (_, scope) => return Ok(scope.unwrap_or(ANY_LAYOUT_SCOPE).to_owned()),
        };
        Err(CommandOutput::usage(
            &format!(
                "if any flags in the group [oci-layout scope] are set they must all be set; missing \
                 [{missing}]"
            ),
            Some(hint.to_owned()),
        ))
    }
}

/// An artifact's repository that is only looked at.
#[derive(Debug, Args)]
pub(super) struct LookArgs {
    /// Look in an OCI image layout, a directory on this machine
    #[arg(long)]
    pub(super) oci_layout: bool,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
    #[command(flatten)]
    pub(super) time: TimeArgs,
}

/// How many signatures of an artifact are looked at.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct MaxSignaturesArgs {
    /// Maximum number of signatures to examine per artifact
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t,
        allow_negative_numbers = true
    )]
    max_signatures: MaxSignatures,
}

impl MaxSignaturesArgs {
    /// The number.
    ///
    /// # Errors
    ///
    /// The report of a number that is not positive.
    pub(super) fn get(self) -> Result<usize, CommandOutput> {
        self.max_signatures.get()
    }
}

/// The value of `--max-signatures`.
#[derive(Debug, Clone, Copy)]
struct MaxSignatures(i64);

impl MaxSignatures {
    fn get(self) -> Result<usize, CommandOutput> {
        let count = usize::try_from(self.0).ok().filter(|count| *count > 0);
        count.ok_or_else(|| {
            let sentence = format!("max-signatures value {} must be a positive number", self.0);
            CommandOutput::failed(Exit::Usage, &sentence)
        })
    }
}

impl Default for MaxSignatures {
    fn default() -> Self {
        Self(i64::try_from(MAX_SIGNATURES).unwrap_or(i64::MAX))
    }
}

impl FromStr for MaxSignatures {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl fmt::Display for MaxSignatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(super) fn parse_secret(text: &str) -> Result<Secret, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    Ok(Secret::new(text.to_owned()))
}

/// Parses the values of a flag `--NAME KEY=VALUE`, whose keys may not repeat.
///
/// # Errors
///
/// A report in notation's words, as notation's flags give it.
pub(super) fn parse_pairs(
    flag: &str,
    values: &[String],
) -> Result<BTreeMap<String, String>, CommandOutput> {
    let unusable = |problem: String| {
        CommandOutput::usage(
            &format!("could not parse flag {flag}: {problem}"),
            Some(format!(
                "write each pair with a flag of its own: `--{flag} KEY=VALUE`"
            )),
        )
    };
    let mut pairs = BTreeMap::new();
    for value in values {
        let Some((key, value)) = value.split_once('=') else {
            return Err(unusable(
                "key-value pair requires \"=\" as separator".to_owned(),
            ));
        };
        if key.is_empty() || value.is_empty() {
            let problem =
                format!("key-value pair must not have an empty key or value: `{key}={value}`");
            let in_notation = || {
                Some(format!(
                    "could not parse flag {flag}: key-value pair requires \"=\" as separator"
                ))
            };
            return Err(unusable(problem).in_notation(in_notation));
        }
        if pairs.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(unusable(format!("the key `{key}` is given twice")));
        }
    }
    Ok(pairs)
}

/// Forms of the answer of commands that have two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    #[default]
    Text,
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(values: &[&str]) -> Result<BTreeMap<String, String>, String> {
        let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
        parse_pairs("user-metadata", &values).map_err(|report| report.sentence().to_owned())
    }

    #[test]
    fn pairs_split_at_the_first_equals_sign() {
        assert_eq!(
            parse(&["a=b=c"]).unwrap().get("a").map(String::as_str),
            Some("b=c")
        );
    }

    #[test]
    fn a_pair_needs_both_sides_and_a_key_of_its_own() {
        assert_eq!(
            parse(&["abc"]).unwrap_err(),
            "could not parse flag user-metadata: key-value pair requires \"=\" as separator"
        );
        assert_eq!(
            parse(&["=b"]).unwrap_err(),
            "could not parse flag user-metadata: key-value pair must not have an empty key or \
             value: `=b`"
        );
        assert_eq!(
            parse(&["a=1", "a=2"]).unwrap_err(),
            "could not parse flag user-metadata: the key `a` is given twice"
        );
    }
}
