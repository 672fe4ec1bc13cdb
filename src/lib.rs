//! Signs and verifies container images with AWS Signer, in the Notary Project format.

pub mod signer;
pub mod extended_validation;
pub mod aws;
pub mod payload;
pub mod envelope;
pub mod signer_info;
pub mod x509;
pub mod config;
pub mod document;
pub mod files;
pub mod reference;
pub mod http;
pub mod oci;
pub mod plugin_contract;
pub mod json;
pub mod algorithm;
pub mod limits;
pub mod notary;
pub mod plugin;
