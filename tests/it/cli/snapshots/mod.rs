//! What every command says, as files: its help, a success and its typical failures.
//!
//! `RENEW_SNAPSHOTS=1 cargo test --test it snapshots` writes the files again; `git diff` then shows what users will see
//! otherwise than before.

mod code_signing;
mod faces;
mod files;
mod gates;
mod keys;
mod machines;
mod package_checks;
mod packages;
mod policies;
mod profiles;
mod scrubbed;
mod shell;
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

/// No command comes without the words that it succeeds with and those that it fails with.
#[test]
fn every_command_succeeds_and_fails_in_a_transcript() {
    let mut helps = Vec::new();
    Sandbox::new().helps(&[], &mut helps);
    let commands: Vec<String> = helps.into_iter().map(|(command, _)| command).collect();
    let is_group = |command: &String| {
        let below = format!("{command} ").trim_start().to_owned();
        commands.iter().any(|other| other.starts_with(&below))
    };
    let ends = ends(&files::transcripts());
    let mut missing = Vec::new();
    for command in commands.iter().filter(|command| !is_group(command)) {
        for end in [End::Success, End::Failure] {
            let is_so = |(typed, found): &(String, End)| {
                *found == end && format!("{typed} ").starts_with(&format!("{command} "))
            };
            if !ends.iter().any(is_so) {
                missing.push(format!("{command}: {end:?}"));
            }
        }
    }
    assert_eq!(missing, [""; 0], "write these down in a transcript");
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Success,
    Failure,
    /// What clap alone refuses: every command has that, and it says nothing of the command.
    Misspelt,
}

/// What was typed in transcripts, and how each ended.
fn ends(transcripts: &[String]) -> Vec<(String, End)> {
    let runs = transcripts.iter().flat_map(|text| text.split("## "));
    runs.filter_map(|run| {
        let (_, run) = run.split_once("\n$ countersign ")?;
        let (typed, said) = run.split_once('\n')?;
        let end = match said.trim_end().rsplit_once("exit ")?.1 {
            "0" => End::Success,
            _ if said.contains("\n! Usage: ") => End::Misspelt,
            _ => End::Failure,
        };
        Some((typed.to_owned(), end))
    })
    .collect()
}

#[test]
fn a_run_in_a_transcript_is_known_by_its_end() {
    let text = "## a\n$ countersign key list\nNAME\nexit 0\n\n## b\n$ countersign key add\n! Error: x\n!\n! Usage: y\nexit 2\n\n\
                ## c\n$ countersign wait a\n! Error: z\nexit 3\n\n## d\n! Error: without a run\n";
    let wanted = [
        ("key list", End::Success),
        ("key add", End::Misspelt),
        ("wait a", End::Failure),
    ];
    let wanted = wanted.map(|(typed, end)| (typed.to_owned(), end));
    assert_eq!(ends(&[text.to_owned()]), wanted);
}
