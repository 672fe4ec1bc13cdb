//! Notation's sentences about plugins that are installed, listed and removed.

use std::io;
use std::path::Path;

use super::in_notation;
use crate::plugin_host::{self, MetadataProblem, executable_name};
use crate::plugin_store::{DownloadError, Error};
use crate::printable::one_line;
use crate::{archive, files, http, process};

/// What follows a sentence about a plugin that cannot be run, and about one that answers nonsense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Advice {
    Nothing,
    Permissions,
    Publisher,
}

/// The sentence for a plugin that was not installed, in lines of ours.
pub(crate) fn of_install(error: &Error) -> String {
    let reason = match error {
        Error::Source { path, source } => of_source(path, source),
        Error::Checksum { wanted, .. } => format!(
            "plugin SHA-256 checksum does not match user input. Expecting {}",
            one_line(wanted)
        ),
        Error::Archive(error) => of_archive(error),
        Error::FileName { file } => {
            let file = one_line(file);
            format!(
                "failed to read plugin name from input file {file}: invalid plugin executable file name. Plugin file name \
                 requires format notation-{{plugin-name}}, but got {file}"
            )
        }
        Error::NotExecutable { file } => format!("input file {} is not executable", one_line(file)),
        Error::NoPlugin => {
            "failed to read plugin from input directory: no plugin executable file was found".to_owned()
        }
        Error::SeveralPlugins { .. } => {
            "failed to read plugin from input directory: found more than one plugin executable files".to_owned()
        }
        Error::Metadata { path, source } => of_new_plugin(path, source),
        Error::Existing { source } => format!(
            "failed to get metadata of existing plugin: {}",
            one_line(&of_metadata(source, None).0)
        ),
        Error::SameVersion { name, version } => {
            format!("plugin {name} with version {} already exists", one_line(version))
        }
        Error::LowerVersion {
            name,
            version,
            installed,
        } => format!(
            "failed to install plugin {name}. The installing plugin version {} is lower than the existing plugin version \
             {}.\nIt is not recommended to install an older version. To force the installation, use the \"--force\" option",
            one_line(version),
            one_line(installed)
        ),
        Error::Version { .. } => {
            format!("failed to compare plugin versions: {}", one_line(&error.to_string()))
        }
        Error::Place { path, source } => format!(
            "failed to copy plugin files to {}: {}",
            one_line(&path.display().to_string()),
            of_system(source)
        ),
        _ => one_line(&error.to_string()),
    };
    format!("plugin installation failed: {reason}")
}

/// What was found, where the sentence does not say it.
pub(crate) fn found(error: &Error) -> Vec<String> {
    match error {
        Error::Archive(archive::Error::Zip { problem } | archive::Error::Tar { problem }) => {
            vec![(*problem).to_owned()]
        }
        Error::Checksum { .. } | Error::SeveralPlugins { .. } | Error::NotInstalled { .. } => {
            vec![error.to_string()]
        }
        Error::Metadata { source, .. } => vec![source.to_string()],
        _ => Vec::new(),
    }
}

fn of_source(path: &Path, error: &files::Error) -> String {
    let path = one_line(&path.display().to_string());
    match error {
        files::Error::NotFound { .. } => format!("stat {path}: no such file or directory"),
        files::Error::WrongKind { .. } => format!("{path} is not a valid file"),
        _ if error.is_denied() => format!("open {path}: permission denied"),
        _ => one_line(&error.to_string()),
    }
}

fn of_archive(error: &archive::Error) -> String {
    match error {
        archive::Error::Zip { .. } => "zip: not a valid zip file".to_owned(),
        archive::Error::Tar { .. } => "archive/tar: invalid tar header".to_owned(),
        other => one_line(&other.to_string()),
    }
}

fn of_new_plugin(path: &Path, error: &plugin_host::Error) -> String {
    let (words, advice) = of_metadata(error, Some(path));
    let words = one_line(&words);
    let new = "failed to get metadata of new plugin";
    let platform = platform();
    match advice {
        Advice::Nothing => format!("{new}: {words}"),
        Advice::Permissions => format!(
            "{new}: {words}.\nPlease ensure that the plugin executable file is compatible with {platform} and has \
             appropriate permissions."
        ),
        Advice::Publisher => format!(
            "{words}.\nPlease ensure that the plugin executable file is intact and compatible with {platform}. Contact \
             the plugin publisher for further assistance."
        ),
    }
}

/// What notation says of a plugin that is there and cannot be used, in the table of plugins.
pub(crate) fn of_listed(error: &plugin_host::Error) -> String {
    let install = "Use `notation plugin install` command to install the plugin";
    match error {
        plugin_host::Error::NotInstalled { name, .. } => {
            format!(
                "plugin executable file `{}` not found. {install}",
                executable_name(name)
            )
        }
        plugin_host::Error::NotExecutable { path, found, .. } if *found == "not executable" => {
            format!("fork/exec {}: permission denied", path.display())
        }
        plugin_host::Error::Run {
            name,
            source: process::Error::Start { source, .. },
            ..
        } if is_foreign(source) => format!(
            "plugin file `{}` is not executable. {install}. Please ensure that the plugin executable file is compatible \
             with {}",
            executable_name(name),
            platform()
        ),
        _ => of_metadata(error, None).0,
    }
}

/// Why a plugin did not say what it is; `shown` is its file, if it is called otherwise than where it was run.
fn of_metadata(error: &plugin_host::Error, shown: Option<&Path>) -> (String, Advice) {
    match error {
        plugin_host::Error::Run {
            source: process::Error::Start { source, program },
            ..
        } => {
            let program = shown.unwrap_or(program).display();
            let words = format!("fork/exec {program}: {}", of_system(source));
            (words, Advice::Permissions)
        }
        plugin_host::Error::NoError { status, said, .. } => {
            let words = match said.as_ref().and_then(|said| said.chars().next()) {
                None => status
                    .code()
                    .map_or_else(|| status.to_string(), |code| format!("exit status {code}")),
                // Notation reads what a failing plugin says as JSON.
                Some(first) if !"{[\"-0123456789tfn".contains(first) => {
                    format!("invalid character '{first}' looking for beginning of value")
                }
                Some(_) => error.to_string(),
            };
            (words, Advice::Permissions)
        }
        plugin_host::Error::Refused { message, .. } => (message.clone(), Advice::Nothing),
        plugin_host::Error::Answer { name, command, .. } => {
            let words =
                format!("failed to unmarshal the response of {command} command for plugin {name}");
            (words, Advice::Publisher)
        }
        plugin_host::Error::Metadata { name, problem } => {
            let advice = match problem {
                MetadataProblem::Name(_) => Advice::Nothing,
                _ => Advice::Publisher,
            };
            (in_notation::of_metadata(name, problem), advice)
        }
        other => (other.to_string(), Advice::Nothing),
    }
}

/// The sentence for a plugin that was not downloaded; `url` as it is shown.
pub(crate) fn of_download(url: &str, error: &DownloadError) -> String {
    let reason = match error {
        DownloadError::Status { url, status } => format!(
            "GET \"{url}\": https response bad status: {} {}",
            status.as_str(),
            status.canonical_reason().unwrap_or_default()
        ),
        DownloadError::Request { url, source } => {
            let words = source.in_words_of_go();
            format!(
                "Get \"{url}\": {}",
                words.unwrap_or_else(|| source.to_string())
            )
        }
        other => other.to_string(),
    };
    format!("failed to download plugin from URL {url} with error: {reason}")
}

/// The sentence for a plugin that was not removed, in lines of ours.
pub(crate) fn of_uninstall(name: &str, error: &Error) -> String {
    match error {
        Error::NotInstalled { .. } => format!(
            "unable to find plugin {}.\nTo view a list of installed plugins, use `notation plugin list`",
            one_line(name)
        ),
        Error::Look { path, source } => format!(
            "failed to check plugin existence: plugin executable file is either not found or inaccessible: stat {}: {}",
            one_line(&path.display().to_string()),
            of_system(source)
        ),
        other => format!(
            "failed to uninstall plugin {}: {}",
            one_line(name),
            one_line(&other.to_string())
        ),
    }
}

/// The sentence for plugins that cannot be listed, in lines of ours.
pub(crate) fn of_list(error: &Error) -> String {
    match error {
        Error::List { path, source } if source.is_denied() => format!(
            "failed to list plugin: open .: permission denied.\nPlease ensure that the current user has permission to access \
             the plugin directory: {}",
            one_line(&path.display().to_string())
        ),
        other => format!("failed to list plugin: {}", one_line(&other.to_string())),
    }
}

/// The sentence for a text that is not a URL, in Go's words where they are simple.
pub(crate) fn of_url(text: &str, error: url::ParseError) -> String {
    let shown = http::redact_text(text);
    let authority = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let reason = if authority.contains('[') && !authority.contains(']') {
        "missing ']' in host".to_owned()
    } else {
        error.to_string()
    };
    format!("failed to parse plugin download URL {shown} with error: parse \"{shown}\": {reason}")
}

/// The operating system's answer, as Go writes it.
fn of_system(error: &io::Error) -> String {
    if is_foreign(error) {
        return "exec format error".to_owned();
    }
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_ascii_lowercase()
}

fn is_foreign(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error());
    #[cfg(not(unix))]
    // ERROR_BAD_EXE_FORMAT
    return error.raw_os_error() == Some(193);
}

/// The operating system and the processor, as Go names them.
fn platform() -> String {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}/{processor}")
}
