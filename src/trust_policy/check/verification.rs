//! `signatureVerification`: level, overrides, when a timestamp is asked for, whose statements count
//! unsigned.

use std::collections::BTreeMap;

use super::{Checker, Members, is_another_type};
use crate::document::{Kind, Member, Node};
use crate::notary::{Action, Validation};
use crate::trust_policy::rule::Rule;
use crate::trust_policy::statement::{
    Level, UnsignedStatement, VerificationLevel, VerifyTimestamp,
};

const VERIFICATION_MEMBERS: &[&str] = &[
    "level",
    "override",
    "verifyTimestamp",
    "unsignedRevocationStatements",
];

/// What `signatureVerification` says.
pub(super) struct Verification {
    /// None where there is a problem with it.
    pub(super) level: Option<VerificationLevel>,
    pub(super) verify_timestamp: VerifyTimestamp,
    pub(super) unsigned_revocation_statements: Vec<UnsignedStatement>,
}

impl Checker<'_> {
    pub(super) fn check_verification(
        &mut self,
        statement: &Node<'_>,
        node: Option<&Node<'_>>,
    ) -> Verification {
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
        let unsigned = members.get("unsignedRevocationStatements");
        Verification {
            level: base.map(|base| VerificationLevel::new(base, overrides)),
            verify_timestamp,
            unsigned_revocation_statements: self.check_unsigned(unsigned),
        }
    }

    /// Names of those whose statements count unsigned. An unknown name is refused, because it would
    /// silently trust too much or too little.
    fn check_unsigned(&mut self, node: Option<&Node<'_>>) -> Vec<UnsignedStatement> {
        let mut statements = Vec::new();
        for element in self.elements(node, "an array of strings") {
            let text = self.string(Some(&element));
            if is_another_type(Some(&element)) {
                continue;
            }
            match UnsignedStatement::from_name(text) {
                Some(statement) if statements.contains(&statement) => {}
                Some(statement) => statements.push(statement),
                None => {
                    let found = text.to_owned();
                    self.problem(&element, Rule::UnsignedStatement { found });
                }
            }
        }
        statements
    }

    pub(super) fn check_overrides(
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
}
