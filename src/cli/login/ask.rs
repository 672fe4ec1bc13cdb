//! The user name and the password, as far as they were not given: read from a terminal, which does not show the
//! password, or from a pipe.

use std::io::{self, BufRead, BufReader, IsTerminal as _, Read as _, Stdin, Write as _};

use zeroize::Zeroizing;

use super::super::output::{CommandOutput, Exit};
use super::super::passphrase;
use crate::limits::MAX_LOGIN_INPUT_BYTES;
use crate::registry::Secret;
use crate::secrets;

/// What was given, on the command line or in the environment.
pub(super) struct UserLogin {
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
}

/// What is typed or comes out of a pipe, within bounds.
pub(super) struct Input {
    is_terminal: bool,
    reader: io::Take<BufReader<Stdin>>,
}

fn failed(what: &str, error: &io::Error) -> CommandOutput {
    CommandOutput::failed(Exit::Usage, &format!("error reading {what}: {error}"))
}

/// Prints a question as notation does: on stdout, where its answer follows.
fn print(prompt: &str) -> Result<(), CommandOutput> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(prompt.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| failed("the answer", &error))
}

impl Input {
    pub(super) fn new(stdin: Stdin) -> Self {
        Self {
            is_terminal: stdin.is_terminal(),
            reader: BufReader::new(stdin).take(MAX_LOGIN_INPUT_BYTES),
        }
    }

    /// Everything there is, without one line end.
    pub(super) fn whole(&mut self) -> Result<Secret, CommandOutput> {
        let mut bytes = Zeroizing::new(Vec::new());
        self.reader
            .read_to_end(&mut bytes)
            .map_err(|error| failed("password", &error))?;
        if self.reader.limit() == 0 {
            return Err(too_long());
        }
        without_line_end(&mut bytes);
        text(&bytes, "password").map(Secret::new)
    }

    /// The next line, without its end; `None` at the end of what there is.
    fn line(&mut self, what: &str) -> Result<Option<Zeroizing<Vec<u8>>>, CommandOutput> {
        let mut line = Zeroizing::new(Vec::new());
        let read = self.reader.read_until(b'\n', &mut line);
        let read = read.map_err(|error| failed(what, &error))?;
        if self.reader.limit() == 0 {
            return Err(too_long());
        }
        without_line_end(&mut line);
        Ok((read > 0).then_some(line))
    }

    fn username(&mut self) -> Result<String, CommandOutput> {
        print("Username: ")?;
        match self.line("username")? {
            Some(line) => text(&line, "username").map(|text| text.trim().to_owned()),
            None => Err(CommandOutput::usage(
                "error reading username: EOF",
                Some("give the user name with `--username`, and the password with `--password-stdin`".to_owned()),
            )),
        }
    }

    /// A password or a token, which a terminal does not show.
    fn secret(&mut self, prompt: &str) -> Result<Secret, CommandOutput> {
        if self.is_terminal {
            let asked = passphrase::ask_secretly(prompt).map_err(|error| {
                if matches!(error, passphrase::Error::Interrupted) {
                    let sentence = "interrupted at the prompt; nothing was sent";
                    return CommandOutput::failed(Exit::Inconclusive, sentence);
                }
                CommandOutput::usage(
                    "the password cannot be read from the terminal",
                    Some("give it with `--password-stdin`".to_owned()),
                )
            })?;
            if let Some(line) = asked {
                return text(&line, "password").map(Secret::new);
            }
        }
        print(prompt)?;
        let line = self.line("password")?;
        print("\n")?;
        text(&line.unwrap_or_default(), "password").map(Secret::new)
    }
}

impl UserLogin {
    /// Asks for what is missing. A password without a user name is a token.
    pub(super) fn complete(self, input: &mut Input) -> Result<(String, Secret), CommandOutput> {
        let is_asked = self.username.is_none() && self.password.is_none();
        let username = match self.username {
            Some(username) => username,
            None if is_asked => input.username()?,
            None => String::new(),
        };
        let (prompt, missing) = if username.is_empty() {
            ("Token: ", "token required")
        } else {
            ("Password: ", "password required")
        };
        let password = match self.password.filter(|password| !password.is_empty()) {
            Some(password) => password,
            None => input.secret(prompt)?,
        };
        if password.is_empty() {
            return Err(CommandOutput::usage(
                missing,
                Some("type it, or give it with `--password-stdin`".to_owned()),
            ));
        }
        password.with(secrets::remember);
        Ok((username, password))
    }
}

fn without_line_end(bytes: &mut Vec<u8>) {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
}

fn text(bytes: &[u8], what: &str) -> Result<String, CommandOutput> {
    let text = std::str::from_utf8(bytes).map_err(|_| {
        CommandOutput::usage(&format!("error reading {what}: it is not UTF-8"), None)
    })?;
    Ok(text.to_owned())
}

fn too_long() -> CommandOutput {
    CommandOutput::usage(
        &format!("what was typed or piped has {MAX_LOGIN_INPUT_BYTES} bytes or more"),
        Some("give the password alone".to_owned()),
    )
}
