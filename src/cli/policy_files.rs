//! The trust policy and the trust stores of a command: those of Notation's configuration directory, or those that the
//! command line names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::args::{PolicyFileArgs, TrustStoreArgs};
use super::output::{CommandOutput, Exit};
use crate::config::StoreName;
use crate::trust_policy::{self, DocumentKind, TrustPolicies};
use crate::trust_store::{self, NamedStore};
use crate::verify::Stores;

/// Notation's configuration directory, or the report that nothing says where it is.
pub(super) type ConfigDirectory<'a> = dyn Fn() -> Result<PathBuf, CommandOutput> + 'a;

/// Loads the trust policy; a pipe in its place must be written to its end within `pipes`.
///
/// # Errors
///
/// The report of a policy that cannot be used.
pub(super) fn load(
    kind: DocumentKind,
    args: &PolicyFileArgs,
    pipes: Duration,
    config: &ConfigDirectory<'_>,
) -> Result<TrustPolicies, CommandOutput> {
    let sha256 = args.policy_sha256.as_ref();
    let policies = match args.file()? {
        Some(file) => TrustPolicies::load_file(kind, file, sha256, pipes),
        None => TrustPolicies::load(kind, &config()?, sha256),
    };
    policies.map_err(|error| policy_report(&error))
}

/// The trust stores of a policy. They are read here only where their digest was given.
///
/// # Errors
///
/// The report of stores that cannot be used.
pub(super) fn stores(
    args: &TrustStoreArgs,
    policies: &TrustPolicies,
    config: &ConfigDirectory<'_>,
) -> Result<Stores, CommandOutput> {
    let Some(sha256) = &args.trust_store_sha256 else {
        return Ok(match &args.trust_store {
            Some(directory) => Stores::Directory(directory.clone()),
            None => Stores::Notation(config()?),
        });
    };
    let directory = match &args.trust_store {
        Some(directory) => directory.clone(),
        None => config()?.join("truststore"),
    };
    NamedStore::read_pinned(&directory, &names(policies), sha256)
        .map(Stores::Given)
        .map_err(|error| store_report(&error))
}

/// The stores that a policy names, each once.
pub(super) fn names(policies: &TrustPolicies) -> Vec<StoreName> {
    let statements = policies.statements().iter();
    let stores = statements.flat_map(|statement| &statement.trust_stores);
    let stores: BTreeMap<String, StoreName> = stores
        .map(|store| (store.to_string(), store.clone()))
        .collect();
    stores.into_values().collect()
}

fn store_report(error: &trust_store::Error) -> CommandOutput {
    CommandOutput::error(Exit::Rejected, &error.notation_error(), error, error.hint())
}

/// A policy that cannot be used: notation's sentence, then every problem with its place.
pub(super) fn policy_report(error: &trust_policy::Error) -> CommandOutput {
    let sentence = error.notation_sentence("");
    let report = CommandOutput::error(Exit::Rejected, &sentence, error, error.hint());
    if sentence == error.to_string() {
        return report;
    }
    report.caused_by(match error.problems() {
        [] => vec![error.to_string()],
        several => several.iter().map(ToString::to_string).collect(),
    })
}
