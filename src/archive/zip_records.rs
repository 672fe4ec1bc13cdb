//! The records of a zip file (APPNOTE.TXT 4.3), as far as all readers here know them.

/// The end of the central directory.
pub(super) const END: &[u8] = b"PK\x05\x06";
/// One of its entries.
pub(super) const CENTRAL: &[u8] = b"PK\x01\x02";
/// The header before an entry.
pub(super) const LOCAL: &[u8] = b"PK\x03\x04";

pub(super) const END_BYTES: usize = 22;
pub(super) const CENTRAL_BYTES: usize = 46;
pub(super) const LOCAL_BYTES: usize = 30;

/// Set where the sizes stand behind the entry and not in the header before it.
pub(super) const SIZES_FOLLOW: u16 = 1 << 3;

/// Flags of an entry of which something is encrypted.
pub(super) const ENCRYPTED: u16 = 0x2041;

/// The bits of a mode that say what it is.
pub(super) const KIND: u32 = 0o170_000;
/// A regular file.
pub(super) const REGULAR: u32 = 0o100_000;

/// Little-endian numbers at places of a header that was read whole.
pub(super) struct Fields<'b>(pub(super) &'b [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        let found = self.0.get(at..).and_then(|rest| rest.first_chunk::<N>());
        found.copied().unwrap_or([0; N])
    }

    pub(super) fn short(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.bytes(at))
    }

    pub(super) fn long(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes(at))
    }
}
