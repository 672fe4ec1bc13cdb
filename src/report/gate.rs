//! What a gate decided: the document of `gate check`, version 1 (`schemas/gate-verdict.v1.schema.json`).

use serde::Serialize;

use super::called::Called;
use super::cause::Cause;
use super::exit::Exit;
use super::invocation::Invocation;
use super::reason::Reason;
use super::sentence;
use super::shortfall::GateShortfall;
use super::unseen::Unseen;
use crate::gate::policy::{Exemption, GatePolicy, RoleSigner};
use crate::gate::{Decision, Examination, ImageExamination, Refusal, RoleExamination, Ruling};
use crate::hints::Reader;
use crate::limits::MAX_TOLD_VALUES;
use crate::notary::rfc3339;
use crate::oci::Digest;
use crate::outcome::FailureClass;
use crate::verify::{self, ANY_LAYOUT_SCOPE};

/// The members that the document ends with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GateVerdictEnd {
    /// Why nothing could be begun with; there are no results then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// The gate policy, once it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_policy: Option<GatePolicyFile>,
    /// When, by what and at what cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invocation: Option<Invocation>,
}

impl GateVerdictEnd {
    /// The end of a document with results.
    pub fn new(exit_code: Exit, policy: &GatePolicy) -> Self {
        Self {
            error: None,
            exit_code,
            gate_policy: Some(policy.into()),
            invocation: None,
        }
    }

    /// The end of a document without results.
    pub const fn not_begun(exit_code: Exit, reason: Reason) -> Self {
        Self {
            error: Some(reason),
            exit_code,
            gate_policy: None,
            invocation: None,
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
}

/// Which gate policy decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GatePolicyFile {
    /// The file.
    pub file: String,
    /// The digest of the very bytes that were read.
    pub sha256: String,
}

impl From<&GatePolicy> for GatePolicyFile {
    fn from(policy: &GatePolicy) -> Self {
        Self {
            file: policy.path().to_string_lossy().into_owned(),
            sha256: policy.sha256().to_string(),
        }
    }
}

/// The decision in one word, from best to worst: what may not run is worse than what may, and what was refused is worse
/// than what could not be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GateVerdict {
    /// Every requirement is met by verified signatures.
    Verified,
    /// The gate policy exempts this image. It may run, and is not verified.
    Exempted,
    /// A requirement is not met or could not be decided, and the rule only warns. It may run, and is not verified.
    Tolerated,
    /// It could not be decided. It may not run.
    Inconclusive,
    /// There is no signature. It may not run.
    Unsigned,
    /// Looked at and refused. It may not run.
    Rejected,
}

impl GateVerdict {
    /// The worse of two.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        self.max(other)
    }

    /// The exit of a command about this artifact alone.
    pub const fn exit(self) -> Exit {
        match self {
            Self::Verified | Self::Tolerated | Self::Exempted => Exit::Done,
            Self::Unsigned | Self::Rejected => Exit::Rejected,
            Self::Inconclusive => Exit::Inconclusive,
        }
    }
}

/// What a gate decided about one reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GateResult {
    /// The reference as it was given.
    pub asked: String,
    /// Why it is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// Why and until when it needs no signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<GateExemption>,
    /// What had to be signed.
    pub images: Vec<GateImage>,
    /// The media type of the artifact, once it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The tag that was resolved; it can be moved before the image is pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub movable_tag: Option<String>,
    /// The artifact by digest, once it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The rule that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Entries of the index for the platform `unknown`, which were not verified.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uncovered: Vec<String>,
    /// The decision in one word.
    pub verdict: GateVerdict,
}

/// Why an image needs no signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GateExemption {
    /// Why.
    pub reason: String,
    /// Until when, in RFC 3339.
    pub until: String,
}

impl From<&Exemption> for GateExemption {
    fn from(exemption: &Exemption) -> Self {
        Self {
            reason: exemption.reason.clone(),
            until: rfc3339(exemption.until),
        }
    }
}

/// What was found about one image or index.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GateImage {
    /// Why nothing could be judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// How many signers are there.
    pub found: usize,
    /// Whether enough signers are there.
    pub met: bool,
    /// How many signers must be there.
    pub needed: usize,
    /// The platforms that the index has it for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// It by digest.
    pub reference: String,
    /// How many signatures were judged.
    pub signatures: usize,
    /// Each signer that the rule names.
    pub signers: Vec<GateSigner>,
    /// Why there may be signatures that were not looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unseen: Option<Unseen>,
}

/// What was found about one signer that the rule names.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GateSigner {
    /// The signature that is this signer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub met_by: Option<GateSignature>,
    /// Its name in the rule.
    pub name: String,
    /// Why each signature is not this signer's, or does not count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_met_by: Vec<GateShortfall>,
    /// Why no signature can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Who must have signed.
    pub wanted: String,
}

/// A signature, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GateSignature {
    /// The digest of the signature manifest.
    pub digest: String,
    /// The signing profile with its version, or the subject of the signer's certificate.
    pub signer: String,
}

impl GateResult {
    /// What `decision` says of what was asked for as `asked`, with hints for `reader`.
    pub fn new(asked: &str, decision: &Decision, reader: &Reader) -> Self {
        let begun = Self {
            asked: asked.to_owned(),
            error: None,
            exemption: None,
            images: Vec::new(),
            media_type: None,
            movable_tag: None,
            reference: None,
            rule: decision.rule.clone(),
            uncovered: Vec::new(),
            verdict: GateVerdict::Inconclusive,
        };
        let examined = match decision.ruling.examination() {
            Some(examination) => begun.with_examination(examination, reader),
            None => begun,
        };
        match &decision.ruling {
            Ruling::Verified(_) => Self {
                verdict: GateVerdict::Verified,
                ..examined
            },
            Ruling::Exempted(exemption) => Self {
                exemption: Some(exemption.into()),
                reference: Some(decision.reference.to_string()),
                verdict: GateVerdict::Exempted,
                ..examined
            },
            Ruling::Tolerated(refusal) => Self {
                error: Some(reason_of(refusal, reader)),
                verdict: GateVerdict::Tolerated,
                ..examined
            },
            Ruling::Refused(refusal) => Self {
                error: Some(reason_of(refusal, reader)),
                verdict: verdict_of(refusal),
                ..examined
            },
        }
    }

    /// What is said of an image about which there is no decision.
    pub fn inconclusive(asked: &str, reason: Reason) -> Self {
        Self {
            asked: asked.to_owned(),
            error: Some(reason),
            exemption: None,
            images: Vec::new(),
            media_type: None,
            movable_tag: None,
            reference: None,
            rule: None,
            uncovered: Vec::new(),
            verdict: GateVerdict::Inconclusive,
        }
    }

    fn with_examination(self, examination: &Examination, reader: &Reader) -> Self {
        let images = examination.images.iter();
        Self {
            reference: Some(examination.reference.to_string()),
            media_type: Some(examination.media_type.clone()),
            movable_tag: examination.tag.clone(),
            images: images.map(|image| GateImage::new(image, reader)).collect(),
            uncovered: examination
                .uncovered
                .iter()
                .map(Digest::to_string)
                .collect(),
            ..self
        }
    }
}

fn verdict_of(refusal: &Refusal) -> GateVerdict {
    match (refusal.class(), refusal) {
        (FailureClass::Inconclusive, _) => GateVerdict::Inconclusive,
        (FailureClass::Rejected, Refusal::Unmet(examination)) if examination.is_unsigned() => {
            GateVerdict::Unsigned
        }
        (FailureClass::Rejected, _) => GateVerdict::Rejected,
    }
}

fn reason_of(refusal: &Refusal, reader: &Reader) -> Reason {
    let code = match verdict_of(refusal) {
        GateVerdict::Unsigned => "no-signature",
        _ => refusal.code(),
    };
    if let Refusal::Artifact { source } = refusal {
        return of_verification(code, source, reader);
    }
    let message = refusal.to_string();
    match refusal {
        Refusal::Unmet(examination) => {
            let (cause, retryable) = cause_of(examination);
            let hint = refusal.hint_beside_findings();
            Reason::beside_findings(code, message, hint, reader).with_cause(cause, retryable)
        }
        _ => Reason::new(code, message, refusal, refusal.hint(), reader),
    }
}

fn of_verification(code: &'static str, error: &verify::Error, reader: &Reader) -> Reason {
    let message = sentence::of_verification(error, ANY_LAYOUT_SCOPE, Called::Countersign);
    Reason::of_verification(code, message, error, reader)
}

/// The cause of the first thing that could not be decided, and whether it may pass.
fn cause_of(examination: &Examination) -> (Option<Cause>, bool) {
    for image in &examination.images {
        if let Some(error) = &image.error {
            let cause = Cause::of(error);
            return (cause, cause.is_some_and(Cause::is_retryable));
        }
        if let Some(verify::Unseen::Listing(error)) = &image.unseen {
            let cause = Cause::of(error);
            return (cause, cause.is_some_and(Cause::is_retryable));
        }
        let shortfalls = image.roles.iter().flat_map(|role| &role.shortfalls);
        for shortfall in shortfalls {
            if let Some(failure) = image.failure(shortfall)
                && failure.class() == FailureClass::Inconclusive
            {
                return Cause::of_failure(failure);
            }
        }
    }
    (None, false)
}

impl GateImage {
    fn new(image: &ImageExamination, reader: &Reader) -> Self {
        let error = image.error.as_ref();
        Self {
            error: error.map(|error| of_verification("signatures-not-listed", error, reader)),
            found: image.filled(),
            met: image.result.is_ok(),
            needed: image.needed,
            platforms: image.platforms.clone(),
            reference: image.reference.to_string(),
            signatures: image.signatures.len(),
            signers: image
                .roles
                .iter()
                .map(|role| GateSigner::new(image, role, reader))
                .collect(),
            unseen: image
                .unseen
                .as_ref()
                .map(|unseen| Unseen::new(unseen, reader)),
        }
    }
}

impl GateSigner {
    fn new(image: &ImageExamination, role: &RoleExamination, reader: &Reader) -> Self {
        let no_statement = role.no_statement.as_deref();
        let reason = no_statement.map(|none| {
            let message = none.to_string();
            Reason::new("no-statement", message, none, none.hint(), reader)
        });
        let filled = role.filled.as_ref();
        // A signing profile of the gate policy stands in no trust policy.
        let of_profile = matches!(role.signer, RoleSigner::SigningProfile(_));
        let reader = &reader.clone().trusting_profiles(of_profile);
        let shortfalls = role.shortfalls.iter().take(MAX_TOLD_VALUES);
        let mut signer = Self {
            met_by: filled.map(|filling| GateSignature {
                digest: filling.manifest_digest.to_string(),
                signer: filling.signer.clone(),
            }),
            name: role.name.clone(),
            not_met_by: shortfalls
                .filter_map(|one| GateShortfall::new(image, one, reader))
                .collect(),
            reason,
            wanted: role.signer.to_string(),
        };
        if image.result.is_ok() {
            // The image may run without this signer, so there is nothing to do about it.
            let shortfalls = signer.not_met_by.iter_mut().map(|one| &mut one.reason);
            for reason in shortfalls.chain(&mut signer.reason) {
                reason.hint = None;
            }
        }
        signer
    }
}
