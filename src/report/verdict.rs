//! What verifications found: the document of `verify` and `blob verify`, version 1
//! (`schemas/verdict.v1.schema.json`).

use std::path::Path;

use serde::Serialize;

use super::called::Called;
use super::cause::Cause;
use super::exit::Exit;
use super::invocation::Invocation;
use super::reason::Reason;
use super::sentence;
use super::signature::SignatureVerdict;
use super::unseen::Unseen;
use crate::hints::Reader;
use crate::outcome::{Failure, FailureClass, SignatureOutcome};
use crate::registry::Kind;
use crate::trust_policy::StatementName;
use crate::verify::{self, Accepted, Error, RejectedArtifact, Verification, blob};

/// The answer of one command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct VerdictV1 {
    /// The version of the document.
    pub version: &'static str,
    /// One for each artifact, in the order asked.
    pub results: Vec<ArtifactVerdict>,
    /// What is known only at the end.
    #[serde(flatten)]
    pub end: VerdictEnd,
}

impl VerdictV1 {
    /// The document about `results`.
    pub fn new(results: Vec<ArtifactVerdict>) -> Self {
        let exits = results.iter().map(|result| result.verdict.exit());
        let exit = exits.fold(Exit::Done, Exit::worse);
        Self {
            version: super::results::VERSION,
            end: VerdictEnd::new(exit),
            results,
        }
    }

    /// The document of a command that could not begin.
    pub fn not_begun(exit: Exit, reason: Reason) -> Self {
        Self {
            end: VerdictEnd::not_begun(exit, reason),
            ..Self::new(Vec::new())
        }
    }
}

/// The members that the document ends with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VerdictEnd {
    /// Why nothing could be begun with, and there are no results; or why the command ended early or could not
    /// keep its record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// When, by what and at what cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation: Option<Invocation>,
}

impl VerdictEnd {
    /// The end of a document with results.
    pub const fn new(exit_code: Exit) -> Self {
        Self {
            error: None,
            exit_code,
            invocation: None,
        }
    }

    /// The end of a document without results.
    pub const fn not_begun(exit_code: Exit, reason: Reason) -> Self {
        Self {
            error: Some(reason),
            exit_code,
            invocation: None,
        }
    }

    /// The same, with how the verifications came about.
    #[must_use]
    pub fn with_invocation(self, invocation: Invocation) -> Self {
        Self {
            invocation: Some(invocation),
            ..self
        }
    }
}

/// The verdict in one word, from best to worst: what was refused is worse than what could not be decided, and that is
/// worse than what is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Verdict {
    /// A signature passed every validation, of which only revocation may have been skipped. This alone says
    /// that the artifact may run.
    Verified,
    /// A validation failed or could not be decided, and the trust policy only logs that. No permission to run.
    Tolerated,
    /// The trust policy has nothing verified.
    Skipped,
    /// The signatures could not be looked at or judged.
    Inconclusive,
    /// There is no signature.
    Unsigned,
    /// Looked at and refused.
    Rejected,
}

impl Verdict {
    /// The worse of two.
    #[must_use]
    pub(super) fn worse(self, other: Self) -> Self {
        self.max(other)
    }

    /// The exit of a command about this artifact alone.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Verified | Self::Tolerated | Self::Skipped => Exit::Done,
            Self::Unsigned | Self::Rejected => Exit::Rejected,
            Self::Inconclusive => Exit::Inconclusive,
        }
    }
}

impl From<FailureClass> for Verdict {
    fn from(class: FailureClass) -> Self {
        match class {
            FailureClass::Rejected => Self::Rejected,
            FailureClass::Inconclusive => Self::Inconclusive,
        }
    }
}

/// What was asked about one artifact.
#[derive(Debug, Clone, Copy)]
pub struct AskedArtifact<'a> {
    /// The reference as it was given.
    pub text: &'a str,
    /// By which the trust policy knows an OCI image layout.
    pub scope: &'a str,
    /// The statement that judged the artifact, or would have.
    pub statement: Option<&'a StatementName>,
}

/// What was found about one artifact.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ArtifactVerdict {
    /// The reference or the path as it was given.
    pub asked: String,
    /// The path of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// The index by digest whose signature counts for this image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_by: Option<String>,
    /// Why it is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The images of an index that were judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Self>,
    /// The index by digest in which the images stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The media type of the artifact, once a signature was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The platforms that an index has the image for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// The file of the trust policy; absent where the command line stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_file: Option<String>,
    /// The name of the statement that judged, or would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_statement: Option<String>,
    /// The artifact by digest, once it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Every signature that was looked at.
    pub signatures: Vec<SignatureVerdict>,
    /// The validations that the trust policy skips.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped_validations: Vec<&'static str>,
    /// Entries of the index for the platform `unknown`, which were not judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uncovered: Vec<String>,
    /// Why there may be signatures that were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<Unseen>,
    /// The verdict in one word.
    pub verdict: Verdict,
}

impl ArtifactVerdict {
    /// What `answer` says about the artifact that was asked about, with hints for `reader`.
    pub fn new(
        asked: &AskedArtifact<'_>,
        answer: &Result<Verification, Error>,
        reader: &Reader,
    ) -> Self {
        let begun = Self::begun(asked.text.to_owned(), asked.statement);
        match answer {
            Ok(Verification::Verified(accepted)) => {
                begun.with_accepted(Verdict::Verified, accepted, reader)
            }
            Ok(Verification::Tolerated(accepted)) => {
                begun.with_accepted(Verdict::Tolerated, accepted, reader)
            }
            Ok(Verification::Skipped { reference, .. }) => Self {
                reference: Some(reference.to_string()),
                verdict: Verdict::Skipped,
                ..begun
            },
            Ok(Verification::Images(images)) => begun.with_images(images, asked, reader),
            Err(error) => {
                let begun = match error {
                    Error::Images(images) => begun.with_images(images, asked, reader),
                    _ => begun,
                };
                begun.with_error(error, asked.scope, reader)
            }
        }
    }

    /// What `answer` says about a file.
    pub fn of_blob(
        file: &Path,
        statement: Option<&StatementName>,
        answer: &Result<blob::Verification, blob::Error>,
        reader: &Reader,
    ) -> Self {
        let path = file.to_string_lossy().into_owned();
        let begun = Self {
            blob: Some(path.clone()),
            ..Self::begun(path, statement)
        };
        match answer {
            Ok(blob::Verification::Verified(accepted)) => {
                begun.with_signature(Verdict::Verified, &accepted.signature, reader)
            }
            Ok(blob::Verification::Tolerated(accepted)) => {
                begun.with_signature(Verdict::Tolerated, &accepted.signature, reader)
            }
            Ok(blob::Verification::Skipped { .. }) => Self {
                verdict: Verdict::Skipped,
                ..begun
            },
            Err(error) => begun.with_blob_error(error, reader),
        }
    }

    /// Nothing is found yet, so that the verdict is open.
    pub(super) fn begun(asked: String, statement: Option<&StatementName>) -> Self {
        let file = statement.and_then(|statement| statement.file.as_ref());
        Self {
            asked,
            blob: None,
            covered_by: None,
            error: None,
            images: Vec::new(),
            index: None,
            media_type: None,
            platforms: Vec::new(),
            policy_file: file.map(|file| file.to_string_lossy().into_owned()),
            policy_statement: statement.map(|statement| statement.name.clone()),
            reference: None,
            signatures: Vec::new(),
            skipped_validations: Vec::new(),
            uncovered: Vec::new(),
            unseen: None,
            verdict: Verdict::Inconclusive,
        }
    }

    pub(super) fn with_accepted(
        self,
        verdict: Verdict,
        accepted: &Accepted,
        reader: &Reader,
    ) -> Self {
        let mut result = self.with_signature(verdict, &accepted.signature, reader);
        let others = accepted.others.iter();
        let others = others.map(|other| SignatureVerdict::new(other, reader));
        result.signatures.extend(others);
        let unseen = accepted.unseen.as_ref();
        Self {
            unseen: unseen.map(|unseen| Unseen::new(unseen, reader)),
            reference: Some(accepted.reference.to_string()),
            media_type: Some(accepted.target.descriptor.media_type().to_string()),
            ..result
        }
    }

    /// The signature that was accepted, with the validations that the policy has skipped.
    fn with_signature(
        self,
        verdict: Verdict,
        accepted: &SignatureOutcome,
        reader: &Reader,
    ) -> Self {
        let skipped = accepted.skipped.iter();
        Self {
            signatures: vec![SignatureVerdict::new(accepted, reader)],
            skipped_validations: skipped.map(|validation| validation.as_str()).collect(),
            verdict,
            ..self
        }
    }

    fn with_error(self, error: &Error, scope: &str, reader: &Reader) -> Self {
        let reason = reason_of(error, scope, reader);
        let result = Self {
            verdict: match error {
                Error::NoSignature { .. } => Verdict::Unsigned,
                Error::Images(_) => self.verdict,
                _ => error.class().into(),
            },
            ..self
        };
        match error {
            Error::Rejected(refused) | Error::Inconclusive(refused) => {
                // Its signatures have the causes.
                let (cause, retryable) = Cause::of_refused(refused);
                let outcomes = refused.outcomes.iter();
                let unseen = refused.unseen.as_ref();
                Self {
                    error: Some(reason.with_cause(cause, retryable)),
                    reference: Some(refused.reference.to_string()),
                    signatures: outcomes
                        .map(|outcome| SignatureVerdict::new(outcome, reader))
                        .collect(),
                    unseen: unseen.map(|unseen| Unseen::new(unseen, reader)),
                    ..result
                }
            }
            Error::Images(_) => {
                // One that no repetition mends is enough.
                let reasons = || {
                    result
                        .images
                        .iter()
                        .filter_map(|image| image.error.as_ref())
                };
                let cause = reasons().find_map(|reason| reason.cause);
                let retryable = reasons().all(|reason| reason.retryable);
                Self {
                    error: Some(reason.with_cause(cause, retryable)),
                    ..result
                }
            }
            Error::NoSignature { reference, .. } => Self {
                error: Some(reason.with_wanted(error.wanted())),
                reference: Some(reference.to_string()),
                ..result
            },
            Error::Policy { .. }
            | Error::Requirement { .. }
            | Error::Open { .. }
            | Error::Resolve { .. }
            | Error::TagOffline { .. }
            | Error::NotStored { .. }
            | Error::Store { .. }
            | Error::NotTried { .. }
            | Error::Stopped { .. }
            | Error::Unfinished { .. }
            | Error::Index { .. }
            | Error::Entry { .. }
            | Error::List { .. } => Self {
                error: Some(reason),
                ..result
            },
        }
    }

    fn with_blob_error(self, error: &blob::Error, reader: &Reader) -> Self {
        let message = sentence::of_blob_verification(error, Called::Countersign);
        let code = blob_code(error);
        let refused = match error {
            blob::Error::Rejected(refused) | blob::Error::Inconclusive(refused) => Some(refused),
            blob::Error::Policy { .. } | blob::Error::Requirement { .. } => None,
        };
        let signatures = refused.map(|refused| SignatureVerdict::new(&refused.outcome, reader));
        let reason = match refused {
            Some(_) => Reason::beside_findings(code, message, None, reader),
            None => Reason::new(code, message, error, error.hint(), reader),
        };
        Self {
            error: Some(reason),
            signatures: signatures.into_iter().collect(),
            verdict: error.class().into(),
            ..self
        }
    }
}

/// Why an artifact was not verified, or nothing was stored for that.
pub(super) fn reason_of(error: &Error, scope: &str, reader: &Reader) -> Reason {
    let message = sentence::of_verification(error, scope, Called::Countersign);
    let reason = Reason::of_verification(code(error), message, error, reader);
    reason.retryable_if(matches!(error, Error::Stopped { .. }))
}

fn code(error: &Error) -> &'static str {
    match error {
        Error::Policy { .. } => "policy-unusable",
        Error::Requirement { .. } => "requirement-not-met",
        Error::Resolve { source, .. } => match source.kind() {
            Kind::NotFound => "artifact-not-found",
            Kind::Misbehaved => "registry-misbehaved",
            Kind::Inconclusive => "registry-unavailable",
        },
        Error::Open { .. } => "layout-unusable",
        Error::TagOffline { .. } => "tag-offline",
        Error::NotStored { .. } => "not-stored",
        Error::NotTried { .. } => "not-tried",
        Error::Stopped { reason, .. } => reason.code(),
        Error::Unfinished { source, .. } => source.code(),
        Error::Store { .. } => "not-storable",
        Error::List { .. } => "signatures-not-listed",
        Error::NoSignature { .. } => "no-signature",
        Error::Index { .. } => "index-unusable",
        Error::Entry { .. } => "index-entry-differs",
        Error::Images(_) => "image-not-verified",
        Error::Rejected(refused) | Error::Inconclusive(refused) => leading_code(refused),
    }
}

/// The code of the signature that came furthest.
fn leading_code(refused: &RejectedArtifact) -> &'static str {
    match (refused.leading(), &refused.unseen) {
        (Some(failure), _) => failure.code(),
        (None, Some(verify::Unseen::Record(_))) => "signatures-withheld",
        (None, _) => "no-signature",
    }
}

fn blob_code(error: &blob::Error) -> &'static str {
    match error {
        blob::Error::Policy { .. } => "policy-unusable",
        blob::Error::Requirement { .. } => "requirement-not-met",
        blob::Error::Rejected(refused) | blob::Error::Inconclusive(refused) => {
            let failure = refused.outcome.refusal();
            failure.map_or("signature-refused", Failure::code)
        }
    }
}
