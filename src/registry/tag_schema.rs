//! The tag schema (distribution specification, "Referrers Tag Schema"): an index of referrers
//! under a tag that is named after the digest.

use http::StatusCode;

use super::RemoteRepository;
use super::error::Error;
use super::listing::{Listing, Source};
use super::media_types::IMAGE_INDEX;
use super::referrers::Collected;
use super::referrers_index::parse_index;
use super::resolve::{self, ReadManifest};
use super::shared_answers;
use crate::oci::Digest;
use crate::{limits, oci};

/// The tag of `digest`'s index: its algorithm and its hexadecimal digits, as many as a tag has.
pub(super) fn tag(digest: &Digest) -> String {
    let (algorithm, hex) = digest
        .as_ref()
        .split_once(':')
        .unwrap_or((digest.as_ref(), ""));
    let hex: String = hex.chars().take(limits::MAX_TAG_DIGITS).collect();
    format!("{algorithm}-{hex}")
}

impl RemoteRepository {
    /// Lists the signatures of `digest` that the tag schema has; none if there is no such tag.
    ///
    /// # Errors
    ///
    /// Whatever keeps the index from being read; [`Error::NotAnIndex`] if the tag names something
    /// else; [`Error::TooManyReferrers`].
    pub async fn list_by_tag_schema(&self, digest: &Digest) -> Result<Listing, Error> {
        let question = || self.question(format!("manifests/{}", tag(digest)), None, IMAGE_INDEX);
        shared_answers::ask_once(question, self.read_list_by_tag_schema(digest)).await
    }

    async fn read_list_by_tag_schema(&self, digest: &Digest) -> Result<Listing, Error> {
        let mut found = Collected::default();
        if let Some(read) = self.read_index(digest).await? {
            let called = || self.session.endpoint.called(&tag(digest));
            let index = match parse_index(&read.bytes) {
                Ok(Some(index)) => index,
                // Its type was compared with the registry's word.
                Ok(None) => {
                    return Err(Error::NotAnIndex {
                        reference: called(),
                        media_type: String::new(),
                    });
                }
                Err(source) => {
                    let url = called();
                    let source = source.into();
                    return Err(Error::Malformed { url, source });
                }
            };
            if !found.add(index) {
                return Err(Error::TooManyReferrers {
                    digest: digest.to_string(),
                    max: limits::MAX_REFERRERS,
                });
            }
        }
        Ok(found.listing(Source::TagSchema, digest, None))
    }

    /// The index of `digest`'s referrers; `None` without one. Some registries read the tag as the
    /// digest that it is named after: what is signed is not the index of its own signatures.
    pub(super) async fn read_index(&self, digest: &Digest) -> Result<Option<ReadManifest>, Error> {
        let tag = tag(digest);
        let url = self.session.endpoint.url(&format!("manifests/{tag}"));
        let response = self.session.get(url.clone(), IMAGE_INDEX).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let called = self.session.endpoint.called(&tag);
        let again = (url, IMAGE_INDEX);
        let read = resolve::read_manifest(&self.session, response, again, called, None).await?;
        if oci::verify_digest(digest, &read.bytes).is_ok() {
            return Ok(None);
        }
        let media_type = read.descriptor.media_type().as_ref();
        if media_type != IMAGE_INDEX {
            return Err(Error::NotAnIndex {
                reference: self.session.endpoint.called(&tag),
                media_type: media_type.to_owned(),
            });
        }
        // The old index is deleted by the digest of its bytes.
        debug_assert!(oci::verify_digest(read.descriptor.digest(), &read.bytes).is_ok());
        Ok(Some(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::HashAlgorithm;

    #[test]
    fn the_tag_is_a_tag_whatever_the_digest() {
        assert_eq!(
            tag(&oci::sha256_digest(b"{}")),
            "sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        let long = tag(&oci::digest_with(HashAlgorithm::Sha512, b"{}"));
        assert_eq!(
            (long.len(), long.starts_with("sha512-27c74670adb7")),
            (71, true)
        );
    }
}
