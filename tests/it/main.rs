//! The one integration test binary.

mod support;

mod registry;
mod vectors;
