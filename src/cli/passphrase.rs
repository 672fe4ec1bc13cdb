//! The passphrase of an encrypted key: from a file descriptor or a terminal, never an argument or
//! the environment, which others can see.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The file descriptor gave none.
    #[error("the passphrase cannot be read from file descriptor {descriptor}")]
    Descriptor {
        descriptor: u32,
        #[source]
        source: Unreadable,
    },
    /// The terminal gave none.
    #[error("the passphrase cannot be read from the terminal")]
    Terminal {
        #[source]
        source: Unreadable,
    },
    /// SIGINT or SIGTERM at the prompt.
    #[error("interrupted at the passphrase prompt; nothing was signed")]
    Interrupted,
}

/// Why no line could be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("it is not open")]
    NotOpen,
    #[error("its first line is longer than {} bytes", limits::MAX_PASSPHRASE_BYTES - 1)]
    TooLong,
    #[error(transparent)]
    Io(io::Error),
}

impl Error {
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Descriptor { descriptor, .. } => Some(format!(
                "put the passphrase on the first line: `--key-passphrase-fd {descriptor} {descriptor}< FILE`"
            )),
            Self::Terminal { .. } => {
                Some("give the passphrase with `--key-passphrase-fd N N< FILE`".to_owned())
            }
            Self::Interrupted => None,
        }
    }
}

/// Reads the passphrase of `key` from file descriptor `descriptor`, else asks the terminal.
/// `None` if there is no terminal.
pub(super) fn read(
    key: &Path,
    descriptor: Option<u32>,
) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let Some(descriptor) = descriptor else {
        let key = one_line(&key.display().to_string());
        return ask(&format!("Passphrase of {key}: "));
    };
    File::open(format!("/dev/fd/{descriptor}"))
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Unreadable::NotOpen,
            _ => Unreadable::Io(error),
        })
        .and_then(first_line)
        .map(Some)
        .map_err(|source| Error::Descriptor { descriptor, source })
}

/// Asks the terminal for something that it does not show. `None` if there is no terminal.
pub(super) fn ask_secretly(prompt: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    ask(prompt)
}

/// The first line, without its end.
fn first_line(file: File) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let mut line = Zeroizing::new(Vec::with_capacity(4_096));
    let mut reader = BufReader::with_capacity(1, file).take(limits::MAX_PASSPHRASE_BYTES);
    reader
        .read_until(b'\n', &mut line)
        .map_err(Unreadable::Io)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if u64::try_from(line.len()).is_ok_and(|length| length == limits::MAX_PASSPHRASE_BYTES) {
        return Err(Unreadable::TooLong);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

#[cfg(not(unix))]
fn ask(_: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    Ok(None)
}

#[cfg(unix)]
use terminal::ask;

use super::output::one_line;
use crate::limits;

#[cfg(unix)]
mod terminal {
    //! The prompt. Whatever ends it, the terminal shows again what is typed.

    use std::fs::File;
    use std::io::{self, Write as _};
    use std::sync::mpsc;
    use std::thread;

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use zeroize::Zeroizing;

    use super::{Error, Unreadable, first_line};
    use crate::cli::interrupts::Interrupts;

    pub(super) fn ask(prompt: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let terminal = File::options().read(true).write(true).open("/dev/tty");
        let Ok(terminal) = terminal else {
            return Ok(None);
        };
        let failed = |error| Error::Terminal {
            source: Unreadable::Io(error),
        };
        let (tell, told) = mpsc::channel();
        let reader = terminal.try_clone().map_err(failed)?;
        listen(tell.clone()).map_err(failed)?;
        let silent = Silent::begin(terminal, prompt).map_err(failed)?;
        // Nothing ends a read from outside: an interrupt leaves it behind, for the process's end.
        thread::spawn(move || {
            let line = first_line(reader);
            // The receiver is gone after an interrupt.
            let _ = tell.send(Input::Line(line));
        });
        let told = told.recv();
        drop(silent);
        match told {
            Ok(Input::Line(line)) => line.map(Some).map_err(|source| Error::Terminal { source }),
            Ok(Input::Interrupt) | Err(_) => Err(Error::Interrupted),
        }
    }

    enum Input {
        Line(Result<Zeroizing<Vec<u8>>, Unreadable>),
        Interrupt,
    }

    /// Tells of an interrupt. From now on none ends the process, which would leave the terminal as
    /// it is.
    fn listen(tell: mpsc::Sender<Input>) -> io::Result<()> {
        // The prompt holds up the program's own runtime.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let mut interrupts = {
            let _guard = runtime.enter();
            Interrupts::new()?
        };
        thread::spawn(move || {
            runtime.block_on(interrupts.next());
            // The receiver is gone after the line.
            let _ = tell.send(Input::Interrupt);
        });
        Ok(())
    }

    /// A terminal that does not show what is typed; when dropped, it does again.
    struct Silent {
        terminal: File,
        before: Termios,
    }

    impl Silent {
        fn begin(mut terminal: File, prompt: &str) -> io::Result<Self> {
            let before = tcgetattr(&terminal)?;
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            write!(terminal, "{prompt}")?;
            tcsetattr(&terminal, OptionalActions::Flush, &silent)?;
            Ok(Self { terminal, before })
        }
    }

    impl Drop for Silent {
        fn drop(&mut self) {
            // A terminal that is gone needs nothing.
            let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
            let _ = writeln!(self.terminal);
        }
    }
}
