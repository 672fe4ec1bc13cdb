//! AWS KMS (JSON 1.1), as far as signing needs it: keys, their public halves, signatures, aliases.
//!
//! Requests and answers as the API model 2014-11-01 says. A key belongs to the account and the region of the caller who
//! made it. Not here: key policies and grants (a fault can deny an action), encryption, and everything else.

mod aliases;
mod keys;
mod material;
mod sign;
mod spec;
mod store;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{call::Caller, error::AwsError, faults::Tamper, saved::Saved, signed_call};

pub(crate) use keys::import;
pub(crate) use store::Store;

/// One signed call of AWS KMS, and what it works on.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Saved<Store>,
    pub(crate) caller: &'a Caller,
    pub(crate) now: OffsetDateTime,
    /// `{}` where the request's body is empty.
    pub(crate) body: &'a Value,
    pub(crate) tamper: Option<Tamper>,
}

/// Answers one operation: `action` is what follows the dot of `X-Amz-Target`.
pub(crate) fn handle(context: &Context<'_>, action: &str) -> Result<Value, AwsError> {
    match action {
        "CreateKey" => keys::create(context),
        "DescribeKey" => keys::describe(context),
        "GetPublicKey" => keys::public_key(context),
        "Sign" => sign::sign(context),
        "EnableKey" => keys::enable(context),
        "DisableKey" => keys::disable(context),
        "ScheduleKeyDeletion" => keys::schedule_deletion(context),
        "CancelKeyDeletion" => keys::cancel_deletion(context),
        "CreateAlias" => aliases::create(context),
        "ListAliases" => aliases::list(context),
        "DeleteAlias" => aliases::delete(context),
        action => Err(AwsError::unknown_operation(action)),
    }
}

/// The resource that an `AccessDeniedException` names: the key's ARN, where the request names one.
pub(crate) fn resource(context: &Context<'_>, action: &str) -> String {
    let member = |name: &str| context.body.get(name).and_then(Value::as_str);
    let Some(key_id) = member("KeyId").or_else(|| member("TargetKeyId")) else {
        return "*".to_owned();
    };
    let store = context.store.read();
    store
        .key_arn(context.caller, action, key_id, context.now)
        .unwrap_or_else(|_| key_id.to_owned())
}

impl Context<'_> {
    /// The body as the operation's input.
    fn input<T: DeserializeOwned>(&self) -> Result<T, AwsError> {
        signed_call::input(self.body)
    }
}

fn validation(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationException", message)
}

/// One member that the API model does not allow, as AWS puts it. `value` is left out where it is not to be repeated.
fn violation(member: &str, value: Option<&str>, constraint: &str) -> AwsError {
    let value = value.map_or_else(String::new, |value| format!("'{value}' "));
    validation(format!(
        "1 validation error detected: Value {value}at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

/// A member that must be there.
fn required<T>(member: &str, value: Option<T>) -> Result<T, AwsError> {
    value.ok_or_else(|| violation(member, None, "Member must not be null"))
}

fn base64(member: &str, text: &str) -> Result<Vec<u8>, AwsError> {
    STANDARD.decode(text).map_err(|_| {
        AwsError::client(
            "SerializationException",
            format!("'{member}' must be base64"),
        )
    })
}

fn crypto(_: aws_lc_rs::error::Unspecified) -> AwsError {
    AwsError::new(
        http::StatusCode::INTERNAL_SERVER_ERROR,
        "KMSInternalException",
        "the emulator's cryptographic library failed",
    )
}
