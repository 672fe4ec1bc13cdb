//! A Notation plugin as the signer: it makes the signature, or the whole envelope
//! (`plugin-extensibility.md`). What it answers is checked as an envelope from anywhere is.

use std::time::Duration;

use super::new_envelope::{EnvelopeFlaw, verify_new_envelope};
use super::primitive::{self, SIGNING_AGENT};
use super::{SignedEnvelope, Terms};
use crate::algorithm::KeySpec;
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE};
use crate::payload::Payload;
use crate::plugin_contract::{
    Base64, CONTRACT_VERSION, Capability, Command, DescribeKeyRequest, GenerateEnvelopeRequest,
    GenerateSignatureRequest, PluginConfig, PluginMetadata,
};
use crate::plugin_host::{self, Plugin};
use crate::x509::{self, Certificate};

/// A key of an installed plugin.
#[derive(Debug)]
pub struct PluginSigner {
    /// The plugin.
    pub plugin: Plugin,
    /// The key, in the plugin's own terms.
    pub key_id: String,
    /// Settings for the plugin.
    pub config: PluginConfig,
}

/// Why a plugin's answer is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The plugin refused, or did not answer in the contract's form.
    #[error(transparent)]
    Host(plugin_host::Error),
    /// It only verifies.
    #[error("plugin `{plugin}` does not have signing capabilities")]
    NoCapability {
        /// The plugin.
        plugin: String,
    },
    /// It signs images only.
    #[error(
        "the plugin \"{plugin}\" lacks the signature generator capability required for blob signing"
    )]
    NoBlobCapability {
        /// The plugin.
        plugin: String,
    },
    /// It answered something else than it was asked.
    #[error("{field} in the answer of plugin `{plugin}` is `{found}`, wanted `{wanted}`")]
    Answer {
        /// The plugin.
        plugin: String,
        /// What it was asked.
        command: Command,
        /// The field.
        field: &'static str,
        /// What is there.
        found: String,
        /// What must be there.
        wanted: String,
    },
    /// The key is of a kind that the specification does not have.
    #[error("plugin `{plugin}` says that its key is `{found}`, which cannot sign")]
    KeySpec {
        /// The plugin.
        plugin: String,
        /// What it said.
        found: String,
    },
    /// It sent bytes that are not a certificate.
    #[error("certificate {position} of plugin `{plugin}` cannot be used")]
    Certificate {
        /// The plugin.
        plugin: String,
        /// Which, from 1.
        position: usize,
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
    /// Its signature, or the certificates of its key, are not good.
    #[error("{source}")]
    Unsound {
        /// The plugin.
        plugin: String,
        /// The kind of its key.
        key: KeySpec,
        /// The format that was to be signed.
        format: EnvelopeFormat,
        /// What is wrong.
        source: Box<super::Error>,
    },
    /// The envelope is not a good one of what was sent.
    #[error("the envelope that plugin `{plugin}` made is refused")]
    Envelope {
        /// The plugin.
        plugin: String,
        /// What is wrong with it.
        #[source]
        problem: Box<EnvelopeFlaw>,
    },
    /// The envelope expires at another time than was asked for.
    #[error("the envelope that plugin `{plugin}` made expires {found}, and {wanted} was asked for")]
    Expiry {
        /// The plugin.
        plugin: String,
        /// When it expires, after how long.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// A plugin that makes whole envelopes leaves no place for a timestamp.
    #[error("plugin `{plugin}` makes whole envelopes, to which no timestamp can be added")]
    NoTimestamp {
        /// The plugin.
        plugin: String,
    },
}

impl Error {
    /// The plugin's name.
    pub fn plugin(&self) -> &str {
        match self {
            Self::Host(source) => source.plugin(),
            Self::NoCapability { plugin }
            | Self::NoBlobCapability { plugin }
            | Self::Answer { plugin, .. }
            | Self::KeySpec { plugin, .. }
            | Self::Certificate { plugin, .. }
            | Self::Unsound { plugin, .. }
            | Self::Envelope { plugin, .. }
            | Self::Expiry { plugin, .. }
            | Self::NoTimestamp { plugin } => plugin,
        }
    }

    /// Whether asking again later may help.
    pub fn is_inconclusive(&self) -> bool {
        matches!(self, Self::Host(source) if source.is_inconclusive())
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Host(source) => source.hint(),
            Self::Unsound { source, .. } => source.hint(),
            Self::NoCapability { .. } => None,
            Self::NoBlobCapability { .. } => Some(format!(
                "a plugin signs blobs with `{}` or `{}`",
                Capability::RawSignature,
                Capability::EnvelopeForBlob
            )),
            Self::NoTimestamp { .. } => Some(
                "leave out the setting `timestamp-url` and the setting `timestamp-root-cert`; a plugin of this kind \
                 asks for timestamps itself"
                    .to_owned(),
            ),
            _ => Some("nothing was pushed; report this to the plugin's author".to_owned()),
        }
    }
}

impl PluginSigner {
    /// Signs `payload`: with a raw signature where the plugin makes them, else with its envelope.
    pub(super) async fn sign(
        &self,
        payload: &Payload,
        terms: &Terms,
    ) -> Result<SignedEnvelope, super::Error> {
        let metadata = self.plugin.metadata(&self.config).await.map_err(host)?;
        if metadata.can(Capability::RawSignature) {
            let key = self.key_spec().await?;
            self.sign_raw(payload, key, terms, &metadata).await
        } else if metadata.can(Capability::Envelope) {
            self.sign_envelope(payload, terms).await
        } else {
            Err(super::Error::Plugin(Error::NoCapability {
                plugin: self.name(),
            }))
        }
    }

    /// The kind of the key, if the plugin signs blobs at all.
    pub(super) async fn key_spec_for_blobs(&self) -> Result<KeySpec, super::Error> {
        self.metadata_for_blobs().await?;
        Ok(self.key_spec().await?)
    }

    /// Signs the payload of a blob with a key of the kind `key`.
    pub(super) async fn sign_blob(
        &self,
        payload: &Payload,
        key: KeySpec,
        terms: &Terms,
    ) -> Result<SignedEnvelope, super::Error> {
        let metadata = self.metadata_for_blobs().await?;
        if metadata.can(Capability::RawSignature) {
            self.sign_raw(payload, key, terms, &metadata).await
        } else {
            self.sign_envelope(payload, terms).await
        }
    }

    async fn metadata_for_blobs(&self) -> Result<PluginMetadata, Error> {
        let metadata = self.plugin.metadata(&self.config).await.map_err(host)?;
        let capabilities = [Capability::RawSignature, Capability::EnvelopeForBlob];
        if capabilities.into_iter().any(|one| metadata.can(one)) {
            return Ok(metadata);
        }
        Err(Error::NoBlobCapability {
            plugin: self.name(),
        })
    }

    /// What the plugin says of the key.
    async fn key_spec(&self) -> Result<KeySpec, Error> {
        let request = DescribeKeyRequest {
            contract_version: CONTRACT_VERSION.to_owned(),
            key_id: self.key_id.clone(),
            plugin_config: self.config.clone(),
        };
        let described = self.plugin.ask(&request).await.map_err(host)?;
        self.check(
            Command::DescribeKey,
            "keyId",
            &described.key_id,
            &self.key_id,
        )?;
        KeySpec::from_name(&described.key_spec).ok_or_else(|| Error::KeySpec {
            plugin: self.name(),
            found: described.key_spec.clone(),
        })
    }

    async fn sign_raw(
        &self,
        payload: &Payload,
        spec: KeySpec,
        terms: &Terms,
        metadata: &PluginMetadata,
    ) -> Result<SignedEnvelope, super::Error> {
        let algorithm = spec.signature_algorithm();
        let draft = primitive::draft(payload, terms, spec)?;
        let request = GenerateSignatureRequest {
            contract_version: CONTRACT_VERSION.to_owned(),
            key_id: self.key_id.clone(),
            key_spec: spec.as_str().to_owned(),
            hash_algorithm: algorithm.hash_algorithm().as_str().to_owned(),
            payload: Base64(draft.signed_bytes()),
            plugin_config: self.config.clone(),
        };
        let answer = self.plugin.ask(&request).await.map_err(host)?;
        let command = Command::GenerateSignature;
        self.check(command, "keyId", &answer.key_id, &self.key_id)?;
        self.check(
            command,
            "signingAlgorithm",
            &answer.signing_algorithm,
            algorithm.contract_name(),
        )?;
        let chain = self.chain(&answer.certificate_chain)?;
        let unsound = |source| Error::Unsound {
            plugin: self.name(),
            key: spec,
            format: terms.format,
            source: Box::new(source),
        };
        let found = primitive::check_chain(&chain, terms.now).map_err(unsound)?;
        self.check(
            command,
            "key of the first certificate",
            found.as_str(),
            spec.as_str(),
        )?;
        let agent = format!("{SIGNING_AGENT} {}/{}", metadata.name, metadata.version);
        let finished =
            primitive::finish(payload, draft, &answer.signature.0, &chain, agent, terms).await;
        finished.map_err(|error| match error {
            // The authority's fault, and not the plugin's.
            error @ super::Error::Timestamp { .. } => error,
            error => unsound(error).into(),
        })
    }

    fn chain(&self, ders: &[Base64]) -> Result<Vec<Certificate>, Error> {
        let parse = |(index, der): (usize, &Base64)| {
            Certificate::parse(&der.0).map_err(|source| Error::Certificate {
                plugin: self.name(),
                position: index.saturating_add(1),
                source,
            })
        };
        ders.iter().enumerate().map(parse).collect()
    }

    async fn sign_envelope(
        &self,
        payload: &Payload,
        terms: &Terms,
    ) -> Result<SignedEnvelope, super::Error> {
        if terms.timestamping.is_some() {
            return Err(super::Error::Plugin(Error::NoTimestamp {
                plugin: self.name(),
            }));
        }
        let bytes = payload
            .to_bytes(terms.format)
            .map_err(|source| super::Error::Payload { source })?;
        let request = GenerateEnvelopeRequest {
            contract_version: CONTRACT_VERSION.to_owned(),
            key_id: self.key_id.clone(),
            payload_type: PAYLOAD_MEDIA_TYPE.to_owned(),
            signature_envelope_type: terms.format.media_type().to_owned(),
            payload: Base64(bytes),
            expiry_duration_in_seconds: terms.expiry.as_ref().map(Duration::as_secs),
            plugin_config: self.config.clone(),
        };
        let answer = self.plugin.ask(&request).await.map_err(host)?;
        self.check(
            Command::GenerateEnvelope,
            "signatureEnvelopeType",
            &answer.signature_envelope_type,
            terms.format.media_type(),
        )?;
        let bytes = answer.signature_envelope.0;
        let verified = verify_new_envelope(payload, terms.format, bytes, terms.now);
        let envelope = verified.map_err(|problem| Error::Envelope {
            plugin: self.name(),
            problem: Box::new(problem),
        })?;
        let info = envelope.signer_info();
        let attributes = &info.signed_attributes;
        // Unlike notation, which checks the chain without a time here, and so accepts expired ones.
        primitive::check_chain(&info.certificate_chain, terms.now)?;
        self.check_expiry(attributes.signing_time, attributes.expiry, terms)?;
        Ok(envelope.with_annotations(answer.annotations))
    }

    fn check_expiry(
        &self,
        signed: time::OffsetDateTime,
        expiry: Option<time::OffsetDateTime>,
        terms: &Terms,
    ) -> Result<(), Error> {
        let found = expiry.map(|expiry| (expiry - signed).whole_seconds());
        let wanted = terms
            .expiry
            .and_then(|wanted| i64::try_from(wanted.as_secs()).ok());
        // Without a wanted value, the plugin may know better.
        if wanted.is_none() || found == wanted {
            return Ok(());
        }
        let words = |seconds: Option<i64>| {
            seconds.map_or_else(
                || "never".to_owned(),
                |seconds| format!("after {seconds} seconds"),
            )
        };
        Err(Error::Expiry {
            plugin: self.name(),
            found: words(found),
            wanted: words(wanted),
        })
    }

    fn check(
        &self,
        command: Command,
        field: &'static str,
        found: &str,
        wanted: &str,
    ) -> Result<(), Error> {
        if found == wanted {
            return Ok(());
        }
        Err(Error::Answer {
            plugin: self.name(),
            command,
            field,
            found: found.to_owned(),
            wanted: wanted.to_owned(),
        })
    }

    fn name(&self) -> String {
        self.plugin.name().to_owned()
    }
}

fn host(source: plugin_host::Error) -> Error {
    Error::Host(source)
}
