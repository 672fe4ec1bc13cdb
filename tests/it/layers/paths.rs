//! The paths that a source names: what it imports, and what it reaches without an import.

/// A name that a source brings into its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// The path, as it is written: `super`, `words`, `clean`.
    pub(super) path: Vec<String>,
    /// The name under which it is known here; `*` for all that the path has.
    pub(super) name: String,
}

/// The imports in `code`, which has neither comments nor literals; and the paths in the rest of it.
pub(super) fn paths(code: &str) -> (Vec<Import>, Vec<Vec<String>>) {
    let (mut imports, mut rest) = (Vec::new(), String::new());
    let mut left = code;
    while let Some(at) = left.find("use ") {
        let (before, after) = (&left[..at], &left[at + 4..]);
        let is_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        rest.push_str(before);
        if is_word {
            rest.push_str("use ");
            left = after;
            continue;
        }
        let end = after.find(';').unwrap_or(after.len());
        let tree: String = after[..end]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        read_tree(&[], &tree, &mut imports);
        left = &after[end..];
    }
    rest.push_str(left);
    (imports, spelled_out(&rest))
}

/// `a::{b, c as d, e::*}` after `prefix`.
fn read_tree(prefix: &[String], tree: &str, imports: &mut Vec<Import>) {
    let tree = tree.trim();
    if let Some(group) = tree.strip_prefix('{') {
        let (mut depth, mut start) = (0, 0);
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    read_tree(prefix, &group[start..at], imports);
                    start = at + 1;
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    if tree.is_empty() {
        return;
    }
    let is_inner = tree.find("::").filter(|at| !tree[..*at].contains(' '));
    if let Some(at) = is_inner {
        let inner = [prefix, &[tree[..at].to_owned()]].concat();
        return read_tree(&inner, &tree[at + 2..], imports);
    }
    let (name, alias) = tree.split_once(" as ").unwrap_or((tree, tree));
    let mut path = prefix.to_vec();
    let mut alias = alias.to_owned();
    match name {
        "self" if alias == "self" => alias = prefix.last().cloned().unwrap_or_default(),
        "self" | "*" => {}
        name => path.push(name.to_owned()),
    }
    imports.push(Import { path, name: alias });
}

/// Paths of two names or more, wherever they stand.
fn spelled_out(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut characters = code.chars().peekable();
    let mut is_joined = false;
    while let Some(character) = characters.next() {
        if character.is_alphanumeric() || character == '_' || character == '$' {
            if word.is_empty() && !is_joined {
                found.push(std::mem::take(&mut path));
            }
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            path.push(std::mem::take(&mut word));
        }
        is_joined = character == ':' && characters.peek() == Some(&':');
        if is_joined {
            characters.next();
        } else {
            found.push(std::mem::take(&mut path));
        }
    }
    path.push(word);
    found.push(path);
    found.retain(|path| path.len() > 1 && !path[0].is_empty());
    found
}

#[test]
fn imports_are_read_in_every_form() {
    let code = "pub(super) use self::a::B;\nuse crate::{http as web, limits, notary::{Action, self}};\n\
                fn f() -> super::C { use d::*; crate::http::send::<e::F>($crate::x::y, refuse::g) }\n";
    let (imports, others) = paths(code);
    let imports: Vec<String> = imports
        .iter()
        .map(|import| format!("{} as {}", import.path.join("::"), import.name))
        .collect();
    assert_eq!(
        imports,
        [
            "self::a::B as B",
            "crate::http as web",
            "crate::limits as limits",
            "crate::notary::Action as Action",
            "crate::notary as notary",
            "d as *",
        ]
    );
    let others: Vec<String> = others.iter().map(|path| path.join("::")).collect();
    assert_eq!(
        others,
        [
            "super::C",
            "crate::http::send",
            "e::F",
            "$crate::x::y",
            "refuse::g"
        ]
    );
}
