//! The validations of one signature, in the specification's order.
//!
//! Input: the bytes of an envelope whose digest was checked, the artifact's descriptor, a policy
//! statement. Output: the outcome, filled in step by step
//! (`trust-store-trust-policy.md`, "Signature Verification details"). Where the signature comes
//! from is `verify`'s business.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::Judges;
use super::delegate::{Delegate, PluginAnswer};
use crate::envelope::{UnverifiedEnvelope, VerifiedEnvelope};
use crate::extended_validation;
use crate::notary::{Action, EnvelopeFormat, PAYLOAD_MEDIA_TYPE, SigningScheme, Validation};
use crate::oci::Descriptor;
use crate::outcome::{Failure, SignatureOutcome, ValidationOutcome};
use crate::payload::Payload;
use crate::signer_info::{SignedAttributes, SignerInfo};
use crate::trust_policy::{Statement, TrustedIdentity};

/// What a signature is judged against.
pub(super) struct Bench<'a> {
    pub(super) judges: &'a Judges,
    pub(super) target: &'a Descriptor,
    pub(super) statement: &'a Statement,
    pub(super) user_metadata: &'a BTreeMap<String, String>,
    pub(super) now: OffsetDateTime,
}

/// The signature is not accepted; the outcome says why.
struct Refused;

impl Bench<'_> {
    /// Runs every validation until one that the policy enforces fails. `outcome` has the answer.
    pub(super) async fn judge(
        &self,
        format: EnvelopeFormat,
        envelope: &[u8],
        outcome: &mut SignatureOutcome,
    ) {
        outcome.format = Some(format);
        // Either way the outcome keeps what was found.
        let _: Result<(), Refused> = self.run(format, envelope, outcome).await;
    }

    async fn run(
        &self,
        format: EnvelopeFormat,
        envelope: &[u8],
        outcome: &mut SignatureOutcome,
    ) -> Result<(), Refused> {
        // 3. Integrity: never less than enforced, whatever the level.
        let verified = match verify_integrity(format, envelope) {
            Ok(verified) => verified,
            Err(failure) => {
                self.record(outcome, Validation::Integrity, Err(failure))?;
                return Err(Refused);
            }
        };
        self.record(outcome, Validation::Integrity, Ok(()))?;
        let info = verified.signer_info();
        let attributes = &info.signed_attributes;
        outcome.signer_info = Some(info.clone());

        // 4. What the signature is for. Off-spec: the specification leaves this to the end; here it
        //    comes before anything that asks others about a signature of something else.
        let payload = fatal(outcome, validate_payload(verified.payload(), self.target))?;
        outcome.user_metadata = payload
            .target_artifact
            .annotations
            .clone()
            .into_iter()
            .collect();
        fatal(outcome, self.validate_user_metadata(&payload))?;
        fatal(outcome, check_scheme(attributes))?;
        fatal(outcome, Delegate::check_attributes(attributes))?;

        // 5. Authenticity: a trusted root first, because the signature chooses who judges the rest.
        let trust_store = self.validate_trust_store(info);
        let authentic = trust_store.is_ok();
        let delegate = fatal(outcome, Delegate::choose(self.judges, info).await)?;
        if let Err(failure) = trust_store {
            self.record(outcome, Validation::Authenticity, Err(failure))?;
        } else if !delegate.decides_identity() {
            self.record(
                outcome,
                Validation::Authenticity,
                self.validate_identity(&delegate, info),
            )?;
        }
        // 6. Expiry.
        self.record(
            outcome,
            Validation::Expiry,
            self.validate_expiry(attributes),
        )?;
        // 7. Authentic timestamp.
        self.record(
            outcome,
            Validation::AuthenticTimestamp,
            self.validate_authentic_timestamp(info),
        )?;
        // 8. Revocation.
        let revocation_action = self.statement.level.action(Validation::Revocation);
        if revocation_action != Action::Skip && !delegate.decides_revocation() {
            // Whom to ask is what an authentic signature says; nobody is asked for a forged one.
            let revocation = if authentic {
                self.validate_revocation(&delegate, info).await
            } else {
                Err(Failure::RevocationNotAsked)
            };
            self.record(outcome, Validation::Revocation, revocation)?;
        }
        // 9. What only a plugin can decide. It runs last, and not for what is refused already.
        if let Delegate::Plugin(plugin) = &delegate {
            let answer = plugin
                .verify(info, self.statement, &self.judges.plugin_config)
                .await;
            let PluginAnswer {
                identity,
                revocation,
            } = fatal(outcome, answer)?;
            if let (Some(identity), true) = (identity, authentic) {
                self.record(outcome, Validation::Authenticity, identity)?;
            }
            if let Some(revocation) = revocation {
                self.record(outcome, Validation::Revocation, revocation)?;
            }
        }
        Ok(())
    }

    /// Keeps the result of a validation; refuses if the level enforces it.
    fn record(
        &self,
        outcome: &mut SignatureOutcome,
        validation: Validation,
        result: Result<(), Failure>,
    ) -> Result<(), Refused> {
        let action = self.statement.level.action(validation);
        let failed = result.is_err();
        outcome.validations.push(ValidationOutcome {
            validation,
            action,
            failure: result.err(),
        });
        if failed && action == Action::Enforce {
            Err(Refused)
        } else {
            Ok(())
        }
    }

    fn validate_user_metadata(&self, payload: &Payload) -> Result<(), Failure> {
        for (key, wanted) in self.user_metadata {
            let found = payload.target_artifact.annotations.get(key);
            if found != Some(wanted) {
                return Err(Failure::UserMetadata {
                    key: key.clone(),
                    found: found.cloned(),
                    wanted: wanted.clone(),
                });
            }
        }
        Ok(())
    }

    fn validate_trust_store(&self, info: &SignerInfo) -> Result<(), Failure> {
        let scheme = info.signed_attributes.signing_scheme;
        self.judges
            .stores
            .authenticate(
                &self.statement.trust_stores,
                scheme,
                &info.certificate_chain,
            )
            .map(|_| ())
            .map_err(|source| Failure::Authenticity { source })
    }

    fn validate_identity(&self, delegate: &Delegate, info: &SignerInfo) -> Result<(), Failure> {
        let identities = &self.statement.trusted_identities;
        if let Delegate::AwsSigner(claims) = delegate {
            let texts: Vec<&str> = identities.iter().map(TrustedIdentity::as_str).collect();
            return extended_validation::check_trusted_identity(claims, &texts)
                .map(|_| ())
                .map_err(|source| Failure::UntrustedProfile { source });
        }
        if identities.contains(&TrustedIdentity::Any) {
            return Ok(());
        }
        let leaf = info.certificate_chain.first();
        let refused = |source| Failure::UntrustedSubject {
            statement: self.statement.name.clone(),
            subject: leaf
                .map(|leaf| leaf.subject().to_string())
                .unwrap_or_default(),
            source,
        };
        for identity in self.statement.subject_identities() {
            let Some(leaf) = leaf else { break };
            match identity.matches(leaf.subject()) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => return Err(refused(Some(error))),
            }
        }
        Err(refused(None))
    }

    /// Fails from the instant of the expiry on, as notation does.
    fn validate_expiry(&self, attributes: &SignedAttributes) -> Result<(), Failure> {
        match attributes.expiry {
            Some(expiry) if self.now >= expiry => Err(Failure::Expired { expiry }),
            _ => Ok(()),
        }
    }

    /// Under `notary.x509.signingAuthority` the authentic signing time must lie within the validity
    /// of every certificate; when the signature is verified does not matter.
    #[expect(
        clippy::unused_self,
        reason = "the other scheme needs the policy and the time"
    )]
    fn validate_authentic_timestamp(&self, info: &SignerInfo) -> Result<(), Failure> {
        let at = info.signed_attributes.signing_time;
        match info
            .certificate_chain
            .iter()
            .find(|certificate| !certificate.is_valid_at(at))
        {
            None => Ok(()),
            Some(certificate) => Err(Failure::CertificateNotValid {
                subject: certificate.subject().to_string(),
                not_before: certificate.not_before(),
                not_after: certificate.not_after(),
                at,
            }),
        }
    }

    async fn validate_revocation(
        &self,
        delegate: &Delegate,
        info: &SignerInfo,
    ) -> Result<(), Failure> {
        match delegate {
            Delegate::AwsSigner(claims) => {
                let chain = &info.certificate_chain;
                extended_validation::check_revocation(&self.judges.aws, claims, chain)
                    .await
                    .map(|_| ())
                    .map_err(|source| Failure::Revocation { source })
            }
            Delegate::Native | Delegate::Plugin(_) => Err(Failure::RevocationNotSupported),
        }
    }
}

/// Keeps a failure that no level can turn into a warning.
fn fatal<T>(outcome: &mut SignatureOutcome, result: Result<T, Failure>) -> Result<T, Refused> {
    result.map_err(|failure| {
        outcome.failure = Some(failure);
        Refused
    })
}

fn verify_integrity(format: EnvelopeFormat, bytes: &[u8]) -> Result<VerifiedEnvelope, Failure> {
    if format == EnvelopeFormat::Cose {
        return Err(Failure::FormatNotSupported(format));
    }
    let verified = UnverifiedEnvelope::parse(format, bytes)
        .and_then(UnverifiedEnvelope::verify)
        .map_err(|source| Failure::Envelope { source })?;
    let content_type = &verified.signer_info().signed_attributes.content_type;
    if content_type != PAYLOAD_MEDIA_TYPE {
        return Err(Failure::ContentType {
            found: content_type.clone(),
        });
    }
    Ok(verified)
}

fn validate_payload(bytes: &[u8], target: &Descriptor) -> Result<Payload, Failure> {
    let payload = Payload::parse(bytes).map_err(|source| Failure::Payload { source })?;
    payload
        .matches(target)
        .map_err(|source| Failure::AnotherArtifact { source })?;
    Ok(payload)
}

fn check_scheme(attributes: &SignedAttributes) -> Result<(), Failure> {
    match attributes.signing_scheme {
        SigningScheme::SigningAuthority => Ok(()),
        scheme @ SigningScheme::X509 => Err(Failure::SchemeNotSupported(scheme)),
    }
}
