//! The library's public items are those in `tests/public_surface.txt`, so that a change of them shows in a diff;
//! the types in their signatures can be named by their callers.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use crate::support::sources::{self, Source};

/// The modules that a file declares, in its order: the documented ones, and the hidden ones. What is public in a hidden
/// one is re-exported hidden, too.
fn modules_of(text: &str) -> (Vec<String>, Vec<String>) {
    let lines: Vec<&str> = text.lines().collect();
    let all = lines.iter().enumerate().filter_map(|(number, line)| {
        let (before, name) = line.strip_suffix(';')?.split_once("mod ")?;
        if !["", "pub ", "pub(crate) "].contains(&before) {
            return None;
        }
        let is_hidden = lines[..number]
            .iter()
            .rev()
            .take_while(|line| line.starts_with("#["))
            .any(|line| *line == "#[doc(hidden)]");
        Some((name.to_owned(), is_hidden, before == "pub "))
    });
    let (hidden, shown): (Vec<_>, Vec<_>) = all.partition(|(_, is_hidden, _)| *is_hidden);
    let documented = shown.into_iter().filter(|(.., is_public)| *is_public);
    let documented = documented.map(|(name, ..)| name).collect();
    (
        documented,
        hidden.into_iter().map(|(name, ..)| name).collect(),
    )
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

/// The types that a file hides.
fn hidden_types(text: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[0] == "#[doc(hidden)]");
    let names = pairs.filter_map(|pair| {
        let line = pair[1].strip_prefix("pub struct ");
        let line = line.or_else(|| pair[1].strip_prefix("pub enum "))?;
        line.split(|letter: char| !letter.is_alphanumeric()).next()
    });
    names.map(str::to_owned).collect()
}

/// The type that `impl ...` is about.
fn type_of(implementation: &str) -> &str {
    let after = implementation.trim_start_matches("impl");
    let after = match after.strip_prefix('<') {
        Some(generics) => generics.split_once("> ").map_or("", |(_, after)| after),
        None => after,
    };
    let mut words = after.trim().split(|letter: char| !letter.is_alphanumeric());
    words.next().unwrap_or_default()
}

/// Every public item in a file as rustfmt writes it: the unit's own lints see to it that what says `pub` in a private
/// module is reachable. What types have that are `hidden` is left out.
fn items_of(text: &str, hidden: &BTreeSet<String>) -> Vec<String> {
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
            let is_implementation = line.starts_with("impl");
            if is_implementation && (is_hidden || hidden.contains(type_of(line))) {
                owner.clear();
            }
        } else if line == "}" || line.starts_with("impl") {
            owner.clear();
            is_enum = false;
        }
        let is_variant = is_enum && inner.starts_with(|first: char| first.is_ascii_uppercase());
        let is_member = inner.starts_with("pub ") && !owner.is_empty();
        if !(is_top || is_variant || is_member) {
            is_hidden = false;
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

/// The public items of each documented module, file by file.
fn surface() -> Vec<(String, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources::below("src");
    let (modules, _) = modules_of(&std::fs::read_to_string(root.join("src/lib.rs")).unwrap());
    let mut surface = Vec::new();
    for module in modules {
        let files = files_of(&sources, &module);
        let hidden: BTreeSet<String> = files
            .iter()
            .flat_map(|source| hidden_types(&source.text))
            .collect();
        for source in files {
            let items = items_of(&source.text, &hidden);
            if !items.is_empty() {
                surface.push((source.path.clone(), items));
            }
        }
    }
    surface
}

#[test]
fn the_public_items_are_those_that_are_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    for (path, items) in surface() {
        let _ = writeln!(text, "src/{path}");
        for item in items {
            let _ = writeln!(text, "    {item}");
        }
    }
    let kept = root.join("tests/public_surface.txt");
    let written = std::fs::read_to_string(&kept).unwrap_or_default();
    if written != text {
        let found = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public_surface.txt");
        std::fs::write(&found, &text).unwrap();
        let (kept, found) = (kept.display(), found.display());
        panic!("the library's public items have changed; if they should: cp {found} {kept}");
    }
}

/// Types of the standard library and of crates whose types are those of the interface.
const FOREIGN: [&str; 33] = [
    "Action",
    "Arc",
    "AsRef",
    "BTreeMap",
    "Box",
    "Clone",
    "Debug",
    "Duration",
    "Fn",
    "From",
    "Into",
    "IntoIter",
    "IntoIterator",
    "Item",
    "Iterator",
    "NonZeroU32",
    "OffsetDateTime",
    "Option",
    "OsString",
    "Path",
    "PathBuf",
    "ProvideCredentials",
    "Result",
    "Self",
    "Send",
    "Serialize",
    "Stream",
    "String",
    "Sync",
    "Url",
    "Validation",
    "Value",
    "Vec",
];

/// The names in an item that begin with a capital, without its own.
fn names_in(item: &str) -> BTreeSet<&str> {
    let item = item.trim();
    // Behind the name of a variant there is what it holds, behind that of a constant its value.
    let item = if item.starts_with("pub struct ") && !item.contains("(pub ") {
        // Its fields are its own.
        item.split('(').next().unwrap_or_default()
    } else if item.starts_with("pub ") {
        item.split(" = ").next().unwrap_or_default()
    } else {
        item.split_once('(').map_or("", |(_, held)| held)
    };
    let words = item.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words
        .filter(|word| word.len() > 1 && word.starts_with(|first: char| first.is_ascii_uppercase()))
        .filter(|word| word.contains(|letter: char| letter.is_ascii_lowercase()))
        .collect()
}

#[test]
fn the_types_in_public_signatures_can_be_named_by_their_callers() {
    let surface = surface();
    let items = || {
        surface
            .iter()
            .flat_map(|(path, items)| items.iter().map(move |item| (path, item)))
    };
    let exported: BTreeSet<&str> = items()
        .filter_map(|(_, item)| {
            let kinds = ["use ", "struct ", "enum ", "trait ", "type "];
            let rest = item.strip_prefix("pub ")?;
            kinds.iter().find(|kind| rest.starts_with(**kind))?;
            Some(rest)
        })
        .flat_map(|rest| {
            if rest.starts_with("use ") {
                return names_in_use(rest);
            }
            let name = rest.split(' ').nth(1).unwrap_or_default();
            let name = name.split(|letter: char| !letter.is_alphanumeric());
            name.take(1).collect()
        })
        .chain(FOREIGN)
        .collect();
    let mut unnamed = BTreeSet::new();
    for (path, item) in items().filter(|(_, item)| !item.starts_with("pub use ")) {
        for name in names_in(item) {
            if !exported.contains(name) {
                unnamed.insert(format!("{name}: {item} (src/{path})"));
            }
        }
    }
    assert!(
        unnamed.is_empty(),
        "re-export these, or hide the items: {unnamed:#?}"
    );
}

/// What a re-export is called.
fn names_in_use(item: &str) -> Vec<&str> {
    let list = item.rsplit("::").next().unwrap_or_default();
    let list = match item.split_once('{') {
        Some((_, list)) => list.trim_end_matches('}'),
        None => list,
    };
    list.split(", ")
        .map(|one| one.rsplit(" as ").next().unwrap_or_default())
        .collect()
}
