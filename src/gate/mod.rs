//! Gates: what stands where images start, and lets nothing run that is not signed as the gate policy asks.
//!
//! Input: a gate policy, Notation's trust policy where the gate policy names its statements, and a reference, which
//! in a gate is the attacker's, or a document that says what will run. Output: a decision about each image.

#[doc(hidden)]
pub mod documents;
pub mod policy;
mod check;

pub use check::*;
