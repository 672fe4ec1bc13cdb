//! What the commands share: directories, connections, credentials, the time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use url::Url;

use super::args::{PolicyArgs, RegistryArgs};
use super::credentials::{self, CredentialScope};
use super::exposure;
use super::output::{CommandOutput, Exit, one_line, write_causes};
use super::policy_files::{self, policy_report};
use super::reader::fitting;
use super::references::References;
use crate::aws::{ArnService, Aws, Settings, SigningProfile};
use crate::config::{Config, Error as ConfigError, NoDirectory, NotationDirs, StoreName};
use crate::environment::{self, Clock, Connections, Environment};
use crate::exposure::Exposed;
use crate::files;
use crate::http;
use crate::limits::MAX_CONFIG_BYTES;
use crate::notary::EnvelopeFormat;
use crate::reference::{ArtifactReference, Scheme};
use crate::registry::{self, PlainHttp};
use crate::report::{Called, files_in_notation, go_timestamping, in_notation, sentence};
use crate::signer::timestamping::{self, AuthorityError};
use crate::trust_policy::DocumentKind;
use crate::trust_store::{self, NamedStore};
use crate::verify::{Setup, SetupError, Verifier, published_roots};
use crate::x509::Certificate;

/// Whether a command makes signatures in a format that it takes from `config.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// It makes none, or the command line says in which format.
    Known,
    /// Only JWS is possible, and another one in `config.json` is a mistake.
    Jws,
    /// That of `config.json`, if it names one.
    OfConfig,
}

/// Everything that a command needs of its surroundings.
pub(super) struct Context {
    /// Lines that are to be said on stderr.
    pub(super) notes: String,
    /// Its clock stands still: one command has one time.
    pub(super) environment: Environment,
    connections: Connections,
    pub(super) plugin_config: BTreeMap<String, String>,
    /// The envelope format that Notation's `config.json` asks for.
    pub(super) signature_format: Option<EnvelopeFormat>,
    /// How long a pipe that the user named may take to be written to its end.
    pub(super) pipes: Duration,
}

/// Which registries this command speaks to in plain HTTP, once that is settled.
static PLAIN_HTTP: OnceLock<PlainHttp> = OnceLock::new();

/// Notation's words for an artifact that could not be resolved.
pub(super) fn unresolved_in_notation(
    reference: &ArtifactReference,
    error: &registry::Error,
) -> Option<String> {
    let ArtifactReference::Registry(named) = reference else {
        return None;
    };
    let plain_http = PLAIN_HTTP.get()?;
    let scheme = plain_http.scheme(named.registry_name());
    in_notation::of_resolve(reference, error, scheme)
}

/// The environment of this process, whose clock stands still.
pub(super) fn environment() -> Environment {
    let environment = Environment::of_process();
    let now = environment.now();
    environment.with_clock(Clock::Fixed(now))
}

impl Context {
    /// Reads the environment, and Notation's `config.json` if it can matter; sends no request yet.
    pub(super) fn new(
        args: &RegistryArgs,
        references: &[ArtifactReference],
        plugin_config: BTreeMap<String, String>,
        format: Format,
        pipes: Duration,
    ) -> Result<Self, CommandOutput> {
        let shown = CredentialScope::OnlyRegistry;
        Self::of(args, references, plugin_config, (format, shown), pipes)
    }

    /// The same where more references may come from a list that is not read yet.
    pub(super) fn of_references(
        args: &RegistryArgs,
        references: &References,
        plugin_config: BTreeMap<String, String>,
        format: Format,
        pipes: Duration,
    ) -> Result<Self, CommandOutput> {
        let shown = if references.has_list() {
            CredentialScope::NotYetRead
        } else {
            CredentialScope::OnlyRegistry
        };
        let given = references.given();
        Self::of(args, &given, plugin_config, (format, shown), pipes)
    }

    /// The same for a gate: its references are not the user's, so that what the environment has for one registry goes
    /// to no other one.
    pub(super) fn for_gate(
        references: &[ArtifactReference],
        pipes: Duration,
    ) -> Result<Self, CommandOutput> {
        let shown = CredentialScope::NamedRegistry;
        let args = RegistryArgs::default();
        Self::of(
            &args,
            references,
            BTreeMap::new(),
            (Format::Known, shown),
            pipes,
        )
    }

    fn of(
        args: &RegistryArgs,
        references: &[ArtifactReference],
        plugin_config: BTreeMap<String, String>,
        (format, shown): (Format, CredentialScope),
        pipes: Duration,
    ) -> Result<Self, CommandOutput> {
        let environment = environment();
        let dirs = environment.notation_directories();
        let mut notes = String::new();
        let has_list = shown == CredentialScope::NotYetRead;
        let config = load_config(&dirs, args, (references, has_list), format, &mut notes)?;
        // Which of them the one who signs has is checked where that is known.
        let services = [ArnService::Signer, ArnService::Kms];
        let settings = Settings::from_plugin_config(&plugin_config, &services)
            .map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
        let plain_http = if args.insecure_registry {
            PlainHttp::All
        } else {
            PlainHttp::AlsoThese(config.insecure_registries)
        };
        // A process runs one command.
        let _ = PLAIN_HTTP.set(plain_http.clone());
        let given = credentials::given(args, references, &plain_http, shown, &environment)?;
        // By Notation's name, stderr is Notation's.
        if !called().is_notation() {
            notes.extend(given.note.map(|note| format!("{note}\n")));
        }
        let mut environment = environment
            .with_aws_settings(settings)
            .with_plain_http(plain_http);
        if let Some((server, credential)) = given.credential {
            environment = environment.with_registry_credential(server, credential);
        }
        let connections = environment
            .connections()
            .map_err(|error| unusable(&error))?;
        Ok(Self {
            notes,
            connections,
            plugin_config,
            signature_format: config.signature_format,
            pipes,
            environment,
        })
    }

    /// The same for commands that have nothing to do with a registry.
    pub(super) fn without_registry(
        plugin_config: BTreeMap<String, String>,
        format: Format,
        pipes: Duration,
    ) -> Result<Self, CommandOutput> {
        Self::new(&RegistryArgs::default(), &[], plugin_config, format, pipes)
    }

    /// AWS, with the credentials of this command.
    pub(super) fn aws(&self) -> Aws {
        self.connections.aws.clone()
    }

    /// Registries, with the credentials of this command.
    pub(super) fn registry(&self) -> registry::Client {
        self.connections.registry.clone()
    }

    /// The connections of this command, which count its requests.
    pub(super) fn pool(&self) -> http::Pool {
        self.connections.pool.clone()
    }

    /// The timestamping authority at `url`, whose root is the only certificate of the file `root`.
    pub(super) fn authority(
        &self,
        url: &str,
        root: &Path,
    ) -> Result<(Url, Certificate), CommandOutput> {
        let usage = |sentence: String| CommandOutput::failed(Exit::Usage, &sentence);
        if url.is_empty() {
            return Err(usage("timestamping: tsa url cannot be empty".to_owned()));
        }
        if root.as_os_str().is_empty() {
            return Err(usage(
                "timestamping: tsa root certificate path cannot be empty".to_owned(),
            ));
        }
        let parsed = timestamping::parse_url(url).map_err(|error| {
            let sentence = format!("cannot get http timestamper for timestamping: {error}");
            usage(one_line(&sentence)).in_notation(|| go_timestamping::of_url(url))
        })?;
        make_cache(self.environment.cache().as_deref());
        let found = timestamping::read_root(root, self.pipes);
        Ok((parsed, found.map_err(|error| unusable_root(root, error))?))
    }

    /// A verifier of this setup, in these surroundings.
    pub(super) fn connect(&self, setup: Setup) -> Result<Verifier, CommandOutput> {
        let setup = setup.with_plugin_config(self.plugin_config.clone());
        setup
            .connect(&self.environment)
            .map_err(|error| unusable(&error))
    }
}

/// What is said of surroundings that cannot be used.
pub(super) fn unusable(error: &environment::Error) -> CommandOutput {
    CommandOutput::error(Exit::Usage, &error.to_string(), error, error.hint())
}

/// Who is trusted: by profiles and their roots on the command line, or by Notation's policy.
#[derive(Clone, Copy)]
pub(super) struct Trusted<'a> {
    pub(super) kind: DocumentKind,
    pub(super) policy: &'a PolicyArgs,
    /// How long a pipe in place of the anchor's file may take to be written to its end.
    pub(super) pipes: Duration,
    /// Refuses what others may write.
    pub(super) is_strict: bool,
}

impl Trusted<'_> {
    /// The setup of verifiers that trust so, with the policy's warnings.
    pub(super) fn setup(
        self,
        dirs: &Result<NotationDirs, NoDirectory>,
    ) -> Result<(Setup, Vec<String>), CommandOutput> {
        let cache = match dirs {
            Ok(dirs) => dirs.cache.as_deref(),
            Err(error) => error.cache.as_deref(),
        };
        make_cache(cache);
        let setup = if self.policy.is_from_file() {
            let (file, stores) = (&self.policy.file, &self.policy.stores);
            let config = || Ok(dirs.as_ref().map_err(no_directory)?.config.clone());
            let policies = policy_files::load(self.kind, file, self.pipes, &config)?;
            let stores = policy_files::stores(stores, &policies, &config)?;
            Setup::of_policies(policies, stores)
        } else {
            let profiles = self.policy.signing_profiles()?;
            let roots = roots_of(&profiles, self.policy.trust_anchor(), self.pipes)?;
            Setup::of_signing_profiles(&profiles, roots)
        };
        let policies = setup.policies();
        // What others make of a policy whose digest was given is refused in any case.
        let is_document = self.policy.is_from_file() && self.policy.file.policy_sha256.is_none();
        let exposed = Exposed::of_verification(
            is_document.then(|| policies.path()),
            policies,
            &setup.stores(),
            self.policy.trust_anchor(),
            dirs.as_ref().ok(),
        );
        if self.is_strict {
            exposure::refuse(&exposed)?;
        }
        let unused = policies.unused().map(|unused| {
            format!(
                "`{}` counts; `{}` says something else, is not used here, and is what notation 1.x reads; keep \
                 one of them",
                policies.path().display(),
                unused.display()
            )
        });
        let warnings = policies
            .warnings()
            .iter()
            .map(|warning| match fitting(warning.hint()) {
                Some(hint) => format!("{warning}; {hint}"),
                None => warning.to_string(),
            })
            .chain(unused)
            .chain(exposed)
            .collect();
        Ok((setup, warnings))
    }
}

/// Makes the directory of CRLs before there is one to keep, as notation does, by its name only. What is wrong with the
/// directory is said where it is needed.
fn make_cache(cache: Option<&Path>) {
    if called().is_notation()
        && let Some(cache) = cache
    {
        let _ = files::create_directory(&cache.join("crl"));
    }
}

/// The report for a setup that cannot trust what the user asks for.
fn setup_report(error: &SetupError) -> CommandOutput {
    match error {
        SetupError::Policy(error) => policy_report(error),
        SetupError::Profile(error) => CommandOutput::unusable(error, error.hint()),
        SetupError::Roots(error) => {
            CommandOutput::error(Exit::Usage, &error.to_string(), error, error.hint())
        }
    }
}

/// Says where Notation's configuration is.
pub(super) fn tell_directory(dirs: &NotationDirs) {
    tracing::info!(directory = %dirs.config.display(), "Notation's configuration");
}

/// What is said where a command needs Notation's configuration and nothing says where it is.
pub(super) fn no_directory(error: &NoDirectory) -> CommandOutput {
    CommandOutput::usage(&error.to_string(), Some(error.hint()))
}

/// What `config.json` says, if anything in it could change this command. Where this user may not look at it
/// (the home of another user), the command goes on: registries are asked over HTTPS then and without its
/// credential stores.
fn load_config(
    dirs: &Result<NotationDirs, NoDirectory>,
    args: &RegistryArgs,
    (references, has_list): (&[ArtifactReference], bool),
    format: Format,
    notes: &mut String,
) -> Result<Config, CommandOutput> {
    let is_given = args.username.is_some() && args.has_password();
    let is_registrys = references.iter().any(|reference| match reference {
        ArtifactReference::Layout(_) => false,
        ArtifactReference::Registry(reference) => {
            let name = reference.registry_name();
            // The scheme is settled, and so is who asks.
            let is_settled =
                args.insecure_registry || name.scheme(Scheme::Https) == name.scheme(Scheme::Http);
            !is_settled || !is_given
        }
    });
    let Ok(dirs) = dirs else {
        return Ok(Config::default());
    };
    if !is_registrys && !has_list && format == Format::Known {
        return Ok(Config::default());
    }
    match Config::load(dirs) {
        Ok(config) => Ok(config),
        Err(error) if error.is_denied() && format != Format::OfConfig => {
            // Writing to a `String` cannot fail.
            let _ = writeln!(
                notes,
                "Warning: {error}; `insecureRegistries`, `credsStore` and `credHelpers` are not used"
            );
            write_causes(notes, "  ", &error);
            Ok(Config::default())
        }
        Err(error) => Err(CommandOutput::unusable(&error, error.hint())
            .in_notation(|| config_in_notation(dirs, &error))),
    }
}

/// Notation's words for `config.json` as it is now.
pub(super) fn config_in_notation(dirs: &NotationDirs, error: &ConfigError) -> Option<String> {
    let bytes = files::read(&dirs.config_file(), MAX_CONFIG_BYTES).unwrap_or_default();
    files_in_notation::of_config(error, &bytes)
}

/// What to do about a file that cannot be read; `wanted` says which file belongs there.
fn hint_of_file(error: &files::Error, wanted: &str) -> String {
    let hint = error.hint().filter(|_| !error.is_not_found());
    hint.unwrap_or_else(|| wanted.to_owned())
}

/// What notation says of a root that is not an authority.
const NOT_AN_AUTHORITY: &str = "failed to check root certificate with error: x509: invalid signature: parent certificate cannot \
                                sign this kind of certificate";

/// What is said of the file with an authority's root.
fn unusable_root(path: &Path, error: AuthorityError) -> CommandOutput {
    let failed = |sentence: String| CommandOutput::failed(Exit::Usage, &sentence);
    let shown = path.display();
    let cannot = |what: String| format!("the file of `--timestamp-root-cert` cannot be {what}");
    let expecting = "Expecting single x509 root certificate in PEM or DER format from the file";
    match error {
        AuthorityError::Unreadable { source: error } => {
            let sentence = cannot(format!("read: {error}"));
            let wanted = "check the path; the file must contain the root certificate of the timestamping authority alone, \
                          in PEM or DER";
            let hint = hint_of_file(&error, wanted);
            CommandOutput::error(Exit::Usage, &sentence, &error, Some(hint))
                .in_notation(|| sentence::of_file_at(&error, path))
        }
        AuthorityError::Certificates { source: error, .. } => {
            let sentence = cannot(format!("used: `{shown}`: {error}"));
            CommandOutput::error(Exit::Usage, &sentence, &error, error.hint())
                .in_notation(|| Some(error.in_words_of_go().to_owned()))
        }
        AuthorityError::Count { count: 0, .. } => failed(format!(
            "cannot find any certificate from \"{shown}\". {expecting}"
        )),
        AuthorityError::Count { .. } => failed(format!(
            "found more than one certificates from \"{shown}\". {expecting}"
        )),
        AuthorityError::NotARoot { is_authority, .. } => failed(format!(
            "failed to check root certificate with error: \"{shown}\" is not a self-signed \
             certificate authority"
        ))
        .in_notation(|| (!is_authority).then(|| NOT_AN_AUTHORITY.to_owned())),
        AuthorityError::Url(_) => failed(error.to_string()),
    }
}

/// The roots that signatures of these profiles may rest on: the file that the user names, else
/// what AWS has published for the profiles' partitions.
pub(super) fn roots_of(
    signing_profiles: &[SigningProfile],
    trust_anchor: Option<&Path>,
    pipes: Duration,
) -> Result<Vec<NamedStore>, CommandOutput> {
    let Some(path) = trust_anchor else {
        return published_roots(signing_profiles).map_err(|error| setup_report(&error));
    };
    Ok(vec![read_roots(path, pipes)?])
}

/// The roots of AWS Signer in the file of `--trust-anchor`.
pub(super) fn read_roots(path: &Path, pipes: Duration) -> Result<NamedStore, CommandOutput> {
    match NamedStore::from_file(StoreName::trust_anchor(), path, pipes) {
        Err(trust_store::Error::Unreadable {
            store,
            file,
            source,
        }) => {
            let sentence = format!(
                "the file of `--trust-anchor` cannot be read: `{}`",
                path.display()
            );
            let wanted = "name the file with the root of AWS Signer's certificates";
            let hint = hint_of_file(&source, wanted);
            let error = trust_store::Error::Unreadable {
                store,
                file,
                source,
            };
            Err(CommandOutput::error(
                Exit::Usage,
                &sentence,
                &error,
                Some(hint),
            ))
        }
        read => read.map_err(|error| unfit_anchor(&error)),
    }
}

/// What is wrong with the file of `--trust-anchor`, which stands in no store that its user knows.
pub(super) fn unfit_anchor(error: &trust_store::Error) -> CommandOutput {
    let store = format!("in the trust store `{}`", StoreName::trust_anchor());
    let sentence = error.to_string().replace(&store, "of `--trust-anchor`");
    let hint = match error {
        trust_store::Error::NotCertificates { .. } | trust_store::Error::EmptyFile { .. } => {
            Some("give a file with the root of AWS Signer's certificates, in PEM or DER".to_owned())
        }
        other => other.hint(),
    };
    CommandOutput::error(Exit::Usage, &sentence, error, hint)
}

/// The name that this process was started by.
fn called() -> Called {
    Called::by(&std::env::args_os().next().unwrap_or_default())
}
