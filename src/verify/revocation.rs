//! Whether what a signature rests on was revoked: the signer's certificates or its signing job, and the
//! certificates of who stamped the time.

use time::OffsetDateTime;

use super::delegate::Delegate;
use super::signature_check::SignatureCheck;
pub(super) use crate::causes::in_one_line;
use crate::config::StoreName;
use crate::extended_validation::UnsignedAnswers;
use crate::http::redact_text;
use crate::notary::SigningScheme;
use crate::outcome::{Failure, RevocationFact, rfc1123z};
use crate::revocation::{self, CertificateRevocation, ChainRevocation, Status, Verdict};
use crate::signer_info::SignerInfo;
use crate::timestamp::{self, VerifiedTimestamp};
use crate::trust_policy::UnsignedStatement;
use crate::x509::Purpose;

/// What is found on the way to a validation's result.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) facts: Vec<RevocationFact>,
    pub(super) warnings: Vec<String>,
    /// When the signature was made, at the earliest, as a party other than the signer states.
    pub(super) authentic_time: Option<OffsetDateTime>,
}

impl SignatureCheck<'_> {
    /// The RFC 3161 countersignature: over this very signature, by a trusted authority that was not
    /// revoked, at a time at which every certificate of the signer was valid.
    pub(super) async fn validate_timestamp(
        &self,
        info: &SignerInfo,
        stores: &[&StoreName],
        found: &mut Findings,
    ) -> Result<(), Failure> {
        let stamp = self.verify_timestamp(info, stores)?;
        stamp
            .check_validity(&info.certificate_chain)
            .map_err(|source| Failure::Timestamp { source })?;
        found.authentic_time = Some(stamp.earliest());
        // The policy's action for revocation does not reach here: it is about the signer.
        let answer = revocation::check_chain(
            stamp.chain(),
            Purpose::Timestamping,
            None,
            &self.validators.revocation,
            self.now,
        );
        self.judge_chain(answer.await, Purpose::Timestamping, found)
    }

    /// The timestamp of a signature, by an authority that one of these stores trusts.
    pub(super) fn verify_timestamp(
        &self,
        info: &SignerInfo,
        stores: &[&StoreName],
    ) -> Result<VerifiedTimestamp, Failure> {
        let token = info.unsigned_attributes.timestamp_signature.as_deref();
        let token = token.ok_or(Failure::NoTimestamp)?;
        let mut roots = Vec::new();
        for name in stores {
            let store = self.validators.stores.load(name);
            let store = store.map_err(|source| Failure::TimestampStore { source })?;
            let certificates = store.certificates.iter();
            roots.extend(certificates.map(|trusted| trusted.certificate.clone()));
        }
        timestamp::verify(token, &info.signature, &roots, self.now)
            .map_err(|source| Failure::Timestamp { source })
    }

    pub(super) async fn validate_revocation(
        &self,
        delegate: &Delegate,
        info: &SignerInfo,
        found: &mut Findings,
    ) -> Result<(), Failure> {
        match delegate {
            Delegate::AwsSigner(claims) => {
                let allowed = &self.statement.unsigned_revocation_statements;
                let unsigned = if allowed.contains(&UnsignedStatement::AwsSigner) {
                    UnsignedAnswers::Allowed
                } else {
                    UnsignedAnswers::Refused
                };
                let chain = &info.certificate_chain;
                let aws_signer = &self.validators.aws_signer;
                let inquiry = aws_signer.check(claims, chain, unsigned, self.now).await;
                found.warnings.extend(inquiry.warnings);
                if let Some(evidence) = &inquiry.evidence {
                    let result = &inquiry.result;
                    let fact = RevocationFact::of_aws_signer(evidence, result, self.now);
                    found.facts.push(fact);
                }
                inquiry
                    .result
                    .map_err(|source| Failure::Revocation { source })
            }
            Delegate::Native | Delegate::Plugin(_) => {
                let answer = revocation::check_chain(
                    &info.certificate_chain,
                    Purpose::CodeSigning,
                    authentic_time(info),
                    &self.validators.revocation,
                    self.now,
                );
                self.judge_chain(answer.await, Purpose::CodeSigning, found)
            }
        }
    }

    /// Unknown is not good.
    fn judge_chain(
        &self,
        answer: Result<ChainRevocation, revocation::Error>,
        purpose: Purpose,
        found: &mut Findings,
    ) -> Result<(), Failure> {
        if let Some(problem) = self.validators.revocation.take_cache_problem() {
            found.warnings.push(in_one_line(&problem));
        }
        let answer = answer.map_err(|source| Failure::RevocationNotChecked { source })?;
        let certificates = answer.certificates.iter();
        let facts = certificates.map(|one| RevocationFact::of_certificate(one, self.now));
        found.facts.extend(facts);
        match answer.verdict() {
            Verdict::NotRevoked => Ok(()),
            Verdict::Revoked(certificate) => Err(Failure::CertificateRevoked {
                purpose,
                subject: certificate.subject.clone(),
                details: describe(certificate),
            }),
            Verdict::Unknown(certificate) => Err(Failure::CertificateRevocationUnknown {
                offline: self.validators.revocation.is_offline(),
                purpose,
                subject: certificate.subject.clone(),
                details: describe(certificate),
            }),
        }
    }
}

/// The signing time, where an authority vouches for it.
pub(super) fn authentic_time(info: &SignerInfo) -> Option<OffsetDateTime> {
    let attributes = &info.signed_attributes;
    let is_authentic = attributes.signing_scheme == SigningScheme::SigningAuthority;
    is_authentic.then_some(attributes.signing_time)
}

/// What the sources said about one certificate, a line each.
pub(super) fn describe(certificate: &CertificateRevocation) -> Vec<String> {
    let mut lines = Vec::new();
    if let Status::Revoked {
        evidence,
        at,
        reason,
    } = &certificate.status
    {
        lines.push(format!(
            "{} at `{}` of \"{}\": revoked on \"{}\", {reason}",
            evidence.source.protocol,
            redact_text(&evidence.source.url),
            rfc1123z(evidence.as_of),
            rfc1123z(*at)
        ));
    }
    lines.extend(certificate.failures.iter().map(ToString::to_string));
    lines
}

#[cfg(test)]
mod tests;
