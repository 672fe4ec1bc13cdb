//! Who decides what the specification leaves to others: AWS Signer's rules in process, another
//! plugin, or only the specification's own rules (`plugin-extensibility.md`, "Signature
//! Verification workflow").

use std::collections::BTreeMap;

use super::{AwsSignerChecks, Validators};
use crate::extended_validation::{self, Claims};
use crate::notary::{Action, SigningScheme, Validation};
use crate::outcome::Failure;
use crate::plugin_contract::{
    Base64, CONTRACT_VERSION, Capability, CriticalAttributes, PluginConfig, Signature, TrustPolicy,
    VerificationResult, VerifySignatureRequest, VerifySignatureResponse,
};
use crate::plugin_host::Plugin;
use crate::rules;
use crate::signer_info::{ExtendedAttribute, LabelKind, SignedAttributes, SignerInfo};
use crate::trust_policy::{Statement, TrustedIdentity};

/// Who decides.
pub(super) enum Delegate {
    /// Only the specification's own rules.
    Native,
    /// AWS Signer's rules, in process.
    AwsSigner(Claims),
    /// An installed plugin.
    Plugin(InstalledPlugin),
}

/// A plugin that the signature asks for, and what it can do.
pub(super) struct InstalledPlugin {
    plugin: Plugin,
    capabilities: Vec<Capability>,
}

/// What a plugin decided; nothing for what it was not asked.
pub(super) struct PluginAnswer {
    pub(super) identity: Option<Result<(), Failure>>,
    pub(super) revocation: Option<Result<(), Failure>>,
}

impl Delegate {
    /// Chooses by the signature's `verificationPlugin`, and refuses critical attributes that
    /// nothing here processes: they fail at every level.
    pub(super) async fn choose(
        validators: &Validators,
        info: &SignerInfo,
    ) -> Result<Self, Failure> {
        let attributes = &info.signed_attributes;
        let delegate = match attributes.verification_plugin.as_deref() {
            None => Self::Native,
            Some(extended_validation::PLUGIN_NAME)
                if validators.aws_signer_checks == AwsSignerChecks::InProcess =>
            {
                Self::AwsSigner(rules::claims_of_aws_signer(info)?)
            }
            Some(name) => Self::Plugin(InstalledPlugin::find(validators, name, attributes).await?),
        };
        let processed = match &delegate {
            Self::Native => Vec::new(),
            Self::AwsSigner(claims) => claims.processed_attributes(),
            // It says itself what it processed.
            Self::Plugin(_) => return Ok(delegate),
        };
        rules::check_processed(attributes, &processed)?;
        Ok(delegate)
    }

    /// Whether a plugin's answer is the answer to "is the signer trusted".
    pub(super) fn decides_identity(&self) -> bool {
        self.plugin_has(Capability::TrustedIdentity)
    }

    /// Whether a plugin's answer is the answer to "was anything revoked".
    pub(super) fn decides_revocation(&self) -> bool {
        self.plugin_has(Capability::RevocationCheck)
    }

    fn plugin_has(&self, capability: Capability) -> bool {
        matches!(self, Self::Plugin(plugin) if plugin.capabilities.contains(&capability))
    }
}

impl InstalledPlugin {
    async fn find(
        validators: &Validators,
        name: &str,
        attributes: &SignedAttributes,
    ) -> Result<Self, Failure> {
        let failed = |source| Failure::Plugin { source };
        let plugins = validators
            .plugins
            .as_ref()
            .ok_or_else(|| Failure::PluginNotRun {
                name: name.to_owned(),
            })?;
        let plugin = plugins.find(name).map_err(failed)?;
        let metadata = plugin
            .metadata(&validators.plugin_config)
            .await
            .map_err(failed)?;
        if semver::Version::parse(&metadata.version).is_err() {
            return Err(Failure::PluginVersion {
                name: name.to_owned(),
                found: metadata.version,
            });
        }
        rules::check_plugin_version(attributes, &metadata.version)?;
        let capabilities: Vec<Capability> =
            [Capability::TrustedIdentity, Capability::RevocationCheck]
                .into_iter()
                .filter(|wanted| {
                    metadata
                        .capabilities
                        .iter()
                        .any(|has| has == wanted.as_str())
                })
                .collect();
        if capabilities.is_empty() {
            return Err(Failure::PluginCannotVerify {
                name: name.to_owned(),
            });
        }
        Ok(Self {
            plugin,
            capabilities,
        })
    }

    /// Asks the plugin, unless the policy leaves nothing to ask.
    pub(super) async fn verify(
        &self,
        info: &SignerInfo,
        statement: &Statement,
        config: &PluginConfig,
    ) -> Result<PluginAnswer, Failure> {
        let skips_revocation = statement.level.action(Validation::Revocation) == Action::Skip;
        let asked: Vec<Capability> = self
            .capabilities
            .iter()
            .copied()
            .filter(|capability| *capability != Capability::RevocationCheck || !skips_revocation)
            .collect();
        if asked.is_empty() {
            // Unlike notation, which accepts unknown critical attributes here.
            rules::check_processed(&info.signed_attributes, &[])?;
            return Ok(PluginAnswer {
                identity: None,
                revocation: None,
            });
        }
        let request = request(info, statement, &asked, config);
        let answer = self
            .plugin
            .ask(&request)
            .await
            .map_err(|source| Failure::Plugin { source })?;
        self.check_extent(&answer, &request)?;
        self.read(&answer, &asked, &critical_names(info))
    }

    /// Unlike notation, which ignores it: a plugin that answers what was not asked does not know what it
    /// does.
    fn check_extent(
        &self,
        answer: &VerifySignatureResponse,
        request: &VerifySignatureRequest,
    ) -> Result<(), Failure> {
        let asked = &request.trust_policy.signature_verification;
        let sent = &request.signature.unprocessed_attributes;
        let results = answer
            .verification_results
            .keys()
            .filter(|name| !asked.contains(name));
        let attributes = answer
            .processed_attributes
            .iter()
            .filter(|name| !sent.contains(name));
        match results.chain(attributes).next() {
            None => Ok(()),
            Some(unasked) => Err(Failure::PluginAnsweredMore {
                name: self.plugin.name().to_owned(),
                unasked: unasked.clone(),
            }),
        }
    }

    fn read(
        &self,
        answer: &VerifySignatureResponse,
        asked: &[Capability],
        critical: &[String],
    ) -> Result<PluginAnswer, Failure> {
        let unprocessed: Vec<String> = critical
            .iter()
            .filter(|name| !answer.processed_attributes.contains(name))
            .cloned()
            .collect();
        if !unprocessed.is_empty() {
            return Err(Failure::UnprocessedAttributes(unprocessed));
        }
        let mut results = PluginAnswer {
            identity: None,
            revocation: None,
        };
        for capability in asked {
            let Some(result) = answer.verification_results.get(capability.as_str()) else {
                return Err(Failure::PluginDidNotAnswer {
                    name: self.plugin.name().to_owned(),
                    capability: *capability,
                });
            };
            let result = Some(self.result(*capability, result));
            match capability {
                Capability::TrustedIdentity => results.identity = result,
                _ => results.revocation = result,
            }
        }
        Ok(results)
    }

    fn result(&self, capability: Capability, result: &VerificationResult) -> Result<(), Failure> {
        if result.success {
            return Ok(());
        }
        let (plugin, reason) = (self.plugin.name().to_owned(), result.reason.clone());
        Err(match capability {
            Capability::TrustedIdentity => Failure::UntrustedByPlugin { plugin, reason },
            _ => Failure::RevokedByPlugin { plugin, reason },
        })
    }
}

fn critical_names(info: &SignerInfo) -> Vec<String> {
    let critical = info.signed_attributes.critical_extended();
    critical.map(|attribute| attribute.name.clone()).collect()
}

/// The request as notation writes it, but that an absent expiry is left out.
fn request(
    info: &SignerInfo,
    statement: &Statement,
    asked: &[Capability],
    config: &PluginConfig,
) -> VerifySignatureRequest {
    let attributes = &info.signed_attributes;
    // A plugin can be told only of attributes whose names are text.
    let told: Vec<&ExtendedAttribute> = attributes
        .extended
        .iter()
        .filter(|attribute| attribute.label == LabelKind::Text)
        .collect();
    let extended: BTreeMap<_, _> = told
        .iter()
        .map(|attribute| (attribute.name.clone(), attribute.value.clone()))
        .collect();
    VerifySignatureRequest {
        contract_version: CONTRACT_VERSION.to_owned(),
        signature: Signature {
            critical_attributes: CriticalAttributes {
                content_type: attributes.content_type.clone(),
                signing_scheme: attributes.signing_scheme.as_str().to_owned(),
                expiry: attributes.expiry,
                authentic_signing_time: (attributes.signing_scheme
                    == SigningScheme::SigningAuthority)
                    .then_some(attributes.signing_time),
                extended_attributes: extended,
            },
            unprocessed_attributes: told
                .iter()
                .map(|attribute| attribute.name.clone())
                .collect(),
            certificate_chain: info
                .certificate_chain
                .iter()
                .map(|certificate| Base64(certificate.der().to_vec()))
                .collect(),
        },
        trust_policy: TrustPolicy {
            trusted_identities: statement
                .trusted_identities
                .iter()
                .map(|identity| TrustedIdentity::as_str(identity).to_owned())
                .collect(),
            signature_verification: asked.iter().map(|one| one.as_str().to_owned()).collect(),
        },
        plugin_config: config.clone(),
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
