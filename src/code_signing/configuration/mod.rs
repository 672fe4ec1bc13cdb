//! Code signing configurations of AWS Lambda as their owner manages them: create, look at, change, attach, detach.
//!
//! Input: signing profiles and functions by name or ARN, held to AWS's rules before any call that changes something.
//! Output: configurations as AWS answers them, or an [`Error`] that says what AWS would refuse and why. The sentences of
//! `consequence.rs` say what each change does to deployments.

mod consequence;
mod error;
mod publishers;

pub use consequence::{of_attach, of_create, of_delete, of_detach, of_update};
pub use error::{Error, answered, of_config, of_function};
pub use publishers::{Allowed, Edit, check_description, resolve};
