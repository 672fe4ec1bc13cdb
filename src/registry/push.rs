//! A new signature into a registry: envelope, manifest, and where the registry does not list it the
//! index of the tag schema (distribution specification, "Pushing Manifests with Subject").

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use oci_spec::image::MediaType;
use reqwest::{Request, Response};

use super::RemoteRepository;
use super::error::{Error, RejectedPart};
use super::manifest;
use super::media_types::IMAGE_MANIFEST;
use super::pushed::Look;
use super::transport::Repeat;
use crate::http as web;
use crate::notary::EnvelopeFormat;
use crate::oci::{self, Descriptor, Digest};

/// The header by which a registry says that it has filed a manifest under its subject.
const SUBJECT_HEADER: HeaderName = HeaderName::from_static("oci-subject");

/// A signature that is to be pushed.
#[derive(Debug, Clone)]
pub struct NewSignature {
    /// What was signed.
    pub subject: Descriptor,
    /// The envelope's format.
    pub format: EnvelopeFormat,
    /// The envelope.
    pub envelope: Bytes,
    /// The manifest's annotations: the thumbprints, the time, and what a plugin wants.
    pub annotations: BTreeMap<String, String>,
}

/// How a signature is filed under its subject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Storage {
    /// By the referrers API; by the tag schema too if the registry has no such API, or does not list
    /// the signature.
    #[default]
    ReferrersApi,
    /// By the tag schema in any case (`--force-referrers-tag`).
    TagSchema,
    /// By the referrers API or not at all (`--force-referrers-tag=false`).
    OnlyReferrersApi,
}

/// A signature that has been pushed.
#[derive(Debug)]
pub struct PushedSignature {
    /// The signature manifest.
    pub manifest: Descriptor,
    /// How it was filed.
    pub storage: Storage,
    /// What went wrong without harm.
    pub warnings: Vec<Warning>,
}

/// What went wrong without harm.
#[derive(Debug)]
#[non_exhaustive]
pub enum Warning {
    /// The index that the tag schema's tag pointed to before is still there.
    OldIndexNotDeleted {
        /// Its digest.
        index: Digest,
        /// What kept it.
        source: Error,
    },
    /// The registry took the signature and does not list it, so that the tag schema was written.
    NotListed,
    /// Others changed the index of the tag schema at the same time.
    IndexContended,
}

impl RemoteRepository {
    /// Pushes `signature` and files it under its subject.
    ///
    /// # Errors
    ///
    /// [`Error::PushRefused`] if the registry takes no such thing; [`Error::NotListed`] if the
    /// signature was pushed and cannot be found; [`Error::WrongDigest`] or [`Error::Misbehaved`] if
    /// the registry does not confirm what was pushed; and what keeps a request from an answer.
    pub async fn push_signature(
        &self,
        signature: &NewSignature,
        storage: Storage,
    ) -> Result<PushedSignature, Error> {
        let envelope = oci::sha256_digest(&signature.envelope);
        let envelope_size = u64::try_from(signature.envelope.len()).unwrap_or(u64::MAX);
        let bytes = Bytes::from(manifest::write_signature(
            &signature.subject,
            signature.format,
            &envelope,
            envelope_size,
            &signature.annotations,
        ));
        let (envelope_pushed, config_pushed) = futures_util::future::join(
            self.push_blob(&envelope, signature.envelope.clone()),
            self.push_config(),
        )
        .await;
        envelope_pushed?;
        config_pushed?;

        let digest = oci::sha256_digest(&bytes);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let manifest = Descriptor::new(MediaType::from(IMAGE_MANIFEST), size, digest.clone());
        let headers = self
            .put_manifest(digest.as_ref(), IMAGE_MANIFEST, bytes)
            .await
            .map_err(|error| error.after_sending(&digest))?;
        let is_filed = headers.get(SUBJECT_HEADER).is_some_and(|value| {
            value.as_bytes() == signature.subject.digest().as_ref().as_bytes()
        });
        self.file(signature, manifest, storage, is_filed).await
    }

    /// Sees to it that `manifest`, which was pushed, can be found; `is_filed` is what the registry
    /// says of it.
    async fn file(
        &self,
        signature: &NewSignature,
        manifest: Descriptor,
        storage: Storage,
        is_filed: bool,
    ) -> Result<PushedSignature, Error> {
        let subject = signature.subject.digest();
        let mut warnings = Vec::new();
        if storage != Storage::TagSchema {
            // Amazon ECR's API is known, and its lists lag.
            let is_ecr = self.session.endpoint.registry.ecr.is_some();
            let look = match (is_ecr, is_filed) {
                (true, true) => Look::Listed,
                (true, false) => Look::NoApi,
                (false, _) => self.look_for(subject, &manifest, is_filed).await,
            };
            let is_said_to_be_listed = match look {
                Look::Listed => {
                    return Ok(PushedSignature {
                        manifest,
                        storage: Storage::ReferrersApi,
                        warnings,
                    });
                }
                Look::Inconclusive(source) => {
                    return Err(Error::NotListed {
                        manifest: manifest.digest().to_string(),
                        source: Some(Box::new(source)),
                    });
                }
                Look::NotListed => true,
                Look::NoApi => is_filed,
            };
            if storage == Storage::OnlyReferrersApi {
                return Err(Error::NotListed {
                    manifest: manifest.digest().to_string(),
                    source: None,
                });
            }
            if is_said_to_be_listed {
                warnings.push(Warning::NotListed);
            }
        }
        let added = self.add_to_index(subject, &manifest, &signature.annotations);
        match added.await {
            Ok(more) => warnings.extend(more),
            Err(error) => return Err(error.after_pushing(manifest.digest())),
        }
        Ok(PushedSignature {
            manifest,
            storage: Storage::TagSchema,
            warnings,
        })
    }

    /// Pushes the empty config, unless it is there: every signature has the same one.
    async fn push_config(&self) -> Result<(), Error> {
        let digest = manifest::empty_config_digest();
        let url = self.session.endpoint.url(&format!("blobs/{digest}"));
        let request = Request::new(Method::HEAD, url);
        let response = self.session.send(request, Repeat::Allowed).await?;
        if response.status() == StatusCode::OK {
            return Ok(());
        }
        let bytes = Bytes::from_static(manifest::EMPTY_CONFIG_BYTES);
        self.push_blob(&digest, bytes).await
    }

    async fn push_blob(&self, digest: &Digest, bytes: Bytes) -> Result<(), Error> {
        let called = || self.session.endpoint.called(digest.as_ref());
        let mut request = Request::new(Method::POST, self.session.endpoint.url("blobs/uploads/"));
        *request.body_mut() = Some(Bytes::new().into());
        let response = self.session.send(request, Repeat::IfNotDone).await?;
        match response.status() {
            // The registry has the blob from elsewhere.
            StatusCode::CREATED => return Ok(()),
            StatusCode::ACCEPTED => {}
            _ => return Err(self.refused(response, called(), RejectedPart::Blob).await),
        }
        let location = response.headers().get(LOCATION).map(|value| {
            let location = String::from_utf8_lossy(value.as_bytes()).into_owned();
            self.session
                .endpoint
                .check_redirect(response.url(), &location)
        });
        let mut url = location.unwrap_or_else(|| {
            Err(Error::Misbehaved {
                url: web::redact(response.url()),
                fault: "accepts an upload without saying where".to_owned(),
            })
        })?;
        url.query_pairs_mut().append_pair("digest", digest.as_ref());
        let mut request = Request::new(Method::PUT, url);
        request.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        *request.body_mut() = Some(bytes.into());
        let response = self.session.send(request, Repeat::IfBusy).await?;
        match response.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            _ => Err(self.refused(response, called(), RejectedPart::Blob).await),
        }
    }

    /// Puts a manifest under a digest or a tag; gives the headers of the answer.
    pub(super) async fn put_manifest(
        &self,
        target: &str,
        media_type: &'static str,
        bytes: Bytes,
    ) -> Result<http::HeaderMap, Error> {
        let url = self.session.endpoint.url(&format!("manifests/{target}"));
        let mut request = Request::new(Method::PUT, url.clone());
        request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        *request.body_mut() = Some(bytes.clone().into());
        // Under a tag another may have put something in the meantime.
        let is_digest = target.contains(':');
        let repeat = if is_digest {
            Repeat::Allowed
        } else {
            Repeat::IfNotDone
        };
        let response = self.session.send(request, repeat).await?;
        if !matches!(response.status(), StatusCode::CREATED | StatusCode::OK) {
            return Err(self.put_failure(response, target).await);
        }
        let headers = response.headers().clone();
        super::resolve::check_digests(&url, &headers, &bytes, None)?;
        Ok(headers)
    }

    async fn put_failure(&self, response: Response, target: &str) -> Error {
        let what = if target.contains(':') {
            RejectedPart::Manifest
        } else {
            RejectedPart::Index
        };
        self.refused(response, self.session.endpoint.called(target), what)
            .await
    }

    /// The error that `response` is, in answer to a push of what is called `called`.
    async fn refused(&self, response: Response, called: String, what: RejectedPart) -> Error {
        let status = response.status();
        let is_conflict = matches!(
            status,
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED
        );
        let error = self.session.failure(response, called.clone()).await;
        match error {
            Error::UnexpectedStatus { said, .. }
                if what == RejectedPart::Index
                    && (is_conflict
                        || said.as_str().to_ascii_lowercase().contains("immutable")) =>
            {
                Error::TagImmutable {
                    reference: called,
                    said,
                }
            }
            Error::UnexpectedStatus { said, .. } | Error::Unavailable { said, .. }
                if is_final(status) =>
            {
                Error::PushRefused {
                    registry: self.session.endpoint.registry.name.clone(),
                    what,
                    status: status.as_u16(),
                    said,
                }
            }
            error => error,
        }
    }
}

/// Whether the same push gets the same answer the next time.
fn is_final(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_ACCEPTABLE
            | StatusCode::GONE
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::NOT_IMPLEMENTED
    )
}
