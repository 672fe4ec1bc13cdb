//! What `verify` found, in notation's words and then in detail.

use std::error::Error as _;
use std::fmt::Write as _;

use crate::cli::report::{Exit, Report, one_line, write_causes, write_hint};
use crate::cli::{index_note, sentence};
use crate::extended_validation::attribute;
use crate::outcome::{Failure, Held, Said, SignatureOutcome, ValidationOutcome, rfc1123z};
use crate::verify::{Error, Unseen, Verified};

/// The answer to a verification that succeeded; `verbose` shows every signature looked at.
pub(super) fn verified(verified: &Verified, verbose: bool) -> Report {
    let mut report = Report::done();
    write_warnings(&mut report.stderr, &verified.accepted);
    report
        .stderr
        .push_str(&index_note(&verified.target, "verified"));
    if verbose {
        write_outcome(&mut report.stderr, &verified.accepted);
        for outcome in &verified.refused {
            write_outcome(&mut report.stderr, outcome);
        }
    }
    let _ = writeln!(
        report.stdout,
        "Successfully verified signature for {}",
        verified.reference
    );
    write_metadata(&mut report.stdout, &verified.accepted.user_metadata);
    report
}

/// How old the oldest answer is that a file gave although AWS Signer, or everybody, could have been
/// asked: the user chose that, and may have forgotten. Nothing where there is none; what a cache has of
/// answers that say themselves until when they hold is nobody's choice.
pub(super) fn age_note(accepted: &SignatureOutcome) -> String {
    let facts = accepted.validations.iter().flat_map(|one| &one.facts);
    let sources = facts.filter_map(|fact| fact.source.as_ref());
    let chosen = sources.filter_map(|source| match (&source.held, &source.said) {
        (Held::Network, _) | (Held::Cache(_), Said::Authority { .. }) => None,
        (Held::Cache(_), Said::AwsSigner { .. }) => Some((source, "kept")),
        (Held::Stored(_), _) => Some((source, "stored")),
    });
    let Some((oldest, held)) = chosen.max_by_key(|(source, _)| source.age_seconds) else {
        return String::new();
    };
    let who = match &oldest.said {
        Said::AwsSigner { .. } => "AWS Signer's".to_owned(),
        Said::Authority { protocol, .. } => protocol.to_string(),
    };
    let age = oldest.age();
    format!("Note: the oldest answer about revocation is {age} old ({who}, {held})\n")
}

/// What did not keep a signature from being accepted.
pub(in crate::cli) fn write_warnings(text: &mut String, accepted: &SignatureOutcome) {
    for warning in &accepted.warnings {
        let _ = writeln!(text, "Warning: {}", one_line(warning));
    }
    for (validation, failure) in accepted.logged() {
        let _ = writeln!(
            text,
            "Warning: {validation} was set to \"log\" and failed with error: {}",
            one_line(&failure.to_string())
        );
        write_causes(text, "  ", failure.source());
        write_hint(text, "  ", failure.hint());
    }
}

/// The answer to a verification that failed.
pub(super) fn failed(error: &Error, scope: &str) -> Report {
    let exit = Exit::of(error.class());
    let sentence = sentence::of_verification(error, scope);
    let (Error::Rejected(refused) | Error::Inconclusive(refused)) = error else {
        return Report::error(exit, &sentence, error, error.hint());
    };
    let mut report = Report::failed(exit, &sentence);
    for outcome in &refused.outcomes {
        write_outcome(&mut report.stderr, outcome);
    }
    match &refused.unseen {
        Some(Unseen::Limit(limit)) => {
            let _ = writeln!(
                report.stderr,
                "signature evaluation stopped. The configured limit of {limit} signatures to verify \
                 per artifact exceeded\nhint: the artifact has more signatures than that; remove \
                 those that nobody trusts, or raise `--max-signatures`"
            );
        }
        Some(Unseen::Listing(error)) => {
            let _ = writeln!(
                report.stderr,
                "there may be more signatures: {}",
                one_line(&error.to_string())
            );
            write_causes(&mut report.stderr, "", error.source());
            write_hint(&mut report.stderr, "", error.hint());
        }
        Some(Unseen::Exhausted { source, not_tried }) => {
            let _ = writeln!(
                report.stderr,
                "{} not tried: {source}",
                signatures(*not_tried)
            );
            write_hint(&mut report.stderr, "", Some(source.hint()));
        }
        None => {}
    }
    report
}

/// So many signatures, with the verb.
pub(in crate::cli) fn signatures(count: usize) -> String {
    match count {
        0 => "more signatures may be there, which were".to_owned(),
        1 => "1 signature was".to_owned(),
        count => format!("{count} signatures were"),
    }
}

/// One signature: what it is, each validation with its action and result, the reasons.
pub(in crate::cli) fn write_outcome(text: &mut String, outcome: &SignatureOutcome) {
    let _ = writeln!(text, "signature {}", outcome.manifest_digest);
    if let Some(info) = &outcome.signer_info {
        let attributes = &info.signed_attributes;
        let signer = attributes
            .extended
            .iter()
            .find(|attribute| attribute.name == attribute::SIGNING_PROFILE_VERSION)
            .and_then(|attribute| attribute.value.as_str())
            .map(str::to_owned)
            .or_else(|| {
                info.certificate_chain
                    .first()
                    .map(|leaf| leaf.subject().to_string())
            })
            .unwrap_or_default();
        let _ = writeln!(text, "  signed by {}", one_line(&signer));
        let _ = writeln!(
            text,
            "  signed on {}, scheme {}, algorithm {}",
            rfc1123z(attributes.signing_time),
            attributes.signing_scheme,
            info.signature_algorithm
        );
        if let Some(expiry) = attributes.expiry {
            let _ = writeln!(text, "  expires on {}", rfc1123z(expiry));
        }
    }
    for warning in &outcome.warnings {
        let _ = writeln!(text, "  warning: {}", one_line(warning));
    }
    for validation in &outcome.validations {
        write_validation(text, validation);
    }
    if let Some(failure) = &outcome.failure {
        let _ = writeln!(text, "  refused: {}", one_line(&failure.to_string()));
        write_details(text, failure);
    }
}

fn write_validation(text: &mut String, outcome: &ValidationOutcome) {
    let (validation, action) = (outcome.validation, outcome.action.as_str());
    match &outcome.failure {
        None => {
            let _ = writeln!(text, "  {validation} ({action}): passed");
        }
        Some(failure) => {
            let _ = writeln!(
                text,
                "  {validation} ({action}): failed: {}",
                one_line(&failure.to_string())
            );
            write_details(text, failure);
        }
    }
    for fact in &outcome.facts {
        let _ = writeln!(text, "    {}", one_line(&fact.to_string()));
    }
}

fn write_details(text: &mut String, failure: &Failure) {
    for line in failure.details() {
        let _ = writeln!(text, "    {}", one_line(&line));
    }
    write_causes(text, "    ", failure.source());
    write_hint(text, "    ", failure.hint());
}

/// The table of signed metadata, laid out as notation lays it out.
pub(in crate::cli) fn write_metadata(text: &mut String, metadata: &[(String, String)]) {
    if metadata.is_empty() {
        return;
    }
    text.push_str("\nThe artifact was signed with the following user metadata.\n\n");
    let rows: Vec<(String, String)> = std::iter::once(("KEY".to_owned(), "VALUE".to_owned()))
        .chain(
            metadata
                .iter()
                .map(|(key, value)| (one_line(key), one_line(value))),
        )
        .collect();
    let width = |column: fn(&(String, String)) -> &String| {
        rows.iter()
            .map(|row| column(row).chars().count())
            .max()
            .unwrap_or(0)
            + 3
    };
    let (keys, values) = (width(|row| &row.0), width(|row| &row.1));
    for (key, value) in &rows {
        let _ = writeln!(text, "{key:keys$}{value:values$}");
    }
}
