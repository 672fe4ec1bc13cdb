//! Signers: a payload in, an envelope out that was verified before it is handed on.
//!
//! AWS Signer and some plugins make whole envelopes; a key of AWS KMS, a local key and the other plugins make only
//! the signature, and `primitive` writes the envelope around it. Every signature is verified in `new_envelope` as
//! `verify` would, and its payload must be the one that was given.

#[doc(hidden)]
pub mod aws_kms;
#[doc(hidden)]
pub mod aws_signer;
#[doc(hidden)]
pub mod certificate_chain;
#[doc(hidden)]
pub mod local_key;
#[doc(hidden)]
pub mod plugin;
mod new_envelope;
mod primitive;
#[cfg(feature = "cli")]
mod test_certificate;
#[doc(hidden)]
pub mod timestamping;

use std::time::Duration;

use time::OffsetDateTime;

use crate::algorithm::KeySpec;
use crate::aws::CallErrorKind;
use crate::notary::EnvelopeFormat;
use crate::payload::{self, Payload};
use crate::{envelope, x509};
use aws_kms::KmsKey;
use aws_signer::AwsSigner;
use local_key::LocalKey;
use plugin::PluginSigner;
use timestamping::Timestamping;

pub use crate::aws::SigningJobArn;
pub use new_envelope::{EnvelopeFlaw, SignedEnvelope};

/// Who signs.
#[derive(Debug)]
#[doc(hidden)]
pub enum Signer {
    /// A signing profile of AWS Signer.
    AwsSigner(AwsSigner),
    /// A key of AWS KMS.
    AwsKms(KmsKey),
    /// A key in a file.
    LocalKey(LocalKey),
    /// A key of a Notation plugin.
    Plugin(PluginSigner),
}

/// How to sign: format, expiry, timestamp, time.
#[derive(Debug)]
#[doc(hidden)]
pub struct Terms {
    /// The envelope's format.
    pub format: EnvelopeFormat,
    /// How long the signature is to be good, in whole seconds; without an end if nothing.
    pub expiry: Option<Duration>,
    /// The authority that stamps the signature's time, if any.
    pub timestamping: Option<Timestamping>,
    /// The time of signing.
    pub now: OffsetDateTime,
}

/// A signature, verified.
#[derive(Debug)]
#[non_exhaustive]
pub struct Signature {
    /// The envelope.
    pub envelope: SignedEnvelope,
    /// The signing job, if AWS Signer made it.
    pub job: Option<SigningJobArn>,
    /// What the user should know and what did no harm.
    pub warning: Option<String>,
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// AWS Signer refused, or its answer did not hold.
    #[error(transparent)]
    AwsSigner(aws_signer::Error),
    /// AWS KMS did not sign, or not well.
    #[error(transparent)]
    AwsKms(aws_kms::Error),
    /// The local key did not sign.
    #[error(transparent)]
    LocalKey(local_key::Error),
    /// The plugin refused, or its answer did not hold.
    #[error(transparent)]
    Plugin(plugin::Error),
    /// What AWS Signer does not do.
    #[error("AWS Signer {what}")]
    NotByAwsSigner {
        /// What.
        what: Unsupported,
    },
    /// The payload could not be written.
    #[error("could not make the payload")]
    Payload {
        /// Why.
        #[source]
        source: payload::Error,
    },
    /// The envelope could not be written.
    #[error("could not make the envelope")]
    Envelope {
        /// Why.
        #[source]
        source: envelope::Error,
    },
    /// The expiry is past the end of the calendar.
    #[error("an expiry of {seconds} seconds from now is beyond the year 9999")]
    Expiry {
        /// The duration asked for.
        seconds: u64,
    },
    /// There is no certificate.
    #[error("certificate-chain not present or is empty")]
    NoCertificate,
    /// The chain may not sign, or not now.
    #[error("certificate-chain is invalid")]
    Chain {
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
    /// The signature is not one of the certificate's key.
    #[error("generated signature failed verification")]
    Signature {
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
    /// What was written does not verify.
    #[error("generated signature failed verification")]
    NotVerified {
        /// What is wrong with it.
        #[source]
        source: Box<EnvelopeFlaw>,
    },
    /// There is no good timestamp.
    #[error("the signature was not timestamped")]
    Timestamp {
        /// Why.
        #[source]
        source: timestamping::Error,
    },
}

/// What a signature's terms ask for and AWS Signer does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// Envelopes of another format than JWS.
    #[error("makes JWS envelopes only")]
    Format,
    /// An expiry of the caller's.
    #[error("takes the expiry from the signing profile")]
    Expiry,
    /// A timestamp of an authority.
    #[error("vouches for the time itself")]
    Timestamp,
}

impl Unsupported {
    /// What to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Format => "sign with the setting `signature-format jws`",
            Self::Expiry => "leave out the setting `expiry`",
            Self::Timestamp => {
                "leave out the setting `timestamp-url` and the setting `timestamp-root-cert`"
            }
        }
    }
}

impl From<plugin::Error> for Error {
    fn from(error: plugin::Error) -> Self {
        Self::Plugin(error)
    }
}

impl Error {
    /// Whether signing again may succeed without any change: not allowed, not reachable, throttled.
    pub fn is_inconclusive(&self) -> bool {
        match self {
            Self::AwsSigner(aws_signer::Error::Call(call)) => !matches!(
                call.kind(),
                CallErrorKind::Invalid | CallErrorKind::NotFound
            ),
            Self::AwsKms(error) => error.is_inconclusive(),
            Self::Plugin(error) => error.is_inconclusive(),
            Self::Timestamp { source } => source.is_inconclusive(),
            _ => false,
        }
    }

    /// Whether files that were given cannot be used, which shows only now: the certificate is not
    /// that of the key in AWS KMS.
    pub fn is_unusable_file(&self) -> bool {
        matches!(self, Self::AwsKms(aws_kms::Error::Mismatch { .. }))
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::AwsSigner(source) => source.hint(),
            Self::AwsKms(source) => source.hint(),
            Self::LocalKey(source) => source.hint(),
            Self::Plugin(source) => source.hint(),
            Self::Payload { source } => source.hint(),
            Self::Envelope { source } => source.hint(),
            Self::Chain { source } => source.hint().or_else(|| {
                Some(
                    "give a code-signing certificate that is valid now, then each issuer, and the root last"
                        .to_owned(),
                )
            }),
            Self::Timestamp { source } => source.hint(),
            Self::NotByAwsSigner { what } => Some(what.hint().to_owned()),
            _ => None,
        }
    }
}

impl Signer {
    /// Checks that this signer can do what `terms` ask for, as far as that is known without a request.
    ///
    /// # Errors
    ///
    /// [`Error::NotByAwsSigner`].
    pub fn check(&self, terms: &Terms) -> Result<(), Error> {
        let Self::AwsSigner(..) = self else {
            return Ok(());
        };
        let what = if terms.format != EnvelopeFormat::Jws {
            Unsupported::Format
        } else if terms.expiry.is_some() {
            Unsupported::Expiry
        } else if terms.timestamping.is_some() {
            Unsupported::Timestamp
        } else {
            return Ok(());
        };
        Err(Error::NotByAwsSigner { what })
    }

    /// Whose key signs, in words.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::AwsSigner(_) => "AWS Signer",
            Self::AwsKms(_) => "AWS KMS",
            Self::LocalKey(_) => "local key",
            Self::Plugin(_) => "plugin",
        }
    }

    /// The certificates of the signer's own key, its own first; `None` where the signer only shows
    /// them in what it signs.
    pub fn certificate_chain(&self) -> Option<&[x509::Certificate]> {
        match self {
            Self::AwsKms(key) => Some(key.chain()),
            Self::LocalKey(key) => Some(key.chain()),
            Self::AwsSigner(_) | Self::Plugin(_) => None,
        }
    }

    /// The kind of the key, which decides with which algorithm a blob's digest is made.
    ///
    /// # Errors
    ///
    /// [`Error`] if the key is not one that can sign blobs.
    pub async fn key_spec(&self) -> Result<KeySpec, Error> {
        match self {
            Self::AwsSigner(..) => Ok(aws_signer::KEY_SPEC),
            Self::LocalKey(key) => primitive::key_spec(key.chain()),
            // Asked before a large file is read.
            Self::AwsKms(key) => match key.check().await {
                Ok(_) => Ok(key.key_spec()),
                Err(error) => Err(Error::AwsKms(error)),
            },
            Self::Plugin(plugin) => plugin.key_spec_for_blobs().await,
        }
    }

    /// Signs the payload of a blob, whose digest was made for a key of the kind `key`.
    ///
    /// # Errors
    ///
    /// As [`Signer::sign`].
    pub async fn sign_blob(
        &self,
        payload: &Payload,
        key: KeySpec,
        terms: &Terms,
    ) -> Result<Signature, Error> {
        match self {
            Self::Plugin(plugin) => {
                self.check(terms)?;
                let signed = plugin.sign_blob(payload, key, terms).await;
                signed.map(|envelope| Signature::stamped(envelope, terms))
            }
            // These signers treat blob and image payloads alike.
            Self::AwsSigner(..) | Self::AwsKms(_) | Self::LocalKey(_) => {
                self.sign(payload, terms).await
            }
        }
    }

    /// Signs `payload`.
    ///
    /// # Errors
    ///
    /// [`Error`]: nothing that does not verify is given back.
    pub async fn sign(&self, payload: &Payload, terms: &Terms) -> Result<Signature, Error> {
        self.check(terms)?;
        match self {
            Self::AwsSigner(aws_signer) => {
                let bytes = payload
                    .to_bytes(terms.format)
                    .map_err(|source| Error::Payload { source })?;
                let signed = aws_signer
                    .sign(payload, &bytes, terms.now)
                    .await
                    .map_err(Error::AwsSigner)?;
                Ok(Signature {
                    warning: signed.region.warning(),
                    envelope: signed.envelope,
                    job: Some(signed.job),
                })
            }
            Self::AwsKms(key) => OwnKey::AwsKms(key).sign(payload, terms).await,
            Self::LocalKey(key) => OwnKey::Local(key).sign(payload, terms).await,
            Self::Plugin(plugin) => {
                let signed = plugin.sign(payload, terms).await;
                signed.map(|envelope| Signature::stamped(envelope, terms))
            }
        }
    }
}

/// A key that makes only the signature, and whose certificates are here.
#[derive(Clone, Copy)]
enum OwnKey<'a> {
    AwsKms(&'a KmsKey),
    Local(&'a LocalKey),
}

impl<'a> OwnKey<'a> {
    fn chain(self) -> &'a [x509::Certificate] {
        match self {
            Self::AwsKms(key) => key.chain(),
            Self::Local(key) => key.chain(),
        }
    }

    async fn sign(self, payload: &Payload, terms: &Terms) -> Result<Signature, Error> {
        let spec = primitive::check_chain(self.chain(), terms.now)?;
        let draft = primitive::draft(payload, terms, spec)?;
        let bytes = draft.signed_bytes();
        let signature = match self {
            Self::AwsKms(key) => key.sign(&bytes).await.map_err(Error::AwsKms)?,
            Self::Local(key) => key.sign(&bytes).map_err(Error::LocalKey)?,
        };
        let agent = primitive::SIGNING_AGENT.to_owned();
        primitive::finish(payload, draft, &signature, self.chain(), agent, terms)
            .await
            .map(|envelope| Signature::stamped(envelope, terms))
    }
}

impl Signature {
    /// An envelope that was perhaps stamped, with what there is to say of that.
    fn stamped(envelope: SignedEnvelope, terms: &Terms) -> Self {
        let timestamping = terms.timestamping.as_ref();
        Self {
            envelope,
            job: None,
            warning: timestamping.and_then(Timestamping::cache_warning),
        }
    }
}
