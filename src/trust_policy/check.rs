//! From a JSON document to statements, with every problem on the way.
//!
//! The checks go in notation's order, so that the first problem is the one that notation names. `null` counts
//! as absent, and as an empty string in a list, as it does in notation.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::rule::{Problem, Rule};
use super::statement::{
    BlobUse, Level, Statement, TrustedIdentity, VerificationLevel, VerifyTimestamp,
};
use super::warning::{self, Cause, Warning};
use super::{DocumentKind, scope};
use crate::config::StoreName;
use crate::document::{Document, Kind, Member, Node, Position};
use crate::limits::MAX_POLICY_PROBLEMS;
use crate::notary::{Action, Validation};
use crate::reference::normalize_scope;
use crate::x509::identity::SubjectIdentity;

const VERSION: &str = "1.0";

/// The type of identities that are judged here.
const X509_SUBJECT: &str = "x509.subject";

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
const VERIFICATION_MEMBERS: &[&str] = &["level", "override", "verifyTimestamp"];

/// What reading a document gave. Without problems, the statements are all there.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) statements: Vec<Statement>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

/// Checks a whole document.
pub(super) fn check(document: &Document<'_>, kind: DocumentKind, path: &Path) -> Checked {
    let mut checker = Checker {
        kind,
        path,
        statement: String::new(),
        checked: Checked::default(),
    };
    checker.check_document(&document.root());
    let mut checked = checker.checked;
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

/// A scope and where it is, in the order of the document.
struct ScopeSeen {
    text: String,
    pointer: String,
    position: Position,
}

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
        let (level, verify_timestamp) =
            self.check_verification(node, members.get("signatureVerification"));
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
            registry_scopes,
            blob_use,
            level,
            trust_stores,
            trusted_identities,
            verify_timestamp,
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

    fn check_verification(
        &mut self,
        statement: &Node<'_>,
        node: Option<&Node<'_>>,
    ) -> (Option<VerificationLevel>, VerifyTimestamp) {
        let members = match node {
            Some(node) => self.members(node, VERIFICATION_MEMBERS),
            None => Members::new(),
        };
        let level = members.get("level");
        let place = level.or(node).unwrap_or(statement);
        let text = self.string(level);
        let base = Level::from_name(text);
        match base {
            Some(_) => {}
            None if is_another_type(level) || node.is_some_and(|n| n.kind() != Kind::Object) => {}
            None if text.is_empty() => self.problem(place, Rule::LevelMissing),
            None => {
                let found = text.to_owned();
                self.problem(place, Rule::LevelUnknown { found });
            }
        }
        let overrides = self.check_overrides(base, members.get("override"));
        let timestamp = members.get("verifyTimestamp");
        let text = self.string(timestamp);
        let verify_timestamp = VerifyTimestamp::from_name(text).unwrap_or_else(|| {
            if let (Some(node), false) = (timestamp, text.is_empty()) {
                let found = text.to_owned();
                self.problem(node, Rule::VerifyTimestamp { found });
            }
            VerifyTimestamp::default()
        });
        let level = base.map(|base| VerificationLevel::new(base, overrides));
        (level, verify_timestamp)
    }

    fn check_overrides(
        &mut self,
        base: Option<Level>,
        node: Option<&Node<'_>>,
    ) -> BTreeMap<Validation, Action> {
        let mut overrides = BTreeMap::new();
        let Some(node) = node else {
            return overrides;
        };
        let Some(members) = node.members() else {
            self.wrong_type(node, "an object");
            return overrides;
        };
        if base == Some(Level::Skip) && !members.is_empty() {
            self.problem(node, Rule::OverrideOfSkip);
        }
        for member in members {
            let position = member.name_position();
            let Member { name, value, .. } = member;
            let text = self.string(Some(&value));
            let Some(validation) = Validation::from_name(name) else {
                let found = name.to_owned();
                self.problem_at(value.pointer(), position, Rule::OverrideUnknown { found });
                continue;
            };
            if is_another_type(Some(&value)) {
                continue;
            }
            let Some(action) = Action::from_name(text) else {
                let found = text.to_owned();
                self.problem(&value, Rule::ActionUnknown { validation, found });
                continue;
            };
            if validation == Validation::Integrity {
                self.problem_at(value.pointer(), position, Rule::OverrideOfIntegrity);
            } else if action == Action::Skip && validation != Validation::Revocation {
                self.problem(&value, Rule::SkipNotAllowed { validation });
            } else {
                overrides.insert(validation, action);
            }
        }
        overrides
    }

    /// Level `skip` has neither stores nor identities, every other level both.
    fn check_trust(
        &mut self,
        statement: &Node<'_>,
        level: &VerificationLevel,
        members: &Members<'_>,
    ) {
        for member in ["trustStores", "trustedIdentities"] {
            let node = members.get(member);
            let is_set = node
                .is_some_and(|node| node.elements().is_none_or(|elements| !elements.is_empty()));
            let place = node.unwrap_or(statement);
            match (level.is_skip(), is_set) {
                (true, true) => self.problem(place, Rule::TrustAtSkip { member }),
                (false, false) => self.problem(place, Rule::TrustMissing { member }),
                _ => {}
            }
        }
    }

    fn check_stores(&mut self, node: Option<&Node<'_>>) -> Vec<StoreName> {
        let mut stores = Vec::new();
        for element in self.elements(node, "an array of strings") {
            let text = self.string(Some(&element));
            if is_another_type(Some(&element)) {
                continue;
            }
            match StoreName::parse(text) {
                Ok(store) => stores.push(store),
                Err(problem) => {
                    let found = text.to_owned();
                    self.problem(&element, Rule::Store { found, problem });
                }
            }
        }
        stores
    }

    fn check_identities(&mut self, node: Option<&Node<'_>>) -> Vec<TrustedIdentity> {
        let elements = self.elements(node, "an array of strings");
        let mut identities = Vec::new();
        let is_wildcard = |element: &Node<'_>| element.as_str() == Some("*");
        if elements.len() > 1
            && let Some(wildcard) = elements.iter().find(|element| is_wildcard(element))
        {
            self.problem(wildcard, Rule::IdentityWildcard);
        }
        for element in &elements {
            let text = self.string(Some(element));
            if is_another_type(Some(element)) {
                continue;
            }
            match parse_identity(text) {
                Ok(identity) => {
                    if let Some(cause) = warning::not_a_signing_profile(&identity) {
                        self.warning(element.pointer(), element.position(), cause);
                    }
                    identities.push((element, identity));
                }
                Err(rule) => self.problem(element, rule),
            }
        }
        self.check_overlaps(&identities);
        identities
            .into_iter()
            .map(|(_, identity)| identity)
            .collect()
    }

    /// Each identity must trust someone whom no other identity of the statement trusts.
    fn check_overlaps(&mut self, identities: &[(&Node<'_>, TrustedIdentity)]) {
        for (index, (node, identity)) in identities.iter().enumerate() {
            let TrustedIdentity::X509Subject { text, subject } = identity else {
                continue;
            };
            for (_, earlier) in identities.iter().take(index) {
                let TrustedIdentity::X509Subject {
                    text: earlier_text,
                    subject: earlier,
                } = earlier
                else {
                    continue;
                };
                let (broad, narrow) = if earlier.is_part_of(subject) {
                    (earlier_text, text)
                } else if subject.is_part_of(earlier) {
                    (text, earlier_text)
                } else {
                    continue;
                };
                let (broad, narrow) = (broad.clone(), narrow.clone());
                self.problem(node, Rule::IdentitiesOverlap { broad, narrow });
            }
        }
    }

    fn check_global(
        &mut self,
        node: Option<&Node<'_>>,
        level: Option<&VerificationLevel>,
        globals: &mut usize,
    ) -> BlobUse {
        let Some(node) = node else {
            return BlobUse::ByName;
        };
        match node.as_bool() {
            Some(true) => {}
            Some(false) => return BlobUse::ByName,
            None => {
                self.wrong_type(node, "a boolean");
                return BlobUse::ByName;
            }
        }
        *globals += 1;
        if *globals > 1 {
            self.problem(node, Rule::GlobalTwice);
        }
        // Off-spec in notation alone: its own test for this never fires.
        if level.is_some_and(VerificationLevel::is_skip) {
            self.problem(node, Rule::GlobalSkip);
        }
        BlobUse::Global
    }

    fn check_statement_scopes(
        &mut self,
        statement: &Node<'_>,
        members: &Members<'_>,
        level: Option<&VerificationLevel>,
    ) -> Vec<ScopeSeen> {
        let list = members.get("registryScopes");
        let elements = self.elements(list, "an array of strings");
        if elements.is_empty() && list.is_none_or(|list| list.kind() == Kind::Array) {
            self.problem(list.unwrap_or(statement), Rule::ScopesMissing);
        }
        let is_wildcard = |element: &&Node<'_>| element.as_str() == Some(scope::WILDCARD);
        if let Some(wildcard) = elements.iter().find(is_wildcard) {
            if elements.len() > 1 {
                self.problem(wildcard, Rule::ScopeWildcard);
            }
            // `trust-store-trust-policy.md`: "The scope MUST NOT be `*`" at level skip. notation takes it.
            if level.is_some_and(VerificationLevel::is_skip) {
                self.problem(wildcard, Rule::SkipEverything);
            }
        }
        let mut seen = Vec::new();
        for element in &elements {
            let text = self.string(Some(element));
            if is_another_type(Some(element)) {
                continue;
            }
            if text != scope::WILDCARD && !scope::is_valid(text) {
                let found = text.to_owned();
                self.problem(element, Rule::ScopeInvalid { found });
                continue;
            }
            seen.push(ScopeSeen {
                text: text.to_owned(),
                pointer: element.pointer().to_owned(),
                position: element.position(),
            });
        }
        seen
    }

    /// Every scope belongs to one statement, once.
    fn check_scopes(&mut self, statements: Vec<(String, Vec<ScopeSeen>)>) {
        let mut taken: HashSet<String> = HashSet::new();
        let mut spellings: HashMap<String, String> = HashMap::new();
        for (statement, scopes) in statements {
            self.statement = statement;
            for ScopeSeen {
                text,
                pointer,
                position,
            } in scopes
            {
                if !taken.insert(text.clone()) {
                    self.problem_at(&pointer, position, Rule::ScopeTaken { found: text });
                    continue;
                }
                if let Some(other) = spellings.insert(normalize_scope(&text), text.clone()) {
                    let cause = Cause::ScopeRespelled { scope: text, other };
                    self.warning(&pointer, position, cause);
                }
            }
        }
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

fn parse_identity(text: &str) -> Result<TrustedIdentity, Rule> {
    if text == "*" {
        return Ok(TrustedIdentity::Any);
    }
    let found = text.to_owned();
    if text.is_empty() {
        return Err(Rule::IdentityEmpty);
    }
    let Some((kind, value)) = text.split_once(':') else {
        return Err(Rule::IdentityWithoutType { found });
    };
    if kind != X509_SUBJECT {
        // Notation would keep such an identity for a plugin, where it silently trusts nobody.
        let folded = kind.trim().to_lowercase();
        if folded.is_empty() || strsim::osa_distance(&folded, X509_SUBJECT) <= 2 {
            let found = kind.to_owned();
            return Err(Rule::IdentityType { found });
        }
        return Ok(TrustedIdentity::Other(found));
    }
    if value.is_empty() {
        return Err(Rule::IdentityWithoutValue { found });
    }
    match SubjectIdentity::parse(value) {
        Ok(subject) => Ok(TrustedIdentity::X509Subject {
            text: found,
            subject,
        }),
        Err(problem) => Err(Rule::IdentitySubject { found, problem }),
    }
}
