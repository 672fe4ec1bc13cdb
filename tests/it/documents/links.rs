//! Links between documents lead somewhere, every page can be reached, and the README stays short.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use super::pages;

/// What a reader takes in at once.
const README_LINES: usize = 170;

/// The targets of the links in a document, without its blocks of code.
fn targets(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for part in pages::prose(text) {
        for rest in pages::without_code(&part).split("](").skip(1) {
            targets.push(rest.split(')').next().unwrap().to_owned());
        }
    }
    targets
}

/// `link` in a document of `folder`, as a path from the repository's root; none where it leads out of there.
fn resolved(folder: &Path, link: &str) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in folder.join(link).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// What is wrong with a link of `document`, and the document that it leads to.
fn followed(document: &str, target: &str) -> Result<Option<String>, String> {
    if target.starts_with("https://") {
        return Ok(None);
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(document).parent().unwrap();
    let path = if file.is_empty() {
        PathBuf::from(document)
    } else {
        resolved(folder, file).ok_or_else(|| format!("{document}: {target} leads out of here"))?
    };
    if !pages::package().join(&path).exists() {
        return Err(format!("{document}: {target} does not exist"));
    }
    let path = path.to_str().unwrap().to_owned();
    if !anchor.is_empty() && !pages::anchors(&pages::read(&path)).contains(&anchor.to_owned()) {
        return Err(format!("{document}: {target}: no heading has this anchor"));
    }
    Ok(Some(path))
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for document in pages::all() {
        for target in targets(&pages::read(&document)) {
            count += 1;
            wrong.extend(followed(&document, &target).err());
        }
    }
    assert!(count > 30, "{count} links were found");
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_link_that_leads_nowhere_is_seen() {
    for (target, found) in [
        ("STYLE.md", Ok(Some("STYLE.md".to_owned()))),
        ("docs/../STYLE.md#hints", Ok(Some("STYLE.md".to_owned()))),
        ("https://example.com/x#y", Ok(None)),
        (
            "docs/nothing.md",
            Err("README.md: docs/nothing.md does not exist".to_owned()),
        ),
        (
            "STYLE.md#nothing",
            Err("README.md: STYLE.md#nothing: no heading has this anchor".to_owned()),
        ),
        (
            "../elsewhere.md",
            Err("README.md: ../elsewhere.md leads out of here".to_owned()),
        ),
    ] {
        assert_eq!(followed("README.md", target), found);
    }
    assert_eq!(targets("[a](b) and `[c](d)`\nand [e](f#g)"), ["b", "f#g"]);
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let mut reached = HashSet::new();
    let mut next = vec!["README.md".to_owned()];
    while let Some(document) = next.pop() {
        let text = pages::read(&document);
        let linked = targets(&text)
            .into_iter()
            .filter_map(|target| followed(&document, &target).ok().flatten());
        let linked: Vec<String> = linked
            .filter(|path| Path::new(path).extension().is_some_and(|end| end == "md"))
            .collect();
        if reached.insert(document) {
            next.extend(linked);
        }
    }
    let guides = pages::guides();
    let lost: Vec<&String> = guides
        .iter()
        .filter(|page| !reached.contains(*page))
        .collect();
    assert!(lost.is_empty(), "no link leads to {lost:?}");
}

#[test]
fn the_readme_is_short_and_every_page_begins_with_what_the_reader_wants() {
    let lines = pages::read("README.md").lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines");
    for page in pages::guides() {
        let text = pages::read(&page);
        let prose = pages::prose(&text);
        assert!(prose[0].starts_with("# "), "{page}: {}", prose[0]);
        let is_sentence = prose[1].chars().next().is_some_and(char::is_alphabetic);
        assert!(is_sentence, "{page}: {}", prose[1]);
        if page != "README.md" {
            assert!(
                prose[1].starts_with("You want to "),
                "{page} does not say what its reader wants to do: {}",
                prose[1]
            );
        }
    }
}
