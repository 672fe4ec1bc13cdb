//! Signs and verifies container images with AWS Signer, in the Notary Project format.
//!
//! Two flows: [`sign`] takes a reference, has a signer make an envelope over the artifact's
//! descriptor and stores it beside the artifact; [`verify`] takes a reference, finds the
//! signatures beside the artifact and judges them against a trust policy. The other modules are the
//! stages of these two, then what the stages share.

// The flows.
pub mod sign;
pub mod verify;

// Their stages.
pub mod reference;
pub mod registry;
pub mod payload;
pub mod blob;
pub mod signer;
pub mod envelope;
pub mod trust_policy;
pub mod trust_store;
pub mod timestamp;
pub mod revocation;
pub mod extended_validation;
pub mod outcome;
pub mod rules;

// The faces.
pub mod plugin;
pub mod cli;

// What they share.
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
pub mod hints;
pub mod json;
pub mod oci;
pub mod allowance;
pub mod algorithm;
pub mod limits;
pub mod notary;
pub mod partition;
pub mod causes;
pub mod printable;
mod secrets;
pub mod fault;
