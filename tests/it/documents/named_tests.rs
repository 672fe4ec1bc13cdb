//! Every test and every vector that the documents name exists.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "helpers of tests read files of this repository"
)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::pages::package;
use super::rows;

/// All files below `directory`, as paths from there with `/`.
fn files_below(directory: &Path) -> Vec<String> {
    let mut directories = vec![PathBuf::new()];
    let mut files = Vec::new();
    while let Some(inner) = directories.pop() {
        for entry in std::fs::read_dir(directory.join(&inner)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            // Caches of other runs, which may change meanwhile.
            if name.to_str().unwrap().starts_with('.') {
                continue;
            }
            let path = inner.join(name);
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
    /// Tests, by module and name: `trust_store::a_store_is_read_once`. Modules named `tests` are left out, in the
    /// documents too.
    tests: HashSet<String>,
    /// Modules that have tests, in themselves or in modules of theirs.
    modules: HashSet<String>,
    /// Paths of vectors, with and without what stands before and after the name.
    vectors: Vec<String>,
    /// Names of recorded cases.
    recordings: HashSet<String>,
}

impl Known {
    fn read() -> Self {
        let mut known = Self {
            tests: HashSet::new(),
            modules: HashSet::new(),
            vectors: files_below(&package().join("tests/vectors/generated")),
            recordings: HashSet::new(),
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
        for file in files_below(&package().join("tests/recordings")) {
            let text = std::fs::read_to_string(package().join("tests/recordings").join(file));
            let text = text.unwrap();
            let cases = text
                .lines()
                .filter_map(|line| line.strip_prefix("### case: "));
            known.recordings.extend(cases.map(str::to_owned));
        }
        for folder in ["src", "tests/it", "emulator/src", "emulator/tests/it"] {
            let folder = package().join(folder);
            for file in files_below(&folder) {
                if let Some(path) = file.strip_suffix(".rs") {
                    let text = std::fs::read_to_string(folder.join(&file)).unwrap();
                    known.add_tests(path, &text);
                }
            }
        }
        let interop = package().join("tests/interop");
        for file in files_below(&interop) {
            if Path::new(&file).extension().is_some_and(|end| end == "go") {
                let text = std::fs::read_to_string(interop.join(file)).unwrap();
                let after = text.split("\nfunc Test").skip(1);
                let names = after.filter_map(|text| text.split('(').next());
                known.tests.extend(names.map(|name| format!("Test{name}")));
            }
        }
        known
    }

    /// The tests of one file, whose path below the root module is `path`.
    fn add_tests(&mut self, path: &str, text: &str) {
        let is_said = |part: &&str| !matches!(*part, "mod" | "tests" | "lib" | "main");
        let module: Vec<&str> = path.split('/').filter(is_said).collect();
        let mut is_test = false;
        for line in text.lines().map(str::trim_start) {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ") else {
                continue;
            };
            if !std::mem::take(&mut is_test) {
                continue;
            }
            let name = rest.split(['(', '<']).next().unwrap();
            self.tests
                .insert([&module[..], &[name]].concat().join("::"));
            for length in 1..=module.len() {
                self.modules.insert(module[..length].join("::"));
            }
        }
    }

    fn has(&self, named: &str) -> bool {
        if named.contains(['/', '.']) {
            return package().join(named).exists() || self.has_vector_path(named);
        }
        let parts: Vec<&str> = named.split("::").filter(|part| *part != "tests").collect();
        let named = parts.join("::");
        // A name without a module stands for the only test of that name.
        let end = format!("::{named}");
        let mut of_name = self.tests.iter().filter(|test| test.ends_with(&end));
        self.tests.contains(&named)
            || self.modules.contains(&named)
            || (parts.len() == 1 && of_name.next().is_some() && of_name.next().is_none())
    }

    fn has_vector_path(&self, named: &str) -> bool {
        self.vectors.iter().any(|path| {
            let is_end = |rest: &str| rest.is_empty() || rest.starts_with(['.', '/']);
            let is_start = |at: usize| at == 0 || path[..at].ends_with('/');
            path.match_indices(named)
                .any(|(at, _)| is_start(at) && is_end(&path[at + named.len()..]))
        })
    }

    /// Whether a word of a row that says "vectors" is the name of one: a file, whatever its folder.
    fn has_vector(&self, named: &str) -> bool {
        self.vectors.iter().any(|path| {
            let file = path.rsplit('/').next().unwrap();
            file.split('.').next() == Some(named)
        })
    }
}

#[test]
fn a_misspelt_name_is_no_test() {
    let known = Known::read();
    let this = "documents::named_tests::a_misspelt_name_is_no_test";
    for named in [
        this,
        "documents::named_tests",
        "documents",
        "a_misspelt_name_is_no_test",
        "files::a_new_file_replaces_nothing",
        "files::tests::a_new_file_replaces_nothing",
    ] {
        assert!(known.has(named), "{named}");
    }
    for named in [
        "documents::a_misspelt_name_is_no_test",
        "named_tests::a_misspelt_name_is_no_test",
        "documents::named_tests::a_misspelt_name_is_no",
        "documents::named_tests::known",
        "a_misspelt_name",
        "named_tests",
        "files::read",
        "files_below",
        "",
    ] {
        assert!(!known.has(named), "{named}");
    }
}

/// What stands in backticks in `text`.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_test_that_a_document_names_exists() {
    let known = Known::read();
    let mut missing = Vec::new();
    for (document, tests) in [
        ("SECURITY.md", rows::tests_of_parties()),
        ("COMPATIBILITY.md", rows::tests_of_differences()),
    ] {
        assert!(tests.len() > 10, "{document} names only {tests:?}");
        for text in tests {
            for name in named(&text) {
                let is_vector = text.contains("vector") && known.has_vector(name);
                assert!(!name.is_empty(), "{text}");
                if !is_vector && !known.has(name) {
                    missing.push(format!("{document}: `{name}`"));
                }
            }
            if text.contains("`cli::recordings") {
                let quoted = text.split('"').skip(1).step_by(2);
                let unknown = quoted.filter(|case| !known.recordings.contains(*case));
                missing.extend(unknown.map(|case| format!("{document}: \"{case}\"")));
            }
            assert!(text.contains('`'), "{document}: {text} names no test");
        }
    }
    assert_eq!(missing, [""; 0]);
}
