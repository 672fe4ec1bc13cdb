//! A verifier that sends no requests. It is made without a connection pool, without AWS and without
//! plugins, so that there is nothing to ask with.

use std::path::Path;

use super::Args;
use crate::cli::context::{Trusted, environment};
use crate::cli::duration::parse_span;
use crate::cli::output::CommandOutput;
use crate::limits;
use crate::trust_policy::DocumentKind;
use crate::verify::{OfflineDirectory, Verifier};

/// The verifier, with the policy's warnings.
pub(super) fn verifier(
    args: &Args,
    directory: &Path,
) -> Result<(Verifier, Vec<String>), CommandOutput> {
    if !directory.is_dir() {
        return Err(CommandOutput::usage(
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
            parse_span("--offline-max-age", text, longest)?
        }
    };
    let environment = environment();
    let trusted = Trusted {
        kind: DocumentKind::Oci,
        policy: &args.policy,
        pipes: args.time.for_pipes()?,
        is_strict: args.require.is_strict(),
    };
    let (mut setup, warnings) = trusted.setup(&environment.notation_directories())?;
    if !args.policy.is_from_file() {
        let policies = setup.policies().clone();
        setup = setup.with_policies(policies.allow_unsigned(&args.unsigned_revocation_statements));
    }
    let directory = OfflineDirectory::new(directory.to_owned());
    let verifier = setup.offline(directory, max_age, environment.clock());
    Ok((verifier, warnings))
}
