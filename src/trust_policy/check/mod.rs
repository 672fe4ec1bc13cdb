//! From a JSON document to statements, with every problem on the way.
//!
//! The checks go in notation's order, so that the first problem is the one that notation names. `null` counts
//! as absent, and as an empty string in a list, as it does in notation.

mod reach;
mod trust;
mod verification;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use self::reach::ScopeSeen;
use self::verification::Verification;
use super::DocumentKind;
use super::rule::{Problem, Rule};
use super::statement::Statement;
use super::warning::{self, Cause, Warning};
use crate::document::{Document, Kind, Member, Node, Position};
use crate::limits::MAX_POLICY_PROBLEMS;

const VERSION: &str = "1.0";

const TOP_MEMBERS: &[&str] = &["version", "trustPolicies"];
const OCI_MEMBERS: &[&str] = &[
    "name",
    "registryScopes",
    "signatureVerification",
    "trustStores",
    "trustedIdentities",
];
const BLOB_MEMBERS: &[&str] = &[
    "name",
    "globalPolicy",
    "signatureVerification",
    "trustStores",
    "trustedIdentities",
];

/// What reading a document gave. Without problems, the statements are all there.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) statements: Vec<Statement>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

impl Checked {
    /// The problems, and behind them the misspelt names, which may be why something is missing.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems;
        let misspelt = self.warnings.into_iter().filter_map(|warning| {
            let Cause::UnknownMember {
                name: found,
                near: Some(near),
            } = warning.cause
            else {
                return None;
            };
            Some(Problem {
                path: warning.path,
                pointer: warning.pointer,
                position: warning.position,
                statement: String::new(),
                rule: Rule::MemberMisspelt { found, near },
            })
        });
        problems.extend(misspelt);
        problems.truncate(MAX_POLICY_PROBLEMS);
        problems
    }
}

/// Checks a whole document.
pub(super) fn check(document: &Document<'_>, kind: DocumentKind, path: &Path) -> Checked {
    let mut reader = Checker {
        kind,
        path,
        statement: String::new(),
        checked: Checked::default(),
    };
    reader.check_document(&document.root());
    let mut checked = reader.checked;
    // notation reads all JSON before it looks at any rule. The sort keeps the order otherwise.
    checked
        .problems
        .sort_by_key(|problem| !problem.is_of_form());
    checked
}

struct Checker<'p> {
    kind: DocumentKind,
    /// The document's file.
    path: &'p Path,
    /// The name of the statement that is being checked.
    statement: String,
    checked: Checked,
}

/// The members of an object that are known and not null.
type Members<'d> = HashMap<&'static str, Node<'d>>;

impl Checker<'_> {
    fn problem(&mut self, node: &Node<'_>, rule: Rule) {
        self.problem_at(node.pointer(), node.position(), rule);
    }

    fn problem_at(&mut self, pointer: &str, position: Position, rule: Rule) {
        if self.checked.problems.len() < MAX_POLICY_PROBLEMS {
            self.checked.problems.push(Problem {
                path: self.path.to_owned(),
                pointer: pointer.to_owned(),
                position,
                statement: self.statement.clone(),
                rule,
            });
        }
    }

    fn warning(&mut self, pointer: &str, position: Position, cause: Cause) {
        if self.checked.warnings.len() < MAX_POLICY_PROBLEMS {
            self.checked.warnings.push(Warning {
                path: self.path.to_owned(),
                pointer: pointer.to_owned(),
                position,
                cause,
            });
        }
    }

    fn wrong_type(&mut self, node: &Node<'_>, allowed: &'static str) {
        let found = node.kind();
        self.problem(node, Rule::WrongType { found, allowed });
    }

    /// The members of an object. Null counts as an object without members.
    fn members<'d>(&mut self, node: &Node<'d>, known: &[&'static str]) -> Members<'d> {
        let mut members = Members::new();
        if node.kind() == Kind::Null {
            return members;
        }
        let Some(found) = node.members() else {
            self.wrong_type(node, "an object");
            return members;
        };
        for member in found {
            self.take_member(&mut members, member, known);
        }
        members
    }

    fn take_member<'d>(
        &mut self,
        members: &mut Members<'d>,
        member: Member<'d>,
        known: &[&'static str],
    ) {
        let position = member.name_position();
        let Member { name, value, .. } = member;
        if let Some(name) = known.iter().find(|known| **known == name) {
            if value.kind() != Kind::Null {
                members.insert(name, value);
            }
            return;
        }
        if let Some(allowed) = known
            .iter()
            .copied()
            .find(|known| is_respelled(known, name))
        {
            let found = name.to_owned();
            self.problem_at(
                value.pointer(),
                position,
                Rule::OtherLetterCase { found, allowed },
            );
            return;
        }
        // Editors read this one; it says nothing about trust.
        if name == "$schema" {
            return;
        }
        let cause = warning::unknown_member(name, known, self.kind);
        self.warning(value.pointer(), position, cause);
    }

    /// A string; absent and null give an empty one.
    fn string<'d>(&mut self, node: Option<&Node<'d>>) -> &'d str {
        let Some(node) = node.filter(|node| node.kind() != Kind::Null) else {
            return "";
        };
        if node.as_str().is_none() {
            self.wrong_type(node, "a string");
        }
        node.as_str().unwrap_or_default()
    }

    fn elements<'d>(&mut self, node: Option<&Node<'d>>, allowed: &'static str) -> Vec<Node<'d>> {
        let Some(node) = node else {
            return Vec::new();
        };
        if node.kind() != Kind::Array {
            self.wrong_type(node, allowed);
        }
        node.elements().unwrap_or_default()
    }

    fn check_document(&mut self, root: &Node<'_>) {
        let members = self.members(root, TOP_MEMBERS);
        if root.kind() != Kind::Object && root.kind() != Kind::Null {
            return;
        }
        let version = members.get("version");
        let node = version.unwrap_or(root);
        match self.string(version) {
            VERSION => {}
            "" if is_another_type(version) => {}
            "" => self.problem(node, Rule::VersionMissing),
            found => {
                let found = found.to_owned();
                self.problem(node, Rule::VersionUnsupported { found });
            }
        }
        let list = members.get("trustPolicies");
        let statements = self.elements(list, "an array of statements");
        if statements.is_empty() && list.is_none_or(|list| list.kind() == Kind::Array) {
            self.problem(list.unwrap_or(root), Rule::NoStatements);
        }
        let mut names = HashSet::new();
        let mut globals = 0;
        let mut scopes = Vec::new();
        for node in &statements {
            self.check_statement(node, &mut names, &mut globals, &mut scopes);
        }
        self.statement.clear();
        self.check_scopes(scopes);
    }

    fn check_statement(
        &mut self,
        node: &Node<'_>,
        names: &mut HashSet<String>,
        globals: &mut usize,
        scopes: &mut Vec<(String, Vec<ScopeSeen>)>,
    ) {
        let known = match self.kind {
            DocumentKind::Oci => OCI_MEMBERS,
            DocumentKind::Blob => BLOB_MEMBERS,
        };
        self.statement.clear();
        let members = self.members(node, known);
        if !matches!(node.kind(), Kind::Object | Kind::Null) {
            return;
        }
        let name = self.string(members.get("name")).to_owned();
        self.statement.clone_from(&name);
        let name_node = members.get("name").unwrap_or(node);
        if name.is_empty() {
            if !is_another_type(members.get("name")) {
                self.problem(name_node, Rule::NameMissing);
            }
        } else if !names.insert(name.clone()) {
            let found = name.clone();
            self.problem(name_node, Rule::NameTaken { found });
        }
        let Verification {
            level,
            verify_timestamp,
            unsigned_revocation_statements,
        } = self.check_verification(node, members.get("signatureVerification"));
        if let Some(level) = &level {
            self.check_trust(node, level, &members);
        }
        let trust_stores = self.check_stores(members.get("trustStores"));
        let trusted_identities = self.check_identities(members.get("trustedIdentities"));
        let blob_use = self.check_global(members.get("globalPolicy"), level.as_ref(), globals);
        let mut registry_scopes = Vec::new();
        if self.kind == DocumentKind::Oci {
            let seen = self.check_statement_scopes(node, &members, level.as_ref());
            registry_scopes.extend(seen.iter().map(|scope| scope.text.clone()));
            scopes.push((name.clone(), seen));
        }
        let Some(level) = level else {
            return;
        };
        let statement = Statement {
            name,
            file: Some(self.path.to_owned()),
            registry_scopes,
            blob_use,
            level,
            trust_stores,
            trusted_identities,
            verify_timestamp,
            unsigned_revocation_statements,
        };
        if warning::has_only_timestamp_stores(&statement) {
            let stores = members.get("trustStores").unwrap_or(node);
            self.warning(
                stores.pointer(),
                stores.position(),
                Cause::OnlyTimestampStores,
            );
        }
        self.checked.statements.push(statement);
    }
}

/// Whether two names are the same but for letter case.
fn is_respelled(known: &str, name: &str) -> bool {
    // The long s has no lower case of its own and yet is an `S` in upper case, and to notation.
    let fold = |name: &str| name.replace('\u{17f}', "s").to_lowercase();
    fold(known) == fold(name)
}

/// Whether a value is there that is neither a string nor null; that is another problem than its text.
fn is_another_type(node: Option<&Node<'_>>) -> bool {
    node.is_some_and(|node| !matches!(node.kind(), Kind::String | Kind::Null))
}
