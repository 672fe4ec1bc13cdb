//! `countersign man`: the manual pages, made from what `--help` shows.

use std::path::{Path, PathBuf};

use clap::Command;

use super::args::NonEmptyPath;
use super::line;
use super::output::{CommandOutput, Exit};
use crate::files;

/// Manual pages are for everybody: the modes of their files and directory.
const READABLE: u32 = 0o644;
const LISTED: u32 = 0o755;

/// Flags of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign man --out /usr/local/share/man/man1\n  \
    countersign man | man -l -")]
pub(super) struct Args {
    /// Directory for a page for each command; without it the program's own page goes to stdout
    #[arg(long, value_name = "DIR", value_parser = NonEmptyPath)]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> CommandOutput {
    let mut pages = Vec::new();
    pages_of(&line::all_commands(), "countersign", &mut pages);
    let Some(directory) = &args.out else {
        return CommandOutput {
            document: pages.swap_remove(0).1,
            ..CommandOutput::done()
        };
    };
    let count = pages.len();
    match write(directory, pages) {
        Ok(()) => CommandOutput {
            stdout: format!("Wrote {count} manual pages to {}\n", directory.display()),
            ..CommandOutput::done()
        },
        Err(error) => CommandOutput::error(Exit::Usage, &error.to_string(), &error, error.hint()),
    }
}

/// The name of each page's file, and the page: of this command first, then of those below it.
fn pages_of(command: &Command, name: &str, pages: &mut Vec<(String, String)>) {
    let mut text = Vec::new();
    // Writing to a vector cannot fail.
    let _ = clap_mangen::Man::new(command.clone()).render(&mut text);
    pages.push((
        format!("{name}.1"),
        String::from_utf8_lossy(&text).into_owned(),
    ));
    for inner in command.get_subcommands() {
        if inner.get_name() != "help" {
            pages_of(inner, &format!("{name}-{}", inner.get_name()), pages);
        }
    }
}

fn write(directory: &Path, pages: Vec<(String, String)>) -> Result<(), files::Error> {
    files::create_directory_with_mode(directory, LISTED)?;
    for (name, text) in pages {
        files::write_atomic_with_mode(&directory.join(name), text.as_bytes(), READABLE)?;
    }
    Ok(())
}
