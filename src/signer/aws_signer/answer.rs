//! What `SignPayload` answered, held against what was asked (conformance of a signer's answer:
//! `plugin-extensibility.md`, "Using envelope generator").

use std::collections::BTreeMap;

use aws_sdk_signer::operation::sign_payload::SignPayloadOutput;
use time::OffsetDateTime;

use super::{Signature, SignedEnvelope, SigningProfile};
use crate::aws::RegionChoice;
use crate::envelope::{self, UnverifiedEnvelope, VerifiedEnvelope};
use crate::extended_validation::{self, Claims, PLUGIN_NAME, Signer, attribute};
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE};
use crate::outcome::Failure;
use crate::payload::{self, Payload};
use crate::rules;

/// What is wrong with an answer of `SignPayload`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerProblem {
    /// No envelope.
    #[error("it has no signature")]
    NoSignature,
    /// Not a good envelope.
    #[error("its envelope does not verify")]
    Envelope(#[source] envelope::Error),
    /// The envelope says that it holds something else.
    #[error("its envelope holds `{found}`, wanted `{PAYLOAD_MEDIA_TYPE}`")]
    ContentType {
        /// The content type found.
        found: String,
    },
    /// The envelope's payload is not one.
    #[error("its envelope's payload cannot be read")]
    Payload(#[source] payload::Error),
    /// The envelope is for another artifact.
    #[error("its envelope is for {member} `{found}`, and `{sent}` was sent")]
    OtherArtifact {
        /// Which part differs.
        member: &'static str,
        /// What was sent.
        sent: String,
        /// What was signed.
        found: String,
    },
    /// An annotation of the payload was changed or dropped.
    #[error("its envelope does not have the annotation `{name}` as it was sent")]
    Annotation {
        /// The annotation's name.
        name: String,
    },
    /// The payload has more than was sent.
    #[error("its envelope's payload has `{member}`, which was not sent")]
    UnknownMember {
        /// The member's path.
        member: String,
    },
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
    /// The envelope does not ask for AWS Signer's plugin, so nobody would check it for revocation.
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
    /// A good envelope that no verification accepts.
    #[error("`verify` would refuse its envelope")]
    Refused(#[source] Box<Failure>),
}

impl AnswerProblem {
    /// Verifies an envelope that a signer made for the payload `sent`, as `verify` would at `now`, and
    /// gives it back.
    pub(in crate::signer) fn find(
        sent: &Payload,
        format: EnvelopeFormat,
        bytes: &[u8],
        now: OffsetDateTime,
    ) -> Result<VerifiedEnvelope, Self> {
        let envelope = Self::find_in_payload(sent, format, bytes)?;
        Self::find_in_attributes(&envelope, now)?;
        Ok(envelope)
    }

    /// That the envelope is intact and for `sent`.
    fn find_in_payload(
        sent: &Payload,
        format: EnvelopeFormat,
        bytes: &[u8],
    ) -> Result<VerifiedEnvelope, Self> {
        let envelope = UnverifiedEnvelope::parse(format, bytes)
            .and_then(UnverifiedEnvelope::verify)
            .map_err(Self::Envelope)?;
        let found = &envelope.signer_info().signed_attributes.content_type;
        if found != PAYLOAD_MEDIA_TYPE {
            return Err(Self::ContentType {
                found: found.clone(),
            });
        }
        let found = Payload::parse(envelope.payload()).map_err(Self::Payload)?;
        check_payload(sent, &found)?;
        Ok(envelope)
    }

    /// That nothing it says of itself is a reason to refuse it.
    fn find_in_attributes(envelope: &VerifiedEnvelope, now: OffsetDateTime) -> Result<(), Self> {
        rules::check(envelope.signer_info(), now)
            .map_err(|failure| Self::Refused(Box::new(failure)))
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Envelope(source) => source.hint(),
            Self::Refused(failure) => failure.hint(),
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
    let format = EnvelopeFormat::Jws;
    let bytes = output
        .signature
        .ok_or(AnswerProblem::NoSignature)?
        .into_inner();
    let envelope = AnswerProblem::find_in_payload(sent, format, &bytes)?;
    let signer_info = envelope.signer_info();
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
    let job = claims.job();
    if let Some(answered) = output.job_id
        && answered != job.id()
    {
        return Err(AnswerProblem::OtherJob {
            found: job.id().to_owned(),
            answered,
        });
    }
    if attributes.verification_plugin.as_deref() != Some(PLUGIN_NAME) {
        return Err(AnswerProblem::VerificationPlugin {
            found: attributes.verification_plugin.clone().unwrap_or_default(),
        });
    }
    if let Some(unknown) = attributes
        .extended
        .iter()
        .find(|found| !attribute::ALL.contains(&found.name.as_str()))
    {
        return Err(AnswerProblem::UnknownAttribute {
            name: unknown.name.clone(),
        });
    }
    AnswerProblem::find_in_attributes(&envelope, now)?;
    let annotations: BTreeMap<String, String> =
        output.metadata.unwrap_or_default().into_iter().collect();
    Ok(Signature {
        envelope: SignedEnvelope {
            format,
            bytes,
            annotations,
        },
        signer: claims.signer().clone(),
        job: job.clone(),
        region,
    })
}

/// The descriptor is the same, no annotation was changed or dropped, and nothing unknown was added.
fn check_payload(sent: &Payload, found: &Payload) -> Result<(), AnswerProblem> {
    let (sent_target, found_target) = (&sent.target_artifact, &found.target_artifact);
    let members = [
        (
            "media type",
            sent_target.media_type.clone(),
            found_target.media_type.clone(),
        ),
        (
            "digest",
            sent_target.digest.to_string(),
            found_target.digest.to_string(),
        ),
        (
            "size",
            sent_target.size.to_string(),
            found_target.size.to_string(),
        ),
    ];
    if let Some((member, sent, found)) = members.into_iter().find(|(_, sent, found)| sent != found)
    {
        return Err(AnswerProblem::OtherArtifact {
            member,
            sent,
            found,
        });
    }
    let changed = sent_target
        .annotations
        .iter()
        .find(|(name, value)| found_target.annotations.get(*name) != Some(*value));
    if let Some((name, _)) = changed {
        return Err(AnswerProblem::Annotation { name: name.clone() });
    }
    let added = found
        .unknown_members()
        .iter()
        .find(|member| !sent.unknown_members().contains(member));
    match added {
        Some(member) => Err(AnswerProblem::UnknownMember {
            member: member.clone(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use aws_sdk_signer::primitives::Blob;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;
    use crate::x509::testing::Request;

    const SENT: &str = r#"{"targetArtifact":{"annotations":{"a":"1"},"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","mediaType":"application/vnd.oci.image.manifest.v1+json","size":7}}"#;
    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";
    /// A day after the signatures here.
    const NOW: OffsetDateTime = datetime!(2026-01-03 03:04:05 UTC);
    const JOB: &str = "97af3947-e7b2-4533-8d9d-6741156f0b79";

    fn compared(from: &str, to: &str) -> Result<(), AnswerProblem> {
        let parse = |text: &str| Payload::parse(text.as_bytes()).unwrap();
        assert!(SENT.contains(from));
        check_payload(&parse(SENT), &parse(&SENT.replace(from, to)))
    }

    #[test]
    fn the_payload_that_comes_back_is_the_one_sent() {
        compared("size", "size").unwrap();
        compared(r#"{"a":"1"}"#, r#"{"a":"1","b":"2"}"#).unwrap();
        for (from, to, wanted) in [
            ("manifest.v1", "manifest.v2", "media type"),
            ("e3b0", "e3b1", "digest"),
            ("\"size\":7", "\"size\":8", "size"),
        ] {
            assert!(matches!(
                compared(from, to),
                Err(AnswerProblem::OtherArtifact { member, .. }) if member == wanted
            ));
        }
        for annotations in ["{}", r#"{"a":"2"}"#, r#"{"A":"1"}"#] {
            assert!(matches!(
                compared(r#"{"a":"1"}"#, annotations),
                Err(AnswerProblem::Annotation { name }) if name == "a"
            ));
        }
        assert!(matches!(
            compared("\"size\":7", "\"size\":7,\"new\":1"),
            Err(AnswerProblem::UnknownMember { member }) if member == "targetArtifact.new"
        ));
        assert!(matches!(
            compared("\"size\":7}", "\"size\":7},\"new\":1"),
            Err(AnswerProblem::UnknownMember { member }) if member == "new"
        ));
    }

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
            assert_eq!(signed.envelope.format, EnvelopeFormat::Jws);
            assert_eq!(
                signed.envelope.annotations,
                BTreeMap::from([("k".to_owned(), "v".to_owned())])
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
            AnswerProblem::ContentType { .. } | AnswerProblem::Envelope(_)
        ));
    }

    #[test]
    fn an_answer_that_verify_would_refuse_is_refused() {
        let refused = |name: &str, value: Value| match answered(PROFILE, &with(name, value)) {
            Err(AnswerProblem::Refused(failure)) => *failure,
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
