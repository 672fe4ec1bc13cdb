//! Documents that ship beside the program, held to the code: schemas and ready-made policies.

mod commands;
mod named_tests;
mod trust_policies;
