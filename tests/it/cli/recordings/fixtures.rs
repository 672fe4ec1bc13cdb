//! The registries and repositories of the recordings, as far as `list` and `inspect` need them.

use std::net::TcpListener;
use std::sync::Arc;

use countersign_emulator::{Access, ReferrersApi, RegistryOptions};
use countersign_emulator::{Emulator, Fault, FaultKind};
use serde_json::{Value, json};
use time::macros::datetime;

use countersign::oci::sha256_digest;

use super::broken;
use super::placeholders::Placeholders;
use crate::support::envelopes::{Envelope, Signer, Stamp};
use crate::support::hostile::Hostile;
use crate::support::layout;
use crate::support::pki::{self, Entity, Token};
use crate::support::registry_client::RepositoryClient;

pub(super) const NOTATION: &str = "notation-go/1.3.0+unreleased";
pub(super) const RECORDER: &str = "recorder/1.0";
pub(super) const JWS: &str = "application/jose+json";
const COSE: &str = "application/cose";
pub(super) const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The keys of the recordings.
pub(super) struct Signers {
    pub(super) signer: Signer,
    pub(super) ec: Signer,
    pub(super) other: Signer,
    pub(super) expiring: Signer,
    pub(super) chain: Signer,
}

impl Signers {
    pub(super) fn new() -> Self {
        Self {
            signer: Signer::rsa("signer"),
            ec: Signer::ec("signer-ec"),
            other: Signer::rsa("other"),
            expiring: Signer::rsa_between(
                "expiring",
                datetime!(2026-05-01 00:00 UTC),
                datetime!(2026-07-01 00:00 UTC),
            ),
            chain: Signer::chain(),
        }
    }
}

/// What the payload names: image 1, which every repository has.
pub(super) fn payload(image: &str, more: &Value) -> Value {
    let mut target = json!({
        "mediaType": layout::IMAGE_MANIFEST,
        "digest": sha256_digest(image.as_bytes()),
        "size": image.len(),
    });
    let members = more.as_object().unwrap().clone();
    target.as_object_mut().unwrap().extend(members);
    json!({ "targetArtifact": target })
}

/// The running registries.
pub(super) struct Fixtures {
    pub(super) placeholders: Placeholders,
    pub(super) signers: Signers,
    _emulators: [Emulator; 4],
    _broken: Hostile,
}

impl Fixtures {
    pub(super) fn start() -> Self {
        Self::start_with(|_| Vec::new())
    }

    /// With other repositories of `<registry>`, some in the place of the usual ones.
    pub(super) fn start_with(
        more: impl FnOnce(&Signers) -> Vec<(&'static str, Vec<File>)>,
    ) -> Self {
        let signers = Signers::new();
        let registry = emulator(RegistryOptions::default());
        let mut options = RegistryOptions::default();
        options.referrers = ReferrersApi::Absent;
        let fallback = emulator(options);
        let mut options = RegistryOptions::default();
        options.loopback_access = Access::Basic {
            username: "testuser".to_owned(),
            password: "testpass".to_owned(),
        };
        let auth = emulator(options);
        let broken = Hostile::start(broken::answer);

        let host = registry.address().to_string();
        let mut signed = None;
        let more = more(&signers);
        let mut all = repositories(&signers);
        all.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        all.extend(more);
        for (name, envelopes) in all {
            let digest = push(&host, name, &envelopes);
            if name == "signed" {
                signed = digest;
            }
        }
        odd_manifests(&host);
        let fallback_host = fallback.address().to_string();
        for (name, envelopes) in [
            ("list", vec![jws(&signers, NOTATION), cose(&signers)]),
            ("list2", vec![]),
            ("sign", vec![]),
            ("verify", vec![jws(&signers, NOTATION)]),
            ("verify2", vec![]),
            ("inspect", three(&signers)),
        ] {
            push_by_tag(&fallback_host, name, &envelopes);
        }

        let mut options = RegistryOptions::default();
        options.referrers = ReferrersApi::Absent;
        let nodelete = emulator(options);
        let nodelete_host = nodelete.address().to_string();
        push_by_tag(&nodelete_host, "sign", &[jws(&signers, NOTATION)]);
        let kept = Fault::new(FaultKind::AccessDenied).on("registry:DeleteManifest");
        nodelete.faults().add(kept);
        let auth_host = format!("testuser:testpass@{}", auth.address());
        push(&auth_host, "sign", &[jws(&signers, NOTATION)]);
        push(&auth_host, "login", &[]);

        let mut placeholders = Placeholders::default();
        let known = &mut placeholders.known;
        known.insert("<registry:nodelete>", nodelete_host);
        known.insert(
            "<registry:localhost>",
            host.replace("127.0.0.1", "localhost"),
        );
        known.insert("<registry>", host);
        known.insert("<registry:fallback>", fallback_host);
        known.insert("<registry:auth>", auth.address().to_string());
        known.insert("<registry:broken>", broken.host());
        known.insert("<registry:down>", unused_address());
        known.insert("<digest:image>", digest_of("v1"));
        known.insert("<digest:image-2>", digest_of("v2"));
        known.insert("<digest:zero>", format!("sha256:{}", "0".repeat(64)));
        known.insert("<digest:signature>", signed.unwrap());
        Self {
            placeholders,
            signers,
            _emulators: [registry, fallback, auth, nodelete],
            _broken: broken,
        }
    }
}

pub(super) fn emulator(options: RegistryOptions) -> Emulator {
    Emulator::builder()
        .registry(options)
        .start_blocking()
        .unwrap()
}

pub(super) fn unused_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

pub(super) fn digest_of(name: &str) -> String {
    sha256_digest(layout::image(name).as_bytes()).to_string()
}

/// Media type and bytes of an envelope.
pub(super) type File = (&'static str, Vec<u8>);

pub(super) fn jws(signers: &Signers, agent: &'static str) -> File {
    let envelope = Envelope::new(&payload(&layout::image("v1"), &json!({})), agent);
    (JWS, envelope.jws(&signers.signer))
}

pub(super) fn jws_with(signers: &Signers, change: impl FnOnce(&mut Envelope)) -> Vec<File> {
    let image = layout::image("v1");
    let mut envelope = Envelope::new(&payload(&image, &json!({})), RECORDER);
    change(&mut envelope);
    vec![(JWS, envelope.jws(&signers.signer))]
}

fn cose(signers: &Signers) -> File {
    let envelope = Envelope::new(&payload(&layout::image("v1"), &json!({})), NOTATION);
    (COSE, envelope.cose(&signers.signer))
}

/// JWS, COSE with a key on P-256, and JWS with a chain and metadata.
fn three(signers: &Signers) -> Vec<File> {
    let image = layout::image("v1");
    let plain = Envelope::new(&payload(&image, &json!({})), NOTATION);
    let metadata = json!({ "annotations": { "a": "b" } });
    let chain = Envelope::new(&payload(&image, &metadata), NOTATION);
    vec![
        jws(signers, NOTATION),
        (COSE, plain.cose(&signers.ec)),
        (JWS, chain.jws(&signers.chain)),
    ]
}

fn spoilt_header() -> File {
    let envelope = json!({"payload": "e30", "protected": "", "header": {}, "signature": "AA"});
    (JWS, envelope.to_string().into_bytes())
}

/// A timestamping authority with the names of the recordings.
#[derive(Clone)]
pub(super) struct TimeAuthority(Arc<[Entity; 3]>);

impl TimeAuthority {
    pub(super) fn new() -> Self {
        let name = |mut params: rcgen::CertificateParams, name: &str| {
            params.distinguished_name = rcgen::DistinguishedName::new();
            let subject = &mut params.distinguished_name;
            subject.push(rcgen::DnType::OrganizationName, "local");
            subject.push(rcgen::DnType::CommonName, name);
            params
        };
        let root = Entity::root(name(pki::authority(""), "Test TSA Root"));
        let middle = root.issue(name(pki::authority(""), "Test TSA Intermediate"));
        let leaf = middle.issue(name(pki::stamper(""), "Test TSA Timestamping"));
        Self(Arc::new([leaf, middle, root]))
    }

    /// In DER.
    pub(super) fn root(&self) -> &[u8] {
        self.0[2].certificate.der()
    }

    pub(super) fn leaf(&self) -> &[u8] {
        self.0[0].certificate.der()
    }

    pub(super) fn stamp(&self) -> Stamp {
        let authority = self.clone();
        Box::new(move |signature| authority.stamp_of(signature, |_| {}))
    }

    /// A stamp over `message`.
    pub(super) fn stamp_of(&self, message: &[u8], change: impl FnOnce(&mut Token)) -> Vec<u8> {
        let [leaf, middle, root] = &*self.0;
        let mut token = Token::new(message, &[leaf, middle, root]);
        change(&mut token);
        token.build(leaf)
    }
}

/// Every repository with signatures that are filed as they should be.
fn repositories(signers: &Signers) -> Vec<(&'static str, Vec<File>)> {
    let mut all = whole(signers);
    all.extend(attributes(signers));
    all.extend(odd(signers));
    all
}

/// Signatures as notation makes them.
fn whole(signers: &Signers) -> Vec<(&'static str, Vec<File>)> {
    let image = layout::image("v1");
    let plain = payload(&image, &json!({}));
    let agent = |agent| Envelope::new(&plain, agent);
    let by = |signer: &Signer| vec![(JWS, agent(NOTATION).jws(signer))];
    let with = |metadata: Value| {
        let payload = payload(&image, &json!({ "annotations": metadata }));
        let mut envelope = Envelope::new(&payload, NOTATION);
        envelope.expiry = Some(datetime!(2100-01-01 00:00 UTC));
        envelope
    };
    let mut stamped = agent(NOTATION);
    stamped.stamp = Some(TimeAuthority::new().stamp());
    vec![
        ("signed", vec![jws(signers, NOTATION)]),
        ("multi", three(signers)),
        ("unsigned", vec![]),
        ("gentest", vec![]),
        ("sign-ts", vec![]),
        ("sign-plugin", vec![]),
        ("environment", vec![jws(signers, NOTATION)]),
        ("sign", vec![]),
        ("sign-force", vec![]),
        ("cose", vec![cose(signers)]),
        ("ec", by(&signers.ec)),
        ("bychain", by(&signers.chain)),
        ("other", by(&signers.other)),
        ("expiredcert", by(&signers.expiring)),
        (
            "i-meta",
            vec![(
                JWS,
                with(json!({"alpha": "a b", "zeta": "1"})).jws(&signers.signer),
            )],
        ),
        (
            "i-metacose",
            vec![(COSE, with(json!({"k": "v"})).cose(&signers.signer))],
        ),
        ("i-ts", vec![(JWS, stamped.jws(&signers.signer))]),
        ("i-tscose", vec![(COSE, stamped.cose(&signers.signer))]),
    ]
}

/// Signatures with attributes and payloads that only another program makes.
fn attributes(signers: &Signers) -> Vec<(&'static str, Vec<File>)> {
    let image = layout::image("v1");
    vec![
        (
            "i-plugin",
            jws_with(signers, |envelope| {
                envelope.extended = vec![
                    ("com.example.a", json!("text"), false),
                    ("com.example.b", json!({"nested": [1, "two"]}), false),
                    ("io.cncf.notary.verificationPlugin", json!("p"), true),
                    (
                        "io.cncf.notary.verificationPluginMinVersion",
                        json!("1.0.0"),
                        true,
                    ),
                ];
            }),
        ),
        (
            "i-types",
            jws_with(signers, |envelope| {
                envelope.extended = vec![("com.example.n", json!(5.5), false)];
            }),
        ),
        (
            "i-annot",
            jws_with(signers, |envelope| {
                let metadata = json!({"annotations": {"one": "1"}});
                envelope.payload = payload(&image, &metadata).to_string().into_bytes();
            }),
        ),
        (
            "i-extra",
            jws_with(signers, |envelope| {
                let more = json!({
                    "platform": {"architecture": "", "os": "linux"},
                    "artifactType": "a/b",
                });
                envelope.payload = payload(&image, &more).to_string().into_bytes();
            }),
        ),
        (
            "i-ts-junk",
            jws_with(signers, |envelope| {
                envelope.stamp = Some(Box::new(|_| b"junk".to_vec()));
            }),
        ),
        (
            "i-nochain",
            jws_with(signers, |envelope| envelope.without_chain = true),
        ),
        (
            "expiredsig",
            jws_with(signers, |envelope| {
                envelope.expiry = Some(datetime!(2026-06-02 12:00 UTC));
            }),
        ),
    ]
}

/// Signatures with something wrong about them.
fn odd(signers: &Signers) -> Vec<(&'static str, Vec<File>)> {
    vec![
        (
            "badsig",
            jws_with(signers, |envelope| envelope.spoilt = true),
        ),
        (
            "badpayload",
            jws_with(signers, |envelope| {
                envelope.payload = br#"{"targetArtifact":1}"#.to_vec();
            }),
        ),
        ("badjws", vec![spoilt_header()]),
        (
            "badcty",
            jws_with(signers, |envelope| envelope.content_type = "text/plain"),
        ),
        (
            "wrongtarget",
            jws_with(signers, |envelope| {
                let other = payload(&layout::image("v2"), &json!({}));
                envelope.payload = other.to_string().into_bytes();
            }),
        ),
        (
            "future",
            jws_with(signers, |envelope| {
                envelope.signing_time = datetime!(2099-01-01 00:00 UTC);
            }),
        ),
        (
            "critical",
            jws_with(signers, |envelope| {
                envelope.extended = vec![
                    ("com.example.critical", json!("yes"), true),
                    ("com.example.note", json!("hello"), false),
                ];
            }),
        ),
        (
            "authority",
            jws_with(signers, |envelope| {
                envelope.scheme = Some("notary.x509.signingAuthority");
            }),
        ),
        (
            "noscheme",
            jws_with(signers, |envelope| envelope.scheme = None),
        ),
        ("i-badone", vec![jws(signers, NOTATION), spoilt_header()]),
        (
            "badlayer",
            vec![("application/octet-stream", b"x".to_vec())],
        ),
    ]
}

/// Pushes image 1 with these signatures; gives the digest of the last one.
fn push(host: &str, name: &str, envelopes: &[File]) -> Option<String> {
    let client = image(host, name);
    let mut last = None;
    for (media_type, envelope) in envelopes {
        let digest = client.push_signature(&digest_of("v1"), media_type, envelope);
        last = Some(digest.to_string());
    }
    last
}

fn image(host: &str, name: &str) -> RepositoryClient {
    let client = RepositoryClient::new(&format!("{host}/{name}"));
    client.push_blob(b"{}");
    client.put_manifest_bytes("v1", layout::image("v1").as_bytes());
    client
}

/// The same with the tag schema.
fn push_by_tag(host: &str, name: &str, envelopes: &[File]) {
    let client = image(host, name);
    let entries: Vec<Value> = envelopes
        .iter()
        .map(|(media_type, envelope)| {
            let digest = client.push_signature(&digest_of("v1"), media_type, envelope);
            json!({
                "mediaType": layout::IMAGE_MANIFEST,
                "digest": digest,
                "size": client.manifest_bytes(digest.as_ref()).len(),
                "artifactType": "application/vnd.cncf.notary.signature",
            })
        })
        .collect();
    if !entries.is_empty() {
        let index = json!({"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": entries});
        client.put_manifest(&digest_of("v1").replace(':', "-"), &index);
    }
}

/// Referrers that are not whole signatures.
fn odd_manifests(host: &str) {
    let manifest = |layers: &[Value], artifact_type: &str| {
        json!({
            "schemaVersion": 2,
            "mediaType": layout::IMAGE_MANIFEST,
            "artifactType": artifact_type,
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "digest": sha256_digest(b"{}"),
                "size": 2,
            },
            "layers": layers,
            "subject": {
                "mediaType": layout::IMAGE_MANIFEST,
                "digest": digest_of("v1"),
                "size": 410,
            },
        })
    };
    let layer = json!({"mediaType": JWS, "digest": sha256_digest(b"{}"), "size": 2});
    let signature = "application/vnd.cncf.notary.signature";
    for (name, manifest) in [
        ("nolayers", manifest(&[], signature)),
        ("twolayers", manifest(&[layer.clone(), layer], signature)),
        ("otherref", manifest(&[], "application/vnd.example.sbom")),
    ] {
        let client = image(host, name);
        let digest = sha256_digest(manifest.to_string().as_bytes());
        client.put_manifest(digest.as_ref(), &manifest);
    }
}
