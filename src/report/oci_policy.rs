//! A trust policy for artifacts in registries, as `policy init` writes it (`schemas/trustpolicy.oci.schema.json`). Its
//! members are in the order of the specification.

use serde::Serialize;

use super::SignatureVerification;

/// A trust policy for artifacts in registries with one statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OciPolicy {
    /// The version of the document.
    pub version: &'static str,
    /// Its statement.
    pub trust_policies: [OciStatement; 1],
}

/// The statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct OciStatement {
    /// Its name.
    pub name: String,
    /// The repositories that it is about, or `*` alone.
    pub registry_scopes: Vec<String>,
    /// How signatures are verified.
    pub signature_verification: SignatureVerification,
    /// The named stores, `type:name`.
    pub trust_stores: Vec<String>,
    /// The trusted identities.
    pub trusted_identities: Vec<String>,
}

impl OciPolicy {
    /// A policy with one statement of the level `strict`. Whether its values are good is not checked.
    pub fn strict(
        name: &str,
        registry_scopes: &[String],
        trust_stores: &[String],
        trusted_identities: &[String],
    ) -> Self {
        Self {
            version: "1.0",
            trust_policies: [OciStatement {
                name: name.to_owned(),
                registry_scopes: registry_scopes.to_vec(),
                signature_verification: SignatureVerification { level: "strict" },
                trust_stores: trust_stores.to_vec(),
                trusted_identities: trusted_identities.to_vec(),
            }],
        }
    }
}
