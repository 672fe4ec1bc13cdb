//! The files that hold what was said, and what changed in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/cli/snapshots")
}

/// Compares `now` with the file of this name; or writes it there, if `RENEW_SNAPSHOTS` is set.
#[track_caller]
pub(super) fn assert_snapshot(name: &str, now: &str) {
    let path = folder().join(format!("{name}.txt"));
    if std::env::var_os("RENEW_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, now).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == now,
        "`{name}.txt` says something else; if that is meant, `RENEW_SNAPSHOTS=1 cargo test --test it snapshots` \
         renews it:\n{}",
        difference(&kept, now)
    );
}

/// The text of every transcript.
pub(super) fn transcripts() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == "txt"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// The names of the snapshots in a folder.
pub(super) fn below(inner: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder().join(inner)).unwrap();
    entries
        .map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            format!("{inner}/{}", name.trim_end_matches(".txt"))
        })
        .collect()
}

/// The lines that only one of the two has, in their order: `-` for the old, `+` for the new.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // `longest[i][j]` is the length of what `old[i..]` and `new[j..]` have in common.
    let mut longest = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] = if old[i] == new[j] {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            lines.push(format!("- {}", old[i]));
            i += 1;
        } else {
            lines.push(format!("+ {}", new[j]));
            j += 1;
        }
    }
    lines.join("\n")
}

#[test]
fn a_difference_is_the_lines_that_changed() {
    assert_eq!(difference("a\nb\nc\n", "a\nB\nc\nd\n"), "- b\n+ B\n+ d");
    assert_eq!(difference("", "a\n"), "+ a");
    assert_eq!(difference("a\n", "a\n"), "");
}
