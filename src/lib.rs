//! Signs and verifies container images with AWS Signer, in the Notary Project format.
//!
//! Two flows: `sign` takes a reference, has a signer make an envelope over the artifact's
//! descriptor and stores it beside the artifact; `verify` takes a reference, finds the
//! signatures beside the artifact and judges them against a trust policy. The other modules are the
//! stages of these two, then what the stages share.

pub mod registry;
pub mod signer;
pub mod extended_validation;
pub mod aws;
pub mod trust_policy;
pub mod trust_store;
pub mod config;
pub mod document;
pub mod files;
pub mod payload;
pub mod envelope;
pub mod timestamp;
pub mod signer_info;
pub mod x509;
pub mod config;
pub mod document;
pub mod files;
// The flows.

// The stages.
pub mod trust_policy;
pub mod reference;
// The stages.
pub mod reference;
// The flows.

// The stages.
pub mod reference;
pub mod registry;
pub mod payload;
pub mod signer;
pub mod envelope;
pub mod timestamp;
pub mod trust_policy;
pub mod extended_validation;

// The faces.
pub mod plugin;

// What they share.
pub mod plugin_host;
pub mod plugin_contract;
pub mod http;
pub mod process;
pub mod json;
pub mod oci;
pub mod algorithm;
pub mod limits;
pub mod notary;
