//! Which signature fills which role, and whether that is enough.

use std::sync::Arc;

use time::OffsetDateTime;

use super::examination::{Filling, ImageExamination, RoleExamination, RoleLack, RoleShortfall};
use super::fit::{Fit, fit, shown};
use super::matching::greatest;
use super::signers::signers;
use super::statements::NoStatement;
use crate::gate::policy::{GateRule, Role};
use crate::outcome::FailureClass;
use crate::trust_policy::Statement;
use crate::verify::SignatureOutcomes;

/// The roles of a rule, with the statements that judge signatures for them.
pub(super) struct Roles<'r> {
    rule: &'r GateRule,
    statements: Vec<Statement>,
    /// For each role the number of its statement, or why it has no statement.
    of_role: Vec<Result<usize, Arc<NoStatement>>>,
}

impl<'r> Roles<'r> {
    pub(super) fn new(
        rule: &'r GateRule,
        statement: impl Fn(&Role) -> Result<Statement, NoStatement>,
    ) -> Self {
        let mut statements = Vec::new();
        let mut of_role = Vec::new();
        for role in &rule.roles {
            let found = statement(role).map_err(Arc::new);
            of_role.push(found.map(|found| {
                statements.push(found);
                statements.len() - 1
            }));
        }
        Self {
            rule,
            statements,
            of_role,
        }
    }

    pub(super) const fn rule(&self) -> &'r GateRule {
        self.rule
    }

    pub(super) fn statements(&self) -> &[Statement] {
        &self.statements
    }

    fn statement_of(&self, role: usize) -> Option<usize> {
        let of_role = self.of_role.get(role)?;
        of_role.as_ref().ok().copied()
    }
}

/// Every signature against every role.
struct Fits {
    /// By role and signature; empty for a role without a statement.
    of_role: Vec<Vec<Fit>>,
    /// The number of the signer of each signature.
    signer_of: Vec<usize>,
}

impl Fits {
    fn new(roles: &Roles<'_>, signatures: &[SignatureOutcomes], now: OffsetDateTime) -> Self {
        let mut of_role = Vec::new();
        for (number, role) in roles.rule.roles.iter().enumerate() {
            let mut fits = Vec::new();
            if let Some(statement) = roles.statement_of(number) {
                for signature in signatures {
                    let outcome = signature.outcome(statement);
                    let revocation = roles.rule.revocation;
                    fits.push(fit(role, revocation, statement, outcome, now));
                }
            }
            of_role.push(fits);
        }
        Self {
            of_role,
            signer_of: signers(signatures, roles.statements.len()),
        }
    }

    /// The signers that fit each role, by the signatures that are `wanted`.
    fn edges(&self, wanted: fn(&Fit) -> bool) -> Vec<Vec<usize>> {
        let of_role = |fits: &Vec<Fit>| {
            let pairs = fits.iter().zip(&self.signer_of);
            let wanted = pairs.filter(|(fit, _)| wanted(fit));
            wanted.map(|(_, signer)| *signer).collect()
        };
        self.of_role.iter().map(of_role).collect()
    }

    /// The first signature of this signer that fills the role.
    fn signature(&self, role: usize, signer: usize) -> Option<usize> {
        let pairs = self.of_role.get(role)?.iter().zip(&self.signer_of);
        pairs
            .enumerate()
            .find(|(_, (fit, of))| **fit == Fit::Met && **of == signer)
            .map(|(at, _)| at)
    }
}

/// Decides about an image whose signatures were judged.
pub(super) fn evaluate(
    roles: &Roles<'_>,
    mut image: ImageExamination,
    now: OffsetDateTime,
) -> ImageExamination {
    let fits = Fits::new(roles, &image.signatures, now);
    let filled = greatest(&fits.edges(|fit| *fit == Fit::Met));
    let is_met = filled.iter().flatten().count() >= image.needed && image.error.is_none();
    image.roles = (0..roles.rule.roles.len())
        .filter_map(|number| role_examination(roles, &fits, &image, &filled, number))
        .collect();
    image.result = if is_met {
        Ok(())
    } else if let Some(error) = &image.error {
        Err(error.class())
    } else if could_be_met(roles, &fits, &image) {
        Err(FailureClass::Inconclusive)
    } else {
        Err(FailureClass::Rejected)
    };
    image
}

/// Whether what could not be looked at may have been enough.
fn could_be_met(roles: &Roles<'_>, fits: &Fits, image: &ImageExamination) -> bool {
    // Those beyond the limit too: junk before the good signatures must not make a refusal that is final.
    if image.unseen.is_some() {
        let fillable = roles.of_role.iter().filter(|one| one.is_ok()).count();
        return fillable >= image.needed;
    }
    let edges = fits.edges(|fit| matches!(fit, Fit::Met | Fit::Inconclusive(_)));
    greatest(&edges).iter().flatten().count() >= image.needed
}

fn role_examination(
    roles: &Roles<'_>,
    fits: &Fits,
    image: &ImageExamination,
    filled: &[Option<usize>],
    number: usize,
) -> Option<RoleExamination> {
    let role = roles.rule.roles.get(number)?;
    let signer = filled.get(number).copied().flatten();
    let by = signer.and_then(|signer| {
        let at = fits.signature(number, signer)?;
        let signature = image.signatures.get(at)?;
        let outcome = signature.outcome(roles.statement_of(number)?)?;
        Some(Filling {
            manifest_digest: signature.manifest_digest.clone(),
            signer: shown(outcome),
        })
    });
    let shortfalls = if by.is_some() {
        Vec::new()
    } else {
        shortfalls(roles, fits, filled, number)
    };
    Some(RoleExamination {
        name: role.name.clone(),
        signer: role.signer.clone(),
        filled: by,
        no_statement: roles.of_role.get(number)?.as_ref().err().cloned(),
        shortfalls,
    })
}

/// Why each signature does not fill the role.
fn shortfalls(
    roles: &Roles<'_>,
    fits: &Fits,
    filled: &[Option<usize>],
    number: usize,
) -> Vec<RoleShortfall> {
    let of_role = fits.of_role.get(number).into_iter().flatten();
    let lacks = of_role.enumerate().filter_map(|(at, fit)| {
        let lack = match fit {
            Fit::Inconclusive(lack) | Fit::Unmet(lack) => lack.clone(),
            Fit::Met => {
                let signer = fits.signer_of.get(at)?;
                let other = filled.iter().position(|of| of.as_ref() == Some(signer))?;
                let role = roles.rule.roles.get(other)?.name.clone();
                RoleLack::FillsAnother { role }
            }
        };
        let signature = at;
        Some(RoleShortfall { signature, lack })
    });
    lacks.collect()
}

#[cfg(test)]
mod tests;
