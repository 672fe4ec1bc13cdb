//! What operations on several things have in common: descriptions with failures, and pages of ARNs.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::context::invalid;
use crate::error::AwsError;

/// What is there of `arns`, as `member`, and a failure `MISSING` for each of the others.
pub(super) fn described<'a>(
    member: &str,
    arns: &[String],
    find: impl Fn(&str) -> Option<&'a Value>,
) -> Value {
    let mut found = Vec::new();
    let mut failures = Vec::new();
    for arn in arns {
        match find(arn) {
            Some(item) => found.push(item.clone()),
            None => failures.push(json!({ "arn": arn, "reason": "MISSING" })),
        }
    }
    let mut answer = Map::new();
    answer.insert(member.to_owned(), Value::Array(found));
    answer.insert("failures".to_owned(), Value::Array(failures));
    Value::Object(answer)
}

/// Which page of a list is wanted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl Page {
    /// This page of `arns`, as `member`; `usual` is its length where the request does not say.
    pub(super) fn of(
        &self,
        member: &str,
        arns: &[String],
        usual: usize,
    ) -> Result<Value, AwsError> {
        let start = match &self.next_token {
            None => 0,
            Some(token) => token
                .strip_prefix("from-")
                .and_then(|text| text.parse::<usize>().ok())
                .filter(|start| *start < arns.len())
                .ok_or_else(|| invalid("Invalid token"))?,
        };
        let count = self.max_results.unwrap_or(usual);
        if !(1..=100).contains(&count) {
            return Err(invalid("maxResults should be between 1 and 100."));
        }
        let page: Vec<&String> = arns.iter().skip(start).take(count).collect();
        let end = start + page.len();
        let mut answer = Map::new();
        answer.insert(member.to_owned(), json!(page));
        if end < arns.len() {
            answer.insert("nextToken".to_owned(), json!(format!("from-{end}")));
        }
        Ok(Value::Object(answer))
    }
}
