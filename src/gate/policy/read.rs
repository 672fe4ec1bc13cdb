//! From a JSON document to a gate policy, with every problem on the way. Nothing is passed over: a member that is
//! not known is a problem, and so is `null`.

mod signer;

pub(super) use signer::{signer_of, version_of};

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::{GateFault, GateProblem};
use super::rule::{
    Exemption, GateRule, Need, OnFailure, RevocationNeed, SignedIndexCovers, Tags,
    WildcardStatement,
};
use super::scope::GateScope;
use crate::document::{Document, Kind, Node, Position, near_name};
use crate::extended_validation;
use crate::http::redact_text;
use crate::limits::{
    MAX_EXEMPTION_TIME, MAX_EXEMPTIONS, MAX_GATE_ENTRIES, MAX_GATE_RULES, MAX_GATE_SCOPES,
    MAX_GATE_SIGNER_ANSWERS, MAX_POLICY_PROBLEMS,
};
use crate::oci;
use crate::plugin_host::PluginHost;
use crate::reference::Scheme;

/// The version of the documents that are read.
const VERSION: &str = "1.0";

const TOP_MEMBERS: &[&str] = &[
    "version",
    "rules",
    "exemptions",
    "plugins",
    "awsEndpoints",
    "awsSignerAnswersFor",
];
const RULE_MEMBERS: &[&str] = &[
    "name",
    "scopes",
    "require",
    "onFailure",
    "tags",
    "signedIndexCovers",
    "revocation",
    "wildcardStatement",
];
const REQUIRE_MEMBERS: &[&str] = &["all", "any", "atLeast", "of"];
const EXEMPTION_MEMBERS: &[&str] = &["repository", "digest", "reason", "until"];
const PLUGIN_MEMBERS: &[&str] = &["name", "directory"];

/// What a document has, once it was read without a problem.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) rules: Vec<GateRule>,
    pub(super) exemptions: Vec<Exemption>,
    pub(super) plugins: BTreeMap<String, PathBuf>,
    pub(super) aws_endpoints: Vec<String>,
    pub(super) aws_signer_answers_for: Option<Duration>,
}

/// Reads a whole document at the time `now`.
///
/// # Errors
///
/// Every problem, as many as are told.
pub(super) fn read(
    document: &Document<'_>,
    path: &Path,
    now: OffsetDateTime,
) -> Result<Content, Vec<GateProblem>> {
    let mut reader = Reader {
        path,
        now,
        problems: Vec::new(),
    };
    let content = reader.read_document(&document.root());
    if reader.problems.is_empty() {
        Ok(content)
    } else {
        Err(reader.problems)
    }
}

struct Reader<'p> {
    path: &'p Path,
    now: OffsetDateTime,
    problems: Vec<GateProblem>,
}

/// The members of an object, by their names.
type Members<'d> = HashMap<&'static str, Node<'d>>;

impl Reader<'_> {
    fn problem(&mut self, node: &Node<'_>, fault: GateFault) {
        self.problem_at(node.pointer(), node.position(), fault);
    }

    fn problem_at(&mut self, pointer: &str, position: Position, fault: GateFault) {
        if self.problems.len() < MAX_POLICY_PROBLEMS {
            self.problems.push(GateProblem {
                path: self.path.to_owned(),
                pointer: pointer.to_owned(),
                position,
                fault,
            });
        }
    }

    fn wrong_type(&mut self, node: &Node<'_>, wanted: &'static str) {
        let found = node.kind();
        self.problem(node, GateFault::WrongType { found, wanted });
    }

    /// The members of an object; those that are not known are problems.
    fn members<'d>(&mut self, node: &Node<'d>, known: &'static [&'static str]) -> Members<'d> {
        let mut members = Members::new();
        let Some(found) = node.members() else {
            self.wrong_type(node, "an object");
            return members;
        };
        for member in found {
            if let Some(name) = known.iter().find(|known| **known == member.name) {
                members.insert(name, member.value);
                continue;
            }
            // Editors read this one, at the top.
            if member.name == "$schema" && node.pointer().is_empty() {
                continue;
            }
            let fault = GateFault::Unknown {
                found: member.name.to_owned(),
                near: near_name(member.name, known),
                known,
            };
            let position = member.name_position();
            self.problem_at(member.value.pointer(), position, fault);
        }
        members
    }

    /// The member `name`, which must be there. An object of another type was complained of already.
    fn required<'m, 'd>(
        &mut self,
        node: &Node<'_>,
        members: &'m Members<'d>,
        name: &'static str,
    ) -> Option<&'m Node<'d>> {
        let member = members.get(name);
        if member.is_none() && node.kind() == Kind::Object {
            self.problem(node, GateFault::Missing { name });
        }
        member
    }

    /// A text that is not blank.
    fn text(&mut self, node: Option<&Node<'_>>) -> Option<String> {
        let node = node?;
        let Some(text) = node.as_str() else {
            self.wrong_type(node, "a string");
            return None;
        };
        if text.trim().is_empty() {
            self.problem(node, GateFault::Empty);
            return None;
        }
        Some(text.to_owned())
    }

    /// The elements of a list that is not empty and not longer than `max`.
    fn elements<'d>(&mut self, node: Option<&Node<'d>>, max: usize) -> Vec<Node<'d>> {
        let Some(node) = node else {
            return Vec::new();
        };
        let Some(mut elements) = node.elements() else {
            self.wrong_type(node, "an array");
            return Vec::new();
        };
        if elements.is_empty() {
            self.problem(node, GateFault::EmptyList);
        }
        if elements.len() > max {
            self.problem(node, GateFault::TooMany { max });
            elements.truncate(max);
        }
        elements
    }

    /// One of these words; the default where the member is absent.
    fn word<T: Copy + Default>(
        &mut self,
        node: Option<&Node<'_>>,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> T {
        let Some(node) = node else {
            return T::default();
        };
        let Some(found) = node.as_str() else {
            self.wrong_type(node, "a string");
            return T::default();
        };
        let known = all.iter().copied().find(|word| as_str(*word) == found);
        known.unwrap_or_else(|| {
            let fault = GateFault::Word {
                found: found.to_owned(),
                wanted: all.iter().map(|word| as_str(*word)).collect(),
            };
            self.problem(node, fault);
            T::default()
        })
    }

    fn read_document(&mut self, root: &Node<'_>) -> Content {
        let members = self.members(root, TOP_MEMBERS);
        let version = self.required(root, &members, "version");
        if let Some(version) = version
            && let Some(found) = self.text(Some(version))
            && found != VERSION
        {
            let wanted = VERSION;
            self.problem(version, GateFault::Version { found, wanted });
        }
        let rules = self.required(root, &members, "rules");
        let rules = self.elements(rules, MAX_GATE_RULES);
        let rules = rules.iter().map(|rule| self.read_rule(rule)).collect();
        let rules = self.check_rules(rules);
        let exemptions = self.elements(members.get("exemptions"), MAX_EXEMPTIONS);
        Content {
            rules,
            exemptions: self.read_exemptions(&exemptions),
            plugins: self.read_plugins(members.get("plugins")),
            aws_endpoints: self.read_endpoints(members.get("awsEndpoints")),
            aws_signer_answers_for: members
                .get("awsSignerAnswersFor")
                .and_then(|node| self.read_span(node, MAX_GATE_SIGNER_ANSWERS)),
        }
    }

    fn read_rule<'d>(&mut self, node: &Node<'d>) -> ReadRule<'d> {
        let members = self.members(node, RULE_MEMBERS);
        let name_node = self.required(node, &members, "name").cloned();
        let name = self.text(name_node.as_ref()).unwrap_or_default();
        let scopes = self.required(node, &members, "scopes");
        let mut read = Vec::new();
        for element in self.elements(scopes, MAX_GATE_SCOPES) {
            if let Some(scope) = self.read_scope(&element) {
                read.push((element, scope));
            }
        }
        let (need, roles) = match self.required(node, &members, "require") {
            Some(require) => self.read_require(require),
            None => (Need::All, Vec::new()),
        };
        let rule = GateRule {
            name,
            scopes: read.iter().map(|(_, scope)| scope.clone()).collect(),
            need,
            roles,
            on_failure: self.word(members.get("onFailure"), OnFailure::ALL, OnFailure::as_str),
            tags: self.word(members.get("tags"), Tags::ALL, Tags::as_str),
            signed_index_covers: self.word(
                members.get("signedIndexCovers"),
                SignedIndexCovers::ALL,
                SignedIndexCovers::as_str,
            ),
            revocation: self.word(
                members.get("revocation"),
                RevocationNeed::ALL,
                RevocationNeed::as_str,
            ),
            wildcard_statement: self.word(
                members.get("wildcardStatement"),
                WildcardStatement::ALL,
                WildcardStatement::as_str,
            ),
        };
        ReadRule {
            rule,
            name: name_node,
            scopes: read,
        }
    }

    fn read_scope(&mut self, node: &Node<'_>) -> Option<GateScope> {
        let text = self.text(Some(node))?;
        match GateScope::parse(&text) {
            Ok(scope) => Some(scope),
            Err(source) => {
                let found = text;
                self.problem(node, GateFault::Scope { found, source });
                None
            }
        }
    }

    /// Names are unique, and no two scopes have equal rank.
    fn check_rules(&mut self, read: Vec<ReadRule<'_>>) -> Vec<GateRule> {
        let mut names: Vec<String> = Vec::new();
        let mut taken: HashMap<(bool, String), (String, String)> = HashMap::new();
        for ReadRule { rule, name, scopes } in &read {
            if let Some(node) = name.as_ref().filter(|_| names.contains(&rule.name)) {
                let found = rule.name.clone();
                self.problem(node, GateFault::NameTaken { found });
            }
            names.push(rule.name.clone());
            for (node, scope) in scopes {
                // Where a registry is asked over plain HTTP, further spellings are one; that is seen when a rule is
                // chosen.
                let key = (scope.is_prefix(), scope.normalized(Scheme::Https));
                let here = (scope.to_string(), rule.name.clone());
                if let Some((other, rule)) = taken.insert(key, here) {
                    let found = scope.to_string();
                    self.problem(node, GateFault::ScopeTaken { found, other, rule });
                }
            }
        }
        read.into_iter().map(|read| read.rule).collect()
    }

    fn read_exemptions(&mut self, nodes: &[Node<'_>]) -> Vec<Exemption> {
        let mut exemptions: Vec<Exemption> = Vec::new();
        for node in nodes {
            let Some(exemption) = self.read_exemption(node) else {
                continue;
            };
            let is_same = |other: &Exemption| {
                other.digest == exemption.digest
                    && other.repository.normalized(Scheme::Https)
                        == exemption.repository.normalized(Scheme::Https)
            };
            if exemptions.iter().any(is_same) {
                self.problem(node, GateFault::ExemptionTaken);
            }
            exemptions.push(exemption);
        }
        exemptions
    }

    fn read_exemption(&mut self, node: &Node<'_>) -> Option<Exemption> {
        let members = self.members(node, EXEMPTION_MEMBERS);
        let [repository, digest, reason, until] =
            ["repository", "digest", "reason", "until"].map(|name| {
                let member = self.required(node, &members, name);
                member.cloned()
            });
        let scope = repository.as_ref().and_then(|node| self.read_scope(node));
        if let (Some(scope), Some(node)) = (&scope, &repository)
            && scope.is_prefix()
        {
            let found = scope.to_string();
            self.problem(node, GateFault::ExemptionScope { found });
        }
        let digest = digest.and_then(|node| {
            let found = self.text(Some(&node))?;
            let parsed = oci::parse_digest(&found).ok();
            if parsed.is_none() {
                self.problem(&node, GateFault::Digest { found });
            }
            parsed
        });
        let reason = self.text(reason.as_ref());
        let until = until.and_then(|node| self.read_until(&node));
        Some(Exemption {
            repository: scope?,
            digest: digest?,
            reason: reason?,
            until: until?,
        })
    }

    /// A time that has passed is not a problem of the policy: the entry no longer counts.
    fn read_until(&mut self, node: &Node<'_>) -> Option<OffsetDateTime> {
        let found = self.text(Some(node))?;
        let Ok(until) = OffsetDateTime::parse(&found, &Rfc3339) else {
            self.problem(node, GateFault::Time { found });
            return None;
        };
        if until - self.now > MAX_EXEMPTION_TIME {
            self.problem(node, GateFault::ExemptionTime { found });
            return None;
        }
        Some(until)
    }

    fn read_plugins(&mut self, node: Option<&Node<'_>>) -> BTreeMap<String, PathBuf> {
        let mut plugins = BTreeMap::new();
        for element in self.elements(node, MAX_GATE_ENTRIES) {
            let members = self.members(&element, PLUGIN_MEMBERS);
            let name_node = self.required(&element, &members, "name").cloned();
            let directory_node = self.required(&element, &members, "directory").cloned();
            let name = self.text(name_node.as_ref());
            let directory = self.text(directory_node.as_ref());
            let (Some(name), Some(name_node)) = (name, name_node) else {
                continue;
            };
            if !PluginHost::is_name(&name) || name == extended_validation::PLUGIN_NAME {
                let found = name.clone();
                self.problem(&name_node, GateFault::Plugin { found });
            }
            let (Some(directory), Some(directory_node)) = (directory, directory_node) else {
                continue;
            };
            if !Path::new(&directory).is_absolute() {
                let found = directory.clone();
                self.problem(&directory_node, GateFault::Directory { found });
            }
            if plugins.insert(name.clone(), directory.into()).is_some() {
                self.problem(&name_node, GateFault::NameTaken { found: name });
            }
        }
        plugins
    }

    fn read_endpoints(&mut self, node: Option<&Node<'_>>) -> Vec<String> {
        let mut urls = Vec::new();
        for element in self.elements(node, MAX_GATE_ENTRIES) {
            let Some(text) = self.text(Some(&element)) else {
                continue;
            };
            if let Some(url) = super::endpoint::normal(&text) {
                urls.push(url);
            } else {
                let found = redact_text(&text);
                self.problem(&element, GateFault::Endpoint { found });
            }
        }
        urls
    }
}

/// A rule with the places of what it shares with others.
struct ReadRule<'d> {
    rule: GateRule,
    name: Option<Node<'d>>,
    scopes: Vec<(Node<'d>, GateScope)>,
}
