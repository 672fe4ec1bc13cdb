//! Uploads of blobs: at once, POST then PUT, in chunks, or mounted from another repository.

use bytes::Bytes;
use http::{HeaderName, Method, Response, StatusCode, header};

use super::{
    Context, DOCKER_CONTENT_DIGEST, Digest, RepositoryKey, empty_response, error::OciError,
    name::NOT_A_DIGEST, options::MAX_BLOB_BYTES, set,
};
use crate::random;

const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// `POST /v2/<name>/blobs/uploads/`
pub(super) fn start(context: &Context<'_>) -> Result<Response<Bytes>, OciError> {
    if context.method() != Method::POST {
        return Err(OciError::method_not_allowed());
    }
    if let Some(digest) = context.query("digest") {
        return finish(context, &digest, context.body().clone());
    }
    if let Some(digest) = context
        .query("mount")
        .as_deref()
        .map(digest_of)
        .transpose()?
        && let Some(bytes) = mountable(context, &digest)
    {
        return stored(context, &digest, bytes);
    }
    let id = random::hex(16);
    let mut state = context.registry.state();
    context.repository_for_push(&mut state)?;
    state.start_upload(id.clone(), context.repository.clone());
    append(
        context,
        state
            .upload_mut(&id, &context.repository)
            .map(|upload| &mut upload.bytes)?,
    )?;
    let length = context.body().len();
    Ok(progress(context, StatusCode::ACCEPTED, &id, length))
}

/// The blob of the repository `from`, where the client may read that. Otherwise the upload begins as any other, as the
/// specification has it.
fn mountable(context: &Context<'_>, digest: &Digest) -> Option<Bytes> {
    let from = context.query("from")?;
    let may_read = context.may("pull", &from);
    let key = RepositoryKey::new(&context.repository.registry, &from);
    let state = context.registry.state();
    let source = state.repositories.get(&key).filter(|_| may_read)?;
    source.blobs.get(digest).cloned()
}

/// The upload itself: `GET`, `PATCH`, `PUT` and `DELETE` on the address that its start gave.
pub(super) fn answer(context: &Context<'_>, id: &str) -> Result<Response<Bytes>, OciError> {
    let key = &context.repository;
    let mut state = context.registry.state();
    match *context.method() {
        Method::GET => {
            let length = state.upload_mut(id, key)?.bytes.len();
            Ok(progress(context, StatusCode::NO_CONTENT, id, length))
        }
        Method::PATCH => {
            let upload = state.upload_mut(id, key)?;
            append(context, &mut upload.bytes)?;
            let length = upload.bytes.len();
            Ok(progress(context, StatusCode::ACCEPTED, id, length))
        }
        Method::PUT => {
            let upload = state.upload_mut(id, key)?;
            let digest = context
                .query("digest")
                .ok_or_else(|| OciError::digest_invalid("", "the query has no digest"))?;
            append(context, &mut upload.bytes)?;
            // Whatever comes of it, this upload is over, and the lock is not held while the digest is computed.
            let bytes = state.take_upload(id, key)?;
            drop(state);
            finish(context, &digest, Bytes::from(bytes))
        }
        Method::DELETE => {
            state.take_upload(id, key)?;
            Ok(empty_response(StatusCode::NO_CONTENT))
        }
        _ => Err(OciError::method_not_allowed()),
    }
}

/// Adds the body, which must begin where the last chunk ended if it says where it begins.
fn append(context: &Context<'_>, bytes: &mut Vec<u8>) -> Result<(), OciError> {
    let body = context.body();
    if let Some(range) = context.call.request.headers().get(header::CONTENT_RANGE) {
        let range = range.to_str().unwrap_or_default();
        let numbers = range
            .strip_prefix("bytes ")
            .unwrap_or(range)
            .split_once('-');
        let numbers = numbers.and_then(|(first, last)| {
            // A total after a slash, as elsewhere in HTTP, is not the specification's and does no harm.
            let last = last.split('/').next().unwrap_or_default();
            Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
        });
        let Some((first, last)) = numbers else {
            return Err(OciError::upload_invalid(
                "Content-Range is not `first-last`",
            ));
        };
        if first != bytes.len() {
            let message = format!(
                "the chunk begins at {first}, {} bytes are here",
                bytes.len()
            );
            return Err(OciError::range_invalid(message));
        }
        if first.checked_add(body.len()) != last.checked_add(1) {
            return Err(OciError::size_invalid(
                "Content-Range does not fit the length of the chunk",
            ));
        }
    }
    let length = bytes.len().saturating_add(body.len());
    check_length(context, length)?;
    bytes.extend_from_slice(body);
    Ok(())
}

fn check_length(context: &Context<'_>, length: usize) -> Result<(), OciError> {
    let max = context.options.max_blob_bytes.min(MAX_BLOB_BYTES);
    if length > max {
        let message = format!("the blob has {length} bytes or more, {max} are allowed");
        return Err(OciError::too_large(message));
    }
    Ok(())
}

fn digest_of(text: &str) -> Result<Digest, OciError> {
    Digest::parse(text).ok_or_else(|| OciError::digest_invalid(text, NOT_A_DIGEST))
}

fn finish(context: &Context<'_>, digest: &str, bytes: Bytes) -> Result<Response<Bytes>, OciError> {
    let parsed = digest_of(digest)?;
    check_length(context, bytes.len())?;
    if !parsed.matches(&bytes) {
        return Err(OciError::digest_invalid(
            digest,
            "provided digest did not match uploaded content",
        ));
    }
    stored(context, &parsed, bytes)
}

fn stored(
    context: &Context<'_>,
    digest: &Digest,
    bytes: Bytes,
) -> Result<Response<Bytes>, OciError> {
    let mut state = context.registry.state();
    let repository = context.repository_for_push(&mut state)?;
    context.registry.save_content(digest, &bytes)?;
    repository.blobs.insert(digest.clone(), bytes);
    context.registry.save(&state)?;
    let mut response = empty_response(StatusCode::CREATED);
    let location = format!("/v2/{}/blobs/{digest}", context.repository.name);
    set(&mut response, header::LOCATION, &location);
    set(&mut response, DOCKER_CONTENT_DIGEST, &digest.to_string());
    Ok(response)
}

/// Where the upload stands. `Range` names the last byte that is here; with none, that is 0 too, as everybody answers.
fn progress(context: &Context<'_>, status: StatusCode, id: &str, length: usize) -> Response<Bytes> {
    let mut response = empty_response(status);
    let location = format!("/v2/{}/blobs/uploads/{id}", context.repository.name);
    set(&mut response, header::LOCATION, &location);
    set(
        &mut response,
        header::RANGE,
        &format!("0-{}", length.saturating_sub(1)),
    );
    set(&mut response, UPLOAD_UUID, id);
    response
}
