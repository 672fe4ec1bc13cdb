//! Code signing of AWS Lambda: packages, their signatures, the four checks that AWS Lambda makes when one is deployed, and the
//! configurations that say whose packages are.
//!
//! | step | file |
//! | --- | --- |
//! | what a person names as a package | `source.rs` |
//! | fetch it from AWS | `fetch.rs` |
//! | read a package strictly | `contents.rs`, over `archive::package` |
//! | what is signed of it | `digest.rs` |
//! | the signature, without its package | `signature/` |
//! | the four checks, and what AWS Lambda decides | `checks.rs` |
//! | whether it was revoked | `revocation.rs` |
//! | a signed package against an unsigned one | `comparison.rs` |
//! | what becomes of a function's code and layers | `explain.rs` |
//! | who may sign what is deployed | `configuration/` |
//! | functions that other code can be deployed to | `audit/` |
//! | have AWS Signer sign one | `signing/` |
//!
//! Nothing here makes a signature: AWS Signer does, in a signing job.

pub mod audit;
#[cfg(feature = "cli")]
mod checks;
#[cfg(feature = "cli")]
mod comparison;
pub mod configuration;
#[cfg(feature = "cli")]
mod contents;
#[cfg(feature = "cli")]
mod digest;
#[cfg(feature = "cli")]
mod explain;
#[cfg(feature = "cli")]
pub mod fetch;
mod platform;
#[cfg(feature = "cli")]
mod revocation;
#[cfg(feature = "cli")]
mod signature;
#[cfg(feature = "cli")]
pub mod signing;
#[cfg(feature = "cli")]
mod source;

#[cfg(feature = "cli")]
pub use checks::{Check, Deployment, Failure, Outcome, PackageChecks, Policy};
#[cfg(feature = "cli")]
pub use comparison::{Difference, compare};
#[cfg(feature = "cli")]
pub use contents::{Content, Contents, SIGNATURE_DIRECTORY, SIGNATURE_NAME};
#[cfg(feature = "cli")]
pub use explain::{Explanation, PackageOf, explain};
pub use platform::PLATFORM_ID;
#[cfg(feature = "cli")]
pub use revocation::{Revocation, RevocationError, ask};
#[cfg(feature = "cli")]
pub use signature::{Error as SignatureError, Signature, SignerError};
#[cfg(feature = "cli")]
pub use source::{Source, SourceError};

/// What no signature of a package covers, in a sentence.
pub const NOT_SIGNED: &str = "the signature does not cover modes and dates of files, nor where a name ends and its content begins";
