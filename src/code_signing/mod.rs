//! Code signing of AWS Lambda: packages, their signatures, and the four checks that AWS Lambda makes when one is deployed.
//!
//! | step | file |
//! | --- | --- |
//! | read a package strictly | `contents.rs`, over `archive::package` |
//! | what is signed of it | `digest.rs` |
//! | the signature, without its package | `signature/` |
//! | the four checks, and what AWS Lambda decides | `checks.rs` |
//! | whether it was revoked | `revocation.rs` |
//! | a signed package against an unsigned one | `comparison.rs` |
//!
//! Nothing here makes a signature: AWS Signer does, in a signing job.

mod checks;
mod comparison;
mod contents;
mod digest;
mod revocation;
mod signature;

pub use checks::{Check, Decision, Failure, Judgement, Outcome, Policy};
pub use comparison::{Difference, compare};
pub use contents::{Content, Contents, SIGNATURE_DIRECTORY, SIGNATURE_NAME};
pub use revocation::{Revocation, RevocationError, ask};
pub use signature::{Error as SignatureError, Signature};

/// The signing platform of AWS Lambda.
pub const PLATFORM_ID: &str = "AWSLambda-SHA384-ECDSA";

/// What no signature of a package covers, in a sentence.
pub const NOT_SIGNED: &str = "the signature does not cover modes and dates of files, nor where a name ends and its \
                              content begins; compare with the package that was built with `--against`";
