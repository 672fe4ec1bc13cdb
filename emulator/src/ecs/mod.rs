//! Amazon ECS (JSON 1.1), as far as what will run is asked of it: task definitions.
//!
//! Requests and answers as the API model 2014-11-13 says. A task definition belongs to the account and the region of the
//! caller who registered it. Not here: services, tasks, and every rule about a task definition but its family and images.

mod task_definitions;

use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{call::Caller, error::AwsError, saved::Saved};

pub(crate) use task_definitions::Store;

/// One signed call of Amazon ECS, and what it works on.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Saved<Store>,
    pub(crate) caller: &'a Caller,
    pub(crate) now: OffsetDateTime,
    /// `{}` where the request's body is empty.
    pub(crate) body: &'a Value,
}

/// Answers one operation: `action` is what follows the dot of `X-Amz-Target`.
pub(crate) fn handle(context: &Context<'_>, action: &str) -> Result<Value, AwsError> {
    match action {
        "RegisterTaskDefinition" => task_definitions::register(context),
        "DescribeTaskDefinition" => task_definitions::describe(context),
        action => Err(AwsError::unknown_operation(action)),
    }
}

impl Context<'_> {
    /// The body as the operation's input. Members that it does not know are passed over, as AWS does.
    fn input<T: DeserializeOwned>(&self) -> Result<T, AwsError> {
        T::deserialize(self.body)
            .map_err(|error| AwsError::client("SerializationException", error.to_string()))
    }
}

fn client(message: &str) -> AwsError {
    AwsError::client("ClientException", message)
}
