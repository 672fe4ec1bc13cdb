//! Which rule of a gate policy decides about a reference, and which statements judge signatures for its signers. The
//! policies are read, and no request is sent.

use time::OffsetDateTime;

use super::GateSetup;
use super::statements::{NoStatement, Trust};
use crate::gate::policy::{Exemption, GateRule, GateScope, NoRule, Role};
use crate::reference::{Reference, Scheme};
use crate::trust_policy::Statement;

/// Which rule decides about a repository, and why.
#[derive(Debug)]
pub struct GateExplanation<'g> {
    /// The rule.
    pub rule: &'g GateRule,
    /// Its scope that covers the repository.
    pub scope: &'g GateScope,
    /// Wider scopes that cover it too, each with the name of its rule.
    pub wider: Vec<(&'g GateScope, &'g str)>,
    /// The rule's signers, in its order.
    pub roles: Vec<ExplainedRole<'g>>,
}

/// A signer that a rule asks for.
#[derive(Debug)]
pub struct ExplainedRole<'g> {
    /// The signer.
    pub role: &'g Role,
    /// The statement that judges its signatures; for a signing profile, one of the gate's own.
    pub statement: Result<Statement, NoStatement>,
}

impl GateSetup {
    /// The exemption of the image that `reference` names by its digest, at the time `now`.
    pub fn exemption(
        &self,
        reference: &Reference,
        scheme: Scheme,
        now: OffsetDateTime,
    ) -> Option<&Exemption> {
        self.policy().exemption(reference, scheme, now)
    }

    /// Explains what the gate policy asks of the repository of `reference`, whose registry is asked over `scheme`.
    ///
    /// # Errors
    ///
    /// [`NoRule`].
    pub fn explain(
        &self,
        reference: &Reference,
        scheme: Scheme,
    ) -> Result<GateExplanation<'_>, NoRule> {
        let rule = self.policy().rule(reference, scheme)?;
        let covering = |rule: &'_ GateRule| {
            let scopes = rule.scopes.iter().enumerate();
            let ranked = scopes.filter_map(|(at, one)| Some((one.rank(reference, scheme)?, at)));
            ranked.collect::<Vec<_>>()
        };
        let best = covering(rule).into_iter().max();
        let scope = best.and_then(|(_, at)| rule.scopes.get(at));
        let Some(scope) = scope else {
            return Err(NoRule::NotCovered {
                path: self.policy().path().to_owned(),
                repository: reference.repository_with_registry(),
                exempted_until: None,
            });
        };
        let mut wider = Vec::new();
        for other in self.policy().rules() {
            for (_, at) in covering(other) {
                let found = other.scopes.get(at).filter(|found| *found != scope);
                wider.extend(found.map(|found| (found, other.name.as_str())));
            }
        }
        let trust = Trust {
            policies: self.trust_policies(),
            roots: self.roots(),
        };
        let roles = rule.roles.iter().map(|role| ExplainedRole {
            role,
            statement: trust.statement(rule, role, reference, scheme),
        });
        Ok(GateExplanation {
            rule,
            scope,
            wider,
            roles: roles.collect(),
        })
    }
}
