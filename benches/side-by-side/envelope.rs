//! Reads and verifies each envelope of a directory, over and over, and prints what one verification
//! takes: `NAME NANOSECONDS`. `benches/envelope` runs it beside notation-core-go.

#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::error::Error;
use std::ffi::OsStr;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use countersign::envelope::UnverifiedEnvelope;
use countersign::files;
use countersign::limits::MAX_ENVELOPE_BYTES;
use countersign::notary::EnvelopeFormat;

/// How long each envelope is verified for.
const DURATION: Duration = Duration::from_millis(400);

/// Verifications between two looks at the clock.
const BATCH: u32 = 16;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo bench` passes a flag, and no directory.
    let Some(directory) = std::env::args_os()
        .skip(1)
        .find(|argument| argument != "--bench")
    else {
        println!("started by benches/envelope, which makes the envelopes");
        return Ok(());
    };
    let mut paths = std::fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<PathBuf>, _>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        println!("{name} {}", nanoseconds(&path)?);
    }
    Ok(())
}

/// The mean time of one verification.
fn nanoseconds(path: &Path) -> Result<u128, Box<dyn Error>> {
    let format = if path.extension() == Some(OsStr::new("cose")) {
        EnvelopeFormat::Cose
    } else {
        EnvelopeFormat::Jws
    };
    let bytes = files::read(path, MAX_ENVELOPE_BYTES)?;
    let start = Instant::now();
    let mut count: u32 = 0;
    while start.elapsed() < DURATION {
        for _ in 0..BATCH {
            let verified = UnverifiedEnvelope::parse(format, black_box(&bytes))?.verify()?;
            black_box(verified.payload());
        }
        count = count.saturating_add(BATCH);
    }
    Ok(start.elapsed().as_nanos() / u128::from(count))
}
