//! Flags about the envelope that is made: its format, its expiry and its timestamp.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use url::Url;

use super::context::{Context, Format};
use super::duration::parse_expiry;
use super::output::{CommandOutput, Exit};
use super::signer::Choice;
use crate::notary::EnvelopeFormat;
use crate::sign::Setup;
use crate::x509::Certificate;

/// What is said about a format that does not exist.
pub(super) fn unknown_format(found: &str) -> CommandOutput {
    CommandOutput::failed_in_lines(
        Exit::Usage,
        &format!(
            "signature format {found:?} not supported\nSupported signature envelope formats are \
             \"jws\" and \"cose\""
        ),
    )
}

/// Flags about the envelope, as notation has them.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Signature")]
pub(super) struct EnvelopeArgs {
    /// Envelope format, `jws` or `cose`; AWS Signer makes JWS only [default: `signatureFormat` of
    /// Notation's `config.json`, then `jws`]
    #[arg(long, value_name = "FORMAT")]
    signature_format: Option<String>,
    /// How long the signature is valid, such as `24h` or `1h30m` [default: no expiry]
    #[arg(short, long, value_name = "DURATION", allow_hyphen_values = true)]
    expiry: Option<String>,
    /// Timestamping authority (RFC 3161) to request a timestamp from
    #[arg(long, value_name = "URL", requires = "timestamp_root_cert")]
    timestamp_url: Option<String>,
    /// File with the one root certificate of that authority
    #[arg(long, value_name = "FILE", requires = "timestamp_url")]
    timestamp_root_cert: Option<OsString>,
}

impl EnvelopeArgs {
    /// Whether `config.json` may decide on the format.
    pub(super) fn format_source(&self, choice: &Choice) -> Format {
        if self.signature_format.is_some() {
            Format::Known
        } else if matches!(choice, Choice::AwsSigner(..)) {
            Format::Jws
        } else {
            Format::OfConfig
        }
    }

    /// Checks what is wrong whatever the signer and the artifact are.
    pub(super) fn check(&self) -> Result<(), CommandOutput> {
        self.expiry.as_deref().map(parse_expiry).transpose()?;
        Ok(())
    }

    /// What the flags ask for, of the signer that was chosen.
    pub(super) fn wanted(
        &self,
        choice: &Choice,
        context: &Context,
    ) -> Result<WantedEnvelope, CommandOutput> {
        let format = match self.signature_format.as_deref() {
            None => None,
            Some("jws") => Some(EnvelopeFormat::Jws),
            Some("cose") => Some(EnvelopeFormat::Cose),
            Some(other) => return Err(unknown_format(other)),
        };
        let expiry = self.expiry.as_deref().map(parse_expiry).transpose()?;
        let authority = match (&self.timestamp_url, &self.timestamp_root_cert) {
            (Some(url), Some(root)) => Some(context.authority(url, Path::new(root))?),
            _ => None,
        };
        Ok(WantedEnvelope {
            format: choice.format(format, context.signature_format)?,
            expiry: expiry.flatten(),
            authority,
        })
    }
}

/// What the flags ask of the envelope.
pub(super) struct WantedEnvelope {
    pub(super) format: EnvelopeFormat,
    expiry: Option<Duration>,
    authority: Option<(Url, Certificate)>,
}

impl WantedEnvelope {
    /// `setup`, which makes such envelopes.
    pub(super) fn of(self, setup: Setup) -> Setup {
        let setup = setup.with_format(self.format);
        let setup = match self.expiry {
            Some(expiry) => setup.with_expiry(expiry),
            None => setup,
        };
        match self.authority {
            Some((url, root)) => setup.with_authority(url, root),
            None => setup,
        }
    }
}
