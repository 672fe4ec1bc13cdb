//! What the user can do about references that were left.

use super::args::ManyArgs;
use crate::sign::many::End;
use crate::signer::Signer;

/// What decides how the same command finishes what is left.
pub(super) struct Rerun {
    /// Whether it looks for signatures that are there.
    looks: bool,
    /// Whether it could.
    can_look: bool,
    keeps_going: bool,
}

/// What is left of all references.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Left {
    has_unlisted: bool,
    may_be_signed: bool,
    fails_again: bool,
}

impl Left {
    /// Notes how one of them ended.
    pub(super) fn add(&mut self, end: &End) {
        let may_be_signed = end.may_be_signed_by_the_next_run();
        self.has_unlisted |= end.is_not_listed();
        self.may_be_signed |= may_be_signed;
        self.fails_again |= matches!(end, End::Failed { .. }) && !may_be_signed;
    }
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
    pub(super) fn advice(&self, left: Left) -> Option<String> {
        // A signature that nothing leads to would be made again.
        if left.has_unlisted || !left.may_be_signed {
            return None;
        }
        if !self.looks && !self.can_look {
            return None;
        }
        // What fails again must not stop the rest again.
        let fails_again = left.fails_again;
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
