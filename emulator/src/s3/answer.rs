//! Answers with the request's identifier as S3 has it.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::protocol::Protocol;

/// An answer with these bytes.
pub(super) fn answer(status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Protocol::S3.response(status, body);
    response.headers_mut().remove(http::header::CONTENT_TYPE);
    response
}
