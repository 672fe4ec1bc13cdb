//! What `profile`, `signature` and `lambda config` share: who is asked, how a change is confirmed, and what is answered.

pub(super) mod count;
pub(super) mod text;

use std::error::Error as StdError;
use std::fmt::{Display, Write as _};

use super::args::{Output, PluginConfigArgs, TimeArgs};
use super::confirm::{cancelled, confirm_change};
use super::context::{Context, Format};
use super::output::{CommandOutput, Exit, one_line, warning_lines};
use super::reader;
use crate::allowance::{self, Allowed};
use crate::aws::Location;
use crate::code_signing::configuration;
use crate::reference::ArtifactReference;
use crate::report::{ManagementState, ManagementV1, Reason};
use crate::signing_profiles::{Class, Consequence, Error, RuleError, SigningProfiles};
use count::CountArgs;

/// How the answer is given, and with what AWS Signer is asked.
#[derive(Debug, clap::Args)]
pub(super) struct AnswerArgs {
    /// Output format: `json` is one document on stdout, see schemas/management.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    #[command(flatten)]
    plugin_config: PluginConfigArgs,
    #[command(flatten)]
    time: TimeArgs,
}

/// How a change is confirmed.
#[derive(Debug, clap::Args)]
pub(super) struct ChangeArgs {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Look, say what would be changed, and change nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
}

/// What a command answers.
pub(super) struct ManagementAnswer {
    pub(super) document: ManagementV1,
    /// The same in words, in whole lines.
    pub(super) text: String,
}

/// Why a command did not come to an answer.
pub(super) struct Stop(Box<(CommandOutput, Option<Reason>)>);

impl From<CommandOutput> for Stop {
    fn from(report: CommandOutput) -> Self {
        Self(Box::new((report, None)))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::of(&error, error.class(), error.code(), error.hint())
    }
}

impl From<configuration::Error> for Stop {
    fn from(error: configuration::Error) -> Self {
        Self::of(&error, error.class(), error.code(), error.hint())
    }
}

impl Stop {
    /// What is printed, and why, for the JSON forms.
    pub(super) fn apart(self) -> (CommandOutput, Reason) {
        let Self(stop) = self;
        let (report, reason) = *stop;
        let reason = reason.unwrap_or_else(|| report.not_begun());
        (report, reason)
    }

    fn of(
        error: &(dyn StdError + 'static),
        class: Class,
        code: &'static str,
        hint: Option<String>,
    ) -> Self {
        let exit = match class {
            Class::Usage => Exit::Usage,
            Class::Refused => Exit::Rejected,
            Class::Inconclusive => Exit::Inconclusive,
        };
        let sentence = error.to_string();
        let reader = reader::current();
        let reason = Reason::new(code, sentence.clone(), error, hint.clone(), reader);
        let report = CommandOutput::error(exit, &sentence, error, hint);
        Self(Box::new((report, Some(reason))))
    }
}

impl From<RuleError> for Stop {
    fn from(error: RuleError) -> Self {
        Self::from(Error::Rule(error))
    }
}

/// The output of the command `action`, in the form that the user asked for.
pub(super) fn output(
    action: &'static str,
    args: &AnswerArgs,
    answer: Result<ManagementAnswer, Stop>,
) -> CommandOutput {
    match answer {
        Ok(ManagementAnswer { document, text }) => CommandOutput {
            stderr: warning_lines(&document.warnings),
            exit: document.exit_code,
            stdout: match args.output {
                Output::Text => text,
                Output::Json => document.text(),
            },
            ..CommandOutput::done()
        },
        Err(stop) => {
            let (report, reason) = stop.apart();
            if args.output == Output::Text {
                return report;
            }
            CommandOutput {
                stdout: ManagementV1::failed(action, report.exit, reason).text(),
                ..report
            }
        }
    }
}

/// AWS Signer in one region, and what else a command uses.
pub(super) struct Session {
    pub(super) signer: SigningProfiles,
    pub(super) context: Context,
    /// What each step may use.
    pub(super) allowed: Allowed,
}

impl Session {
    /// Opens AWS Signer where `what` is; `count` says which repositories are looked into.
    pub(super) async fn open(
        args: &AnswerArgs,
        count: Option<&CountArgs>,
        what: &(dyn Display + Sync),
        location: Option<&Location>,
    ) -> Result<Self, Stop> {
        let plugin_config = args.plugin_config.parse()?;
        let pipes = args.time.for_pipes()?;
        let context = match count {
            Some(count) => {
                let repositories = count.repositories()?.into_iter();
                let references: Vec<ArtifactReference> = repositories.map(Into::into).collect();
                let registry = count.registry();
                Context::new(registry, &references, plugin_config, Format::Known, pipes)?
            }
            None => Context::without_registry(plugin_config, Format::Known, pipes)?,
        };
        let allowed = args.time.allowed()?;
        let aws = context.aws();
        let signer = SigningProfiles::connect(&aws, what, location);
        let signer = allowed.begin().lend(Box::pin(signer)).await?;
        Ok(Self {
            signer,
            context,
            allowed,
        })
    }

    /// Does one step, with the time that a step has.
    pub(super) async fn step<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.allowed.begin().lend(Box::pin(work)).await
    }

    /// Carries out `change` with `work`, after the user has agreed to what follows from it. `done` says so.
    pub(super) async fn carry_out<E>(
        &self,
        args: &ChangeArgs,
        change: &Change,
        document: ManagementV1,
        work: impl Future<Output = Result<(), E>>,
        done: &str,
    ) -> Result<ManagementAnswer, Stop>
    where
        Stop: From<E>,
    {
        let mut document = document.with_consequences(&change.consequences);
        let counted = document.count.as_ref();
        let (lines, is_complete) = (
            counted.map(text::count).unwrap_or_default(),
            counted.is_none_or(|count| count.complete),
        );
        let plan = format!("{}{lines}", change.lines());
        if args.dry_run {
            document.state = ManagementState::Planned;
            if !is_complete || !document.warnings.is_empty() {
                document.exit_code = Exit::Inconclusive;
            }
            let text = format!("Would {}:\n{plan}Nothing was changed.\n", change.what);
            return Ok(ManagementAnswer { document, text });
        }
        let explanation = format!("About to {}:\n{plan}", change.what);
        let asking = async {
            let ask =
                || confirm_change(&explanation, "Are you sure you want to continue?", args.yes);
            allowance::uncounted(ask)
        };
        if !self.allowed.begin().lend(asking).await? {
            let no = cancelled();
            document.state = ManagementState::Cancelled;
            document.exit_code = no.exit;
            let text = no.stdout;
            return Ok(ManagementAnswer { document, text });
        }
        self.step(work).await?;
        document.state = ManagementState::Done;
        let lines = if args.yes { lines } else { String::new() };
        let text = format!("{lines}{done}\n");
        Ok(ManagementAnswer { document, text })
    }
}

/// A change, before it is made.
pub(super) struct Change {
    /// What is done, as it stands behind "Would".
    pub(super) what: String,
    /// What follows from it, in sentences.
    pub(super) consequences: Vec<String>,
}

/// What follows from a change at AWS Signer, in sentences.
pub(super) fn sentences(consequences: &[Consequence]) -> Vec<String> {
    consequences.iter().map(ToString::to_string).collect()
}

impl Change {
    fn lines(&self) -> String {
        let mut lines = String::new();
        for consequence in &self.consequences {
            // Writing to a `String` cannot fail.
            let _ = writeln!(lines, "- {}", one_line(consequence));
        }
        lines
    }
}

/// The answer where everything is as it was asked for.
pub(super) fn unchanged(document: ManagementV1, sentence: &str) -> ManagementAnswer {
    let text = format!("{sentence}; nothing was changed\n");
    let document = ManagementV1 {
        state: ManagementState::Unchanged,
        ..document
    };
    ManagementAnswer { document, text }
}
