//! What `key list`, `cert list`, `cert show` and `policy show` show, each a document of version 1.

use serde::Serialize;
use serde_json::Value;

use super::exit::Exit;
use super::reason::Reason;
use super::results::VERSION;
use crate::config::{SigningKey, SigningKeys};
use crate::notary::rfc3339;
use crate::x509::Certificate;

/// A document about what is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListingV1<L> {
    /// The version of the document.
    pub version: &'static str,
    /// What is listed, as far as it could be read.
    #[serde(flatten)]
    pub listed: Option<L>,
    /// Why it could not be read, or not to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// What is worth knowing, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl<L> ListingV1<L> {
    /// The document of what was listed.
    pub const fn new(listed: L, exit_code: Exit, warnings: Vec<String>) -> Self {
        Self {
            version: VERSION,
            listed: Some(listed),
            error: None,
            exit_code,
            warnings,
        }
    }

    /// The document of what could not be listed.
    pub const fn failed(exit_code: Exit, error: Reason) -> Self {
        Self {
            version: VERSION,
            listed: None,
            error: Some(error),
            exit_code,
            warnings: Vec::new(),
        }
    }

    /// The same, which is not whole for this reason.
    #[must_use]
    pub fn with_error(self, error: Reason) -> Self {
        Self {
            error: Some(error),
            ..self
        }
    }
}

/// The signing key list: `key-list.v1.schema.json`. No key is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListedKeys {
    /// The keys, in the order of the list.
    pub keys: Vec<ListedKey>,
}

/// A key by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListedKey {
    /// The file with its certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_path: Option<String>,
    /// What its plugin calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whether it is the default.
    pub is_default: bool,
    /// The file with the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_path: Option<String>,
    /// Its name.
    pub name: String,
    /// The plugin that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
}

impl ListedKeys {
    /// The keys of this list.
    pub fn new(keys: &SigningKeys) -> Self {
        let of = |key: &SigningKey| ListedKey {
            certificate_path: key.cert_path.clone(),
            id: key.id.clone(),
            is_default: keys.default.as_ref() == Some(&key.name),
            key_path: key.key_path.clone(),
            name: key.name.clone(),
            plugin: key.plugin_name.clone(),
        };
        Self {
            keys: keys.keys.iter().map(of).collect(),
        }
    }
}

/// Files of the trust stores: `certificate-list.v1.schema.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ListedCertificates {
    /// The files, by store and name.
    pub files: Vec<CertificateFile>,
}

impl ListedCertificates {
    /// These files.
    pub const fn new(files: Vec<CertificateFile>) -> Self {
        Self { files }
    }
}

/// A file of a trust store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CertificateFile {
    /// Its certificates, as far as it could be read.
    pub certificates: Vec<ListedCertificate>,
    /// Its name.
    pub name: String,
    /// Why a verification cannot use the store because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The name of the trust store.
    pub store_name: String,
    /// The type of the trust store.
    pub store_type: String,
}

impl CertificateFile {
    /// The file `name` of this store with what it has.
    pub fn new<'a>(
        (store_type, store_name): (String, String),
        name: String,
        certificates: impl IntoIterator<Item = &'a Certificate>,
        problem: Option<String>,
    ) -> Self {
        let certificates = certificates.into_iter().map(ListedCertificate::new);
        Self {
            certificates: certificates.collect(),
            name,
            problem,
            store_name,
            store_type,
        }
    }
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListedCertificate {
    /// Whether it may issue others.
    pub is_ca: bool,
    /// Who issued it.
    pub issuer: String,
    /// Until when it is valid, RFC 3339.
    pub not_after: String,
    /// From when on it is valid, RFC 3339.
    pub not_before: String,
    /// The SHA-256 digest of its DER.
    pub sha256: String,
    /// Whose it is.
    pub subject: String,
}

impl ListedCertificate {
    fn new(certificate: &Certificate) -> Self {
        Self {
            is_ca: certificate.is_ca(),
            issuer: certificate.issuer().to_string(),
            not_after: rfc3339(certificate.not_after()),
            not_before: rfc3339(certificate.not_before()),
            sha256: certificate.sha256_fingerprint(),
            subject: certificate.subject().to_string(),
        }
    }
}

/// The trust policy that counts: `policy-document.v1.schema.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ShownPolicy {
    /// Its file.
    pub file: String,
    /// Whether a verification can use it.
    pub is_valid: bool,
    /// The policy as it is; absent where it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Value>,
    /// The SHA-256 digest of its bytes, 64 hexadecimal digits.
    pub sha256: String,
}

impl ShownPolicy {
    /// The policy of these bytes.
    pub fn new(file: String, bytes: &[u8], is_valid: bool) -> Self {
        Self {
            file,
            is_valid,
            policy: serde_json::from_slice(bytes).ok(),
            sha256: crate::oci::sha256_digest(bytes).digest().to_owned(),
        }
    }
}
