//! Who signs what, where several references stand for the same.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// What references have taken upon themselves, each by its position.
///
/// A reference claims its own text before it is resolved, and the artifact's digest after that. No
/// reference waits without end: one that has claimed a digest waits for no other, and one that waits for a
/// text has claimed nothing.
#[derive(Debug, Default)]
pub(super) struct Claims {
    all: Mutex<HashMap<String, Claim>>,
}

#[derive(Debug)]
struct Claim {
    by: usize,
    /// The reference, as it was given.
    text: String,
    /// Whether there is a signature now; closed without one where the claim was given up.
    done: watch::Sender<bool>,
}

/// The answer to a claim.
#[derive(Debug)]
pub(super) enum ClaimResult {
    /// It is this reference's to sign.
    Own,
    /// There is a signature, by this reference.
    Done { by: String },
    /// Another one is at it.
    Wait(Wait),
}

/// The end of another reference that is waited for.
#[derive(Debug)]
pub(super) struct Wait(watch::Receiver<bool>);

impl Wait {
    /// Comes back when the other one is done, or has given up: the claim is to be repeated then.
    pub(super) async fn end(mut self) {
        // An error is that it was given up.
        let _ = self.0.wait_for(|is_done| *is_done).await;
    }
}

impl Claims {
    /// Claims `what` for the reference `text` at position `by`.
    pub(super) fn claim(&self, what: String, by: usize, text: &str) -> ClaimResult {
        let mut all = self.lock();
        let claim = all.entry(what).or_insert_with(|| Claim {
            by,
            text: text.to_owned(),
            done: watch::Sender::new(false),
        });
        if *claim.done.borrow() {
            let by = claim.text.clone();
            ClaimResult::Done { by }
        } else if claim.by == by {
            ClaimResult::Own
        } else {
            ClaimResult::Wait(Wait(claim.done.subscribe()))
        }
    }

    /// What the reference at position `by` has claimed is signed.
    pub(super) fn done(&self, by: usize) {
        for claim in self.lock().values().filter(|claim| claim.by == by) {
            claim.done.send_replace(true);
        }
    }

    /// What the reference at position `by` has claimed is another's to sign.
    pub(super) fn give_up(&self, by: usize) {
        self.lock().retain(|_, claim| claim.by != by);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Claim>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(claims: &Claims, by: usize) -> ClaimResult {
        claims.claim("x".to_owned(), by, &format!("reference {by}"))
    }

    #[tokio::test]
    async fn the_second_waits_for_the_end_of_the_first() {
        for is_done in [true, false] {
            let claims = Claims::default();
            assert!(matches!(claim(&claims, 0), ClaimResult::Own));
            assert!(matches!(claim(&claims, 0), ClaimResult::Own));
            let ClaimResult::Wait(wait) = claim(&claims, 1) else {
                panic!("not waited for");
            };
            claims.done(1);
            claims.give_up(1);
            assert!(matches!(claim(&claims, 1), ClaimResult::Wait(_)));
            if is_done {
                claims.done(0);
                wait.end().await;
                assert!(
                    matches!(claim(&claims, 1), ClaimResult::Done { by } if by == "reference 0")
                );
            } else {
                claims.give_up(0);
                wait.end().await;
                assert!(matches!(claim(&claims, 1), ClaimResult::Own));
            }
        }
    }
}
