//! The one integration test binary.
#![expect(
    clippy::disallowed_methods,
    reason = "tests read files that they made themselves"
)]
#![expect(
    clippy::too_many_lines,
    reason = "the cases of a test stand in one table"
)]
#![expect(
    clippy::expect_used,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "what the tests share may fail a test, as the tests themselves may"
)]

mod support;

mod aws;
mod cli;
mod documents;
mod environment;
mod hook;
mod hostile;
mod layers;
mod library;
mod local_key;
mod pipelines;
mod plugin;
mod registry;
mod revocation;
mod surface;
mod timestamp;
mod vectors;
