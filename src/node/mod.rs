//! Nodes: what decides on a machine that runs containers, and whether it is asked at all.
//!
//! [`image_verifier`] is the program that containerd asks before it pulls an image. [`containerd`] reads containerd's
//! configuration, and names each setting by which an image gets past every verifier.

pub mod containerd;
pub mod image_verifier;
