//! What a command does to the configuration directory, as the recordings say it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::case::Case;
use super::placeholders::{Digests, Placeholders};

/// Where the configuration is, and what is kept between runs.
pub(super) const CONFIG: &str = "<config>/notation/";
pub(super) const CACHE: &str = "<cache>/notation/";

/// A directory, a link or a pipe, or a file with its bytes; and its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Directory(u32),
    Other,
    File(u32, Vec<u8>),
}

fn is_json(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|end| end == "json")
}

/// Everything below the configuration directory, by path.
#[derive(Debug, Default)]
pub(super) struct Snapshot(BTreeMap<String, Entry>);

impl Snapshot {
    pub(super) fn of(config: &Path) -> Self {
        let mut entries = BTreeMap::new();
        let mut directories = vec![PathBuf::new()];
        while let Some(inner) = directories.pop() {
            let Ok(listed) = fs::read_dir(config.join(&inner)) else {
                continue;
            };
            for entry in listed {
                let path = inner.join(entry.unwrap().file_name());
                let metadata = config.join(&path).symlink_metadata().unwrap();
                let mode = metadata.permissions().mode() & 0o7777;
                let found = if metadata.is_dir() {
                    directories.push(path.clone());
                    Entry::Directory(mode)
                } else if !metadata.is_file() {
                    Entry::Other
                } else {
                    Entry::File(mode, fs::read(config.join(&path)).unwrap())
                };
                entries.insert(path.to_str().unwrap().to_owned(), found);
            }
        }
        Self(entries)
    }

    /// What has become different: directories made, files written, the short ones with their text, and what was deleted.
    pub(super) fn changes(&self, after: &Self, names: &Placeholders) -> Vec<String> {
        let mut changes = Vec::new();
        for (path, entry) in &after.0 {
            if let Entry::Directory(mode) = entry
                && !self.0.contains_key(path)
            {
                let path = names.abstracted(path, &mut Digests::default());
                changes.push(format!("made {path}/ {mode:04o}"));
            }
            if let Entry::File(mode, bytes) = entry
                && self.0.get(path) != Some(entry)
            {
                let text = String::from_utf8_lossy(bytes);
                let text = if is_json(path) {
                    names.abstracted(&text, &mut Digests::default())
                } else {
                    String::new()
                };
                let path = names.abstracted(path, &mut Digests::default());
                changes.push(format!("wrote {path} {mode:04o} {text}"));
            }
        }
        for (path, entry) in &self.0 {
            if !after.0.contains_key(path) {
                let end = if matches!(entry, Entry::Directory(_)) {
                    "/"
                } else {
                    ""
                };
                let path = names.abstracted(path, &mut Digests::default());
                changes.push(format!("deleted {path}{end}"));
            }
        }
        changes.sort();
        changes
    }
}

/// One recorded change of the configuration directory.
enum Change<'a> {
    Made(&'a str, &'a str),
    Wrote(&'a str, &'a str, &'a str),
    Deleted(&'a str),
}

fn recorded<'a>(case: &'a Case, below: &'a str) -> impl Iterator<Item = Change<'a>> {
    case.changes.iter().filter_map(move |(line, text)| {
        if let Some(path) = line.strip_prefix("deleted: ") {
            return path.strip_prefix(below).map(Change::Deleted);
        }
        if let Some(rest) = line.strip_prefix("dir: ") {
            let (path, mode) = rest.strip_prefix(below)?.rsplit_once(' ')?;
            // The one that everything is below is looked at by itself.
            return (!path.is_empty()).then_some(Change::Made(path, mode));
        }
        let rest = line.strip_prefix("wrote: ")?.strip_prefix(below)?;
        let rest = rest.split(" <").next()?;
        let (path, mode) = rest.rsplit_once(' ')?;
        Some(Change::Wrote(path, mode, text))
    })
}

/// The same as [`Snapshot::changes`], recorded.
pub(super) fn wanted(case: &Case, below: &str) -> Vec<String> {
    let mut changes: Vec<String> = recorded(case, below)
        .map(|change| match change {
            Change::Made(path, mode) => format!("made {path} {mode}"),
            Change::Wrote(path, mode, text) if is_json(path) => {
                format!("wrote {path} {mode} {text}")
            }
            Change::Wrote(path, mode, _) => format!("wrote {path} {mode} "),
            Change::Deleted(path) => format!("deleted {path}"),
        })
        .collect();
    changes.sort();
    changes
}

/// Does what notation was recorded to do, where we did something else; certificates are those of
/// the working directory.
pub(super) fn catch_up(case: &Case, config: &Path, names: &Placeholders) {
    for change in recorded(case, CONFIG) {
        match change {
            Change::Made(path, mode) => {
                let path = config.join(path);
                fs::create_dir_all(&path).unwrap();
                let mode = u32::from_str_radix(mode, 8).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            }
            Change::Wrote(path, mode, text) => {
                let file = config.join(path);
                let source = config.join("../..").join(file.file_name().unwrap());
                let content = if is_json(path) {
                    names.fill(text).unwrap().into_bytes()
                } else if let Ok(bytes) = fs::read(source) {
                    bytes
                } else {
                    continue;
                };
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, content).unwrap();
                let mode = u32::from_str_radix(mode, 8).unwrap();
                fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            }
            Change::Deleted(path) => {
                let path = config.join(path);
                // Directories come before what is in them.
                let _ = if path.is_dir() {
                    fs::remove_dir_all(path)
                } else {
                    fs::remove_file(path)
                };
            }
        }
    }
}
