//! Blobs: whether there, their bytes (by a redirect), delete.

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};

use super::{
    BlobDelivery, Context, DOCKER_CONTENT_DIGEST, Digest, Registry, RepositoryKey,
    content_response, empty_response, error::OciError, name::NOT_A_DIGEST, origin, route, set,
    tokens::TokenRefusal,
};
use crate::{call::Call, hosts::RegistryId};

const OCTETS: &str = "application/octet-stream";

pub(super) fn answer(context: &Context<'_>, digest: &str) -> Result<Response<Bytes>, OciError> {
    let digest =
        Digest::parse(digest).ok_or_else(|| OciError::digest_invalid(digest, NOT_A_DIGEST))?;
    match *context.method() {
        Method::HEAD => {
            let bytes = blob(context, &digest)?;
            let size = bytes.len().to_string();
            let mut response = whole(&digest, bytes);
            // Said here, since an answer without a body has no length of its own to say, of an empty blob's for example.
            set(&mut response, header::CONTENT_LENGTH, &size);
            Ok(response)
        }
        Method::GET => {
            let bytes = blob(context, &digest)?;
            match context.options.blobs {
                BlobDelivery::Direct => Ok(delivered(context.call, &digest, bytes)),
                BlobDelivery::Redirect => Ok(redirect(context, &digest)),
            }
        }
        Method::DELETE => {
            let mut state = context.registry.state();
            let repository = state.repository_mut(&context.repository)?;
            if repository.blobs.remove(&digest).is_none() {
                return Err(OciError::blob_unknown(&digest.to_string()));
            }
            context.registry.save(&state)?;
            Ok(empty_response(StatusCode::ACCEPTED))
        }
        _ => Err(OciError::method_not_allowed()),
    }
}

fn blob(context: &Context<'_>, digest: &Digest) -> Result<Bytes, OciError> {
    let state = context.registry.state();
    let repository = state.repository(&context.repository)?;
    let blob = repository.blobs.get(digest).cloned();
    blob.ok_or_else(|| OciError::blob_unknown(&digest.to_string()))
}

fn redirect(context: &Context<'_>, digest: &Digest) -> Response<Bytes> {
    let origin = origin::blob_origin(context.call);
    let tokens = context.registry.tokens();
    let path = tokens.layer_path(&context.repository, digest, context.call.now);
    let mut response = empty_response(StatusCode::TEMPORARY_REDIRECT);
    set(&mut response, header::LOCATION, &format!("{origin}{path}"));
    set(&mut response, DOCKER_CONTENT_DIGEST, &digest.to_string());
    response
}

fn whole(digest: &Digest, bytes: Bytes) -> Response<Bytes> {
    let mut response = content_response(OCTETS, bytes);
    set(&mut response, DOCKER_CONTENT_DIGEST, &digest.to_string());
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    response
}

/// The bytes of a blob, or the part that `Range` asks for.
fn delivered(call: &Call, digest: &Digest, bytes: Bytes) -> Response<Bytes> {
    let range = call
        .request
        .headers()
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let Some((first, last)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'))
    else {
        return whole(digest, bytes);
    };
    let length = bytes.len();
    // Only `first-` and `first-last`; what else RFC 9110 has may be ignored.
    let Ok(first) = first.parse::<usize>() else {
        return whole(digest, bytes);
    };
    let end = match last.parse::<usize>() {
        Ok(last) => last.saturating_add(1).min(length),
        Err(_) if last.is_empty() => length,
        Err(_) => return whole(digest, bytes),
    };
    if first >= end {
        let mut response = empty_response(StatusCode::RANGE_NOT_SATISFIABLE);
        set(
            &mut response,
            header::CONTENT_RANGE,
            &format!("bytes */{length}"),
        );
        return response;
    }
    let mut response = whole(digest, bytes.slice(first..end));
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    let range = format!("bytes {first}-{}/{length}", end - 1);
    set(&mut response, header::CONTENT_RANGE, &range);
    response
}

/// Answers the address that the redirect of a blob leads to, as Amazon S3 does.
pub(super) fn layer(registry: &Registry, call: &Call, digest: &str) -> Response<Bytes> {
    if call.request.headers().contains_key(header::AUTHORIZATION) {
        let message = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
                       parameter or the Authorization header should be specified";
        return s3_error(StatusCode::BAD_REQUEST, "InvalidArgument", message);
    }
    if call.request.method() != Method::GET {
        let message = "The specified method is not allowed against this resource.";
        return s3_error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
    }
    let query = |name| route::query(call.request.uri(), name).unwrap_or_default();
    let repository = RepositoryKey {
        registry: RegistryId {
            account: query("account"),
            region: query("region"),
        },
        name: query("repository"),
    };
    let checked = Digest::parse(digest)
        .ok_or(TokenRefusal::Invalid)
        .and_then(|digest| {
            let (expires, signature) = (query("expires"), query("signature"));
            let tokens = registry.tokens();
            tokens.check_layer(&repository, &digest, &expires, &signature, call.now)?;
            Ok(digest)
        });
    let digest = match checked {
        Ok(digest) => digest,
        Err(TokenRefusal::Expired) => {
            return s3_error(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
        }
        Err(TokenRefusal::Invalid) => {
            let message = "The request signature we calculated does not match the signature you provided. Check your key \
                           and signing method.";
            return s3_error(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message);
        }
    };
    let state = registry.state();
    let known = state.repositories.get(&repository);
    match known.and_then(|repository| repository.blobs.get(&digest)) {
        Some(bytes) => delivered(call, &digest, bytes.clone()),
        None => s3_error(
            StatusCode::NOT_FOUND,
            "NoSuchKey",
            "The specified key does not exist.",
        ),
    }
}

fn s3_error(status: StatusCode, code: &str, message: &str) -> Response<Bytes> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut response = content_response("application/xml", Bytes::from(body));
    *response.status_mut() = status;
    response
}
