//! Holds the imports to the layer table of `ARCHITECTURE.md`, and the files of each module to one direction.

mod circles;
mod paths;

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::sources::{self, Source, without_literals};
use circles::Crate;
use paths::paths;

/// Module name -> layer, read from the table under the heading "Layers".
fn table() -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text
        .split("\n## Layers\n")
        .nth(1)
        .expect("a section `Layers`");
    let section = section.split("\n## ").next().unwrap();
    let mut layers = BTreeMap::new();
    for line in section.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Ok(layer) = cells[0].parse::<usize>() else {
            continue;
        };
        for module in cells[1].split_whitespace() {
            let module = module.trim_matches('`').to_owned();
            assert_eq!(
                layers.insert(module.clone(), layer),
                None,
                "`{module}` is in two layers"
            );
        }
    }
    layers
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The top-level modules that a source names by `crate::...`, tests left out.
fn imports(source: &Source) -> Vec<String> {
    let (imports, others) = paths(&without_literals(&source.code()).0);
    let imported = imports.into_iter().map(|import| import.path);
    imported
        .chain(others)
        .filter(|path| path[0] == "crate")
        .filter_map(|path| path.into_iter().nth(1))
        .collect()
}

#[test]
fn a_module_imports_only_from_lower_layers() {
    let layers = table();
    let mut wrong = Vec::new();
    for source in sources::below("src") {
        let first = source.path.split('/').next().unwrap();
        let module = first.trim_end_matches(".rs");
        if module == "main" || module == "lib" {
            continue;
        }
        let Some(&layer) = layers.get(module) else {
            wrong.push(format!("`{module}` has no layer in ARCHITECTURE.md"));
            continue;
        };
        for import in imports(&source) {
            if import == module {
                continue;
            }
            match layers.get(&import) {
                Some(&below) if below < layer => {}
                Some(&other) => wrong.push(format!(
                    "{}: `{module}` (layer {layer}) imports `{import}` (layer {other})",
                    source.path
                )),
                None => wrong.push(format!("{}: unknown module `{import}`", source.path)),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_table_exists() {
    for module in table().keys() {
        let source = root().join("src");
        assert!(
            source.join(format!("{module}.rs")).exists()
                || source.join(module).join("mod.rs").exists(),
            "ARCHITECTURE.md lists `{module}`, and there is no such module"
        );
    }
}

#[test]
fn no_files_lead_in_a_circle() {
    let mut found = String::new();
    for folder in ["src", "emulator/src"] {
        for (_, arrows) in Crate::of(&sources::below(folder)).circles() {
            found.push_str(&format!("a circle in {folder}:\n{arrows}"));
        }
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn an_import_of_another_module_is_seen() {
    let source = Source {
        path: String::new(),
        text: "use crate::oci::Digest;\n#[cfg(test)]\nmod testing;\nuse crate::{http as web, limits};\n\
               fn f() { crate::json::send($crate::x::y) }\n// crate::comment::only\n\
               #[cfg(test)]\nmod tests { use crate::cli::X; }\n"
            .to_owned(),
    };
    assert_eq!(imports(&source), ["oci", "http", "limits", "json"]);
}

/// Names of units of time, which limit nothing.
const UNITS: [&str; 4] = ["SECOND", "MINUTE", "HOUR", "DAY"];

/// What `code` has as a limit: a constant, of a type or a function too, whose name says so or which is a time, and a number that
/// stands in `take(` or at the end of `.range(`.
fn limits_in(code: &str) -> Vec<String> {
    let constants = code
        .lines()
        .filter_map(|line| line.split_once("const "))
        .filter_map(|(_, rest)| rest.split_once(':'))
        .filter(|(name, kind)| {
            let starts = ["MAX_", "MIN_"];
            let ends = ["_TIMEOUT", "_DELAY", "_PATIENCE", "_GRACE", "_ATTEMPTS"];
            let is_time = kind.trim_start().starts_with("Duration") && !UNITS.contains(name);
            is_time
                || starts.iter().any(|start| name.starts_with(start))
                || ends.iter().any(|end| name.ends_with(end))
        })
        .map(|(name, _)| name.to_owned());
    let numbers = ["take(", ".range("].into_iter().flat_map(|call| {
        let arguments = code.split(call).skip(1);
        arguments.filter_map(move |rest| {
            let (argument, _) = rest.split_once(')')?;
            let most = argument.rsplit(['=', '.']).next()?;
            let is_number = most.starts_with(|c: char| c.is_ascii_digit());
            is_number.then(|| format!("{call}{argument})"))
        })
    });
    constants.chain(numbers).collect()
}

#[test]
fn every_limit_stands_in_the_file_of_limits() {
    let (mut strays, mut count) = (Vec::new(), 0);
    for source in sources::below("src") {
        let found = limits_in(&source.code());
        if source.path.starts_with("limits/") {
            count += found.len();
        } else if !source.is_of_tests() {
            strays.extend(
                found
                    .into_iter()
                    .map(|name| format!("{}: `{name}`", source.path)),
            );
        }
    }
    assert!(count > 200, "{count} limits were found");
    assert!(
        strays.is_empty(),
        "move to src/limits/:\n{}",
        strays.join("\n")
    );
}

#[test]
fn a_limit_is_seen() {
    let code = "const MAX_A: usize = 1;\npub(super) const B_TIMEOUT: Duration = C;\nfn f() {\n    const MAX_D: u8 = 2;\n}\n\
                const E: &str = \"MAX_F\";\nconst fn max() {}\nconst MIN_G: u8 = 1;\nconst H: Duration = I;\n\
                const HOUR: Duration = J;\nx.take(20).take(count).take(MAX_K); y.range(1..=128) + y.range(1..=i64::from(L)) + z.range(..9);\n";
    assert_eq!(
        limits_in(code),
        [
            "MAX_A",
            "B_TIMEOUT",
            "MAX_D",
            "MIN_G",
            "H",
            "take(20)",
            ".range(1..=128)",
            ".range(..9)"
        ]
    );
}
