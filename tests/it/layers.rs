//! Holds the imports to the layer table of `ARCHITECTURE.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The top-level modules that the code of `text` names by `crate::...`, tests left out.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap();
    let code: Vec<_> = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join(
        "
",
    );
    let mut found = Vec::new();
    for (position, _) in code.match_indices("crate::") {
        // `$crate::` and `other_crate::` are something else.
        let before = code.get(..position).unwrap().chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = code.get(position + "crate::".len()..).unwrap();
        if let Some(group) = rest.strip_prefix('{') {
            // `use crate::{a, b::{c, d}}`: names at depth one.
            let mut depth = 1;
            let mut name = String::new();
            let mut in_path = false;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => {
                        found.push(std::mem::take(&mut name));
                        in_path = false;
                    }
                    ':' if depth == 1 => in_path = true,
                    // `a as b`: what follows is another name for it.
                    c if depth == 1 && c.is_whitespace() && !name.is_empty() => in_path = true,
                    c if depth == 1 && !in_path && (c.is_alphanumeric() || c == '_') => {
                        name.push(c);
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            found.push(name);
        } else {
            found.push(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn a_module_imports_only_from_lower_layers() {
    let layers = table();
    let source = root().join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 10, "found {} source files", files.len());

    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&source).unwrap();
        let first = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap();
        let module = first.trim_end_matches(".rs");
        if module == "main" || module == "lib" {
            continue;
        }
        let Some(&layer) = layers.get(module) else {
            wrong.push(format!("`{module}` has no layer in ARCHITECTURE.md"));
            continue;
        };
        for import in imports(&std::fs::read_to_string(&file).unwrap()) {
            if import == module {
                continue;
            }
            match layers.get(&import) {
                Some(&below) if below < layer => {}
                Some(&other) => wrong.push(format!(
                    "{}: `{module}` (layer {layer}) imports `{import}` (layer {other})",
                    relative.display()
                )),
                None => wrong.push(format!("{}: unknown module `{import}`", relative.display())),
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
fn imports_are_found_in_every_form() {
    let code = "use crate::oci::Digest;\nuse crate::{http as web, limits, notary::{Action, Validation}};\n\
                fn f() { crate::http::send($crate::x::y) }\n// crate::comment::only\n\
                #[cfg(test)]\nmod tests { use crate::cli::X; }\n";
    assert_eq!(imports(code), ["oci", "http", "limits", "notary", "http"]);
}
