//! One request, buffered, as a service sees it; and who makes it.

use bytes::Bytes;
use time::OffsetDateTime;

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
