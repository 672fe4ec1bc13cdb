//! Flags that every gate has, and the gate that they make.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use crate::aws::Aws;
use crate::cli::args::{
    MaxSignaturesArgs, NonEmptyPath, PolicyFileArgs, TimeArgs, TrustStoreArgs, parse_sha256,
};
use crate::cli::context::{Context, no_directory, read_roots};
use crate::cli::descriptors;
use crate::cli::output::{CommandOutput, Exit};
use crate::cli::policy_files;
use crate::exposure::Exposed;
use crate::gate::policy::{GatePolicy, GatePolicyError};
use crate::gate::{Gate, GateConnectError, GateRoots, GateSetup, GateSetupError};
use crate::http;
use crate::oci::Digest;
use crate::reference::{ArtifactReference, Reference};
use crate::report::Invocation;
use crate::trust_policy::DocumentKind;
use crate::verify::{Options, Setup};

/// Which gate policy.
#[derive(Debug, clap::Args)]
struct GatePolicyArgs {
    /// File with the gate policy: who must have signed, see schemas/gate-policy.v1.schema.json; `-` is standard
    /// input, with `--gate-policy-sha256`
    #[arg(long, value_name = "FILE", value_parser = NonEmptyPath)]
    gate_policy: PathBuf,
    /// SHA-256 digest that the gate policy's bytes must have; with it the gate policy may be behind symbolic links
    #[arg(long, value_name = "DIGEST", value_parser = parse_sha256)]
    gate_policy_sha256: Option<Digest>,
}

/// What a gate decides by. Every command of `gate` that decides has exactly these flags, so no image passes one that
/// another one refuses.
#[derive(Debug, clap::Args)]
pub(super) struct GateArgs {
    #[command(flatten)]
    policy: GatePolicyArgs,
    /// Certificate file that replaces AWS Signer's published roots for signing profiles of the gate
    /// policy
    #[arg(long, value_name = "FILE")]
    trust_anchor: Option<PathBuf>,
    #[command(flatten)]
    file: PolicyFileArgs,
    #[command(flatten)]
    stores: TrustStoreArgs,
    #[command(flatten)]
    max_signatures: MaxSignaturesArgs,
    /// Directory of this user alone in which fetched signatures are kept, so that each is fetched once; which
    /// signatures there are is asked every time
    #[arg(long, value_name = "DIR", value_parser = NonEmptyPath)]
    content_cache: Option<PathBuf>,
    #[command(flatten)]
    time: TimeArgs,
}

/// A gate whose files are read. No request has been sent.
pub(super) struct ReadGate<'a> {
    args: &'a GateArgs,
    setup: GateSetup,
    /// Lines for stderr.
    notes: String,
    /// When the command began.
    begun: Instant,
}

/// A gate that is ready, and what is to be said before it decides.
pub(super) struct Prepared {
    pub(super) gate: Gate,
    /// AWS, with the credentials of this command.
    pub(super) aws: Aws,
    pub(super) options: Options,
    /// Lines for stderr.
    pub(super) notes: String,
    /// What asks, which counts the requests.
    pool: http::Pool,
    begun: Instant,
}

impl Prepared {
    /// How the decisions came about until now.
    pub(super) fn invocation(&self) -> Invocation {
        let begun = Invocation::begun(self.gate.now()).by(self.gate.trust_policies());
        begun.at_cost(self.pool.requests(), self.begun.elapsed())
    }
}

impl GatePolicyArgs {
    /// Whether the policy is read from standard input.
    fn is_stdin(&self) -> bool {
        self.gate_policy.as_os_str() == "-"
    }
}

/// Reads the gate policy in `file`, or from standard input where that is `-`, at the time `now`; a pipe in its place must
/// be written to its end within `pipes`.
///
/// # Errors
///
/// The report of one that cannot be used.
pub(in crate::cli) fn load_gate_policy(
    file: &Path,
    sha256: Option<&Digest>,
    pipes: Duration,
    now: OffsetDateTime,
) -> Result<GatePolicy, CommandOutput> {
    let is_stdin = file.as_os_str() == "-";
    let policy = match sha256 {
        None if is_stdin => {
            return Err(CommandOutput::usage(
                "`--gate-policy -` needs `--gate-policy-sha256`",
                Some(
                    "give the digest of the gate policy, as `sha256sum` prints it where the policy is kept: \
                     `--gate-policy-sha256 DIGEST`"
                        .to_owned(),
                ),
            ));
        }
        None => GatePolicy::load(file, now),
        Some(sha256) if is_stdin => {
            GatePolicy::load_pinned(Path::new("/dev/stdin"), sha256, pipes, now)
        }
        Some(sha256) => GatePolicy::load_pinned(file, sha256, pipes, now),
    };
    policy.map_err(|error| policy_unusable(&error))
}

impl GateArgs {
    /// How long a pipe that the user named may take to be written to its end.
    pub(super) fn for_pipes(&self) -> Result<Duration, CommandOutput> {
        self.time.for_pipes()
    }

    /// Whether a policy is read from standard input.
    pub(super) fn reads_stdin(&self) -> bool {
        let of_file = self.file.file().ok().flatten();
        self.policy.is_stdin() || of_file.is_some_and(|file| file == Path::new("/dev/stdin"))
    }

    /// Reads both policies, and refuses what others may write.
    pub(super) fn read(&self) -> Result<ReadGate<'_>, CommandOutput> {
        let begun = Instant::now();
        let pipes = self.for_pipes()?;
        self.max_signatures.get()?;
        let environment = crate::cli::context::environment();
        let GatePolicyArgs {
            gate_policy,
            gate_policy_sha256,
        } = &self.policy;
        let sha256 = gate_policy_sha256.as_ref();
        let policy = load_gate_policy(gate_policy, sha256, pipes, environment.now())?;
        let mut notes = String::new();
        for warning in policy.warnings(environment.now()) {
            notes.push_str(&CommandOutput::warning(&warning.to_string()).stderr);
        }
        let directories = environment.notation_directories();
        let trust = if policy.names_statements() {
            let config = || Ok(directories.as_ref().map_err(no_directory)?.config.clone());
            let policies = policy_files::load(DocumentKind::Oci, &self.file, pipes, &config)?;
            let stores = policy_files::stores(&self.stores, &policies, &config)?;
            Some(Setup::of_policies(policies, stores))
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
        Ok(ReadGate {
            args: self,
            setup,
            notes,
            begun,
        })
    }

    /// What decides and others may write. What they make of a policy whose digest was given is refused in any case.
    fn exposed(&self, setup: &GateSetup) -> Vec<String> {
        let mut exposed = Exposed::default();
        if self.policy.gate_policy_sha256.is_none() {
            exposed.add_file("the gate policy", &self.policy.gate_policy);
        }
        if let Some(anchor) = &self.trust_anchor {
            exposed.add_file("the trust anchor", anchor);
        }
        if let Some(policies) = setup.trust_policies() {
            if self.file.policy_sha256.is_none() {
                exposed.add_file("the trust policy", policies.path());
            }
            exposed.add_stores(policies, &setup.stores());
        }
        for (name, directory) in setup.policy().plugins() {
            exposed.add_plugin(directory, name);
        }
        exposed.into_lines()
    }
}

impl ReadGate<'_> {
    /// AWS, for what is asked before the images are known: at its own endpoints, or at those of the gate policy.
    pub(super) async fn aws(&self) -> Result<Aws, CommandOutput> {
        let context = Context::for_gate(&[], self.args.for_pipes()?)?;
        let checked = self.setup.check_endpoints(&context.environment).await;
        checked.map_err(|error| connect_unusable(&error))?;
        Ok(context.aws())
    }

    /// The time of the command, which begins here.
    pub(super) fn allowed(&self) -> Result<crate::allowance::Allowed, CommandOutput> {
        self.args.time.allowed()
    }

    /// Puts the gate together for these references. No registry is asked yet.
    pub(super) async fn connect(
        mut self,
        references: &[Reference],
    ) -> Result<Prepared, CommandOutput> {
        if references.len() > 1 {
            descriptors::allow_many();
        }
        let artifacts: Vec<ArtifactReference> =
            references.iter().cloned().map(Into::into).collect();
        let mut context = Context::for_gate(&artifacts, self.args.for_pipes()?)?;
        self.notes
            .insert_str(0, &std::mem::take(&mut context.notes));
        if let Some(directory) = &self.args.content_cache {
            context.environment = context.environment.with_content_cache(directory.clone());
        }
        let gate = self.setup.connect(&context.environment).await;
        Ok(Prepared {
            gate: gate.map_err(|error| connect_unusable(&error))?,
            aws: context.aws(),
            options: Options {
                max_signatures: self.args.max_signatures.get()?,
                allowed: self.allowed()?,
                ..Options::default()
            },
            notes: self.notes,
            pool: context.pool(),
            begun: self.begun,
        })
    }
}

fn policy_unusable(error: &GatePolicyError) -> CommandOutput {
    let exit = match error {
        // It was read, and it is not the one that was meant.
        GatePolicyError::OtherDigest { .. } => Exit::Rejected,
        _ => Exit::Usage,
    };
    let report = CommandOutput::error(exit, &error.to_string(), error, error.hint());
    match error.problems() {
        [] | [_] => report,
        [_, others @ ..] => report.caused_by(others.iter().map(ToString::to_string).collect()),
    }
}

fn setup_unusable(error: &GateSetupError) -> CommandOutput {
    CommandOutput::unusable(error, error.hint())
}

fn connect_unusable(error: &GateConnectError) -> CommandOutput {
    CommandOutput::unusable(error, error.hint())
}

/// Refuses files that other users may write: they would decide what runs.
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
