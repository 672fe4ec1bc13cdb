//! `countersign policy explain`: which statement applies to an artifact, why, and what it asks.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::super::args::{NonEmptyPath, Output, PolicyFileArgs, TrustStoreArgs, parse_sha256};
use super::super::context::{environment, no_directory};
use super::super::output::{CommandOutput, Exit, one_line};
use super::super::policy_files;
use crate::config::Config;
use crate::limits::NAMED_PIPE_TIMEOUT;
use crate::oci::Digest;
use crate::reference::{Reference, Scheme};
use crate::registry::PlainHttp;
use crate::report::results::whole;
use crate::report::{
    ExplainedPolicy, ExplainedReference, ExplainedStatement, ExplainedStore, PolicyExplanation,
    Reason,
};
use crate::trust_policy::explain::Spelling;
use crate::trust_policy::{DocumentKind, Statement, TrustPolicies};
use crate::trust_store::{NamedStore, TrustStores, digest_of};
use crate::verify::Setup;

/// Flags of `policy explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign policy explain registry.example/team/app:v1\n  \
    countersign policy explain --policy policy.json registry.example/team/app    (before it is in place)\n  \
    countersign policy explain --gate-policy gate.json registry.example/team/app    (which rule of a gate)")]
pub(in crate::cli) struct Args {
    /// Artifact, registry/repository@digest or :tag, or a repository alone; nothing is looked up
    #[arg(value_name = "REFERENCE")]
    pub(super) reference: String,
    #[command(flatten)]
    pub(super) file: PolicyFileArgs,
    #[command(flatten)]
    pub(super) stores: TrustStoreArgs,
    /// Gate policy: explain which of its rules decides, and what it asks; `-` is standard input, with
    /// `--gate-policy-sha256`
    #[arg(long, value_name = "FILE", value_parser = NonEmptyPath)]
    pub(super) gate_policy: Option<PathBuf>,
    /// SHA-256 digest that the gate policy's bytes must have
    #[arg(long, value_name = "DIGEST", value_parser = parse_sha256, requires = "gate_policy")]
    pub(super) gate_policy_sha256: Option<Digest>,
    /// Reach the registry over plain HTTP; `localhost` always is
    #[arg(long)]
    pub(super) insecure_registry: bool,
    /// Output format: `json` is one document on stdout, see schemas/policy-explanation.v1.schema.json, and
    /// schemas/gate-explanation.v1.schema.json with a gate policy
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub(super) output: Output,
}

pub(super) fn run(args: &Args) -> CommandOutput {
    let explained = explain(args);
    match (explained, args.output) {
        (Ok(explanation), Output::Text) => CommandOutput {
            stdout: in_words(&explanation),
            ..CommandOutput::done()
        },
        (Ok(explanation), Output::Json) => CommandOutput {
            stdout: whole(&explanation),
            ..CommandOutput::done()
        },
        (Err((report, _)), Output::Text) => report,
        (Err((report, found)), Output::Json) => {
            let reason = report.not_begun();
            let document = match found {
                None => PolicyExplanation::failed(report.exit, reason),
                Some(found) => {
                    let (policy, reference) = *found;
                    let code = "no-statement";
                    PolicyExplanation::failed(report.exit, Reason { code, ..reason })
                        .with(policy, reference)
                }
            };
            CommandOutput {
                stdout: whole(&document),
                ..report
            }
        }
    }
}

/// Why there is no explanation, with what was found before.
type ExplainFailure = (
    CommandOutput,
    Option<Box<(ExplainedPolicy, ExplainedReference)>>,
);

fn explain(args: &Args) -> Result<PolicyExplanation, ExplainFailure> {
    let alone = |report| (report, None);
    let dirs = environment().notation_directories();
    let reference = parse_repository(&args.reference).map_err(alone)?;
    let config = || Ok(dirs.as_ref().map_err(no_directory)?.config.clone());
    let policies = policy_files::load(DocumentKind::Oci, &args.file, NAMED_PIPE_TIMEOUT, &config);
    let policies = policies.map_err(alone)?;
    let stores = policy_files::stores(&args.stores, &policies, &config).map_err(alone)?;
    let stores = Setup::of_policies(policies.clone(), stores).stores();
    let listed = dirs.as_ref().ok().and_then(|dirs| Config::load(dirs).ok());
    let plain_http = match listed {
        _ if args.insecure_registry => PlainHttp::All,
        Some(config) => PlainHttp::AlsoThese(config.insecure_registries),
        None => PlainHttp::Localhost,
    };
    let scheme = plain_http.scheme(reference.registry_name());
    let scope = reference.repository_with_registry();
    let spelling = Spelling::new(&scope, scheme);
    let policy = || ExplainedPolicy::new(&policies, pin_of(&policies, &stores));
    let written = || ExplainedReference::new(&args.reference, &spelling, scheme);
    let explanation = policies.explain(&scope, scheme).map_err(|error| {
        let mut hint = error.hint();
        if let Some((near, statement)) = policies.near_scope(&spelling.normalized, scheme) {
            let near = format!("the nearest scope is `{near}` of statement `{statement}`");
            hint = Some(hint.map_or_else(|| near.clone(), |hint| format!("{near}; {hint}")));
        }
        let report = CommandOutput::error(Exit::Rejected, &error.to_string(), &error, hint);
        (report, Some(Box::new((policy(), written()))))
    })?;
    let stores = stores_of(explanation.statement, &stores);
    Ok(PolicyExplanation::new(
        policy(),
        written(),
        ExplainedStatement::new(&explanation, stores),
    ))
}

/// Reads a reference; a repository alone is as good, since no policy looks at tags and digests.
pub(super) fn parse_repository(text: &str) -> Result<Reference, CommandOutput> {
    let parsed = Reference::parse(text).or_else(|error| match error {
        crate::reference::Error::MissingTagOrDigest { .. } => {
            Reference::parse(&format!("{}:latest", text.trim_end_matches([':', '@'])))
        }
        error => Err(error),
    });
    parsed.map_err(|error| CommandOutput::usage(&error.notation_sentence(), error.hint()))
}

/// What `--trust-store-sha256` would have to be for these stores; `None` where one of them cannot be used.
fn pin_of(policies: &TrustPolicies, stores: &TrustStores) -> Option<String> {
    let names = policy_files::names(policies);
    let loaded: Option<Vec<NamedStore>> = names
        .iter()
        .map(|name| Some((*stores.load(name).ok()?).clone()))
        .collect();
    Some(digest_of(&loaded?).digest().to_owned())
}

fn stores_of(statement: &Statement, stores: &TrustStores) -> Vec<ExplainedStore> {
    let mut explained: Vec<ExplainedStore> = Vec::new();
    for name in &statement.trust_stores {
        let loaded = stores.load(name);
        let directory = stores.directory_of(name);
        explained.push(ExplainedStore {
            certificates: loaded.as_ref().map_or(0, |store| store.certificates.len()),
            directory: directory.map(|directory| directory.display().to_string()),
            name: name.to_string(),
            problem: loaded.err().map(|error| error.to_string()),
        });
    }
    explained
}

fn in_words(explanation: &PolicyExplanation) -> String {
    let mut text = String::new();
    let PolicyExplanation {
        policy: Some(policy),
        reference: Some(reference),
        statement: Some(statement),
        ..
    } = explanation
    else {
        return text;
    };
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "reference: {}", one_line(&reference.given));
    let _ = writeln!(
        text,
        "  repository: {}, asked over {}",
        reference.repository,
        reference.scheme.to_uppercase()
    );
    let _ = writeln!(text, "  compared as: {}", reference.normalized);
    for reason in &reference.reasons {
        let _ = writeln!(text, "    {reason}");
    }
    let _ = writeln!(text, "policy: {}", one_line(&policy.file));
    let digest = |name: &str, digest: &Option<String>| match digest {
        Some(digest) => format!("  {name}: {digest}\n"),
        None => format!("  {name}: unknown, since not all can be used\n"),
    };
    text.push_str(&digest("sha256", &policy.sha256));
    text.push_str(&digest(
        "sha256 of its trust stores",
        &policy.trust_store_sha256,
    ));
    let _ = writeln!(text, "statement: {}", one_line(&statement.name));
    let _ = writeln!(text, "  applies because {}", one_line(&statement.because));
    let _ = writeln!(text, "  level: {}", statement.level);
    write_trust(&mut text, statement);
    text.push_str("  validations:\n");
    for validation in &statement.validations {
        let changed = if validation.is_override {
            ", by an override"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "    {} ({}{changed}): {}",
            validation.validation, validation.action, validation.asks
        );
        let _ = writeln!(text, "      if it fails: {}", validation.on_failure);
    }
    text
}

fn write_trust(text: &mut String, statement: &ExplainedStatement) {
    if statement.trust_stores.is_empty() {
        text.push_str("  no trust store and no identity: no signature is examined\n");
        return;
    }
    text.push_str("  trust stores:\n");
    for store in &statement.trust_stores {
        let what = match (&store.problem, store.certificates) {
            (Some(problem), _) => format!("cannot be used: {}", one_line(problem)),
            (None, 1) => "1 certificate".to_owned(),
            (None, count) => format!("{count} certificates"),
        };
        let _ = match &store.directory {
            Some(directory) => {
                writeln!(
                    text,
                    "    {}: {what} in {}",
                    store.name,
                    one_line(directory)
                )
            }
            None => writeln!(text, "    {}: {what}", store.name),
        };
    }
    text.push_str("  trusted identities:\n");
    for identity in &statement.trusted_identities {
        let _ = writeln!(text, "    {}", one_line(identity));
    }
    for unsigned in &statement.unsigned_revocation_statements {
        let _ = writeln!(
            text,
            "  unsigned stored statements about revocation count from: {unsigned}"
        );
    }
}

/// The scheme over which a repository is asked that only a table names.
pub(super) fn scheme_of(reference: &Reference) -> Scheme {
    PlainHttp::Localhost.scheme(reference.registry_name())
}
