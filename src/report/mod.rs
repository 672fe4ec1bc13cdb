//! The documents of the program as types: what a verification found, what a signing did, what signatures say.
//!
//! Input: what `verify`, `sign` and envelopes give. Output: values that `serde` writes as JSON. No other code makes
//! these documents; files that the program reads again are in the modules that read them.
//!
//! | type | written by | schema |
//! | --- | --- | --- |
//! | [`VerdictV1`] | `verify`, `blob verify` | `verdict.v1.schema.json` |
//! | [`RunDocumentV1`] | `gate` | `run-document.v1.schema.json` |
//! | [`SigningV1`] | `sign` | `signing.v1.schema.json` |
//! | [`Inspection`], [`SignatureDetails`] | `inspect`, `blob inspect` | `inspection.schema.json` |
//! | [`BlobPolicy`] | `blob policy init` | `trustpolicy.blob.schema.json` |
//!
//! Names and codes do not change within a version; more may come. The members of verdicts and signings are in
//! alphabetical order, those of the other two in notation's. A message is notation's sentence, where notation has
//! one; a hint fits the [`Reader`](crate::hints::Reader) that the caller names.

mod blob_policy;
mod called;
mod cause;
mod exit;
pub(crate) mod go;
mod inspection;
mod reason;
mod results;
mod run_document;
pub(crate) mod sentence;
mod shorten;
mod signature;
mod signing;
mod verdict;

#[cfg(test)]
mod tests;

pub use blob_policy::{BlobPolicy, BlobStatement, SignatureVerification};
#[cfg(feature = "cli")]
pub(crate) use called::Called;
pub use cause::Cause;
pub use exit::Exit;
pub use go::Times;
pub use inspection::{
    Attribute, Attributes, CertificateDetails, Error as InspectionError, Inspection,
    SignatureDetails, SignatureInspection, SignedArtifact, TimestampDetails, UnsignedAttributes,
};
pub use reason::Reason;
pub use results::Results;
pub use run_document::{ImagePlace, ImageVerdict, RunDocumentEnd, RunDocumentV1};
pub use signature::{
    FactSource, RevocationEvidence, SignatureVerdict, Signer, ValidationResult, ValidationVerdict,
};
pub use signing::{
    ArtifactSigning, Pushed, SigningEnd, SigningSignature, SigningState, SigningV1, Summary,
};
pub use verdict::{ArtifactVerdict, Asked, Unseen, Verdict, VerdictEnd, VerdictV1};
