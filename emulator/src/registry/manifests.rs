//! Manifests and indexes: pull, push, delete.

use bytes::Bytes;
use http::{HeaderName, Method, Response, StatusCode, header};

use super::{
    Context, DOCKER_CONTENT_DIGEST, Digest, Manifest, SubjectHeader, content_response,
    document::Document, empty_response, error::OciError, is_tag, name::NOT_A_DIGEST, set,
};

const OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

pub(super) fn answer(context: &Context<'_>, reference: &str) -> Result<Response<Bytes>, OciError> {
    match *context.method() {
        // The answer to HEAD has the same headers; the server leaves the body out.
        Method::GET | Method::HEAD => pull(context, reference),
        Method::PUT => push(context, reference),
        Method::DELETE => delete(context, reference),
        _ => Err(OciError::method_not_allowed()),
    }
}

fn pull(context: &Context<'_>, reference: &str) -> Result<Response<Bytes>, OciError> {
    let state = context.registry.state();
    let repository = state.repository(&context.repository)?;
    let as_digest = reference
        .split_once('-')
        .filter(|_| context.options.dash_tag_is_digest)
        .map(|(algorithm, hex)| format!("{algorithm}:{hex}"));
    let (digest, manifest) = repository
        .manifest(reference)
        .or_else(|| repository.manifest(&as_digest?))
        .ok_or_else(|| OciError::manifest_unknown(reference))?;
    let mut response = content_response(&manifest.document.media_type, manifest.bytes.clone());
    set(&mut response, DOCKER_CONTENT_DIGEST, &digest.to_string());
    Ok(response)
}

fn push(context: &Context<'_>, reference: &str) -> Result<Response<Bytes>, OciError> {
    let bytes = context.body();
    let document = Document::parse(content_type(context), bytes)?;
    let (digest, tag) = if reference.contains(':') {
        let digest = Digest::parse(reference)
            .ok_or_else(|| OciError::digest_invalid(reference, NOT_A_DIGEST))?;
        if !digest.matches(bytes) {
            return Err(OciError::digest_invalid(
                reference,
                "the manifest has another digest",
            ));
        }
        (digest, None)
    } else if is_tag(reference) {
        (Digest::sha256(bytes), Some(reference))
    } else {
        return Err(OciError::tag_invalid(reference));
    };
    let subject = document.subject.clone();
    store(context, &digest, document, tag)?;

    let mut response = empty_response(StatusCode::CREATED);
    let location = format!("/v2/{}/manifests/{digest}", context.repository.name);
    set(&mut response, header::LOCATION, &location);
    set(&mut response, DOCKER_CONTENT_DIGEST, &digest.to_string());
    let says_subject = match context.options.subject_header {
        SubjectHeader::WithApi => context.options.referrers.is_there(),
        SubjectHeader::Never => false,
        SubjectHeader::Always => true,
    };
    if let Some(subject) = subject.filter(|_| says_subject) {
        set(&mut response, OCI_SUBJECT, &subject.to_string());
    }
    Ok(response)
}

/// Stores a manifest, all or nothing: the subject may come later (distribution specification, "Pushing Manifests with
/// Subject"), everything else must be here.
fn store(
    context: &Context<'_>,
    digest: &Digest,
    document: Document,
    tag: Option<&str>,
) -> Result<(), OciError> {
    let bytes = context.body();
    let mut state = context.registry.state();
    let sequence = state.next();
    let pushed_after_lists = state.lists();
    let repository = context.repository_for_push(&mut state)?;
    repository.check_references(&document)?;
    if let Some(tag) = tag {
        repository.check_tag(&context.repository.name, tag, digest)?;
    }
    context.registry.save_content(digest, bytes)?;
    let manifest = Manifest {
        bytes: bytes.clone(),
        document,
        pushed_at: context.call.now,
        sequence,
        pushed_after_lists,
    };
    repository
        .manifests
        .entry(digest.clone())
        .or_insert(manifest);
    if let Some(tag) = tag {
        repository.tags.insert(tag.to_owned(), digest.clone());
    }
    context.registry.save(&state)
}

/// The media type of the body, without parameters.
fn content_type<'a>(context: &'a Context<'_>) -> Option<&'a str> {
    let value = context
        .call
        .request
        .headers()
        .get(header::CONTENT_TYPE)?
        .to_str()
        .ok()?;
    let media_type = value.split(';').next().unwrap_or_default().trim();
    (!media_type.is_empty()).then_some(media_type)
}

/// A tag is taken off its manifest; a digest takes the manifest and all its tags.
fn delete(context: &Context<'_>, reference: &str) -> Result<Response<Bytes>, OciError> {
    let mut state = context.registry.state();
    let repository = state.repository_mut(&context.repository)?;
    let is_known = match Digest::parse(reference) {
        Some(digest) => {
            repository.tags.retain(|_, tagged| *tagged != digest);
            repository.manifests.remove(&digest).is_some()
        }
        None => repository.tags.remove(reference).is_some(),
    };
    if !is_known {
        return Err(OciError::manifest_unknown(reference));
    }
    context.registry.save(&state)?;
    Ok(empty_response(StatusCode::ACCEPTED))
}
