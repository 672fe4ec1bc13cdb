//! `countersign lambda`: code signing configurations, audits, policies, and what becomes of packages.

mod answers;
mod audits;
mod configs;
mod explained;
mod policies;
mod signed_again;
mod signing;
mod sources;
mod verifications;
