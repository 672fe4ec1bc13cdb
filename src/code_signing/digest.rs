//! The digest that the signature of a package is over.

use crate::algorithm::{HashAlgorithm, Hasher};

/// SHA-384 of SHA-384 of all names and contents in their order, joined without lengths; of all entries but the signature.
///
/// One recorded implementation has this construction, and what others observed of AWS Lambda fits it; no package of AWS's
/// with its signature was seen. Not in it: modes, dates, compression, and where a name ends and its content begins.
#[derive(Debug)]
pub(super) struct ContentDigest(Hasher);

impl ContentDigest {
    pub(super) fn new() -> Self {
        Self(HashAlgorithm::Sha384.hasher())
    }

    /// Takes the next bytes: a name, or some of a content.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        HashAlgorithm::Sha384.hash(&self.0.finish())
    }
}
