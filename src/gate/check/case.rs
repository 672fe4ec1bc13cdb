//! What a gate policy makes of signatures that are good but for their signers: the policy is judged, not signatures.
//!
//! Input: a gate policy with its trust policy, a reference, and imagined signatures. Output: accepted, tolerated,
//! rejected or skipped, with the rule and the reason. Nothing is read or asked.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;

use super::GateSetup;
use super::matching::greatest;
use super::statements::Trust;
use crate::gate::policy::{GateRule, NoRule, OnFailure, RevocationNeed, Role, Tags};
use crate::notary::{Action, Validation};
use crate::reference::{Reference, Scheme};
use crate::trust_policy::Statement;
use crate::verify::{self, CaseSigner};

/// A signature as a case imagines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseSignature {
    /// Who signed.
    pub signer: CaseSigner,
    /// The user metadata that was signed.
    pub user_metadata: BTreeMap<String, String>,
    /// How old it is, by a time that the signer cannot choose; nothing where no such time is there.
    pub age: Option<Duration>,
}

/// An image with its signatures, as a case imagines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateCase {
    /// The image.
    pub reference: Reference,
    /// Whether the case names the repository alone: there is no tag to refuse then.
    pub is_repository: bool,
    /// The scheme over which its registry is asked.
    pub scheme: Scheme,
    /// Its signatures.
    pub signatures: Vec<CaseSignature>,
}

/// What a gate policy does with a case, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateCaseOutcome {
    /// What it does; `skip` is an exemption.
    pub decision: verify::Decision,
    /// The name of the rule that decides.
    pub rule: Option<String>,
    /// Why it does not accept.
    pub reason: Option<String>,
}

impl GateSetup {
    /// What the gate policy decides about the case at the time `now`.
    pub fn decide(&self, case: &GateCase, now: OffsetDateTime) -> GateCaseOutcome {
        if let Some(exemption) = self.exemption(&case.reference, case.scheme, now) {
            return GateCaseOutcome {
                decision: verify::Decision::Skip,
                rule: None,
                reason: Some(format!("the image is exempted: {}", exemption.reason)),
            };
        }
        let rule = match self.policy().rule(&case.reference, case.scheme) {
            Ok(rule) => rule,
            Err(none) => return no_rule(&none),
        };
        let failed = match rule.on_failure {
            OnFailure::Enforce => verify::Decision::Reject,
            OnFailure::Warn => verify::Decision::Tolerate,
        };
        let (decision, reason) = match self.met(case, rule) {
            Ok(()) => (verify::Decision::Accept, None),
            Err(reason) => (failed, Some(reason)),
        };
        GateCaseOutcome {
            decision,
            rule: Some(rule.name.clone()),
            reason,
        }
    }

    /// Whether the rule's requirement is met, or why it is not.
    fn met(&self, case: &GateCase, rule: &GateRule) -> Result<(), String> {
        let has_digest = case.reference.digest().is_some();
        if !has_digest && !case.is_repository && rule.tags == Tags::Refuse {
            return Err("the reference is a tag, and the rule refuses tags".to_owned());
        }
        let trust = Trust {
            policies: self.trust_policies(),
            roots: self.roots(),
        };
        let signers = signers(&case.signatures);
        let mut fitting = Vec::new();
        let mut lacks = Vec::new();
        for one in &rule.roles {
            let statement = trust.statement(rule, one, &case.reference, case.scheme);
            let mut of_role = Vec::new();
            let mut lack = "no signature is there".to_owned();
            match &statement {
                Err(none) => lack = none.to_string(),
                Ok(statement) => {
                    for (signature, signer) in case.signatures.iter().zip(&signers) {
                        match fits(rule, one, statement, signature) {
                            Ok(()) => of_role.push(*signer),
                            Err(reason) => lack = reason,
                        }
                    }
                }
            }
            fitting.push(of_role);
            lacks.push(lack);
        }
        let filled = greatest(&fitting);
        let count = filled.iter().flatten().count();
        if count >= rule.needed() {
            return Ok(());
        }
        let missing = rule.roles.iter().zip(&filled).zip(&fitting).zip(&lacks);
        let missing = missing.filter(|(((_, filled), _), _)| filled.is_none());
        let missing: Vec<String> = missing
            .map(|(((one, _), fitting), lack)| match fitting.as_slice() {
                [] => format!("`{}`: {lack}", one.name),
                _ => format!("`{}`: its signer is needed for another one", one.name),
            })
            .collect();
        let needed = rule.needed();
        Err(format!(
            "signers: {count} of {needed} needed; missing {}",
            missing.join("; ")
        ))
    }
}

fn no_rule(none: &NoRule) -> GateCaseOutcome {
    GateCaseOutcome {
        decision: verify::Decision::Reject,
        rule: None,
        reason: Some(none.to_string()),
    }
}

/// The number of the signer of each signature: one signer fills one role, however often it signs.
fn signers(signatures: &[CaseSignature]) -> Vec<usize> {
    let number = |signature: &CaseSignature| {
        let same = |other: &CaseSignature| other.signer.is_same(&signature.signer);
        signatures.iter().position(same).unwrap_or_default()
    };
    signatures.iter().map(number).collect()
}

/// Whether the signature fills the role, or what it lacks.
fn fits(
    rule: &GateRule,
    wanted: &Role,
    statement: &Statement,
    signature: &CaseSignature,
) -> Result<(), String> {
    verify::authenticity(statement, &signature.signer)?;
    let skips = statement.level.action(Validation::Revocation) == Action::Skip;
    if skips && rule.revocation == RevocationNeed::Required {
        let name = &statement.name;
        return Err(format!(
            "the statement `{name}` skips revocation, which the rule requires"
        ));
    }
    if let Some(max_age) = wanted.max_age {
        let most = max_age.as_secs();
        match signature.age {
            None => {
                return Err(format!(
                    "no `age` that can be trusted; at most {most} seconds"
                ));
            }
            Some(age) if age > max_age => {
                let age = age.as_secs();
                return Err(format!("signed {age} seconds ago; at most {most} seconds"));
            }
            Some(_) => {}
        }
    }
    for (key, need) in &wanted.user_metadata {
        if !need.is_met_by(signature.user_metadata.get(key).map(String::as_str)) {
            return Err(format!("the user metadata `{key}` is not as the rule asks"));
        }
    }
    Ok(())
}
