//! The registry client against registries that lie, stall and lead astray.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what stands outside a test function here is part of a test"
)]

mod connections;
mod credentials;
mod ecr;
mod fetch;
mod http2;
mod list;
mod push;
mod push_listed;
mod requests;
mod resolve;
mod self_signed;
mod transport;

use std::collections::{BTreeMap, HashMap};

use countersign::notary::{EnvelopeFormat, SIGNATURE_ARTIFACT_TYPE};
use countersign::oci::{self, Descriptor, Digest};
use countersign::reference::Reference;
use countersign::registry::{Access, Client, Credentials, PlainHttp, RemoteRepository};
use serde_json::json;

use crate::support::hostile::{Hostile, Reply, Seen};

const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const ARTIFACT_MANIFEST: &str = "application/vnd.oci.artifact.manifest.v1+json";

/// What a well-behaved registry has; tests answer some requests themselves and leave the rest to it.
#[derive(Clone)]
struct Store {
    image: Vec<u8>,
    manifests: HashMap<String, (String, Vec<u8>)>,
    blobs: HashMap<String, Vec<u8>>,
    referrers: Vec<serde_json::Value>,
    has_referrers_api: bool,
}

impl Store {
    /// One image under tag `v1`, without signatures.
    fn new() -> Self {
        let image = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": oci::sha256_digest(b"config").to_string(), "size": 6},
            "layers": [],
        });
        let mut store = Self {
            image: image.to_string().into_bytes(),
            manifests: HashMap::new(),
            blobs: HashMap::new(),
            referrers: Vec::new(),
            has_referrers_api: true,
        };
        store.put("v1", IMAGE_MANIFEST, store.image.clone());
        store
    }

    /// That image with one signature.
    fn signed() -> Self {
        let mut store = Self::new();
        store.sign(b"envelope");
        store
    }

    fn digest(&self) -> Digest {
        oci::sha256_digest(&self.image)
    }

    fn put(&mut self, tag: &str, media_type: &str, bytes: impl Into<Vec<u8>>) -> Digest {
        let bytes = bytes.into();
        let digest = oci::sha256_digest(&bytes);
        for name in [tag, digest.as_ref()] {
            let kept = (media_type.to_owned(), bytes.clone());
            self.manifests.insert(name.to_owned(), kept);
        }
        digest
    }

    /// The manifest of a signature of the image with `envelope`.
    fn signature_manifest(&self, envelope: &[u8]) -> serde_json::Value {
        json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "artifactType": SIGNATURE_ARTIFACT_TYPE,
            "config": {"mediaType": "application/vnd.oci.empty.v1+json",
                "digest": oci::sha256_digest(b"{}").to_string(), "size": 2},
            "layers": [{"mediaType": EnvelopeFormat::Jws.media_type(),
                "digest": oci::sha256_digest(envelope).to_string(), "size": envelope.len()}],
            "subject": {"mediaType": IMAGE_MANIFEST, "digest": self.digest().to_string(),
                "size": self.image.len()},
            "annotations": {"a": "b"},
        })
    }

    /// Adds a signature with `envelope`; gives the descriptor of its manifest.
    fn sign(&mut self, envelope: &[u8]) -> Descriptor {
        let manifest = self.signature_manifest(envelope);
        self.add_signature(IMAGE_MANIFEST, &manifest, envelope)
    }

    /// Adds `manifest`, whatever it says, as a signature.
    fn add_signature(
        &mut self,
        media_type: &str,
        manifest: &serde_json::Value,
        envelope: &[u8],
    ) -> Descriptor {
        let bytes = manifest.to_string().into_bytes();
        let size = bytes.len();
        let digest = self.put("unused", media_type, bytes);
        let envelope_digest = oci::sha256_digest(envelope).to_string();
        self.blobs.insert(envelope_digest, envelope.to_vec());
        self.referrers.push(
            json!({"mediaType": media_type, "digest": digest.to_string(),
            "size": size, "artifactType": SIGNATURE_ARTIFACT_TYPE}),
        );
        Descriptor::new(
            countersign_media_type(media_type),
            u64::try_from(size).unwrap(),
            digest,
        )
    }

    fn index(&self) -> String {
        index(&self.referrers)
    }

    /// Answers as a registry should.
    fn serve(&self, seen: &Seen) -> Reply {
        let words: Vec<&str> = seen
            .path()
            .trim_start_matches("/v2/")
            .rsplitn(3, '/')
            .collect();
        let [name, kind, _] = words[..] else {
            return Reply::status(404);
        };
        match kind {
            "manifests" => match self.manifests.get(name) {
                Some((media_type, bytes)) => Reply::ok(media_type, bytes.clone())
                    .header("Docker-Content-Digest", oci::sha256_digest(bytes).as_ref()),
                None => error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
            },
            "referrers" if self.has_referrers_api => Reply::ok(IMAGE_INDEX, self.index()),
            "blobs" => match self.blobs.get(name) {
                Some(bytes) => Reply::ok("application/octet-stream", bytes.clone()),
                None => error(404, "BLOB_UNKNOWN", "blob unknown"),
            },
            _ => Reply::status(404).body("404 page not found"),
        }
    }
}

fn countersign_media_type(text: &str) -> oci_spec::image::MediaType {
    oci_spec::image::MediaType::from(text)
}

fn index(entries: &[serde_json::Value]) -> String {
    json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": entries}).to_string()
}

/// An error in the distribution specification's form.
fn error(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({"errors": [{"code": code, "message": message}]});
    Reply::status(status)
        .header("Content-Type", "application/json")
        .body(body.to_string())
}

/// The repository of `reference`, for an anonymous client.
fn anonymous(hostile: &Hostile, reference: &str) -> RemoteRepository {
    opened(hostile, reference, Credentials::default(), Access::Pull)
}

fn opened(
    hostile: &Hostile,
    reference: &str,
    credentials: Credentials,
    access: Access,
) -> RemoteRepository {
    let client = Client::new(hostile.pool(), credentials, PlainHttp::Localhost);
    let reference = Reference::parse(reference).unwrap();
    client.repository(&reference, access).unwrap()
}

/// Serves `store`, but for the requests that `answer` takes.
fn serving(
    store: &Store,
    answer: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static,
) -> Hostile {
    let store = store.clone();
    Hostile::start(move |seen| answer(seen).unwrap_or_else(|| store.serve(seen)))
}

fn no_annotations() -> BTreeMap<String, String> {
    BTreeMap::new()
}

/// The repository of `reference`, for an anonymous client, through `pool`.
fn with_pool(pool: countersign::http::Pool, reference: &str) -> RemoteRepository {
    let client = Client::new(pool, Credentials::default(), PlainHttp::Localhost);
    let reference = Reference::parse(reference).unwrap();
    client.repository(&reference, Access::Pull).unwrap()
}

/// The repository of `reference` at a registry anywhere that is spoken to in plain HTTP.
fn with_plain_http(hostile: &Hostile, reference: &str) -> RemoteRepository {
    let client = Client::new(hostile.pool(), Credentials::default(), PlainHttp::All);
    let reference = Reference::parse(reference).unwrap();
    client.repository(&reference, Access::Pull).unwrap()
}
