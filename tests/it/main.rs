//! The one integration test binary.

mod support;

mod layers;
mod plugin;
mod registry;
mod documents;
mod vectors;
