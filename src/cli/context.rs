//! What the commands share: directories, connections, credentials, the time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use url::Url;

use super::args::RegistryArgs;
use super::called::Called;
use super::credentials;
use super::exposure::{self, Exposed};
use super::report::{Exit, Report, one_line, write_causes};
use crate::aws::{ArnService, Aws, Settings};
use crate::config::{self, Config, NoDirectory, NotationDirs, StoreName};
use crate::extended_validation::{AnswerCache, RevocationChecker};
use crate::files;
use crate::http;
use crate::limits::MAX_TRUST_STORE_FILE_BYTES;
use crate::notary::{EnvelopeFormat, StoreType};
use crate::plugin_host::PluginHost;
use crate::reference::{ArtifactReference, Scheme};
use crate::registry::{self, AuthFile, AwsEcrTokens, Credentials, PlainHttp};
use crate::revocation;
use crate::signer::aws_signer::SigningProfile;
use crate::signer::timestamping::Timestamping;
use crate::trust_policy::{self, DocumentKind, TrustPolicies};
use crate::trust_store::{self, NamedStore, TrustStores};
use crate::verify::{Artifacts, Judges, Verifier};
use crate::x509::{Certificate, parse_certificates};

/// Who judges AWS Signer's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AwsSignerChecks {
    /// This program.
    InProcess,
    /// The plugin that is installed, AWS's own for example.
    InstalledPlugin,
}

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
    dirs: Result<NotationDirs, NoDirectory>,
    pub(super) aws: Aws,
    pool: http::Pool,
    pub(super) registry: registry::Client,
    pub(super) plugin_config: BTreeMap<String, String>,
    /// The envelope format that Notation's `config.json` asks for.
    pub(super) signature_format: Option<EnvelopeFormat>,
    /// How long a pipe that the user named may take to be written to its end.
    pub(super) pipes: Duration,
    pub(super) now: OffsetDateTime,
}

impl Context {
    /// Reads the environment, and Notation's `config.json` if it can matter; asks nobody anything yet.
    pub(super) fn new(
        args: &RegistryArgs,
        references: &[ArtifactReference],
        plugin_config: BTreeMap<String, String>,
        format: Format,
        pipes: Duration,
    ) -> Result<Self, Report> {
        let dirs = NotationDirs::from_env();
        let mut notes = String::new();
        let config = load_config(&dirs, args, references, format, &mut notes)?;
        let pool = http::Settings::from_env()
            .map(http::Pool::new)
            .map_err(|error| {
                Report::error(Exit::Usage, &error.to_string(), &error, error.hint())
            })?;
        // Which of them the one who signs has is checked where that is known.
        let services = [ArnService::Signer, ArnService::Kms];
        let settings = Settings::from_plugin_config(&plugin_config, &services)
            .map_err(|error| Report::unusable(&error, error.hint()))?;
        let aws = Aws::new(pool.clone(), settings)
            .map_err(|error| Report::unusable(&error, error.hint()))?;

        let plain_http = if args.insecure_registry {
            PlainHttp::All
        } else {
            PlainHttp::AlsoThese(config.insecure_registries)
        };
        let given = credentials::given(args, references, &plain_http)?;
        // By Notation's name, stderr is Notation's.
        if !called().is_notation() {
            notes.extend(given.note.map(|note| format!("{note}\n")));
        }
        let mut files = Vec::new();
        if let Ok(dirs) = &dirs {
            files.push(AuthFile::of_notation(dirs.config_file()));
        }
        files.extend(registry::auth_files(variable, user()));
        let credentials = Credentials::new(
            given.credential,
            Some(Arc::new(AwsEcrTokens::new(aws.clone()))),
            files,
        );
        Ok(Self {
            notes,
            dirs,
            aws,
            registry: registry::Client::new(pool.clone(), credentials, plain_http),
            pool,
            plugin_config,
            signature_format: config.signature_format,
            pipes,
            now: now(),
        })
    }

    /// The same for commands that have nothing to do with a registry.
    pub(super) fn without_registry(
        plugin_config: BTreeMap<String, String>,
        format: Format,
        pipes: Duration,
    ) -> Result<Self, Report> {
        Self::new(&RegistryArgs::default(), &[], plugin_config, format, pipes)
    }

    /// Where answers are kept, if there is a place for it.
    pub(super) fn cache(&self) -> Option<&Path> {
        match &self.dirs {
            Ok(dirs) => dirs.cache.as_deref(),
            Err(error) => error.cache.as_deref(),
        }
    }

    /// The directory of plugins.
    pub(super) fn plugins(&self) -> Result<PathBuf, Report> {
        match &self.dirs {
            Ok(dirs) => Ok(dirs.plugins()),
            Err(error) => match &error.libexec {
                Some(libexec) => Ok(config::plugins(libexec)),
                None => Err(no_directory(error)),
            },
        }
    }

    /// The time-stamping authority at `url`, whose root is the only certificate of the file `root`.
    pub(super) fn timestamping(&self, url: &str, root: &Path) -> Result<Timestamping, Report> {
        let usage = |sentence: String| Report::failed(Exit::Usage, &sentence);
        if url.is_empty() {
            return Err(usage("timestamping: tsa url cannot be empty".to_owned()));
        }
        if root.as_os_str().is_empty() {
            return Err(usage(
                "timestamping: tsa root certificate path cannot be empty".to_owned(),
            ));
        }
        let parsed = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(parsed) = parsed else {
            return Err(usage(format!(
                "cannot get http timestamper for timestamping: `{}` is not a URL with http or \
                 https and a host",
                one_line(&http::redact_text(url))
            )));
        };
        Ok(Timestamping {
            pool: self.pool.clone(),
            url: parsed,
            root: read_root(root, self.pipes)?,
            revocation: self.revocation(),
        })
    }

    /// Asks about revocation and stores every answer that counts; no cache stands between.
    pub(super) fn recorder(&self, stored: revocation::Stored) -> revocation::Checker {
        let network = revocation::Network::new(self.pool.clone());
        revocation::Checker::new(Arc::new(network)).with_record(stored)
    }

    /// Asks about revocation, with Notation's cache of CRLs.
    fn revocation(&self) -> revocation::Checker {
        let network = revocation::Network::new(self.pool.clone());
        let checker = revocation::Checker::new(Arc::new(network));
        match self.cache() {
            Some(cache) => checker.with_cache(revocation::Cache::new(cache)),
            None => checker,
        }
    }

    /// What signatures are judged with in process, against these stores.
    pub(super) fn judges(&self, stores: TrustStores) -> Judges {
        Judges {
            stores,
            aws_signer: match self.cache() {
                Some(cache) => RevocationChecker::with_cache(
                    self.aws.clone(),
                    AnswerCache::unread(config::aws_signer_cache(cache)),
                ),
                None => RevocationChecker::new(self.aws.clone()),
            },
            revocation: self.revocation(),
            plugins: self.plugins().ok().map(PluginHost::new),
            plugin_config: self.plugin_config.clone(),
            use_installed_plugin: false,
        }
    }

    /// A verifier: against the signing profiles if there are any, else against Notation's trust
    /// policy of this kind. With it come the policy's warnings. `is_strict` refuses what others may write.
    pub(super) fn verifier(
        self,
        kind: DocumentKind,
        signing_profiles: &[String],
        trust_anchor: Option<&Path>,
        aws_signer: AwsSignerChecks,
        is_strict: bool,
    ) -> Result<(Verifier, Vec<String>), Report> {
        let policy = Policy::load(
            kind,
            &self.dirs,
            signing_profiles,
            trust_anchor,
            self.pipes,
            is_strict,
        )?;
        let judges = Judges {
            use_installed_plugin: aws_signer == AwsSignerChecks::InstalledPlugin,
            ..self.judges(policy.stores)
        };
        Ok((
            Verifier {
                policies: policy.policies,
                artifacts: Artifacts::Registries(self.registry),
                judges,
            },
            policy.warnings,
        ))
    }
}

/// Who is trusted for what: a trust policy with its stores. With it come the policy's warnings.
pub(super) struct Policy {
    pub(super) policies: TrustPolicies,
    pub(super) stores: TrustStores,
    pub(super) warnings: Vec<String>,
}

impl Policy {
    /// That of the signing profiles if there are any, else Notation's of this kind. `is_strict` refuses what
    /// others may write.
    pub(super) fn load(
        kind: DocumentKind,
        dirs: &Result<NotationDirs, NoDirectory>,
        signing_profiles: &[String],
        trust_anchor: Option<&Path>,
        pipes: Duration,
        is_strict: bool,
    ) -> Result<Self, Report> {
        let (policies, stores) = if signing_profiles.is_empty() {
            let config = &dirs.as_ref().map_err(no_directory)?.config;
            (
                match kind {
                    DocumentKind::Oci => TrustPolicies::load_oci(config),
                    DocumentKind::Blob => TrustPolicies::load_blob(config),
                }
                .map_err(|error| policy_report(&error))?,
                TrustStores::new(config),
            )
        } else {
            let stores = roots_of(signing_profiles, trust_anchor, pipes)?;
            let names = stores.iter().map(|store| store.name.clone()).collect();
            let policies = TrustPolicies::of_signing_profiles(signing_profiles, names)
                .map_err(|error| Report::unusable(&error, error.hint()))?;
            (policies, TrustStores::in_memory(stores))
        };
        let file = signing_profiles.is_empty().then(|| policies.path());
        let exposed =
            Exposed::of_verification(file, &policies, &stores, trust_anchor, dirs.as_ref().ok());
        if is_strict {
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
            .map(|warning| match warning.hint() {
                Some(hint) => format!("{warning}; {hint}"),
                None => warning.to_string(),
            })
            .chain(unused)
            .chain(exposed)
            .collect();
        Ok(Self {
            policies,
            stores,
            warnings,
        })
    }
}

/// What is said where a command needs Notation's configuration and nothing says where it is.
pub(super) fn no_directory(error: &NoDirectory) -> Report {
    Report::usage(&error.to_string(), Some(error.hint()))
}

/// What `config.json` says, if anything in it could change this command. Where this user may not look at it
/// (the home of another user), the command goes on: registries are asked over HTTPS then and without its
/// credential stores.
fn load_config(
    dirs: &Result<NotationDirs, NoDirectory>,
    args: &RegistryArgs,
    references: &[ArtifactReference],
    format: Format,
    notes: &mut String,
) -> Result<Config, Report> {
    let is_given = args.username.is_some() && args.password.is_some();
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
    if !is_registrys && format == Format::Known {
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
            write_causes(notes, "  ", std::error::Error::source(&error));
            Ok(Config::default())
        }
        Err(error) => Err(Report::error(
            Exit::Usage,
            &error.to_string(),
            &error,
            error.hint(),
        )),
    }
}

/// The one certificate of a file, which must be a self-signed certificate authority.
fn read_root(path: &Path, pipes: Duration) -> Result<Certificate, Report> {
    let failed = |sentence: String| Report::failed(Exit::Usage, &sentence);
    let shown = path.display();
    let cannot = |what: String| format!("the file of `--timestamp-root-cert` cannot be {what}");
    let bytes = files::read_named(path, MAX_TRUST_STORE_FILE_BYTES, pipes).map_err(|error| {
        let sentence = cannot(format!("read: {error}"));
        let hint = error.hint().unwrap_or_else(|| {
            "check the path; the file must contain the root certificate of the time-stamping authority alone, \
             in PEM or DER"
                .to_owned()
        });
        Report::error(Exit::Usage, &sentence, &error, Some(hint))
    })?;
    let certificates = parse_certificates(&bytes).map_err(|error| {
        let sentence = cannot(format!("used: `{shown}`: {error}"));
        Report::error(Exit::Usage, &sentence, &error, error.hint())
    })?;
    let expecting = "Expecting single x509 root certificate in PEM or DER format from the file";
    match certificates.as_slice() {
        [] => Err(failed(format!(
            "cannot find any certificate from \"{shown}\". {expecting}"
        ))),
        [root] if root.is_ca() && root.is_self_signed() => Ok(root.clone()),
        [_] => Err(failed(format!(
            "failed to check root certificate with error: \"{shown}\" is not a self-signed \
             certificate authority"
        ))),
        _ => Err(failed(format!(
            "found more than one certificates from \"{shown}\". {expecting}"
        ))),
    }
}

/// A policy that cannot be used: notation's sentence, then every problem with its place.
fn policy_report(error: &trust_policy::Error) -> Report {
    let sentence = error.notation_sentence("");
    let report = Report::error(Exit::Rejected, &sentence, error, error.hint());
    if sentence == error.to_string() {
        return report;
    }
    report.caused_by(match error.problems() {
        [] => vec![error.to_string()],
        several => several.iter().map(ToString::to_string).collect(),
    })
}

/// The roots that signatures of these profiles may rest on: the file that the user names, else
/// what AWS has published for the profiles' partitions.
pub(super) fn roots_of(
    signing_profiles: &[String],
    trust_anchor: Option<&Path>,
    pipes: Duration,
) -> Result<Vec<NamedStore>, Report> {
    let failed = |error: trust_store::Error| {
        Report::error(Exit::Usage, &error.to_string(), &error, error.hint())
    };
    // First, so that the reason is the same whichever roots are trusted.
    let mut partitions = Vec::new();
    for profile in signing_profiles {
        let profile = SigningProfile::parse(profile)
            .map_err(|error| Report::unusable(&error, error.hint()))?;
        let partition = profile.arn().location().partition().as_str();
        if !partitions.contains(&partition) {
            partitions.push(partition);
        }
    }
    let kind = StoreType::SigningAuthority;
    if let Some(path) = trust_anchor {
        let name = StoreName::new(kind, "trust-anchor")
            .map_err(|error| Report::failed(Exit::Usage, &error.to_string()))?;
        return match NamedStore::from_file(name, path, pipes) {
            Ok(store) => Ok(vec![store]),
            Err(error @ trust_store::Error::Unreadable { .. }) => Err(Report::error(
                Exit::Usage,
                &format!(
                    "the file of `--trust-anchor` cannot be read: `{}`",
                    path.display()
                ),
                &error,
                error.hint().or_else(|| {
                    Some("name the file with the root of AWS Signer's certificates".to_owned())
                }),
            )),
            Err(error) => Err(failed(error)),
        };
    }
    partitions
        .into_iter()
        .map(|partition| trust_store::built_in(partition).map_err(failed))
        .collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line reads the environment"
)]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).and_then(|value| value.into_string().ok())
}

/// The name that this process was started by.
fn called() -> Called {
    Called::by(&std::env::args_os().next().unwrap_or_default())
}

/// The number of this process's user.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is no number")]
fn user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// The number of this process's user.
#[cfg(not(unix))]
fn user() -> Option<u32> {
    None
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command line reads the clock"
)]
pub(super) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
