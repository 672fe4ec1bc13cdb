//! One document: its images are found, resolved once and decided about, and the digests that may run are written.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::args::Prepared;
use super::flags::Flags;
use super::{document_text as text, source};
use crate::cli::args::{Output, parse_pairs};
use crate::cli::context::environment;
use crate::cli::output::{CommandOutput, Exit, one_line};
use crate::cli::patience::telling;
use crate::cli::reader;
use crate::cli::verify::record::Record;
use crate::files;
use crate::gate::Decision;
use crate::gate::documents::{self, Image, Kind, RunDocument};
use crate::gate::policy::GatePolicy;
use crate::limits::MAX_RUN_DOCUMENT_IMAGES;
use crate::many;
use crate::reference::Reference;
use crate::report::{
    GateResult, GateVerdict, ImagePlace, ImageVerdict, Invocation, LockEnd, LockedArtifact,
    Results, RunDocumentEnd, sentence,
};

/// Mode of the file of `--out`, of which the process's mask is taken off: a document is not a secret.
const MODE: u32 = 0o666;

/// One different image, and every place that names it so.
struct NamedImage<'d> {
    places: Vec<&'d Image>,
    reference: Reference,
}

/// What became of all images.
struct Outcome {
    exit: Exit,
    /// The worst verdict of all.
    verdict: GateVerdict,
    /// By the text of each image that may run: what takes its place. One that is only tolerated may have none.
    words: BTreeMap<String, Option<String>>,
    policy: GatePolicy,
    /// Why the record of `--lock` broke off.
    unrecorded: Option<CommandOutput>,
    /// How the decisions came about.
    invocation: Invocation,
}

/// One document on its way.
struct Job<'a> {
    kind: Kind,
    named: &'a str,
    flags: &'a Flags,
    results: Results,
    /// The ARN of the task definition that Amazon ECS described.
    task_definition: Option<String>,
}

pub(super) async fn run(
    kind: Kind,
    named: &str,
    flags: &Flags,
    parameters: &[String],
    emit: &mut dyn FnMut(CommandOutput),
) {
    let mut job = Job {
        kind,
        named,
        flags,
        results: Results::default(),
        task_definition: None,
    };
    if let Err(report) = Box::pin(job.judge(parameters, emit)).await {
        emit(match flags.output {
            Output::Text => report,
            Output::Json => {
                let end = RunDocumentEnd::not_begun(named.to_owned(), kind);
                let end = end.with_error(report.exit, report.not_begun());
                let end = end.with_invocation(Invocation::begun(environment().now()));
                CommandOutput {
                    stdout: Results::default().end(&end),
                    ..report
                }
            }
        });
    }
}

impl Job<'_> {
    async fn judge(
        &mut self,
        parameters: &[String],
        emit: &mut dyn FnMut(CommandOutput),
    ) -> Result<(), CommandOutput> {
        let flags = self.flags;
        self.check_flags()?;
        let parameters = parse_pairs("parameter", parameters)?;
        let options = documents::Options {
            ignored: flags.ignore.clone(),
            parameters,
        };
        let gate = flags.gate.read()?;
        let pipes = flags.gate.for_pipes()?;
        let read = source::read(self.kind, self.named, &gate, pipes).await?;
        self.task_definition = read.task_definition;
        let document = RunDocument::parse(self.kind, &read.bytes, &options);
        let document = document.map_err(|error| refused(self.named, &error))?;
        let images = different(&document)?;
        let references: Vec<Reference> =
            images.iter().map(|image| image.reference.clone()).collect();
        let prepared = gate.connect(&references).await?;
        let end = LockEnd::of_gate(&prepared.gate, prepared.gate.now());
        let mut record = Record::begin(flags.lock.as_deref(), end)?;
        emit(CommandOutput {
            stderr: read.warning + &prepared.notes,
            ..CommandOutput::done()
        });
        let mut outcome = self.decide(&images, &prepared, &mut record, emit).await;
        let fault = outcome.check_digest(self.named, &document);
        let is_whole = outcome.exit == Exit::Done && outcome.verdict == GateVerdict::Verified;
        // Nothing is written if one of the two cannot be.
        let may_write = outcome.exit == Exit::Done && (is_whole || !record.is_asked_for());
        let mut pinned = if let Some(fault) = fault {
            PinResult::Failed(fault)
        } else if flags.pin && may_write && outcome.unrecorded.is_none() {
            pin(self.named, &document, &outcome, flags)
        } else {
            PinResult::Nothing
        };
        let is_pinned = !matches!(pinned, PinResult::Failed(_));
        // Where the document could not be written, that is said, and the record is given up.
        let unrecorded = if is_pinned && outcome.unrecorded.is_none() {
            record.end(is_whole).err()
        } else {
            None
        };
        let unrecorded = outcome.unrecorded.as_ref().or(unrecorded.as_ref());
        if unrecorded.is_some() && matches!(pinned, PinResult::ToStdout(_)) {
            pinned = PinResult::Nothing;
        }
        emit(match flags.output {
            Output::Text => {
                let report = text_end(flags, &document, &outcome, pinned);
                with_unrecorded(report, unrecorded)
            }
            Output::Json => self.json_end(&document, &outcome, pinned, unrecorded),
        });
        Ok(())
    }

    /// Refuses flags that do not go together.
    fn check_flags(&self) -> Result<(), CommandOutput> {
        let flags = self.flags;
        if flags.output == Output::Json && flags.pin && flags.out.is_none() {
            return Err(CommandOutput::usage(
                "`--output json` and the document of `--pin` would both go to stdout",
                Some("name a file for the document with `--out`".to_owned()),
            ));
        }
        if let (Some(out), Some(lock)) = (&flags.out, &flags.lock)
            && std::path::absolute(out).ok() == std::path::absolute(lock).ok()
        {
            return Err(CommandOutput::usage(
                "`--out` and `--lock` name the same file",
                Some("name a file of its own for each".to_owned()),
            ));
        }
        if self.named == "-" && flags.gate.reads_stdin() {
            return Err(CommandOutput::usage(
                "the document and a policy would both be read from standard input",
                Some("name a file for one of them".to_owned()),
            ));
        }
        Ok(())
    }

    /// Decides about each image, and says of each as it ends.
    async fn decide(
        &mut self,
        images: &[NamedImage<'_>],
        prepared: &Prepared,
        record: &mut Record,
        emit: &mut dyn FnMut(CommandOutput),
    ) -> Outcome {
        let Prepared { gate, options, .. } = prepared;
        let references: Vec<_> = images.iter().map(|image| image.reference.clone()).collect();
        let references = futures_util::stream::iter(references);
        let mut deciding = gate.check_many(references, options, many::Options::default());
        let mut outcome = Outcome {
            exit: Exit::Done,
            verdict: GateVerdict::Verified,
            words: BTreeMap::new(),
            policy: gate.policy().clone(),
            unrecorded: None,
            invocation: prepared.invocation(),
        };
        for image in images {
            let (progress, answer) = (deciding.progress(), deciding.answer());
            let Some(answer) = telling("deciding", progress, answer).await else {
                break;
            };
            let decision = answer.outcome;
            let result = GateResult::new(image.text(), &decision, reader::current());
            outcome.add(image, &decision, &result);
            let artifact = LockedArtifact::of_decision(image.text(), &decision);
            let recorded = record.add_artifacts(artifact.as_slice());
            outcome.unrecorded = outcome.unrecorded.or(recorded.err());
            emit(self.report(image, result, gate.policy()));
        }
        outcome.invocation = prepared.invocation();
        // What did not end may not run.
        if outcome.words.len() != images.len() {
            outcome.exit = outcome.exit.worse(Exit::Inconclusive);
            outcome.verdict = outcome.verdict.worse(GateVerdict::Inconclusive);
        }
        outcome
    }

    /// What was decided about one image.
    fn report(
        &mut self,
        image: &NamedImage<'_>,
        result: GateResult,
        policy: &GatePolicy,
    ) -> CommandOutput {
        if self.flags.output == Output::Json {
            let places = image.places.iter().map(|image| ImagePlace::from(*image));
            let verdict = ImageVerdict::new(places.collect(), result);
            return CommandOutput {
                stdout: self.results.add(&verdict),
                exit: verdict.exit(),
                ..CommandOutput::done()
            };
        }
        let mut report = text::image(&image.places, &result, policy.path());
        // The document alone is on stdout.
        if self.flags.pin && self.flags.out.is_none() {
            report.stderr.push_str(&std::mem::take(&mut report.stdout));
        }
        report
    }

    fn json_end(
        &mut self,
        document: &RunDocument<'_>,
        outcome: &Outcome,
        pinned: PinResult,
        unrecorded: Option<&CommandOutput>,
    ) -> CommandOutput {
        let mut end = RunDocumentEnd::new(
            self.named.to_owned(),
            self.kind,
            (outcome.exit, outcome.verdict),
            &outcome.policy,
        )
        .with_invocation(outcome.invocation.clone())
        .with_task_definition(self.task_definition.clone());
        let mut report = CommandOutput::done();
        match pinned {
            PinResult::Nothing if self.flags.pin => {}
            PinResult::Nothing => report.stderr = text::tags(document),
            PinResult::ToStdout(_) => {}
            PinResult::ToFile(path) => end = end.with_written(Some(path.display().to_string())),
            PinResult::Failed(failed) => {
                end = end.with_error(failed.exit, failed.not_begun());
                report.stderr = failed.stderr;
            }
        }
        if let Some(failed) = unrecorded {
            end = end.with_error(failed.exit, failed.not_begun());
            report.stderr.push_str(&failed.stderr);
        }
        report.exit = end.exit_code;
        report.stdout = std::mem::take(&mut self.results).end(&end);
        report
    }
}

impl NamedImage<'_> {
    /// The image as it is written.
    fn text(&self) -> &str {
        self.places.first().map_or("", |image| image.text.as_str())
    }
}

impl Outcome {
    /// Notes what takes the place of an image that may run; a digest that is written stays as it is.
    fn add(&mut self, image: &NamedImage<'_>, decision: &Decision, result: &GateResult) {
        let exit = result.verdict.exit();
        self.exit = self.exit.worse(exit);
        self.verdict = self.verdict.worse(result.verdict);
        if exit != Exit::Done {
            return;
        }
        let text = image.text().to_owned();
        let words = match image.reference.digest() {
            Some(_) => Some(text.clone()),
            None => decision.ruling.may_run().map(ToString::to_string),
        };
        self.words.insert(text, words);
    }

    /// Refuses a document whose digest beside the image is not the one that was decided about.
    fn check_digest(&mut self, named: &str, document: &RunDocument<'_>) -> Option<CommandOutput> {
        let images = document.images().iter();
        let words = images.map(|image| self.words.get(&image.text).cloned().flatten());
        let words: Vec<String> = words.collect::<Option<_>>()?;
        let error = document.check_digest(&words).err()?;
        self.exit = self.exit.worse(Exit::Rejected);
        self.verdict = self.verdict.worse(GateVerdict::Rejected);
        Some(refused(named, &error))
    }
}

fn refused(named: &str, error: &documents::Error) -> CommandOutput {
    let document = match named {
        "-" => "standard input".to_owned(),
        path => format!("`{path}`"),
    };
    let sentence = one_line(&format!("{document}: {error}"));
    CommandOutput::error(Exit::Rejected, &sentence, error, error.hint())
}

/// The different images of a document, in its order.
fn different<'d>(document: &'d RunDocument<'_>) -> Result<Vec<NamedImage<'d>>, CommandOutput> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut images: Vec<NamedImage<'_>> = Vec::new();
    for image in document.images() {
        let number = *numbers.entry(&image.text).or_insert(images.len());
        match images.get_mut(number) {
            Some(named) => named.places.push(image),
            None => images.push(NamedImage {
                places: vec![image],
                reference: image.reference.clone(),
            }),
        }
    }
    if images.len() > MAX_RUN_DOCUMENT_IMAGES {
        return Err(CommandOutput::failed_with_hint(
            Exit::Rejected,
            &format!("the document has more than {MAX_RUN_DOCUMENT_IMAGES} different images"),
            "check the parts of the document one by one".to_owned(),
        ));
    }
    Ok(images)
}

/// What came of `--pin`.
enum PinResult {
    /// It is not asked for, or an image may not run.
    Nothing,
    ToStdout(String),
    ToFile(PathBuf),
    Failed(CommandOutput),
}

/// Writes the document whose images may all run.
fn pin(named: &str, document: &RunDocument<'_>, outcome: &Outcome, flags: &Flags) -> PinResult {
    let mut words = Vec::new();
    for image in document.images() {
        match outcome.words.get(&image.text) {
            Some(Some(digest)) => words.push(digest.clone()),
            // The rule only warns of what could not be resolved.
            _ => return PinResult::Failed(unresolved(&image.text)),
        }
    }
    let pinned = match document.pin(&words) {
        Ok(pinned) => pinned,
        Err(error) => return PinResult::Failed(refused(named, &error)),
    };
    let Some(path) = &flags.out else {
        return PinResult::ToStdout(pinned);
    };
    match files::write_atomic_with_mode(path, pinned.as_bytes(), MODE) {
        Ok(()) => PinResult::ToFile(path.clone()),
        Err(error) => {
            let words = sentence::of_file(&error);
            let hint = error.hint();
            PinResult::Failed(CommandOutput::error(Exit::Usage, &words, &error, hint))
        }
    }
}

fn unresolved(image: &str) -> CommandOutput {
    let image = one_line(image);
    CommandOutput::failed(
        Exit::Inconclusive,
        &format!("nothing is written, since no digest of `{image}` was examined"),
    )
}

/// The report, behind which the record of `--lock` could not be written.
fn with_unrecorded(mut report: CommandOutput, unrecorded: Option<&CommandOutput>) -> CommandOutput {
    if let Some(failed) = unrecorded {
        report.exit = report.exit.worse(failed.exit);
        report.stderr.push_str(&failed.stderr);
    }
    report
}

fn text_end(
    flags: &Flags,
    document: &RunDocument<'_>,
    outcome: &Outcome,
    pinned: PinResult,
) -> CommandOutput {
    let mut report = CommandOutput {
        exit: outcome.exit,
        ..CommandOutput::done()
    };
    match pinned {
        PinResult::Nothing if flags.pin => {
            report
                .stderr
                .push_str("nothing is written, since an image may not run\n");
        }
        PinResult::Nothing => report.stderr = text::tags(document),
        PinResult::ToStdout(pinned) => report.document = pinned,
        PinResult::ToFile(path) => {
            report.stdout = format!("The document with digests is in {}\n", path.display());
        }
        PinResult::Failed(failed) => return failed,
    }
    report
}
