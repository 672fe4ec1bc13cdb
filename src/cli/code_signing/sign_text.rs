//! What the signing of packages did, in words.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::output::{CommandOutput, Exit, one_line};
use crate::code_signing::Signature;
use crate::code_signing::signing::{Error, Existing, SignedPackage};
use crate::limits::MAX_TOLD_VALUES;
use crate::many::NotTried;
use crate::notary::rfc3339;

fn line(text: &mut String, what: &str, value: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "  {what}: {}", one_line(value));
}

fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}

/// A package that was signed.
pub(super) fn signed(name: &str, out: &Path, signed: &SignedPackage) -> CommandOutput {
    let mut text = format!("Successfully signed package {}\n", one_line(name));
    line(&mut text, "signed package", &shown(out));
    line(
        &mut text,
        "signing profile",
        &signed.profile_version.to_string(),
    );
    let picked_up = if signed.is_picked_up {
        ", begun by an earlier command"
    } else {
        ""
    };
    line(
        &mut text,
        "signing job",
        &format!("{}{picked_up}", signed.job),
    );
    line(&mut text, "expires at", &rfc3339(signed.expires_at));
    line(&mut text, "CodeSha256", &signed.code_sha256);
    line(&mut text, "in Amazon S3", &signed.object.to_string());
    if let Some(version) = &signed.object_version {
        line(&mut text, "object version", version);
    }
    let mut report = CommandOutput::done();
    report.stdout = text;
    if !signed.modes.is_empty() {
        let mut names: Vec<String> = signed
            .modes
            .iter()
            .take(MAX_TOLD_VALUES)
            .map(|name| format!("`{}`", one_line(name)))
            .collect();
        if signed.modes.len() > names.len() {
            names.push(format!("and {} more", signed.modes.len() - names.len()));
        }
        let sentence = format!(
            "the signed package has other file modes than the one that was uploaded, which no signature covers: {}",
            names.join(", ")
        );
        report.stderr = CommandOutput::warning(&sentence).stderr;
    }
    report
}

/// A package whose signed form is there already.
pub(super) fn skipped(name: &str, out: &Path, existing: &Existing) -> CommandOutput {
    let Existing {
        signature,
        code_sha256,
        ..
    } = existing;
    let mut text = format!(
        "Package {} is signed already, in {}\n",
        one_line(name),
        shown(out)
    );
    describe(&mut text, signature);
    line(&mut text, "CodeSha256", code_sha256);
    CommandOutput {
        stdout: text,
        ..CommandOutput::done()
    }
}

fn describe(text: &mut String, signature: &Signature) {
    line(
        text,
        "signing profile",
        &signature.profile_version().to_string(),
    );
    line(text, "signing job", &signature.job().to_string());
    line(text, "expires at", &rfc3339(signature.expires_at()));
}

/// A package that can be signed.
pub(super) fn planned(name: &str, out: &Path, profile: &str) -> CommandOutput {
    let mut text = format!("Would sign package {}\n", one_line(name));
    line(&mut text, "signed package", &shown(out));
    line(&mut text, "signing profile", profile);
    CommandOutput {
        stdout: text,
        ..CommandOutput::done()
    }
}

/// A package that was not signed.
pub(super) fn failed(name: &str, error: &Error) -> CommandOutput {
    let mut sentence = error.to_string();
    if !sentence.contains(name) {
        sentence = format!("package `{name}` was not signed: {sentence}");
    }
    let sentence = one_line(&sentence);
    CommandOutput::error(
        Exit::of_package_signing(error),
        &sentence,
        error,
        error.hint(),
    )
}

/// A package that was not begun.
pub(super) fn not_tried(name: &str, reason: NotTried) -> CommandOutput {
    let (why, exit) = match reason {
        // The other one has its own exit.
        NotTried::AfterFailure => ("another one was refused", Exit::Done),
        _ => ("the command was interrupted", Exit::Inconclusive),
    };
    CommandOutput {
        stderr: format!(
            "Note: package `{}` was not signed, since {why}\n",
            one_line(name)
        ),
        exit,
        ..CommandOutput::done()
    }
}

/// Why no package was looked at.
pub(super) fn not_looked_at(error: &Error) -> CommandOutput {
    let exit = Exit::of_package_signing(error);
    CommandOutput::error(exit, &error.to_string(), error, error.hint())
}

/// An interrupt before anything was uploaded.
pub(super) fn interrupted() -> CommandOutput {
    CommandOutput::failed_with_hint(
        Exit::Inconclusive,
        "interrupted before a package was uploaded",
        "run the same command again".to_owned(),
    )
}
