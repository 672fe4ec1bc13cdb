//! Which signatures an artifact has: the referrers API (distribution specification, "Listing
//! Referrers"), or the tag schema where a registry lacks it.

use std::collections::HashSet;
use std::time::Duration;

use http::header::LINK;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::RemoteRepository;
use super::error::Error;
use super::listing::{Listing, Source};
use super::manifest;
use super::media_types::IMAGE_INDEX;
use super::referrers_index::{Index, SeenDescriptors, Unreadable, parse_index};
use super::room::Reservation;
use super::shared_answers;
use super::transport::Read;
use crate::http as web;
use crate::limits;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci::{Descriptor, Digest};

impl RemoteRepository {
    /// Lists the signatures of `digest`: from the referrers API, or from the tag schema if the
    /// registry lacks that API. An empty list does not prove that there are no signatures: old
    /// tools wrote the tag schema even where the API is ([`RemoteRepository::list_by_tag_schema`]).
    /// An API that denies or fails leaves the list incomplete from the start.
    ///
    /// # Errors
    ///
    /// Whatever keeps the tag schema from being read where there is no API.
    pub async fn list_signatures(&self, digest: &Digest) -> Result<Listing, Error> {
        let ask = async {
            match self.list_by_api(digest).await {
                Ok(Some(listing)) => Ok(listing),
                Ok(None) => self.list_by_tag_schema(digest).await,
                Err(error) => Ok(Listing {
                    incomplete: Some(error),
                    ..Listing::empty(Source::ReferrersApi)
                }),
            }
        };
        let question = || self.question(format!("referrers/{digest}"), None, IMAGE_INDEX);
        shared_answers::ask_once(question, Box::pin(ask)).await
    }

    /// Lists the signatures of `digest` that the referrers API has; nothing if there is no such API.
    ///
    /// # Errors
    ///
    /// Whatever keeps the first page from being read.
    pub async fn list_by_api(&self, digest: &Digest) -> Result<Option<Listing>, Error> {
        let mut url = self.session.endpoint.url(&format!("referrers/{digest}"));
        url.query_pairs_mut()
            .append_pair("artifactType", SIGNATURE_ARTIFACT_TYPE);
        // One limit for all pages together: a list of many slow pages must end too. Waiting for room in
        // memory, which others hold, takes nothing away from it.
        let limit = self.session.endpoint.pool.settings().request_timeout;
        let mut used = Duration::ZERO;
        let mut found = Collected::default();
        let mut visited = HashSet::new();
        let mut held = Reservation::default();
        let mut next = Some(url);
        let mut fault = None;
        while let Some(url) = next.take() {
            if visited.len() == limits::MAX_REFERRERS_PAGES {
                fault = Some(too_many(digest, limits::MAX_REFERRERS_PAGES));
                break;
            }
            let is_first = visited.is_empty();
            let begun = Instant::now();
            let page = self.page(&url, digest, is_first, &mut held);
            let page = tokio::time::timeout(limit.saturating_sub(used), page).await;
            used = used.saturating_add(begun.elapsed());
            let Ok(page) = page else {
                return Err(Error::ListingTimedOut {
                    registry: self.session.endpoint.registry.name.clone(),
                    digest: digest.to_string(),
                });
            };
            let page = match page {
                Ok(PageResult::Page(page)) => page,
                Ok(PageResult::NoApi) => return Ok(None),
                Ok(PageResult::NeedsRoom(bytes)) => {
                    drop(held);
                    held = self.session.room_for(bytes).await;
                    next = Some(url);
                    continue;
                }
                Err(error) if is_first => return Err(error),
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            };
            held = Reservation::default();
            visited.insert(url);
            if !found.add(page.index) {
                fault = Some(too_many(digest, limits::MAX_REFERRERS));
                break;
            }
            next = match page.next {
                Ok(Some(url)) if visited.contains(&url) => {
                    let words = "is a page of referrers that leads back to an earlier one";
                    fault = Some(Error::Misbehaved {
                        url: web::redact(&url),
                        fault: words.to_owned(),
                    });
                    None
                }
                Ok(next) => next,
                Err(error) => {
                    fault = Some(error);
                    None
                }
            };
        }
        Ok(Some(found.listing(Source::ReferrersApi, digest, fault)))
    }

    /// One page. `held` is the room in memory for it.
    async fn page(
        &self,
        url: &Url,
        digest: &Digest,
        is_first: bool,
        held: &mut Reservation,
    ) -> Result<PageResult, Error> {
        let response = self.session.get(url.clone(), IMAGE_INDEX).await?;
        let status = response.status();
        // Registries that do not know the path call the request wrong, too.
        let is_unsupported = matches!(
            status,
            StatusCode::NOT_FOUND
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::NOT_ACCEPTABLE
                | StatusCode::NOT_IMPLEMENTED
                | StatusCode::BAD_REQUEST
        );
        if is_unsupported && is_first {
            return Ok(PageResult::NoApi);
        }
        let url = response.url().clone();
        if !status.is_success() {
            let called = self.session.endpoint.called(digest.as_ref());
            let error = self.session.failure(response, called).await;
            return Err(match error {
                // A page that a list leads to and that is not there is not "nothing there".
                Error::NotFound { said, .. } => Error::UnexpectedStatus {
                    url: web::redact(&url),
                    status: status.as_u16(),
                    said,
                },
                error => error,
            });
        }
        let next = next_page(&url, response.headers());
        let media_type = manifest::content_type(response.headers());
        let max = limits::MAX_MANIFEST_BYTES;
        let body = match self.session.body_in(response, max, None, held).await? {
            Read::Whole(body) => body,
            Read::NeedsRoom(bytes) => return Ok(PageResult::NeedsRoom(bytes)),
        };
        // Registries without the API may answer any path with something of their own, under any type.
        match parse_index(&body) {
            Ok(Some(index)) => Ok(PageResult::Page(Page { index, next })),
            Ok(None) if is_first => Ok(PageResult::NoApi),
            Ok(None) => Err(Error::NotAManifest {
                url: web::redact(&url),
                media_type: media_type.unwrap_or_default(),
            }),
            Err(source) => Err(Error::Malformed {
                url: web::redact(&url),
                source: source.into(),
            }),
        }
    }
}

fn too_many(digest: &Digest, max: usize) -> Error {
    Error::TooManyReferrers {
        digest: digest.to_string(),
        max,
    }
}

/// What came of asking for a page.
enum PageResult {
    Page(Page),
    /// It is the first one and says that the registry has no referrers API.
    NoApi,
    /// There must be room for so many bytes first.
    NeedsRoom(u64),
}

struct Page {
    index: Index,
    next: Result<Option<Url>, Error>,
}

/// What has been found on all pages so far.
#[derive(Default)]
pub(super) struct Collected {
    signatures: Vec<Descriptor>,
    candidates: Vec<Descriptor>,
    known: SeenDescriptors,
    unreadable: Unreadable,
    referrers: usize,
}

impl Collected {
    /// Adds a page; false once there are more referrers than are looked at.
    pub(super) fn add(&mut self, index: Index) -> bool {
        self.referrers = self.referrers.saturating_add(index.referrers);
        let known = &mut self.known;
        let signatures = index.signatures.into_iter();
        self.signatures
            .extend(signatures.filter(|signature| known.insert(signature)));
        let candidates = index.candidates.into_iter();
        self.candidates
            .extend(candidates.filter(|candidate| known.insert(candidate)));
        self.unreadable.join(index.unreadable);
        self.referrers <= limits::MAX_REFERRERS
    }

    pub(super) fn listing(self, source: Source, digest: &Digest, fault: Option<Error>) -> Listing {
        Listing {
            signatures: self.signatures,
            candidates: self.candidates,
            source,
            incomplete: fault.or_else(|| self.unreadable.error(digest)),
        }
    }
}

/// The page that `headers` of the answer from `url` lead to, if any (RFC 8288, `rel="next"`). It
/// must be of the same origin: a list is one registry's.
pub(super) fn next_page(url: &Url, headers: &HeaderMap) -> Result<Option<Url>, Error> {
    let misbehaved = |fault: String| Error::Misbehaved {
        url: web::redact(url),
        fault,
    };
    for value in headers.get_all(LINK) {
        let value = value
            .to_str()
            .map_err(|_| misbehaved("has a `Link` that is not text".to_owned()))?;
        let Some(target) = next_target(value) else {
            continue;
        };
        if target.len() > limits::MAX_PAGE_URL_BYTES {
            let max = limits::MAX_PAGE_URL_BYTES;
            return Err(misbehaved(format!("has a `Link` of more than {max} bytes")));
        }
        let next = url
            .join(target)
            .map_err(|_| misbehaved("has a `Link` that is not a URL".to_owned()))?;
        if next.origin() != url.origin() {
            return Err(misbehaved(format!(
                "has its next page elsewhere, at `{}`",
                web::redact(&next)
            )));
        }
        return Ok(Some(next));
    }
    Ok(None)
}

/// The target of the link with `rel=next` in the value of a `Link` header.
fn next_target(value: &str) -> Option<&str> {
    let mut rest = value;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        // Up to the next link: a comma outside quotes and before its `<`.
        let mut in_quotes = false;
        let end = after
            .char_indices()
            .find(|(_, c)| {
                if *c == '"' {
                    in_quotes = !in_quotes;
                }
                *c == ',' && !in_quotes
            })
            .map_or(after.len(), |(position, _)| position);
        let (parameters, after) = after.split_at(end);
        let is_next = parameters.split(';').any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.trim().eq_ignore_ascii_case("rel")
                && value
                    .trim()
                    .trim_matches('"')
                    .split_ascii_whitespace()
                    .any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(target);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        for (value, wanted) in [
            (
                r#"</v2/a/referrers/x?n=1>; rel="next""#,
                Some("/v2/a/referrers/x?n=1"),
            ),
            ("<p>;rel=next", Some("p")),
            (
                r#"<a>; rel="prev"; title="x, <y>", <b>; REL="last Next""#,
                Some("b"),
            ),
            (r#"<a>; rel="prev""#, None),
            ("rel=next", None),
            ("<a", None),
            ("", None),
        ] {
            assert_eq!(next_target(value), wanted, "{value}");
        }
    }
}
