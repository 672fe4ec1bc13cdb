//! Signs and verifies container images with AWS Signer, in the Notary Project format.
//!
//! Two flows: [`sign`] takes a reference, has a signer make an envelope over the artifact's
//! descriptor and stores it beside the artifact; [`verify`] takes a reference, finds the
//! signatures beside the artifact and judges them against a trust policy. The other modules are the
//! stages of these two, then what the stages share.

// The stages.
pub mod registry;
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
// The flows.

// The stages.
pub mod extended_validation;
pub mod aws;
pub mod x509;
pub mod trust_policy;
pub mod config;
pub mod document;
pub mod files;
pub mod reference;
pub mod registry;
pub mod payload;
pub mod envelope;
pub mod extended_validation;
pub mod plugin;
pub mod signer_info;
pub mod plugin_host;
pub mod plugin_contract;
pub mod config;
pub mod x509;
pub mod aws;
pub mod http;
pub mod process;
pub mod files;
pub mod document;
pub mod json;
pub mod oci;
pub mod http;
pub mod oci;
pub mod plugin_contract;
pub mod json;
pub mod algorithm;
pub mod limits;
pub mod notary;
