//! What one process keeps between invocations, and when it ends. `docs/ecs-hook.md` has the same as a table.
//!
//! Memory: connections and AWS credentials, the gate policy for its time, and answers of OCSP responders and CRLs in a
//! directory below `/tmp` until their next update; what AWS Signer said, where the gate policy sets a time. Not kept: lists
//! of referrers, tags, verdicts.

use std::collections::VecDeque;
use std::path::Path;

use super::error::Error;
use super::moment::Moment;
use super::package::{Package, PolicySource};
use super::policy;
use crate::environment::{Clock, Environment};
use crate::gate::GateSetup;
use crate::limits::{MAX_FROZEN, MAX_HOOK_EXECUTIONS, MAX_HOOK_POLICY_AGE};
use crate::report::HookPolicy;

/// The one directory that is written to.
const DIRECTORY: &str = "/tmp";

/// What is kept.
pub(super) struct Memory {
    make: Box<dyn Fn() -> Environment + Send>,
    fresh: Option<Instance>,
    executions: VecDeque<String>,
}

struct Instance {
    environment: Environment,
    /// Answers of OCSP responders and CRLs.
    answers: tempfile::TempDir,
    policy: Option<KeptPolicy>,
    last: Moment,
}

struct KeptPolicy {
    setup: GateSetup,
    record: HookPolicy,
    read: Moment,
    is_in_package: bool,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl Memory {
    /// Nothing yet; `make` makes the surroundings of the process.
    pub(super) fn new(make: impl Fn() -> Environment + Send + 'static) -> Self {
        Self {
            make: Box::new(make),
            fresh: None,
            executions: VecDeque::new(),
        }
    }

    /// The surroundings for an invocation at `now`, whose clock stands still. A clock that went back empties what is
    /// kept; after a freeze, connections are made again.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`].
    pub(super) fn environment(&mut self, now: Moment) -> Result<Environment, Error> {
        match &mut self.fresh {
            Some(fresh) if !fresh.last.was_set_back(now) => {
                if fresh.last.frozen(now) > MAX_FROZEN {
                    fresh.environment = with_answers((self.make)(), fresh.answers.path());
                }
                fresh.last = now;
                Ok(fresh.at(now))
            }
            _ => {
                self.fresh = None;
                let answers = tempfile::Builder::new()
                    .prefix(&format!("countersign-{}-", std::process::id()))
                    .tempdir_in(DIRECTORY)
                    .map_err(Error::Directory)?;
                let environment = with_answers((self.make)(), answers.path());
                let fresh = self.fresh.insert(Instance {
                    environment,
                    answers,
                    policy: None,
                    last: now,
                });
                Ok(fresh.at(now))
            }
        }
    }

    /// The gate by the gate policy, read again where its time is over. A policy that cannot be read leaves nothing: the
    /// one before does not count any more.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub(super) async fn gate(
        &mut self,
        package: &Package,
        environment: &Environment,
        now: Moment,
    ) -> Result<(GateSetup, HookPolicy), Error> {
        let Some(fresh) = &mut self.fresh else {
            return Err(Error::OutOfTime);
        };
        let kept = fresh.policy.take().filter(|kept| kept.counts(now));
        if let Some(kept) = kept {
            let found = (kept.setup.clone(), kept.record.clone());
            fresh.policy = Some(kept);
            return Ok(found);
        }
        let reading = Box::pin(policy::read(package, environment, now.wall));
        let (setup, record) = reading.await.map_err(Error::Policy)?;
        fresh.policy = Some(KeptPolicy {
            setup: setup.clone(),
            record: record.clone(),
            read: now,
            is_in_package: matches!(package.policy, PolicySource::File(_)),
        });
        Ok((setup, record))
    }

    /// Whether this execution of a hook was told to wait by this process.
    pub(super) fn was_told_to_wait(&self, execution: &str) -> bool {
        self.executions.iter().any(|known| known == execution)
    }

    /// Remembers that it was.
    pub(super) fn told_to_wait(&mut self, execution: &str) {
        if !self.was_told_to_wait(execution) {
            if self.executions.len() >= MAX_HOOK_EXECUTIONS {
                self.executions.pop_front();
            }
            self.executions.push_back(execution.to_owned());
        }
    }
}

impl Instance {
    fn at(&self, now: Moment) -> Environment {
        self.environment.clone().with_clock(Clock::Fixed(now.wall))
    }
}

impl KeptPolicy {
    fn counts(&self, now: Moment) -> bool {
        let age = self.read.age(now);
        age.is_some_and(|age| self.is_in_package || age < MAX_HOOK_POLICY_AGE)
    }
}

fn with_answers(environment: Environment, directory: &Path) -> Environment {
    environment.with_cache(directory.to_owned())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use tokio::time::Instant;

    use super::*;

    const POLICY: &str = r#"{ "version": "1.0", "rules": [ { "name": "images", "scopes": ["r.example/*"], "require": {
        "all": [ { "name": "release", "signingProfile": "arn:aws:signer:us-west-2:111122223333:/signing-profiles/release" } ]
    } } ] }"#;

    fn kept() -> Memory {
        let nothing: [(&str, &str); 0] = [];
        Memory::new(move || Environment::of_variables(nothing, Clock::System))
    }

    fn start() -> Moment {
        Moment {
            wall: datetime!(2026-11-29 12:00 UTC),
            steady: Instant::now(),
        }
    }

    fn after(moment: Moment, wall: i64, steady: u64) -> Moment {
        Moment {
            wall: moment.wall + time::Duration::seconds(wall),
            steady: moment.steady + std::time::Duration::from_secs(steady),
        }
    }

    /// The directory of answers after an invocation at this time.
    fn directory(kept: &mut Memory, now: Moment) -> std::path::PathBuf {
        let environment = kept.environment(now).unwrap();
        assert_eq!(environment.now(), now.wall);
        environment.cache().unwrap()
    }

    #[test]
    fn a_clock_that_went_back_empties_what_is_kept() {
        let (mut kept, start) = (kept(), start());
        let first = directory(&mut kept, start);
        assert!(first.starts_with("/tmp") && first.is_dir(), "{first:?}");
        // Neither time that passes nor a freeze empties it.
        assert_eq!(directory(&mut kept, after(start, 30, 30)), first);
        assert_eq!(directory(&mut kept, after(start, 86_400, 31)), first);
        let second = directory(&mut kept, after(start, 86_399, 32));
        assert_ne!(second, first);
        assert!(!first.exists(), "{first:?}");
    }

    #[tokio::test]
    async fn a_policy_in_the_package_is_read_once_and_one_that_cannot_be_read_leaves_nothing() {
        let package_directory = tempfile::tempdir().unwrap();
        let file = package_directory.path().join("gate-policy.json");
        let package = Package::read(package_directory.path()).unwrap();
        let (mut kept, start) = (kept(), start());
        let environment = kept.environment(start).unwrap();
        let found = kept.gate(&package, &environment, start).await;
        assert!(matches!(found, Err(Error::Policy(_))), "{found:?}");
        std::fs::write(&file, POLICY).unwrap();
        let (_, record) = kept.gate(&package, &environment, start).await.unwrap();
        assert_eq!(
            (record.source.as_str(), record.unpinned),
            ("gate-policy.json", false)
        );
        std::fs::write(&file, "{}").unwrap();
        let later = after(start, 3_600, 3_600);
        let environment = kept.environment(later).unwrap();
        assert!(kept.gate(&package, &environment, later).await.is_ok());
        let back = after(start, -1, 3_601);
        let environment = kept.environment(back).unwrap();
        let error = kept.gate(&package, &environment, back).await.unwrap_err();
        assert!(matches!(error, Error::Policy(_)), "{error:?}");
    }

    #[tokio::test]
    async fn a_policy_outside_the_package_counts_for_a_minute_by_either_clock() {
        let package_directory = tempfile::tempdir().unwrap();
        std::fs::write(package_directory.path().join("gate-policy.json"), POLICY).unwrap();
        let package = Package::read(package_directory.path()).unwrap();
        let (mut kept, start) = (kept(), start());
        let environment = kept.environment(start).unwrap();
        kept.gate(&package, &environment, start).await.unwrap();
        let policy = kept.fresh.as_mut().unwrap().policy.as_mut().unwrap();
        for (is_in_package, wall, steady, counts) in [
            (false, 59, 59, true),
            (false, 60, 1, false),
            (false, 1, 60, false),
            (false, -1, 1, false),
            (true, 86_400, 86_400, true),
            (true, -1, 1, false),
        ] {
            policy.is_in_package = is_in_package;
            assert_eq!(
                policy.counts(after(start, wall, steady)),
                counts,
                "{wall} {steady}"
            );
        }
    }

    #[test]
    fn an_execution_that_waits_is_known_again() {
        let mut kept = kept();
        assert!(!kept.was_told_to_wait("a"));
        for number in 0..MAX_HOOK_EXECUTIONS {
            kept.told_to_wait(&format!("e{number}"));
            kept.told_to_wait(&format!("e{number}"));
        }
        assert!(kept.was_told_to_wait("e0"));
        kept.told_to_wait("one more");
        assert!(!kept.was_told_to_wait("e0") && kept.was_told_to_wait("e1"));
    }
}
