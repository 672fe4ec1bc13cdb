//! Rules about what a signature says of itself. `verify` applies them, and so does a signer before
//! it hands on a signature.
//!
//! Input: the attributes of an envelope whose integrity was verified, and the time. No request is
//! sent; trust, revocation and the attributes that another plugin processes are `verify`'s tasks.

use time::OffsetDateTime;

use crate::extended_validation::{Claims, PLUGIN_NAME, PLUGIN_VERSION};
use crate::limits::CLOCK_SKEW;
use crate::notary::{SigningScheme, attribute};
use crate::outcome::Failure;
use crate::signer_info::{SignedAttributes, SignerInfo};
use crate::x509::Certificate;

/// Checks everything for which a verification at `now` that enforces everything would refuse the
/// signature, before it sends a request.
///
/// # Errors
///
/// The failure that the verification would give.
pub fn check(info: &SignerInfo, now: OffsetDateTime) -> Result<(), Failure> {
    let attributes = &info.signed_attributes;
    check_min_version_has_plugin(attributes)?;
    match attributes.verification_plugin.as_deref() {
        None => check_processed(attributes, &[])?,
        Some(PLUGIN_NAME) => {
            let claims = claims_of_aws_signer(info)?;
            check_processed(attributes, &claims.processed_attributes())?;
        }
        // It says itself what it processes.
        Some(_) => {}
    }
    check_expiry(attributes, now)?;
    match attributes.signing_scheme {
        SigningScheme::SigningAuthority => check_authentic_signing_time(info, now),
        // The signer's own time proves nothing, so it is not used.
        SigningScheme::X509 => Ok(()),
    }
}

/// Checks that a minimum version is one of a plugin.
///
/// # Errors
///
/// [`Failure::UnprocessedAttributes`].
pub fn check_min_version_has_plugin(attributes: &SignedAttributes) -> Result<(), Failure> {
    // Unlike notation, which ignores a minimum version where no plugin is named: it is a critical
    // attribute that nothing processes.
    if attributes.verification_plugin_min_version.is_some()
        && attributes.verification_plugin.is_none()
    {
        let name = attribute::VERIFICATION_PLUGIN_MIN_VERSION;
        return Err(Failure::UnprocessedAttributes(vec![name.to_owned()]));
    }
    Ok(())
}

/// What AWS Signer vouches for in a signature that names its plugin. One that lacks it, or asks for a
/// newer plugin than what is here, is accepted at no level.
///
/// # Errors
///
/// [`Failure::PluginTooOld`] and [`Failure::NotAwsSigner`].
pub fn claims_of_aws_signer(info: &SignerInfo) -> Result<Claims, Failure> {
    check_plugin_version(&info.signed_attributes, PLUGIN_VERSION)?;
    Claims::from_signer_info(info).map_err(|source| Failure::NotAwsSigner { source })
}

/// Checks that the plugin's `version` is not below the one that the signature asks for.
///
/// # Errors
///
/// [`Failure::PluginTooOld`].
pub fn check_plugin_version(attributes: &SignedAttributes, version: &str) -> Result<(), Failure> {
    let Some(wanted) = &attributes.verification_plugin_min_version else {
        return Ok(());
    };
    let parse = semver::Version::parse;
    // Precedence, in which build metadata does not count.
    let new_enough = match (parse(version), parse(wanted)) {
        (Ok(found), Ok(wanted)) => found.cmp_precedence(&wanted).is_ge(),
        _ => false,
    };
    if new_enough {
        Ok(())
    } else {
        Err(Failure::PluginTooOld {
            wanted: wanted.clone(),
            found: version.to_owned(),
        })
    }
}

/// Checks that every critical attribute is one of those `processed`: others fail at every level.
///
/// # Errors
///
/// [`Failure::UnprocessedAttributes`].
pub fn check_processed(attributes: &SignedAttributes, processed: &[&str]) -> Result<(), Failure> {
    let unprocessed: Vec<String> = attributes
        .critical_extended()
        .filter(|attribute| !processed.contains(&attribute.name.as_str()))
        .map(|attribute| attribute.name.clone())
        .collect();
    if unprocessed.is_empty() {
        Ok(())
    } else {
        Err(Failure::UnprocessedAttributes(unprocessed))
    }
}

/// Checks the expiry: it counts from its instant on, as in notation.
///
/// # Errors
///
/// [`Failure::Expired`].
pub fn check_expiry(attributes: &SignedAttributes, now: OffsetDateTime) -> Result<(), Failure> {
    match attributes.expiry {
        Some(expiry) if now >= expiry => Err(Failure::Expired { expiry }),
        _ => Ok(()),
    }
}

/// Checks the time that a signing authority vouches for: it is not in the future, and every
/// certificate was valid then.
///
/// # Errors
///
/// [`Failure::SignedInTheFuture`] and [`Failure::CertificateNotValid`].
pub fn check_authentic_signing_time(info: &SignerInfo, now: OffsetDateTime) -> Result<(), Failure> {
    let at = info.signed_attributes.signing_time;
    // Unlike notation, which takes a time in the future: no signature can have been made then.
    if at - now > CLOCK_SKEW {
        return Err(Failure::SignedInTheFuture { at, now });
    }
    let not_valid = |one: &&Certificate| !one.is_valid_at(at);
    match info.certificate_chain.iter().find(not_valid) {
        None => Ok(()),
        Some(certificate) => Err(Failure::CertificateNotValid {
            subject: certificate.subject().to_string(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            at,
        }),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_minimum_version_needs_its_plugin() {
        let attributes = |plugin: Option<&str>, version: Option<&str>| SignedAttributes {
            content_type: String::new(),
            signing_scheme: SigningScheme::X509,
            signing_time: datetime!(2026-01-02 03:04:05 UTC),
            expiry: None,
            verification_plugin: plugin.map(str::to_owned),
            verification_plugin_min_version: version.map(str::to_owned),
            extended: Vec::new(),
        };
        for (plugin, version) in [(None, None), (Some("p"), None), (Some("p"), Some("1.0.0"))] {
            check_min_version_has_plugin(&attributes(plugin, version)).unwrap();
        }
        let failure = check_min_version_has_plugin(&attributes(None, Some("1.0.0"))).unwrap_err();
        assert!(matches!(
            failure,
            Failure::UnprocessedAttributes(names) if names == [attribute::VERIFICATION_PLUGIN_MIN_VERSION]
        ));
    }
}
