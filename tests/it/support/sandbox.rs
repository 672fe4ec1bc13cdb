//! Runs the real binary in an empty environment.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::fs::Mode;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::waiting;

/// A home of its own for one test: nothing of the machine's configuration is seen from inside.
pub(crate) struct Sandbox {
    home: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What the program left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Whether a test may have a mount namespace of its own, as only the superuser has. The gate of this project must.
pub(crate) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    assert!(
        is_root || std::env::var_os("CI").is_none(),
        "only root can test a node"
    );
    is_root
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        // The program speaks of files that others may write, so no mask of the user who tests may decide.
        rustix::process::umask(Mode::from_raw_mode(0o022));
        Self {
            home: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// The same with an environment variable more.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// The same without these environment variables.
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        self.variables
            .retain(|(known, _)| !names.contains(&known.as_str()));
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Notation's configuration directory inside.
    pub(crate) fn config(&self) -> PathBuf {
        self.home().join(".config/notation")
    }

    /// Writes a file below Notation's configuration directory.
    pub(crate) fn write_config(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.config().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
        file
    }

    /// Runs `countersign` with `arguments`.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ran {
        self.run_as(Path::new(env!("CARGO_BIN_EXE_countersign")), arguments)
    }

    /// Runs the program under another path, for the names that it listens to.
    pub(crate) fn run_as<A: AsRef<OsStr>>(&self, program: &Path, arguments: &[A]) -> Ran {
        Ran::of(self.command(program).args(arguments))
    }

    /// The `--help` of a command and of those below it, each with the words that lead to it.
    pub(crate) fn helps(&self, command: &[&str], found: &mut Vec<(String, String)>) {
        let ran = self.run(&[command, &["--help"]].concat());
        assert_eq!(ran.code, 0, "{command:?}: {ran:#?}");
        let commands = ran.stdout.split("\nCommands:\n").nth(1).unwrap_or_default();
        for line in commands.lines().take_while(|line| !line.is_empty()) {
            let name = line.strip_prefix("  ").unwrap().split(' ').next().unwrap();
            if !name.is_empty() && name != "help" {
                self.helps(&[command, &[name]].concat(), found);
            }
        }
        found.push((command.join(" "), ran.stdout));
    }

    /// A command in this environment, stdin closed.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.home())
            // No test may look for credentials on the machine's own network.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home())
            .stdin(Stdio::null());
        command
    }
}

impl Ran {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::from(waiting::ended(command))
    }

    /// What a program left that was started elsewhere. It names flags, not settings as the library does.
    pub(crate) fn from(output: Output) -> Self {
        let ran = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains("the setting `"), "{ran:#?}");
        }
        ran
    }

    /// The same with a terminal for its input, on which `typed` was typed.
    pub(crate) fn at_a_terminal(command: &mut Command, typed: &str) -> Self {
        let typing = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&typing).unwrap();
        unlockpt(&typing).unwrap();
        let name = ptsname(&typing, Vec::new()).unwrap();
        let mut options = File::options();
        let terminal = options.read(true).write(true);
        let terminal = terminal.open(name.to_str().unwrap()).unwrap();
        let mut keyboard = File::from(typing.try_clone().unwrap());
        keyboard.write_all(typed.as_bytes()).unwrap();
        Self::of(command.stdin(terminal))
    }

    /// The same without what is said at every verification: which statement judged, and which endpoint
    /// answered about revocation. Both have their own tests.
    pub(crate) fn plain(mut self) -> Self {
        let is_note = |line: &str| {
            line.starts_with("Note: `") && line.contains("which is not an endpoint of AWS")
        };
        let kept = self
            .stderr
            .split_inclusive('\n')
            .filter(|line| !is_note(line));
        self.stderr = kept.collect();
        let is_policy = |line: &str| line.starts_with("policy: ");
        let kept = self
            .stdout
            .split_inclusive('\n')
            .filter(|line| !is_policy(line));
        self.stdout = kept.collect();
        self
    }

    /// Asserts that the program refused with this exit code, wrote nothing to stdout, and began
    /// its error with this line.
    #[track_caller]
    pub(crate) fn assert_refused(&self, code: i32, first_line: &str) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:#?}");
        assert_eq!(self.stderr.lines().next(), Some(first_line), "{self:#?}");
    }

    /// Asserts that stderr has this text somewhere.
    #[track_caller]
    pub(crate) fn assert_says(&self, text: &str) {
        assert!(self.stderr.contains(text), "`{text}` is not in {self:#?}");
    }
}
