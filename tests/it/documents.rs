//! Documents that ship beside the program, held to the code: what they show, name, link and say; schemas and
//! ready-made policies.

mod commands;
mod curl;
mod flags;
mod links;
mod named_tests;
mod node_examples;
mod pages;
mod reader;
mod rows;
mod style;
mod trust_policies;
mod waits;
