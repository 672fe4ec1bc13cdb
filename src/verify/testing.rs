//! An image in a layout, its signatures, and who judges them, for the unit tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;

use super::judge::verify_integrity;
use super::{AwsSignerChecks, FetchedSignature, Validators};
use crate::algorithm::SignatureAlgorithm;
use crate::config::StoreName;
use crate::envelope::UnsignedEnvelope;
use crate::envelope::testing::Signer;
use crate::extended_validation::{RevocationChecker, StoredAnswers};
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE, SigningScheme, StoreType};
use crate::oci::{Descriptor, sha256_digest};
use crate::outcome::SignatureOutcome;
use crate::payload::Payload;
use crate::plugin_contract::PluginConfig;
use crate::reference::LayoutReference;
use crate::registry::{LayoutRepository, Listing, NewSignature, Repository, Target};
use crate::revocation::{Checker, Fetch, FetchError, FetchFuture, Question};
use crate::signer_info::{SignedAttributes, SignerInfo, UnsignedAttributes};
use crate::trust_policy::{DocumentKind, Statement, TrustPolicies};
use crate::trust_store::{NamedStore, TrustStores, TrustedCertificate};
use crate::x509::testing::Request;

pub(super) const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

/// Where OCSP responders and CRLs of [`revokable_leaf`] are. Nothing answers there.
pub(super) const OCSP_URL: &str = "http://ocsp.test/";
pub(super) const CRL_URL: &str = "http://crl.test/";

/// The scope that [`policies`] are about.
pub(super) const SCOPE: &str = "local/layout";

/// The attributes of a signature that passes everything.
pub(super) fn attributes() -> SignedAttributes {
    SignedAttributes {
        content_type: PAYLOAD_MEDIA_TYPE.to_owned(),
        signing_scheme: SigningScheme::X509,
        signing_time: NOW - time::Duration::HOUR,
        expiry: None,
        verification_plugin: None,
        verification_plugin_min_version: None,
        extended: Vec::new(),
    }
}

/// Those of one that has expired.
pub(super) fn expired() -> SignedAttributes {
    SignedAttributes {
        expiry: Some(NOW),
        ..attributes()
    }
}

/// A leaf that names an OCSP responder and a CRL.
pub(super) fn revokable_leaf() -> Request {
    let uri = |url: &str| tlv(0x86, url.as_bytes());
    let ocsp = [0x06, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 1];
    let access = tlv(0x30, &[&ocsp, uri(OCSP_URL).as_slice()].concat());
    let point = tlv(0x30, &tlv(0xa0, &tlv(0xa0, &uri(CRL_URL))));
    Request::leaf("leaf")
        .extension("1.3.6.1.5.5.7.1.1", false, &tlv(0x30, &access))
        .extension("2.5.29.31", false, &tlv(0x30, &point))
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 0x80);
    [&[tag, length], content].concat()
}

/// A policy with one statement, which is strict and trusts everybody in its stores, unless `changes` has it
/// otherwise; `null` leaves a member out.
pub(super) fn policies(changes: &Value) -> TrustPolicies {
    let mut statement = json!({
        "name": "s", "registryScopes": [SCOPE], "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:x", "signingAuthority:x"], "trustedIdentities": ["*"],
    });
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(statement.as_object_mut().unwrap().remove(name)),
            value => statement[name] = value.clone(),
        }
    }
    let document = json!({"version": "1.0", "trustPolicies": [statement]}).to_string();
    let path = Path::new("policy.json");
    TrustPolicies::parse(DocumentKind::Oci, path, document.as_bytes()).unwrap()
}

pub(super) fn statement(changes: &Value) -> Statement {
    policies(changes).statements()[0].clone()
}

/// The level `audit`, which only logs what fails beside the integrity.
pub(super) fn audit() -> Statement {
    statement(&json!({"signatureVerification": {"level": "audit"}}))
}

/// Sends nothing, and has no answer to any question.
#[derive(Debug)]
struct Silent;

impl Fetch for Silent {
    fn fetch<'a>(&'a self, question: &'a Question) -> FetchFuture<'a> {
        let url = question.url().to_owned();
        Box::pin(async { Err(FetchError::Status { url, status: 404 }) })
    }
}

/// An image, tagged `v1`, in a layout of its own.
pub(super) struct Scene {
    directory: tempfile::TempDir,
    pub(super) signer: Signer,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::with(Signer::new())
    }

    pub(super) fn with(signer: Signer) -> Self {
        let scene = Self {
            directory: tempfile::tempdir().unwrap(),
            signer,
        };
        std::fs::create_dir_all(scene.path("layout/blobs/sha256")).unwrap();
        let write = |path: &str, content: &str| std::fs::write(scene.path(path), content).unwrap();
        write("layout/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let image = json!({"schemaVersion": 2, "mediaType": media_type, "layers": [],
            "config": {"mediaType": "c", "digest": sha256_digest(b"c"), "size": 1}})
        .to_string();
        let digest = sha256_digest(image.as_bytes());
        let hex = digest.as_ref().strip_prefix("sha256:").unwrap();
        write(&format!("layout/blobs/sha256/{hex}"), &image);
        let entry = json!({"mediaType": media_type, "digest": digest, "size": image.len(),
            "annotations": {"org.opencontainers.image.ref.name": "v1"}});
        let index = json!({"schemaVersion": 2, "manifests": [entry]});
        write("layout/index.json", &index.to_string());
        scene
    }

    /// A path in the scene's own directory, where the layout is `layout`.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    pub(super) fn reference(&self) -> LayoutReference {
        let layout = self.path("layout");
        LayoutReference::parse(&format!("{}:v1", layout.display())).unwrap()
    }

    fn layout(&self) -> LayoutRepository {
        LayoutRepository::open(&self.reference()).unwrap()
    }

    pub(super) fn repository(&self) -> Repository {
        self.layout().into()
    }

    pub(super) fn target(&self) -> Target {
        self.layout().resolve().unwrap()
    }

    pub(super) fn listing(&self) -> Listing {
        let (_, listing) = self.layout().resolve_and_list().unwrap();
        listing.unwrap()
    }

    /// An envelope over the image.
    pub(super) fn envelope(
        &self,
        attributes: &SignedAttributes,
        unsigned: &UnsignedAttributes,
    ) -> Vec<u8> {
        self.envelope_with(BTreeMap::new(), attributes, unsigned)
    }

    /// One with annotations of the image that are signed too.
    pub(super) fn envelope_with(
        &self,
        annotations: BTreeMap<String, String>,
        attributes: &SignedAttributes,
        unsigned: &UnsignedAttributes,
    ) -> Vec<u8> {
        let format = EnvelopeFormat::Jws;
        let payload = Payload::new(&self.target().descriptor, annotations);
        let payload = payload.to_bytes(format).unwrap();
        let algorithm = SignatureAlgorithm::Es256;
        let envelope = UnsignedEnvelope::new(format, payload, attributes, algorithm).unwrap();
        let signature = self.signer.sign(&envelope.signed_bytes());
        envelope.into_bytes(&signature, &self.signer.chain(), unsigned)
    }

    /// What a verified envelope with these attributes says.
    pub(super) fn info(&self, attributes: &SignedAttributes) -> SignerInfo {
        let envelope = self.envelope(attributes, &UnsignedAttributes::default());
        let verified = verify_integrity(EnvelopeFormat::Jws, &envelope);
        verified.unwrap().signer_info().clone()
    }

    /// Stores a signature with these attributes behind those that are there.
    pub(super) async fn sign(&self, attributes: &SignedAttributes) -> Descriptor {
        let envelope = self.envelope(attributes, &UnsignedAttributes::default());
        self.push(envelope).await
    }

    pub(super) async fn push(&self, envelope: Vec<u8>) -> Descriptor {
        let signature = NewSignature {
            subject: self.target().descriptor,
            format: EnvelopeFormat::Jws,
            envelope: Bytes::from(envelope),
            annotations: BTreeMap::new(),
        };
        let pushed = self.layout().push_signature(&signature).await.unwrap();
        pushed.manifest
    }

    /// Validators that trust the signer's root and get no answer to any request.
    pub(super) fn validators(&self) -> Validators {
        let [_, root] = self.signer.chain();
        let stores = [StoreType::Ca, StoreType::SigningAuthority, StoreType::Tsa];
        let stores = stores.map(|kind| NamedStore {
            name: StoreName::new(kind, "x").unwrap(),
            certificates: vec![TrustedCertificate {
                certificate: root.clone(),
                file: "root.crt".into(),
            }],
        });
        let answers = StoredAnswers::new(self.path("aws-signer"), Duration::from_hours(1));
        Validators {
            stores: TrustStores::in_memory(stores),
            aws_signer: RevocationChecker::stored(answers),
            revocation: Checker::new(Arc::new(Silent)),
            plugins: None,
            plugin_config: PluginConfig::new(),
            aws_signer_checks: AwsSignerChecks::InProcess,
        }
    }

    /// What becomes of an envelope over the image.
    pub(super) async fn judge(
        &self,
        validators: &Validators,
        envelope: &[u8],
        statement: &Statement,
    ) -> SignatureOutcome {
        let metadata = BTreeMap::new();
        self.judge_at(NOW, validators, envelope, statement, &metadata)
            .await
    }

    /// The same at another time, and with user metadata that must be signed.
    pub(super) async fn judge_at(
        &self,
        now: OffsetDateTime,
        validators: &Validators,
        envelope: &[u8],
        statement: &Statement,
        metadata: &BTreeMap<String, String>,
    ) -> SignatureOutcome {
        let digest = sha256_digest(envelope);
        let signature = FetchedSignature {
            manifest_digest: &digest,
            format: EnvelopeFormat::Jws,
            envelope,
        };
        let target = self.target().descriptor;
        validators
            .judge(signature, &target, statement, metadata, now)
            .await
    }
}
