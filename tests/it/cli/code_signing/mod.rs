//! `countersign lambda`: code signing configurations, audits, policies, and what becomes of packages.

mod audits;
mod configs;
mod policies;
mod stage;
mod verifications;
