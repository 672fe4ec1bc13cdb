//! The content of an entry of a zip file: unpacked, and exactly as long and of the checksum that its header says.

use std::io::{self, BufRead, Read};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::entry::Content;

/// What a header says of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) is_deflated: bool,
    pub(super) checksum: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
}

/// Why a content is not taken.
#[derive(Debug)]
pub(super) enum Fault {
    /// It cannot be read, or ends too early.
    Read(io::Error),
    /// The one who takes it failed.
    Taken(io::Error),
    /// There is more of it than the header says, unpacked or packed.
    Longer,
    /// The checksum is another.
    Checksum,
}

/// Unpacks the content that begins in `packed` and gives it to `take`, who may leave some of it.
pub(super) fn unpack(
    packed: &mut dyn BufRead,
    facts: Facts,
    take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
) -> Result<(), Fault> {
    let mut packed = packed.take(facts.packed);
    if !facts.is_deflated {
        return copy(&mut packed, facts, take);
    }
    let mut stream = DeflateDecoder::new(packed);
    copy(&mut stream, facts, take)?;
    // The compressed data ends where it says, and so does what it is compressed from.
    let more = stream.read(&mut [0]).map_err(Fault::Read)?;
    if more > 0 || stream.total_in() != facts.packed {
        return Err(Fault::Longer);
    }
    Ok(())
}

fn copy(
    stream: &mut dyn Read,
    facts: Facts,
    take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
) -> Result<(), Fault> {
    let checked = Checked {
        stream,
        checksum: Crc::new(),
    };
    let mut content = Content::new(checked, facts.size);
    let taken = take(&mut content).and_then(|()| io::copy(&mut content, &mut io::sink()));
    match taken {
        Err(error) if content.is_whole_so_far() => Err(Fault::Taken(error)),
        Err(error) => Err(Fault::Read(error)),
        Ok(_) if content.into_inner().checksum.sum() == facts.checksum => Ok(()),
        Ok(_) => Err(Fault::Checksum),
    }
}

/// A stream with the checksum of what was read.
struct Checked<'s> {
    stream: &'s mut dyn Read,
    checksum: Crc,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.checksum.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
