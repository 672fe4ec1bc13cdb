//! Circles between the files of a crate: each of their files leads to each other one.
//!
//! An import of a name that a module hands on counts as an import of the file that defines it. What a module
//! takes from one above it does not count: a folder's `mod.rs` may say what its files share.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{Import, paths};
use crate::support::sources::{Source, shipped, without_literals};

type Path = Vec<String>;

/// The files of one crate, by their modules.
pub(super) struct Crate(BTreeMap<Path, Module>);

struct Module {
    file: String,
    /// Without comments and literals.
    code: String,
    imports: Vec<Import>,
    others: Vec<Path>,
}

/// From a file to another one: the names that it takes from there.
type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

impl Crate {
    /// The crate of these sources, without its tests.
    pub(super) fn of(sources: &[Source]) -> Self {
        let mut modules = BTreeMap::new();
        let mut left_out: Vec<Path> = Vec::new();
        for source in sources {
            let module = source.module();
            let (code, of_tests) = shipped(&source.text);
            left_out.extend(of_tests.into_iter().map(|name| child(&module, &name)));
            if source.path == "main.rs" || source.is_of_tests() {
                continue;
            }
            let (code, _) = without_literals(&code);
            let (imports, others) = paths(&code);
            let file = source.path.clone();
            modules.insert(
                module,
                Module {
                    file,
                    code,
                    imports,
                    others,
                },
            );
        }
        modules.retain(|path, _| !left_out.iter().any(|out| path.starts_with(out)));
        Self(modules)
    }

    /// The path from the crate's root of what `path` says in `module`; nothing for what is of another crate.
    pub(super) fn absolute(&self, module: &[String], path: &[String]) -> Option<Path> {
        let mut at = module.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                at.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            name if self.0.contains_key(&child(&at, name)) => {}
            _ => return None,
        }
        at.extend_from_slice(rest);
        Some(at)
    }

    /// The file that defines what `path` names, and the name; nothing for what another crate defines.
    fn definition(&self, path: &[String], depth: usize) -> Option<(&Module, Path, String)> {
        let length = (0..=path.len())
            .rev()
            .find(|length| self.0.contains_key(&path[..*length]))?;
        let (at, rest) = path.split_at(length);
        let module = self.0.get(at)?;
        let Some(name) = rest.first() else {
            let name = at.last().cloned().unwrap_or_default();
            return Some((module, at.to_vec(), name));
        };
        let handed_on = module.imports.iter().find(|import| import.name == *name);
        if let Some(import) = handed_on.filter(|_| depth < 8) {
            let further = self.absolute(at, &import.path)?;
            let further = [&further[..], &rest[1..]].concat();
            return self.definition(&further, depth + 1);
        }
        if !module.defines(name) {
            for import in module.imports.iter().filter(|import| import.name == "*") {
                let Some(further) = self.absolute(at, &import.path) else {
                    continue;
                };
                let found = self.definition(&child(&further, name), depth + 1);
                if let Some(found) = found.filter(|(module, ..)| depth < 8 && module.defines(name))
                {
                    return Some(found);
                }
            }
        }
        Some((module, at.to_vec(), name.clone()))
    }

    /// Which file leads to which.
    fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (at, module) in &self.0 {
            let imported = module.imports.iter().map(|import| &import.path);
            for path in imported.chain(&module.others) {
                let Some(path) = self.absolute(at, path) else {
                    continue;
                };
                let Some((other, there, name)) = self.definition(&path, 0) else {
                    continue;
                };
                // Itself, or a module above it.
                if !at.starts_with(&there) {
                    let arrow = (module.file.clone(), other.file.clone());
                    arrows.entry(arrow).or_default().insert(name);
                }
            }
        }
        arrows
    }

    /// The circles, each with its files and, an arrow a line, what ties them.
    pub(super) fn circles(&self) -> Vec<(Vec<String>, String)> {
        let arrows = self.arrows();
        let reach = |from: &str| {
            let mut reached = BTreeSet::new();
            let mut next = vec![from.to_owned()];
            while let Some(file) = next.pop() {
                for (_, to) in arrows.keys().filter(|(from, _)| *from == file) {
                    if reached.insert(to.clone()) {
                        next.push(to.clone());
                    }
                }
            }
            reached
        };
        let files: BTreeSet<&String> = arrows.keys().map(|(from, _)| from).collect();
        let reached: BTreeMap<&String, BTreeSet<String>> =
            files.into_iter().map(|file| (file, reach(file))).collect();
        let mut circles: BTreeMap<Vec<String>, String> = BTreeMap::new();
        for (file, others) in &reached {
            if !others.contains(*file) {
                continue;
            }
            let returns =
                |other: &&String| reached.get(other).is_some_and(|all| all.contains(*file));
            let members: Vec<String> = others.iter().filter(returns).cloned().collect();
            let ties = arrows
                .iter()
                .filter(|((from, to), _)| members.contains(from) && members.contains(to));
            let ties = ties.map(|((from, to), names)| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("  {from} -> {to}: {}\n", names.join(", "))
            });
            let ties = ties.collect();
            circles.insert(members, ties);
        }
        circles.into_iter().collect()
    }
}

impl Module {
    /// Whether an item of this name stands in the file.
    fn defines(&self, name: &str) -> bool {
        let kinds = [
            "fn", "struct", "enum", "trait", "type", "const", "static", "mod",
        ];
        let mut words = self
            .code
            .split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let mut before = "";
        words.any(|word| {
            let is_defined = word == name && kinds.contains(&before);
            before = word;
            is_defined
        })
    }
}

fn child(module: &[String], name: &str) -> Path {
    [module, &[name.to_owned()]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<(Vec<String>, String)> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        Crate::of(&sources).circles()
    }

    /// A crate in which `a/b.rs` takes a name by this text, and `a/c.rs` takes one back.
    fn is_circle(import: &str) -> bool {
        let found = circles(&[
            ("lib.rs", "mod a;\nmod d;\nmod e;\n"),
            (
                "a/mod.rs",
                "mod b;\nmod c;\npub use c::{C, OTHER as MORE};\npub use crate::d::D;\npub struct Own;\n",
            ),
            ("a/b.rs", &format!("{import}\npub struct B;\n")),
            (
                "a/c.rs",
                "use super::b::B;\npub struct C;\npub const OTHER: u8 = 0;\n",
            ),
            ("d.rs", "pub use e::*;\npub struct D;\n"),
            ("e.rs", "pub struct E;\n"),
        ]);
        !found.is_empty()
    }

    #[test]
    fn a_circle_is_found_by_every_form_of_a_path() {
        for import in [
            "use super::c::C;",
            "use super::c;",
            "use super::{Own, c::{self, C}};",
            "use crate::a::c::C as D;",
            "use crate::{a::{c::*}, d};",
            "use super::C;",
            "use super::MORE;",
            "pub(crate) use crate::a::C;",
            "fn f() { super::c::C }",
            "fn f() { use crate::a::C; }",
        ] {
            assert!(is_circle(import), "{import}");
        }
        for import in [
            "",
            "use super::Own;",
            "use super::D;",
            "use crate::d::E;",
            "use c::C;",
            "use std::super_c::c::C;",
            "// use super::c::C;",
            "const TEXT: &str = \"super::c::C\";",
            "#[cfg(test)]\nuse super::c::C;",
            "#[cfg(test)]\nmod tests {\n    use super::super::c::C;\n}",
        ] {
            assert!(!is_circle(import), "{import}");
        }
    }

    #[test]
    fn a_circle_is_told_with_its_arrows_and_names() {
        let found = circles(&[
            ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\n"),
            ("a.rs", "use crate::b::{B, f};\nuse crate::d;\n"),
            ("b.rs", "use crate::c::C;\n"),
            ("c.rs", "pub struct C(crate::a::A);\n"),
            ("d.rs", ""),
        ]);
        let files = ["a.rs", "b.rs", "c.rs"].map(str::to_owned).to_vec();
        let ties = "  a.rs -> b.rs: B, f\n  b.rs -> c.rs: C\n  c.rs -> a.rs: A\n";
        assert_eq!(found, [(files, ties.to_owned())]);
    }

    #[test]
    fn a_folder_that_leads_out_and_back_is_a_circle() {
        let folder = |outside: &str| {
            circles(&[
                ("lib.rs", "mod a;\nmod b;\n"),
                ("a/mod.rs", "mod c;\nuse c::C;\npub struct A(C);\n"),
                ("a/c.rs", "use crate::b::B;\npub struct C(B, super::A);\n"),
                ("b.rs", outside),
            ])
        };
        assert_eq!(folder("pub struct B;\n"), []);
        let found = folder("pub struct B(crate::a::A);\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, ["a/c.rs", "a/mod.rs", "b.rs"]);
    }
}
