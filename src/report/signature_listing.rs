//! Which signatures artifacts have: the document of `list`, version 1 (`schemas/listing.v1.schema.json`).

use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use crate::oci::Descriptor;

/// The answer about all artifacts of a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignatureListingV1 {
    /// Why the command could not begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// One for each artifact, in the order of the command line.
    pub results: Vec<ListedArtifact>,
    /// The version of the document.
    pub version: &'static str,
}

impl SignatureListingV1 {
    /// What was found.
    pub fn new(results: Vec<ListedArtifact>, exit_code: Exit) -> Self {
        Self {
            error: None,
            exit_code,
            results,
            version: "1",
        }
    }

    /// Why the command did not begin.
    pub fn not_begun(error: Reason, exit_code: Exit) -> Self {
        Self {
            error: Some(error),
            ..Self::new(Vec::new(), exit_code)
        }
    }
}

/// One artifact.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListedArtifact {
    /// Whether the list has all signatures: none was left out because of a limit or a fault of the registry.
    pub complete: bool,
    /// Why there is no list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// What was asked for.
    pub reference: String,
    /// With the digest that the reference stands for, once it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<String>,
    /// Its signatures, each digest once, in the order of the repository's list.
    pub signatures: Vec<ListedSignature>,
}

impl ListedArtifact {
    /// An artifact with its signatures.
    pub fn new(
        reference: String,
        resolved: String,
        signatures: Vec<ListedSignature>,
        complete: bool,
    ) -> Self {
        Self {
            complete,
            error: None,
            reference,
            resolved: Some(resolved),
            signatures,
        }
    }

    /// An artifact that could not be looked at.
    pub fn failed(reference: String, error: Reason) -> Self {
        Self {
            complete: false,
            error: Some(error),
            reference,
            resolved: None,
            signatures: Vec::new(),
        }
    }
}

/// The manifest of one signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListedSignature {
    /// Its digest.
    pub digest: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
}

impl From<&Descriptor> for ListedSignature {
    fn from(descriptor: &Descriptor) -> Self {
        Self {
            digest: descriptor.digest().to_string(),
            media_type: descriptor.media_type().to_string(),
            size: descriptor.size(),
        }
    }
}
