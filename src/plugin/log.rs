//! The log that `AWS_SIGNER_NOTATION_PLUGIN_DEBUG=true` asks for, where AWS's own plugin writes it. It has what the
//! command line's `--debug` says, and no body and no secret, which AWS's own has.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::{Error, Face, now};
use crate::environment::Environment;
use crate::events::{Depth, Form, Log};
use crate::files::RollingFile;
use crate::limits::MAX_PLUGIN_LOG_BYTES;

/// The variable of AWS's plugin; for it, too, only this value counts.
const VARIABLE: (&str, &str) = ("AWS_SIGNER_NOTATION_PLUGIN_DEBUG", "true");

/// Below the user's directory of configurations.
const FILE: &str = "notation-aws-signer/plugin.log";

/// Begins the log, if the environment asks for it and this is AWS Signer's plugin. That it cannot be written changes
/// nothing: the plugin answers as it does without.
pub fn begin_if_asked(face: &Result<Face, Error>) {
    if !matches!(face, Ok(Face::AwsSigner)) {
        return;
    }
    let environment = Environment::of_process();
    let (name, value) = VARIABLE;
    if environment.variable(name).as_deref() != Some(value) {
        return;
    }
    let Some(path) = directory(|name| environment.variable(name)).map(|path| path.join(FILE))
    else {
        return;
    };
    environment.remember_secrets();
    let Ok(file) = RollingFile::open(&path, MAX_PLUGIN_LOG_BYTES) else {
        return;
    };
    let file = Mutex::new(file);
    let log = Log::new(Depth::Requests, Form::Fields, now, move |line| {
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let _cannot_be_told = file.add(line);
    });
    let _has_begun = log.begin();
}

/// The user's directory of configurations, as Go has it: `XDG_CONFIG_HOME`, else `.config` in `HOME`; on macOS
/// `Library/Application Support` there, on Windows `AppData`.
fn directory(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| {
        let path = variable(name).filter(|value| !value.is_empty());
        path.map(PathBuf::from).filter(|path| path.is_absolute())
    };
    if cfg!(windows) {
        return set("AppData");
    }
    if cfg!(target_os = "macos") {
        return set("HOME").map(|home| home.join("Library/Application Support"));
    }
    if variable("XDG_CONFIG_HOME").is_some_and(|value| !value.is_empty()) {
        return set("XDG_CONFIG_HOME");
    }
    set("HOME").map(|home| home.join(".config"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_directory_is_the_one_that_aws_plugin_uses() {
        let found = |pairs: &[(&str, &str)]| {
            directory(|asked| {
                let pair = pairs.iter().find(|(name, _)| *name == asked);
                pair.map(|(_, value)| (*value).to_owned())
            })
        };
        let home = ("HOME", "/home/u");
        for (pairs, wanted) in [
            (&[home][..], Some("/home/u/.config")),
            (&[home, ("XDG_CONFIG_HOME", "/x")], Some("/x")),
            (&[home, ("XDG_CONFIG_HOME", "")], Some("/home/u/.config")),
            // As Go: an error, and no other place.
            (&[home, ("XDG_CONFIG_HOME", "x")], None),
            (&[("HOME", "u")], None),
            (&[], None),
        ] {
            assert_eq!(found(pairs), wanted.map(PathBuf::from), "{pairs:?}");
        }
    }
}
