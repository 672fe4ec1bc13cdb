//! The library's public items are those in `tests/public_surface.txt`, so that a change of them shows in a diff.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::sources::{self, Source};

/// The modules that a file declares, in its order: the documented ones, and the hidden ones.
fn modules_of(text: &str) -> (Vec<String>, Vec<String>) {
    let lines: Vec<&str> = text.lines().collect();
    let all = lines.iter().enumerate().filter_map(|(number, line)| {
        let name = line.strip_prefix("pub mod ")?.strip_suffix(';')?;
        let is_hidden = lines[..number]
            .iter()
            .rev()
            .take_while(|line| line.starts_with("#["))
            .any(|line| *line == "#[doc(hidden)]");
        Some((name.to_owned(), is_hidden))
    });
    let (hidden, documented): (Vec<_>, Vec<_>) = all.partition(|(_, is_hidden)| *is_hidden);
    let names = |modules: Vec<(String, bool)>| modules.into_iter().map(|(name, _)| name).collect();
    (names(documented), names(hidden))
}

/// The sources of a top-level module that are not hidden, those of tests left out; a module before its children.
fn files_of<'s>(sources: &'s [Source], module: &str) -> Vec<&'s Source> {
    let hidden: Vec<Vec<String>> = sources
        .iter()
        .flat_map(|source| {
            let (_, hidden) = modules_of(&source.text);
            let inner = move |name| [source.module(), vec![name]].concat();
            hidden.into_iter().map(inner)
        })
        .collect();
    let is_hidden = |source: &Source| {
        hidden
            .iter()
            .any(|hidden| source.module().starts_with(hidden))
    };
    let mut files: Vec<&Source> = sources
        .iter()
        .filter(|source| source.module().first().is_some_and(|first| first == module))
        .filter(|source| !source.is_of_tests() && !source.path.ends_with("testing.rs"))
        .filter(|source| !is_hidden(source))
        .collect();
    files.sort_by_key(|source| source.module());
    files
}

/// Whether an item's first lines say all of its signature.
fn is_whole(item: &str) -> bool {
    if item.starts_with("pub use ") {
        return item.ends_with(';');
    }
    let is_closed = item.matches('(').count() == item.matches(')').count();
    is_closed && item.ends_with(['{', ';', ',', '}'])
}

/// Every public item in a file as rustfmt writes it: the unit's own lints see to it that what says `pub` in a private
/// module is reachable.
fn items_of(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let (mut owner, mut is_enum, mut is_hidden) = (String::new(), false, false);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" {
            // One line, such as a module of tests in another file; else the tests, which are the rest.
            match lines.next() {
                Some(item) if item.ends_with(';') => continue,
                _ => break,
            }
        }
        let inner = line.strip_prefix("    ").unwrap_or_default();
        if line.trim() == "#[doc(hidden)]" {
            is_hidden = true;
            continue;
        }
        if line.trim().starts_with("#[") || line.trim().starts_with("//") {
            continue;
        }
        let is_top = line.starts_with("pub ");
        if is_top || (line.starts_with("impl") && !line.contains(" for ")) {
            line.trim_end_matches(" {").clone_into(&mut owner);
            is_enum = line.starts_with("pub enum ");
        } else if line == "}" || line.starts_with("impl") {
            owner.clear();
            is_enum = false;
        }
        let is_variant = is_enum && inner.starts_with(|first: char| first.is_ascii_uppercase());
        let is_member = inner.starts_with("pub ") && !owner.is_empty();
        if !(is_top || is_variant || is_member) {
            continue;
        }
        // A signature may have several lines.
        let mut item = line.trim().to_owned();
        while !is_whole(&item) {
            let Some(next) = lines.next() else { break };
            let is_tight = item.ends_with(['(', '{']) || next.trim().starts_with([')', '}']);
            item.push_str(if is_tight { "" } else { " " });
            item.push_str(next.trim());
        }
        let item = item
            .trim_end_matches([' ', '{', ';', ','])
            .replace(",)", ")")
            .replace(",}", "}");
        if is_hidden {
            is_hidden = false;
            if is_top {
                owner.clear();
                is_enum = false;
            }
            continue;
        }
        items.push(if is_top { item } else { format!("    {item}") });
    }
    items
}

#[test]
fn the_public_items_are_those_that_are_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources::below("src");
    let mut surface = String::new();
    let (modules, _) = modules_of(&std::fs::read_to_string(root.join("src/lib.rs")).unwrap());
    for module in modules {
        for source in files_of(&sources, &module) {
            let items = items_of(&source.text);
            if !items.is_empty() {
                let _ = writeln!(surface, "src/{}", source.path);
            }
            for item in items {
                let _ = writeln!(surface, "    {item}");
            }
        }
    }
    let kept = root.join("tests/public_surface.txt");
    let written = std::fs::read_to_string(&kept).unwrap_or_default();
    if written != surface {
        let found = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public_surface.txt");
        std::fs::write(&found, &surface).unwrap();
        let (kept, found) = (kept.display(), found.display());
        panic!("the library's public items have changed; if they should: cp {found} {kept}");
    }
}
