//! Why a plugin was not installed, listed or removed.

use std::io;
use std::path::PathBuf;

use crate::{archive, files, plugin_host};

/// Why a plugin was not installed, listed or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("the plugin's file `{}` cannot be used", path.display())]
    Source {
        /// The file.
        path: PathBuf,
        /// Why.
        source: files::Error,
    },
    /// The file is longer than any plugin.
    #[error("the plugin's file `{}` reaches {max} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        max: u64,
    },
    /// It is another file than the one that is wanted.
    #[error("the file has the SHA-256 checksum `{found}`")]
    Checksum {
        /// What was asked for.
        wanted: String,
        /// What the file has.
        found: String,
    },
    /// The archive is refused.
    #[error(transparent)]
    Archive(archive::Error),
    /// The file is not called as a plugin's executable.
    #[error("`{file}` is not the name of a plugin's executable")]
    FileName {
        /// The name.
        file: String,
    },
    /// A plugin cannot have this name.
    #[error("`{name}` is not a plugin's name")]
    Name {
        /// The name.
        name: String,
    },
    /// The executable is not one.
    #[error("the file `{file}` is not executable")]
    NotExecutable {
        /// Its name.
        file: String,
    },
    /// The archive has no plugin.
    #[error("no plugin executable file was found")]
    NoPlugin,
    /// The archive has more than one plugin.
    #[error("found `{}`", files.join("`, `"))]
    SeveralPlugins {
        /// Their names.
        files: Vec<String>,
    },
    /// The plugin does not say what it is.
    #[error("the plugin `{}` did not say what it is", path.display())]
    Metadata {
        /// Its file, as the user named it.
        path: PathBuf,
        /// Why.
        source: plugin_host::Error,
    },
    /// The plugin that is there does not say what it is.
    #[error("the installed plugin did not say what it is")]
    Existing {
        /// Why.
        source: plugin_host::Error,
    },
    /// The plugin is there in this version.
    #[error("plugin `{name}` is installed in version {version}")]
    SameVersion {
        /// The plugin.
        name: String,
        /// The version that is there.
        version: String,
    },
    /// The plugin is there in a higher version.
    #[error("plugin `{name}` is installed in version {installed}, which is higher than {version}")]
    LowerVersion {
        /// The plugin.
        name: String,
        /// The version that was to be installed.
        version: String,
        /// The version that is there.
        installed: String,
    },
    /// Versions cannot be compared.
    #[error("{version} is not a valid semantic version")]
    Version {
        /// The version.
        version: String,
    },
    /// Nothing can be written there.
    #[error("nothing can be written at `{}`", path.display())]
    Place {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something that is not a plugin's directory is in the way.
    #[error("something else is in the plugin's place")]
    InTheWay {
        /// What it is; names the path.
        source: files::Error,
    },
    /// There is no such plugin.
    #[error("there is no plugin `{name}`")]
    NotInstalled {
        /// The plugin.
        name: String,
    },
    /// Whether there is such a plugin cannot be found out.
    #[error("`{}` cannot be examined", path.display())]
    Look {
        /// The plugin's executable.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The plugins cannot be listed.
    #[error("the plugins in `{}` cannot be listed", path.display())]
    List {
        /// The directory of plugins.
        path: PathBuf,
        /// Why.
        source: files::Error,
    },
}

impl Error {
    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Checksum { .. } => Some(
                "compare the checksum with the publisher's, and get the file again; nothing was installed"
                    .to_owned(),
            ),
            Self::Archive(error) => error.hint(),
            Self::FileName { .. } => Some(format!(
                "install a zip or tar.gz archive, or an executable that is called `{}`",
                plugin_host::executable_name("NAME")
            )),
            Self::Name { .. } => Some(
                "a plugin's name has letters, digits, `.`, `_` and `-`, and begins with a letter or a digit"
                    .to_owned(),
            ),
            Self::NotExecutable { file } => Some(format!(
                "make it executable, and install it by its path: `chmod +x {file}`"
            )),
            Self::NoPlugin => Some(format!(
                "the archive must have one executable file that is called `{}`",
                plugin_host::executable_name("NAME")
            )),
            Self::SeveralPlugins { .. } => Some(
                "unpack the archive, and install the one that you want by its path".to_owned(),
            ),
            Self::Metadata { source, .. } => source.hint(),
            Self::Existing { source } => Some(match source.hint() {
                Some(hint) => format!("{hint}; the setting `force` replaces the plugin whatever it is"),
                None => "the setting `force` replaces the plugin whatever it is".to_owned(),
            }),
            Self::SameVersion { .. } | Self::LowerVersion { .. } | Self::Version { .. } => {
                Some("the setting `force` replaces the plugin whatever its version".to_owned())
            }
            Self::Place { path, source } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some(format!(
                    "check the permissions of `{}`, or set `NOTATION_LIBEXEC` to a directory that you may write",
                    path.display()
                ))
            }
            Self::Source { source, .. } | Self::InTheWay { source } | Self::List { source, .. } => {
                source.hint()
            }
            Self::NotInstalled { .. } => Some("`countersign plugin list` shows the installed plugins".to_owned()),
            Self::TooLarge { .. } | Self::Place { .. } | Self::Look { .. } => None,
        }
    }
}
