//! Answers with the request's identifier as S3 has it.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::protocol::Protocol;

/// An answer with these bytes.
pub(super) fn answer(status: StatusCode, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Protocol::S3.response(status, body);
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}

/// An answer of one element, whose content is XML already.
pub(super) fn xml_answer(element: &str, content: &str) -> Response<Bytes> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{element} \
         xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{content}</{element}>"
    );
    let mut response = answer(StatusCode::OK, body.into_bytes());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    response
}
