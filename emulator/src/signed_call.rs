//! One signed call of a service: its store, its body, its path.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{call::Caller, error::AwsError, saved::Saved};

/// One signed call of a service, and the store that it works on.
#[derive(Debug)]
pub(crate) struct SignedCall<'a, S> {
    pub(crate) store: &'a Saved<S>,
    pub(crate) caller: &'a Caller,
    pub(crate) now: OffsetDateTime,
    /// `{}` where the request's body is empty.
    pub(crate) body: &'a Value,
}

impl<S> SignedCall<'_, S> {
    /// The body as the operation's input.
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, AwsError> {
        input(self.body)
    }
}

/// A body as the operation's input. Members that it does not know are passed over, as AWS does.
pub(crate) fn input<T: DeserializeOwned>(body: &Value) -> Result<T, AwsError> {
    T::deserialize(body)
        .map_err(|error| AwsError::client("SerializationException", error.to_string()))
}

/// A segment of a path.
pub(crate) fn decode(segment: &str) -> String {
    match percent_decode_str(segment).decode_utf8_lossy() {
        Cow::Borrowed(text) => text.to_owned(),
        Cow::Owned(text) => text,
    }
}
