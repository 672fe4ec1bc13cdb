//! A verifier that asks nobody. It is made without a connection pool, without AWS and without plugins,
//! so that there is nothing to ask with.

use std::path::Path;
use std::sync::Arc;

use time::OffsetDateTime;

use super::Args;
use crate::cli::context::{Policy, now};
use crate::cli::duration::parse_span;
use crate::cli::report::{Exit, Report};
use crate::config::NotationDirs;
use crate::extended_validation::RevocationChecker;
use crate::limits;
use crate::revocation::Checker;
use crate::trust_policy::DocumentKind;
use crate::verify::{Artifacts, Judges, OfflineDirectory, Verifier};

/// The verifier, with the policy's warnings and the time.
pub(super) fn verifier(
    args: &Args,
    directory: &Path,
) -> Result<(Verifier, Vec<String>, OffsetDateTime), Report> {
    let usage = |text: String| Report::failed(Exit::Usage, &text);
    if !directory.is_dir() {
        return Err(Report::usage(
            &format!(
                "`{}` of `--offline` is not a directory",
                directory.display()
            ),
            Some(
                "with a network, make it with `countersign revocation fetch REFERENCE --out DIR`"
                    .to_owned(),
            ),
        ));
    }
    let max_age = match &args.offline_max_age {
        None => limits::OFFLINE_ANSWER_AGE,
        Some(text) => {
            let longest = limits::MAX_OFFLINE_ANSWER_AGE;
            parse_span("--offline-max-age", text, longest).map_err(usage)?
        }
    };
    let dirs = NotationDirs::from_env();
    let policy = Policy::load(
        DocumentKind::Oci,
        &dirs,
        &args.signing_profile,
        args.trust_anchor.as_deref(),
        args.time.for_pipes()?,
        args.require.is_strict(),
    )?;
    let policies = if args.signing_profile.is_empty() {
        policy.policies
    } else {
        policy
            .policies
            .allow_unsigned(&args.unsigned_revocation_statements)
    };
    let directory = OfflineDirectory::new(directory.to_owned());
    let verifier = Verifier {
        policies,
        judges: Judges {
            stores: policy.stores,
            aws_signer: RevocationChecker::stored(directory.aws_signer(max_age)),
            revocation: Checker::new(Arc::new(directory.revocation())),
            plugins: None,
            plugin_config: std::collections::BTreeMap::new(),
            use_installed_plugin: false,
        },
        artifacts: Artifacts::Stored(directory),
    };
    Ok((verifier, policy.warnings, now()))
}
