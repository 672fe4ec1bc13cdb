//! The header of an entry of a tar file: ustar, with the extensions of POSIX and GNU.

use super::error::Error;

/// Bytes of a header, and what the content of every entry is padded to.
pub(super) const BLOCK: usize = 512;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Regular,
    /// The extended header of POSIX for the next entry.
    Extended,
    /// The extended header of POSIX for all entries.
    Global,
    /// The name of the next entry, as GNU has it.
    LongName,
    /// The target of the next entry, a link, as GNU has it.
    LongLink,
    /// A directory, link or device: it has no content, whatever its header says.
    Other,
    /// Something with content that is not a file here.
    Skipped,
}

/// A header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) name: Vec<u8>,
    pub(super) size: u64,
    pub(super) mode: u32,
}

const fn wrong(problem: &'static str) -> Error {
    Error::Tar { problem }
}

impl Header {
    /// Reads a block; `None` if it is the end: all zero.
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Option<Self>, Error> {
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        check_sum(block)?;
        let field = |from: usize, length: usize| block.get(from..from + length).unwrap_or_default();
        let kind = match block.get(156).copied().unwrap_or_default() {
            b'0' | 0 => Kind::Regular,
            b'1'..=b'6' => Kind::Other,
            b'x' => Kind::Extended,
            b'g' => Kind::Global,
            b'L' => Kind::LongName,
            b'K' => Kind::LongLink,
            b'S' => {
                return Err(Error::Unsupported {
                    form: "tar.gz",
                    problem: "has a file with holes",
                });
            }
            _ => Kind::Skipped,
        };
        let mut name = text(field(0, 100)).to_vec();
        let prefix = text(field(345, 155));
        if field(257, 6) == b"ustar\0" && !prefix.is_empty() {
            name = [prefix, b"/", &name].concat();
        }
        let size = number(field(124, 12)).ok_or(wrong("its size is not a number"))?;
        let mode = number(field(100, 8)).ok_or(wrong("its mode is not a number"))?;
        // Old archives end the name of a directory with a slash, and have no type for it.
        let is_directory = kind == Kind::Regular && name.ends_with(b"/");
        let kind = if is_directory { Kind::Other } else { kind };
        Ok(Some(Self {
            size: if kind == Kind::Other { 0 } else { size },
            kind,
            name,
            mode: u32::try_from(mode & 0o7777).unwrap_or_default(),
        }))
    }
}

/// The sum of all bytes, those of the sum itself taken for blanks.
fn check_sum(block: &[u8; BLOCK]) -> Result<(), Error> {
    let sum: u64 = block
        .iter()
        .enumerate()
        .map(|(index, byte)| match index {
            148..156 => u64::from(b' '),
            _ => u64::from(*byte),
        })
        .sum();
    let written = block.get(148..156).and_then(number);
    if written == Some(sum) {
        Ok(())
    } else {
        Err(wrong("its checksum is wrong"))
    }
}

/// What stands before the first zero.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number in octal digits, or in GNU's binary form.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((first @ 0x80..=0xff, rest)) =
        field.split_first().map(|(first, rest)| (*first, rest))
    {
        return rest
            .iter()
            .try_fold(u64::from(first & 0x7f), |number, byte| {
                number.checked_mul(256)?.checked_add(u64::from(*byte))
            });
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 8)?;
        number.checked_mul(8)?.checked_add(u64::from(digit))
    })
}

/// What an extended header of POSIX says of the next entry, as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
}

impl Extended {
    /// Reads records, each `LENGTH KEY=VALUE` and a line end.
    pub(super) fn parse(mut records: &[u8]) -> Result<Self, Error> {
        const FORM: Error = wrong("its extended header is malformed");
        let mut extended = Self::default();
        while !records.is_empty() {
            let blank = records.iter().position(|byte| *byte == b' ').ok_or(FORM)?;
            let (digits, _) = records.split_at_checked(blank).ok_or(FORM)?;
            let length = decimal(digits).and_then(|length| usize::try_from(length).ok());
            let length = length.ok_or(FORM)?;
            let (record, rest) = records.split_at_checked(length).ok_or(FORM)?;
            let record = record.get(blank + 1..).ok_or(FORM)?;
            let record = record.strip_suffix(b"\n").ok_or(FORM)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or(FORM)?;
            let (key, value) = record.split_at_checked(equals).ok_or(FORM)?;
            let value = value.get(1..).unwrap_or_default();
            match key {
                b"path" if value.is_empty() || value.contains(&0) => return Err(FORM),
                b"path" => extended.path = Some(value.to_vec()),
                b"size" => extended.size = Some(decimal(value).ok_or(FORM)?),
                key if key.starts_with(b"GNU.sparse.") => {
                    return Err(Error::Unsupported {
                        form: "tar.gz",
                        problem: "has a file with holes",
                    });
                }
                _ => {}
            }
            records = rest;
        }
        Ok(extended)
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}
