//! Documents that ship beside the program, held to the code: schemas and ready-made policies.

mod commands;
mod curl;
mod named_tests;
mod style;
mod trust_policies;
mod waits;
