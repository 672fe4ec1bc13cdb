//! Signs and verifies container images with AWS Signer, in the Notary Project format.

pub mod oci;
pub mod algorithm;
pub mod limits;
pub mod notary;
