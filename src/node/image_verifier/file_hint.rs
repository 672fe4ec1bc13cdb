//! What to do about a file of the configuration.

use crate::files;

/// What to do about a file that is not as it must be.
pub(super) fn hint_of_file(error: &files::Error) -> Option<String> {
    let path = error.path().display();
    match error {
        files::Error::NotPrivate { .. } => {
            Some(format!("`chown root:root {path} && chmod go-w {path}`"))
        }
        files::Error::NotFound { .. } => Some(format!(
            "write `{path}`, or name another file in the configuration"
        )),
        error => error.hint(),
    }
}
