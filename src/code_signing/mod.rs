//! The packages of AWS Lambda's functions: who signed them, and which code signing configurations they are held to.

pub mod audit;
pub mod configuration;
mod decision;
pub mod fetch;
mod source;

pub use decision::{CheckResult, Decision, LambdaCheck, Outcome, PackageOf, Standing, decide};
pub use source::{Source, SourceError};
