//! The files of an example.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::yaml;

/// `examples/NAME`.
pub(super) fn folder(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(example)
}

/// The example's files, as paths below its folder, sorted.
pub(super) fn below(example: &str) -> Vec<String> {
    let root = folder(example);
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap();
                found.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// A YAML file of an example.
pub(super) fn yaml(path: &Path) -> Value {
    yaml::read(&std::fs::read_to_string(path).unwrap())
}

/// The texts in a list, or no text where there is no list.
pub(super) fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}
