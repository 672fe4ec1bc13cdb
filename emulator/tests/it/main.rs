//! The emulator as its clients see it: over sockets, with signed requests.
#![expect(
    clippy::too_many_lines,
    reason = "the cases of a test stand in one table"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "these are tests, helpers and all"
)]

mod support;

mod credentials;
mod ecs;
mod faults;
mod kms;
mod lambda;
mod permissions;
mod profiles;
mod program;
mod proxy;
mod registry;
mod revocation;
mod s3;
mod sdk;
mod signatures;
mod signing;
mod signing_jobs;
mod tags;
