//! The one integration test binary.

mod support;

mod registry;
mod timestamp;
mod documents;
mod vectors;
