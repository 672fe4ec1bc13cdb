//! What a user names on the command line: any file, or a pipe such as `/dev/stdin` or that of a process
//! substitution. It is read once, to a limit, and within a time limit, because nothing may ever be written
//! into a pipe.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Error, REGULAR_FILE, without_waiting, wrong_kind};

/// Reads at most `max_bytes` of what a user named on the command line; links are followed. A pipe must be
/// written to its end within `wait`: [`NAMED_PIPE_TIMEOUT`], if nothing else was said.
///
/// # Errors
///
/// [`Error::WrongKind`] for a directory, [`Error::TooLarge`] past the limit, [`Error::Silent`] where a pipe
/// is not written to its end in time, [`Error::NotFound`] and [`Error::Io`] as the operating system answers.
///
/// [`NAMED_PIPE_TIMEOUT`]: crate::limits::NAMED_PIPE_TIMEOUT
pub fn read_named(path: &Path, max_bytes: u64, wait: Duration) -> Result<Vec<u8>, Error> {
    let (file, is_regular) = open_named(path)?;
    if is_regular {
        return super::read_bounded(file, path, max_bytes);
    }
    let deadline = Instant::now() + wait;
    let mut pipe = Pipe { file, deadline };
    super::read_bounded(&mut pipe, path, max_bytes).map_err(|error| match error {
        Error::Io { source, .. } if source.kind() == io::ErrorKind::TimedOut => Error::Silent {
            path: path.to_owned(),
            seconds: wait.as_secs(),
        },
        other => other,
    })
}

/// Opens a regular file or a pipe, for what is not read whole; says whether it is a regular file. A device may
/// have no end.
///
/// # Errors
///
/// [`Error::WrongKind`] for anything else, [`Error::NotFound`] and [`Error::Io`] as the operating system
/// answers.
pub fn open_stream(path: &Path) -> Result<(File, bool), Error> {
    let (file, is_regular) = open_named(path)?;
    let kind = file
        .metadata()
        .map_err(|source| Error::io("look at", path, source))?
        .file_type();
    if is_device(kind) {
        return Err(Error::WrongKind {
            path: path.to_owned(),
            found: "a device",
            wanted: "a regular file or a pipe",
        });
    }
    Ok((file, is_regular))
}

#[cfg(unix)]
fn is_device(kind: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_device(_: std::fs::FileType) -> bool {
    false
}

/// Opens anything but a directory, and says whether it is a regular file. It waits for no writer.
fn open_named(path: &Path) -> Result<(File, bool), Error> {
    let file = if is_stdin(path) {
        // Its own descriptor: another user's pipe, or a socket, could not be opened by its name.
        own_stdin()
    } else {
        let mut options = OpenOptions::new();
        options.read(true);
        without_waiting(&mut options);
        options.open(path)
    };
    let file = file.map_err(|source| Error::io("open", path, source))?;
    let opened = file
        .metadata()
        .map_err(|source| Error::io("look at", path, source))?;
    if opened.is_dir() {
        return Err(wrong_kind(path, opened.file_type(), REGULAR_FILE));
    }
    Ok((file, opened.is_file()))
}

/// Whether `path` leads to a pipe, or to what a shell has opened: its name says nothing about its content.
pub fn is_stream(path: &Path) -> bool {
    let found = std::fs::metadata(path);
    let is_opened = ["/dev/fd", "/proc/self/fd"]
        .iter()
        .any(|parent| path.starts_with(parent));
    is_stdin(path) || found.is_ok_and(|found| is_opened || !(found.is_file() || found.is_dir()))
}

fn is_stdin(path: &Path) -> bool {
    ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]
        .map(Path::new)
        .contains(&path)
}

#[cfg(unix)]
fn own_stdin() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(not(unix))]
fn own_stdin() -> io::Result<File> {
    File::open("/dev/stdin")
}

/// What is not a regular file, read only where something is there to read.
#[derive(Debug)]
struct Pipe {
    file: File,
    deadline: Instant,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            wait_for_input(&self.file, self.deadline)?;
            match self.file.read(buffer) {
                // Another reader took it.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }
}

/// What a user named on the command line, read in parts.
#[derive(Debug)]
pub struct NamedStream {
    pipe: Pipe,
    /// How long each part of a pipe may take; `None` for a regular file, which never has to be waited for.
    wait: Option<Duration>,
}

impl NamedStream {
    /// Opens a regular file or a pipe, of which each part must be there within `wait`; links are followed.
    ///
    /// # Errors
    ///
    /// As [`open_stream`].
    pub fn open(path: &Path, wait: Duration) -> Result<Self, Error> {
        let (file, is_regular) = open_stream(path)?;
        let deadline = Instant::now();
        Ok(Self {
            pipe: Pipe { file, deadline },
            wait: (!is_regular).then_some(wait),
        })
    }
}

impl Read for NamedStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.wait {
            None => self.pipe.file.read(buffer),
            Some(wait) => {
                self.pipe.deadline = Instant::now() + wait;
                self.pipe.read(buffer)
            }
        }
    }
}

/// Waits until there is something to read, or the end.
#[cfg(unix)]
pub(crate) fn wait_for_input(file: &File, deadline: Instant) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let left = Timespec::try_from(left).map_err(|_| io::ErrorKind::InvalidInput)?;
        match poll(&mut [PollFd::new(file, PollFlags::IN)], Some(&left)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn wait_for_input(_: &File, _: Instant) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::symlink;

    use super::*;

    fn fifo(directory: &Path) -> std::path::PathBuf {
        let path = directory.join("pipe");
        let made = rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        );
        assert!(made.is_ok(), "{made:?}");
        path
    }

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn files_and_links_are_read_and_directories_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&path, b"12345").unwrap();
        symlink(&path, &link).unwrap();
        assert_eq!(read_named(&path, 5, LONG).unwrap(), b"12345");
        assert_eq!(read_named(&link, 5, LONG).unwrap(), b"12345");
        assert!(matches!(
            read_named(&path, 4, LONG),
            Err(Error::TooLarge { max_bytes: 4, .. })
        ));
        assert!(matches!(
            read_named(directory.path(), 5, LONG),
            Err(Error::WrongKind {
                found: "a directory",
                ..
            })
        ));
        let missing = directory.path().join("missing");
        assert!(matches!(
            read_named(&missing, 5, LONG),
            Err(Error::NotFound { .. })
        ));
    }

    #[test]
    fn a_pipe_is_read_to_its_end_or_to_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let path = fifo(directory.path());
        for (limit, wanted) in [(6, Some(b"123456")), (5, None)] {
            let writer = path.clone();
            let writer = std::thread::spawn(move || {
                let mut writer = OpenOptions::new().write(true).open(writer).unwrap();
                writer.write_all(b"123").unwrap();
                // The reader may have had enough.
                let _ = writer.write_all(b"456");
            });
            match (read_named(&path, limit, LONG), wanted) {
                (Ok(bytes), Some(wanted)) => assert_eq!(bytes, wanted),
                (Err(Error::TooLarge { max_bytes: 5, .. }), None) => {}
                (found, _) => panic!("{found:?}"),
            }
            writer.join().unwrap();
        }
        let zero = read_named(Path::new("/dev/zero"), 1_000_000, LONG);
        assert!(matches!(zero, Err(Error::TooLarge { .. })), "{zero:?}");
        assert_eq!(read_named(Path::new("/dev/null"), 1, LONG).unwrap(), b"");
    }

    #[test]
    fn a_pipe_into_which_nobody_writes_ends_the_wait() {
        let directory = tempfile::tempdir().unwrap();
        let path = fifo(directory.path());
        let silent = |result| match result {
            Err(error @ Error::Silent { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        };
        let said = silent(read_named(&path, 5, Duration::from_millis(10)));
        assert_eq!(
            said,
            format!(
                "nothing more came out of `{}` within 0 seconds",
                path.display()
            )
        );
        // A writer that never closes it.
        let mut writer = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        writer.write_all(b"1").unwrap();
        silent(read_named(&path, 5, Duration::from_millis(10)));
    }
}
