//! What the function was called with: one of four shapes, or a refusal.
//!
//! An event is not signed: every caller who may invoke the function writes it. It gives names, and nothing in it
//! chooses a policy, a mode or a limit.

use serde_json::{Map, Value};

use super::stage::Stage;
use crate::aws::{EcsArn, EcsArnError, EcsKind};
use crate::limits::MAX_HOOK_REFERENCES;
use crate::oci;
use crate::partition::Partition;
use crate::reference::{self, Reference};

/// What the function was called with.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A stage of an ECS deployment.
    Deployment(Deployment),
    /// A task of Amazon ECS changed its state.
    Task(EcsArn),
    /// An image was pushed to Amazon ECR.
    Push(Reference),
    /// A question about these references.
    Direct(Vec<Reference>),
}

/// A stage of an ECS deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// Amazon ECS's name for this execution of the hook.
    pub execution: String,
    /// The stage.
    pub stage: Stage,
    /// The revision that is deployed.
    pub revision: EcsArn,
    /// Whether the revision's share of production traffic goes to nothing.
    pub takes_traffic_away: bool,
    /// `hookDetails`: the service owner's text, with our own state in it.
    pub details: Option<Value>,
}

/// Why an event is not one that is answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It has the members of no shape.
    #[error(
        "the event is neither a deployment hook, a known EventBridge event nor a list of references"
    )]
    Unknown,
    /// It has the members of two.
    #[error("the event has `{one}` and `{other}`, which belong to different kinds of event")]
    Ambiguous {
        /// A member of one.
        one: &'static str,
        /// A member of the other.
        other: &'static str,
    },
    /// A member is missing or not as it must be.
    #[error("`{member}` of the event is missing or is not {wanted}")]
    Member {
        /// Its name.
        member: &'static str,
        /// What it must be.
        wanted: &'static str,
    },
    /// The stage is not known.
    #[error("the stage `{0}` is unknown")]
    Stage(String),
    /// The event is about something else.
    #[error("`{member}` is `{found}`, which is not answered")]
    Other {
        /// Which member says so.
        member: &'static str,
        /// Its value.
        found: String,
    },
    /// An ARN cannot be used.
    #[error("`{member}` cannot be used")]
    Arn {
        /// The member.
        member: &'static str,
        /// Why.
        #[source]
        source: EcsArnError,
    },
    /// Two names do not belong together.
    #[error("`{one}` and `{other}` of the event are not of one service")]
    Differ {
        /// A member.
        one: &'static str,
        /// Another one.
        other: &'static str,
    },
    /// A reference cannot be used.
    #[error("an image of the event cannot be named")]
    Reference(#[source] reference::Error),
    /// The pushed image has no digest that can be checked.
    #[error("an image of the event cannot be named")]
    Digest(#[source] oci::Error),
}

/// The members that tell a deployment.
const OF_DEPLOYMENT: [&str; 4] = [
    "lifecycleStage",
    "executionDetails",
    "executionId",
    "hookDetails",
];
/// The members that tell an event of `EventBridge`.
const OF_BUS: [&str; 3] = ["detail-type", "detail", "source"];
/// The member that tells a direct invocation.
const OF_DIRECT: [&str; 1] = ["references"];

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    ///
    /// [`EventError`] for anything that is not exactly one of the shapes.
    pub fn read(event: &Value) -> Result<Self, EventError> {
        let Value::Object(event) = event else {
            return Err(EventError::Unknown);
        };
        let first = |members: &[&'static str]| {
            let mut members = members.iter().copied();
            members.find(|member| event.contains_key(*member))
        };
        let told = [first(&OF_DEPLOYMENT), first(&OF_BUS), first(&OF_DIRECT)];
        let mut found = told.into_iter().flatten();
        if let (Some(one), Some(other)) = (found.next(), found.next()) {
            return Err(EventError::Ambiguous { one, other });
        }
        match told {
            [Some(_), ..] => read_deployment(event).map(Self::Deployment),
            [_, Some(_), _] => read_bus(event),
            [_, _, Some(_)] => read_references(event).map(Self::Direct),
            _ => Err(EventError::Unknown),
        }
    }

    /// A name for programs; it does not change.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Deployment(_) => "ecs-deployment",
            Self::Task(_) => "ecs-task",
            Self::Push(_) => "ecr-push",
            Self::Direct(_) => "direct",
        }
    }
}

fn text<'e>(event: &'e Map<String, Value>, member: &'static str) -> Result<&'e str, EventError> {
    let found = event.get(member).and_then(Value::as_str);
    found
        .filter(|text| !text.is_empty())
        .ok_or(EventError::Member {
            member,
            wanted: "a text",
        })
}

fn object<'e>(
    event: &'e Map<String, Value>,
    member: &'static str,
) -> Result<&'e Map<String, Value>, EventError> {
    let found = event.get(member).and_then(Value::as_object);
    found.ok_or(EventError::Member {
        member,
        wanted: "an object",
    })
}

fn arn(
    event: &Map<String, Value>,
    member: &'static str,
    kind: EcsKind,
) -> Result<EcsArn, EventError> {
    EcsArn::new(kind, text(event, member)?).map_err(|source| EventError::Arn { member, source })
}

fn read_deployment(event: &Map<String, Value>) -> Result<Deployment, EventError> {
    let stage = text(event, "lifecycleStage")?;
    let stage = Stage::from_name(stage).ok_or_else(|| EventError::Stage(stage.to_owned()))?;
    let execution = text(event, "executionId")?.to_owned();
    let deployment = arn(event, "resourceArn", EcsKind::ServiceDeployment)?;
    let details = object(event, "executionDetails")?;
    let revision = arn(
        details,
        "targetServiceRevisionArn",
        EcsKind::ServiceRevision,
    )?;
    let service = arn(details, "serviceArn", EcsKind::Service)?;
    let differ = |one, other| Err(EventError::Differ { one, other });
    if revision.service_arn().as_ref() != Some(&service) {
        return differ("targetServiceRevisionArn", "serviceArn");
    }
    if deployment.service_arn().as_ref() != Some(&service) {
        return differ("resourceArn", "serviceArn");
    }
    let gets_nothing_now = gets_nothing(details, "productionTrafficWeights", &revision)?;
    gets_nothing(details, "testTrafficWeights", &revision)?;
    Ok(Deployment {
        execution,
        stage,
        takes_traffic_away: gets_nothing_now == Some(true),
        revision,
        details: event
            .get("hookDetails")
            .filter(|found| !found.is_null())
            .cloned(),
    })
}

/// Whether the revision gets nothing of the traffic; `None` where the event does not say. A percentage may have a
/// fraction, as those of canary deployments do.
fn gets_nothing(
    details: &Map<String, Value>,
    member: &'static str,
    revision: &EcsArn,
) -> Result<Option<bool>, EventError> {
    let weights = match details.get(member) {
        None | Some(Value::Null) => return Ok(None),
        Some(_) => object(details, member)?,
    };
    let mut of_revision = None;
    for (name, weight) in weights {
        let is_percentage = weight
            .as_f64()
            .is_some_and(|weight| (0.0..=100.0).contains(&weight));
        if !is_percentage {
            return Err(EventError::Member {
                member,
                wanted: "an object of percentages",
            });
        }
        if name == revision.as_str() {
            // Nothing but `0` is nothing: a small fraction may be read as zero.
            of_revision = Some(weight.as_u64() == Some(0));
        }
    }
    Ok(of_revision)
}

fn read_bus(event: &Map<String, Value>) -> Result<Event, EventError> {
    let kind = text(event, "detail-type")?;
    let source = text(event, "source")?;
    match (source, kind) {
        ("aws.ecs", "ECS Task State Change") => {
            arn(object(event, "detail")?, "taskArn", EcsKind::Task).map(Event::Task)
        }
        ("aws.ecr", "ECR Image Action") => read_push(event).map(Event::Push),
        _ => Err(EventError::Other {
            member: "detail-type",
            found: kind.to_owned(),
        }),
    }
}

/// The image by digest: a tag may have moved since the event.
fn read_push(event: &Map<String, Value>) -> Result<Reference, EventError> {
    let detail = object(event, "detail")?;
    for (member, wanted) in [("action-type", "PUSH"), ("result", "SUCCESS")] {
        let found = text(detail, member)?;
        if found != wanted {
            let found = found.to_owned();
            return Err(EventError::Other { member, found });
        }
    }
    let account = text(event, "account")?;
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(EventError::Member {
            member: "account",
            wanted: "a number of 12 digits",
        });
    }
    let region = text(event, "region")?;
    let digest = oci::parse_digest(text(detail, "image-digest")?).map_err(EventError::Digest)?;
    let repository = text(detail, "repository-name")?;
    let suffix = Partition::of_region(region).dns_suffix();
    let image = format!("{account}.dkr.ecr.{region}.{suffix}/{repository}@{digest}");
    let image = Reference::parse(&image).map_err(EventError::Reference)?;
    let of_event = image.registry_name().ecr();
    if of_event.is_none_or(|host| host.region() != region) || image.repository() != repository {
        return Err(EventError::Member {
            member: "region",
            wanted: "a region of AWS",
        });
    }
    Ok(image)
}

fn read_references(event: &Map<String, Value>) -> Result<Vec<Reference>, EventError> {
    if let Some(other) = event.keys().find(|name| *name != "references") {
        return Err(EventError::Other {
            member: "references",
            found: format!("references, {other}"),
        });
    }
    let wanted = || EventError::Member {
        member: "references",
        wanted: "a list of 1 to 100 references",
    };
    let listed = event.get("references").and_then(Value::as_array);
    let listed = listed.ok_or_else(wanted)?;
    if listed.is_empty() || listed.len() > MAX_HOOK_REFERENCES {
        return Err(wanted());
    }
    let one = |value: &Value| {
        let text = value.as_str().ok_or_else(wanted)?;
        Reference::parse(text).map_err(EventError::Reference)
    };
    listed.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
