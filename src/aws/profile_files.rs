//! AWS's configuration files, where an `endpoint_url` in them has no value.
//!
//! Such a line sets nothing. The SDK takes it for an endpoint and ends with a panic; it gets the files
//! without it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use crate::files;
use crate::limits::MAX_CONFIG_BYTES;

/// What the SDK is to read in place of the files; `None` where it may read them itself.
pub(super) fn in_place_of_files() -> Option<EnvConfigFiles> {
    let config = read("AWS_CONFIG_FILE", "config");
    let credentials = read("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    let (without_config, without_credentials) = (unset_empty(&config), unset_empty(&credentials));
    if without_config.is_none() && without_credentials.is_none() {
        return None;
    }
    let config = without_config.unwrap_or(config);
    let credentials = without_credentials.unwrap_or(credentials);
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, config)
        .with_contents(EnvConfigFileKind::Credentials, credentials)
        .build();
    Some(files)
}

/// The text of a file, empty where there is none that can be read: what is wrong with it is for the SDK
/// to say. A pipe is left to the SDK, since what is read from it is gone.
fn read(variable: &str, name: &str) -> String {
    let path = match (set(variable), set("HOME")) {
        (Some(path), home) => from_home(&path, home),
        (None, Some(home)) => Path::new(&home).join(".aws").join(name),
        (None, None) => return String::new(),
    };
    let mut text = String::new();
    let read = files::open_following_links(&path)
        .ok()
        .map(|file: File| file.take(MAX_CONFIG_BYTES).read_to_string(&mut text));
    match read {
        Some(Ok(_)) => text,
        _ => String::new(),
    }
}

fn from_home(path: &str, home: Option<String>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(below), Some(home)) => Path::new(&home).join(below),
        _ => PathBuf::from(path),
    }
}

fn set(variable: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the SDK does not say where its files are"
    )]
    let value = std::env::var(variable).ok()?;
    (!value.is_empty()).then_some(value)
}

/// The text with another name for each `endpoint_url` without a value, which nothing asks for; `None`
/// where there is none. The line stays, so that lines below it still belong to something.
fn unset_empty(text: &str) -> Option<String> {
    text.lines().any(is_empty_endpoint).then(|| {
        let lines = text.lines().map(|line| {
            if is_empty_endpoint(line) {
                line.replacen("endpoint_url", "endpoint_url_without_value", 1)
            } else {
                line.to_owned()
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

fn is_empty_endpoint(line: &str) -> bool {
    line.split_once('=').is_some_and(|(name, value)| {
        let value = value.trim();
        name.trim() == "endpoint_url" && (value.is_empty() || value.starts_with(['#', ';']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_endpoint_without_a_value_is_unset() {
        let text = "[default]\nregion = x\nendpoint_url =  # none\n[services s]\nsigner =\n  \
                    endpoint_url=\nkms =\n  endpoint_url = http://k\n";
        let unset = "[default]\nregion = x\nendpoint_url_without_value =  # none\n[services s]\n\
                     signer =\n  endpoint_url_without_value=\nkms =\n  endpoint_url = http://k";
        assert_eq!(unset_empty(text).unwrap(), unset);
        for text in [
            "",
            "[default]\nendpoint_url = http://h\nregion =\n# endpoint_url =",
        ] {
            assert_eq!(unset_empty(text), None, "{text}");
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
