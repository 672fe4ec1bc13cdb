//! What was found about the images of a document that says what will run: the document of `gate`, version 1
//! (`schemas/run-document.v1.schema.json`).

use serde::Serialize;

use super::exit::Exit;
use super::gate::{GatePolicyFile, GateResult, GateVerdict};
use super::invocation::Invocation;
use super::reason::Reason;
use crate::gate::documents::{Image, Kind};
use crate::gate::policy::GatePolicy;

/// The answer about one document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunDocumentV1 {
    /// The version of the document.
    pub version: &'static str,
    /// One for each different image, in the order of the document.
    pub results: Vec<ImageVerdict>,
    /// What is known only at the end.
    #[serde(flatten)]
    pub end: RunDocumentEnd,
}

/// The members that the document ends with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunDocumentEnd {
    /// What was asked for: a file, `-`, or the name of a task definition.
    pub document: String,
    /// Why the document was refused, or could not be read or written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// The gate policy, once it decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_policy: Option<GatePolicyFile>,
    /// When, by what and at what cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation: Option<Invocation>,
    /// The kind of the document.
    pub kind: &'static str,
    /// Whether every image may run, and what was to be written is, so the document may be deployed.
    pub permitted: bool,
    /// The ARN of the task definition that Amazon ECS described, where one was asked for by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_definition: Option<String>,
    /// The worst verdict of all images, once they were decided about. `verified` only if all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<GateVerdict>,
    /// The file with the digests, where one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
}

/// What was found about one image, and where the document has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ImageVerdict {
    /// What was decided.
    pub image: GateResult,
    /// Where it stands.
    pub places: Vec<ImagePlace>,
}

/// One place of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ImagePlace {
    /// The character of the line, from 1.
    pub column: usize,
    /// The line, from 1.
    pub line: usize,
    /// JSON pointer, behind `NUMBER:` where the file has several documents.
    pub pointer: String,
}

impl From<&Image> for ImagePlace {
    fn from(image: &Image) -> Self {
        Self {
            column: image.position.column,
            line: image.position.line,
            pointer: image.pointer.clone(),
        }
    }
}

impl ImageVerdict {
    /// What `image` says, about what stands in these places.
    pub fn new(places: Vec<ImagePlace>, image: GateResult) -> Self {
        Self { image, places }
    }

    /// The exit of a gate about this image alone.
    pub const fn exit(&self) -> Exit {
        self.image.verdict.exit()
    }
}

impl RunDocumentV1 {
    /// The document about `results`.
    pub fn new(results: Vec<ImageVerdict>, end: RunDocumentEnd) -> Self {
        Self {
            version: super::results::VERSION,
            results,
            end,
        }
    }
}

impl RunDocumentEnd {
    /// The end where these are the worst exit and verdict of all images.
    pub fn new(
        document: String,
        kind: Kind,
        (exit_code, verdict): (Exit, GateVerdict),
        policy: &GatePolicy,
    ) -> Self {
        Self {
            document,
            error: None,
            exit_code,
            gate_policy: Some(policy.into()),
            invocation: None,
            kind: kind.as_str(),
            permitted: exit_code == Exit::Done,
            task_definition: None,
            verdict: Some(verdict),
            written: None,
        }
    }

    /// The end where no image was decided about; an error follows.
    pub const fn not_begun(document: String, kind: Kind) -> Self {
        Self {
            document,
            error: None,
            exit_code: Exit::Done,
            gate_policy: None,
            invocation: None,
            kind: kind.as_str(),
            permitted: false,
            task_definition: None,
            verdict: None,
            written: None,
        }
    }

    /// The same where the document was refused, or could not be read or written.
    #[must_use]
    pub fn with_error(self, exit_code: Exit, error: Reason) -> Self {
        Self {
            error: Some(error),
            exit_code: self.exit_code.worse(exit_code),
            permitted: false,
            ..self
        }
    }

    /// The same, with how the decisions came about.
    #[must_use]
    pub fn with_invocation(self, invocation: Invocation) -> Self {
        Self {
            invocation: Some(invocation),
            ..self
        }
    }

    /// The same, about the task definition with this ARN.
    #[must_use]
    pub fn with_task_definition(self, task_definition: Option<String>) -> Self {
        Self {
            task_definition,
            ..self
        }
    }

    /// The same, written to this file.
    #[must_use]
    pub fn with_written(self, written: Option<String>) -> Self {
        Self { written, ..self }
    }
}
