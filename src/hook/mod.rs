//! The gate as a function of AWS Lambda: a lifecycle hook of Amazon ECS, a rule of EventBridge, or asked directly.
//!
//! Input: an event, and when it came. Output: the [`InvocationOutcome`] event. Whatever is not understood, not read in time or
//! not decided is a refusal; only for what may pass, a deployment is held for a while. What an event says chooses
//! names and nothing else, and neither do variables of the process.
//!
//! `Hook` is the flow; the rest stands in a file each: what was asked (`event`, `stage`), by what it is decided (`package`,
//! `policy`), about which images (`images`, `verdicts`), what is kept (`kept`, `moment`), and what follows (`decision`, `wait`,
//! `stops`).

mod decision;
mod error;
mod event;
mod images;
mod verdicts;
mod kept;
mod moment;
mod package;
mod policy;
mod stage;
mod stops;
mod wait;

pub use decision::{Finding, decide};
pub use error::Error;
pub use event::{Deployment, Event, EventError};
pub use images::{ImagesError, WantedImage};
pub use moment::Moment;
pub use package::{Package, PackageError, PolicySource, StopSetting, Waits};
pub use policy::PolicyError;
pub use stage::{Stage, StageRule};
pub use stops::NotStopped;
pub use wait::Wait;

use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use crate::aws::{Aws, EcsArn};
use crate::environment::Environment;
use crate::hints::Reader;
use crate::limits::{
    HOOK_CALL_BACK_DELAY, HOOK_MARGIN, MAX_HOOK_REASON_CHARS, MAX_STOP_REASON_CHARS,
};
use crate::notary::rfc3339;
use crate::printable;
use crate::report::{
    GateResult, GateVerdict, HookAnswer, HookMetrics, HookPolicy, HookStatus, HookStop,
    HookVerdict, Reason,
};
use crate::{causes, json};
use decision::Finding as Found;
use kept::Memory;
use stops::Stops;
use verdicts::{images_of, judge_images, plain};

/// Who reads the hints of a function, which takes no flags.
const READER: Reader = Reader::without_settings();

/// Where fetched signatures are kept: a function can write nowhere else.
const CONTENT_CACHE: &str = "/tmp/countersign";

/// The gate as a function. One process has one.
#[derive(Debug)]
pub struct Hook {
    directory: PathBuf,
    kept: Memory,
    stops: Stops,
}

/// What is known of an invocation beside its event.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's name for it.
    pub request_id: String,
    /// The trace of AWS X-Ray.
    pub trace_id: Option<String>,
    /// When Lambda ends it.
    pub deadline: OffsetDateTime,
    /// When it began.
    pub begun: Moment,
}

/// An answer, and what is written about it.
#[derive(Debug)]
pub struct InvocationOutcome {
    /// The answer, in JSON.
    pub answer: String,
    /// The line for the audit.
    pub verdict: HookVerdict,
    /// The metrics.
    pub metrics: HookMetrics,
}

/// What was found until now; it stays where the time runs out.
#[derive(Default)]
struct Findings {
    results: Vec<GateResult>,
    policy: Option<HookPolicy>,
    /// For what the package holds a deployment; nothing until it is read.
    waits: Option<Waits>,
    /// Containers whose image cannot be told.
    untold: Vec<String>,
    /// Why no look is needed.
    passed: Option<&'static str>,
    stop: Option<HookStop>,
}

impl Hook {
    /// A function whose package is in `directory`; `environment` makes the surroundings of the process, again after
    /// its clock went back.
    pub fn new(directory: PathBuf, environment: impl Fn() -> Environment + Send + 'static) -> Self {
        Self {
            directory,
            kept: Memory::new(environment),
            stops: Stops::default(),
        }
    }

    /// Answers the event in `bytes`; `now` says what time it is at the end.
    pub async fn answer(
        &mut self,
        bytes: &[u8],
        invocation: &Invocation,
        now: impl Fn() -> Moment,
    ) -> InvocationOutcome {
        let mut findings = Findings::default();
        let read = json::parse(bytes).map_err(Error::Json);
        let event = read.and_then(|event| Event::read(&event).map_err(Error::Event));
        let judged = match &event {
            Err(_) => Ok(()),
            Ok(event) => self.judge_in_time(event, invocation, &mut findings).await,
        };
        let (event, error) = match event {
            Ok(event) => (Some(event), judged.err()),
            Err(error) => (None, Some(error)),
        };
        self.end(event.as_ref(), error, findings, invocation, now())
    }

    /// Judges the event, and ends before Lambda does.
    async fn judge_in_time(
        &mut self,
        event: &Event,
        invocation: &Invocation,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let left = Duration::try_from(invocation.deadline - invocation.begun.wall);
        let left = left.unwrap_or_default().saturating_sub(HOOK_MARGIN);
        if left.is_zero() {
            return Err(Error::OutOfTime);
        }
        let judging = Box::pin(self.judge(event, invocation.begun, findings));
        let judged = tokio::time::timeout(left, judging).await;
        judged.unwrap_or(Err(Error::OutOfTime))
    }

    async fn judge(
        &mut self,
        event: &Event,
        now: Moment,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        if let Event::Deployment(deployment) = event
            && deployment.stage.rule() == StageRule::CheckUnlessRollback
            && deployment.takes_traffic_away
        {
            findings.passed =
                Some("the deployment is rolled back, and this revision gets no traffic");
            return Ok(());
        }
        let package = Package::read(&self.directory).map_err(Error::Package)?;
        findings.waits = Some(package.waits);
        let mut environment = self.kept.environment(now)?;
        if package.keeps_content {
            environment = environment.with_content_cache(PathBuf::from(CONTENT_CACHE));
        }
        let (setup, record) = self.kept.gate(&package, &environment, now).await?;
        findings.policy = Some(record);
        let setup = setup.keeping_signer_answers();
        let gate = setup.connect(&environment).await.map_err(Error::Gate)?;
        let aws = environment.connections().map_err(Error::Environment)?.aws;
        match event {
            Event::Deployment(deployment) => {
                let wanted = images_of(&aws, &deployment.revision).await?;
                judge_images(&gate, wanted, &mut findings.results).await;
            }
            Event::Push(image) => {
                judge_images(&gate, plain([image.clone()]), &mut findings.results).await;
            }
            Event::Direct(images) => {
                judge_images(&gate, plain(images.clone()), &mut findings.results).await;
            }
            Event::Task(task) => {
                let described = Box::pin(aws.describe_task(task))
                    .await
                    .map_err(Error::Call)?;
                let (wanted, untold) = images::of_task(&described).map_err(Error::Images)?;
                findings.untold = untold;
                judge_images(&gate, wanted, &mut findings.results).await;
                if described.desired_status != "STOPPED" {
                    self.stop_if_refused(&aws, &package, task, now, findings)
                        .await;
                }
            }
        }
        Ok(())
    }

    /// Stops a task of which an image was refused or is not signed, where the package says so.
    async fn stop_if_refused(
        &mut self,
        aws: &Aws,
        package: &Package,
        task: &EcsArn,
        now: Moment,
        findings: &mut Findings,
    ) {
        let refused = findings.results.iter().find(|result| {
            matches!(
                result.verdict,
                GateVerdict::Rejected | GateVerdict::Unsigned
            )
        });
        let Some(refused) = refused else {
            return;
        };
        let not_stopped = |reason: String| HookStop {
            reason: Some(reason),
            stopped: false,
        };
        let begun = self.stops.begin(package.stops.as_ref(), task, now);
        findings.stop = Some(match begun {
            Err(NotStopped::Setting) => return,
            Err(reason) => not_stopped(reason.to_string()),
            Ok(()) => {
                let words = format!("countersign: {}", words_of(refused));
                let words: String = printable::one_line(&words)
                    .chars()
                    .take(MAX_STOP_REASON_CHARS)
                    .collect();
                match Box::pin(aws.stop_task(task, &words)).await {
                    Ok(()) => HookStop {
                        reason: None,
                        stopped: true,
                    },
                    Err(error) => not_stopped(causes::in_one_line(&error)),
                }
            }
        });
    }

    /// Makes the answer of what was found.
    fn end(
        &mut self,
        event: Option<&Event>,
        error: Option<Error>,
        findings: Findings,
        invocation: &Invocation,
        now: Moment,
    ) -> InvocationOutcome {
        let deployment = match event {
            Some(Event::Deployment(deployment)) => Some(deployment),
            _ => None,
        };
        let next = deployment.and_then(|deployment| {
            let was_told = self.kept.was_told_to_wait(&deployment.execution);
            let wait = Wait::read(deployment.details.as_ref(), was_told, now.wall);
            wait.next(now.wall)
        });
        let (status, state) = if error.is_none() && findings.passed.is_some() {
            (HookStatus::Succeeded, None)
        } else {
            let waits = findings.waits.unwrap_or(Waits::NOTHING);
            decide(&findings.all(error.as_ref()), waits, next)
        };
        let reason = findings.reason(error.as_ref(), status);
        let answer = match (state, deployment) {
            (Some(state), Some(deployment)) => {
                self.kept.told_to_wait(&deployment.execution);
                HookAnswer::wait(HOOK_CALL_BACK_DELAY.as_secs(), state, reason)
            }
            _ => HookAnswer::last(status, reason),
        };
        let error = error.map(|error| {
            let message = error.to_string();
            let reason = Reason::new(error.code(), message, &error, error.hint(), &READER);
            reason.retryable_if(error.may_pass())
        });
        let error = error.or_else(|| {
            let words = findings.passed.map(str::to_owned);
            words.map(|words| Reason::plain("rollback", words, false))
        });
        let latency = invocation.begun.age(now).unwrap_or_default();
        let verdict = HookVerdict {
            action: event.map_or("unknown", Event::action),
            error: error.or_else(|| findings.untold_reason()),
            gate_policy: findings.policy,
            latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
            request_id: Some(invocation.request_id.clone()),
            results: findings.results,
            service: event.and_then(service_of),
            stage: deployment.map(|deployment| deployment.stage.as_str()),
            status,
            stop: findings.stop,
            subject: event.and_then(subject_of),
            time: rfc3339(now.wall),
            trace_id: invocation.trace_id.clone(),
            kind: "verdict",
            version: "1",
        };
        let metrics = HookMetrics::new(&verdict, now.wall);
        let answer = match event {
            Some(Event::Task(_) | Event::Push(_) | Event::Direct(_)) => json::to_text(&verdict),
            _ => json::to_text(&answer),
        };
        InvocationOutcome {
            answer,
            verdict,
            metrics,
        }
    }
}

impl Findings {
    fn all(&self, error: Option<&Error>) -> Vec<Found> {
        let mut all: Vec<Found> = self.results.iter().map(|one| one.verdict.into()).collect();
        all.extend(self.untold.iter().map(|_| Found::Inconclusive));
        all.extend(error.map(|error| {
            if error.may_pass() {
                Found::Inconclusive
            } else {
                Found::Refused
            }
        }));
        all
    }

    /// The answer's reason, in one sentence.
    fn reason(&self, error: Option<&Error>, status: HookStatus) -> String {
        let words = if let Some(error) = error {
            let hint = error
                .hint()
                .and_then(|hint| READER.fitting(&hint))
                .map_or_else(String::new, |hint| format!("; {hint}"));
            format!("{}{hint}", causes::in_one_line(error))
        } else if let Some(words) = self.passed {
            words.to_owned()
        } else if status == HookStatus::Succeeded {
            self.summary()
        } else {
            self.refusal()
        };
        printable::shorten(&printable::one_line(&words), MAX_HOOK_REASON_CHARS)
    }

    /// How many images may run, and which of them are not verified.
    fn summary(&self) -> String {
        let count = |wanted| {
            self.results
                .iter()
                .filter(|one| one.verdict == wanted)
                .count()
        };
        let mut words = format!("{} verified", count(GateVerdict::Verified));
        for (verdict, name) in [
            (GateVerdict::Tolerated, "tolerated and not verified"),
            (GateVerdict::Exempted, "exempted by the gate policy"),
        ] {
            if count(verdict) > 0 {
                words = format!("{words}, {} {name}", count(verdict));
            }
        }
        format!("every image may run: {words}")
    }

    /// The first refusal; one that is final comes before one that may pass.
    fn refusal(&self) -> String {
        let rank = |result: &&GateResult| match result.verdict.into() {
            Found::Refused => 0,
            Found::NotSigned => 1,
            Found::Inconclusive => 2,
            Found::Passed => 3,
        };
        let is_failure = |result: &&GateResult| Found::from(result.verdict) != Found::Passed;
        let failures = self.results.iter().filter(is_failure);
        let count = failures.clone().count();
        let Some(first) = failures.min_by_key(rank) else {
            return self
                .untold_words()
                .unwrap_or_else(|| "no image was examined".to_owned());
        };
        let hint = first.error.as_ref().and_then(|error| error.hint.clone());
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        let more = match count {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        format!("{}{more}{hint}", words_of(first))
    }

    fn untold_words(&self) -> Option<String> {
        let names = self.untold.join("`, `");
        (!names.is_empty())
            .then(|| format!("Amazon ECS does not say which image runs in `{names}`"))
    }

    fn untold_reason(&self) -> Option<Reason> {
        let words = self.untold_words()?;
        Some(Reason::plain("image-not-told", words, true))
    }
}

/// What a result says in a sentence, with its causes.
fn words_of(result: &GateResult) -> String {
    let Some(error) = &result.error else {
        return result.asked.clone();
    };
    let causes = error.causes.iter().map(|cause| format!(": {cause}"));
    format!(
        "{}: {}{}",
        result.asked,
        error.message,
        causes.collect::<String>()
    )
}

/// What the metrics of an event are by.
fn service_of(event: &Event) -> Option<String> {
    match event {
        Event::Deployment(deployment) => {
            let arn = &deployment.revision;
            Some(format!("{}/{}", arn.cluster(), arn.service()))
        }
        Event::Task(task) => Some(task.cluster().to_owned()),
        Event::Push(image) => Some(image.repository().to_owned()),
        Event::Direct(_) => None,
    }
}

/// What an event is about.
fn subject_of(event: &Event) -> Option<String> {
    match event {
        Event::Deployment(deployment) => Some(deployment.revision.to_string()),
        Event::Task(task) => Some(task.to_string()),
        Event::Push(_) | Event::Direct(_) => None,
    }
}
