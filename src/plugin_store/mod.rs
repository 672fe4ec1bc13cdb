//! Installed plugins of Notation as files: installs, lists and removes them.
//!
//! Input: a file, an archive or a URL, and the directory of plugins. Output: what was installed. Nothing appears in the
//! directory of plugins but a whole plugin: it is put together beside it, and takes its place in one step. A plugin that
//! is installed is run once, with `get-plugin-metadata`, as notation does.

mod download;
mod error;
mod install;
mod list;
mod source;
mod staging;
mod uninstall;

pub use download::{DownloadError, download};
pub use error::Error;
pub use install::Done;
pub use list::{InstalledPlugin, list};
pub use source::Source;
pub use uninstall::{check, uninstall};

#[cfg(all(test, unix))]
mod tests;
