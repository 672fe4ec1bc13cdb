//! A signer for the unit tests of both formats.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use crate::x509::Certificate;
use crate::x509::testing::{Identity, Request};

pub(crate) const PAYLOAD: &[u8] = br#"{"targetArtifact":{}}"#;

/// A P-256 key with a certificate under a root.
pub(crate) struct Signer {
    leaf: Identity,
    root: Identity,
}

impl Signer {
    pub(crate) fn new() -> Self {
        Self::of(Request::leaf("leaf"))
    }

    /// With a leaf that is as asked for.
    pub(crate) fn of(leaf: Request) -> Self {
        let root = Request::authority("root").self_signed();
        Self {
            leaf: leaf.issued_by(&root),
            root,
        }
    }

    /// The certificates, leaf first.
    pub(crate) fn chain(&self) -> [Certificate; 2] {
        [&self.leaf, &self.root].map(|identity| identity.certificate.clone())
    }

    /// An ES256 signature.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &self.leaf.key.serialize_der(),
        );
        let signature = key.unwrap().sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }
}
