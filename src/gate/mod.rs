//! What stands where things start: which images a document will run.

pub mod documents;
