//! Every test and every vector that the documents name exists.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "helpers of tests read files of this repository"
)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `directory`, as paths from there with `/`.
fn files_below(directory: &Path) -> Vec<String> {
    let mut directories = vec![PathBuf::new()];
    let mut files = Vec::new();
    while let Some(inner) = directories.pop() {
        for entry in std::fs::read_dir(directory.join(&inner)).unwrap() {
            let entry = entry.unwrap();
            let path = inner.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                directories.push(path);
            } else {
                files.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    files
}

/// What a document can name.
struct Known {
    /// Names of functions.
    functions: HashSet<String>,
    /// Names of modules: of files and of their folders.
    modules: HashSet<String>,
    /// Paths of vectors, with and without what stands before and after the name.
    vectors: Vec<String>,
}

impl Known {
    fn read() -> Self {
        let mut known = Self {
            functions: HashSet::new(),
            modules: HashSet::from(["tests".to_owned()]),
            vectors: files_below(&package().join("tests/vectors/generated")),
        };
        let manifest = package().join("tests/vectors/MANIFEST.tsv");
        let manifest = std::fs::read_to_string(manifest).unwrap();
        for row in manifest.lines() {
            let columns: Vec<&str> = row.split('\t').collect();
            // Where many rows share a file, the reason begins with the row's name.
            let name = columns.get(4).and_then(|why| why.split(':').next());
            let names = columns.first().copied().into_iter().chain(name);
            known.vectors.extend(names.map(str::to_owned));
        }
        for folder in ["src", "tests/it", "emulator/src"] {
            let folder = package().join(folder);
            for file in files_below(&folder) {
                let Some(module) = file.strip_suffix(".rs") else {
                    continue;
                };
                known.modules.extend(module.split('/').map(str::to_owned));
                let text = std::fs::read_to_string(folder.join(&file)).unwrap();
                let after = text.split("fn ").skip(1);
                let names = after.filter_map(|text| text.split(['(', '<']).next());
                known.functions.extend(names.map(str::to_owned));
            }
        }
        let interop = ["tests/interop", "tests/interop/blob"].map(|folder| package().join(folder));
        for entry in interop
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "go") {
                let text = std::fs::read_to_string(path).unwrap();
                let after = text.split("\nfunc ").skip(1);
                let names = after.filter_map(|text| text.split('(').next());
                known.functions.extend(names.map(str::to_owned));
            }
        }
        known
    }

    fn has(&self, named: &str) -> bool {
        if named.contains(['/', '.']) {
            return package().join(named).exists()
                || self.vectors.iter().any(|path| {
                    let is_end = |rest: &str| rest.is_empty() || rest.starts_with(['.', '/']);
                    let is_start = |at: usize| at == 0 || path[..at].ends_with('/');
                    path.match_indices(named)
                        .any(|(at, _)| is_start(at) && is_end(&path[at + named.len()..]))
                });
        }
        let mut words: Vec<&str> = named.trim_start_matches("it ").split("::").collect();
        let last = words.pop().unwrap();
        let is_module = |word: &&str| self.modules.contains(*word);
        words.iter().all(is_module) && (self.functions.contains(last) || is_module(&last))
    }

    /// Whether a word of a row that says "vectors" is the name of one: a file, whatever its folder.
    fn has_vector(&self, named: &str) -> bool {
        self.vectors.iter().any(|path| {
            let file = path.rsplit('/').next().unwrap();
            file.split('.').next() == Some(named)
        })
    }
}

/// What stands in backticks in `cell`.
fn named(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_a_document_names_exists() {
    let known = Known::read();
    let mut missing = Vec::new();
    for document in ["SECURITY.md", "COMPATIBILITY.md"] {
        let text = std::fs::read_to_string(package().join(document)).unwrap();
        let mut tests = 0;
        let rows = text.lines().filter(|line| line.starts_with("| "));
        for row in rows.filter(|row| !row.starts_with("| ---")) {
            let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
            for name in named(cell) {
                tests += 1;
                let is_vector = cell.contains("vector") && known.has_vector(name);
                if !is_vector && !known.has(name) {
                    missing.push(format!("{document}: `{name}`"));
                }
            }
            let names_none = !cell.contains('`');
            let is_head = cell.starts_with("test");
            assert!(!names_none || is_head || cell == "the same", "{row}");
        }
        assert!(tests > 10, "{document} names only {tests} tests");
    }
    assert_eq!(missing, [""; 0]);
}
