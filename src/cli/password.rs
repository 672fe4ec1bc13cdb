//! A registry's password on standard input, where no other user of the machine sees it.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::output::CommandOutput;
use crate::limits::MAX_PASSWORD_BYTES;
use crate::registry::Secret;

/// What standard input had: it is read once in a process.
static READ: OnceLock<Option<Secret>> = OnceLock::new();

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("standard input could not be read")]
    Io(#[source] io::Error),
    #[error("it has more than {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    #[error("it is not UTF-8")]
    NotText,
    #[error("it is empty")]
    Empty,
}

/// The whole of standard input, without the end of its last line.
///
/// # Errors
///
/// The report of an input that is not a password.
pub(super) fn from_stdin() -> Result<Secret, CommandOutput> {
    if let Some(Some(password)) = READ.get() {
        return Ok(password.clone());
    }
    let read = File::open("/dev/stdin")
        .map_err(Unreadable::Io)
        .and_then(read);
    let _ = READ.set(read.as_ref().ok().cloned());
    read.map_err(|error| {
        CommandOutput::error(
            super::output::Exit::Usage,
            "the password of `--password-stdin` cannot be used",
            &error,
            Some("write it to standard input, as in `printf %s \"$PASSWORD\" | ...`".to_owned()),
        )
    })
}

/// Whether standard input had the password, so nothing else is there.
pub(super) fn has_taken_stdin() -> bool {
    READ.get().is_some()
}

fn read(input: impl io::Read) -> Result<Secret, Unreadable> {
    let mut bytes = Zeroizing::new(Vec::new());
    input
        .take(MAX_PASSWORD_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(Unreadable::Io)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_PASSWORD_BYTES) {
        return Err(Unreadable::TooLong);
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Unreadable::NotText)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Unreadable::Empty);
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(input: &[u8]) -> Result<Secret, String> {
        read(input).map_err(|error| error.to_string())
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn the_end_of_the_last_line_does_not_count() {
        assert_eq!(of(b"a b\r\n").unwrap(), secret("a b"));
        assert_eq!(of(b"{\n}\n").unwrap(), secret("{\n}"));
        assert_eq!(of(b"\n").unwrap_err(), "it is empty");
        assert_eq!(of(b"\xff").unwrap_err(), "it is not UTF-8");
        let limit = usize::try_from(MAX_PASSWORD_BYTES).unwrap();
        assert_eq!(of(&vec![b'a'; limit]).unwrap(), secret(&"a".repeat(limit)));
        let error = of(&vec![b'a'; limit + 1]).unwrap_err();
        assert!(error.starts_with("it has more than"), "{error}");
    }
}
