//! Whether the functions of an account in a region deploy signed code only, and what would let other code in; changes
//! nothing.
//!
//! `look.rs` asks, `judge.rs` judges what was answered, `finding.rs` has what can be found.

mod finding;
mod judge;
mod look;

pub use finding::{AUDIT_RULES, AuditFinding, AuditRule, Severity};
pub use look::{Audit, AuditResult};
