//! Signs and verifies container images with AWS Signer, in the Notary Project format.
//!
//! An image's signature lies beside it in the registry, as an OCI referrer: an envelope (JWS or COSE) over the
//! digest of the image's manifest. [`sign`] makes and stores one, [`verify`] finds those of an image and judges
//! them, against signing profiles of AWS Signer or against Notation's trust policies. [`gate`] decides by several
//! signers. The other modules are the
//! stages of these two, then what the stages share.
//!
//! Both are put together in three steps: the trusted signers, or the key that signs; [`environment::Environment`],
//! which says where they run; and the reference. The digest in [`verify::Verification::Verified`] is what may run,
//! never a tag. The other answers do not permit anything, except the images of an index that are all verified
//! ([`verify::IndexVerification::is_verified`]).
//!
//! # Verify
//!
//! ```ignore
#![doc = include_str!("../examples/verify.rs")]
//! ```
//!
//! # Sign
//!
//! ```ignore
#![doc = include_str!("../examples/sign.rs")]
//! ```
//!
//! # Judge without a network
//!
//! ```ignore
#![doc = include_str!("../examples/judge_offline.rs")]
//! ```
//!
//! # Many images
//!
//! [`verify::Verifier::verify_all`] and [`sign::ArtifactSigner::sign_all`] take a list, and have an answer for each of
//! its images in its order. [`verify::Verifier::verify_many`] and [`sign::many::Batch::sign`] take a stream, in memory
//! that does not grow with the verifications; [`many::Options`] say in which order answers come and what a failure
//! ends, and [`many::Many::interrupted_by`] hands in a program's signals. A library takes none itself.
//!
//! # Files
//!
//! [`sign::ArtifactSigner::sign_blob`] and [`verify::Verifier::verify_blob`] sign and verify a file of any size; where its
//! signature is kept is the caller's to decide.
//!
//! # What is kept
//!
//! A verifier keeps trust stores and answers about revocation for as long as it lives; an environment keeps
//! connections, credentials and their tokens. A program that runs for long makes a fresh verifier for each decision,
//! by [`verify::Setup::connect`].
//!
//! # Errors
//!
//! Every error's `Display` is one clause, and its sources tell the rest: what was checked, found and wanted, and why
//! the signature was refused that came furthest. `hint()` says what to do. It names settings, as in "allow more time
//! with the setting `timeout`", and no flags: the program puts its own in their place. [`verify::Error::class`] tells
//! "refused" from "could not look"; both are no.
//!
//! # Features
//!
//! `cli` (default): the program's command line. `fips`: the FIPS-validated module of the cryptographic library.

// The futures of a gate that checks many images lie this deep in one another.
#![cfg_attr(
    test,
    expect(
        clippy::too_many_lines,
        reason = "the cases of a test stand in one table"
    )
)]
#![recursion_limit = "256"]

// The interface: what others build on.
pub mod sign;
pub mod verify;
pub mod many;
pub mod environment;
pub mod reference;
pub mod signer;
pub mod trust_policy;
pub mod trust_store;
pub mod outcome;
pub mod gate;

// The stages of the flows, and what they share: for this program's own tests and fuzz targets. What others need
// of it is re-exported above.
#[doc(hidden)]
pub mod limits;
#[doc(hidden)]
pub mod registry;
#[doc(hidden)]
pub mod payload;
#[doc(hidden)]
pub mod blob;
#[doc(hidden)]
pub mod envelope;
#[doc(hidden)]
pub mod timestamp;
#[doc(hidden)]
pub mod revocation;
#[doc(hidden)]
pub mod extended_validation;
#[doc(hidden)]
pub mod rules;
#[doc(hidden)]
pub mod signer_info;
#[doc(hidden)]
pub mod plugin_host;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod plugin_store;
#[doc(hidden)]
pub mod plugin_contract;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod x509;
#[doc(hidden)]
pub mod signing_profiles;
#[doc(hidden)]
pub mod code_signing;
#[doc(hidden)]
pub mod aws;
#[doc(hidden)]
pub mod http;
#[doc(hidden)]
pub mod process;
#[doc(hidden)]
pub mod files;
#[doc(hidden)]
pub mod document;
#[doc(hidden)]
pub mod hints;
#[doc(hidden)]
pub mod json;
mod json_size;
mod cms;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod archive;
mod duration;
#[doc(hidden)]
pub mod oci;
#[doc(hidden)]
pub mod allowance;
#[doc(hidden)]
pub mod facts;
#[doc(hidden)]
pub mod algorithm;
#[doc(hidden)]
pub mod notary;
#[doc(hidden)]
pub mod partition;
#[doc(hidden)]
pub mod causes;
#[doc(hidden)]
pub mod printable;
mod secrets;
#[cfg(feature = "cli")]
mod events;
mod exposure;
#[doc(hidden)]
pub mod fault;

// Before the flows: whether they can work here, and what they need.
#[doc(hidden)]
pub mod doctor;
#[doc(hidden)]
pub mod install;
#[doc(hidden)]
pub mod managed_signing;

// What they found and did, as documents.
pub mod report;

// What may run, asked by AWS.
#[doc(hidden)]
pub mod hook;
// The machines on which images run.
#[doc(hidden)]
pub mod node;

// The faces.
#[doc(hidden)]
pub mod plugin;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
