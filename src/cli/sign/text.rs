//! What became of one reference, in notation's words, and of all of them in a summary.

use std::fmt::Write as _;

use crate::causes;
use crate::cli::context::unresolved_in_notation;
use crate::cli::index_note;
use crate::cli::output::{CommandOutput, Exit, one_line, short_line, write_as_cause};
use crate::notary::rfc3339;
use crate::registry::Warning;
use crate::report::{Summary, in_notation, sentence};
use crate::sign;
use crate::sign::many::{End, Error, Outcome, Remainder, SignatureInfo};

/// What is said about one reference as soon as it and those before it are done. Where it is one of
/// several, an error names it on its own line.
pub(super) fn report(outcome: &Outcome, is_one_of_several: bool) -> CommandOutput {
    let mut report = CommandOutput::done();
    match &outcome.end {
        End::Signed {
            reference,
            warnings,
            notes,
            refusals,
            ..
        } => {
            if let Some(refusals) = refusals {
                let refusals = sentence::of_refusals(refusals);
                let _ = writeln!(report.stderr, "Note: {}", one_line(&refusals));
            }
            for warning in warnings {
                let _ = writeln!(report.stderr, "Warning: {}", sentence::of_warning(warning));
                if let Warning::OldIndexNotDeleted { source, .. } = warning {
                    write_as_cause(&mut report.stderr, "  ", source);
                }
            }
            for note in notes {
                let note = sentence::of_note(note);
                let _ = writeln!(report.stderr, "Warning: {}", one_line(&note));
            }
            if let Some(target) = &outcome.target {
                report.stderr.push_str(&index_note(target, "signed"));
                let _ = writeln!(report.stdout, "Successfully signed {}", target.reference);
            }
            let _ = writeln!(report.stdout, "Pushed the signature to {reference}");
        }
        End::AlreadySigned { reference, .. } => {
            if let Some(target) = &outcome.target {
                let _ = writeln!(report.stdout, "Already signed {}", target.reference);
            }
            let _ = writeln!(report.stdout, "The signature is {reference}");
        }
        End::SameAs { other } => {
            let same = sentence::of_same_artifact(&outcome.text, other);
            report.stderr = format!("Note: {same}; it is signed once.\n");
            return report;
        }
        End::Failed { error, .. } => {
            let mut sentence = sentence::of_many_signing(error);
            if is_one_of_several && !sentence.contains(&outcome.text) {
                sentence.insert_str(0, &format!("{}: ", one_line(&outcome.text)));
            }
            let (exit, below) = (
                Exit::of_signing(&outcome.end),
                sentence::below_many_signing(error),
            );
            report = CommandOutput::error(exit, &sentence, below, error.hint())
                .in_notation(|| in_notation_of(error));
        }
        // The summary says it.
        End::NotTried(_) => return report,
    }
    // Where nothing was resolved, no tag led astray.
    if let (None, Some(tag), Some(_)) = (
        outcome.reference.digest(),
        outcome.reference.tag(),
        &outcome.target,
    ) {
        report.stderr.insert_str(
            0,
            &format!(
                "Warning: Always sign the artifact using digest(@sha256:...) rather than a \
                 tag(:{tag}) because tags are mutable and a tag reference can point to a \
                 different artifact than the one signed.\n"
            ),
        );
    }
    report
}

/// What is said at an interrupt.
pub(super) fn interrupted() -> CommandOutput {
    CommandOutput {
        stderr:
            "Interrupted: pushes that have begun are finished; another interrupt ends them too\n"
                .to_owned(),
        ..CommandOutput::done()
    }
}

/// What became of all references, for stderr, and how to finish what is left; `lines` has one for each of them that
/// is named.
pub(super) fn summary(counts: Summary, lines: &str, how_to_finish: Option<&str>) -> String {
    let mut text = format!(
        "Summary: signed {}, skipped {}, failed {}, not tried {}\n{lines}",
        counts.signed, counts.skipped, counts.failed, counts.not_tried
    );
    if let Some(advice) = how_to_finish {
        let _ = writeln!(text, "hint: {advice}");
    }
    text
}

/// The line of the summary about one reference.
pub(super) fn summary_line(outcome: &Outcome) -> String {
    let name = one_line(&outcome.text);
    match &outcome.end {
        End::Signed { reference, .. } => format!("signed: {name}: {reference}"),
        End::AlreadySigned {
            reference,
            signature,
        } => {
            let until = match signature.info.signed_attributes.expiry {
                Some(expiry) => format!(", good until {}", rfc3339(expiry)),
                None => String::new(),
            };
            format!("skipped: {name}: signed already, {reference}{until}")
        }
        End::SameAs { other } => {
            let same = sentence::of_same_artifact(&outcome.text, other);
            format!("skipped: {name}: {same}")
        }
        End::Failed { error, signature } => {
            format!("failed: {name}: {}", failure(error, signature.as_ref()))
        }
        End::NotTried(reason) => format!("not tried: {name}: {reason}"),
    }
}

fn in_notation_of(error: &Error) -> Option<String> {
    match error {
        Error::Sign(sign::Error::Signer { source, .. }) => in_notation::of_signing(source, false),
        Error::Sign(sign::Error::Resolve { reference, source }) => {
            unresolved_in_notation(reference, source)
        }
        Error::Sign(sign::Error::Push { source, .. }) => in_notation::of_push(source),
        _ => None,
    }
}

fn failure(error: &Error, signature: Option<&SignatureInfo>) -> String {
    let done = match (signature, error.remainder()) {
        (None, _) => "not signed",
        (Some(_), Remainder::Nothing) => "signed, and not pushed",
        (Some(_), Remainder::Unknown) => "signed, and perhaps pushed",
        (Some(_), Remainder::NotListed { .. }) => "pushed, not listed",
    };
    let sentence = sentence::of_many_signing(error);
    let first = sentence.lines().next().unwrap_or_default();
    let mut text = format!("{done}: {}", one_line(first));
    // The last cause is nearest to what happened.
    let below = causes::beyond(&sentence, sentence::below_many_signing(error));
    if let Some(cause) = below.last().filter(|cause| !first.contains(cause.as_str())) {
        let _ = write!(text, ": {}", short_line(cause));
    }
    text
}
