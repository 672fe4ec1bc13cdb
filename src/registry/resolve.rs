//! What a tag or digest stands for.

use http::HeaderMap;
use oci_spec::image::MediaType;
use reqwest::Response;
use url::Url;

use super::error::Error;
use super::listing::Listing;
use super::manifest;
use super::media_types::{self, IMAGE_INDEX};
use super::referrers_index::SeenDescriptors;
use super::room::Reservation;
use super::shared_answers::{self, Question};
use super::transport::{Read, Session};
use super::{RemoteRepository, Source};
use crate::http as web;
use crate::limits;
use crate::oci::{self, Descriptor, Digest};
use crate::reference::ArtifactReference;

/// The header in which registries give a manifest's digest.
const DIGEST_HEADER: &str = "docker-content-digest";

/// The artifact that a reference stands for; from here on only its digest counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Media type, digest and real size of its manifest.
    pub descriptor: Descriptor,
    /// `registry/repository@digest`, or `path@digest` in a layout.
    pub reference: ArtifactReference,
}

impl Target {
    /// Whether it is an index, of a multi-platform image for example, and not one image.
    pub fn is_index(&self) -> bool {
        is_index(&self.descriptor)
    }
}

fn is_index(descriptor: &Descriptor) -> bool {
    let media_type = descriptor.media_type().as_ref();
    media_type == IMAGE_INDEX || media_type.ends_with(".manifest.list.v2+json")
}

impl RemoteRepository {
    /// Resolves the reference's digest, or else its tag, with one request.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::WrongDigest`], [`Error::NotAManifest`], [`Error::Malformed`] or
    /// [`Error::Misbehaved`] if the answer cannot be right; and what keeps a request from an answer.
    pub async fn resolve(&self) -> Result<Target, Error> {
        let ask = async {
            let url = self.manifest_url();
            let response = self.session.get(url, media_types::ACCEPT_ANY).await?;
            self.read_descriptor(response).await
        };
        let descriptor = shared_answers::ask_once(|| self.manifest_question(), ask).await?;
        Ok(self.target(descriptor))
    }

    /// The same, unless the request was challenged: then the challenge is answered, and nothing is asked again.
    async fn resolve_or_authenticate(&self) -> Result<Option<Target>, Error> {
        let ask = async {
            let first = self
                .session
                .get_or_authenticate(self.manifest_url(), media_types::ACCEPT_ANY)
                .await?;
            let Some(response) = first else {
                return Ok(None);
            };
            let descriptor = self.read_descriptor(response).await?;
            shared_answers::keep(|| self.manifest_question(), descriptor.clone());
            Ok(Some(descriptor))
        };
        let descriptor = shared_answers::ask_once(|| self.manifest_question(), ask).await?;
        Ok(descriptor.map(|descriptor| self.target(descriptor)))
    }

    /// Resolves the reference and lists the signatures of what it stands for. A reference with a
    /// digest does both at the same time wherever neither request can be challenged.
    ///
    /// The listing's own error comes second, so that both stay apart.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::resolve`].
    pub async fn resolve_and_list(&self) -> Result<(Target, Result<Listing, Error>), Error> {
        let Some(digest) = self.reference.digest() else {
            let target = self.resolve().await?;
            let listing = self.list_signatures(target.descriptor.digest()).await;
            return Ok((target, listing));
        };
        let digest = oci::parse_digest(digest).map_err(|source| Error::WrongDigest {
            url: self.reference.to_string(),
            source,
        })?;
        if !self.session.may_go_at_once().await
            && let Some(target) = self.resolve_or_authenticate().await?
        {
            let listing = self.list_signatures(&digest).await;
            return Ok((target, listing));
        }
        let (target, listing) =
            futures_util::future::join(self.resolve(), self.list_signatures(&digest)).await;
        Ok((target?, listing))
    }

    fn manifest_path(&self) -> String {
        format!("manifests/{}", self.reference.target())
    }

    fn manifest_url(&self) -> Url {
        self.session.endpoint.url(&self.manifest_path())
    }

    fn manifest_question(&self) -> Question {
        self.question(self.manifest_path(), None, media_types::ACCEPT_ANY)
    }

    fn target(&self, descriptor: Descriptor) -> Target {
        Target {
            reference: self.reference.with_digest(descriptor.digest()).into(),
            descriptor,
        }
    }

    async fn read_descriptor(&self, response: Response) -> Result<Descriptor, Error> {
        let asked = match self.reference.digest() {
            Some(digest) => {
                Some(
                    oci::parse_digest(digest).map_err(|source| Error::WrongDigest {
                        url: self.reference.to_string(),
                        source,
                    })?,
                )
            }
            None => None,
        };
        let called = self.reference.to_string();
        let again = (self.manifest_url(), media_types::ACCEPT_ANY);
        let manifest =
            read_manifest(&self.session, response, again, called, asked.as_ref()).await?;
        let ReadManifest {
            descriptor, bytes, ..
        } = manifest;
        // What goes through an index need not fetch it again.
        if is_index(&descriptor) {
            shared_answers::keep(
                || self.content_question(&descriptor),
                (bytes, Reservation::default()),
            );
        }
        Ok(descriptor)
    }
}

/// A manifest whose bytes are what its descriptor says.
pub(super) struct ReadManifest {
    pub(super) descriptor: Descriptor,
    pub(super) bytes: bytes::Bytes,
    /// The room in memory that the bytes take.
    pub(super) held: Reservation,
}

/// Reads the manifest in `response`, for what is called `called`, and compares it with the digest
/// that was asked for and with the one that the registry gives. `again` is what was asked: URL and
/// accepted types.
pub(super) async fn read_manifest(
    session: &Session,
    mut response: Response,
    again: (Url, &'static str),
    called: String,
    asked: Option<&Digest>,
) -> Result<ReadManifest, Error> {
    let mut held = Reservation::default();
    let (url, headers, bytes) = loop {
        if !response.status().is_success() {
            return Err(session.failure(response, called).await);
        }
        let url = response.url().clone();
        let headers = response.headers().clone();
        let max = limits::MAX_MANIFEST_BYTES;
        match session.body_in(response, max, None, &mut held).await? {
            Read::Whole(bytes) => break (url, headers, bytes),
            Read::NeedsRoom(bytes) => {
                drop(held);
                held = session.room_for(bytes).await;
                response = session.get(again.0.clone(), again.1).await?;
            }
        }
    };
    let media_type = manifest::media_type(&url, &headers, &bytes);
    // A page of HTML has neither the digest nor the type: the type says more.
    if let Err(error @ Error::NotAManifest { .. }) = media_type {
        return Err(error);
    }
    let digest = check_digests(&url, &headers, &bytes, asked)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Ok(ReadManifest {
        descriptor: Descriptor::new(MediaType::from(media_type?.as_str()), size, digest),
        bytes,
        held,
    })
}

/// Compares `bytes` with the digest in `headers` and the one that was `asked` for; gives the digest
/// to go on with.
pub(super) fn check_digests(
    url: &Url,
    headers: &HeaderMap,
    bytes: &[u8],
    asked: Option<&Digest>,
) -> Result<Digest, Error> {
    let wrong = |source| Error::WrongDigest {
        url: web::redact(url),
        source,
    };
    if let Some(asked) = asked {
        oci::verify_digest(asked, bytes).map_err(wrong)?;
    }
    let announced = match headers.get(DIGEST_HEADER) {
        Some(value) => {
            // What was asked for is compared above.
            let asked = asked.filter(|asked| asked.as_ref().as_bytes() == value.as_bytes());
            if let Some(asked) = asked {
                Some(asked.clone())
            } else {
                let text = String::from_utf8_lossy(value.as_bytes());
                let text = super::words::clean(&text);
                let announced = oci::parse_digest(&text).map_err(wrong)?;
                oci::verify_digest(&announced, bytes).map_err(wrong)?;
                Some(announced)
            }
        }
        None => None,
    };
    Ok(asked
        .cloned()
        .or(announced)
        .unwrap_or_else(|| oci::sha256_digest(bytes)))
}

impl Listing {
    /// Whether there is no tag schema left to read for this listing.
    pub fn has_read_tag_schema(&self) -> bool {
        self.source != Source::ReferrersApi
    }

    /// Adds what `other` has and this listing lacks.
    pub(super) fn join(&mut self, other: Self) {
        let mut known = SeenDescriptors::default();
        for descriptor in self.signatures.iter().chain(&self.candidates) {
            known.insert(descriptor);
        }
        let signatures = other.signatures.into_iter();
        self.signatures
            .extend(signatures.filter(|signature| known.insert(signature)));
        let candidates = other.candidates.into_iter();
        self.candidates
            .extend(candidates.filter(|candidate| known.insert(candidate)));
        if let Some(error) = other.incomplete {
            self.note(error);
        }
    }

    /// Keeps `error` as the reason why there may be more, unless there is one.
    pub(super) fn note(&mut self, error: Error) {
        self.incomplete.get_or_insert(error);
    }
}
