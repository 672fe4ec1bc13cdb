//! Whether a function may have its code and its layers.

use super::Context;
use super::checks::{Signature, Untrusted, signature, trust};
use super::store::{CodeSigningConfig, Policy, Signed, Store};
use crate::error::AwsError;

/// Recorded of AWS. The two that follow are not: what AWS says of an expired or revoked signature is not known.
const DAMAGED: &str = "The function or layer code is not properly signed. This can mean that the code was signed \
                       incorrectly or modified after it was signed.";
const MISMATCH: &str = "The function or layer might be signed using a signature that the client is not configured to \
                        accept.";
const EXPIRED: &str = "The signature of the function or layer code has expired.";
const REVOKED: &str = "The signature of the function or layer code has been revoked.";

fn refused(why: &str, arn: &str) -> AwsError {
    let message =
        format!("Lambda cannot deploy the function. {why} Check the provided signature for {arn}.");
    AwsError::client("CodeVerificationFailedException", message)
}

/// The code signing configuration of this ARN.
pub(super) fn config<'s>(store: &'s Store, arn: &str) -> Result<&'s CodeSigningConfig, AwsError> {
    store.configs.get(arn).ok_or_else(|| {
        AwsError::new(
            http::StatusCode::NOT_FOUND,
            "CodeSigningConfigNotFoundException",
            format!("The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}."),
        )
    })
}

/// What signed an archive that a function gets; refused if its configuration does not let it. A damaged signature is
/// refused whatever the policy.
pub(super) fn admit_code(
    context: &Context<'_>,
    config: Option<&CodeSigningConfig>,
    archive: &[u8],
    function: &str,
) -> Result<Option<Signed>, AwsError> {
    let signed = match (signature(context, archive)?, config) {
        (Signature::Damaged, Some(_)) => return Err(refused(DAMAGED, function)),
        (Signature::Damaged | Signature::None, _) => None,
        (Signature::Intact(signed), _) => Some(signed),
    };
    if let Some(config) = config {
        admit(context, config, signed.as_ref(), function)?;
    }
    Ok(signed)
}

/// Refuses layers that the configuration does not trust.
pub(super) fn admit_layers(
    context: &Context<'_>,
    store: &Store,
    config: Option<&CodeSigningConfig>,
    layers: &[String],
) -> Result<(), AwsError> {
    for arn in layers {
        let layer = super::layers::find(store, arn)?;
        if let Some(config) = config {
            admit(context, config, layer.code.signed.as_ref(), arn)?;
        }
    }
    Ok(())
}

fn admit(
    context: &Context<'_>,
    config: &CodeSigningConfig,
    signed: Option<&Signed>,
    arn: &str,
) -> Result<(), AwsError> {
    let why = match trust(context, config, signed) {
        Ok(()) => return Ok(()),
        Err(_) if config.policy == Policy::Warn => return Ok(()),
        Err(Untrusted::Mismatch) => MISMATCH,
        Err(Untrusted::Expired) => EXPIRED,
        Err(Untrusted::Revoked) => REVOKED,
    };
    Err(refused(why, arn))
}
