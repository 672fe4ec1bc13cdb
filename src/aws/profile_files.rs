//! AWS's configuration files, read here: the SDK would wait without an end for a pipe, and read a device without end.
//!
//! An `endpoint_url` in them that has no value sets nothing. The SDK takes it for an endpoint and ends with a panic;
//! it gets the files without it. One that cannot be used it repeats whole; it gets it without what may be secret.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::settings::is_endpoint;
use crate::http::redact_text;
use crate::limits::{MAX_CONFIG_BYTES, VARIABLE_PIPE_TIMEOUT};
use crate::{allowance, files};

/// AWS's configuration files, read once, when they are first needed. Clones share them.
#[derive(Clone, Default)]
pub(super) struct ProfileFiles(Arc<OnceLock<Result<EnvConfigFiles, String>>>);

impl fmt::Debug for ProfileFiles {
    /// Without what is in them, which is secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProfileFiles")
    }
}

impl ProfileFiles {
    /// What the SDK is to read in place of the files.
    ///
    /// # Errors
    ///
    /// In words, why they cannot be read.
    pub(super) fn read(&self) -> Result<&EnvConfigFiles, String> {
        let read = self.0.get_or_init(|| {
            let config = read("AWS_CONFIG_FILE", "config")?;
            let credentials = read("AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
            Ok(contents(&config, &credentials))
        });
        read.as_ref().map_err(Clone::clone)
    }

    /// Files without anything in them.
    pub(super) fn empty() -> EnvConfigFiles {
        contents("", "")
    }
}

fn contents(config: &str, credentials: &str) -> EnvConfigFiles {
    EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, usable(config))
        .with_contents(EnvConfigFileKind::Credentials, usable(credentials))
        .build()
}

/// The text of a file. As for AWS's command line, a file that is not there, or may not be read, has none.
fn read(variable: &str, name: &str) -> Result<String, String> {
    let home = set("HOME");
    let read = match (set(variable), home) {
        (Some(path), home) => {
            let wait = allowance::at_most(VARIABLE_PIPE_TIMEOUT);
            files::read_named(&from_home(&path, home), MAX_CONFIG_BYTES, wait)
        }
        (None, Some(home)) => {
            let path = Path::new(&home).join(".aws").join(name);
            files::read_following_links(&path, MAX_CONFIG_BYTES)
        }
        (None, None) => return Ok(String::new()),
    };
    match read {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if is_as_good_as_missing(&error) => Ok(String::new()),
        Err(error) => Err(format!("AWS's configuration cannot be read: {error}")),
    }
}

/// Whether AWS's own programs go on without such a file: container engines make a directory where a file that is
/// to be mounted is missing.
fn is_as_good_as_missing(error: &files::Error) -> bool {
    match error {
        files::Error::NotFound { .. } | files::Error::Io { .. } => true,
        files::Error::WrongKind { path, .. } => path.is_dir(),
        _ => false,
    }
}

fn from_home(path: &str, home: Option<String>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => Path::new(&home).join(below),
        _ => PathBuf::from(path),
    }
}

/// The value of a variable that is set and not empty.
pub(super) fn set(variable: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the SDK does not say where its files are"
    )]
    let value = std::env::var(variable).ok()?;
    (!value.is_empty()).then_some(value)
}

/// The text with another name, which nothing asks for, for each endpoint without a value, and without what may be
/// secret in one that cannot be used. The line stays, so that lines below it still belong to something.
fn usable(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(usable_line).collect();
    lines.join("\n")
}

fn usable_line(line: &str) -> String {
    let Some((name, value)) = line.split_once('=') else {
        return line.to_owned();
    };
    let is_of_service = name.trim().eq_ignore_ascii_case("endpoint_url");
    if !is_of_service
        && !name
            .trim()
            .eq_ignore_ascii_case("ec2_metadata_service_endpoint")
    {
        return line.to_owned();
    }
    let value = value.trim();
    if value.is_empty() || value.starts_with(['#', ';']) {
        return line.replacen(name.trim(), "endpoint_without_value", 1);
    }
    // Below a service, the SDK has no comments behind a value.
    let is_below = line.starts_with([' ', '\t']);
    let used = if is_below {
        value
    } else {
        without_comment(value)
    };
    if is_endpoint(used) {
        return line.to_owned();
    }
    match redact_text(used) {
        shown if is_endpoint(&shown) => format!("{name}=..."),
        shown => format!("{name}={shown}"),
    }
}

fn without_comment(value: &str) -> &str {
    let comment = [" #", " ;", "\t#", "\t;"];
    let end = comment.iter().filter_map(|begin| value.find(begin)).min();
    end.and_then(|end| value.get(..end)).unwrap_or(value).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_endpoint_without_a_value_is_unset() {
        let text = "[default]\nregion = x\nendpoint_url =  # none\n[services s]\nsigner =\n  \
                    endpoint_url=\nkms =\n  endpoint_url = http://k\n[profile p]\nEndpoint_URL=\n";
        let unset = "[default]\nregion = x\nendpoint_without_value =  # none\n[services s]\n\
                     signer =\n  endpoint_without_value=\nkms =\n  endpoint_url = http://k\n[profile p]\n\
                     endpoint_without_value=";
        assert_eq!(usable(text), unset);
        for text in [
            "",
            "[default]\nendpoint_url = http://h\nregion =\n# endpoint_url =",
            "endpoint_url = http://h # mine",
        ] {
            assert_eq!(usable(text), text);
        }
    }

    #[test]
    fn nothing_secret_of_an_endpoint_that_cannot_be_used_is_passed_on() {
        for (line, wanted) in [
            ("endpoint_url = user:HUSH@h", "endpoint_url =..."),
            ("ENDPOINT_URL = h:1/?token=HUSH # mine", "ENDPOINT_URL =..."),
            (
                "  endpoint_url = http://user:HU SH@h",
                "  endpoint_url =...",
            ),
            ("  endpoint_url = h # mine", "  endpoint_url =..."),
            ("endpoint_url = h:1", "endpoint_url =h:1"),
            (
                "ec2_metadata_service_endpoint = u:HUSH@h",
                "ec2_metadata_service_endpoint =...",
            ),
            ("role_arn = user:HUSH@h", "role_arn = user:HUSH@h"),
        ] {
            assert_eq!(usable(line), wanted);
        }
    }

    #[test]
    fn a_tilde_is_the_home_directory() {
        let home = || Some("/home/a".to_owned());
        assert_eq!(from_home("~/x", home()), Path::new("/home/a/x"));
        assert_eq!(from_home("/x", home()), Path::new("/x"));
        assert_eq!(from_home("~/x", None), Path::new("~/x"));
    }
}
