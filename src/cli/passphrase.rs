//! The passphrase of an encrypted key: from a file descriptor or a terminal, never an argument or
//! the environment, which others can see.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;

use zeroize::Zeroizing;

/// Longest passphrase in bytes, its line end included.
const MAX_BYTES: u64 = 4_096;

/// Reads the passphrase of `key` from file descriptor `descriptor`, else asks the terminal.
/// `None` if there is no terminal.
pub(super) fn read(key: &Path, descriptor: Option<u32>) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    match descriptor {
        Some(descriptor) => {
            let file = std::fs::File::open(format!("/dev/fd/{descriptor}"))?;
            first_line(file).map(Some)
        }
        None => ask(key),
    }
}

/// The first line, without its end.
fn first_line(file: std::fs::File) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(4_096));
    let mut reader = BufReader::with_capacity(1, file).take(MAX_BYTES);
    reader.read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if u64::try_from(line.len()).is_ok_and(|length| length == MAX_BYTES) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the passphrase is longer than 4095 bytes",
        ));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

#[cfg(unix)]
fn ask(key: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

    let terminal = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/tty");
    let Ok(mut terminal) = terminal else {
        return Ok(None);
    };
    let before = tcgetattr(&terminal)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    write!(terminal, "Passphrase of {}: ", key.display())?;
    tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
    let line = terminal.try_clone().and_then(first_line);
    tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    writeln!(terminal)?;
    line.map(Some)
}

#[cfg(not(unix))]
fn ask(_: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    Ok(None)
}
