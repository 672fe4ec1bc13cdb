//! No text of the library names a flag: it says the fact or names a setting, and the faces put their flags in its place
//! (`src/hints.rs`).

use crate::support::sources::{self, without_literals};

/// Programs whose commands, with their flags, a text shows whole.
const PROGRAMS: [&str; 4] = ["aws", "countersign", "cp", "oras"];

/// Texts with flags that are not flags of the caller: each file, how the text begins, and what it is.
const OTHERS: [(&str, &str, &str); 6] = [
    (
        "code_signing/signing/error.rs",
        " --create-bucket-configuration ",
        "part of a command of `aws`",
    ),
    (
        "code_signing/signing/error.rs",
        " --region ",
        "part of a command of `aws`",
    ),
    (
        "install/place.rs",
        "--signing-profile ",
        "part of a command of `countersign`",
    ),
    (
        "install/place.rs",
        "# Dockerfile",
        "a file that runs `countersign`",
    ),
    (
        "node/containerd/version.rs",
        "`{shown} --version` ended with ",
        "the command that was run",
    ),
    (
        "report/plugin_sentence.rs",
        "failed to install plugin ",
        "a sentence of notation's",
    ),
];

/// Whether a flag stands in these words.
fn has_flag(words: &str, is_code: bool) -> bool {
    let is_letter = |rest: &str| rest.starts_with(|first: char| first.is_ascii_lowercase());
    let is_long = |word: &str| word.strip_prefix("--").is_some_and(is_letter);
    let is_short = |word: &str| word.len() == 2 && word.strip_prefix('-').is_some_and(is_letter);
    let words: Vec<&str> = words
        .split(|one: char| one.is_whitespace() || "'\"=/,.;:()".contains(one))
        .collect();
    words.iter().any(|word| is_long(word))
        || is_code && words.first().is_some_and(|word| is_short(word))
}

/// Whether these words are a command that begins with its program.
fn is_command(words: &str) -> bool {
    let first = words.split(' ').next();
    first.is_some_and(|first| PROGRAMS.contains(&first)) && !words.contains('`')
}

/// Whether a text names a flag outside of a whole command.
fn names_flag(text: &str) -> bool {
    // An argument of a program that this one runs stands alone.
    let is_text = text.contains([' ', '`']);
    let mut spans = text.split('`').enumerate();
    is_text
        && !is_command(text)
        && spans.any(|(at, span)| has_flag(span, at % 2 == 1) && !(at % 2 == 1 && is_command(span)))
}

#[test]
fn no_text_of_the_library_names_a_flag() {
    let (mut wrong, mut used) = (Vec::new(), Vec::new());
    let mut count = 0;
    for source in sources::below("src") {
        if source.path.starts_with("cli/") || source.path == "main.rs" || source.is_of_tests() {
            continue;
        }
        for literal in without_literals(&source.code()).1 {
            count += 1;
            if !names_flag(&literal.text) {
                continue;
            }
            let other = OTHERS
                .iter()
                .find(|(path, begin, _)| *path == source.path && literal.text.starts_with(begin));
            match other {
                Some(other) => used.push(other),
                None => wrong.push(format!("src/{}: `{}`", source.path, literal.text)),
            }
        }
    }
    assert!(count > 5_000, "{count} literals were found");
    assert!(
        wrong.is_empty(),
        "name a setting (src/hints.rs) instead of a flag:\n{}",
        wrong.join("\n")
    );
    for other in &OTHERS {
        assert!(used.contains(&other), "{other:?} is not needed");
    }
}

#[test]
fn a_flag_is_seen() {
    for text in [
        "allow more time with `--timeout`",
        "leave out --expiry",
        "each pair needs its own `-m`",
        "omit `-e`/`--expiry`",
        "`key update --default NAME` sets one",
        "`--output`",
        "(`--cache-ttl`)",
    ] {
        assert!(names_flag(text), "{text}");
    }
    for text in [
        "allow more time with the setting `timeout`",
        "--version",
        "run `aws kms create-key --key-usage X`",
        "countersign verify --require strict \"$IMAGE\"",
        "check the clock - and the time -- both",
        "`openssl pkcs8 -topk8`",
        "put `---` on a line of its own",
    ] {
        assert!(!names_flag(text), "{text}");
    }
}
