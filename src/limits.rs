//! Every size, count and time limit, with its unit, origin and reason.

mod aws;
mod commands;
mod files;
mod gates;
mod registries;
mod signatures;

pub use aws::*;
pub use commands::*;
pub use files::*;
pub use gates::*;
pub use registries::*;
pub use signatures::*;
