//! One document: its images are found, resolved once and verified, and the digests that were verified are written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::flags::{Flags, Output};
use super::{document_text as text, source};
use crate::cli::args::parse_pairs;
use crate::cli::context::{Context, Format, Trusted};
use crate::cli::output::{CommandOutput, Exit, warning_lines};
use crate::cli::patience::telling;
use crate::cli::reader;
use crate::cli::verify::text::{endpoint_note, foreign_endpoints};
use crate::files;
use crate::gate::documents::{self, Image, Kind, RunDocument};
use crate::limits::MAX_RUN_DOCUMENT_IMAGES;
use crate::many;
use crate::reference::ArtifactReference;
use crate::report::{
    ArtifactVerdict, Asked, ImagePlace, ImageVerdict, Results, RunDocumentEnd, sentence,
};
use crate::trust_policy::DocumentKind;
use crate::verify::many::ArtifactVerification;
use crate::verify::{ANY_LAYOUT_SCOPE, Options, Verification, Verifier};

/// Mode of the file of `--out`, of which the process's mask is taken off: a document is not a secret.
const MODE: u32 = 0o666;

/// One different image, and every place that names it so.
struct NamedImage<'d> {
    places: Vec<&'d Image>,
    reference: ArtifactReference,
}

/// What became of all images.
#[derive(Default)]
struct Outcome {
    exit: Exit,
    /// By the text of each verified image: what takes its place.
    words: BTreeMap<String, String>,
}

/// One document on its way.
struct Job<'a> {
    kind: Kind,
    named: &'a str,
    flags: &'a Flags,
    results: Results,
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
    };
    if let Err(report) = Box::pin(job.judge(parameters, emit)).await {
        emit(match flags.output {
            Output::Text => report,
            Output::Json => {
                let end = RunDocumentEnd::new(named.to_owned(), kind, Exit::Done);
                let end = end.with_error(report.exit, report.not_begun());
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
        if flags.output == Output::Json && flags.pin && flags.out.is_none() {
            return Err(CommandOutput::usage(
                "`--output json` and the document of `--pin` would both go to stdout",
                Some("name a file for the document with `--out`".to_owned()),
            ));
        }
        let parameters = parse_pairs("parameter", parameters)?;
        let options = documents::Options {
            ignored: flags.ignore.clone(),
            parameters,
        };
        let bytes = source::read(self.kind, self.named, flags).await?;
        let document = RunDocument::parse(self.kind, &bytes, &options);
        let document = document.map_err(|error| refused(&error))?;
        let images = different(&document)?;
        let outcome = self.verify(&images, emit).await?;
        let pinned = if flags.pin && outcome.exit == Exit::Done {
            pin(&document, &outcome, flags)
        } else {
            PinResult::Nothing
        };
        emit(match flags.output {
            Output::Text => text_end(flags, &document, &outcome, pinned),
            Output::Json => self.json_end(&document, &outcome, pinned),
        });
        Ok(())
    }

    /// Verifies each image, and says of each as it ends.
    async fn verify(
        &mut self,
        images: &[NamedImage<'_>],
        emit: &mut dyn FnMut(CommandOutput),
    ) -> Result<Outcome, CommandOutput> {
        let flags = self.flags;
        let options = Options {
            max_signatures: flags.max_signatures.get()?,
            user_metadata: parse_pairs("user-metadata", &flags.user_metadata)?,
            requirement: flags.require.requirement(false),
            ..Options::default()
        };
        let (verifier, warnings) = verifier(flags, images)?;
        let options = Options {
            // Nothing but local files before.
            allowed: flags.time.allowed()?,
            ..options
        };
        emit(CommandOutput {
            stderr: warnings,
            ..CommandOutput::done()
        });
        let references: Vec<_> = images.iter().map(|image| image.reference.clone()).collect();
        let references = futures_util::stream::iter(references);
        let mut verifying = verifier.verify_many(references, &options, many::Options::default());
        let mut outcome = Outcome::default();
        let mut endpoints = BTreeSet::new();
        for image in images {
            let (progress, answer) = (verifying.progress(), verifying.answer());
            let Some(answer) = telling("verifying", progress, answer).await else {
                break;
            };
            let answer = answer.outcome;
            let mut report = self.report(image, &answer);
            outcome.exit = outcome.exit.worse(report.exit);
            outcome.add(image, &answer);
            // Once for each endpoint, however many images there are.
            for url in foreign_endpoints(answer.signatures()) {
                if endpoints.insert(url.to_owned()) {
                    report.stderr.push_str(&endpoint_note(url));
                }
            }
            emit(report);
        }
        // What did not end is not verified.
        if outcome.words.len() != images.len() {
            outcome.exit = outcome.exit.worse(Exit::Inconclusive);
        }
        Ok(outcome)
    }

    /// What was found about one image.
    fn report(&mut self, image: &NamedImage<'_>, answer: &ArtifactVerification) -> CommandOutput {
        if self.flags.output == Output::Json {
            let asked = Asked {
                text: image.text(),
                scope: ANY_LAYOUT_SCOPE,
                statement: answer.statement.as_ref(),
            };
            let places = image.places.iter().map(|image| ImagePlace::from(*image));
            let artifact = ArtifactVerdict::new(&asked, &answer.found, reader::current());
            let verdict = ImageVerdict::new(places.collect(), artifact);
            return CommandOutput {
                stdout: self.results.add(&verdict),
                exit: verdict.exit(),
                ..CommandOutput::done()
            };
        }
        let mut report = text::image(&image.places, answer);
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
    ) -> CommandOutput {
        let mut end = RunDocumentEnd::new(self.named.to_owned(), self.kind, outcome.exit);
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
    /// Notes what takes the place of a verified image; a digest that is written stays as it is.
    fn add(&mut self, image: &NamedImage<'_>, answer: &ArtifactVerification) {
        let Ok(Verification::Verified(accepted)) = &answer.found else {
            return;
        };
        let text = image.text();
        let words = match image.reference.digest() {
            Some(_) => text.to_owned(),
            None => accepted.reference.to_string(),
        };
        self.words.insert(text.to_owned(), words);
    }
}

fn refused(error: &documents::Error) -> CommandOutput {
    CommandOutput::error(Exit::Rejected, &error.to_string(), error, error.hint())
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
                reference: image.reference.clone().into(),
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

fn verifier(flags: &Flags, images: &[NamedImage<'_>]) -> Result<(Verifier, String), CommandOutput> {
    let references: Vec<ArtifactReference> =
        images.iter().map(|image| image.reference.clone()).collect();
    let mut context = Context::new(
        &flags.registry,
        &references,
        flags.plugin_config.parse()?,
        Format::Known,
        flags.time.for_pipes()?,
    )?;
    let notes = std::mem::take(&mut context.notes);
    let trusted = Trusted {
        kind: DocumentKind::Oci,
        policy: &flags.policy,
        pipes: context.pipes,
        is_strict: flags.require.is_strict(),
    };
    let (setup, warnings) = trusted.setup(&context.environment.notation_directories())?;
    Ok((context.connect(setup)?, notes + &warning_lines(&warnings)))
}

/// What came of `--pin`.
enum PinResult {
    /// It is not asked for, or an image is not verified.
    Nothing,
    ToStdout(String),
    ToFile(PathBuf),
    Failed(CommandOutput),
}

/// Writes the document whose images are all verified.
fn pin(document: &RunDocument<'_>, outcome: &Outcome, flags: &Flags) -> PinResult {
    let images = document.images().iter();
    let words: Option<Vec<String>> = images
        .map(|image| outcome.words.get(&image.text).cloned())
        .collect();
    let pinned = match document.pin(&words.unwrap_or_default()) {
        Ok(pinned) => pinned,
        Err(error) => return PinResult::Failed(refused(&error)),
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
                .push_str("nothing is written, since an image is not verified\n");
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
