//! The keys in `tests/keys` as keys of the emulator's AWS KMS, with certificates made for them.

use std::path::{Path, PathBuf};

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use countersign::aws::{Aws, Settings};
use countersign::http;
use countersign_emulator::Emulator;
use rcgen::{CertificateParams, Issuer, KeyPair};
use serde_json::json;

use super::{local_keys, pki};

/// Every kind of key that signs: its file, and KMS's word for its kind.
pub(crate) const KINDS: [(&str, &str); 6] = [
    ("rsa-2048", "RSA_2048"),
    ("rsa-3072", "RSA_3072"),
    ("rsa-4096", "RSA_4096"),
    ("ec-256", "ECC_NIST_P256"),
    ("ec-384", "ECC_NIST_P384"),
    ("ec-521", "ECC_NIST_P521"),
];

/// Puts the private key `name` into KMS; gives its ARN.
pub(crate) fn import(emulator: &Emulator, name: &str) -> String {
    let (_, spec) = KINDS.iter().find(|(kind, _)| *kind == name).unwrap();
    let key = key_pair(name).serialize_der();
    emulator.import_kms_key(spec, &key).unwrap()
}

pub(crate) fn key_pair(name: &str) -> KeyPair {
    let pem = std::fs::read_to_string(local_keys::path(name)).unwrap();
    KeyPair::from_pem(&pem).unwrap()
}

/// A key's certificates: its own, an authority's and a root's, in PEM.
pub(crate) struct Chain {
    pub(crate) leaf: String,
    pub(crate) authority: String,
    pub(crate) root: String,
}

impl Chain {
    /// Certificates for the key `name`.
    pub(crate) fn of(name: &str) -> Self {
        Self::with(name, &local_keys::params(name))
    }

    /// The same with another certificate for the key.
    pub(crate) fn with(name: &str, params: &CertificateParams) -> Self {
        let (above, between) = (pki::authority("root"), pki::authority("authority"));
        let key = KeyPair::generate().unwrap();
        let root = above.self_signed(&key).unwrap();
        let above = Issuer::new(above, key);
        let key = KeyPair::generate().unwrap();
        let authority = between.signed_by(&key, &above).unwrap();
        let between = Issuer::new(between, key);
        let leaf = params.signed_by(&key_pair(name), &between).unwrap();
        Self {
            leaf: leaf.pem(),
            authority: authority.pem(),
            root: root.pem(),
        }
    }

    /// PEM, leaf first.
    pub(crate) fn pem(&self) -> String {
        [self.leaf.as_str(), &self.authority, &self.root].concat()
    }

    /// What `aws acm-pca get-certificate` prints.
    pub(crate) fn json(&self) -> String {
        let issuers = [self.authority.as_str(), &self.root].concat();
        json!({
            "Certificate": self.leaf.trim_end(),
            "CertificateChain": issuers.trim_end(),
        })
        .to_string()
    }
}

/// Writes a chain of certificates for the key `name` into `folder`; gives the file.
pub(crate) fn write_chain(folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(format!("{name}.crt"));
    std::fs::write(&file, Chain::of(name).pem()).unwrap();
    file
}

/// Makes a key of any usage in KMS; gives its ARN.
pub(crate) fn create(emulator: &Emulator, spec: KeySpec, usage: KeyUsageType) -> String {
    block_on(async {
        let client = client(emulator).await;
        let made = client.create_key().key_spec(spec).key_usage(usage);
        let made = made.send().await.unwrap();
        made.key_metadata().unwrap().arn().unwrap().to_owned()
    })
}

/// Has KMS delete a key some day.
pub(crate) fn schedule_deletion(emulator: &Emulator, arn: &str) {
    block_on(async {
        let client = client(emulator).await;
        let asked = client.schedule_key_deletion().key_id(arn);
        asked.send().await.unwrap();
    });
}

async fn client(emulator: &Emulator) -> aws_sdk_kms::Client {
    let settings = Settings::default().with_kms_endpoint_url(emulator.endpoint());
    let credentials = aws_credential_types::Credentials::new(
        emulator.access_key_id(),
        emulator.secret_access_key(),
        None,
        None,
        "test",
    );
    Aws::new(http::Pool::new(http::Settings::default()), settings)
        .unwrap()
        .with_credentials(credentials)
        .kms(emulator.region())
        .await
        .unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
