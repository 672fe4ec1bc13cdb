//! The one integration test binary.

mod documents;
mod vectors;
