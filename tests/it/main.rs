//! The one integration test binary.

mod documents;
mod support;

mod registry;
mod vectors;
