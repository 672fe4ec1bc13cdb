//! The one integration test binary.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read files that they made themselves"
)]

mod support;

mod cli;
mod documents;
mod environment;
mod layers;
mod plugin;
mod registry;
mod timestamp;
mod revocation;
mod vectors;
