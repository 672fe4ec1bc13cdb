//! `countersign cert`: the certificates of the trust stores, and test certificates.

mod add;
mod cleanup_test;
mod delete;
mod generate_test;
mod kms_key;
mod list;
mod show;
mod test_files;

use super::context::{environment, no_directory, tell_directory};
use super::listing::not_shown;
use super::output::{CommandOutput, Exit, one_line, write_causes, write_hint};
use crate::config::StoreName;
use crate::notary::StoreType;
use crate::trust_store::{self, ChangeError};

/// Commands of `cert`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add certificates to a trust store
    Add(add::Args),
    /// List the certificates of the trust stores
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// Show the certificates of one file of a trust store
    Show(show::Args),
    /// Delete certificates from a trust store
    #[command(visible_aliases = ["remove", "rm"])]
    Delete(delete::Args),
    /// Make an RSA key, or take one of AWS KMS, and a self-signed certificate for tests: valid for a
    /// day, trusted in the store `ca:NAME`, and in the signing key list as NAME
    GenerateTest(generate_test::Args),
    /// Remove what `generate-test` made
    CleanupTest(cleanup_test::Args),
}

pub(super) async fn run(command: &Command) -> CommandOutput {
    let dirs = match environment().notation_directories() {
        Ok(dirs) => dirs,
        Err(error) => return of_form(command, no_directory(&error)),
    };
    tell_directory(&dirs);
    let done = match command {
        Command::Add(args) => return add::run(&dirs, args),
        Command::List(args) => return list::run(&dirs, args),
        Command::Show(args) => return show::run(&dirs, args),
        Command::Delete(args) => delete::run(&dirs, args),
        Command::GenerateTest(args) => generate_test::run(&dirs, args).await,
        Command::CleanupTest(args) => cleanup_test::run(&dirs, args),
    };
    match done {
        Ok(stdout) => CommandOutput {
            stdout,
            ..CommandOutput::done()
        },
        Err(report) => report,
    }
}

/// The report of a command that could not begin, in the form that was asked for.
fn of_form(command: &Command, report: CommandOutput) -> CommandOutput {
    match command {
        Command::List(args) => not_shown(args.output, report),
        Command::Show(args) => not_shown(args.output, report),
        _ => report,
    }
}

/// Which trust store.
#[derive(Debug, clap::Args)]
struct StoreArgs {
    /// Type of the trust store: ca, signingAuthority or tsa
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    kind: String,
    /// Name of the trust store
    #[arg(short, long, value_name = "NAME")]
    store: String,
}

impl StoreArgs {
    fn parse(&self) -> Result<StoreName, CommandOutput> {
        parse_store(parse_type(&self.kind)?, &self.store)
    }
}

fn parse_type(text: &str) -> Result<StoreType, CommandOutput> {
    if text.is_empty() {
        return Err(CommandOutput::failed(
            Exit::Usage,
            "store type cannot be empty",
        ));
    }
    StoreType::from_name(text).ok_or_else(|| {
        CommandOutput::usage(
            &format!("unsupported store type: {text}"),
            Some("the types are `ca`, `signingAuthority` and `tsa`".to_owned()),
        )
    })
}

fn parse_store(kind: StoreType, name: &str) -> Result<StoreName, CommandOutput> {
    StoreName::new(kind, name).map_err(|error| {
        CommandOutput::usage(
            "named store name needs to follow [a-zA-Z0-9_.-]+ format",
            Some(error.to_string()),
        )
    })
}

/// What a user is told where verification would not be able to use a store.
fn warning(error: &trust_store::Error) -> String {
    let mut text = format!("Warning: {}\n", one_line(&error.to_string()));
    write_causes(&mut text, "", error);
    write_hint(&mut text, "", error.hint());
    text
}

/// A change of the store that was refused, after a sentence of notation's that says what was refused.
fn refused(sentence: &str, error: &ChangeError) -> CommandOutput {
    let hint = error.hint();
    match error {
        ChangeError::Files { source } => CommandOutput::error(Exit::Usage, sentence, source, hint),
        error => CommandOutput::error(Exit::Usage, sentence, error, hint),
    }
}
