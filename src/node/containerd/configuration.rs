//! containerd's configuration: a file of TOML, and those that it imports.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use crate::causes;
use crate::doctor::{Check, Finding};
use crate::files;
use crate::limits::{
    MAX_CONTAINERD_CONFIG_BYTES, MAX_CONTAINERD_CONFIG_FILES, MAX_NODE_DIRECTORY_ENTRIES,
};

/// containerd's configuration, in the order in which it is merged: what a later file says counts.
#[derive(Debug, Clone, Default)]
pub struct ContainerdConfig {
    files: Vec<(PathBuf, Table)>,
}

/// Why the configuration is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerdConfigError {
    /// A file cannot be read.
    #[error(transparent)]
    File(files::Error),
    /// A file is not TOML.
    #[error("`{}` is not TOML: {problem}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Why, in one line.
        problem: String,
    },
    /// A file imports what cannot be followed here.
    #[error("`{}` imports `{pattern}`, which cannot be followed", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// The import.
        pattern: String,
    },
    /// More files than are read.
    #[error("there are more than {MAX_CONTAINERD_CONFIG_FILES} files")]
    TooMany,
}

impl ContainerdConfigError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        "write what `containerd config dump` says to a file, and name that one".to_owned()
    }
}

/// A value, and the file that has it.
pub(super) struct Place<'c> {
    pub(super) file: &'c Path,
    pub(super) value: &'c Value,
}

impl ContainerdConfig {
    /// Reads the file at `path` with all that it imports. A file that is not there has nothing in it.
    ///
    /// # Errors
    ///
    /// [`ContainerdConfigError`].
    pub fn read(path: &Path) -> Result<Self, ContainerdConfigError> {
        let mut config = Self::default();
        let mut seen = HashSet::new();
        let mut pending = std::collections::VecDeque::from([path.to_owned()]);
        while let Some(path) = pending.pop_front() {
            if !seen.insert(path.clone()) {
                continue;
            }
            if seen.len() > MAX_CONTAINERD_CONFIG_FILES {
                return Err(ContainerdConfigError::TooMany);
            }
            let bytes = match files::read_following_links(&path, MAX_CONTAINERD_CONFIG_BYTES) {
                Ok(bytes) => bytes,
                Err(error) if error.is_not_found() && config.files.is_empty() => return Ok(config),
                Err(error) => return Err(ContainerdConfigError::File(error)),
            };
            let table = parse(&path, &bytes)?;
            pending.extend(imports(&path, &table)?);
            config.files.push((path, table));
        }
        Ok(config)
    }

    /// Every value that the path of keys `keys` has, that of the file that counts last.
    pub(super) fn all<'c>(&'c self, keys: &[&str]) -> Vec<Place<'c>> {
        let of_file = |(file, table): &'c (PathBuf, Table)| {
            let value = lookup(table, keys)?;
            Some(Place { file, value })
        };
        self.files.iter().filter_map(of_file).collect()
    }

    /// Files with their versions: settings have other names in old ones.
    pub(super) fn versions(&self) -> impl Iterator<Item = (&Path, i64, &Table)> {
        self.files.iter().map(|(path, table)| {
            let version = table.get("version").and_then(Value::as_integer);
            (path.as_path(), version.unwrap_or(1), table)
        })
    }
}

/// The value at the end of the path of keys.
pub(super) fn lookup<'c>(table: &'c Table, keys: &[&str]) -> Option<&'c Value> {
    let (first, rest) = keys.split_first()?;
    let mut value = table.get(*first)?;
    for key in rest {
        value = value.as_table()?.get(*key)?;
    }
    Some(value)
}

/// The configuration, and what is to be said of it.
pub(super) fn check(path: &Path) -> (Option<ContainerdConfig>, Finding) {
    let subject = path.display().to_string();
    match ContainerdConfig::read(path) {
        Ok(config) => {
            let found = match config.files.len() {
                0 => "it does not exist, so that containerd's defaults count".to_owned(),
                1 => "it was read".to_owned(),
                count => format!("it was read, with {} that it imports", count - 1),
            };
            let finding = Finding::pass(Check::Containerd, found).about(subject);
            (Some(config), finding)
        }
        Err(error) => {
            let wanted = "a configuration that can be read, as containerd does";
            let finding = Finding::unknown(Check::Containerd, causes::in_one_line(&error), wanted)
                .advising(Some(error.hint()))
                .about(subject);
            (None, finding)
        }
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Table, ContainerdConfigError> {
    let wrong = |problem: String| ContainerdConfigError::Toml {
        path: path.to_owned(),
        problem,
    };
    let text = std::str::from_utf8(bytes).map_err(|error| wrong(error.to_string()))?;
    // The message alone: the rest draws the line, with what may be secret in it.
    text.parse()
        .map_err(|error: toml::de::Error| wrong(error.message().replace('\n', ", ")))
}

/// The files that a file imports, in containerd's order.
fn imports(path: &Path, table: &Table) -> Result<Vec<PathBuf>, ContainerdConfigError> {
    let wrong = |pattern: String| ContainerdConfigError::Import {
        path: path.to_owned(),
        pattern,
    };
    let Some(value) = table.get("imports") else {
        return Ok(Vec::new());
    };
    let list = value
        .as_array()
        .ok_or_else(|| wrong(value.type_str().to_owned()))?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut found = Vec::new();
    for value in list {
        let pattern = value
            .as_str()
            .ok_or_else(|| wrong(value.type_str().to_owned()))?;
        let whole = clean(&directory.join(pattern));
        // Go matches patterns where there is a star, and takes every other path as it is.
        if !pattern.contains('*') {
            found.push(whole);
            continue;
        }
        let name = whole.file_name().and_then(|name| name.to_str());
        let above = whole.parent().unwrap_or(Path::new("/"));
        let is_glob = |text: &str| text.contains(['*', '?', '[', '\\']);
        let name = name.filter(|_| !above.to_str().is_none_or(is_glob));
        let name = name.ok_or_else(|| wrong(pattern.to_owned()))?;
        if name.contains(['?', '[', '\\']) {
            return Err(wrong(pattern.to_owned()));
        }
        let listed = match files::read_directory(above, MAX_NODE_DIRECTORY_ENTRIES) {
            Ok(listed) => listed,
            // Go's matching finds nothing there.
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(ContainerdConfigError::File(error)),
        };
        let mut matching: Vec<PathBuf> = listed
            .into_iter()
            .filter(|path| {
                let found = path.file_name().and_then(|name| name.to_str());
                found.is_some_and(|found| matches(name, found))
            })
            .collect();
        matching.sort();
        found.extend(matching);
    }
    Ok(found)
}

/// The path without `.` and `..`, which is done with the text alone, as in Go.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                cleaned.pop();
            }
            part => cleaned.push(part),
        }
    }
    cleaned
}

/// Whether a name is what a pattern with `*` says.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn imports_are_followed_as_containerd_does() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        fs::create_dir(root.join("conf.d")).unwrap();
        let write = |name: &str, text: &str| fs::write(root.join(name), text).unwrap();
        write(
            "config.toml",
            "version = 3\nimports = ['conf.d/*.toml', './more/../other.toml']\nroot = 'a'\n",
        );
        write("conf.d/20.toml", "root = 'c'\n");
        write(
            "conf.d/10.toml",
            "root = 'b'\nimports = ['../config.toml']\n",
        );
        write("conf.d/10.toml.old", "root = 'never'\n");
        write("other.toml", "root = 'd'\n");
        let path = root.join("config.toml");
        let config = ContainerdConfig::read(&path).unwrap();
        let found = config.all(&["root"]);
        let values: Vec<_> = found
            .iter()
            .map(|one| one.value.as_str().unwrap())
            .collect();
        assert_eq!(values, ["a", "b", "c", "d"]);
        write("other.toml", "root = [");
        let error = ContainerdConfig::read(&path).unwrap_err().to_string();
        assert!(error.contains("other.toml` is not TOML: "), "{error}");
        fs::remove_file(root.join("other.toml")).unwrap();
        let error = ContainerdConfig::read(&path).unwrap_err().to_string();
        assert!(error.ends_with("other.toml` does not exist"), "{error}");
        for import in ["['*/x.toml']", "['conf.d/?*.toml']", "'x'", "[1]"] {
            write("config.toml", &format!("imports = {import}"));
            let error = ContainerdConfig::read(&path).unwrap_err().to_string();
            assert!(
                error.ends_with("which cannot be followed"),
                "{import}: {error}"
            );
        }
        assert!(
            ContainerdConfig::read(&root.join("none"))
                .unwrap()
                .files
                .is_empty()
        );
    }

    #[test]
    fn a_pattern_is_gos() {
        for (pattern, name, is_match) in [
            ("*.toml", "a.toml", true),
            ("*.toml", ".toml", true),
            ("*.toml", "a.toml.old", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "axbyc", true),
            ("a*b*c", "ac", false),
            ("*", "x", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), is_match, "{pattern} {name}");
        }
    }
}
