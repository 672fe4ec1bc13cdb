//! The shape of `COMPATIBILITY.md` and `SECURITY.md`: every difference and every party has its parts, and names its
//! tests.

use std::collections::BTreeMap;

use super::pages;

/// A difference from notation, or one of the first ten.
struct Difference {
    /// Its first line.
    head: String,
    /// The lines below it.
    parts: Vec<String>,
}

/// The names of the footnotes that a line leads to.
fn references(line: &str) -> Vec<&str> {
    let after = line.split("[^").skip(1);
    after.map(|rest| rest.split(']').next().unwrap()).collect()
}

/// The footnotes of `COMPATIBILITY.md`: what stands in each.
fn footnotes(text: &str) -> BTreeMap<String, String> {
    let mut notes = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("[^")) {
        let (name, note) = line[2..].split_once("]: ").unwrap();
        let before = notes.insert(name.to_owned(), note.to_owned());
        assert_eq!(before, None, "two footnotes have the name {name}");
    }
    notes
}

/// The entries whose first line begins with `start`.
fn differences(text: &str, is_start: impl Fn(&str) -> bool) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    for line in text.lines() {
        if is_start(line) {
            let head = line.to_owned();
            let parts = Vec::new();
            found.push(Difference { head, parts });
        } else if let Some(part) = line.strip_prefix("  ")
            && let Some(last) = found.last_mut()
        {
            last.parts.push(part.to_owned());
        }
    }
    found
}

/// What each footnote of `COMPATIBILITY.md` says.
pub(super) fn tests_of_differences() -> Vec<String> {
    footnotes(&pages::read("COMPATIBILITY.md"))
        .into_values()
        .collect()
}

/// A party that may lie: what it can do, what it cannot, which tests show that.
struct Party {
    name: String,
    lists: Vec<(String, Vec<String>)>,
}

fn parties() -> Vec<Party> {
    let text = pages::read("SECURITY.md");
    let (_, text) = text.split_once("\n## Who may lie\n").unwrap();
    let text = text.split("\n## ").next().unwrap();
    let mut parties: Vec<Party> = Vec::new();
    for part in pages::prose(text) {
        if let Some(name) = part.strip_prefix("### ") {
            let name = name.to_owned();
            let lists = Vec::new();
            parties.push(Party { name, lists });
        } else if let Some(party) = parties.last_mut() {
            if let Some(item) = part.strip_prefix("- ") {
                let list = party.lists.last_mut();
                list.unwrap().1.push(item.to_owned());
            } else {
                party.lists.push((part, Vec::new()));
            }
        }
    }
    parties
}

/// What the lists of tests in `SECURITY.md` say.
pub(super) fn tests_of_parties() -> Vec<String> {
    let lists = parties().into_iter().flat_map(|party| party.lists);
    lists
        .filter(|(name, _)| name == "Tests:")
        .flat_map(|(_, tests)| tests)
        .collect()
}

#[test]
fn every_difference_says_what_who_and_why_and_has_its_footnote() {
    let text = pages::read("COMPATIBILITY.md");
    let notes = footnotes(&text);
    let mut unused: Vec<&String> = notes.keys().collect();
    let found = differences(&text, |line| line.starts_with("- **"));
    assert!(found.len() > 200, "{} differences were found", found.len());
    for difference in &found {
        let head = &difference.head;
        let [name] = references(head)[..] else {
            panic!("{head}: one footnote names its tests");
        };
        assert!(
            notes.contains_key(name),
            "{head}: there is no such footnote"
        );
        unused.retain(|unused| *unused != name);
        let [other, ours, why] = &difference.parts[..] else {
            panic!("{head}: {:?}", difference.parts);
        };
        let others = ["- notation: ", "- AWS's plugin: ", "- AWS's Go SDK: "];
        assert!(
            others.iter().any(|label| other.starts_with(label)),
            "{other}"
        );
        assert!(ours.starts_with("- Countersign: "), "{ours}");
        assert!(why.starts_with("- why: "), "{why}");
    }
    assert!(unused.is_empty(), "nothing leads to {unused:?}");
}

#[test]
fn the_first_ten_differences_lead_to_their_tests() {
    let text = pages::read("COMPATIBILITY.md");
    let notes = footnotes(&text);
    let is_numbered = |line: &str| line.split_once(". **").is_some_and(|(n, _)| n.len() <= 2);
    let found = differences(&text, is_numbered);
    assert_eq!(found.len(), 10);
    for difference in found {
        let text = format!("{} {}", difference.head, difference.parts.join(" "));
        let names = references(&text);
        assert!(!names.is_empty(), "{text}");
        assert!(names.iter().all(|name| notes.contains_key(*name)), "{text}");
    }
}

#[test]
fn every_party_has_what_it_can_what_it_cannot_and_tests() {
    let parties = parties();
    assert!(parties.len() > 20, "{} parties were found", parties.len());
    for party in parties {
        let lists = party.lists.iter().map(|(name, items)| {
            assert!(!items.is_empty(), "{}: {name}", party.name);
            name.as_str()
        });
        let lists: Vec<&str> = lists.collect();
        assert_eq!(lists, ["Can:", "Cannot:", "Tests:"], "{}", party.name);
    }
}
