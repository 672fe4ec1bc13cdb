//! Signs and verifies container images with AWS Signer, in the Notary Project format.

pub mod timestamp;
pub mod revocation;
pub mod payload;
pub mod x509;
pub mod config;
pub mod document;
pub mod files;
pub mod reference;
pub mod http;
pub mod oci;
pub mod json;
pub mod algorithm;
pub mod limits;
pub mod notary;
