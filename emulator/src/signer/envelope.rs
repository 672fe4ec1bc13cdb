//! The envelope of `SignPayload`: a JWS in the Notary Project's form, with the attributes that AWS Signer's have.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::Serialize;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{authority::SigningIdentity, error::AwsError, faults::Tamper};

/// The only payload format that AWS Signer takes.
pub(crate) const PAYLOAD_FORMAT: &str = "application/vnd.cncf.notary.payload.v1+json";

/// What the protected header says.
#[derive(Debug, Clone)]
pub(crate) struct Attributes {
    pub(crate) signing_time: OffsetDateTime,
    pub(crate) expiry: OffsetDateTime,
    pub(crate) profile_version_arn: String,
    pub(crate) job_arn: String,
}

/// The protected header. The order of its members and of `crit` in AWS's own envelopes is not published.
#[derive(Serialize)]
struct Protected<'a> {
    alg: &'a str,
    cty: &'a str,
    crit: Vec<&'a str>,
    #[serde(rename = "io.cncf.notary.signingScheme")]
    signing_scheme: &'a str,
    #[serde(rename = "io.cncf.notary.authenticSigningTime")]
    authentic_signing_time: String,
    #[serde(rename = "io.cncf.notary.expiry")]
    expiry: String,
    #[serde(rename = "io.cncf.notary.verificationPlugin")]
    verification_plugin: &'a str,
    #[serde(rename = "com.amazonaws.signer.signingJob")]
    signing_job: &'a str,
    #[serde(rename = "com.amazonaws.signer.signingProfileVersion")]
    signing_profile_version: &'a str,
    /// Only for [`Tamper::Attribute`].
    #[serde(
        rename = "com.amazonaws.signer.unknownAttribute",
        skip_serializing_if = "Option::is_none"
    )]
    unknown_attribute: Option<&'a str>,
}

#[derive(Serialize)]
struct Envelope {
    payload: String,
    protected: String,
    header: Unprotected,
    signature: String,
}

/// AWS's envelopes name no signing agent and have no timestamp.
#[derive(Serialize)]
struct Unprotected {
    x5c: Vec<String>,
}

/// Signs `payload`. `tamper` may change the signature or the header; other tampering is the caller's.
pub(crate) fn sign(
    payload: &[u8],
    attributes: &Attributes,
    identity: &SigningIdentity,
    tamper: Option<Tamper>,
) -> Result<Vec<u8>, AwsError> {
    let rfc3339 = |time: OffsetDateTime| {
        time.format(&Rfc3339)
            .map_err(|error| AwsError::internal(error.to_string()))
    };
    let mut protected = Protected {
        alg: "ES384",
        cty: PAYLOAD_FORMAT,
        crit: vec![
            "io.cncf.notary.signingScheme",
            "io.cncf.notary.authenticSigningTime",
            "io.cncf.notary.expiry",
            "io.cncf.notary.verificationPlugin",
            "com.amazonaws.signer.signingProfileVersion",
            "com.amazonaws.signer.signingJob",
        ],
        signing_scheme: "notary.x509.signingAuthority",
        authentic_signing_time: rfc3339(attributes.signing_time)?,
        expiry: rfc3339(attributes.expiry)?,
        verification_plugin: "com.amazonaws.signer.notation.plugin",
        signing_job: &attributes.job_arn,
        signing_profile_version: &attributes.profile_version_arn,
        unknown_attribute: None,
    };
    if tamper == Some(Tamper::Attribute) {
        protected.crit.push("com.amazonaws.signer.unknownAttribute");
        protected.unknown_attribute = Some("tampered");
    }
    let protected =
        serde_json::to_vec(&protected).map_err(|error| AwsError::internal(error.to_string()))?;
    let (protected, payload) = (
        URL_SAFE_NO_PAD.encode(protected),
        URL_SAFE_NO_PAD.encode(payload),
    );

    let unusable = |_| AwsError::internal("the emulator's signing key cannot be used");
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &identity.key)
        .map_err(|_| AwsError::internal("the emulator's signing key cannot be read"))?;
    let signature = key
        .sign(
            &SystemRandom::new(),
            format!("{protected}.{payload}").as_bytes(),
        )
        .map_err(unusable)?;
    let mut signature = signature.as_ref().to_vec();
    if let (Some(Tamper::Signature), Some(last)) = (tamper, signature.last_mut()) {
        *last ^= 1;
    }

    let x5c = identity
        .chain
        .iter()
        .map(|certificate| STANDARD.encode(certificate))
        .collect();
    let envelope = Envelope {
        payload,
        protected,
        header: Unprotected { x5c },
        signature: URL_SAFE_NO_PAD.encode(signature),
    };
    serde_json::to_vec(&envelope).map_err(|error| AwsError::internal(error.to_string()))
}
