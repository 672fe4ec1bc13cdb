//! The validations of one signature, in the specification's order.
//!
//! Input: the bytes of an envelope whose digest was checked, the artifact's descriptor, a policy
//! statement. Output: the outcome, filled in step by step
//! (`trust-store-trust-policy.md`, "Signature Verification details"). Where the signature comes
//! from is `verify`'s business.

use super::delegate::{Delegate, PluginAnswer};
use super::revocation::{Findings, authentic_time};
use super::signature_check::{SignatureCheck, Subject};
use crate::envelope::{UnverifiedEnvelope, VerifiedEnvelope};
use crate::extended_validation;
use crate::notary::{
    Action, EnvelopeFormat, RESERVED_PREFIX, SigningScheme, StoreType, Validation,
};
use crate::outcome::{Failure, SignatureOutcome, ValidationOutcome};
use crate::payload::Payload;
use crate::rules;
use crate::signer_info::SignerInfo;
use crate::trust_policy::{TrustedIdentity, VerifyTimestamp};
use crate::x509::Certificate;

/// The signature is not accepted; the outcome says why.
struct NotAccepted;

impl SignatureCheck<'_> {
    /// Runs every validation until one that the policy enforces fails. `outcome` has the answer. The
    /// envelope's bytes are dropped before any request is waited for.
    pub(super) async fn judge(
        &self,
        format: EnvelopeFormat,
        envelope: impl AsRef<[u8]>,
        outcome: &mut SignatureOutcome,
    ) {
        let verified = verify_integrity(format, envelope.as_ref());
        drop(envelope);
        match verified {
            Ok(verified) => self.judge_envelope(format, Ok(&verified), outcome).await,
            Err(failure) => self.judge_envelope(format, Err(failure), outcome).await,
        }
    }

    /// The same for an envelope whose integrity was looked at.
    pub(super) async fn judge_envelope(
        &self,
        format: EnvelopeFormat,
        verified: Result<&VerifiedEnvelope, Failure>,
        outcome: &mut SignatureOutcome,
    ) {
        outcome.format = Some(format);
        outcome.skipped = self.statement.level.skipped();
        // Either way the outcome keeps what was found.
        let _: Result<(), NotAccepted> = self.run(verified, outcome).await;
    }

    async fn run(
        &self,
        verified: Result<&VerifiedEnvelope, Failure>,
        outcome: &mut SignatureOutcome,
    ) -> Result<(), NotAccepted> {
        // 3. Integrity: never less than enforced, whatever the level.
        let verified = match verified {
            Ok(verified) => verified,
            Err(failure) => {
                self.record(outcome, Validation::Integrity, Err(failure))?;
                return Err(NotAccepted);
            }
        };
        self.record(outcome, Validation::Integrity, Ok(()))?;
        let info = verified.signer_info();
        let attributes = &info.signed_attributes;
        outcome.signer_info = Some(info.clone());

        // 4. What the signature is for. Off-spec: the specification leaves this to the end; here it
        //    comes before anything that asks others about a signature of something else.
        let payload = fatal(outcome, self.validate_payload(verified))?;
        // Reserved annotations are not user metadata.
        let annotations = payload.target_artifact.annotations.clone().into_iter();
        outcome.user_metadata = annotations
            .filter(|(key, _)| !key.starts_with(RESERVED_PREFIX))
            .collect();
        fatal(outcome, self.validate_user_metadata(&payload))?;
        fatal(outcome, rules::check_min_version_has_plugin(attributes))?;

        // 5. Authenticity: a trusted root first, because the signature chooses who judges the rest.
        let trust_store = self.validate_trust_store(info);
        let authentic = trust_store.is_ok();
        let enforced = self.statement.level.action(Validation::Authenticity) == Action::Enforce;
        if enforced && let Err(failure) = trust_store {
            self.record(outcome, Validation::Authenticity, Err(failure))?;
            return Err(NotAccepted);
        }
        let delegate = fatal(outcome, Delegate::choose(self.validators, info).await)?;
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
            rules::check_expiry(attributes, self.now),
        )?;
        // 7. Authentic timestamp.
        let mut found = Findings::default();
        let timestamp = self.validate_authentic_timestamp(info, &mut found).await;
        self.record_found(outcome, Validation::AuthenticTimestamp, timestamp, found)?;
        // 8. Revocation.
        let revocation_action = self.statement.level.action(Validation::Revocation);
        if revocation_action != Action::Skip && !delegate.decides_revocation() {
            // Only an authentic signature names the sources to ask; nothing is asked for a forged one.
            let mut found = Findings::default();
            let revocation = if authentic {
                self.validate_revocation(&delegate, info, &mut found).await
            } else {
                Err(Failure::RevocationNotAsked)
            };
            self.record_found(outcome, Validation::Revocation, revocation, found)?;
        }
        // 9. What only a plugin can decide. It runs last, and not for what is refused already.
        if let Delegate::Plugin(plugin) = &delegate {
            let answer = plugin
                .verify(info, self.statement, &self.validators.plugin_config)
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
    ) -> Result<(), NotAccepted> {
        self.record_found(outcome, validation, result, Findings::default())
    }

    /// The same with what was found on the way.
    fn record_found(
        &self,
        outcome: &mut SignatureOutcome,
        validation: Validation,
        result: Result<(), Failure>,
        found: Findings,
    ) -> Result<(), NotAccepted> {
        outcome.warnings.extend(found.warnings);
        if result.is_ok() && found.authentic_time.is_some() {
            outcome.authentic_time = found.authentic_time;
        }
        let action = self.statement.level.action(validation);
        let failed = result.is_err();
        outcome.validations.push(ValidationOutcome {
            validation,
            action,
            failure: result.err(),
            facts: found.facts,
        });
        if failed && action == Action::Enforce {
            Err(NotAccepted)
        } else {
            Ok(())
        }
    }

    pub(super) fn validate_payload(&self, envelope: &VerifiedEnvelope) -> Result<Payload, Failure> {
        let payload =
            Payload::parse(envelope.payload()).map_err(|source| Failure::Payload { source })?;
        match &self.subject {
            Subject::Artifact(target) => payload
                .matches(target)
                .map_err(|source| Failure::AnotherArtifact { source })?,
            Subject::Blob(target) => target.check(envelope.signer_info(), &payload)?,
        }
        Ok(payload)
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

    pub(super) fn validate_trust_store(&self, info: &SignerInfo) -> Result<(), Failure> {
        let scheme = info.signed_attributes.signing_scheme;
        self.validators
            .stores
            .authenticate(
                &self.statement.trust_stores,
                scheme,
                &info.certificate_chain,
            )
            .map(|_| ())
            .map_err(|source| match &self.statement.file {
                Some(_) => source,
                None => source.without_policy(&info.certificate_chain),
            })
            .map_err(|source| Failure::Authenticity { source })
    }

    pub(super) fn validate_identity(
        &self,
        delegate: &Delegate,
        info: &SignerInfo,
    ) -> Result<(), Failure> {
        let identities = &self.statement.trusted_identities;
        if let Delegate::AwsSigner(claims) = delegate {
            let texts: Vec<&str> = identities.iter().map(TrustedIdentity::as_str).collect();
            return extended_validation::check_trusted_identity(claims, &texts)
                .map(|_| ())
                .map_err(|source| Failure::UntrustedProfile { source });
        }
        let Some(leaf) = info.certificate_chain.first() else {
            // An envelope without certificates does not parse.
            return Ok(());
        };
        self.statement
            .check_identity(leaf)
            .map_err(|source| Failure::UntrustedSubject { source })
    }

    /// When the signature was made, as far as that can be believed, every certificate must have been
    /// valid.
    async fn validate_authentic_timestamp(
        &self,
        info: &SignerInfo,
        found: &mut Findings,
    ) -> Result<(), Failure> {
        if info.signed_attributes.signing_scheme == SigningScheme::SigningAuthority {
            // The signing authority vouches for its time; when the signature is verified does not
            // matter.
            found.authentic_time = authentic_time(info);
            return rules::check_authentic_signing_time(info, self.now);
        }
        // Under `notary.x509` the signer's own time proves nothing: a timestamp does, or else the
        // time of this verification counts.
        let stores = self.statement.trust_stores_of(StoreType::Tsa);
        let has_expired = |one: &Certificate| one.not_after() < self.now;
        let needs_timestamp = match self.statement.verify_timestamp {
            VerifyTimestamp::Always => true,
            VerifyTimestamp::AfterCertExpiry => info.certificate_chain.iter().any(has_expired),
        };
        if !stores.is_empty() && needs_timestamp {
            return self.validate_timestamp(info, &stores, found).await;
        }
        match info
            .certificate_chain
            .iter()
            .find(|one| !one.is_valid_at(self.now))
        {
            None => Ok(()),
            Some(certificate) => Err(Failure::CertificateNotValidNow {
                subject: certificate.subject().to_string(),
                not_before: certificate.not_before(),
                not_after: certificate.not_after(),
                now: self.now,
            }),
        }
    }
}

/// Keeps a failure that no level can turn into a warning.
fn fatal<T>(outcome: &mut SignatureOutcome, result: Result<T, Failure>) -> Result<T, NotAccepted> {
    result.map_err(|failure| {
        outcome.failure = Some(failure);
        NotAccepted
    })
}

pub(super) fn verify_integrity(
    format: EnvelopeFormat,
    bytes: &[u8],
) -> Result<VerifiedEnvelope, Failure> {
    UnverifiedEnvelope::parse(format, bytes)
        .and_then(UnverifiedEnvelope::verify)
        .map_err(|source| Failure::Envelope { source })
}

#[cfg(test)]
mod tests;
