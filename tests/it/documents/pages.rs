//! The documents of this repository: which there are, their blocks, their sentences, their headings.

use std::path::Path;

pub(super) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn read(document: &str) -> String {
    let path = package().join(document);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// The documents in these folders, as paths from the repository's root, sorted.
fn documents_in(folders: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(package().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if Path::new(&name).extension().is_some_and(|end| end == "md") {
                let separator = if folder.is_empty() { "" } else { "/" };
                found.push(format!("{folder}{separator}{name}"));
            }
        }
    }
    found.sort();
    found
}

/// What a user follows: `README.md` and the pages in `docs/`.
pub(super) fn guides() -> Vec<String> {
    let mut guides = documents_in(&["docs"]);
    assert!(guides.len() >= 7, "{guides:?}");
    guides.push("README.md".to_owned());
    guides
}

/// Every document.
pub(super) fn all() -> Vec<String> {
    documents_in(&[
        "",
        "docs",
        "emulator",
        "trustpolicy",
        "examples/containerd",
        "examples/eks-nodes",
        "examples/bottlerocket",
        "examples/cloudformation",
        "examples/codebuild",
        "examples/codepipeline",
        "examples/ecr-managed-signing",
        "examples/github-actions",
        "examples/gitlab",
        "examples/lambda",
        "examples/terraform",
    ])
}

/// A block of code.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) language: String,
    pub(super) text: String,
    /// What the block after this one shows, if it is a `text` and nothing but the two fences is between them.
    pub(super) output: Option<String>,
}

/// The blocks of a document, in order.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = text.lines();
    let mut follows = false;
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            follows &= line.is_empty();
            continue;
        };
        let inside = lines.by_ref().take_while(|line| *line != "```");
        let text = inside.collect::<Vec<_>>().join("\n");
        match blocks.last_mut() {
            Some(block) if follows && language == "text" => block.output = Some(text),
            _ => blocks.push(Block {
                language: language.to_owned(),
                text,
                output: None,
            }),
        }
        follows = true;
    }
    blocks
}

/// The blocks of shell commands in a document, in order.
pub(super) fn commands(document: &str) -> Vec<Block> {
    let mut blocks = blocks(&read(document));
    blocks.retain(|block| block.language == "sh");
    blocks
}

/// The paragraphs, items, rows and headings of a document, each on one line; blocks of code are left out.
pub(super) fn prose(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let (mut in_code, mut is_open) = (false, false);
    for line in text.lines() {
        let line = line.trim();
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        if in_code || is_fence || line.is_empty() {
            is_open = false;
            continue;
        }
        let begins = ["- ", "* ", "#", "|", "["];
        let is_numbered = line.split_once(". ").is_some_and(|(number, _)| {
            !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
        });
        match parts.last_mut() {
            Some(part)
                if is_open
                    && !is_numbered
                    && !begins.iter().any(|start| line.starts_with(start)) =>
            {
                part.push(' ');
                part.push_str(line);
            }
            _ => parts.push(line.to_owned()),
        }
        is_open = true;
    }
    parts
}

/// `text` with an empty pair of backticks in place of what stands in each.
pub(super) fn without_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let words = parts.map(|(at, part)| if at % 2 == 0 { part } else { "``" });
    words.collect()
}

/// The anchors of a document's headings, as Git's hosts make them.
pub(super) fn anchors(text: &str) -> Vec<String> {
    prose(text)
        .iter()
        .filter(|part| part.starts_with('#'))
        .map(|heading| {
            let title = heading.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
                .map(|letter| if letter == ' ' { '-' } else { letter })
                .collect()
        })
        .collect()
}

#[test]
fn blocks_and_sentences_are_told_apart() {
    let text = "# A `title`: one\n\nTwo\nlines.\n- item\n  goes on\n\n```sh\nrun\n```\n\n```text\nsaid\nmore\n```\nafter\n\n```text\nalone\n```\n1. first\n";
    let blocks = blocks(text);
    let [run, alone] = &blocks[..] else {
        panic!("{blocks:?}");
    };
    assert_eq!((run.language.as_str(), run.text.as_str()), ("sh", "run"));
    assert_eq!(run.output.as_deref(), Some("said\nmore"));
    assert_eq!((alone.text.as_str(), &alone.output), ("alone", &None));
    assert_eq!(
        prose(text),
        [
            "# A `title`: one",
            "Two lines.",
            "- item goes on",
            "after",
            "1. first"
        ]
    );
    assert_eq!(anchors(text), ["a-title-one"]);
    assert_eq!(without_code("a `b` c"), "a `` c");
}
