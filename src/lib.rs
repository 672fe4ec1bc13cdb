//! Signs and verifies container images with AWS Signer, in the Notary Project format.

pub mod trust_policy;
pub mod trust_store;
pub mod config;
pub mod document;
pub mod files;
pub mod payload;
pub mod envelope;
pub mod signer_info;
pub mod x509;
pub mod oci;
pub mod json;
pub mod algorithm;
pub mod limits;
pub mod notary;
