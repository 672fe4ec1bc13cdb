//! The one integration test binary.

mod support;

mod registry;
mod timestamp;
mod revocation;
mod documents;
mod vectors;
