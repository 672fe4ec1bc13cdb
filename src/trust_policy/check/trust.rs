//! `trustStores` and `trustedIdentities`: whose signatures are trusted.

use super::{Checker, Members, is_another_type};
use crate::config::StoreName;
use crate::document::Node;
use crate::trust_policy::rule::Rule;
use crate::trust_policy::statement::{TrustedIdentity, VerificationLevel};
use crate::trust_policy::warning;
use crate::x509::identity::SubjectIdentity;

/// The type of identities that are judged here.
const X509_SUBJECT: &str = "x509.subject";

impl Checker<'_> {
    /// Level `skip` has neither stores nor identities, every other level both.
    pub(super) fn check_trust(
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

    pub(super) fn check_stores(&mut self, node: Option<&Node<'_>>) -> Vec<StoreName> {
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

    pub(super) fn check_identities(&mut self, node: Option<&Node<'_>>) -> Vec<TrustedIdentity> {
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

    /// Each identity must trust at least one name that no other identity of the statement trusts.
    pub(super) fn check_overlaps(&mut self, identities: &[(&Node<'_>, TrustedIdentity)]) {
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
        // Notation would keep such an identity for a plugin, where it silently matches no certificate.
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
