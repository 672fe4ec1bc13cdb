//! What the user can do about references that were left.

use super::args::ManyArgs;
use crate::sign::many::{End, Outcome};
use crate::signer::Signer;

/// What decides how the same command finishes what is left.
pub(super) struct Rerun {
    /// Whether it looks for signatures that are there.
    looks: bool,
    /// Whether it could.
    can_look: bool,
    keeps_going: bool,
}

impl Rerun {
    pub(super) fn new(signer: &Signer, args: &ManyArgs) -> Self {
        Self {
            looks: args.if_missing,
            can_look: matches!(signer, Signer::AwsSigner(_))
                || signer.certificate_chain().is_some(),
            keeps_going: args.keep_going,
        }
    }

    /// How what is left can be done without signing anything twice; nothing where the same command
    /// could do no more.
    pub(super) fn advice(&self, outcomes: &[Outcome]) -> Option<String> {
        let any = |is: fn(&End) -> bool| outcomes.iter().any(|outcome| is(&outcome.end));
        // A signature that nothing leads to would be made again.
        if any(End::is_not_listed) || !any(End::may_be_signed_by_the_next_run) {
            return None;
        }
        if !self.looks && !self.can_look {
            return None;
        }
        // What fails again must not stop the rest again.
        let fails_again =
            any(|end| matches!(end, End::Failed { .. }) && !end.may_be_signed_by_the_next_run());
        let flags: Vec<&str> = [
            (!self.looks, "`--if-missing`"),
            (fails_again && !self.keeps_going, "`--keep-going`"),
        ]
        .into_iter()
        .filter_map(|(is_needed, flag)| is_needed.then_some(flag))
        .collect();
        let flags = match flags.as_slice() {
            [] => String::new(),
            flags => format!(" with {}", flags.join(" and ")),
        };
        Some(format!("run the same command{flags} to sign the rest"))
    }
}
