//! Signs and verifies container images with AWS Signer, in the Notary Project format.

pub mod aws;
pub mod oci;
pub mod plugin_contract;
pub mod algorithm;
pub mod limits;
pub mod notary;
pub mod plugin;
