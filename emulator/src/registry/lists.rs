//! Lists: the tags of a repository, the referrers of a manifest. Both come in pages, joined by `Link`.

use bytes::Bytes;
use http::{HeaderName, Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::{
    Context, Digest, ListedSize, ListedType, Manifest, ReferrersApi, RegistryOptions,
    content_response,
    document::{MAX_MANIFEST_BYTES, OCI_INDEX},
    error::OciError,
    name::NOT_A_DIGEST,
    set,
};
use crate::json::without_nulls;

const OCI_FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");

/// `GET /v2/<name>/tags/list?n=&last=`
pub(super) fn tags(context: &Context<'_>) -> Result<Response<Bytes>, OciError> {
    if context.method() != Method::GET {
        return Err(OciError::method_not_allowed());
    }
    let page = match context.query("n") {
        Some(n) => n
            .parse::<usize>()
            .map_err(|_| OciError::page_invalid("`n` is not a number"))?,
        None => context.options.page_size.max(1),
    };
    let after = context.query("last").unwrap_or_default();
    let state = context.registry.state();
    let repository = state.repository(&context.repository)?;
    let mut rest = repository.tags.keys().filter(|tag| **tag > after);
    let tags: Vec<&String> = rest.by_ref().take(page).collect();
    let has_more = rest.next().is_some();
    let body = json!({ "name": context.repository.name, "tags": tags });
    let mut response = content_response("application/json", Bytes::from(body.to_string()));
    if has_more && let Some(last) = tags.last() {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("n", &page.to_string())
            .append_pair("last", last)
            .finish();
        link(
            &mut response,
            &format!("/v2/{}/tags/list?{query}", context.repository.name),
        );
    }
    Ok(response)
}

/// `GET /v2/<name>/referrers/<digest>?artifactType=`
pub(super) fn referrers(context: &Context<'_>, subject: &str) -> Result<Response<Bytes>, OciError> {
    match context.options.referrers {
        ReferrersApi::Absent => return Err(OciError::no_referrers_api()),
        ReferrersApi::Refusing { status } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::NOT_FOUND);
            return Err(OciError::refused(status));
        }
        ReferrersApi::Filtering | ReferrersApi::Unfiltered | ReferrersApi::Empty => {}
    }
    if context.method() != Method::GET {
        return Err(OciError::method_not_allowed());
    }
    let subject =
        Digest::parse(subject).ok_or_else(|| OciError::digest_invalid(subject, NOT_A_DIGEST))?;
    let filter = context
        .query("artifactType")
        .filter(|_| context.options.referrers == ReferrersApi::Filtering);
    let after = match context.query("last") {
        Some(last) => last
            .parse::<u64>()
            .map_err(|_| OciError::page_invalid("`last` is not from a `Link`"))?,
        None => 0,
    };
    let mut state = context.registry.state();
    let number = state.next_list();
    let referrers = match state.repository(&context.repository) {
        Ok(repository) => repository.referrers(&subject),
        // A repository that the first push makes has no referrers yet (distribution specification: 200).
        Err(_) if context.creates_repository => Vec::new(),
        Err(unknown) => return Err(unknown),
    };
    let options = &context.options;
    let is_listed = |manifest: &Manifest| {
        options.referrers != ReferrersApi::Empty
            && number
                > manifest
                    .pushed_after_lists
                    .saturating_add(options.listing_lag)
    };
    let rest: Vec<_> = referrers
        .into_iter()
        .filter(|(_, manifest)| manifest.sequence > after && is_listed(manifest))
        .filter(|(_, manifest)| {
            filter.is_none() || listed_type(options.listed_type, manifest) == filter.as_deref()
        })
        .collect();

    let mut entries = Vec::new();
    let mut bytes = 0;
    let mut last = after;
    for (digest, manifest) in rest.iter().take(context.options.page_size.max(1)) {
        let entry = descriptor(options, digest, manifest);
        // A page must not be longer than a client reads; one entry is shorter than its manifest.
        bytes += entry.to_string().len() + 1;
        if bytes > MAX_MANIFEST_BYTES - 1024 && !entries.is_empty() {
            break;
        }
        last = manifest.sequence;
        entries.push(entry);
    }
    let has_more = entries.len() < rest.len();
    let body = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries });
    let mut response = content_response(OCI_INDEX, Bytes::from(body.to_string()));
    if filter.is_some() {
        set(&mut response, OCI_FILTERS_APPLIED, "artifactType");
    }
    if has_more {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(filter.map(|filter| ("artifactType", filter)));
        query.append_pair("last", &last.to_string());
        let name = &context.repository.name;
        link(
            &mut response,
            &format!("/v2/{name}/referrers/{subject}?{}", query.finish()),
        );
    }
    Ok(response)
}

/// An entry of the list (distribution specification, "Listing Referrers").
fn descriptor(options: &RegistryOptions, digest: &Digest, manifest: &Manifest) -> Value {
    let document = &manifest.document;
    let own = u64::try_from(manifest.bytes.len()).unwrap_or(u64::MAX);
    let size = match options.listed_size {
        ListedSize::Manifest => own,
        ListedSize::WithContent => document
            .blobs
            .iter()
            .fold(own, |size, blob| size.saturating_add(blob.size)),
    };
    without_nulls(json!({
        "mediaType": document.media_type,
        "digest": digest.to_string(),
        "size": size,
        "artifactType": listed_type(options.listed_type, manifest),
        "annotations": (!document.annotations.is_empty()).then_some(&document.annotations),
    }))
}

fn listed_type(listed: ListedType, manifest: &Manifest) -> Option<&str> {
    let document = &manifest.document;
    match listed {
        ListedType::ArtifactType => document.artifact_type.as_deref(),
        ListedType::Configuration => document.config_media_type.as_deref(),
        ListedType::Missing => None,
    }
}

fn link(response: &mut Response<Bytes>, target: &str) {
    set(response, header::LINK, &format!("<{target}>; rel=\"next\""));
}
