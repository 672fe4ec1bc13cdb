//! Signs many artifacts at once: each of them once, and those that are signed already not again, if that is asked.
//!
//! Input: a signer and references. Output: an [`Outcome`] for each reference, by the engine of
//! [`many`](crate::many). Making signatures can be broken off by an interrupt, pushing them cannot.

mod batch;
mod claims;
mod error;
mod if_missing;
mod outcome;
mod own_trust;
mod search;
mod signature;
mod signer;

pub use batch::{Batch, GivenReference, Signing};
pub use error::{Error, Remainder};
pub use if_missing::{ExistingSignature, IfMissing, IfMissingError, Presence, Refusals};
pub use outcome::{End, Note, Outcome};
pub use own_trust::{OwnTrust, OwnTrustError};
pub use signature::SignatureInfo;
pub use signer::SearchSetupError;
