//! Amazon ECR that gives the answers of a script.

use std::sync::Mutex;

use futures_util::future::{BoxFuture, FutureExt as _, pending};

use super::SigningStatuses;
use crate::aws::{CallErrorKind, SigningProfileArn, call_error};
use crate::reference::Reference;
use crate::registry::{ProfileSigning, SigningProgress, SigningStatusError};

pub(super) const IMAGE: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com/app@sha256:\
                                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
pub(super) const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
pub(super) const OTHER: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/security";

pub(super) fn image() -> Reference {
    Reference::parse(IMAGE).unwrap()
}

pub(super) fn signing(profile: &str, progress: SigningProgress) -> ProfileSigning {
    ProfileSigning {
        signing_profile: SigningProfileArn::parse(profile).unwrap(),
        progress,
    }
}

pub(super) fn denied() -> SigningStatusError {
    failure(CallErrorKind::Denied)
}

pub(super) fn throttled() -> SigningStatusError {
    failure(CallErrorKind::Throttled)
}

fn failure(kind: CallErrorKind) -> SigningStatusError {
    SigningStatusError {
        image: IMAGE.to_owned(),
        source: call_error(kind, "C", "m").into(),
    }
}

#[derive(Debug)]
enum Step {
    Says(Vec<ProfileSigning>),
    Fails(fn() -> SigningStatusError),
    Hangs,
}

/// The answers one after the other; the last one stays.
#[derive(Debug, Default)]
pub(super) struct Scripted {
    steps: Vec<Step>,
    asked: Mutex<usize>,
}

impl Scripted {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn then(self, signings: Vec<ProfileSigning>) -> Self {
        self.with(Step::Says(signings))
    }

    pub(super) fn fails(self, error: fn() -> SigningStatusError) -> Self {
        self.with(Step::Fails(error))
    }

    pub(super) fn hangs(self) -> Self {
        self.with(Step::Hangs)
    }

    fn with(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(super) fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

impl SigningStatuses for Scripted {
    fn of<'a>(
        &'a self,
        asked: &'a Reference,
    ) -> BoxFuture<'a, Result<Vec<ProfileSigning>, SigningStatusError>> {
        assert_eq!(asked, &image());
        let mut count = self.asked.lock().unwrap();
        let step = (*count).min(self.steps.len() - 1);
        *count += 1;
        match &self.steps[step] {
            Step::Says(signings) => std::future::ready(Ok(signings.clone())).boxed(),
            Step::Fails(error) => std::future::ready(Err(error())).boxed(),
            Step::Hangs => pending().boxed(),
        }
    }
}
