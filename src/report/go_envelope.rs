//! What notation says of an envelope that is not good, where it has the same fault.

use super::go_chain;
use super::go_json;
use crate::algorithm::KeySpec;
use crate::envelope::{self, UnverifiedEnvelope};
use crate::notary::EnvelopeFormat;
use crate::x509;
use crate::x509::identity::quote as go_quoted;

/// How every `COSE_Sign1` begins: its tag, and an array of four.
const COSE_SIGN1: [u8; 2] = [0xd2, 0x84];

/// Why the bytes are not an envelope, if that is what is wrong.
pub(super) fn of_unreadable(format: EnvelopeFormat, bytes: &[u8]) -> Option<String> {
    match format {
        EnvelopeFormat::Jws => go_json::of_text(bytes),
        EnvelopeFormat::Cose if !bytes.starts_with(&COSE_SIGN1) => {
            Some("cbor: invalid COSE_Sign1_Tagged object".to_owned())
        }
        EnvelopeFormat::Cose => None,
    }
}

/// Why an envelope cannot be shown.
pub(crate) fn of_shown(
    format: EnvelopeFormat,
    bytes: &[u8],
    error: &envelope::Error,
) -> Option<String> {
    if let Some(problem) = of_unreadable(format, bytes) {
        return Some(format!("failed to parse signature: {problem}"));
    }
    if format == EnvelopeFormat::Jws && is_empty_object(bytes) {
        let problem =
            "jws envelope protected header can't be decoded: unexpected end of JSON input";
        return Some(problem.to_owned());
    }
    match error {
        envelope::Error::NoCertificate => {
            Some("certificate-chain not present or is empty".to_owned())
        }
        error => of_content(error),
    }
}

/// Why a verification refuses an envelope.
pub(super) fn of_refused(
    format: EnvelopeFormat,
    bytes: &[u8],
    error: &envelope::Error,
) -> Option<String> {
    if bytes.is_empty() {
        return Some("signature cannot be nil or empty".to_owned());
    }
    if let Some(problem) = of_unreadable(format, bytes) {
        return Some(format!(
            "unable to parse the digital signature, error : {problem}"
        ));
    }
    if format == EnvelopeFormat::Jws && is_empty_object(bytes) {
        return Some("certificate chain is not present".to_owned());
    }
    let key = UnverifiedEnvelope::parse(format, bytes)
        .ok()
        .and_then(|envelope| {
            let leaf = envelope.signer_info().certificate_chain.first()?;
            leaf.key_spec().ok()
        });
    of_integrity(error, key.map(|key| (key, format)))
}

/// Why an envelope that could be read is not intact; `key` is the signer's, with the format that it signed.
pub(super) fn of_integrity(
    error: &envelope::Error,
    key: Option<(KeySpec, EnvelopeFormat)>,
) -> Option<String> {
    match error {
        envelope::Error::NoCertificate => Some("certificate chain is not present".to_owned()),
        envelope::Error::Signature {
            source: x509::Error::SignatureMismatch,
        } => {
            let (key, format) = key?;
            Some(of_wrong_signature(key, format))
        }
        envelope::Error::Chain { source } => Some(format!(
            "certificate-chain is invalid, {}",
            go_chain::of_chain(source)?
        )),
        error => of_content(error),
    }
}

/// A signature that its key did not make.
pub(super) fn of_wrong_signature(key: KeySpec, format: EnvelopeFormat) -> String {
    use KeySpec::{Ec256, Ec384, Ec521, Rsa2048, Rsa3072, Rsa4096};
    let problem = match (format, key) {
        (EnvelopeFormat::Cose, _) => "verification error",
        (EnvelopeFormat::Jws, Rsa2048 | Rsa3072 | Rsa4096) => "crypto/rsa: verification error",
        (EnvelopeFormat::Jws, Ec256 | Ec384 | Ec521) => "crypto/ecdsa: verification error",
    };
    format!("signature is invalid. Error: {problem}")
}

fn of_content(error: &envelope::Error) -> Option<String> {
    match error {
        envelope::Error::UnsupportedAlgorithm { found } => Some(format!(
            "signature algorithm {} is not supported",
            go_quoted(found)
        )),
        envelope::Error::MissingHeader { header } if header.ends_with("signingScheme") => {
            Some("unsupported SigningScheme: ``".to_owned())
        }
        envelope::Error::UnsupportedScheme { found } => {
            Some(format!("unsupported SigningScheme: `{found}`"))
        }
        _ => None,
    }
}

fn is_empty_object(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(bytes)
        .is_ok_and(|members| members.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_envelope_have_gos_words() {
        for (format, bytes, said) in [
            (
                EnvelopeFormat::Jws,
                &b"{"[..],
                "failed to parse signature: unexpected end of JSON input",
            ),
            (
                EnvelopeFormat::Cose,
                b"junk",
                "failed to parse signature: cbor: invalid COSE_Sign1_Tagged object",
            ),
        ] {
            let error = UnverifiedEnvelope::parse(format, bytes).unwrap_err();
            assert_eq!(of_shown(format, bytes, &error).unwrap(), said);
        }
    }

    #[test]
    fn the_signers_key_decides_on_the_words() {
        let error = envelope::Error::Signature {
            source: x509::Error::SignatureMismatch,
        };
        assert_eq!(
            of_integrity(&error, Some((KeySpec::Rsa2048, EnvelopeFormat::Jws))).unwrap(),
            "signature is invalid. Error: crypto/rsa: verification error"
        );
        assert_eq!(of_integrity(&error, None), None);
    }
}
