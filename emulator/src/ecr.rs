//! Amazon ECR's management API (JSON 1.1).

use serde_json::Value;

use crate::{
    call::{Call, Caller},
    error::AwsError,
    shared::Shared,
};

/// Answers one operation: `action` is what follows the dot of `X-Amz-Target`. The signature of the request has been
/// checked, `body` is the parsed body (`{}` when empty); injected faults are applied by the server.
pub(crate) fn handle(
    _shared: &Shared,
    _caller: &Caller,
    _call: &Call,
    action: &str,
    _body: &Value,
) -> Result<Value, AwsError> {
    Err(AwsError::unknown_operation(action))
}
