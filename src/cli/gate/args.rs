//! Flags that every gate has, and the gate that they make.

use std::path::PathBuf;

use crate::aws::Aws;
use crate::cli::args::{MaxSignatures, TimeArgs};
use crate::cli::context::{Context, no_directory, read_roots};
use crate::cli::output::{CommandOutput, Exit};
use crate::cli::policy_files::policy_report;
use crate::exposure::Exposed;
use crate::gate::policy::{GatePolicy, GatePolicyError};
use crate::gate::{Gate, GateRoots, GateSetup, GateSetupError};
use crate::reference::{ArtifactReference, Reference};
use crate::verify::{Options, SetupError, Verifier};

/// What a gate decides by.
#[derive(Debug, clap::Args)]
pub(super) struct GateArgs {
    /// File with the gate policy: who must have signed, see schemas/gate-policy.v1.schema.json
    #[arg(long, value_name = "FILE")]
    gate_policy: PathBuf,
    /// Certificate file that replaces AWS Signer's published roots for signing profiles of the gate
    /// policy
    #[arg(long, value_name = "FILE")]
    trust_anchor: Option<PathBuf>,
    /// Maximum number of signatures to judge per image
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t,
        allow_negative_numbers = true
    )]
    max_signatures: MaxSignatures,
    #[command(flatten)]
    time: TimeArgs,
}

/// A gate that is ready, and what is to be said before it decides.
pub(super) struct Prepared {
    pub(super) gate: Gate,
    /// AWS, with the credentials of this command.
    pub(super) aws: Aws,
    pub(super) options: Options,
    /// Lines for stderr.
    pub(super) notes: String,
}

impl GateArgs {
    /// Reads both policies and puts the gate together for these references. No registry is asked yet.
    pub(super) async fn prepare(
        &self,
        references: &[Reference],
    ) -> Result<Prepared, CommandOutput> {
        let max_signatures = self.max_signatures.get()?;
        let artifacts: Vec<ArtifactReference> =
            references.iter().cloned().map(Into::into).collect();
        let pipes = self.time.for_pipes()?;
        let mut context = Context::for_gate(&artifacts, pipes)?;
        let mut notes = std::mem::take(&mut context.notes);
        let policy = GatePolicy::load(&self.gate_policy, context.environment.now())
            .map_err(|error| policy_unusable(&error))?;
        for warning in policy.warnings(context.environment.now()) {
            notes.push_str(&CommandOutput::warning(&warning.to_string()).stderr);
        }
        let directories = context.environment.notation_directories();
        let trust = if policy.names_statements() {
            let directories = directories.as_ref().map_err(no_directory)?;
            Some(
                Verifier::from_notation_config(directories).map_err(|error| match error {
                    SetupError::Policy(error) => policy_report(&error),
                    error => CommandOutput::unusable(&error, error.hint()),
                })?,
            )
        } else {
            None
        };
        let roots = match &self.trust_anchor {
            None => GateRoots::Published,
            Some(path) => GateRoots::Given(vec![read_roots(path, pipes)?]),
        };
        let setup =
            GateSetup::new(policy, trust, &roots).map_err(|error| setup_unusable(&error))?;
        refuse_exposed(&self.exposed(&setup))?;
        let gate = setup.connect(&context.environment).await;
        let gate = gate.map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
        Ok(Prepared {
            gate,
            aws: context.aws(),
            options: Options {
                max_signatures,
                allowed: self.time.allowed()?,
                ..Options::default()
            },
            notes,
        })
    }

    /// What decides and others may write.
    fn exposed(&self, setup: &GateSetup) -> Vec<String> {
        let mut exposed = Exposed::default();
        exposed.add_file("the gate policy", &self.gate_policy);
        if let Some(anchor) = &self.trust_anchor {
            exposed.add_file("the trust anchor", anchor);
        }
        if let Some(policies) = setup.trust_policies() {
            exposed.add_file("the trust policy", policies.path());
            exposed.add_stores(policies, &setup.stores());
        }
        for (name, directory) in setup.policy().plugins() {
            exposed.add_plugin(directory, name);
        }
        exposed.into_lines()
    }
}

fn policy_unusable(error: &GatePolicyError) -> CommandOutput {
    let report = CommandOutput::unusable(error, error.hint());
    match error.problems() {
        [] | [_] => report,
        [_, others @ ..] => report.caused_by(others.iter().map(ToString::to_string).collect()),
    }
}

fn setup_unusable(error: &GateSetupError) -> CommandOutput {
    CommandOutput::unusable(error, error.hint())
}

/// Refuses what other users may write: whoever can change it decides what runs.
fn refuse_exposed(lines: &[String]) -> Result<(), CommandOutput> {
    if lines.is_empty() {
        return Ok(());
    }
    let sentence = "a gate accepts nothing that other users may write";
    let hint = "take the permission away with `chmod go-w`, or the ownership with `chown`, from each place named";
    Err(
        CommandOutput::failed_with_hint(Exit::Rejected, sentence, hint.to_owned())
            .caused_by(lines.to_vec()),
    )
}
