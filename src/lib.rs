//! Signs and verifies container images with AWS Signer, in the Notary Project format.

pub mod reference;
pub mod http;
pub mod oci;
pub mod algorithm;
pub mod limits;
pub mod notary;
