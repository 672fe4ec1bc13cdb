//! Signing profiles and signing jobs of AWS Signer as their owner manages them: create, look at, cancel, revoke, share.
//!
//! Input: names, ARNs and times, held to AWS's rules before any call (`rules.rs`). Output: records as AWS answers them,
//! checked ([`Profile`], [`Permissions`], [`Job`]), or an [`Error`] that says what AWS would refuse and why.
//! [`Consequence`] says what each change does to signatures that exist. Nothing here asks a person or counts signatures.

mod calls;
mod checks;
mod client;
mod consequence;
mod error;
mod job;
mod names;
mod permission;
mod profile;
mod rules;

pub use checks::Need;
pub use client::NewSigningJob;
pub use client::SigningProfiles;
pub use consequence::Consequence;
pub use error::{Class, Error, hint_of_call};
pub use job::{Job, JobList, JobRevocation, SignedSource};
pub use names::{JobId, ProfileId};
pub use permission::{Permission, Permissions, SharedAction};
pub use profile::{NewProfile, Profile, ProfileList, ProfileRevocation, Status};
pub use rules::{Effect, Principal, Reason, RuleError, StatementId, Validity, ValidityUnit};

pub(crate) use crate::extended_validation::PLATFORM_ID;
