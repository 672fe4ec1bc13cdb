//! The packages of AWS Lambda's functions: who signed them, and which code signing configurations they are held to.

pub mod audit;
pub mod configuration;
pub mod fetch;
mod source;

pub use source::{Source, SourceError};
