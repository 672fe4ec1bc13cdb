//! `countersign cert`: the certificates of the trust store, and test certificates.

mod generate_test;

use super::report::Report;
use crate::config::NotationDirs;

/// Commands of `cert`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make an RSA key and a self-signed certificate for tests: valid for a day, trusted in the store
    /// `ca:NAME`, and in the signing key list as NAME
    GenerateTest(generate_test::Args),
}

pub(super) fn run(command: &Command) -> Report {
    let dirs = NotationDirs::from_env();
    let done = match command {
        Command::GenerateTest(args) => generate_test::run(&dirs, args),
    };
    match done {
        Ok(stdout) => Report {
            stdout,
            ..Report::done()
        },
        Err(report) => report,
    }
}
