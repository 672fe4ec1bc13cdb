//! Was the signing job, the profile version or a certificate of the chain revoked?
//!
//! AWS Signer's data plane is asked once (`GetRevocationStatus`), in the region of the signing
//! profile unless another is set explicitly, about exactly what the signature rests on. AWS's plugin
//! asks in the caller's region; whether every region knows every job is not documented.

use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;

use super::{Claims, Error};
use crate::algorithm::HashAlgorithm;
use crate::aws::{Aws, Call, CallError, RegionChoice};
use crate::limits::MAX_CHAIN_CERTIFICATES;
use crate::oci::hex;
use crate::x509::Certificate;

/// The signing platform of container images, the only one that can be asked about.
const PLATFORM_ID: &str = "Notation-OCI-SHA384-ECDSA";

/// What AWS Signer says was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokedEntity {
    /// The signing job.
    Job(String),
    /// The signing profile, from some time before the signature.
    Profile(String),
    /// A certificate of the chain, by its subject.
    Certificate(String),
}

impl fmt::Display for RevokedEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(arn) => write!(f, "signing job `{arn}`"),
            Self::Profile(arn) => write!(f, "signing profile `{arn}`"),
            Self::Certificate(subject) => write!(f, "certificate `{subject}`"),
        }
    }
}

pub(super) fn in_words(revoked: &[RevokedEntity]) -> String {
    let names: Vec<String> = revoked.iter().map(RevokedEntity::to_string).collect();
    let verb = if revoked.len() == 1 { "was" } else { "were" };
    format!("{} {verb} revoked", names.join(", "))
}

/// What was revoked, in the words of AWS's plugin; which certificates, it does not say.
pub fn revoked_in_aws_words(revoked: &[RevokedEntity]) -> String {
    let (mut resources, mut subjects) = (Vec::new(), Vec::new());
    for entity in revoked {
        match entity {
            RevokedEntity::Job(arn) | RevokedEntity::Profile(arn) => resources.push(arn.as_str()),
            RevokedEntity::Certificate(subject) => subjects.push(format!("`{subject}`")),
        }
    }
    let mut sentences = Vec::new();
    if !resources.is_empty() {
        sentences.push(format!(
            "Resource(s) {} have been revoked.",
            resources.join(", ")
        ));
    }
    if !subjects.is_empty() {
        sentences.push(format!(
            "Certificate(s) have been revoked. ({})",
            subjects.join(", ")
        ));
    }
    sentences.join(" ")
}

/// The answer that nothing was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotRevoked {
    /// The region that was asked.
    pub region: RegionChoice,
}

/// Asks AWS Signer whether the job, the profile version or a certificate was revoked.
///
/// `certificate_chain` is that of the signature, the leaf first.
///
/// # Errors
///
/// [`Error::Revoked`] or [`Error::UnexpectedEntity`] if AWS named anything, [`Error::Settings`] if
/// the region that is set is of another partition, and [`Error::RevocationUnknown`] if the question
/// was not answered, for whatever reason.
pub async fn check_revocation(
    aws: &Aws,
    claims: &Claims,
    certificate_chain: &[Certificate],
) -> Result<NotRevoked, Error> {
    let question = Question::new(claims, certificate_chain)?;
    let region = aws
        .region_for(claims.signer(), claims.signer().location())
        .map_err(Error::Settings)?;
    let call = Call {
        action: "signer:GetRevocationStatus",
        resource: claims.job().to_string(),
        region: region.region.clone(),
    };
    let signing_time = claims.signing_time();
    let answer = aws
        .signer_data(&region.region)
        .await
        .get_revocation_status()
        .signature_timestamp(DateTime::from_secs_and_nanos(
            signing_time.unix_timestamp(),
            signing_time.nanosecond(),
        ))
        .platform_id(PLATFORM_ID)
        .profile_version_arn(&question.profile)
        .job_arn(&question.job)
        .set_certificate_hashes(Some(
            question
                .certificates
                .iter()
                .map(|(hash, _)| hash.clone())
                .collect(),
        ))
        .customize()
        .interceptor(WantObject)
        .send()
        .await
        .map_err(|error| Error::RevocationUnknown(CallError::from_sdk(call, &error)))?;
    question.judge(answer.revoked_entities())?;
    Ok(NotRevoked { region })
}

/// Refuses a successful answer that is not a JSON object. The SDK reads an empty body as an empty
/// object, which is how AWS says that nothing was revoked.
#[derive(Debug)]
struct WantObject;

impl Intercept for WantObject {
    fn name(&self) -> &'static str {
        "WantObject"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let is_object = response.body().bytes().is_some_and(|body| {
            serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).is_ok()
        });
        if response.status().is_success() && !(response.status().as_u16() == 200 && is_object) {
            return Err("the answer is not a JSON object".into());
        }
        Ok(())
    }
}

/// What is asked about.
struct Question {
    job: String,
    profile: String,
    /// Each certificate's hash as the API wants it, and its subject.
    certificates: Vec<(String, String)>,
}

impl Question {
    fn new(claims: &Claims, certificate_chain: &[Certificate]) -> Result<Self, Error> {
        if certificate_chain.is_empty() || certificate_chain.len() > MAX_CHAIN_CERTIFICATES {
            return Err(Error::ChainLength {
                found: certificate_chain.len(),
                limit: MAX_CHAIN_CERTIFICATES,
            });
        }
        let subjects = certificate_chain
            .iter()
            .map(|certificate| certificate.subject().to_string());
        Ok(Self {
            job: claims.job().to_string(),
            profile: claims.signer().to_string(),
            certificates: certificate_hashes(certificate_chain)
                .into_iter()
                .zip(subjects)
                .collect(),
        })
    }

    /// Nothing may be in the answer but what was asked about, and then it was revoked.
    fn judge(&self, answer: &[String]) -> Result<(), Error> {
        let mut revoked = Vec::new();
        let mut unexpected = None;
        for entity in answer {
            if *entity == self.job {
                revoked.push(RevokedEntity::Job(entity.clone()));
            } else if *entity == self.profile {
                revoked.push(RevokedEntity::Profile(entity.clone()));
            } else if let Some((_, subject)) =
                self.certificates.iter().find(|(hash, _)| hash == entity)
            {
                revoked.push(RevokedEntity::Certificate(subject.clone()));
            } else {
                unexpected.get_or_insert_with(|| shown(entity));
            }
        }
        match unexpected {
            _ if !revoked.is_empty() => Err(Error::Revoked { revoked }),
            Some(entity) => Err(Error::UnexpectedEntity { entity }),
            None => Ok(()),
        }
    }
}

/// An entity for an error: one bounded line. The API allows 2048 characters.
fn shown(entity: &str) -> String {
    entity
        .chars()
        .take(2_048)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// For each certificate SHA-384 of what is signed in it, and of what is signed in its issuer; the
/// last is its own issuer.
fn certificate_hashes(certificate_chain: &[Certificate]) -> Vec<String> {
    let hashes: Vec<String> = certificate_chain
        .iter()
        .map(|certificate| hex(&HashAlgorithm::Sha384.hash(certificate.tbs_der())))
        .collect();
    let issuers = hashes.iter().skip(1).chain(hashes.last());
    hashes
        .iter()
        .zip(issuers)
        .map(|(hash, issuer)| format!("{hash}{issuer}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{JOB, VERSION};
    use super::*;

    fn question() -> Question {
        Question {
            job: JOB.to_owned(),
            profile: VERSION.to_owned(),
            certificates: vec![
                ("aa".to_owned(), "CN=leaf".to_owned()),
                ("bb".to_owned(), "CN=root".to_owned()),
            ],
        }
    }

    fn judge(answer: &[&str]) -> Result<(), Error> {
        let answer: Vec<String> = answer.iter().map(|&entity| entity.to_owned()).collect();
        question().judge(&answer)
    }

    #[test]
    fn certificates_are_named_by_their_hash_and_their_issuers() {
        // The hash of AWS Signer's published root, as another implementation computes it.
        const ROOT: &str = "163b39eb810821441b047ddf99b17fec3db7c40fc0e5fcd4fd69818dd8e953d4752d210c9e6f6382eff98edc0a2771ea";
        let root = include_bytes!("../../trustpolicy/roots/aws-signer-notation-root.crt");
        let root = crate::x509::parse_certificates(root).unwrap().remove(0);
        let leaf = crate::x509::testing::self_signed("leaf");
        assert_eq!(
            certificate_hashes(std::slice::from_ref(&root)),
            [format!("{ROOT}{ROOT}")]
        );
        let leaf_hash = hex(&HashAlgorithm::Sha384.hash(leaf.tbs_der()));
        assert_eq!(
            certificate_hashes(&[leaf, root]),
            [format!("{leaf_hash}{ROOT}"), format!("{ROOT}{ROOT}")]
        );
    }

    #[test]
    fn only_an_empty_answer_is_a_good_one() {
        judge(&[]).unwrap();
        for (answer, words) in [
            (&[JOB][..], format!("signing job `{JOB}` was revoked")),
            (
                &[VERSION][..],
                format!("signing profile `{VERSION}` was revoked"),
            ),
            (&["bb"][..], "certificate `CN=root` was revoked".to_owned()),
            (
                &["other", "aa", JOB][..],
                format!("certificate `CN=leaf`, signing job `{JOB}` were revoked"),
            ),
        ] {
            let error = judge(answer).unwrap_err();
            assert!(matches!(error, Error::Revoked { .. }));
            assert_eq!(error.to_string(), words);
            assert!(!error.is_inconclusive());
        }
    }

    #[test]
    fn what_was_not_asked_about_fails_too() {
        for entity in [
            "",
            "cc",
            "AA",
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images",
        ] {
            assert!(matches!(
                judge(&[entity]),
                Err(Error::UnexpectedEntity { entity: found }) if found == entity
            ));
        }
    }
}
