//! `Sign`: a message or its digest.

use aws_lc_rs::digest::{Digest, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Context, base64, crypto, keys, required,
    spec::{KeyUsage, SigningAlgorithm},
    validation, violation,
};
use crate::{error::AwsError, faults::Tamper};

/// Bytes of a message at most; what is longer is signed by its digest.
const MAX_MESSAGE_BYTES: usize = 4_096;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SignInput {
    key_id: Option<String>,
    message: Option<String>,
    message_type: Option<String>,
    signing_algorithm: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

pub(super) fn sign(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: SignInput = context.input()?;
    let key_id = required("keyId", input.key_id)?;
    let message = base64("message", &required("message", input.message)?)?;
    check_length(&message)?;
    let name = required("signingAlgorithm", input.signing_algorithm)?;
    let is_digest = is_digest(input.message_type.as_deref())?;

    let algorithm = SigningAlgorithm::of(&name);
    if algorithm.is_none() && !SigningAlgorithm::is_only_of_aws(&name) {
        let constraint = format!(
            "Member must satisfy enum value set: [{}]",
            SigningAlgorithm::names()
        );
        return Err(violation("signingAlgorithm", Some(&name), &constraint));
    }
    let key = keys::find_by_id(context, "Sign", &key_id)?;
    key.check_enabled()?;
    if key.usage != KeyUsage::SignVerify {
        return Err(invalid_usage(format!(
            "{} key usage is {} which is not valid for Sign.",
            key.arn(),
            key.usage.name()
        )));
    }
    let algorithm = algorithm.filter(|it| key.spec.signing_algorithms().contains(it));
    let algorithm = algorithm.ok_or_else(|| {
        invalid_usage(format!(
            "Algorithm {name} is incompatible with key spec {}.",
            key.spec.name()
        ))
    })?;
    let digest = if is_digest {
        Digest::import_less_safe(&message, algorithm.digest())
            .map_err(|_| validation(format!("Digest is invalid length for algorithm {name}.")))?
    } else {
        digest(algorithm.digest(), &message)
    };
    if input.dry_run {
        return Err(AwsError::client(
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.",
        ));
    }
    let material = key.material.as_ref();
    let material = material.ok_or_else(|| crypto(aws_lc_rs::error::Unspecified))?;
    let mut signature = material
        .sign(key.spec, algorithm, &digest)
        .map_err(crypto)?;
    // Its last bit: still DER, and still of the right length.
    if let (Some(Tamper::Signature), Some(last)) = (context.tamper, signature.last_mut()) {
        *last ^= 1;
    }
    Ok(json!({
        "KeyId": key.arn(),
        "Signature": STANDARD.encode(signature),
        "SigningAlgorithm": name,
    }))
}

fn check_length(message: &[u8]) -> Result<(), AwsError> {
    let bound = if message.is_empty() {
        "greater than or equal to 1".to_owned()
    } else if message.len() > MAX_MESSAGE_BYTES {
        format!("less than or equal to {MAX_MESSAGE_BYTES}")
    } else {
        return Ok(());
    };
    let constraint = format!("Member must have length {bound}");
    Err(violation("message", None, &constraint))
}

/// Whether the message is a digest; without a type it is not.
fn is_digest(message_type: Option<&str>) -> Result<bool, AwsError> {
    match message_type {
        None | Some("RAW") => Ok(false),
        Some("DIGEST") => Ok(true),
        Some("EXTERNAL_MU") => Err(validation(
            "Message type EXTERNAL_MU is for algorithm ML_DSA_SHAKE_256 alone.",
        )),
        Some(name) => Err(violation(
            "messageType",
            Some(name),
            "Member must satisfy enum value set: [RAW, DIGEST, EXTERNAL_MU]",
        )),
    }
}

fn invalid_usage(message: String) -> AwsError {
    AwsError::client("InvalidKeyUsageException", message)
}
