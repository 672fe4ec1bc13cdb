//! What every command says, as files: its help, a success and its typical failures.
//!
//! `RENEW_SNAPSHOTS=1 cargo test --test it snapshots` writes the files again; `git diff` then shows what users will see
//! otherwise than before.

mod files;
mod code_signing;
mod keys;
mod machines;
mod package_checks;
mod packages;
mod policies;
mod profiles;
mod scrubbed;
mod signing;
mod transcript;
mod waiting;

use std::collections::BTreeSet;

use crate::support::sandbox::Sandbox;

/// The commands of the program are found by walking down from `--help`, so none can be forgotten.
#[test]
fn every_command_has_its_help() {
    let mut helps = Vec::new();
    Sandbox::new().helps(&[], &mut helps);
    assert!(helps.len() > 40, "{} commands", helps.len());
    let mut names = BTreeSet::new();
    for (command, text) in helps {
        let name = format!("countersign {command}").trim().replace(' ', "_");
        let name = format!("help/{name}");
        files::assert_snapshot(&name, &text);
        names.insert(name);
    }
    assert_eq!(
        files::below("help"),
        names,
        "help of commands that are gone"
    );
}
