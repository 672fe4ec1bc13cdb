//! What `verify` found, in notation's words and then in detail.

use std::error::Error as StdError;
use std::fmt::Write as _;

use crate::cli::context::unresolved_in_notation;
use crate::cli::index_note;
use crate::cli::output::{CommandOutput, Exit, one_line, short_line, write_causes, write_hint};
use crate::cli::terminal;
use crate::extended_validation::attribute;
use crate::outcome::{Failure, Origin, Responder, SignatureOutcome, ValidationOutcome, rfc1123z};
use crate::report::{Called, in_notation, sentence};
use crate::trust_policy::StatementName;
use crate::verify::{Accepted, Error, RejectedArtifact, Unseen, Verification};

/// Whether it is said what to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hints {
    Shown,
    Omitted,
}

/// The answer where a signature passed everything; `verbose` shows every signature looked at.
pub(in crate::cli) fn verified(
    accepted: &Accepted,
    verbose: bool,
    called: Called,
) -> CommandOutput {
    let mut report = looked_at(accepted, "verified", verbose);
    write_verified(
        &mut report.stdout,
        &accepted.reference.to_string(),
        &accepted.signature,
        &accepted.statement,
        called,
    );
    report
}

/// The answer where the policy only logs what failed.
pub(in crate::cli) fn tolerated(
    accepted: &Accepted,
    verbose: bool,
    called: Called,
) -> CommandOutput {
    let mut report = looked_at(accepted, "examined", verbose);
    write_tolerated(
        &mut report.stdout,
        &accepted.reference.to_string(),
        &accepted.signature,
        &accepted.statement,
        called,
    );
    report
}

/// The answer where the policy has nothing verified.
pub(in crate::cli) fn skipped(
    reference: &str,
    statement: &StatementName,
    called: Called,
) -> CommandOutput {
    let mut report = CommandOutput::done();
    write_skipped(&mut report.stdout, reference, statement, called);
    report
}

fn looked_at(accepted: &Accepted, done: &str, verbose: bool) -> CommandOutput {
    let mut report = CommandOutput::done();
    let note = index_note(&accepted.target, done);
    report.stderr = remarks_with(accepted, verbose, &note);
    report
}

/// What is to be said beside an acceptance; `verbose` shows every signature looked at.
pub(super) fn remarks(accepted: &Accepted, verbose: bool) -> String {
    remarks_with(accepted, verbose, "")
}

fn remarks_with(accepted: &Accepted, verbose: bool, note: &str) -> String {
    let mut text = String::new();
    write_warnings(&mut text, &accepted.signature);
    text.push_str(note);
    if verbose {
        write_policy(&mut text, &accepted.statement);
        write_outcome(&mut text, &accepted.signature);
        // The artifact may run, so there is nothing to do about the others.
        write_outcomes(&mut text, &accepted.others, Hints::Omitted);
    }
    if let Some(unseen) = &accepted.unseen {
        write_unseen(&mut text, unseen);
    }
    text
}

/// Everything that was found about signatures that were refused.
pub(super) fn write_refused(text: &mut String, refused: &RejectedArtifact) {
    write_outcomes(text, &refused.outcomes, Hints::Shown);
    if let Some(unseen) = &refused.unseen {
        write_unseen(text, unseen);
    }
}

/// That `what` is verified, with what the policy has skipped and the signed metadata.
pub(in crate::cli) fn write_verified(
    text: &mut String,
    what: &str,
    signature: &SignatureOutcome,
    statement: &StatementName,
    called: Called,
) {
    let _ = writeln!(text, "Successfully verified signature for {what}");
    if !called.is_notation() {
        for validation in &signature.skipped {
            let _ = writeln!(
                text,
                "not checked: `{validation}`, which the trust policy skips"
            );
        }
        write_policy(text, statement);
    }
    write_metadata(text, &signature.user_metadata);
}

/// That the signature of `what` is accepted although it is not verified. Notation calls that verified.
pub(in crate::cli) fn write_tolerated(
    text: &mut String,
    what: &str,
    signature: &SignatureOutcome,
    statement: &StatementName,
    called: Called,
) {
    if called.is_notation() {
        return write_verified(text, what, signature, statement, called);
    }
    let failed: Vec<String> = signature
        .logged()
        .map(|(validation, _)| format!("`{validation}`"))
        .collect();
    let _ = writeln!(
        text,
        "Tolerated, not verified: {what}\nfailed, and only logged by the trust policy: {}",
        failed.join(", ")
    );
    write_policy(text, statement);
    write_metadata(text, &signature.user_metadata);
}

/// That the policy has no signature of `what` verified.
pub(in crate::cli) fn write_skipped(
    text: &mut String,
    what: &str,
    statement: &StatementName,
    called: Called,
) {
    let _ = writeln!(
        text,
        "Trust policy is configured to skip signature verification for {what}"
    );
    if !called.is_notation() {
        write_policy(text, statement);
    }
}

/// Which statement judged. Where the command line stands for a policy, there is nothing to look up.
pub(in crate::cli) fn write_policy(text: &mut String, statement: &StatementName) {
    if statement.file.is_some() {
        let _ = writeln!(text, "policy: {}", one_line(&statement.to_string()));
    }
}

/// How old the oldest answer is that a file gave although AWS Signer, or the authorities, could have
/// been asked: the user chose that, and may have forgotten. Empty without such an answer. Answers in a
/// cache that state how long they hold are not counted: the user did not choose their age.
pub(super) fn age_note(accepted: &SignatureOutcome) -> String {
    let facts = accepted.validations.iter().flat_map(|one| &one.facts);
    let sources = facts.filter_map(|fact| fact.source.as_ref());
    let chosen = sources.filter_map(|source| match (&source.origin, &source.responder) {
        (Origin::Asked, _) | (Origin::Kept(_), Responder::Authority { .. }) => None,
        (Origin::Kept(_), Responder::AwsSigner { .. }) => Some((source, "kept")),
        (Origin::Stored(_), _) => Some((source, "stored")),
    });
    let Some((oldest, held)) = chosen.max_by_key(|(source, _)| source.age_seconds) else {
        return String::new();
    };
    let who = match &oldest.responder {
        Responder::AwsSigner { .. } => "AWS Signer's".to_owned(),
        Responder::Authority { protocol, .. } => protocol.to_string(),
    };
    let age = oldest.age();
    format!("Note: the oldest answer about revocation is {age} old ({who}, {held})\n")
}

/// Where AWS Signer's answers about revocation came from, if it was an endpoint that is not AWS's. A stored
/// answer has a warning of its own.
pub(in crate::cli) fn foreign_endpoints<'a>(
    outcomes: impl IntoIterator<Item = &'a SignatureOutcome>,
) -> impl Iterator<Item = &'a str> {
    let validations = outcomes.into_iter().flat_map(|one| &one.validations);
    let facts = validations.flat_map(|one| &one.facts);
    let sources = facts.filter_map(|fact| fact.source.as_ref());
    sources.filter_map(|source| match (&source.responder, &source.origin) {
        (Responder::AwsSigner { endpoint_url, .. }, Origin::Asked | Origin::Kept(_)) => {
            endpoint_url.as_deref()
        }
        (Responder::AwsSigner { .. }, Origin::Stored(_)) | (Responder::Authority { .. }, _) => None,
    })
}

/// Says that an endpoint answered that is not AWS's: that setting decides what is revoked.
pub(in crate::cli) fn endpoint_note(url: &str) -> String {
    format!(
        "Note: `{}`, which is not an endpoint of AWS, answered about revocation\n",
        one_line(url)
    )
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
            one_line(&logged(failure))
        );
        write_causes(text, "  ", failure);
        write_hint(text, "  ", failure.hint());
    }
}

/// Whether something failed and was only logged.
pub(super) fn has_logged(found: Result<&Verification, &Error>) -> bool {
    matches!(
        found,
        Ok(Verification::Verified(accepted) | Verification::Tolerated(accepted))
            if accepted.signature.logged().next().is_some()
    )
}

/// What failed and was only logged: by the name `notation` in its words, where it has some.
fn logged(failure: &Failure) -> String {
    let in_notation = || in_notation::of_failure(failure);
    let words = terminal::is_notations().then(in_notation).flatten();
    words.unwrap_or_else(|| failure.to_string())
}

/// The answer to a verification that failed.
pub(in crate::cli) fn failed(
    error: &Error,
    scope: &str,
    statement: Option<&StatementName>,
    called: Called,
) -> CommandOutput {
    let exit = Exit::of(error.class());
    let sentence = sentence::of_verification(error, scope, called);
    let (Error::Rejected(refused) | Error::Inconclusive(refused)) = error else {
        let mut report = CommandOutput::error(exit, &sentence, error, error.hint());
        if let Error::Resolve { reference, source } = error {
            report = report.in_notation(|| unresolved_in_notation(reference, source));
        }
        if let Error::List { source, .. } = error {
            report = report.in_notation(|| {
                let answer = in_notation::of_listing(source)?;
                Some(format!("signature verification failed: {answer}"))
            });
        }
        if !called.is_notation() {
            write_wanted(&mut report.stderr, "", error);
        }
        if let Some(statement) = statement {
            write_policy(&mut report.stderr, statement);
        }
        return report;
    };
    let mut report = CommandOutput::failed(exit, &sentence);
    write_policy(&mut report.stderr, &refused.statement);
    write_refused(&mut report.stderr, refused);
    report
}

/// Whose signature was looked for.
pub(super) fn write_wanted(text: &mut String, indent: &str, error: &Error) {
    if let Some(wanted) = error.wanted() {
        let _ = writeln!(text, "{indent}wanted: {}", short_line(&wanted));
    }
}

/// Why there may be signatures that were not looked at.
fn write_unseen(text: &mut String, unseen: &Unseen) {
    match unseen {
        Unseen::Limit(limit) => {
            let _ = writeln!(
                text,
                "signature evaluation stopped. The configured limit of {limit} signatures to verify per \
                 artifact exceeded\nhint: the artifact has more signatures than that; remove those that no \
                 policy trusts, or raise `--max-signatures`"
            );
        }
        Unseen::Listing(error) => write_unlisted(text, error, error.hint()),
        Unseen::Record(error) => write_unlisted(text, error, Some(error.hint())),
        Unseen::Exhausted { source, not_tried } => {
            let _ = writeln!(text, "{} not tried: {source}", signatures(*not_tried));
            write_hint(text, "", Some(source.hint()));
        }
    }
}

/// What kept the list of signatures from being whole.
pub(in crate::cli) fn write_unlisted(
    text: &mut String,
    error: &dyn StdError,
    hint: Option<String>,
) {
    let _ = writeln!(
        text,
        "there may be more signatures: {}",
        one_line(&error.to_string())
    );
    write_causes(text, "", error);
    write_hint(text, "", hint);
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
    write_signer(text, outcome);
    text.push_str(&findings(outcome, Hints::Shown));
}

/// Several signatures. What was found is said once for all those about which the same was found.
fn write_outcomes(text: &mut String, outcomes: &[SignatureOutcome], hints: Hints) {
    let mut groups: Vec<(String, String, Vec<&SignatureOutcome>)> = Vec::new();
    for outcome in outcomes {
        let found = findings(outcome, hints);
        let compared = without_digests(&found);
        match groups.iter_mut().find(|(known, ..)| *known == compared) {
            Some((.., group)) => group.push(outcome),
            None => groups.push((compared, found, vec![outcome])),
        }
    }
    for (compared, found, group) in groups {
        for outcome in &group {
            write_signer(text, outcome);
        }
        if group.len() > 1 {
            let _ = writeln!(
                text,
                "  the same was found for each of these {}:",
                group.len()
            );
        }
        // Each has its own digest, which stands above.
        text.push_str(if group.len() > 1 { &compared } else { &found });
    }
}

/// `text` with `sha256:...` in place of every digest.
fn without_digests(text: &str) -> String {
    const START: &str = "sha256:";
    let mut parts = text.split(START);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.chars().take_while(char::is_ascii_hexdigit).count();
        result.push_str(START);
        match part.get(digits..) {
            Some(rest) if digits == 64 => {
                result.push_str("...");
                result.push_str(rest);
            }
            _ => result.push_str(part),
        }
    }
    result
}

fn write_signer(text: &mut String, outcome: &SignatureOutcome) {
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
        let _ = writeln!(text, "  signed by {}", short_line(&signer));
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
}

/// What was found about a signature: each validation with its action and result, the reasons.
fn findings(outcome: &SignatureOutcome, hints: Hints) -> String {
    let mut text = String::new();
    for warning in &outcome.warnings {
        let _ = writeln!(text, "  warning: {}", short_line(warning));
    }
    for validation in &outcome.validations {
        write_validation(&mut text, validation, hints);
    }
    if let Some(failure) = &outcome.failure {
        let _ = writeln!(text, "  refused: {}", short_line(&failure.to_string()));
        write_details(&mut text, failure, hints);
    }
    text
}

fn write_validation(text: &mut String, outcome: &ValidationOutcome, hints: Hints) {
    let (validation, action) = (outcome.validation, outcome.action.as_str());
    match &outcome.failure {
        None => {
            let _ = writeln!(text, "  {validation} ({action}): passed");
        }
        Some(failure) => {
            let _ = writeln!(
                text,
                "  {validation} ({action}): failed: {}",
                short_line(&failure.to_string())
            );
            write_details(text, failure, hints);
        }
    }
    for fact in &outcome.facts {
        let _ = writeln!(text, "    {}", short_line(&fact.to_string()));
    }
}

fn write_details(text: &mut String, failure: &Failure, hints: Hints) {
    for line in failure.details() {
        let _ = writeln!(text, "    {}", short_line(&line));
    }
    write_causes(text, "    ", failure);
    if hints == Hints::Shown {
        write_hint(text, "    ", failure.hint());
    }
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
