//! What `STYLE.md` forbids and a program can see: in the string literals and comments of the sources, in every `--help`, in
//! the documents.

use super::pages;
use crate::support::sandbox::Sandbox;
use crate::support::sources::{self, without_literals};

/// Words that stand in no sentence; each is in the table at the end of `STYLE.md`.
const FORBIDDEN: [&str; 21] = [
    "nobody",
    "somebody",
    "anybody",
    "whoever",
    "is none",
    "are none",
    "be none",
    "be had",
    "time stamp",
    "time stamps",
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

/// Words that stand in no message, hint or `--help`; comments may have them.
const FORBIDDEN_IN_MESSAGES: [&str; 3] = ["told", "everybody", "looked at"];

/// The folders whose sources have comments.
const COMMENTED: [&str; 6] = [
    "src",
    "emulator/src",
    "emulator/tests",
    "tests",
    "benches",
    "examples",
];

/// Files with sentences that are notation's, byte for byte.
const NOTATIONS: [&str; 2] = ["src/report/sentence.rs", "src/trust_policy/sentence.rs"];

/// Messages that begin with a name, which keeps its capital letter.
const NAMES: [&str; 4] = ["Docker's ", "Notation ", "Notation's ", "Amazon "];

/// What is wrong with these words of a message, a hint or `--help`.
fn faults_of_message(text: &str) -> Vec<String> {
    let said = said(text);
    let forbidden = FORBIDDEN_IN_MESSAGES.iter();
    let mut faults: Vec<String> = forbidden
        .filter(|forbidden| said.contains(&format!(" {forbidden} ")))
        .map(|forbidden| format!("has `{forbidden}`"))
        .collect();
    faults.extend(self::faults(text));
    faults
}

fn words(text: &str) -> Vec<&str> {
    text.split(|character: char| !(character.is_alphanumeric() || "'-`{}".contains(character)))
        .filter(|word| !word.is_empty())
        .collect()
}

/// The words in lower case, each between blanks.
fn said(text: &str) -> String {
    format!(" {} ", words(text).join(" ").to_lowercase())
}

/// What is wrong with these words.
fn faults(text: &str) -> Vec<String> {
    let (words, said) = (words(text), said(text));
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
    let (mut wrong, mut count) = (Vec::new(), 0);
    for source in sources::below("src") {
        let name = format!("src/{}", source.path);
        if NOTATIONS.contains(&name.as_str()) || source.is_of_tests() {
            continue;
        }
        for literal in without_literals(&source.code()).1 {
            // A path in an attribute, or a single word, is not a sentence.
            if !literal.text.contains(' ') {
                continue;
            }
            count += 1;
            let mut faults = faults_of_message(&literal.text);
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

/// The comments of a source that stand on lines of their own, each on one line.
fn comments(text: &str) -> Vec<String> {
    let mut comments: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let Some(comment) = line.trim_start().strip_prefix("//") else {
            is_open = false;
            continue;
        };
        let comment = comment.trim_start_matches(['/', '!']).trim();
        match comments.last_mut() {
            Some(open) if is_open && !comment.is_empty() => {
                open.push(' ');
                open.push_str(comment);
            }
            _ => comments.push(comment.to_owned()),
        }
        is_open = !comment.is_empty();
    }
    comments
}

#[test]
fn the_comments_use_the_words_of_the_style() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for folder in COMMENTED {
        for source in sources::below(folder) {
            for comment in comments(&source.text) {
                count += 1;
                for fault in faults(&pages::without_code(&comment)) {
                    wrong.push(format!("{folder}/{}: `{comment}` {fault}", source.path));
                }
            }
        }
    }
    assert!(count > 5_000, "{count} comments were found");
    assert!(wrong.is_empty(), "see STYLE.md:\n{}", wrong.join("\n"));
}

#[test]
fn comments_are_found_whole() {
    let text =
        "//! One\n//! two.\n//!\n//! Three.\nlet a = 1; // not this\n    /// Four\n    // five\n";
    assert_eq!(comments(text), ["One two.", "", "Three.", "Four five"]);
}

#[test]
fn every_help_uses_the_words_of_the_style() {
    let mut found = Vec::new();
    Sandbox::new().helps(&[], &mut found);
    assert!(found.len() > 20, "{} commands were found", found.len());
    let mut wrong = Vec::new();
    for (command, text) in found {
        for line in text.lines() {
            // Columns are apart.
            for part in line.split("  ") {
                for fault in faults_of_message(part) {
                    wrong.push(format!("`{command} --help`: `{}` {fault}", part.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "see STYLE.md:\n{}", wrong.join("\n"));
}

#[test]
fn the_documents_use_the_words_of_the_style() {
    let mut documents = pages::all();
    // It quotes what it forbids.
    documents.retain(|document| document != "STYLE.md");
    assert!(documents.len() > 15, "{documents:?}");
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
    for (text, fault) in [
        ("it cannot be told", "has `told`"),
        ("nothing was looked\n   at", "has `looked at`"),
        ("two,  three", "has two blanks"),
    ] {
        assert_eq!(faults_of_message(text), [fault], "{text}");
    }
    for good in [
        "there is no plugin `x`",
        "it is no longer safe",
        "leave it as it is; go away",
        "a nobodys_name",
    ] {
        assert_eq!(faults(good), [""; 0], "{good}");
    }
}
