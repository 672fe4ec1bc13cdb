//! `countersign version`.

use super::output::CommandOutput;

/// The lines that notation has, about this program.
pub(super) fn run() -> CommandOutput {
    CommandOutput {
        stdout: format!(
            "Countersign - a tool to sign and verify artifacts.\n\n\
             Version:     v{}\n\
             OS/Arch:     {}/{}\n",
            env!("CARGO_PKG_VERSION"),
            system(std::env::consts::OS),
            architecture(std::env::consts::ARCH)
        ),
        ..CommandOutput::done()
    }
}

/// The name that Go has for a system.
fn system(name: &str) -> &str {
    match name {
        "macos" => "darwin",
        name => name,
    }
}

/// The name that Go has for an architecture.
fn architecture(name: &str) -> &str {
    match name {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        name => name,
    }
}
