//! Which signatures an artifact has: the referrers API (distribution specification, "Listing
//! Referrers"), or the tag schema where a registry lacks it.

use std::collections::HashSet;
use std::fmt;

use http::header::LINK;
use http::{HeaderMap, StatusCode};
use oci_spec::image::MediaType;
use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use url::Url;

use super::RemoteRepository;
use super::error::Error;
use super::manifest::{self, IMAGE_INDEX};
use crate::http as web;
use crate::limits;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci::{self, Descriptor, Digest};

/// Where a list of signatures came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The referrers API.
    ReferrersApi,
    /// The index under the tag `ALGORITHM-HEX`.
    TagSchema,
    /// The manifests of an OCI image layout.
    Layout,
}

/// The signatures of one artifact, in the registry's order, each once.
#[derive(Debug)]
pub struct Listing {
    /// Descriptors of signature manifests, as the registry gives them.
    pub signatures: Vec<Descriptor>,
    /// Where they came from.
    pub source: Source,
    /// Why there may be more: a later page failed, or a limit was met. What was found before can
    /// still be used; that nothing good was found cannot be concluded.
    pub incomplete: Option<Error>,
}

impl RemoteRepository {
    /// Lists the signatures of `digest`: from the referrers API, or from the tag schema if the
    /// registry lacks that API. An empty list is no proof yet: old tools wrote the tag schema even
    /// where the API is ([`RemoteRepository::list_by_tag_schema`]).
    ///
    /// # Errors
    ///
    /// Whatever keeps the first page from being read. "Denied" is an error, never an empty list.
    pub async fn list_signatures(&self, digest: &Digest) -> Result<Listing, Error> {
        // One limit for all pages together: a list of many slow pages must end too.
        let limit = self.session.pool.settings().request_timeout;
        match tokio::time::timeout(limit, self.list_pages(digest)).await {
            Ok(listing) => listing,
            Err(_) => Err(Error::ListingTimedOut {
                registry: self.session.registry.name.clone(),
                digest: digest.to_string(),
            }),
        }
    }

    async fn list_pages(&self, digest: &Digest) -> Result<Listing, Error> {
        let mut url = self.session.url(&format!("referrers/{digest}"));
        url.query_pairs_mut()
            .append_pair("artifactType", SIGNATURE_ARTIFACT_TYPE);
        let mut found = Collected::default();
        let mut visited = HashSet::new();
        let mut next = Some(url);
        while let Some(url) = next.take() {
            if visited.len() == limits::MAX_REFERRERS_PAGES {
                let max = limits::MAX_REFERRERS_PAGES;
                return Ok(found.listing(Some(too_many(digest, max))));
            }
            visited.insert(url.clone());
            match self.page(url, digest).await {
                Ok(Some(page)) => {
                    if !found.add(page.index) {
                        let max = limits::MAX_REFERRERS;
                        return Ok(found.listing(Some(too_many(digest, max))));
                    }
                    next = match page.next {
                        Ok(next) => next,
                        Err(error) => return Ok(found.listing(Some(error))),
                    };
                    if let Some(url) = next.as_ref().filter(|url| visited.contains(url)) {
                        let fault = "is a page of referrers that leads back to an earlier one";
                        let error = Error::Misbehaved {
                            url: web::redact(url),
                            fault: fault.to_owned(),
                        };
                        return Ok(found.listing(Some(error)));
                    }
                }
                // Only the first page can say that there is no such API.
                Ok(None) if visited.len() == 1 => {
                    return Ok(Listing {
                        signatures: self.list_by_tag_schema(digest).await?,
                        source: Source::TagSchema,
                        incomplete: None,
                    });
                }
                Ok(None) => {
                    let error = Error::NotFound {
                        reference: self.session.called(digest.as_ref()),
                        said: super::Words::default(),
                    };
                    return Ok(found.listing(Some(error)));
                }
                Err(error) if visited.len() == 1 => return Err(error),
                Err(error) => return Ok(found.listing(Some(error))),
            }
        }
        Ok(found.listing(None))
    }

    /// One page; `None` if the registry has no referrers API.
    async fn page(&self, url: Url, digest: &Digest) -> Result<Option<Page>, Error> {
        let response = self.session.get(url, IMAGE_INDEX).await?;
        let is_unsupported = matches!(
            response.status(),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
        );
        if is_unsupported {
            return Ok(None);
        }
        if !response.status().is_success() {
            let called = self.session.called(digest.as_ref());
            return Err(self.session.failure(response, called).await);
        }
        // Registries without the API may answer any path with something of their own.
        if manifest::content_type(response.headers()).as_deref() != Some(IMAGE_INDEX) {
            return Ok(None);
        }
        let url = response.url().clone();
        let next = next_page(&url, response.headers());
        let body = self
            .session
            .body(response, limits::MAX_MANIFEST_BYTES)
            .await?;
        let index = parse_index(&url, &body)?;
        Ok(Some(Page { index, next }))
    }
}

fn too_many(digest: &Digest, max: usize) -> Error {
    Error::TooManyReferrers {
        digest: digest.to_string(),
        max,
    }
}

struct Page {
    index: Index,
    next: Result<Option<Url>, Error>,
}

/// What has been found on all pages so far.
#[derive(Default)]
struct Collected {
    signatures: Vec<Descriptor>,
    known: HashSet<Digest>,
    referrers: usize,
}

impl Collected {
    /// Adds a page; false once there are more referrers than are looked at.
    fn add(&mut self, index: Index) -> bool {
        self.referrers = self.referrers.saturating_add(index.referrers);
        for signature in index.signatures {
            if self.known.insert(signature.digest().clone()) {
                self.signatures.push(signature);
            }
        }
        self.referrers <= limits::MAX_REFERRERS
    }

    fn listing(self, incomplete: Option<Error>) -> Listing {
        Listing {
            signatures: self.signatures,
            source: Source::ReferrersApi,
            incomplete,
        }
    }
}

/// An index of referrers: how many there are, and those that are signatures.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) referrers: usize,
    pub(super) signatures: Vec<Descriptor>,
}

/// Reads an index. Whatever the registry filtered, only signatures are kept; past
/// [`limits::MAX_REFERRERS`] the rest is only counted, so that memory stays bounded.
pub(super) fn parse_index(url: &Url, bytes: &[u8]) -> Result<Index, Error> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        manifests: Option<Index>,
    }
    match serde_json::from_slice::<Document>(bytes) {
        Ok(document) => Ok(document.manifests.unwrap_or_default()),
        Err(source) => Err(Error::Malformed {
            url: web::redact(url),
            source,
        }),
    }
}

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(IndexVisitor)
    }
}

struct IndexVisitor;

impl<'de> Visitor<'de> for IndexVisitor {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of descriptors")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Index, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Entry {
            media_type: String,
            digest: String,
            size: u64,
            artifact_type: Option<String>,
        }
        let mut index = Index::default();
        while index.referrers <= limits::MAX_REFERRERS {
            let Some(entry) = entries.next_element::<Entry>()? else {
                return Ok(index);
            };
            index.referrers += 1;
            if entry.artifact_type.as_deref() != Some(SIGNATURE_ARTIFACT_TYPE) {
                continue;
            }
            let digest = oci::parse_digest(&entry.digest).map_err(serde::de::Error::custom)?;
            let media_type = MediaType::from(entry.media_type.as_str());
            index
                .signatures
                .push(Descriptor::new(media_type, entry.size, digest));
        }
        while entries.next_element::<IgnoredAny>()?.is_some() {}
        Ok(index)
    }
}

/// The page that `headers` of the answer from `url` lead to, if any (RFC 8288, `rel="next"`). It
/// must be of the same origin: a list is one registry's.
fn next_page(url: &Url, headers: &HeaderMap) -> Result<Option<Url>, Error> {
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

    fn parsed(entries: &str) -> Result<Index, Error> {
        let url = Url::parse("http://localhost/").unwrap();
        parse_index(&url, format!(r#"{{"manifests":{entries}}}"#).as_bytes())
    }

    fn entry(artifact_type: &str) -> String {
        let digest = oci::sha256_digest(artifact_type.as_bytes());
        format!(
            r#"{{"mediaType":"m","digest":"{digest}","size":1,"artifactType":"{artifact_type}","x":[]}}"#
        )
    }

    #[test]
    fn only_signatures_are_kept() {
        let others = entry("application/spdx+json");
        let ours = entry(SIGNATURE_ARTIFACT_TYPE);
        let index = parsed(&format!("[{others},{ours}]")).unwrap();
        assert_eq!((index.referrers, index.signatures.len()), (2, 1));
        for nothing in ["null", "[]"] {
            assert_eq!(parsed(nothing).unwrap().referrers, 0);
        }
        for bad in ["[1]", "{}", r#"[{"mediaType":"m"}]"#] {
            assert!(matches!(parsed(bad), Err(Error::Malformed { .. })), "{bad}");
        }
    }

    #[test]
    fn no_more_referrers_are_kept_than_are_looked_at() {
        let entries = |count: usize| {
            let entries = vec![entry(SIGNATURE_ARTIFACT_TYPE); count];
            format!("[{}]", entries.join(","))
        };
        let at_limit = parsed(&entries(limits::MAX_REFERRERS)).unwrap();
        assert_eq!(at_limit.referrers, limits::MAX_REFERRERS);
        assert!(Collected::default().add(at_limit));
        let past_limit = parsed(&entries(limits::MAX_REFERRERS + 100)).unwrap();
        assert_eq!(past_limit.signatures.len(), limits::MAX_REFERRERS + 1);
        assert!(!Collected::default().add(past_limit));
    }
}
