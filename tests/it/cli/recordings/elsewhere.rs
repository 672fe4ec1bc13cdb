//! What a command does to directories, and to files outside of the configuration directory.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::case::Case;
use super::placeholders::{Digests, Placeholders};

/// What we make otherwise, with the end of its line, and why.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "layout/ingest/ 0755",
        "a directory that notation's library leaves behind empty",
    ),
    (
        "conf2/signingkeys.json 0600",
        "the paths of keys are whole, so that they are found from every directory",
    ),
];

/// Compares the modes of directories that were made, and the files outside of the configuration directory, with what
/// the case says; gives what differs.
pub(super) fn differences(case: &Case, names: &Placeholders) -> Vec<String> {
    let mut wrong = Vec::new();
    for (line, text) in &case.changes {
        let (kind, rest) = line.split_once(": ").unwrap();
        let rest = rest.split(" <").next().unwrap();
        if OTHERWISE.iter().any(|(end, _)| rest.ends_with(end)) {
            continue;
        }
        let place = |path: &str| names.fill(path).map(PathBuf::from);
        let found = match kind {
            "deleted" if !rest.starts_with("<config>") => {
                let Some(path) = place(rest) else { continue };
                path.exists().then(|| "is still there".to_owned())
            }
            "dir" | "wrote" => {
                let (path, mode) = rest.rsplit_once(' ').unwrap();
                if kind == "wrote" && path.starts_with("<config>") {
                    continue;
                }
                let Some(path) = place(path) else { continue };
                other_mode(&path, mode).or_else(|| other_text(kind, &path, text, names))
            }
            _ => None,
        };
        wrong.extend(found.map(|found| format!("{}: {line}: {found}", case.name)));
    }
    wrong
}

fn other_mode(path: &Path, mode: &str) -> Option<String> {
    let Ok(found) = fs::metadata(path) else {
        return Some("is not there".to_owned());
    };
    let found = format!("{:04o}", found.permissions().mode() & 0o7777);
    (found != mode).then_some(found)
}

fn other_text(kind: &str, path: &Path, text: &str, names: &Placeholders) -> Option<String> {
    // The index of a layout has digests and times that others look at.
    if kind != "wrote" || text.is_empty() || path.ends_with("index.json") {
        return None;
    }
    let found = fs::read_to_string(path).unwrap();
    let is_same = match names.fill(text) {
        Some(wanted) => found == wanted,
        // With digests, or with a name that looks like a placeholder and is not one.
        None => names.abstracted(&found, &mut Digests::default()) == text || found == text,
    };
    (!is_same).then_some(found)
}
