//! What a signer needs that makes only the signature itself: the envelope around it, its
//! timestamp, and the check of what came out.

use time::OffsetDateTime;

use super::new_envelope::verify_new_envelope;
use super::{Error, SignedEnvelope, Terms};
use crate::algorithm::KeySpec;
use crate::envelope::UnsignedEnvelope;
use crate::notary::{PAYLOAD_MEDIA_TYPE, SigningScheme};
use crate::payload::Payload;
use crate::signer_info::{SignedAttributes, UnsignedAttributes};
use crate::x509::{Certificate, verify_code_signing_chain};

/// The program that made the signature, as its envelope names it.
pub(super) const SIGNING_AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"));

/// The envelope of `payload` that waits for a signature with a key of this kind.
pub(super) fn draft(
    payload: &Payload,
    terms: &Terms,
    key: KeySpec,
) -> Result<UnsignedEnvelope, Error> {
    let bytes = payload
        .to_bytes(terms.format)
        .map_err(|source| Error::Payload { source })?;
    let signing_time = terms.now.replace_nanosecond(0).unwrap_or(terms.now);
    let attributes = SignedAttributes {
        content_type: PAYLOAD_MEDIA_TYPE.to_owned(),
        signing_scheme: SigningScheme::X509,
        signing_time,
        expiry: expiry(signing_time, terms)?,
        verification_plugin: None,
        verification_plugin_min_version: None,
        extended: Vec::new(),
    };
    UnsignedEnvelope::new(terms.format, bytes, &attributes, key.signature_algorithm())
        .map_err(|source| Error::Envelope { source })
}

fn expiry(signing_time: OffsetDateTime, terms: &Terms) -> Result<Option<OffsetDateTime>, Error> {
    let Some(duration) = terms.expiry else {
        return Ok(None);
    };
    let too_late = || Error::Expiry {
        seconds: duration.as_secs(),
    };
    let duration = time::Duration::try_from(duration).map_err(|_| too_late())?;
    let expiry = signing_time.checked_add(duration).ok_or_else(too_late)?;
    Ok(Some(expiry))
}

/// Checks the chain as the specification wants it at the time of signing.
pub(super) fn check_chain(chain: &[Certificate], at: OffsetDateTime) -> Result<KeySpec, Error> {
    verify_code_signing_chain(chain, Some(at)).map_err(|source| Error::Chain { source })?;
    key_spec(chain)
}

/// The kind of the signer's key.
pub(super) fn key_spec(chain: &[Certificate]) -> Result<KeySpec, Error> {
    let leaf = chain.first().ok_or(Error::NoCertificate)?;
    leaf.key_spec().map_err(|source| Error::Chain { source })
}

/// The envelope with its signature and its timestamp, verified as a verifier would.
pub(super) async fn finish(
    payload: &Payload,
    draft: UnsignedEnvelope,
    signature: &[u8],
    chain: &[Certificate],
    agent: String,
    terms: &Terms,
) -> Result<SignedEnvelope, Error> {
    let leaf = chain.first().ok_or(Error::NoCertificate)?;
    leaf.verify_envelope_signature(&draft.signed_bytes(), signature)
        .map_err(|source| Error::Signature { source })?;
    let timestamp_signature = match &terms.timestamping {
        None => None,
        Some(timestamping) => {
            let hash = leaf
                .key_spec()
                .map_err(|source| Error::Chain { source })?
                .signature_algorithm()
                .hash_algorithm();
            let token = timestamping.stamp(signature, chain, hash, terms.now).await;
            Some(token.map_err(|source| Error::Timestamp { source })?)
        }
    };
    let attributes = UnsignedAttributes {
        signing_agent: Some(agent),
        timestamp_signature,
    };
    let bytes = draft.into_bytes(signature, chain, &attributes);
    let verified = verify_new_envelope(payload, terms.format, bytes, terms.now);
    verified.map_err(|source| Error::NotVerified {
        source: Box::new(source),
    })
}
