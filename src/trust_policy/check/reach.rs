//! `registryScopes` and `globalPolicy`: what a statement is about.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::{Checker, Members, is_another_type};
use crate::document::{Kind, Node, Position};
use crate::reference::{Scheme, normalize_scope};
use crate::trust_policy::rule::Rule;
use crate::trust_policy::scope;
use crate::trust_policy::statement::{BlobUse, VerificationLevel};

/// A scope and where it is, in the order of the document.
pub(super) struct ScopeSeen {
    pub(super) text: String,
    pointer: String,
    position: Position,
}

impl Checker<'_> {
    pub(super) fn check_global(
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
        // Unlike notation, whose own check for this never fires.
        if level.is_some_and(VerificationLevel::is_skip) {
            self.problem(node, Rule::GlobalSkip);
        }
        BlobUse::Global
    }

    pub(super) fn check_statement_scopes(
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
            if text != scope::WILDCARD
                && let Err(problem) = scope::check(text)
            {
                let found = text.to_owned();
                self.problem(element, Rule::ScopeInvalid { found, problem });
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

    /// Every scope belongs to one statement, once; and every repository to one statement, however it is spelled.
    pub(super) fn check_scopes(&mut self, statements: Vec<(String, Vec<ScopeSeen>)>) {
        let mut taken: HashSet<String> = HashSet::new();
        let mut repositories: HashMap<String, (usize, String, String)> = HashMap::new();
        for (index, (statement, scopes)) in statements.into_iter().enumerate() {
            self.statement.clone_from(&statement);
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
                // Where a command asks over plain HTTP, further spellings are one; that is seen when a statement is
                // selected.
                let repository = normalize_scope(&text, Scheme::Https);
                match repositories.entry(repository) {
                    Entry::Vacant(entry) => {
                        entry.insert((index, text, statement.clone()));
                    }
                    Entry::Occupied(entry) => {
                        let (of, other, statement) = entry.get().clone();
                        if of != index {
                            let rule = Rule::ScopeRespelled {
                                found: text,
                                other,
                                statement,
                            };
                            self.problem_at(&pointer, position, rule);
                        }
                    }
                }
            }
        }
    }
}
