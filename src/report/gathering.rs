//! What was stored for verifications without a network, as `schemas/gathering.v1.schema.json` describes it.

use serde::Serialize;

use super::exit::Exit;
use super::invocation::Invocation;
use super::reason::Reason;
use super::signature::RevocationEvidence;
use super::unseen::Unseen;
use super::verdict::reason_of;
use crate::hints::Reader;
use crate::verify::{Error, FetchProblem, GatheredArtifact, GatheredSignature};

/// The members that the document ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GatheringEnd {
    /// Why nothing could be begun with; there are no results then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// When, by what and at what cost.
    pub invocation: Invocation,
}

impl GatheringEnd {
    /// The end of a document with results.
    pub const fn new(exit_code: Exit, invocation: Invocation) -> Self {
        Self {
            error: None,
            exit_code,
            invocation,
        }
    }

    /// The end of a document without results.
    pub const fn not_begun(exit_code: Exit, reason: Reason, invocation: Invocation) -> Self {
        Self {
            error: Some(reason),
            exit_code,
            invocation,
        }
    }
}

/// What was stored for one artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ArtifactGathering {
    /// The reference as it was asked for.
    pub asked: String,
    /// Whether everything was stored that a verification will need.
    pub complete: bool,
    /// Why nothing was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The artifact by digest, once it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Its signatures.
    pub signatures: Vec<SignatureGathering>,
    /// Whether the policy skips its verification: it needs no signature.
    pub skipped: bool,
    /// Why there may be signatures that were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<Unseen>,
}

impl ArtifactGathering {
    /// What became of the artifact that was `asked` about; `scope` is that of an image layout.
    pub fn new(
        asked: &str,
        found: &Result<GatheredArtifact, Error>,
        scope: &str,
        reader: &Reader,
    ) -> Self {
        let begun = Self {
            asked: asked.to_owned(),
            complete: false,
            error: None,
            reference: None,
            signatures: Vec::new(),
            skipped: false,
            unseen: None,
        };
        match found {
            Ok(gathered) => {
                let signatures = gathered.signatures.iter();
                let unseen = gathered.unseen.as_ref();
                Self {
                    complete: gathered.is_complete(),
                    reference: Some(gathered.reference.to_string()),
                    signatures: signatures
                        .map(|one| SignatureGathering::new(one, reader))
                        .collect(),
                    skipped: gathered.is_skipped,
                    unseen: unseen.map(|unseen| Unseen::new(unseen, reader)),
                    ..begun
                }
            }
            Err(error) => Self {
                error: Some(reason_of(error, scope, reader)),
                ..begun
            },
        }
    }
}

/// What was stored about one signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SignatureGathering {
    /// Digest of the signature manifest.
    pub digest: String,
    /// What was stored about revocation.
    pub facts: Vec<RevocationEvidence>,
    /// What is needed and could not be fetched.
    pub missing: Vec<MissingFact>,
    /// Why no verification here would accept the signature, so that nothing was asked about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Reason>,
    /// Who gave no answer that counts, where another one's is enough.
    pub unanswered: Vec<MissingFact>,
}

impl SignatureGathering {
    fn new(signature: &GatheredSignature, reader: &Reader) -> Self {
        let refusal = signature.refusal.as_ref();
        let each = |missing: &[FetchProblem]| {
            let missing = missing.iter();
            missing.map(|one| MissingFact::new(one, reader)).collect()
        };
        Self {
            digest: signature.digest.to_string(),
            facts: signature.facts.iter().map(Into::into).collect(),
            missing: each(&signature.missing),
            refusal: refusal.map(|failure| Reason::of_failure(failure, reader)),
            unanswered: each(&signature.unanswered),
        }
    }
}

/// Something that could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MissingFact {
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What, and why.
    pub message: String,
}

impl MissingFact {
    fn new(missing: &FetchProblem, reader: &Reader) -> Self {
        let hint = missing.hint.as_deref();
        Self {
            hint: hint.and_then(|hint| reader.fitting(hint)),
            message: missing.sentence.clone(),
        }
    }
}
