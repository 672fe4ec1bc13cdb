//! A package signed by AWS Signer: uploaded, signed in a signing job, fetched, and held to what was uploaded.
//!
//! Input: packages, a signing profile, a bucket. Everything is looked at before anything is uploaded (`look.rs`); what was
//! begun is kept, so that the same command picks it up ([`Jobs`]); the signed package is written only if it has exactly the
//! entries of the one that was uploaded, and the one signature of the job that was asked for.

mod at_hand;
mod error;
mod existing;
mod jobs;
mod look;
mod many;
mod received;
mod work;

pub use error::{Error, Unversioned};
pub use existing::{Existing, existing};
pub use jobs::Jobs;
pub use look::{Candidate, Settings, look};
pub use many::{GivenPackage, PackageBatch, PackageEnd, PackageOutcome, PackageSignings};
pub use work::{PackageSigner, SignedPackage, Step};
