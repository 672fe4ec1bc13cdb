//! What `SignPayload` answered, held against what was asked (conformance of a signer's answer:
//! `plugin-extensibility.md`, "Using envelope generator").

use aws_sdk_signer::operation::sign_payload::SignPayloadOutput;
use time::OffsetDateTime;

use super::super::new_envelope::{EnvelopeFlaw, verify_new_envelope_and};
use super::{Signature, SigningProfile};
use crate::aws::RegionChoice;
use crate::extended_validation::{self, Claims, PLUGIN_NAME, Signer, attribute};
use crate::notary::EnvelopeFormat;
use crate::payload::Payload;
use crate::signer_info::SignerInfo;

/// What is wrong with an answer of `SignPayload`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerProblem {
    /// No envelope.
    #[error("it has no signature")]
    NoSignature,
    /// Not an envelope of what was sent that `verify` accepts.
    #[error(transparent)]
    Envelope(#[from] EnvelopeFlaw),
    /// The envelope does not say what AWS Signer's envelopes say.
    #[error("its envelope is not one of AWS Signer")]
    Claims(#[source] extended_validation::Error),
    /// Another profile, or another version of it, signed.
    #[error("it was signed with `{found}`{}", warning.as_deref().map_or_else(String::new, |warning| format!("; {warning}")))]
    OtherProfile {
        /// The profile version that signed.
        found: String,
        /// That the region asked is not the one in the ARN.
        warning: Option<String>,
    },
    /// The envelope names another job than the answer around it.
    #[error("its envelope is of the job `{found}`, and the answer of `{answered}`")]
    OtherJob {
        /// The job in the envelope.
        found: String,
        /// The job in the answer.
        answered: String,
    },
    /// The envelope does not ask for AWS Signer's plugin, so no verifier would check it for revocation.
    #[error("its envelope asks for the plugin `{found}`, wanted `{PLUGIN_NAME}`")]
    VerificationPlugin {
        /// The plugin found.
        found: String,
    },
    /// The envelope has an attribute that no verifier knows.
    #[error("its envelope has the attribute `{name}`, which is not one of AWS Signer's")]
    UnknownAttribute {
        /// The attribute.
        name: String,
    },
}

impl AnswerProblem {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Envelope(flaw @ (EnvelopeFlaw::Envelope(_) | EnvelopeFlaw::Refused(_))) => {
                flaw.hint()
            }
            Self::OtherProfile {
                warning: Some(_), ..
            } => Some("omit the region; the one in the ARN is used".to_owned()),
            Self::OtherProfile { .. } => Some(
                "AWS Signer signs with the profile's current version; name the profile without a version, or that one"
                    .to_owned(),
            ),
            _ => Some("the signature was not used; if this happens again, report it to AWS".to_owned()),
        }
    }
}

pub(super) fn check(
    profile: &SigningProfile,
    sent: &Payload,
    region: RegionChoice,
    output: SignPayloadOutput,
    now: OffsetDateTime,
) -> Result<Signature, AnswerProblem> {
    let bytes = output
        .signature
        .ok_or(AnswerProblem::NoSignature)?
        .into_inner();
    let own = |info: &SignerInfo| check_claims(profile, &region, output.job_id.as_deref(), info);
    let (envelope, claims) = verify_new_envelope_and(sent, EnvelopeFormat::Jws, bytes, now, own)?;
    let annotations = output.metadata.unwrap_or_default().into_iter().collect();
    Ok(Signature {
        envelope: envelope.with_annotations(annotations),
        signer: claims.signer().clone(),
        job: claims.job().clone(),
        region,
    })
}

/// What AWS Signer vouches for: the profile that was asked, the job of the answer around the
/// envelope, and nothing that its plugin does not know.
fn check_claims(
    profile: &SigningProfile,
    region: &RegionChoice,
    answered_job: Option<&str>,
    signer_info: &SignerInfo,
) -> Result<Claims, AnswerProblem> {
    let attributes = &signer_info.signed_attributes;
    let claims = Claims::from_signer_info(signer_info).map_err(AnswerProblem::Claims)?;
    let is_asked_one = match claims.signer() {
        Signer::ProfileVersion(version) => profile.is(version),
        // Where a profile is only known by its alias, nothing in the answer names the profile.
        Signer::AliasedProfile(_) => false,
    };
    if !is_asked_one {
        return Err(AnswerProblem::OtherProfile {
            found: claims.signer().to_string(),
            warning: region.warning(),
        });
    }
    let job = claims.job().id();
    if let Some(answered) = answered_job
        && answered != job
    {
        return Err(AnswerProblem::OtherJob {
            found: job.to_owned(),
            answered: answered.to_owned(),
        });
    }
    if attributes.verification_plugin.as_deref() != Some(PLUGIN_NAME) {
        return Err(AnswerProblem::VerificationPlugin {
            found: attributes.verification_plugin.clone().unwrap_or_default(),
        });
    }
    let mut extended = attributes.extended.iter();
    match extended.find(|found| !attribute::ALL.contains(&found.name.as_str())) {
        Some(unknown) => Err(AnswerProblem::UnknownAttribute {
            name: unknown.name.clone(),
        }),
        None => Ok(claims),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use aws_sdk_signer::primitives::Blob;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;
    use crate::notary::PAYLOAD_MEDIA_TYPE;
    use crate::outcome::Failure;
    use crate::x509::testing::Request;

    const SENT: &str = r#"{"targetArtifact":{"annotations":{"a":"1"},"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","mediaType":"application/vnd.oci.image.manifest.v1+json","size":7}}"#;
    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";
    /// A day after the signatures here.
    const NOW: OffsetDateTime = datetime!(2026-01-03 03:04:05 UTC);
    const JOB: &str = "97af3947-e7b2-4533-8d9d-6741156f0b79";

    /// The header of a good answer.
    fn header() -> Value {
        json!({
            "alg": "ES256",
            "cty": PAYLOAD_MEDIA_TYPE,
            "crit": [
                "io.cncf.notary.signingScheme",
                "io.cncf.notary.authenticSigningTime",
                "io.cncf.notary.verificationPlugin",
                "com.amazonaws.signer.signingProfileVersion",
                "com.amazonaws.signer.signingJob",
            ],
            "io.cncf.notary.signingScheme": "notary.x509.signingAuthority",
            "io.cncf.notary.authenticSigningTime": "2026-01-02T03:04:05Z",
            "io.cncf.notary.verificationPlugin": PLUGIN_NAME,
            "com.amazonaws.signer.signingProfileVersion": format!("{PROFILE}/OF8IVUsPJq"),
            "com.amazonaws.signer.signingJob": format!("arn:aws:signer:us-west-2:111122223333:/signing-jobs/{JOB}"),
        })
    }

    /// A JWS with this header, signed well.
    fn signed(header: &Value) -> Vec<u8> {
        let root = Request::authority("root").self_signed();
        let leaf = Request::leaf("leaf").issued_by(&root);
        let protected = URL_SAFE_NO_PAD.encode(header.to_string());
        let payload = URL_SAFE_NO_PAD.encode(SENT);
        let message = format!("{protected}.{payload}");
        let key = leaf.key.serialize_der();
        let signature = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key)
            .unwrap()
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap();
        let chain = [&leaf, &root].map(|identity| STANDARD.encode(identity.certificate.der()));
        let envelope = json!({
            "payload": payload,
            "protected": protected,
            "header": { "x5c": chain },
            "signature": URL_SAFE_NO_PAD.encode(signature),
        });
        envelope.to_string().into_bytes()
    }

    fn answered(profile: &str, header: &Value) -> Result<Signature, AnswerProblem> {
        let output = SignPayloadOutput::builder()
            .job_id(JOB)
            .metadata("k", "v")
            .signature(Blob::new(signed(header)))
            .build();
        judged(profile, output)
    }

    fn judged(profile: &str, output: SignPayloadOutput) -> Result<Signature, AnswerProblem> {
        let sent = Payload::parse(SENT.as_bytes()).unwrap();
        let region = RegionChoice {
            region: "us-west-2".to_owned(),
            conflicts_with: None,
        };
        check(
            &SigningProfile::parse(profile).unwrap(),
            &sent,
            region,
            output,
            NOW,
        )
    }

    /// The header with one member changed; `crit` follows.
    fn with(name: &str, value: Value) -> Value {
        let mut header = header();
        if header.get(name).is_none() {
            header["crit"].as_array_mut().unwrap().push(json!(name));
        }
        header[name] = value;
        header
    }

    #[test]
    fn a_good_answer_is_handed_on_as_it_came() {
        let version = format!("{PROFILE}/OF8IVUsPJq");
        for profile in [PROFILE, &version] {
            let signed = answered(profile, &header()).unwrap();
            assert_eq!(signed.signer.to_string(), version);
            assert_eq!(signed.job.id(), JOB);
            assert_eq!(signed.envelope.format(), EnvelopeFormat::Jws);
            assert_eq!(
                signed.envelope.annotations(),
                &BTreeMap::from([("k".to_owned(), "v".to_owned())])
            );
        }
    }

    #[test]
    fn an_answer_with_another_header_is_refused() {
        let profile_version = "com.amazonaws.signer.signingProfileVersion";
        for other in [
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Image/OF8IVUsPJq",
            "arn:aws:signer:us-west-2:999922223333:/signing-profiles/Images/OF8IVUsPJq",
            "arn:aws:signer:us-east-1:111122223333:/signing-profiles/Images/OF8IVUsPJq",
            "arn:aws:signer:us-west-2:111122223333:/aliased-signing-profiles/97af3947",
        ] {
            assert!(matches!(
                answered(PROFILE, &with(profile_version, json!(other))),
                Err(AnswerProblem::OtherProfile { found, .. }) if found == other
            ));
        }
        assert!(matches!(
            answered(&format!("{PROFILE}/XXXXXXXXXX"), &header()),
            Err(AnswerProblem::OtherProfile { .. })
        ));
        assert!(matches!(
            answered(PROFILE, &with(profile_version, json!("x"))),
            Err(AnswerProblem::Claims(
                extended_validation::Error::Attribute { .. }
            ))
        ));
        let job = json!("arn:aws:signer:us-west-2:111122223333:/signing-jobs/0000");
        assert!(matches!(
            answered(PROFILE, &with("com.amazonaws.signer.signingJob", job)),
            Err(AnswerProblem::OtherJob { found, .. }) if found == "0000"
        ));
        assert!(matches!(
            answered(PROFILE, &with("io.cncf.notary.verificationPlugin", json!("other"))),
            Err(AnswerProblem::VerificationPlugin { found }) if found == "other"
        ));
        assert!(matches!(
            answered(PROFILE, &with("com.example.new", json!(1))),
            Err(AnswerProblem::UnknownAttribute { name }) if name == "com.example.new"
        ));
        let text = answered(PROFILE, &with("cty", json!("text/plain"))).unwrap_err();
        assert!(matches!(
            text,
            AnswerProblem::Envelope(EnvelopeFlaw::ContentType { .. } | EnvelopeFlaw::Envelope(_))
        ));
    }

    #[test]
    fn an_answer_that_verify_would_refuse_is_refused() {
        let refused = |name: &str, value: Value| match answered(PROFILE, &with(name, value)) {
            Err(AnswerProblem::Envelope(EnvelopeFlaw::Refused(failure))) => *failure,
            other => panic!("{other:?}"),
        };
        let expiry = "io.cncf.notary.expiry";
        assert!(matches!(
            refused(expiry, json!("2026-01-03T03:04:05Z")),
            Failure::Expired { expiry } if expiry == NOW
        ));
        answered(PROFILE, &with(expiry, json!("2026-01-03T03:04:06Z"))).unwrap();
        let time = "io.cncf.notary.authenticSigningTime";
        assert!(matches!(
            refused(time, json!("2026-01-03T03:09:06Z")),
            Failure::SignedInTheFuture { now, .. } if now == NOW
        ));
        answered(PROFILE, &with(time, json!("2026-01-03T03:09:05Z"))).unwrap();
        assert!(matches!(
            refused(time, json!("1999-01-01T00:00:00Z")),
            Failure::CertificateNotValid { .. }
        ));
        let version = "io.cncf.notary.verificationPluginMinVersion";
        assert!(matches!(
            refused(version, json!("99.0.0")),
            Failure::PluginTooOld { wanted, .. } if wanted == "99.0.0"
        ));
    }

    #[test]
    fn a_signature_by_another_scheme_or_none_is_refused() {
        let mut header = header();
        let members = header.as_object_mut().unwrap();
        members.remove("io.cncf.notary.authenticSigningTime");
        members.insert(
            "io.cncf.notary.signingTime".to_owned(),
            json!("2026-01-02T03:04:05Z"),
        );
        members.insert(
            "io.cncf.notary.signingScheme".to_owned(),
            json!("notary.x509"),
        );
        members["crit"]
            .as_array_mut()
            .unwrap()
            .retain(|name| name != "io.cncf.notary.authenticSigningTime");
        assert!(matches!(
            answered(PROFILE, &header),
            Err(AnswerProblem::Claims(extended_validation::Error::Scheme { found })) if found == "notary.x509"
        ));
        assert!(matches!(
            judged(PROFILE, SignPayloadOutput::builder().build()),
            Err(AnswerProblem::NoSignature)
        ));
    }
}
