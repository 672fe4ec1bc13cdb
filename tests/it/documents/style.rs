//! What `STYLE.md` forbids and a program can see: in the string literals of `src/`, in every `--help`, in the documents.

use std::path::{Path, PathBuf};

use super::pages;
use crate::support::sandbox::Sandbox;

/// Words that stand in no sentence; each is in the table at the end of `STYLE.md`.
const FORBIDDEN: [&str; 19] = [
    "nobody",
    "somebody",
    "anybody",
    "whoever",
    "is none",
    "are none",
    "be none",
    "cannot be had",
    "for now",
    "as ever",
    "for ever",
    "of no use",
    "so that no",
    "all the same",
    "anew",
    "beforehand",
    "shall",
    "whom",
    "lets in",
];

/// Files with sentences that are notation's, byte for byte.
const NOTATIONS: [&str; 2] = ["src/report/sentence.rs", "src/trust_policy/sentence.rs"];

/// Messages that begin with a name, which keeps its capital letter.
const NAMES: [&str; 4] = ["Docker's ", "Notation ", "Notation's ", "Amazon "];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.file_name().unwrap() != "tests" {
                rust_files(&path, files);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_name().unwrap() != "tests.rs"
        {
            files.push(path);
        }
    }
}

/// A string literal: the code before it on its line, and what it says.
struct Literal {
    before: String,
    text: String,
}

/// The string literals of a source file, without those of its tests and comments.
fn literals(source: &str) -> Vec<Literal> {
    let code = source.split("\n#[cfg(test)]\nmod ").next().unwrap();
    let mut found = Vec::new();
    let mut rest = code;
    let mut line = String::new();
    while let Some(character) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let hashes = line.len() - line.trim_end_matches('#').len();
            let is_raw = line.trim_end_matches('#').ends_with('r');
            let end = if is_raw {
                quoted.find(&format!("\"{}", "#".repeat(hashes))).unwrap()
            } else {
                end_of(quoted)
            };
            let text = if is_raw {
                quoted[..end].to_owned()
            } else {
                spoken(&quoted[..end])
            };
            found.push(Literal {
                before: line.trim().to_owned(),
                text,
            });
            rest = &quoted[end + 1..];
            line.push('_');
        } else if rest.starts_with("'\"'") {
            rest = &rest[3..];
        } else if rest.starts_with("'\\\"'") || rest.starts_with("'\\''") {
            rest = &rest[4..];
        } else {
            // An attribute may be on lines of its own before its text.
            if character == '\n' && !line.trim_end().ends_with('(') {
                line.clear();
            } else {
                line.push(character);
            }
            rest = &rest[character.len_utf8()..];
        }
    }
    found
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

/// What is wrong with these words.
fn faults(text: &str) -> Vec<String> {
    let words: Vec<&str> = text
        .split(|character: char| !(character.is_alphanumeric() || "'-`{}".contains(character)))
        .filter(|word| !word.is_empty())
        .collect();
    let said = format!(" {} ", words.join(" ").to_lowercase());
    let mut faults: Vec<String> = FORBIDDEN
        .iter()
        .filter(|forbidden| said.contains(&format!(" {forbidden} ")))
        .map(|forbidden| format!("has `{forbidden}`"))
        .collect();
    for (at, three) in words.windows(3).enumerate() {
        let is_no = ["is", "are", "was", "were"].contains(&three[0]) && three[1] == "no";
        let is_there = at > 0 && words[at - 1].eq_ignore_ascii_case("there");
        if is_no && !is_there && three[2] != "longer" {
            faults.push(format!("has `{}`: say `not a`", three.join(" ")));
        }
    }
    for clause in text.split([';', ':', '.', ',']) {
        let words: Vec<&str> = clause.split_whitespace().collect();
        let leaves = words.iter().position(|word| word.starts_with("leav"));
        if leaves.is_some_and(|at| words[at..].contains(&"away")) {
            faults.push("has `leave away`: say `omit`".to_owned());
        }
    }
    let characters: Vec<char> = text.chars().collect();
    for four in characters.windows(4) {
        let is_word = |character: char| character.is_alphanumeric() || ",;`".contains(character);
        if is_word(four[0])
            && four[1] == ' '
            && four[2] == ' '
            && (is_word(four[3]) || four[3] == ' ')
            && !text.contains("\n  countersign")
        {
            faults.push("has two blanks".to_owned());
            break;
        }
    }
    faults
}

#[test]
fn messages_and_hints_use_the_words_of_the_style() {
    let mut files = Vec::new();
    rust_files(&root().join("src"), &mut files);
    let (mut wrong, mut count) = (Vec::new(), 0);
    for file in files {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        if NOTATIONS.contains(&name.as_str()) {
            continue;
        }
        for literal in literals(&std::fs::read_to_string(&file).unwrap()) {
            // A path in an attribute, or a single word, is not a sentence.
            if !literal.text.contains(' ') {
                continue;
            }
            count += 1;
            let mut faults = faults(&literal.text);
            if literal.before.ends_with("#[error(") {
                faults.extend(message_faults(&literal.text));
            }
            for fault in faults {
                wrong.push(format!("{name}: `{}` {fault}", literal.text));
            }
        }
    }
    assert!(count > 1_000, "{count} literals were found");
    assert!(wrong.is_empty(), "see STYLE.md:\n{}", wrong.join("\n"));
}

/// A message is one clause: lower case, no period.
fn message_faults(text: &str) -> Option<String> {
    let mut start = text.chars();
    let capital = start.next().is_some_and(char::is_uppercase);
    let is_word = start.next().is_some_and(char::is_lowercase);
    if capital && is_word && !NAMES.iter().any(|name| text.starts_with(name)) {
        return Some("begins with a capital letter".to_owned());
    }
    text.ends_with('.').then(|| "ends with a period".to_owned())
}

/// The `--help` of a command and of those below it.
pub(super) fn helps(sandbox: &Sandbox, command: &[&str], found: &mut Vec<(String, String)>) {
    let ran = sandbox.run(&[command, &["--help"]].concat());
    assert_eq!(ran.code, 0, "{command:?}: {ran:#?}");
    let commands = ran.stdout.split("\nCommands:\n").nth(1).unwrap_or_default();
    for line in commands.lines().take_while(|line| !line.is_empty()) {
        let name = line.strip_prefix("  ").unwrap().split(' ').next().unwrap();
        if !name.is_empty() && name != "help" {
            helps(sandbox, &[command, &[name]].concat(), found);
        }
    }
    found.push((command.join(" "), ran.stdout));
}

#[test]
fn every_help_uses_the_words_of_the_style() {
    let mut found = Vec::new();
    helps(&Sandbox::new(), &[], &mut found);
    assert!(found.len() > 20, "{} commands were found", found.len());
    let mut wrong = Vec::new();
    for (command, text) in found {
        for line in text.lines() {
            // Columns are apart.
            for part in line.split("  ") {
                for fault in faults(part) {
                    wrong.push(format!("`{command} --help`: `{}` {fault}", part.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "see STYLE.md:\n{}", wrong.join("\n"));
}

#[test]
fn the_documents_use_the_words_of_the_style() {
    let mut documents = pages::guides();
    let more = [
        "SECURITY.md",
        "COMPATIBILITY.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ];
    documents.extend(more.map(str::to_owned));
    let (mut wrong, mut count) = (Vec::new(), 0);
    for document in documents {
        for part in pages::prose(&pages::read(&document)) {
            count += 1;
            for fault in faults(&pages::without_code(&part)) {
                wrong.push(format!("{document}: `{part}` {fault}"));
            }
        }
    }
    assert!(count > 1_000, "{count} sentences were found");
    assert!(wrong.is_empty(), "see STYLE.md:\n{}", wrong.join("\n"));
}

#[test]
fn a_fault_is_seen() {
    for (text, fault) in [
        ("this is none", "has `is none`"),
        ("Nobody may", "has `nobody`"),
        ("`x` is no plugin", "has `is no plugin`: say `not a`"),
        ("leave the region away", "has `leave away`: say `omit`"),
        ("one,  two", "has two blanks"),
    ] {
        assert_eq!(faults(text), [fault], "{text}");
    }
    for good in [
        "there is no plugin `x`",
        "it is no longer safe",
        "leave it as it is; go away",
        "a nobodys_name",
    ] {
        assert_eq!(faults(good), [""; 0], "{good}");
    }
    let source = "f(\"one \\\n    two\"); // \"three\"\nconst C: char = '\"';\ng(r#\"fo\"ur\"#);\n#[cfg(test)]\nmod tests { \"five\" }";
    let texts: Vec<String> = literals(source)
        .into_iter()
        .map(|literal| literal.text)
        .collect();
    assert_eq!(texts, ["one two", "fo\"ur"]);
}
