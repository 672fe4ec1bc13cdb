//! A signer for the unit tests of both formats.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use crate::x509::Certificate;
use crate::x509::testing::{Identity, Request};

pub(super) const PAYLOAD: &[u8] = br#"{"targetArtifact":{}}"#;

/// A P-256 key with a certificate under a root.
pub(super) struct Signer {
    leaf: Identity,
    root: Identity,
}

impl Signer {
    pub(super) fn new() -> Self {
        let root = Request::authority("root").self_signed();
        Self {
            leaf: Request::leaf("leaf").issued_by(&root),
            root,
        }
    }

    /// The certificates, leaf first.
    pub(super) fn chain(&self) -> [Certificate; 2] {
        [&self.leaf, &self.root].map(|identity| identity.certificate.clone())
    }

    /// An ES256 signature.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let key = EcdsaKeyPair::from_pkcs8(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &self.leaf.key.serialize_der(),
        );
        let signature = key.unwrap().sign(&SystemRandom::new(), message).unwrap();
        signature.as_ref().to_vec()
    }
}
