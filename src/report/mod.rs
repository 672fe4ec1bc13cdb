//! The documents of the program as types: what a verification found, what a signing did, what signatures say.
//!
//! Input: what `verify`, `sign` and envelopes give. Output: values that `serde` writes as JSON. No other code makes
//! these documents; files that the program reads again are in the modules that read them.
//!
//! | type | written by | schema |
//! | --- | --- | --- |
//! | [`VerdictV1`] | `verify`, `blob verify` | `verdict.v1.schema.json` |
//! | [`LastVerdictLine`] | `verify --output jsonl` | `verdict-line.v1.schema.json` |
//! | [`LockV1`] | `verify --lock` | `lock.v1.schema.json` |
//! | [`GateResult`], [`GateVerdictEnd`] | `gate check` | `gate-verdict.v1.schema.json` |
//! | [`HookVerdict`] | the function of AWS Lambda | `hook-verdict.v1.schema.json` |
//! | [`RunDocumentV1`] | the other commands of `gate` | `run-document.v1.schema.json` |
//! | [`WaitResult`], [`VerdictEnd`] | `wait` | `wait.v1.schema.json` |
//! | [`SigningV1`] | `sign` | `signing.v1.schema.json` |
//! | [`ManagementV1`] | `profile`, `signature`, `lambda config` | `management.v1.schema.json` |
//! | [`IamPolicy`] | `lambda iam-policy` | `iam-policy.schema.json` |
//! | [`Inspection`], [`SignatureDetails`] | `inspect`, `blob inspect` | `inspection.schema.json` |
//! | [`OciPolicy`] | `policy init` | `trustpolicy.oci.schema.json` |
//! | [`DoctorV1`] | `doctor`, `gate audit-service` | `doctor.v1.schema.json` |
//! | [`SignatureListingV1`] | `list` | `listing.v1.schema.json` |
//! | `LambdaExplanationV1` | `lambda explain` | `lambda-explanation.v1.schema.json` |
//! | [`LambdaAuditV1`] | `lambda audit` | `lambda-audit.v1.schema.json` |
//! | [`ListingV1`] of [`ListedKeys`] | `key list` | `key-list.v1.schema.json` |
//! | [`ListingV1`] of [`ListedCertificates`] | `cert list`, `cert show` | `certificate-list.v1.schema.json` |
//! | [`ListingV1`] of [`ShownPolicy`] | `policy show`, `blob policy show` | `policy-document.v1.schema.json` |
//! | [`SetupV1`] | `setup` | `setup.v1.schema.json` |
//! | `PluginsV1` | `plugin list` | `plugins.v1.schema.json` |
//! | `PackageSigning`, `PackageSigningEnd` | `lambda sign` | `package-signing.v1.schema.json` |
//! | `PackageVerdict`, `PackageVerdictEnd` | `lambda verify` | `package-verdict.v1.schema.json` |
//! | [`BlobPolicy`] | `blob policy init` | `trustpolicy.blob.schema.json` |
//! | [`LintedPolicy`], [`LintEnd`] | `policy lint` | `policy-lint.v1.schema.json` |
//! | [`Sarif`] | `policy lint --output sarif` | SARIF 2.1.0 |
//! | [`PolicyExplanation`] | `policy explain` | `policy-explanation.v1.schema.json` |
//! | [`GateExplanationV1`] | `policy explain --gate-policy` | `gate-explanation.v1.schema.json` |
//! | [`PolicyCaseResult`], [`PolicyTestEnd`] | `policy test` | `policy-test.v1.schema.json` |
//!
//! Names and codes do not change within a version; more may come. Members are in alphabetical order, those of
//! inspections and trust policies in notation's. A message is notation's sentence, where notation has
//! one; a hint fits the [`Reader`](crate::hints::Reader) that the caller names.

mod blob_policy;
mod called;
mod cause;
mod doctor;
mod exit;
mod gate;
pub(crate) mod go;
#[cfg(feature = "cli")]
mod go_chain;
#[cfg(feature = "cli")]
pub(crate) mod go_envelope;
#[cfg(feature = "cli")]
mod go_json;
#[cfg(feature = "cli")]
pub(crate) mod go_timestamping;
mod hook;
mod image_verdicts;
#[cfg(feature = "cli")]
pub(crate) mod files_in_notation;
#[cfg(feature = "cli")]
pub(crate) mod in_notation;
mod iam_policy;
mod inspection;
mod invocation;
mod junit;
mod lambda_audit;
mod lambda_configuration;
#[cfg(feature = "cli")]
mod lambda_explanation;
mod listing;
mod lock;
mod management;
mod oci_policy;
mod gate_explanation;
mod gathering;
#[cfg(feature = "cli")]
mod package_signing;
#[cfg(feature = "cli")]
mod package_verdict;
#[cfg(feature = "cli")]
pub(crate) mod plugin_sentence;
#[cfg(feature = "cli")]
mod plugins;
mod policy_explanation;
mod policy_lint;
mod policy_test;
mod reason;
pub(crate) mod results;
mod run_document;
mod sarif;
mod sarif_verdicts;
pub(crate) mod sentence;
mod setup;
mod shortfall;
mod shorten;
mod signature;
mod signature_listing;
mod signing;
mod unseen;
mod verdict;
mod verdict_lines;
mod wait;

#[cfg(test)]
mod tests;

pub use blob_policy::{BlobPolicy, BlobStatement, SignatureVerification};
#[cfg(feature = "cli")]
pub(crate) use called::Called;
pub use cause::Cause;
pub use doctor::{DoctorSummary, DoctorV1, FindingV1, StatementV1};
pub use exit::Exit;
pub use gate::{
    GateExemption, GateImage, GatePolicyFile, GateResult, GateSignature, GateSigner, GateVerdict,
    GateVerdictEnd,
};
pub use gate_explanation::{ExplainedRule, ExplainedSigner, GateExplanationV1, WiderScope};
pub use gathering::{ArtifactGathering, GatheringEnd, MissingFact, SignatureGathering};
pub use go::Times;
pub use hook::{
    HookAnswer, HookDetails, HookMetrics, HookPolicy, HookState, HookStatus, HookStop, HookVerdict,
};
pub use iam_policy::{IamPolicy, IamStatement};
pub use inspection::{
    Attribute, Attributes, CertificateDetails, Error as InspectionError, Inspection,
    SignatureDetails, SignatureInspection, SignedArtifact, TimestampDetails, UnsignedAttributes,
};
pub use invocation::Invocation;
pub use junit::Junit;
pub use lambda_audit::{LambdaAuditFinding, LambdaAuditSummary, LambdaAuditV1};
pub use lambda_configuration::{AllowedProfile, ConfigurationRecord};
#[cfg(feature = "cli")]
pub use lambda_explanation::{ExplainedPackage, LambdaExplanationV1};
pub use listing::{
    CertificateFile, ListedCertificate, ListedCertificates, ListedKey, ListedKeys, ListingV1,
    ShownPolicy,
};
pub use lock::{Lock, LockEnd, LockV1, LockedArtifact, LockedPolicy};
pub use management::{
    JobRecord, ManagementState, ManagementV1, NotCounted, PermissionRecord, ProfileRecord,
    RepositoryCount, RevocationRecord, SignatureCount, SignatureRecord,
};
pub use oci_policy::{OciPolicy, OciStatement};
#[cfg(feature = "cli")]
pub use package_signing::{
    PackageSigning, PackageSigningEnd, PackageSigningState, PackageSigningSummary, PackageSource,
};
#[cfg(feature = "cli")]
pub use package_verdict::{
    PackageCheck, PackageDifference, PackageSignature, PackageState, PackageVerdict,
    PackageVerdictEnd,
};
#[cfg(feature = "cli")]
pub use plugins::{PluginV1, PluginsV1};
pub use policy_explanation::{
    ExplainedPolicy, ExplainedReference, ExplainedStatement, ExplainedStore, ExplainedValidation,
    PolicyExplanation,
};
pub use policy_lint::{LintEnd, LintFinding, LintedPolicy};
pub use policy_test::{PolicyCaseResult, PolicyTestEnd};
pub use reason::Reason;
pub use results::Results;
pub use run_document::{ImagePlace, ImageVerdict, RunDocumentEnd, RunDocumentV1};
pub use sarif::{
    Sarif, SarifArtifact, SarifDriver, SarifInvocation, SarifLocation, SarifLogicalLocation,
    SarifPhysicalLocation, SarifRegion, SarifResult, SarifRule, SarifRun, SarifText, SarifTool,
};
pub use sarif_verdicts::SarifVerdicts;
pub use setup::{FileV1, SetupV1};
pub use shortfall::GateShortfall;
pub use signature::{
    FactSource, RevocationEvidence, SignatureVerdict, Signer, ValidationResult, ValidationVerdict,
};
pub use signature_listing::{ListedArtifact, ListedSignature, SignatureListingV1};
pub use signing::{
    ArtifactSigning, PushState, SigningEnd, SigningSignature, SigningState, SigningV1, Summary,
};
pub use unseen::Unseen;
pub use verdict::{ArtifactVerdict, AskedArtifact, Verdict, VerdictEnd, VerdictV1};
pub use verdict_lines::LastVerdictLine;
pub use wait::{SigningRecord, WaitResult};
