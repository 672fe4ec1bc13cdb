//! Asks how far the signing of an image is, until it has ended.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::Wait;
use super::error::{Error, FailedSigning};
use crate::aws::SigningProfileArn;
use crate::limits::{MAX_SIGNING_STATUS_INTERVAL, NO_SIGNING_RULE_AFTER, SIGNING_STATUS_INTERVAL};
use crate::reference::Reference;
use crate::registry::{ProfileSigning, SigningProgress};

impl Wait<'_> {
    /// Asks until the signings that are waited for are complete, which `signings` then has. It has what was last known
    /// after an error.
    ///
    /// # Errors
    ///
    /// A signing has failed, no rule matches, the caller may not ask, or the time is over.
    pub async fn until_signed(
        &self,
        image: &Reference,
        signings: &mut Vec<ProfileSigning>,
    ) -> Result<(), Error> {
        let began = Instant::now();
        let mut interval = SIGNING_STATUS_INTERVAL;
        loop {
            let mut trouble = None;
            match timeout_at(self.deadline, self.statuses.of(image)).await {
                Err(_) => return Err(self.over(image, signings, None)),
                Ok(Err(error)) if error.is_transient() => trouble = Some(error),
                Ok(Err(source)) => return Err(Error::Status { source }),
                Ok(Ok(found)) => {
                    let others: Vec<SigningProfileArn> = found
                        .iter()
                        .map(|one| one.signing_profile.clone())
                        .collect();
                    *signings = self.waited_for(found);
                    if self.has_ended(image, signings, &others, began.elapsed())? {
                        return Ok(());
                    }
                }
            }
            let Some(mut next) = self.next(interval) else {
                return Err(self.over(image, signings, trouble));
            };
            // A missing rule is told at its time, not at the question after it.
            let no_rule = began + NO_SIGNING_RULE_AFTER;
            if Instant::now() < no_rule && no_rule < next {
                next = no_rule;
            }
            sleep_until(next).await;
            interval = MAX_SIGNING_STATUS_INTERVAL.min(interval * 2);
        }
    }

    /// Those of `found` that are waited for.
    fn waited_for(&self, mut found: Vec<ProfileSigning>) -> Vec<ProfileSigning> {
        if !self.profiles.is_empty() {
            found.retain(|signing| self.profiles.contains(&signing.signing_profile));
        }
        found
    }

    fn has_ended(
        &self,
        image: &Reference,
        signings: &[ProfileSigning],
        all: &[SigningProfileArn],
        elapsed: Duration,
    ) -> Result<bool, Error> {
        let failed: Vec<FailedSigning> = signings.iter().filter_map(FailedSigning::of).collect();
        if !failed.is_empty() {
            return Err(Error::Failed {
                image: image.to_string(),
                failed,
            });
        }
        let is_listed = |profile: &&SigningProfileArn| {
            signings.iter().any(|one| one.signing_profile == **profile)
        };
        let missing = self.profiles.iter().find(|profile| !is_listed(profile));
        if elapsed >= NO_SIGNING_RULE_AFTER {
            if let Some(profile) = missing {
                return Err(Error::NoRuleOf {
                    image: image.to_string(),
                    profile: profile.clone(),
                    others: all.to_vec(),
                });
            }
            if signings.is_empty() {
                return Err(Error::NoRule {
                    image: image.to_string(),
                });
            }
        }
        let is_complete = |one: &ProfileSigning| one.progress == SigningProgress::Complete;
        Ok(missing.is_none() && !signings.is_empty() && signings.iter().all(is_complete))
    }

    fn over(
        &self,
        image: &Reference,
        signings: &[ProfileSigning],
        source: Option<crate::registry::SigningStatusError>,
    ) -> Error {
        let in_progress = signings
            .iter()
            .filter(|signing| signing.progress == SigningProgress::InProgress)
            .map(|signing| signing.signing_profile.clone());
        Error::Time {
            image: image.to_string(),
            limit: self.limit,
            in_progress: in_progress.collect(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        IMAGE, OTHER, PROFILE, Scripted, denied, image, signing, throttled,
    };
    use super::*;
    use crate::outcome::FailureClass;
    use SigningProgress::{Complete, InProgress};

    struct Ended {
        outcome: Result<(), Error>,
        seconds: u64,
        asked: usize,
    }

    /// Waits ten minutes at most for `profiles`, with the answers of `scripted`, of which the last one stays.
    async fn wait(scripted: &Scripted, profiles: &[&str]) -> Ended {
        wait_for(scripted, profiles, 600).await
    }

    async fn wait_for(scripted: &Scripted, profiles: &[&str], seconds: u64) -> Ended {
        let profiles: Vec<_> = profiles
            .iter()
            .map(|profile| SigningProfileArn::parse(profile).unwrap())
            .collect();
        let (began, limit) = (Instant::now(), Duration::from_secs(seconds));
        let wait = Wait {
            statuses: scripted,
            profiles: &profiles,
            limit,
            deadline: began + limit,
        };
        let outcome = wait.until_signed(&image(), &mut Vec::new()).await;
        Ended {
            outcome,
            seconds: began.elapsed().as_secs(),
            asked: scripted.asked(),
        }
    }

    fn told(ended: &Ended) -> String {
        ended.outcome.as_ref().unwrap_err().to_string()
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_every_rule_has_signed() {
        let scripted = Scripted::new()
            .then(vec![])
            .then(vec![
                signing(PROFILE, InProgress),
                signing(OTHER, InProgress),
            ])
            .then(vec![signing(PROFILE, Complete), signing(OTHER, InProgress)])
            .then(vec![signing(PROFILE, Complete), signing(OTHER, Complete)]);
        let ended = wait(&scripted, &[]).await;
        ended.outcome.unwrap();
        // 0, 1, 3 and 7 seconds.
        assert_eq!((ended.seconds, ended.asked), (7, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn the_profile_that_is_named_is_waited_for_and_no_other() {
        let other_failed = SigningProgress::Failed {
            code: None,
            reason: None,
        };
        let scripted = Scripted::new()
            .then(vec![signing(OTHER, other_failed.clone())])
            .then(vec![
                signing(PROFILE, Complete),
                signing(OTHER, other_failed),
            ]);
        let ended = wait(&scripted, &[PROFILE]).await;
        ended.outcome.unwrap();
        assert_eq!((ended.seconds, ended.asked), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_list_ends_after_a_minute() {
        let ended = wait(&Scripted::new().then(vec![]), &[]).await;
        assert_eq!(ended.seconds, 60);
        assert_eq!(told(&ended), format!("no signing rule matches `{IMAGE}`"));
        let error = ended.outcome.unwrap_err();
        assert_eq!(error.class(), FailureClass::Rejected);
        assert_eq!(
            error.hint().unwrap(),
            "create a signing rule for the repository with `aws ecr put-signing-configuration`, then push the image \
             again; a rule signs only what is pushed after it"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_rule_of_another_profile_is_no_rule_of_the_one_that_is_named() {
        let scripted = Scripted::new().then(vec![signing(OTHER, Complete)]);
        let ended = wait(&scripted, &[PROFILE]).await;
        assert_eq!(ended.seconds, 60);
        assert_eq!(
            told(&ended),
            format!("no signing rule with the signing profile `{PROFILE}` matches `{IMAGE}`")
        );
        let hint = ended.outcome.unwrap_err().hint().unwrap();
        assert!(
            hint.starts_with(&format!("the rules that match name `{OTHER}`; ")),
            "{hint}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_ends_it_at_once() {
        let failed = SigningProgress::Failed {
            code: Some("AccessDeniedException".to_owned()),
            reason: Some("not authorized".to_owned()),
        };
        let scripted =
            Scripted::new().then(vec![signing(PROFILE, failed), signing(OTHER, InProgress)]);
        let ended = wait(&scripted, &[]).await;
        assert_eq!((ended.seconds, ended.asked), (0, 1));
        assert_eq!(told(&ended), format!("Amazon ECR could not sign `{IMAGE}`"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_denial_ends_it_at_once_and_a_throttled_question_is_asked_again() {
        let ended = wait(&Scripted::new().fails(denied), &[]).await;
        assert_eq!((ended.seconds, ended.asked), (0, 1));
        assert!(matches!(&ended.outcome, Err(Error::Status { source }) if source.is_denied()));
        let scripted = Scripted::new()
            .fails(throttled)
            .then(vec![signing(PROFILE, Complete)]);
        let ended = wait(&scripted, &[]).await;
        ended.outcome.unwrap();
        assert_eq!((ended.seconds, ended.asked), (1, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_ends_it_and_says_what_is_in_progress() {
        let scripted = Scripted::new().then(vec![signing(PROFILE, InProgress)]);
        let ended = wait(&scripted, &[]).await;
        // No question is asked after the time.
        assert!((590..600).contains(&ended.seconds), "{}", ended.seconds);
        assert_eq!(
            told(&ended),
            format!("the signing of `{IMAGE}` has not ended within 600s")
        );
        let error = ended.outcome.unwrap_err();
        assert_eq!(error.details(), [format!("in progress: `{PROFILE}`")]);
        // An answer that never comes uses up the time, and no more.
        let ended = wait_for(&Scripted::new().hangs(), &[], 5).await;
        assert_eq!(ended.seconds, 5);
        assert!(matches!(ended.outcome, Err(Error::Time { .. })));
        // What kept it from an answer is the cause.
        let ended = wait_for(&Scripted::new().fails(throttled), &[], 5).await;
        assert!(matches!(
            ended.outcome,
            Err(Error::Time {
                source: Some(_),
                ..
            })
        ));
    }
}
