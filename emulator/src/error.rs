//! An error as an AWS service answers it: status, code, message. The server writes it in the protocol of the service.

use http::StatusCode;
use serde_json::Value;

use crate::call::Caller;

/// One AWS error answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AwsError {
    pub(crate) status: StatusCode,
    /// Without a namespace: `ValidationException`.
    pub(crate) code: String,
    pub(crate) message: String,
    /// Further members of the body.
    pub(crate) members: serde_json::Map<String, Value>,
}

impl AwsError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            members: serde_json::Map::new(),
        }
    }

    /// 400 with `code`, as most errors of the JSON 1.1 services are.
    pub(crate) fn client(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A failure of the emulator itself.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServiceErrorException",
            message,
        )
    }

    /// A denial that names principal, action and resource. `kind` is the kind of policy that would have to allow it.
    pub(crate) fn access_denied(
        caller: &Caller,
        service: &str,
        action: &str,
        resource: &str,
        kind: &str,
    ) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            format!(
                "User: {} is not authorized to perform: {service}:{action} on resource: {resource} because no {kind} \
                 policy allows the {service}:{action} action",
                caller.arn
            ),
        )
    }

    pub(crate) fn unknown_operation(action: &str) -> Self {
        Self::client(
            "UnknownOperationException",
            format!("The operation {action} is not supported by this emulator"),
        )
    }
}
