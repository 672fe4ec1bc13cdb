//! A strict trust policy for signing profiles, as its file has it.

use serde::Serialize;
use serde_json::ser::PrettyFormatter;

use super::error::Error;
use crate::config::StoreName;
use crate::signer::aws_signer::SigningProfile;
use crate::trust_policy::{self, DocumentKind, TrustPolicies};

/// In the order of the specification's examples.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    version: &'static str,
    trust_policies: [Statement; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    name: &'static str,
    registry_scopes: [&'static str; 1],
    signature_verification: Verification,
    trust_stores: Vec<String>,
    trusted_identities: Vec<String>,
}

#[derive(Serialize)]
struct Verification {
    level: &'static str,
}

/// The document, which is checked as a verification checks it.
pub(super) fn strict(profiles: &[SigningProfile], stores: &[StoreName]) -> Result<Vec<u8>, Error> {
    let mut identities: Vec<String> = profiles.iter().map(ToString::to_string).collect();
    identities.sort();
    identities.dedup();
    let policy = Policy {
        version: "1.0",
        trust_policies: [Statement {
            name: "aws-signer",
            registry_scopes: [trust_policy::scope::WILDCARD],
            signature_verification: Verification { level: "strict" },
            trust_stores: stores.iter().map(ToString::to_string).collect(),
            trusted_identities: identities,
        }],
    };
    let mut text = Vec::new();
    let indent = PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, indent);
    // Text and lists of text always have a JSON form.
    let _ = policy.serialize(&mut serializer);
    text.push(b'\n');
    let kind = DocumentKind::Oci;
    TrustPolicies::parse(kind, kind.file_name().as_ref(), &text).map_err(Error::Policy)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust_store;

    #[test]
    fn it_is_the_policy_that_is_shipped() {
        let profile = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/ExampleProfile";
        let profile = SigningProfile::parse(profile).unwrap();
        let store = trust_store::built_in("aws").unwrap().name;
        let text = strict(&[profile.clone(), profile], &[store]).unwrap();
        let shipped = include_str!("../../trustpolicy/aws-signer.strict.json");
        assert_eq!(String::from_utf8(text).unwrap(), shipped);
    }
}
