//! The extra fields of an entry: those with times and with the owner are skipped, all others are refused.

use super::error::PackageError as Error;
use crate::archive::zip_records::Fields;

/// Sizes beyond 4 GiB.
const ZIP64: u16 = 0x0001;
/// Another name (Info-ZIP).
const UNICODE_NAME: u16 = 0x7075;
/// Another encryption: of `PKWARE`, of `WinZip`.
const ENCRYPTIONS: [u16; 2] = [0x0017, 0x9901];

/// Times, owners and padding: nothing in them changes what an entry is.
const HARMLESS: [u16; 11] = [
    // NTFS times.
    0x000a, // Windows security descriptor.
    0x4453, // Info-ZIP: times; Unix times and owners, three generations.
    0x5455, 0x5855, 0x7855, 0x7875, // The comment in UTF-8.
    0x6375, // Padding: Microsoft, Apache, Android.
    0xa220, 0xa11e, 0xd935, // The mark of a JAR file.
    0xcafe,
];

/// Checks the extra fields in one header of the entry `name`.
pub(super) fn check(name: &str, bytes: &[u8]) -> Result<(), Error> {
    let owned = || name.to_owned();
    let mut seen = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let malformed = || Error::ExtraFields { name: owned() };
        let (head, behind) = rest.split_at_checked(4).ok_or_else(malformed)?;
        let fields = Fields(head);
        let id = fields.short(0);
        let length = usize::from(fields.short(2));
        (_, rest) = behind.split_at_checked(length).ok_or_else(malformed)?;
        if seen.contains(&id) {
            return Err(malformed());
        }
        match id {
            ZIP64 => return Err(Error::Zip64),
            UNICODE_NAME => return Err(Error::OtherName { name: owned() }),
            id if ENCRYPTIONS.contains(&id) => return Err(Error::Encrypted { name: owned() }),
            id if HARMLESS.contains(&id) => seen.push(id),
            id => return Err(Error::ExtraField { name: owned(), id }),
        }
    }
    Ok(())
}
