//! A trust policy for files, as `blob policy init` writes it (`schemas/trustpolicy.blob.schema.json`). Its members
//! are in the order in which notation writes them.

use serde::Serialize;

/// A trust policy for files with one statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BlobPolicy {
    /// The version of the document.
    pub version: &'static str,
    /// Its statement.
    pub trust_policies: [BlobStatement; 1],
}

/// The statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BlobStatement {
    /// Its name.
    pub name: String,
    /// How signatures are verified.
    pub signature_verification: SignatureVerification,
    /// The named stores, `type:name`.
    pub trust_stores: Vec<String>,
    /// The trusted identities.
    pub trusted_identities: Vec<String>,
    /// Whether it is for verifications that name no statement; absent where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_policy: Option<bool>,
}

/// How signatures are verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SignatureVerification {
    /// The verification level.
    pub level: &'static str,
}

impl BlobPolicy {
    /// A policy with one statement of the level `strict`. Whether its values are good is not checked.
    pub fn strict(
        name: &str,
        trust_stores: &[String],
        trusted_identities: &[String],
        is_global: bool,
    ) -> Self {
        Self {
            version: "1.0",
            trust_policies: [BlobStatement {
                name: name.to_owned(),
                signature_verification: SignatureVerification { level: "strict" },
                trust_stores: trust_stores.to_vec(),
                trusted_identities: trusted_identities.to_vec(),
                global_policy: is_global.then_some(true),
            }],
        }
    }
}
