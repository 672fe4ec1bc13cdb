//! Runs another program with bounds: plugins and credential helpers.
//!
//! Input: a program, its arguments and what it reads. Output: its exit status and what it wrote,
//! or why it was stopped. What it wrote is not judged here. A program that takes too long or says
//! too much is ended with everything it started.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// Environment variables that hold secrets of this program and that no child is given.
const SECRET_VARIABLES: [&str; 2] = ["NOTATION_USERNAME", "NOTATION_PASSWORD"];

/// The variables that a program is given; those with secrets of this program are left out.
#[derive(Clone, Default)]
pub enum ChildVariables {
    /// Those of this process.
    #[default]
    OfProcess,
    /// These and no others.
    Given(Arc<BTreeMap<OsString, OsString>>),
}

impl fmt::Debug for ChildVariables {
    /// Without values, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OfProcess => "OfProcess",
            Self::Given(_) => "Given",
        })
    }
}

impl ChildVariables {
    fn give(&self, command: &mut Command) {
        if let Self::Given(variables) = self {
            command.env_clear().envs(variables.iter());
        }
        for variable in SECRET_VARIABLES {
            command.env_remove(variable);
        }
    }
}

/// What a program may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes on each of stdout and stderr.
    pub max_output_bytes: u64,
    /// Time until it must have ended and closed both.
    pub timeout: Duration,
}

/// What a program that ended by itself left.
#[derive(Debug)]
pub struct ProcessOutput {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: Vec<u8>,
}

/// Why a program has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It could not be started.
    #[error("could not start `{}`", .program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It could not be written to or read from.
    #[error("could not talk to `{}`", .program.display())]
    Pipe {
        /// The program.
        program: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It wrote too much.
    #[error("`{}` wrote more than {max} bytes", .program.display())]
    TooMuchOutput {
        /// The program.
        program: PathBuf,
        /// The limit in bytes.
        max: u64,
    },
    /// It did not end in time.
    #[error("`{}` did not end within {} seconds", .program.display(), .timeout.as_secs())]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// The limit.
        timeout: Duration,
    },
}

impl Error {
    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        let Self::Start { program, source } = self else {
            return None;
        };
        match source.kind() {
            io::ErrorKind::PermissionDenied => Some(
                "the file system may be mounted `noexec`, or the program or its interpreter may not be executed by \
                 this user"
                    .to_owned(),
            ),
            io::ErrorKind::ExecutableFileBusy => {
                Some("another process is writing the program; try again when it is done".to_owned())
            }
            io::ErrorKind::NotFound if program.exists() => Some(hint_of_interpreter(program)),
            _ if is_foreign(source) => Some(format!(
                "it was built for another machine, or it is not a program; this machine is `{}`",
                std::env::consts::ARCH
            )),
            _ => None,
        }
    }
}

#[cfg(unix)]
fn is_foreign(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let code = error.raw_os_error();
    [Errno::NOEXEC, Errno::LIBBAD]
        .iter()
        .any(|errno| code == Some(errno.raw_os_error()))
}

#[cfg(not(unix))]
fn is_foreign(error: &io::Error) -> bool {
    // ERROR_BAD_EXE_FORMAT
    error.raw_os_error() == Some(193)
}

/// The program is there, so that what it needs to be run is not.
fn hint_of_interpreter(program: &Path) -> String {
    use std::io::Read as _;

    let mut head = [0; 256];
    let length = std::fs::File::open(program)
        .and_then(|mut file| file.read(&mut head))
        .unwrap_or_default();
    let line = head.get(..length).unwrap_or_default();
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(interpreter) = line.strip_prefix(b"#!") else {
        return "the loader that it was built for does not exist on this machine; take the build for this system"
            .to_owned();
    };
    if interpreter.ends_with(b"\r") {
        return "its first line ends with a carriage return, so that its interpreter is not found; save it with Unix \
                line ends"
            .to_owned();
    }
    let interpreter = String::from_utf8_lossy(interpreter.trim_ascii()).into_owned();
    format!("its interpreter `{interpreter}`, which its first line names, does not exist")
}

/// Runs `program` with `arguments` and `variables`, gives it `input` and waits for its end.
///
/// # Errors
///
/// [`Error`] if it cannot be started, writes too much or takes too long; it and its process group
/// are ended then, and also where the answer is not waited for any more.
pub async fn run(
    program: &Path,
    arguments: &[&OsStr],
    variables: &ChildVariables,
    input: &[u8],
    limits: Limits,
) -> Result<ProcessOutput, Error> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    variables.give(&mut command);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|source| Error::Start {
        program: program.to_owned(),
        source,
    })?;
    let mut group = Group::of(&child);
    let since = tokio::time::Instant::now();

    let talk = talk(&mut child, program, input, limits.max_output_bytes);
    let result = match tokio::time::timeout(limits.timeout, talk).await {
        Ok(result) => result,
        Err(_) => Err(Error::TimedOut {
            program: program.to_owned(),
            timeout: limits.timeout,
        }),
    };
    tell(program, arguments, since, &result);
    if result.is_ok() {
        group.let_go();
    } else {
        drop(group);
        // Its end is only collected, so no dead process stays behind; it cannot refuse it.
        let _ = child.kill().await;
    }
    result
}

/// Says which program ran and how it ended; never what it was told or said, which may be secret.
fn tell(
    program: &Path,
    arguments: &[&OsStr],
    since: tokio::time::Instant,
    result: &Result<ProcessOutput, Error>,
) {
    let command = arguments.first().map(|argument| argument.to_string_lossy());
    tracing::debug!(
        program = %program.display(),
        command = command.as_deref(),
        exit = result.as_ref().ok().and_then(|finished| finished.status.code()),
        error = result.as_ref().err().map(tracing::field::display),
        ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
        "program ended"
    );
}

async fn talk(
    child: &mut Child,
    program: &Path,
    input: &[u8],
    max: u64,
) -> Result<ProcessOutput, Error> {
    let pipe = |source| Error::Pipe {
        program: program.to_owned(),
        source,
    };
    let missing = || pipe(io::Error::from(io::ErrorKind::BrokenPipe));
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let write = async {
        match stdin.write_all(input).await {
            // A program need not read what it is given.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(pipe(error)),
            _ => {
                drop(stdin);
                Ok(())
            }
        }
    };
    let ((), stdout, stderr) = tokio::try_join!(
        write,
        read_bounded(stdout, program, max),
        read_bounded(stderr, program, max)
    )?;
    let status = child.wait().await.map_err(pipe)?;
    Ok(ProcessOutput {
        status,
        stdout,
        stderr,
    })
}

async fn read_bounded(
    stream: impl AsyncRead + Unpin,
    program: &Path,
    max: u64,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    // One byte more than allowed, to see that there is more.
    stream
        .take(max.saturating_add(1))
        .read_to_end(&mut bytes)
        .await
        .map_err(|source| Error::Pipe {
            program: program.to_owned(),
            source,
        })?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= max) {
        Ok(bytes)
    } else {
        Err(Error::TooMuchOutput {
            program: program.to_owned(),
            max,
        })
    }
}

/// The process group of a child, so that what it started ends with it: when this is dropped, on every path.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let leader = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw);
        Self { leader }
    }

    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self {}
    }

    /// The leader has ended by itself: its number may be another's now.
    fn let_go(&mut self) {
        #[cfg(unix)]
        {
            self.leader = None;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            // It may have ended by itself just now.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        max_output_bytes: 1024,
        timeout: Duration::from_mins(1),
    };

    async fn sh(script: &str, input: &[u8], limits: Limits) -> Result<ProcessOutput, Error> {
        run(
            Path::new("/bin/sh"),
            &[OsStr::new("-c"), OsStr::new(script)],
            &ChildVariables::OfProcess,
            input,
            limits,
        )
        .await
    }

    #[tokio::test]
    async fn input_output_and_status_are_passed_on() {
        let finished = sh("cat; echo no >&2; exit 3", b"yes", LIMITS)
            .await
            .unwrap();
        assert!(!finished.status.success());
        assert_eq!(finished.stdout, b"yes");
        assert_eq!(finished.stderr, b"no\n");
    }

    #[tokio::test]
    async fn a_program_has_the_variables_that_it_is_given_and_no_secret_of_this_program() {
        let given = [("A", "1"), ("NOTATION_PASSWORD", "s3cret")];
        let given = given.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let given = ChildVariables::Given(Arc::new(BTreeMap::from(given)));
        assert_eq!(format!("{given:?}"), "Given");
        let arguments = [OsStr::new("-c"), OsStr::new("env")];
        let shell = Path::new("/bin/sh");
        let finished = run(shell, &arguments, &given, b"", LIMITS).await.unwrap();
        let told = String::from_utf8(finished.stdout).unwrap();
        let of_shell = ["PWD=", "OLDPWD=", "SHLVL=", "_="];
        let mut lines: Vec<&str> = told.lines().collect();
        lines.retain(|line| !of_shell.iter().any(|start| line.starts_with(start)));
        assert_eq!(lines, ["A=1"]);
    }

    #[tokio::test]
    async fn a_program_need_not_read() {
        let finished = sh("exit 0", &vec![b'x'; 1 << 20], LIMITS).await.unwrap();
        assert!(finished.status.success());
    }

    #[tokio::test]
    async fn output_is_bounded_at_the_limit() {
        let finished = sh("head -c 1024 /dev/zero", b"", LIMITS).await.unwrap();
        assert_eq!(finished.stdout.len(), 1024);
        for script in [
            "head -c 1025 /dev/zero",
            "cat /dev/zero",
            "cat /dev/zero >&2",
        ] {
            let error = sh(script, b"", LIMITS).await.unwrap_err();
            assert!(
                matches!(error, Error::TooMuchOutput { max: 1024, .. }),
                "{error:?}"
            );
        }
    }

    /// A script that starts another program, which writes its number into `file`, and waits for it.
    fn with_child(file: &Path) -> String {
        let file = file.display();
        format!("sleep 1000 & echo $! > {file}.new; mv {file}.new {file}; wait")
    }

    /// Waits for the end of the program whose number is in `file`.
    #[expect(clippy::disallowed_methods, reason = "reads what the test itself made")]
    async fn ended(file: &Path) {
        let pid = std::fs::read_to_string(file).unwrap();
        let pid: i32 = pid.trim().parse().unwrap();
        // Ended, and perhaps not yet collected by the process that inherited it; the kernel takes its time.
        let has_ended = || {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        };
        let wait = async {
            while !has_ended() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), wait)
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_ended_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let limits = Limits {
            timeout: Duration::from_millis(500),
            ..LIMITS
        };
        let error = sh(&with_child(&file), b"", limits).await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        ended(&file).await;
    }

    #[tokio::test]
    async fn a_program_that_is_not_waited_for_any_more_is_ended_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = with_child(&file);
        let has_begun = async {
            while !file.exists() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = has_begun => {}
            finished = sh(&script, b"", LIMITS) => panic!("{finished:?}"),
        }
        ended(&file).await;
    }

    #[tokio::test]
    async fn a_program_that_cannot_be_started_comes_with_the_reason() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        for (content, mode, wanted) in [
            (
                &b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf7\0"[..],
                0o755,
                "it was built for another machine, or it is not a program; this machine is `",
            ),
            (
                b"#!/bin/sh\r\necho\r\n",
                0o755,
                "its first line ends with a carriage return, so",
            ),
            (
                b"#! /nonexistent/perl -w\n",
                0o755,
                "its interpreter `/nonexistent/perl -w`, which its first line names, does not",
            ),
            (
                b"#!/bin/sh\n",
                0o644,
                "the file system may be mounted `noexec`, or the program",
            ),
        ] {
            std::fs::write(&program, content).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(mode)).unwrap();
            let variables = ChildVariables::default();
            let error = run(&program, &[], &variables, b"", LIMITS).await;
            let error = error.unwrap_err();
            let hint = error.hint().unwrap_or_default();
            assert!(hint.starts_with(wanted), "{error:?}: {hint}");
        }
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let (missing, variables) = (Path::new("/nonexistent/x"), ChildVariables::default());
        let error = run(missing, &[], &variables, b"", LIMITS)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "could not start `/nonexistent/x`");
    }
}
