//! What a plugin writes to stderr when a command fails.

use std::collections::BTreeMap;

use super::error::{Error, in_one_line};
use super::reason::reason;
use crate::aws::CallError;
use crate::extended_validation;
use crate::plugin_contract::ErrorResponse;
use crate::signer::{aws_kms, aws_signer};

/// The message for stderr: everything in one line, because a host shows nothing else.
pub(super) fn response(error: &Error) -> ErrorResponse {
    let mut metadata = BTreeMap::new();
    if let Some(reason) = reason(error) {
        metadata.insert("reason".to_owned(), reason.to_owned());
    }
    if let Some(failed) = failed_call(error) {
        let call = failed.call();
        let values = [
            ("action", Some(call.action)),
            ("resource", Some(call.resource.as_str())),
            ("region", Some(call.region.as_str())),
            ("awsErrorCode", failed.code()),
            ("principal", failed.principal()),
            ("requestId", failed.request_id()),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                metadata.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    ErrorResponse {
        error_code: error.code(),
        error_message: in_one_line(error, error.hint()),
        error_metadata: metadata,
    }
}

/// The call to AWS that failed, if that is why.
fn failed_call(error: &Error) -> Option<&CallError> {
    match error {
        Error::Sign(aws_signer::Error::Call(call))
        | Error::Kms(aws_kms::Error::Call(call))
        | Error::Validation(extended_validation::Error::RevocationUnknown(call)) => Some(call),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{CallErrorKind, call_error};

    #[test]
    fn each_failure_of_aws_has_its_code() {
        for (kind, code) in [
            (CallErrorKind::Denied, "ACCESS_DENIED"),
            (CallErrorKind::NoCredentials, "ACCESS_DENIED"),
            (CallErrorKind::BadCredentials, "ACCESS_DENIED"),
            (CallErrorKind::Throttled, "THROTTLED"),
            (CallErrorKind::TimedOut, "TIMEOUT"),
            (CallErrorKind::Invalid, "VALIDATION_ERROR"),
            (CallErrorKind::NotFound, "VALIDATION_ERROR"),
            (CallErrorKind::Unreachable, "ERROR"),
            (CallErrorKind::ServiceFailure, "ERROR"),
            (CallErrorKind::Malformed, "ERROR"),
            (CallErrorKind::NotAws, "ERROR"),
            (CallErrorKind::NotSent, "ERROR"),
        ] {
            let call = call_error(kind, "SomeException", "User: arn:aws:iam::1:user/x may not");
            let by_signer = Error::Sign(aws_signer::Error::Call(call));
            let call = call_error(kind, "SomeException", "User: arn:aws:iam::1:user/x may not");
            let by_kms = Error::Kms(aws_kms::Error::Call(call));
            for response in [response(&by_signer), response(&by_kms)] {
                assert_eq!(response.error_code.as_str(), code, "{kind:?}");
                assert_eq!(response.error_metadata["awsErrorCode"], "SomeException");
                assert_eq!(
                    response.error_metadata["principal"],
                    "arn:aws:iam::1:user/x"
                );
                assert_eq!(response.error_metadata["requestId"], "r-1");
            }
        }
    }
}
