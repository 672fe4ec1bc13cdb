//! The trust policies in Notation's configuration directory: written, imported and shown, in notation's words.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::super::args::Output;
use super::super::confirm::confirm_overwriting;
use super::super::context::{environment, no_directory, tell_directory};
use super::super::listing::shown;
use super::super::output::{CommandOutput, Exit, one_line, write_hint};
use super::super::terminal;
use crate::files;
use crate::limits::{MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT};
use crate::printable;
use crate::report::{ShownPolicy, in_notation, sentence};
use crate::trust_policy::{DocumentKind, Error, LEGACY_FILE_NAME, TrustPolicies};

/// A trust policy's place, and notation's words about it.
pub(in crate::cli) struct PolicyDocument {
    kind: DocumentKind,
    config: PathBuf,
}

/// How a policy is written.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::cli) struct Writing {
    /// Overwrites what is there without a question.
    pub(in crate::cli) force: bool,
    /// Writes `trustpolicy.json` too, which notation 1.x reads.
    pub(in crate::cli) keep_v1: bool,
}

/// What was written, in lines.
struct WriteReport {
    /// For stdout, before the line of success.
    before: String,
    /// For stdout, after it.
    after: String,
    /// For stderr.
    warning: &'static str,
}

impl PolicyDocument {
    /// The policy of this kind.
    ///
    /// # Errors
    ///
    /// The report that nothing says where Notation's configuration is.
    pub(in crate::cli) fn of(kind: DocumentKind) -> Result<Self, CommandOutput> {
        let dirs = environment()
            .notation_directories()
            .map_err(|error| no_directory(&error))?;
        tell_directory(&dirs);
        Ok(Self {
            kind,
            config: dirs.config,
        })
    }

    fn path(&self) -> PathBuf {
        self.config.join(self.kind.file_name())
    }

    /// The file of notation 1.x; files have had none.
    fn legacy_path(&self) -> Option<PathBuf> {
        match self.kind {
            DocumentKind::Oci => Some(self.config.join(LEGACY_FILE_NAME)),
            DocumentKind::Blob => None,
        }
    }

    /// `OCI` or `blob`, as notation's sentences have it.
    const fn word(&self) -> &'static str {
        match self.kind {
            DocumentKind::Oci => "OCI",
            DocumentKind::Blob => "blob",
        }
    }

    /// What notation's sentences call the file.
    const fn file_word(&self) -> &'static str {
        match self.kind {
            DocumentKind::Oci => "configuration",
            DocumentKind::Blob => "file",
        }
    }

    const fn command(&self) -> &'static str {
        match self.kind {
            DocumentKind::Oci => "countersign policy",
            DocumentKind::Blob => "countersign blob policy",
        }
    }

    /// Writes a policy that was made here of what stood on the command line.
    ///
    /// # Errors
    ///
    /// The report of values that make no policy, or of a file that cannot be written.
    pub(in crate::cli) fn init(
        &self,
        document: &str,
        writing: Writing,
    ) -> Result<(CommandOutput, TrustPolicies), CommandOutput> {
        let (path, word) = (self.path(), self.word());
        let policies =
            TrustPolicies::parse(self.kind, &path, document.as_bytes()).map_err(|error| {
                // What is wrong came from the command line, and has no place in a file.
                let sentence = format!("invalid {word} policy: {}", error.notation_sentence(""));
                CommandOutput::usage(&one_line(&sentence), error.hint())
            })?;
        let written = self.write(document.as_bytes(), writing)?;
        let sentence = format!(
            "Successfully initialized {word} trust policy file to {}.",
            path.display()
        );
        Ok((done(&sentence, &written), policies))
    }

    /// Copies a policy that a user names, byte for byte, if it is valid.
    ///
    /// # Errors
    ///
    /// The report of what is wrong with it, or of a file that cannot be written.
    pub(in crate::cli) fn import(
        &self,
        from: &Path,
        writing: Writing,
    ) -> Result<CommandOutput, CommandOutput> {
        let (word, file_word) = (self.word(), self.file_word());
        let document =
            files::read_named(from, MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT).map_err(|error| {
                let words = sentence::of_file(&error);
                let sentence = format!("failed to read {word} trust policy {file_word}: {words}");
                CommandOutput::error(Exit::Usage, &one_line(&sentence), &error, error.hint())
            })?;
        let policies = TrustPolicies::parse(self.kind, from, &document).map_err(|error| {
            let sentence = match error.broken_rule() {
                Some(sentence) => {
                    format!("failed to validate {word} trust policy configuration: {sentence}")
                }
                None if error
                    .problems()
                    .first()
                    .is_some_and(|first| !first.is_of_form()) =>
                {
                    format!("failed to validate {word} trust policy configuration: {error}")
                }
                None => format!("failed to parse {word} trust policy configuration: {error}"),
            };
            let in_notation = || {
                let words = in_notation::of_policy(self.kind, &document)?;
                Some(format!(
                    "failed to parse {word} trust policy configuration: {words}"
                ))
            };
            refused(&sentence, &error).in_notation(in_notation)
        })?;
        let written = self.write(&document, writing)?;
        let sentence = format!(
            "Successfully imported {word} trust policy configuration to {}.",
            self.path().display()
        );
        let mut report = done(&sentence, &written);
        write_warnings(&mut report.stderr, &policies);
        Ok(report)
    }

    /// Shows the policy as it is.
    ///
    /// # Errors
    ///
    /// The report that the document is missing or cannot be read.
    pub(in crate::cli) fn show(&self, form: Output) -> Result<CommandOutput, CommandOutput> {
        let (path, document, warning) = self.shown()?;
        let mut report = match TrustPolicies::parse(self.kind, &path, &document) {
            Ok(_) => CommandOutput::done(),
            Err(error) => {
                let mut report = refused(&error.notation_sentence(""), &error)
                    .in_notation(|| in_notation::of_policy(self.kind, &document));
                let example = match self.kind {
                    DocumentKind::Oci => {
                        "https://github.com/notaryproject/specifications/blob/8cf800c60b7315a43f0adbcae463d848a353b412/\
                         specs/trust-store-trust-policy.md#trust-policy-for-oci-artifacts for a trust policy example."
                    }
                    DocumentKind::Blob => {
                        "https://github.com/notaryproject/specifications/blob/8cf800c60b7315a43f0adbcae463d848a353b412/\
                         specs/trust-store-trust-policy.md#trust-policy-for-blobs for a blob trust policy example."
                    }
                };
                let invalid = format!(
                    "Existing {} trust policy configuration is invalid, you may update or create a new one via \
                     `{} import <path-to-policy.json>`. See {example}\n",
                    self.word(),
                    self.command()
                );
                report.stderr.insert_str(0, &invalid);
                report
            }
        };
        report.stderr.insert_str(0, &warning);
        let is_valid = report.exit == Exit::Done;
        let policy = ShownPolicy::new(path.to_string_lossy().into_owned(), &document, is_valid);
        // As it is, but for what would draw on a terminal.
        let text = String::from_utf8_lossy(&document);
        report.stdout = if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
            printable::json(&text).into_owned()
        } else {
            printable::lines(&text).into_owned()
        };
        Ok(shown(form, policy, report))
    }

    /// The policy that counts, with its path and what is to be said about it.
    fn shown(&self) -> Result<(PathBuf, Vec<u8>, String), CommandOutput> {
        let legacy = self.legacy_path().map(|path| {
            let warning = format!(
                "Warning: old trust policy `{LEGACY_FILE_NAME}` is deprecated; please update the trust policy \
                 configuration via `{} import`.\n",
                self.command()
            );
            (path, warning)
        });
        let candidates = std::iter::once((self.path(), String::new())).chain(legacy);
        for (path, warning) in candidates {
            match files::read(&path, MAX_POLICY_BYTES) {
                Ok(document) => return Ok((path, document, warning)),
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    let words = sentence::of_file(&error);
                    let what = match self.kind {
                        DocumentKind::Oci => "OCI trust policy",
                        DocumentKind::Blob => "trust policy",
                    };
                    let sentence = one_line(&format!("failed to show {what}: {words}"));
                    let hint = error.hint();
                    return Err(CommandOutput::error(
                        Exit::Rejected,
                        &sentence,
                        &error,
                        hint,
                    ));
                }
            }
        }
        let missing = match self.kind {
            DocumentKind::Oci => "failed to show OCI trust policy as it does not exist.",
            DocumentKind::Blob => {
                "failed to show blob trust policy as the configuration does not exist."
            }
        };
        let sentence = format!(
            "{missing}\nYou can import one using `{} import <path-to-policy.json>`",
            self.command()
        );
        Err(CommandOutput::failed_in_lines(Exit::Rejected, &sentence))
    }

    /// Whether there is a policy that notation could read: what it cannot read it replaces unasked.
    fn has_policy(&self) -> bool {
        let mut candidates = std::iter::once(self.path()).chain(self.legacy_path());
        let Some(path) = candidates.find(|path| path.symlink_metadata().is_ok()) else {
            return false;
        };
        files::read(&path, MAX_POLICY_BYTES)
            .is_ok_and(|bytes| in_notation::of_policy(self.kind, &bytes).is_none())
    }

    /// Writes the policy where none is, or in its place. The file of notation 1.x gets the same bytes where it is to
    /// be kept, or had those of the other file; otherwise it is deleted, as notation 2 does.
    fn write(&self, document: &[u8], writing: Writing) -> Result<WriteReport, CommandOutput> {
        let (path, word) = (self.path(), self.word());
        let is_there = |path: &Path| path.symlink_metadata().is_ok();
        let legacy = self.legacy_path();
        let has_legacy = legacy.as_deref().is_some_and(is_there);
        let exists = is_there(&path) || has_legacy;
        let is_asked = exists && (!terminal::is_notations() || self.has_policy());
        let keeps = legacy
            .as_deref()
            .is_some_and(|legacy| writing.keep_v1 || has_same_bytes(&path, legacy));
        if is_asked && !writing.force {
            confirm_overwriting(&format!("{word} trust policy configuration"))?;
        }
        let failed = |error: files::Error| {
            let with = |words: &str| {
                let file_word = self.file_word();
                one_line(&format!(
                    "failed to write {word} trust policy {file_word}: {words}"
                ))
            };
            let own = with(&error.to_string());
            CommandOutput::error(Exit::Rejected, &own, &error, error.hint())
                .in_notation(|| Some(with(&sentence::of_written_file(&error, &path)?)))
        };
        files::create_directory(&self.config).map_err(failed)?;
        let write = |path: &Path| {
            if is_there(path) {
                files::write_atomic(path, document)
            } else {
                files::write_new(path, document, 0o600, &self.config)
            }
        };
        write(&path).map_err(failed)?;
        let mut written = WriteReport {
            before: String::new(),
            after: String::new(),
            warning: if is_asked && writing.force {
                match self.kind {
                    DocumentKind::Oci => {
                        "Warning: existing OCI trust policy configuration will be overwritten\n"
                    }
                    DocumentKind::Blob => {
                        "Warning: existing blob trust policy configuration will be overwritten\n"
                    }
                }
            } else {
                ""
            },
        };
        let Some(legacy) = legacy else {
            return Ok(written);
        };
        if keeps {
            write(&legacy).map_err(failed)?;
            let shown = legacy.display();
            written.after = format!("The same policy is in {shown}, which notation 1.x reads.\n");
        } else if has_legacy {
            files::remove(&legacy).map_err(|error| {
                let sentence = format!(
                    "the policy was written to {}, and the old one could not be deleted: {error}",
                    path.display()
                );
                let hint = "notation 1.x still reads the old policy; delete it";
                CommandOutput::error(
                    Exit::Rejected,
                    &one_line(&sentence),
                    &error,
                    Some(error.hint().unwrap_or_else(|| hint.to_owned())),
                )
            })?;
            written.before =
                format!("Deleted old trust policy configuration {LEGACY_FILE_NAME}.\n");
        }
        Ok(written)
    }
}

/// Whether both files are there with the same bytes: one policy for two releases of notation.
fn has_same_bytes(path: &Path, other: &Path) -> bool {
    let read = |path| files::read(path, MAX_POLICY_BYTES).ok();
    read(path).is_some_and(|bytes| read(other) == Some(bytes))
}

fn done(sentence: &str, written: &WriteReport) -> CommandOutput {
    CommandOutput {
        stdout: format!(
            "{}{}\n{}",
            written.before,
            one_line(sentence),
            written.after
        ),
        stderr: written.warning.to_owned(),
        ..CommandOutput::done()
    }
}

/// The warnings of a policy, a line each, with what to do.
pub(super) fn write_warnings(text: &mut String, policies: &TrustPolicies) {
    for warning in policies.warnings() {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "Warning: {}", one_line(&warning.to_string()));
        write_hint(text, "  ", warning.hint());
    }
}

/// The sentence, and every problem with its place.
fn refused(sentence: &str, error: &Error) -> CommandOutput {
    let report = CommandOutput::error(Exit::Rejected, &one_line(sentence), error, error.hint());
    let problems = error.problems().iter();
    report.caused_by(problems.map(ToString::to_string).collect())
}
