//! A small archive, for what needs one and not which.

/// A zip file of one stored file, `a`, which is empty.
pub(crate) const SAMPLE: &[u8] = &[
    // Header and name.
    b'P', b'K', 3, 4, 10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0,
    0, b'a', //
    // Its entry in the directory.
    b'P', b'K', 1, 2, 10, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'a', //
    // The end.
    b'P', b'K', 5, 6, 0, 0, 0, 0, 1, 0, 1, 0, 47, 0, 0, 0, 31, 0, 0, 0, 0, 0,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{package_digest, package_signature};

    #[test]
    fn the_sample_is_an_archive_without_a_signature() {
        package_digest(SAMPLE).unwrap();
        assert_eq!(package_signature(SAMPLE).unwrap(), None);
    }
}
