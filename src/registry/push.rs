//! A new signature into a registry: envelope, manifest, and where the registry lacks the referrers
//! API the index of the tag schema (distribution specification, "Pushing Manifests with Subject").

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use oci_spec::image::MediaType;
use reqwest::{Request, Response};
use serde_json::{Value, json};

use super::RemoteRepository;
use super::error::Error;
use super::manifest::{self, IMAGE_INDEX, IMAGE_MANIFEST};
use super::tag_schema;
use super::transport::Repeat;
use crate::http as web;
use crate::notary::{EnvelopeFormat, SIGNATURE_ARTIFACT_TYPE};
use crate::oci::{self, Descriptor, Digest};

/// The header by which a registry says that it has filed a manifest under its subject.
const SUBJECT_HEADER: HeaderName = HeaderName::from_static("oci-subject");

/// Times that the index is read, changed and written, if others write it at the same time.
const MAX_INDEX_ATTEMPTS: usize = 3;

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
    /// By the referrers API; by the tag schema too if the registry does not say that it has the
    /// API.
    #[default]
    ReferrersApi,
    /// By the tag schema in any case (`--force-referrers-tag`).
    TagSchema,
}

/// A signature that has been pushed.
#[derive(Debug)]
pub struct Pushed {
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
}

impl RemoteRepository {
    /// Pushes `signature` and files it under its subject.
    ///
    /// # Errors
    ///
    /// [`Error::TagImmutable`] or [`Error::IndexConflict`] if the tag schema cannot be written;
    /// [`Error::WrongDigest`] or [`Error::Misbehaved`] if the registry does not confirm what was
    /// pushed; and what keeps a request from an answer.
    pub async fn push_signature(
        &self,
        signature: &NewSignature,
        storage: Storage,
    ) -> Result<Pushed, Error> {
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
        let subject = signature.subject.digest();
        let is_filed = headers
            .get(SUBJECT_HEADER)
            .is_some_and(|value| value.as_bytes() == subject.as_ref().as_bytes());
        if is_filed && storage == Storage::ReferrersApi {
            return Ok(Pushed {
                manifest,
                storage,
                warnings: Vec::new(),
            });
        }
        let warnings = self
            .add_to_index(subject, &manifest, &signature.annotations)
            .await
            .map_err(|error| error.after_sending(&digest))?;
        Ok(Pushed {
            manifest,
            storage: Storage::TagSchema,
            warnings,
        })
    }

    /// Pushes the empty config, unless it is there: every signature has the same one.
    async fn push_config(&self) -> Result<(), Error> {
        let digest = manifest::empty_config_digest();
        let url = self.session.url(&format!("blobs/{digest}"));
        let request = Request::new(Method::HEAD, url);
        let response = self.session.send(request, Repeat::Allowed).await?;
        if response.status() == StatusCode::OK {
            return Ok(());
        }
        let bytes = Bytes::from_static(manifest::EMPTY_CONFIG_BYTES);
        self.push_blob(&digest, bytes).await
    }

    async fn push_blob(&self, digest: &Digest, bytes: Bytes) -> Result<(), Error> {
        let called = || self.session.called(digest.as_ref());
        let mut request = Request::new(Method::POST, self.session.url("blobs/uploads/"));
        *request.body_mut() = Some(Bytes::new().into());
        let response = self.session.send(request, Repeat::IfNotDone).await?;
        match response.status() {
            // The registry has the blob from elsewhere.
            StatusCode::CREATED => return Ok(()),
            StatusCode::ACCEPTED => {}
            _ => return Err(self.session.failure(response, called()).await),
        }
        let location = response.headers().get(LOCATION).map(|value| {
            let location = String::from_utf8_lossy(value.as_bytes()).into_owned();
            self.session.check_redirect(response.url(), &location)
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
        let response = self.session.send(request, Repeat::Never).await?;
        match response.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            _ => Err(self.session.failure(response, called()).await),
        }
    }

    /// Puts a manifest under a digest or a tag; gives the headers of the answer.
    async fn put_manifest(
        &self,
        target: &str,
        media_type: &'static str,
        bytes: Bytes,
    ) -> Result<http::HeaderMap, Error> {
        let url = self.session.url(&format!("manifests/{target}"));
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
        let is_conflict = response.status() == StatusCode::CONFLICT;
        let called = self.session.called(target);
        match self.session.failure(response, called.clone()).await {
            Error::UnexpectedStatus { said, .. }
                if is_conflict || said.as_str().to_ascii_lowercase().contains("immutable") =>
            {
                Error::TagImmutable {
                    reference: called,
                    said,
                }
            }
            error => error,
        }
    }

    /// Adds `manifest` to the index of `subject`: read, change, write, and read again, because
    /// another may have written in between and the registry keeps the last one.
    async fn add_to_index(
        &self,
        subject: &Digest,
        manifest: &Descriptor,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Vec<Warning>, Error> {
        let tag = tag_schema::tag(subject);
        let mut warnings = Vec::new();
        for _ in 0..MAX_INDEX_ATTEMPTS {
            let old = self.read_index(subject).await?;
            let mut index = match &old {
                Some(old) => {
                    serde_json::from_slice(&old.bytes).map_err(|source| Error::Malformed {
                        url: self.session.called(&tag),
                        source,
                    })?
                }
                None => json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": []}),
            };
            if contains(&index, manifest.digest()) {
                return Ok(warnings);
            }
            add(&mut index, manifest, annotations);
            let bytes = Bytes::from(index.to_string());
            let written = oci::sha256_digest(&bytes);
            self.put_manifest(&tag, IMAGE_INDEX, bytes).await?;
            if let Some(old) = old.filter(|old| *old.descriptor.digest() != written)
                && let Err(source) = self.delete_manifest(old.descriptor.digest()).await
            {
                warnings.push(Warning::OldIndexNotDeleted {
                    index: old.descriptor.digest().clone(),
                    source,
                });
            }
            let now = self.list_by_tag_schema(subject).await?;
            if now.iter().any(|kept| kept.digest() == manifest.digest()) {
                return Ok(warnings);
            }
        }
        Err(Error::IndexConflict {
            reference: self.session.called(&tag),
        })
    }

    async fn delete_manifest(&self, digest: &Digest) -> Result<(), Error> {
        let url = self.session.url(&format!("manifests/{digest}"));
        let request = Request::new(Method::DELETE, url);
        // That it is gone the second time would not say who deleted it.
        let response = self.session.send(request, Repeat::IfNotDone).await?;
        if response.status().is_success() || response.status() == StatusCode::NOT_FOUND {
            return Ok(());
        }
        let called = self.session.called(digest.as_ref());
        Err(self.session.failure(response, called).await)
    }
}

pub(super) fn contains(index: &Value, digest: &Digest) -> bool {
    let manifests = index.get("manifests").and_then(Value::as_array);
    manifests.is_some_and(|manifests| {
        let is_it =
            |entry: &Value| entry.get("digest").and_then(Value::as_str) == Some(digest.as_ref());
        manifests.iter().any(is_it)
    })
}

/// Adds an entry to an index, whose other members stay as they are.
pub(super) fn add(
    index: &mut Value,
    manifest: &Descriptor,
    annotations: &BTreeMap<String, String>,
) {
    let mut entry = json!({
        "mediaType": manifest.media_type().to_string(),
        "digest": manifest.digest().to_string(),
        "size": manifest.size(),
        "artifactType": SIGNATURE_ARTIFACT_TYPE,
    });
    if let Some(members) = entry.as_object_mut()
        && !annotations.is_empty()
    {
        members.insert("annotations".to_owned(), json!(annotations));
    }
    if let Some(members) = index.as_object_mut() {
        let manifests = members.entry("manifests").or_insert_with(|| json!([]));
        match manifests.as_array_mut() {
            Some(manifests) => manifests.push(entry),
            // `null` stands for an empty list.
            None => *manifests = json!([entry]),
        }
    }
}
