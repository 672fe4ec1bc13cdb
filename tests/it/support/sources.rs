//! The Rust sources of this repository, as tests that hold rules of the house read them.

use std::path::Path;

/// A Rust file.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// From the folder that was asked for, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Every Rust file below `folder` of this repository, sorted by its path.
pub(crate) fn below(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inner = path.strip_prefix(&root).unwrap().to_str().unwrap();
                sources.push(Source {
                    path: inner.replace('\\', "/"),
                    text: std::fs::read_to_string(&path).unwrap(),
                });
            }
        }
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!sources.is_empty(), "{folder} has no sources");
    sources
}

impl Source {
    /// Its module in its crate: `a/b.rs` and `a/b/mod.rs` are `a::b`; `lib.rs` is the root.
    pub(crate) fn module(&self) -> Vec<String> {
        let path = self.path.strip_suffix(".rs").unwrap();
        let path = path.strip_suffix("/mod").unwrap_or(path);
        let names = path.split('/').filter(|name| *name != "lib");
        names.map(str::to_owned).collect()
    }

    /// Whether the whole file is of tests.
    pub(crate) fn is_of_tests(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.split('/').any(|folder| folder == "tests")
    }

    /// The text without what only tests and fuzz targets compile.
    pub(crate) fn code(&self) -> String {
        shipped(&self.text).0
    }
}

/// `text` without what only tests and fuzz targets compile, and the modules that it declares for them.
pub(crate) fn shipped(text: &str) -> (String, Vec<String>) {
    let mut code = String::new();
    let mut modules = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let is_left_out = ["#[cfg(test)]", "#[cfg(fuzzing)]"].contains(&line)
            || line.starts_with("#[cfg(all(test,");
        if !is_left_out {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        // Other attributes of the same item, then the item, as rustfmt writes them.
        let mut is_attribute = false;
        for line in lines.by_ref() {
            is_attribute |= line.starts_with("#[");
            if is_attribute {
                is_attribute = !line.ends_with(']');
                continue;
            }
            let name = line.split("mod ").nth(1);
            modules.extend(name.and_then(|name| name.strip_suffix(';').map(str::to_owned)));
            if !line.starts_with(' ') && line.ends_with([';', '}']) {
                break;
            }
        }
    }
    (code, modules)
}

/// A string literal: the code before it on its line, and what it says.
#[derive(Debug)]
pub(crate) struct Literal {
    pub(crate) before: String,
    pub(crate) text: String,
}

/// `code` without its comments and with `_` for every string literal; and those literals.
pub(crate) fn without_literals(code: &str) -> (String, Vec<Literal>) {
    let (mut bare, mut found) = (String::new(), Vec::new());
    let (mut rest, mut line) = (code, String::new());
    while let Some(character) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let hashes = line.len() - line.trim_end_matches('#').len();
            let is_raw = line.trim_end_matches('#').ends_with('r');
            let (end, text) = if is_raw {
                let end = quoted.find(&format!("\"{}", "#".repeat(hashes))).unwrap();
                (end, quoted[..end].to_owned())
            } else {
                let end = end_of(quoted);
                (end, spoken(&quoted[..end]))
            };
            let before = line.trim().to_owned();
            found.push(Literal { before, text });
            rest = &quoted[end + 1..];
            line.push('_');
            bare.push('_');
        } else if let Some(quote) = ["'\"'", "'\\\"'", "'\\''"]
            .into_iter()
            .find(|quote| rest.starts_with(quote))
        {
            rest = &rest[quote.len()..];
        } else {
            // An attribute may be on lines of its own before its text.
            if character == '\n' && !line.trim_end().ends_with('(') {
                line.clear();
            } else {
                line.push(character);
            }
            bare.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    (bare, found)
}

/// Where the quote is that ends a literal which is not raw.
fn end_of(quoted: &str) -> usize {
    let mut is_escaped = false;
    quoted
        .find(|character| {
            let ends = character == '"' && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            ends
        })
        .unwrap()
}

/// A literal without the breaks that the compiler leaves out.
fn spoken(literal: &str) -> String {
    let mut parts = literal.split("\\\n");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        text.push_str(part.trim_start());
    }
    text.replace("\\n", "\n").replace("\\\"", "\"")
}

#[test]
fn what_only_tests_compile_is_left_out() {
    let text = "mod a;\n#[cfg(test)]\nmod testing;\nuse a::B;\n#[cfg(test)]\npub(crate) use a::{\n    C,\n};\n\
                #[cfg(test)]\n#[expect(\n    clippy::panic,\n)]\nmod tests {\n    use super::*;\n}\nfn b() {}\n\
                #[cfg(all(test, unix))]\nmod tests {\n    fn c() {}\n}\n";
    let (code, modules) = shipped(text);
    assert_eq!(code, "mod a;\nuse a::B;\nfn b() {}\n");
    assert_eq!(modules, ["testing"]);
}

#[test]
fn literals_are_found_in_every_form() {
    let source = "f(\"one \\\n    two\"); // \"three\"\nconst C: char = '\"';\ng(r#\"fo\"ur\"#);\n";
    let (bare, found) = without_literals(source);
    let texts: Vec<String> = found.into_iter().map(|literal| literal.text).collect();
    assert_eq!(texts, ["one two", "fo\"ur"]);
    assert_eq!(bare, "f(_); \nconst C: char = ;\ng(r#_#);\n");
}
