//! What was found about one signature.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::reason::Reason;
use super::shorten::Shorten;
use crate::extended_validation::attribute;
use crate::hints::Reader;
use crate::notary::{Action, EnvelopeFormat, rfc3339};
use crate::outcome::{Responder, RevocationFact, SignatureOutcome, Standing, ValidationOutcome};
use crate::revocation::Protocol;
use crate::signer_info::SignerInfo;

/// What was found about one signature.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignatureVerdict {
    /// Whether the trust policy accepts it. It does so for what it only logs, too.
    pub accepted: bool,
    /// Digest of the signature manifest; of the envelope where a file was verified.
    pub digest: String,
    /// The envelope's format, once it was fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope_media_type: Option<&'static str>,
    /// A failure that no verification level turns into a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Reason>,
    /// What the envelope says; there only once its integrity was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// The user metadata that was signed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub user_metadata: BTreeMap<String, String>,
    /// How many entries of a refused signature's user metadata are not shown, because they are large.
    #[serde(skip_serializing_if = "is_zero")]
    pub user_metadata_left_out: usize,
    /// The validations that were carried out, in order.
    pub validations: Vec<ValidationVerdict>,
    /// Whether it passed every validation; `revocation` alone may have been skipped.
    pub verified: bool,
    /// What is worth knowing and changes nothing, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "`skip_serializing_if` passes a reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl SignatureVerdict {
    /// What `outcome` says, with hints for `reader`. Long texts and lists of a refused signature are cut off.
    pub fn new(outcome: &SignatureOutcome, reader: &Reader) -> Self {
        let validations = outcome.validations.iter();
        let mut verdict = Self {
            accepted: outcome.refusal().is_none(),
            digest: outcome.manifest_digest.to_string(),
            envelope_media_type: outcome.format.map(EnvelopeFormat::media_type),
            refusal: outcome
                .failure
                .as_ref()
                .map(|failure| Reason::of_failure(failure, reader)),
            signer: outcome.signer_info.as_ref().map(Signer::from),
            user_metadata: outcome.user_metadata.iter().cloned().collect(),
            user_metadata_left_out: outcome.left_out_metadata,
            validations: validations
                .map(|one| ValidationVerdict::new(one, reader))
                .collect(),
            verified: outcome.standing() == Standing::Verified,
            warnings: outcome.warnings.clone(),
        };
        if !verdict.accepted {
            verdict.shorten();
        }
        verdict
    }
}

impl Shorten for SignatureVerdict {
    fn shorten(&mut self) {
        self.digest.shorten();
        self.refusal.shorten();
        self.signer.shorten();
        self.user_metadata.shorten();
        self.validations.shorten();
        self.warnings.shorten();
    }
}

/// What an envelope says of its signer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Signer {
    /// When the signature expires, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<String>,
    /// The signature's algorithm, by its name in the plugin contract.
    pub signature_algorithm: &'static str,
    /// The ARN of the signing job, if AWS Signer signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_job: Option<Value>,
    /// The ARN of the signing profile's version, if AWS Signer signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_profile_version: Option<Value>,
    /// The signing scheme.
    pub signing_scheme: &'static str,
    /// When it was signed, in RFC 3339.
    pub signing_time: String,
    /// The subject of the signer's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl From<&SignerInfo> for Signer {
    fn from(info: &SignerInfo) -> Self {
        let attributes = &info.signed_attributes;
        let extended = |name: &str| {
            let mut extended = attributes.extended.iter();
            let found = extended.find(|one| one.name == name)?;
            Some(found.value.clone())
        };
        let leaf = info.certificate_chain.first();
        Self {
            expiry: attributes.expiry.map(rfc3339),
            signature_algorithm: info.signature_algorithm.contract_name(),
            signing_job: extended(attribute::SIGNING_JOB),
            signing_profile_version: extended(attribute::SIGNING_PROFILE_VERSION),
            signing_scheme: attributes.signing_scheme.as_str(),
            signing_time: rfc3339(attributes.signing_time),
            subject: leaf.map(|leaf| leaf.subject().to_string()),
        }
    }
}

impl Shorten for Signer {
    fn shorten(&mut self) {
        self.expiry.shorten();
        self.signing_job.shorten();
        self.signing_profile_version.shorten();
        self.signing_time.shorten();
        self.subject.shorten();
    }
}

/// What one validation gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ValidationVerdict {
    /// What its failure leads to at the policy's level.
    pub action: &'static str,
    /// What was known about revocation and was looked at for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<RevocationEvidence>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Whether it passed.
    pub result: ValidationResult,
    /// Its name in a trust policy.
    pub validation: &'static str,
}

/// Whether a validation passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ValidationResult {
    /// It passed.
    Passed,
    /// It failed or could not be decided.
    Failed,
}

impl ValidationVerdict {
    fn new(outcome: &ValidationOutcome, reader: &Reader) -> Self {
        debug_assert!(
            outcome.action != Action::Skip,
            "what is skipped leaves no outcome"
        );
        let failure = outcome.failure.as_ref();
        Self {
            action: outcome.action.as_str(),
            facts: outcome.facts.iter().map(RevocationEvidence::from).collect(),
            reason: failure.map(|failure| Reason::of_failure(failure, reader)),
            result: if failure.is_some() {
                ValidationResult::Failed
            } else {
                ValidationResult::Passed
            },
            validation: outcome.validation.as_str(),
        }
    }
}

impl Shorten for ValidationVerdict {
    fn shorten(&mut self) {
        self.facts.shorten();
        self.reason.shorten();
    }
}

/// What is known about the revocation of one thing, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RevocationEvidence {
    /// The subject of a certificate, or the ARN of a signing job with all that it rests on.
    pub about: String,
    /// How old the answer was when it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<u64>,
    /// As of when it holds, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// The file that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where the answer was until now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<&'static str>,
    /// The region of AWS Signer that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Who said so; absent where no source that counts did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<FactSource>,
    /// What is known: `unknown` is not good.
    pub status: &'static str,
    /// Until when it may count, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The URL asked; with AWS Signer only where that is not AWS's own endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Who said whether something was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FactSource {
    /// An OCSP responder.
    Ocsp,
    /// The publisher of a CRL.
    Crl,
    /// AWS Signer, whose answer is not signed.
    AwsSigner,
}

impl From<&RevocationFact> for RevocationEvidence {
    fn from(fact: &RevocationFact) -> Self {
        let (source, region, url) = match fact.source.as_ref().map(|source| &source.responder) {
            None => (None, None, None),
            Some(Responder::Authority { protocol, url }) => {
                let source = if *protocol == Protocol::Ocsp {
                    FactSource::Ocsp
                } else {
                    FactSource::Crl
                };
                (Some(source), None, Some(url.clone()))
            }
            Some(Responder::AwsSigner {
                region,
                endpoint_url,
            }) => (
                Some(FactSource::AwsSigner),
                Some(region.clone()),
                endpoint_url.clone(),
            ),
        };
        let told = fact.source.as_ref();
        let file = told.and_then(|source| source.origin.path());
        Self {
            about: fact.about.clone(),
            age_seconds: told.map(|source| source.age_seconds),
            as_of: told.map(|source| rfc3339(source.as_of)),
            file: file.map(|path| path.to_string_lossy().into_owned()),
            from: told.map(|source| source.origin.as_str()),
            region,
            source,
            status: fact.status.as_str(),
            until: told.and_then(|source| source.until).map(rfc3339),
            url,
        }
    }
}

impl Shorten for RevocationEvidence {
    fn shorten(&mut self) {
        self.about.shorten();
        self.as_of.shorten();
        self.file.shorten();
        self.region.shorten();
        self.until.shorten();
        self.url.shorten();
    }
}
