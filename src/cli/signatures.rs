//! What `list` and `inspect` share: an artifact and all its signatures, nothing judged.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::args::{LookArgs, MaxSignaturesArgs};
use super::context::{Context, Format, unresolved_in_notation};
use super::output::{CommandOutput, Exit, one_line, write_causes, write_hint};
use crate::allowance::{self, Exhausted};
use crate::limits::NAMED_PIPE_TIMEOUT;
use crate::oci::Descriptor;
use crate::reference::ArtifactReference;
use crate::registry::{self, Access, Kind, Repository, Target};
use crate::report::{in_notation, sentence};

/// An artifact and its signatures.
#[derive(Debug)]
pub(super) struct SignatureList {
    pub(super) repository: Repository,
    pub(super) target: Target,
    /// At most as many as were asked for.
    pub(super) signatures: Vec<Descriptor>,
    /// What is to be said on stderr: the tag, the limit, and what could not be listed.
    pub(super) warnings: String,
    /// Whether all there is was seen.
    pub(super) exit: Exit,
    /// Whether the list has all signatures.
    pub(super) is_complete: bool,
}

/// Resolves the reference of `repository` and lists at most `max_signatures` signatures of what it
/// stands for.
/// `verb` is what the warning about tags calls the command.
///
/// # Errors
///
/// The report of a failure, in notation's words.
pub(super) async fn find(
    repository: Repository,
    max_signatures: MaxSignaturesArgs,
    verb: &str,
) -> Result<SignatureList, CommandOutput> {
    let limit = max_signatures.get()?;
    let reference = repository.reference();
    let resolved = allowance::in_time(Box::pin(repository.resolve_and_list_all())).await;
    let resolved = resolved.map_err(|source| given_up(&reference, &source))?;
    let (target, listing) = resolved.map_err(|error| {
        failed(&sentence::of_resolve(&reference, &error), &error)
            .in_notation(|| unresolved_in_notation(&reference, &error))
    })?;
    let mut warnings = tag_warning(&reference, verb);
    let listing = listing.map_err(|error| {
        let exit = exit_of_list(&reference, &error);
        let mut report =
            CommandOutput::error(exit, &one_line(&error.to_string()), &error, error.hint())
                .in_notation(|| in_notation::of_listing(&error));
        report.stderr.insert_str(0, &warnings);
        report
    })?;
    let mut exit = Exit::Done;
    if let Some(error) = &listing.incomplete {
        exit = exit_of_list(&reference, error);
        let sentence = one_line(&error.to_string());
        let _ = writeln!(
            warnings,
            "Warning: there may be more signatures: {sentence}"
        );
        write_causes(&mut warnings, "  ", error);
        write_hint(&mut warnings, "  ", error.hint());
    }
    let mut signatures = listing.signatures;
    let is_complete = listing.incomplete.is_none() && signatures.len() <= limit;
    if signatures.len() > limit {
        signatures.truncate(limit);
        let _ = writeln!(
            warnings,
            "Warning: exceeded configured limit of max signatures {limit} to examine"
        );
    }
    Ok(SignatureList {
        repository,
        target,
        signatures,
        warnings,
        exit,
        is_complete,
    })
}

/// The artifacts of a command, and how they are looked at.
pub(super) struct Artifacts {
    pub(super) references: Vec<ArtifactReference>,
    /// `None` for layouts, which need none.
    context: Option<Context>,
    /// What is to be said before the first of them.
    notes: String,
}

impl Artifacts {
    /// Parses every reference before anything is done with one of them; sends no request yet.
    ///
    /// # Errors
    ///
    /// The report of a failure, in notation's words.
    pub(super) fn new(texts: &[String], look: &LookArgs) -> Result<Self, CommandOutput> {
        let references = super::parse_references(texts, look.oci_layout)?;
        if look.oci_layout {
            return Ok(Self {
                references,
                context: None,
                notes: String::new(),
            });
        }
        let mut context = Context::new(
            &look.registry,
            &references,
            BTreeMap::new(),
            Format::Known,
            NAMED_PIPE_TIMEOUT,
        )?;
        Ok(Self {
            references,
            notes: std::mem::take(&mut context.notes),
            context: Some(context),
        })
    }

    /// What is to be said before the first artifact; afterwards nothing.
    pub(super) fn take_notes(&mut self) -> String {
        std::mem::take(&mut self.notes)
    }

    /// Opens the repository of one of the artifacts.
    ///
    /// # Errors
    ///
    /// The report of a failure, in notation's words.
    pub(super) fn open(&self, artifact: &ArtifactReference) -> Result<Repository, CommandOutput> {
        match (artifact, &self.context) {
            (ArtifactReference::Layout(reference), _) => Ok(super::open_layout(reference)?.into()),
            (ArtifactReference::Registry(reference), Some(context)) => context
                .registry()
                .repository(reference, Access::Pull)
                .map(Into::into)
                .map_err(|error| failed(&sentence::of_resolve(artifact, &error), &error)),
            (ArtifactReference::Registry(reference), None) => {
                let sentence = format!("`{reference}` is not in an OCI image layout");
                Err(CommandOutput::failed(Exit::Usage, &sentence))
            }
        }
    }
}

fn tag_warning(reference: &ArtifactReference, verb: &str) -> String {
    match (reference.digest(), reference.tag()) {
        (None, Some(tag)) => format!(
            "Warning: Always {verb} the artifact using digest(@sha256:...) rather than a \
             tag(:{tag}) because resolved digest may not point to the same signed artifact, as tags \
             are mutable.\n"
        ),
        _ => String::new(),
    }
}

fn given_up(reference: &ArtifactReference, source: &Exhausted) -> CommandOutput {
    let sentence = format!("the look at `{reference}` was given up: {source}");
    let hint = Some(source.hint());
    CommandOutput::error(Exit::Inconclusive, &one_line(&sentence), source, hint)
}

fn failed(sentence: &str, error: &registry::Error) -> CommandOutput {
    CommandOutput::error(exit_of(error), &one_line(sentence), error, error.hint())
}

/// A registry's list that could not be read, or not whole, may have more.
fn exit_of_list(reference: &ArtifactReference, error: &registry::Error) -> Exit {
    match reference {
        ArtifactReference::Registry(_) => Exit::Inconclusive,
        ArtifactReference::Layout(_) => exit_of(error),
    }
}

/// "Could not look" is told from "not there" and "cannot be right".
pub(super) fn exit_of(error: &registry::Error) -> Exit {
    match error.kind() {
        Kind::Inconclusive => Exit::Inconclusive,
        Kind::NotFound | Kind::Misbehaved => Exit::Rejected,
    }
}
