//! A signature that the registry itself pushes beside an image, as managed signing does.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    Registry, RepositoryKey,
    document::{Document, OCI_MANIFEST},
    error::OciError,
    name::Digest,
    state::Manifest,
};

const SIGNATURE: &str = "application/vnd.cncf.notary.signature";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const JWS: &str = "application/jose+json";

impl Registry {
    /// Puts `envelope`, a JWS, as a signature of `subject` into its repository (Notary Project `signature-specification.md`,
    /// "Storage"). The error is a sentence.
    pub(crate) fn push_signature(
        &self,
        key: &RepositoryKey,
        subject: &Digest,
        envelope: Vec<u8>,
        now: OffsetDateTime,
    ) -> Result<(), String> {
        self.push_envelope(key, subject, Bytes::from(envelope), now)
            .map_err(|error| error.message().to_owned())
    }

    fn push_envelope(
        &self,
        key: &RepositoryKey,
        subject: &Digest,
        envelope: Bytes,
        now: OffsetDateTime,
    ) -> Result<(), OciError> {
        let mut state = self.state();
        let (sequence, pushed_after_lists) = (state.next(), state.lists());
        let repository = state.repository_mut(key)?;
        let signed = repository
            .manifests
            .get(subject)
            .ok_or_else(|| OciError::manifest_blob_unknown(&subject.to_string()))?;
        let empty = Bytes::from_static(b"{}");
        let descriptor = |media_type: &str, bytes: &Bytes| {
            json!({
                "mediaType": media_type, "digest": Digest::sha256(bytes).to_string(), "size": bytes.len(),
            })
        };
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": SIGNATURE,
            "config": descriptor(EMPTY, &empty),
            "layers": [descriptor(JWS, &envelope)],
            "subject": {
                "mediaType": signed.document.media_type,
                "digest": subject.to_string(),
                "size": signed.bytes.len(),
            },
            "annotations": { "io.cncf.notary.x509chain.thumbprint#S256": thumbprints(&envelope) },
        });
        let bytes = Bytes::from(manifest.to_string());
        let digest = Digest::sha256(&bytes);
        let document = Document::parse(Some(OCI_MANIFEST), &bytes)?;
        for content in [&empty, &envelope, &bytes] {
            self.save_content(&Digest::sha256(content), content)?;
        }
        for blob in [empty, envelope] {
            repository.blobs.insert(Digest::sha256(&blob), blob);
        }
        let manifest = Manifest {
            bytes,
            document,
            pushed_at: now,
            sequence,
            pushed_after_lists,
        };
        repository.manifests.insert(digest, manifest);
        self.save(&state)
    }
}

/// The SHA-256 digests of the certificates in a JWS, as a JSON array.
fn thumbprints(envelope: &[u8]) -> String {
    let envelope: Value = serde_json::from_slice(envelope).unwrap_or_default();
    let chain = envelope.pointer("/header/x5c").and_then(Value::as_array);
    let certificates = chain.into_iter().flatten().filter_map(Value::as_str);
    let digests: Vec<String> = certificates
        .filter_map(|text| STANDARD.decode(text).ok())
        .map(|der| {
            Digest::sha256(&Bytes::from(der))
                .to_string()
                .replace("sha256:", "")
        })
        .collect();
    json!(digests).to_string()
}
