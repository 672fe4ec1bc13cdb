//! What was found out before, by nothing but bytes: many signatures have the same chain, and parsing and checking it
//! costs more than checking the signature.
//!
//! Only what comes out the same every time may be kept here: that bytes are a certificate, and that a chain of them is
//! complete and each is signed by the next. Whether a certificate is valid now, trusted or revoked is asked every time. What failed is
//! not kept.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use crate::algorithm::HashAlgorithm;
use crate::limits::MAX_KNOWN_CERTIFICATES;

/// Results by the SHA-256 of the bytes that they are about.
pub(super) struct KnownResults<V>(LazyLock<Mutex<HashMap<Vec<u8>, V>>>);

impl<V: Clone> KnownResults<V> {
    /// Nothing is known.
    pub(super) const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    /// What `bytes` gave before, or else what `find` gives now.
    pub(super) fn get<E>(&self, bytes: &[u8], find: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let key = HashAlgorithm::Sha256.hash(bytes);
        if let Some(known) = self.open().get(&key) {
            return Ok(known.clone());
        }
        let found = find()?;
        let mut open = self.open();
        // A flood of different certificates only makes the others be checked again.
        if open.len() >= MAX_KNOWN_CERTIFICATES {
            open.clear();
        }
        open.insert(key, found.clone());
        Ok(found)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Vec<u8>, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_known_by_every_byte_and_a_failure_is_not() {
        let known = KnownResults::new();
        assert_eq!(known.get(b"a", || Err::<u8, _>("no")), Err("no"));
        assert_eq!(known.get(b"a", || Ok::<_, ()>(1)), Ok(1));
        assert_eq!(known.get(b"a", || Err(())), Ok(1));
        for other in [&b""[..], b"b", b"ab", b"a\0"] {
            assert_eq!(known.get(other, || Err(())), Err(()), "{other:?}");
        }
    }

    #[test]
    fn there_are_no_more_than_so_many() {
        let known = KnownResults::new();
        for number in 0..MAX_KNOWN_CERTIFICATES * 3 {
            let _ = known.get(&number.to_be_bytes(), || Ok::<_, ()>(number));
            assert!(known.open().len() <= MAX_KNOWN_CERTIFICATES);
        }
    }
}
