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
//! one; a hint fits the [`Reader`] that the caller names. Only what `verify`, `sign`, `gate check` and `revocation fetch`
//! write is documented: the other documents are made by this program alone.

#[doc(hidden)]
mod blob_policy;
mod called;
mod cause;
#[doc(hidden)]
mod doctor;
mod exit;
mod gate;
#[doc(hidden)]
pub(crate) mod go;
#[cfg(feature = "cli")]
mod go_chain;
#[cfg(feature = "cli")]
pub(crate) mod go_envelope;
#[cfg(feature = "cli")]
mod go_json;
#[cfg(feature = "cli")]
pub(crate) mod go_timestamping;
#[doc(hidden)]
mod hook;
mod image_verdicts;
#[cfg(feature = "cli")]
pub(crate) mod files_in_notation;
#[cfg(feature = "cli")]
pub(crate) mod in_notation;
#[doc(hidden)]
mod iam_policy;
#[doc(hidden)]
mod inspection;
mod invocation;
#[doc(hidden)]
mod junit;
#[doc(hidden)]
mod lambda_audit;
#[doc(hidden)]
mod lambda_configuration;
#[cfg(feature = "cli")]
#[doc(hidden)]
mod lambda_explanation;
#[doc(hidden)]
mod listing;
mod lock;
#[doc(hidden)]
mod management;
#[doc(hidden)]
mod oci_policy;
#[doc(hidden)]
mod gate_explanation;
mod gathering;
#[cfg(feature = "cli")]
#[doc(hidden)]
mod package_signing;
#[cfg(feature = "cli")]
#[doc(hidden)]
mod package_verdict;
#[cfg(feature = "cli")]
pub(crate) mod plugin_sentence;
#[cfg(feature = "cli")]
#[doc(hidden)]
mod plugins;
#[doc(hidden)]
mod policy_explanation;
#[doc(hidden)]
mod policy_lint;
#[doc(hidden)]
mod policy_test;
mod reason;
#[doc(hidden)]
pub(crate) mod results;
#[doc(hidden)]
mod run_document;
#[doc(hidden)]
mod sarif;
#[doc(hidden)]
mod sarif_verdicts;
pub(crate) mod sentence;
#[doc(hidden)]
mod setup;
mod shortfall;
mod shorten;
mod signature;
#[doc(hidden)]
mod signature_listing;
mod signing;
mod unseen;
mod verdict;
mod verdict_lines;
#[doc(hidden)]
mod wait;

#[cfg(test)]
mod tests;

pub use crate::hints::Reader;
#[doc(hidden)]
pub use blob_policy::{BlobPolicy, BlobStatement, SignatureVerification};
#[cfg(feature = "cli")]
pub(crate) use called::Called;
pub use cause::Cause;
#[doc(hidden)]
pub use doctor::{DoctorSummary, DoctorV1, FindingV1, StatementV1};
pub use exit::Exit;
pub use gate::{
    GateExemption, GateImage, GatePolicyFile, GateResult, GateSignature, GateSigner, GateVerdict,
    GateVerdictEnd,
};
#[doc(hidden)]
pub use gate_explanation::{ExplainedRule, ExplainedSigner, GateExplanationV1, WiderScope};
pub use gathering::{ArtifactGathering, GatheringEnd, MissingFact, SignatureGathering};
#[doc(hidden)]
pub use go::Times;
#[doc(hidden)]
pub use hook::{
    HookAnswer, HookDetails, HookMetrics, HookPolicy, HookState, HookStatus, HookStop, HookVerdict,
};
#[doc(hidden)]
pub use iam_policy::{IamPolicy, IamStatement};
#[doc(hidden)]
pub use inspection::{
    Attribute, Attributes, CertificateDetails, Error as InspectionError, Inspection,
    SignatureDetails, SignatureInspection, SignedArtifact, TimestampDetails, UnsignedAttributes,
};
pub use invocation::Invocation;
#[doc(hidden)]
pub use junit::Junit;
#[doc(hidden)]
pub use lambda_audit::{LambdaAuditFinding, LambdaAuditSummary, LambdaAuditV1};
#[doc(hidden)]
pub use lambda_configuration::{AllowedProfile, ConfigurationRecord};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use lambda_explanation::{ExplainedPackage, LambdaExplanationV1};
#[doc(hidden)]
pub use listing::{
    CertificateFile, ListedCertificate, ListedCertificates, ListedKey, ListedKeys, ListingV1,
    ShownPolicy,
};
pub use lock::{Lock, LockEnd, LockV1, LockedArtifact, LockedPolicy};
#[doc(hidden)]
pub use management::{
    JobRecord, ManagementState, ManagementV1, NotCounted, PermissionRecord, ProfileRecord,
    RepositoryCount, RevocationRecord, SignatureCount, SignatureRecord,
};
#[doc(hidden)]
pub use oci_policy::{OciPolicy, OciStatement};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use package_signing::{
    PackageSigning, PackageSigningEnd, PackageSigningState, PackageSigningSummary, PackageSource,
};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use package_verdict::{
    PackageCheck, PackageDifference, PackageSignature, PackageState, PackageVerdict,
    PackageVerdictEnd,
};
#[cfg(feature = "cli")]
#[doc(hidden)]
pub use plugins::{PluginV1, PluginsV1};
#[doc(hidden)]
pub use policy_explanation::{
    ExplainedPolicy, ExplainedReference, ExplainedStatement, ExplainedStore, ExplainedValidation,
    PolicyExplanation,
};
#[doc(hidden)]
pub use policy_lint::{LintEnd, LintFinding, LintedPolicy};
#[doc(hidden)]
pub use policy_test::{PolicyCaseResult, PolicyTestEnd};
pub use reason::Reason;
#[doc(hidden)]
pub use results::Results;
#[doc(hidden)]
pub use run_document::{ImagePlace, ImageVerdict, RunDocumentEnd, RunDocumentV1};
#[doc(hidden)]
pub use sarif::{
    Sarif, SarifArtifact, SarifDriver, SarifInvocation, SarifLocation, SarifLogicalLocation,
    SarifPhysicalLocation, SarifRegion, SarifResult, SarifRule, SarifRun, SarifText, SarifTool,
};
#[doc(hidden)]
pub use sarif_verdicts::SarifVerdicts;
#[doc(hidden)]
pub use setup::{FileV1, SetupV1};
pub use shortfall::GateShortfall;
pub use signature::{
    FactSource, RevocationEvidence, SignatureVerdict, Signer, ValidationResult, ValidationVerdict,
};
#[doc(hidden)]
pub use signature_listing::{ListedArtifact, ListedSignature, SignatureListingV1};
pub use signing::{
    ArtifactSigning, PushState, SigningEnd, SigningSignature, SigningState, SigningV1, Summary,
};
pub use unseen::Unseen;
pub use verdict::{ArtifactVerdict, AskedArtifact, Verdict, VerdictEnd, VerdictV1};
pub use verdict_lines::LastVerdictLine;
#[doc(hidden)]
pub use wait::{SigningRecord, WaitResult};
