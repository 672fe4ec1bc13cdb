//! One request, buffered, as a service sees it; and who makes it.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{error::AwsError, saved::Saved};

/// A request with its whole body.
#[derive(Debug)]
pub(crate) struct Call {
    /// Method, headers and body. The URI is in origin form (`/path?query`) whatever form the client used.
    pub(crate) request: http::Request<Bytes>,
    /// The host the client means, lower case, without a port: `127.0.0.1`, or the host of the tunnel or of the proxied request.
    pub(crate) host: String,
    /// Scheme, host and port as the client sees them (`http://127.0.0.1:4570`, `https://111122223333.dkr.ecr...`): what a
    /// `Location` or a token realm starts with.
    pub(crate) origin: String,
    /// The emulator's clock (the real one plus the offset of `Faults`).
    pub(crate) now: OffsetDateTime,
}

/// Who made a signed AWS request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Twelve digits.
    pub(crate) account: String,
    /// `arn:aws:iam::111122223333:user/emulator`, or an assumed role's.
    pub(crate) arn: String,
    /// `AIDA...`, or `AROA...:session`.
    pub(crate) user_id: String,
    /// The region of the credential scope, such as `us-east-1`.
    pub(crate) region: String,
}

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
