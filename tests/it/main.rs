//! The one integration test binary.

mod support;

mod registry;
mod documents;
mod vectors;
