//! One signature: its manifest, then its envelope.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use reqwest::Response;

use super::RemoteRepository;
use super::error::Error;
use super::manifest::{self, SignatureManifest};
use super::media_types;
use super::room::Reservation;
use super::shared_answers::{self, Question};
use super::transport::Read;
use crate::http as web;
use crate::limits;
use crate::notary::EnvelopeFormat;
use crate::oci::{self, Descriptor, Digest};

/// An envelope as it lies in a registry; its signature has not been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The signature manifest.
    pub manifest: Descriptor,
    /// The envelope's format, as the manifest's layer says.
    pub format: EnvelopeFormat,
    /// The envelope.
    pub envelope: Bytes,
    /// What the manifest says of the envelope: media type, digest, size.
    pub envelope_descriptor: Descriptor,
    /// The manifest's annotations. They are not signed.
    pub annotations: BTreeMap<String, String>,
    /// The room in memory that the envelope takes.
    pub(super) held: Reservation,
}

impl AsRef<[u8]> for Signature {
    /// The envelope.
    fn as_ref(&self) -> &[u8] {
        &self.envelope
    }
}

impl RemoteRepository {
    /// Fetches the signature with manifest `manifest`, which must name `subject` as what it signs.
    ///
    /// # Errors
    ///
    /// [`Error::NotASignature`] and [`Error::TooLarge`] for what the manifest says,
    /// [`Error::WrongDigest`] and [`Error::WrongSize`] for bytes that are others,
    /// [`Error::NotFound`], and what keeps a request from an answer.
    pub async fn fetch_signature(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
    ) -> Result<Signature, Error> {
        let (bytes, held) = self.fetch_signature_manifest(manifest).await?;
        let read = manifest::parse_signature(manifest, &bytes, subject)?;
        drop((bytes, held));
        self.fetch_envelope(manifest, read).await
    }

    /// Fetches what may be a signature; nothing if its manifest says that it is something else.
    ///
    /// # Errors
    ///
    /// As [`RemoteRepository::fetch_signature`].
    pub async fn fetch_candidate(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
    ) -> Result<Option<Signature>, Error> {
        match self.read_manifest(subject, manifest, false).await? {
            Some(read) => self.fetch_envelope(manifest, read).await.map(Some),
            None => Ok(None),
        }
    }

    /// What a manifest says of its envelope; nothing if it says that it is something else, unless `is_signature`.
    pub(super) async fn read_manifest(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
        is_signature: bool,
    ) -> Result<Option<SignatureManifest>, Error> {
        let (bytes, _held) = self.fetch_signature_manifest(manifest).await?;
        if !is_signature && !manifest::is_signature(&bytes) {
            return Ok(None);
        }
        manifest::parse_signature(manifest, &bytes, subject).map(Some)
    }

    /// A signature manifest, with its room, which is to be let go before the envelope's is waited for.
    async fn fetch_signature_manifest(
        &self,
        manifest: &Descriptor,
    ) -> Result<(Bytes, Reservation), Error> {
        if manifest.size() > limits::MAX_MANIFEST_BYTES {
            return Err(Error::TooLarge {
                what: format!("signature manifest `{}`", manifest.digest()),
                size: manifest.size(),
                max: limits::MAX_MANIFEST_BYTES,
            });
        }
        let path = format!("manifests/{}", manifest.digest());
        self.fetch_or_read(&path, manifest, media_types::ACCEPT_SIGNATURE)
            .await
    }

    /// The envelope that the signature manifest `manifest`, which was read, leads to.
    pub(super) async fn fetch_envelope(
        &self,
        manifest: &Descriptor,
        read: SignatureManifest,
    ) -> Result<Signature, Error> {
        let path = format!("blobs/{}", read.envelope.digest());
        let (envelope, held) = self.fetch_or_read(&path, &read.envelope, "*/*").await?;
        Ok(Signature {
            manifest: manifest.clone(),
            format: read.format,
            envelope,
            envelope_descriptor: read.envelope,
            annotations: read.annotations,
            held,
        })
    }

    /// The manifest that `descriptor` describes, as bytes.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] for what the descriptor says, [`Error::WrongDigest`] and
    /// [`Error::WrongSize`] for bytes that are others, [`Error::NotFound`], and what keeps a request
    /// from an answer.
    pub async fn fetch_manifest(&self, descriptor: &Descriptor) -> Result<Bytes, Error> {
        if descriptor.size() > limits::MAX_MANIFEST_BYTES {
            return Err(Error::TooLarge {
                what: format!("manifest `{}`", descriptor.digest()),
                size: descriptor.size(),
                max: limits::MAX_MANIFEST_BYTES,
            });
        }
        let question = self.content_question(descriptor);
        let path = question.path.clone();
        let ask = self.fetch(&path, descriptor, question.accept);
        let fetched = shared_answers::ask_once(|| question, ask).await;
        fetched.map(|(bytes, _)| bytes)
    }

    /// What is asked of the manifest that `descriptor` describes.
    pub(super) fn content_question(&self, descriptor: &Descriptor) -> Question {
        let path = format!("manifests/{}", descriptor.digest());
        self.question(path, Some(descriptor.size()), media_types::ACCEPT_ANY)
    }

    pub(super) fn question(
        &self,
        path: String,
        size: Option<u64>,
        accept: &'static str,
    ) -> Question {
        Question {
            session: Arc::clone(&self.session),
            path,
            size,
            accept,
        }
    }

    /// The content of `descriptor`, a part of a signature that a list names: as it was kept, or else as [`Self::fetch`].
    async fn fetch_or_read(
        &self,
        path: &str,
        descriptor: &Descriptor,
        accept: &'static str,
    ) -> Result<(Bytes, Reservation), Error> {
        let ask = async {
            let Some(cache) = &self.content else {
                return self.fetch(path, descriptor, accept).await;
            };
            if let Some(bytes) = cache.read(descriptor) {
                return Ok((bytes, Reservation::default()));
            }
            let fetched = self.fetch(path, descriptor, accept).await?;
            cache.keep(descriptor, &fetched.0);
            Ok(fetched)
        };
        let question = || self.question(path.to_owned(), Some(descriptor.size()), accept);
        shared_answers::ask_once(question, ask).await
    }

    /// The content of `descriptor`, whose size has been compared with its limit, and its room.
    async fn fetch(
        &self,
        path: &str,
        descriptor: &Descriptor,
        accept: &'static str,
    ) -> Result<(Bytes, Reservation), Error> {
        let mut held = Reservation::default();
        loop {
            let response = self
                .session
                .get(self.session.endpoint.url(path), accept)
                .await?;
            if response.status() != StatusCode::OK {
                let called = self.session.endpoint.called(descriptor.digest().as_ref());
                return Err(self.session.failure(response, called).await);
            }
            let url = web::redact(response.url());
            let wrong_size = |found| Error::WrongSize {
                url: url.clone(),
                wanted: descriptor.size(),
                found,
            };
            if let Some(found) = announced_length(&response)
                && found != descriptor.size()
            {
                return Err(wrong_size(found));
            }
            let size = descriptor.size();
            let read = self
                .session
                .body_in(response, size, Some(size), &mut held)
                .await?;
            let bytes = match read {
                Read::Whole(bytes) => bytes,
                Read::NeedsRoom(bytes) => {
                    drop(held);
                    held = self.session.room_for(bytes).await;
                    continue;
                }
            };
            let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if found != descriptor.size() {
                return Err(wrong_size(found));
            }
            return match oci::verify_digest(descriptor.digest(), &bytes) {
                Ok(()) => Ok((bytes, held)),
                Err(source) => Err(Error::WrongDigest { url, source }),
            };
        }
    }
}

/// The length that the answer announces; that of an encoded answer is another's.
fn announced_length(response: &Response) -> Option<u64> {
    let is_encoded = response
        .headers()
        .contains_key(http::header::CONTENT_ENCODING);
    response.content_length().filter(|_| !is_encoded)
}
