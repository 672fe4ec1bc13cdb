//! `countersign completion`: scripts by which a shell completes commands and flags.

pub(super) mod asked;

use clap_complete::Shell;

use super::line;
use super::output::CommandOutput;
use crate::report::Called;

/// The shells.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write the script for bash
    #[command(after_help = "Examples:\n  \
        countersign completion bash > /etc/bash_completion.d/countersign\n\n\
        In a shell that runs: source <(countersign completion bash)")]
    Bash(Args),
    /// Write the script for zsh
    #[command(after_help = "Examples:\n  \
        countersign completion zsh > \"${fpath[1]}/_countersign\"")]
    Zsh(Args),
    /// Write the script for fish
    #[command(after_help = "Examples:\n  \
        countersign completion fish > ~/.config/fish/completions/countersign.fish")]
    Fish(Args),
    /// Write the script for PowerShell
    #[command(after_help = "Examples:\n  \
        countersign completion powershell | Out-String | Invoke-Expression")]
    Powershell(Args),
}

/// Flags for every shell.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Complete without descriptions
    #[arg(long)]
    no_descriptions: bool,
}

/// The script completes the name that this program was called by.
pub(super) fn run(command: &Command, called: Called) -> CommandOutput {
    let (shell, args) = match command {
        Command::Bash(args) => (Shell::Bash, args),
        Command::Zsh(args) => (Shell::Zsh, args),
        Command::Fish(args) => (Shell::Fish, args),
        Command::Powershell(args) => (Shell::PowerShell, args),
    };
    let mut root = line::all_commands();
    if args.no_descriptions {
        root = without_descriptions(root);
    }
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut root, called.name(), &mut script);
    CommandOutput {
        document: String::from_utf8_lossy(&script).into_owned(),
        ..CommandOutput::done()
    }
}

fn without_descriptions(command: clap::Command) -> clap::Command {
    command
        .about(None)
        .long_about(None)
        .mut_args(|argument| argument.help(None).long_help(None))
        .mut_subcommands(without_descriptions)
}
