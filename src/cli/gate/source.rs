//! Where a document comes from: a file, stdin, or AWS.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::args::ReadGate;
use crate::aws::{Aws, TaskDefinitionName};
use crate::cli::output::{CommandOutput, Exit, one_line};
use crate::files;
use crate::gate::documents::Kind;
use crate::limits::MAX_RUN_DOCUMENT_BYTES;
use crate::report::sentence;

const CHECK_NAME: &str =
    "check the family, the revision, the account and the region of the task definition";

/// What the user named.
#[derive(Debug, PartialEq, Eq)]
enum Source<'a> {
    File(&'a str),
    Described(TaskDefinitionName),
}

/// A document that was read.
pub(super) struct ReadDocument {
    pub(super) bytes: Vec<u8>,
    /// The ARN of the task definition that Amazon ECS described.
    pub(super) task_definition: Option<String>,
    /// What the user must know: a family's newest revision changes as soon as another one is registered.
    pub(super) warning: String,
}

/// Reads the document that `text` names.
pub(super) async fn read(
    kind: Kind,
    text: &str,
    gate: &ReadGate<'_>,
    pipes: Duration,
) -> Result<ReadDocument, CommandOutput> {
    match source(kind, text, |name| Path::new(name).exists())? {
        Source::File(path) => Ok(ReadDocument {
            bytes: read_file(path, pipes)?,
            task_definition: None,
            warning: String::new(),
        }),
        Source::Described(name) => describe(&name, gate).await,
    }
}

fn source(
    kind: Kind,
    text: &str,
    is_file: impl Fn(&str) -> bool,
) -> Result<Source<'_>, CommandOutput> {
    if kind != Kind::TaskDefinition || text.contains(['/', '.']) && !text.starts_with("arn:") {
        return Ok(Source::File(text));
    }
    if text.starts_with("arn:") {
        return match TaskDefinitionName::arn(text) {
            Ok(name) => Ok(Source::Described(name)),
            Err(error) => Err(CommandOutput::unusable(&error, Some(error.hint()))),
        };
    }
    match TaskDefinitionName::family(text).filter(|_| text != "-") {
        None => Ok(Source::File(text)),
        Some(_) if is_file(text) => Err(CommandOutput::usage(
            &format!("`{text}` may be a file or a family of task definitions"),
            Some(format!(
                "write `./{text}` for the file, or the ARN of the task definition"
            )),
        )),
        Some(name) => Ok(Source::Described(name)),
    }
}

fn read_file(path: &str, pipes: Duration) -> Result<Vec<u8>, CommandOutput> {
    let path = if path == "-" { "/dev/stdin" } else { path };
    files::read_named(Path::new(path), MAX_RUN_DOCUMENT_BYTES, pipes).map_err(|error| {
        let words = sentence::of_file(&error);
        CommandOutput::error(Exit::Usage, &words, &error, error.hint())
    })
}

/// Amazon ECS's answer about a task definition.
async fn describe(
    name: &TaskDefinitionName,
    gate: &ReadGate<'_>,
) -> Result<ReadDocument, CommandOutput> {
    let aws = gate.aws().await?;
    let region = region(&aws, name).await?;
    let allowed = gate.allowed()?;
    let asked = allowed.begin();
    let asked = asked.lend(Box::pin(aws.describe_task_definition(name, &region)));
    let answer = asked.await.map_err(|error| {
        // Amazon ECS has no error of its own for what it does not know.
        let hint = error.hint().or_else(|| Some(CHECK_NAME.to_owned()));
        CommandOutput::error(Exit::Inconclusive, &error.to_string(), &error, hint)
    })?;
    let arn = check(name, &answer)?;
    let warning = if name.has_revision() {
        String::new()
    } else {
        format!(
            "Warning: the family `{name}` may have a newer revision when it is deployed; only `{}` was checked\n",
            one_line(&arn)
        )
    };
    Ok(ReadDocument {
        bytes: answer,
        task_definition: Some(arn),
        warning,
    })
}

async fn region(aws: &Aws, name: &TaskDefinitionName) -> Result<String, CommandOutput> {
    if let Some(region) = name.region() {
        return Ok(region.to_owned());
    }
    aws.default_region().await.ok_or_else(|| {
        CommandOutput::usage(
            &format!("no AWS region is set in which task definition `{name}` could be looked up"),
            Some("set `AWS_REGION`, or name the task definition by its ARN".to_owned()),
        )
    })
}

/// The ARN in AWS's answer, which must be that of the task definition that was asked about.
fn check(name: &TaskDefinitionName, answer: &[u8]) -> Result<String, CommandOutput> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        task_definition: TaskDefinition,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct TaskDefinition {
        task_definition_arn: String,
    }
    let found = serde_json::from_slice::<Body>(answer).ok();
    let found = found.map(|answer| answer.task_definition.task_definition_arn);
    let found = match found {
        Some(arn) if name.is_of(&arn) => return Ok(arn),
        found => found.unwrap_or_else(|| "nothing".to_owned()),
    };
    Err(CommandOutput::failed(
        Exit::Inconclusive,
        &format!("Amazon ECS was asked about task definition `{name}` and described `{found}`"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_a_family_or_refused() {
        let source = |text| source(Kind::TaskDefinition, text, |name| name == "both").unwrap();
        for file in ["-", "./app", "taskdef.json", "a/b", "a b"] {
            assert_eq!(source(file), Source::File(file));
        }
        for name in ["app", "app:7"] {
            let family = TaskDefinitionName::family(name).unwrap();
            assert_eq!(source(name), Source::Described(family));
        }
    }

    #[test]
    fn an_answer_about_another_task_definition_is_refused() {
        let arn = |rest: &str| format!("arn:aws:ecs:us-west-2:111122223333:task-definition/{rest}");
        let answer = |arn: &str| {
            let answer = serde_json::json!({ "taskDefinition": { "taskDefinitionArn": arn } });
            answer.to_string()
        };
        let family = |text| TaskDefinitionName::family(text).unwrap();
        for (name, found, is_same) in [
            (family("app"), arn("app:7"), true),
            (family("app:7"), arn("app:7"), true),
            (family("app:7"), arn("app:8"), false),
            (family("app"), arn("application:7"), false),
            (
                TaskDefinitionName::arn(&arn("app:7")).unwrap(),
                arn("app:7"),
                true,
            ),
            (
                TaskDefinitionName::arn(&arn("app:7")).unwrap(),
                arn("app:7").replace("111122223333", "444455556666"),
                false,
            ),
        ] {
            let checked = check(&name, answer(&found).as_bytes());
            assert_eq!(checked.is_ok(), is_same, "{name} {found}");
        }
        assert!(check(&family("app"), b"{}").is_err());
    }
}
