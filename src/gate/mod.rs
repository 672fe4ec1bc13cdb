//! Gates: what stands where images start, and lets nothing run that is not signed as the gate policy asks.
//!
//! Input: a gate policy, Notation's trust policy where the gate policy names its statements, and a reference, which
//! in a gate is the attacker's. Output: a decision.

pub mod policy;
mod check;

pub use check::*;
