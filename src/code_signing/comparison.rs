//! A signed package against the one that it was made of, entry by entry: what the signature's digest joins is apart here.

use std::collections::BTreeMap;

use super::contents::{Content, Contents, SET_ID, SIGNATURE_DIRECTORY, SIGNATURE_NAME};

/// How two packages differ in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Only the verified package has it.
    Added(String),
    /// Only the other package has it.
    Missing(String),
    /// Its content is another.
    Content(String),
    /// It is something else: a link and no file, for example.
    Kind(String),
    /// It runs as another user or group, which the other does not.
    SetId(String),
    /// Its mode is another.
    Mode(String),
    /// It stands in another place among those that both have.
    Order(String),
}

impl Difference {
    /// The entry's name.
    pub fn name(&self) -> &str {
        let (Self::Added(name)
        | Self::Missing(name)
        | Self::Content(name)
        | Self::Kind(name)
        | Self::SetId(name)
        | Self::Mode(name)
        | Self::Order(name)) = self;
        name
    }

    /// A name for programs to branch on; it does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Missing(_) => "missing",
            Self::Content(_) => "content",
            Self::Kind(_) => "kind",
            Self::SetId(_) => "set-id",
            Self::Mode(_) => "mode",
            Self::Order(_) => "order",
        }
    }
}

/// What signing adds is left out of both.
fn is_signed(entry: &Content) -> bool {
    entry.name != SIGNATURE_NAME && entry.name != SIGNATURE_DIRECTORY
}

/// How `contents` differ from `other`, which may be unsigned, in the order of the entries.
pub fn compare(contents: &Contents, other: &Contents) -> Vec<Difference> {
    let (here, there) = (by_name(contents), by_name(other));
    let mut differences = Vec::new();
    for entry in contents.entries.iter().filter(|entry| is_signed(entry)) {
        let name = || entry.name.clone();
        match there.get(entry.name.as_str()) {
            None => differences.push(Difference::Added(name())),
            Some(other) if other.sha256 != entry.sha256 => {
                differences.push(Difference::Content(name()));
            }
            Some(other) if other.kind != entry.kind => differences.push(Difference::Kind(name())),
            Some(other) if entry.mode & !other.mode & SET_ID != 0 => {
                differences.push(Difference::SetId(name()));
            }
            Some(other) if other.mode != entry.mode => differences.push(Difference::Mode(name())),
            Some(_) => {}
        }
    }
    let missing = other.entries.iter().filter(|entry| is_signed(entry));
    let missing = missing.filter(|entry| !here.contains_key(entry.name.as_str()));
    differences.extend(missing.map(|entry| Difference::Missing(entry.name.clone())));
    let orders = shared(contents, &there).zip(shared(other, &here));
    let moved = orders.filter(|(here, there)| here != there);
    differences.extend(moved.map(|(here, _)| Difference::Order(here.to_owned())));
    differences
}

fn by_name(contents: &Contents) -> BTreeMap<&str, &Content> {
    let entries = contents.entries.iter().filter(|entry| is_signed(entry));
    entries.map(|entry| (entry.name.as_str(), entry)).collect()
}

/// The names that `others` have too, in their order.
fn shared<'c>(
    contents: &'c Contents,
    others: &BTreeMap<&str, &Content>,
) -> impl Iterator<Item = &'c str> {
    let entries = contents.entries.iter().filter(|entry| is_signed(entry));
    let names = entries.map(|entry| entry.name.as_str());
    names.filter(|name| others.contains_key(name))
}
