//! What became of one reference, in notation's words, and of all of them in a summary.

use std::fmt::Write as _;

use super::job::{Asked, Job};
use super::outcome::{End, Outcome, Pushed};
use crate::causes;
use crate::cli::index_note;
use crate::cli::output::{CommandOutput, one_line, short_line, write_as_cause};
use crate::notary::rfc3339;
use crate::registry::Warning;
use crate::report::{SigningState, Summary};

/// What is said about one reference as soon as it and those before it are done. Where it is one of
/// several, an error names it on its own line.
pub(super) fn report(asked: &Asked, outcome: &Outcome, is_one_of_several: bool) -> CommandOutput {
    let mut report = CommandOutput::done();
    match &outcome.end {
        End::Signed {
            reference,
            warnings,
            notes,
            refused,
            ..
        } => {
            if let Some(refused) = refused {
                let _ = writeln!(report.stderr, "Note: {}", one_line(refused));
            }
            for warning in warnings {
                let _ = writeln!(report.stderr, "Warning: {}", sentence_of(warning));
                if let Warning::OldIndexNotDeleted { source, .. } = warning {
                    write_as_cause(&mut report.stderr, "  ", source);
                }
            }
            for note in notes {
                let _ = writeln!(report.stderr, "Warning: {}", one_line(note));
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
            report.stderr = format!("Note: {}; it is signed once.\n", same_as(asked, other));
            return report;
        }
        End::Failed { error, .. } => {
            let mut sentence = error.sentence();
            if is_one_of_several && !sentence.contains(&asked.text) {
                sentence.insert_str(0, &format!("{}: ", one_line(&asked.text)));
            }
            report = CommandOutput::error(error.exit(), &sentence, error.as_error(), error.hint());
        }
        // The summary says it.
        End::NotTried(_) => return report,
    }
    // Where nothing was resolved, no tag led astray.
    if let (None, Some(tag), Some(_)) = (
        asked.reference.digest(),
        asked.reference.tag(),
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

/// What is said of what a registry did not do as it should.
pub(super) const fn sentence_of(warning: &Warning) -> &'static str {
    match warning {
        // Notation's.
        Warning::OldIndexNotDeleted { .. } => {
            "Removal of outdated referrers index from remote registry failed. Garbage collection may \
             be required."
        }
        Warning::NotListed => {
            "the registry does not list the signature in its referrers API; it was stored with the \
             referrers tag schema too"
        }
        Warning::IndexContended => {
            "another signer changed the index of signatures at the same time; the signature is in it \
             now, which this registry cannot guarantee for later: check with `countersign list`"
        }
    }
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

/// Why a reference is not signed for itself.
pub(super) fn same_as(asked: &Asked, other: &str) -> String {
    let text = one_line(&asked.text);
    if other == asked.text {
        format!("`{text}` is given twice")
    } else {
        format!("`{text}` is the same artifact as `{}`", one_line(other))
    }
}

/// How many references ended in which way.
pub(super) fn counts(outcomes: &[Outcome]) -> Summary {
    let mut counts = Summary::default();
    for outcome in outcomes {
        counts.count(match &outcome.end {
            End::Signed { .. } => SigningState::Signed,
            End::AlreadySigned { .. } | End::SameAs { .. } => SigningState::Skipped,
            End::Failed { .. } => SigningState::Failed,
            End::NotTried(_) => SigningState::NotTried,
        });
    }
    counts
}

/// What became of all references, for stderr.
pub(super) fn summary(job: &Job, outcomes: &[Outcome]) -> String {
    let counts = counts(outcomes);
    let mut text = format!(
        "Summary: signed {}, skipped {}, failed {}, not tried {}\n",
        counts.signed, counts.skipped, counts.failed, counts.not_tried
    );
    for (asked, outcome) in job.asked.iter().zip(outcomes) {
        let name = one_line(&asked.text);
        let line = match &outcome.end {
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
            End::SameAs { other } => format!("skipped: {name}: {}", same_as(asked, other)),
            End::Failed { error, signature } => {
                let done = match (signature, error.pushed()) {
                    (None, _) => "not signed",
                    (Some(_), Pushed::No) => "signed, and not pushed",
                    (Some(_), Pushed::Unknown) => "signed, and perhaps pushed",
                    (Some(_), Pushed::NotListed { .. }) => "pushed, not listed",
                };
                let sentence = error.sentence();
                let first = sentence.lines().next().unwrap_or_default();
                let mut line = format!("failed: {name}: {done}: {}", one_line(first));
                // The last cause is nearest to what happened.
                let below = causes::beyond(&sentence, error.as_error());
                if let Some(cause) = below.last().filter(|cause| !first.contains(cause.as_str())) {
                    let _ = write!(line, ": {}", short_line(cause));
                }
                line
            }
            End::NotTried(reason) => format!("not tried: {name}: {}", reason.as_str()),
        };
        let _ = writeln!(text, "  {line}");
    }
    if let Some(advice) = job.how_to_finish(outcomes) {
        let _ = writeln!(text, "hint: {advice}");
    }
    text
}
