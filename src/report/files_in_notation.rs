//! Notation's sentences for files that cannot be read or written, where our own say it in more detail; see
//! [`in_notation`](super::in_notation).

use super::go_json;
use crate::config;
use crate::files;

/// Of a directory that is not one, where a signature was to be written.
pub(crate) fn of_signature_file(error: &files::Error) -> Option<String> {
    match error {
        files::Error::WrongKind {
            path,
            wanted: "a directory",
            ..
        } => Some(format!(
            "failed to write signature to file: mkdir {}: not a directory",
            path.display()
        )),
        _ => None,
    }
}

/// Of a `config.json` that is not JSON and has these bytes: it may say who keeps credentials.
pub(crate) fn of_config(error: &config::Error, bytes: &[u8]) -> Option<String> {
    let config::Error::Malformed { path, .. } = error else {
        return None;
    };
    Some(format!(
        "failed to get credentials store: failed to create credential store from config file: failed to decode config \
         file at {}: invalid config format: {}",
        path.display(),
        go_json::of_stream(bytes)?
    ))
}
