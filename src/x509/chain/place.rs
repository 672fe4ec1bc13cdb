//! What a certificate must be in its place: an authority, or the leaf.

use der::asn1::ObjectIdentifier;

use super::super::Certificate;
use super::super::constraints::{BasicConstraints, Criticality, KeyUsage};
use super::{ChainProblem, Purpose};

const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");

/// Purposes that a signer's certificate must not have.
const FORBIDDEN_PURPOSES: [(ObjectIdentifier, &str); 5] = [
    (ANY_PURPOSE, "anyExtendedKeyUsage"),
    (
        ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1"),
        "serverAuth",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2"),
        "clientAuth",
    ),
    (
        ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4"),
        "emailProtection",
    ),
    (TIME_STAMPING, "timeStamping"),
];

/// Bits that a leaf's key usage must not have; all but `digitalSignature` and `contentCommitment`.
const FORBIDDEN_BITS: std::ops::RangeInclusive<usize> = 2..=8;

pub(super) fn check_authority(
    certificate: &Certificate,
    purpose: Purpose,
    authorities_below: usize,
) -> Result<(), ChainProblem> {
    let BasicConstraints {
        criticality,
        is_ca,
        path_length,
    } = certificate
        .basic_constraints()
        .ok_or(ChainProblem::ExtensionMissing {
            extension: "basicConstraints",
        })?;
    if !is_ca {
        return Err(ChainProblem::NotCa);
    }
    if criticality != Criticality::Critical {
        return Err(ChainProblem::ExtensionNotCritical {
            extension: "basicConstraints",
        });
    }
    if let Some(allowed) = path_length
        && usize::try_from(allowed).is_ok_and(|allowed| authorities_below > allowed)
    {
        return Err(ChainProblem::PathTooLong {
            allowed,
            found: authorities_below,
        });
    }
    let key_usage = key_usage(certificate)?;
    // For timestamping authorities the specification only recommends it.
    if purpose == Purpose::CodeSigning {
        check_key_usage_critical(key_usage)?;
    }
    require_bit(key_usage, KeyUsage::KEY_CERT_SIGN)
}

pub(super) fn check_leaf(certificate: &Certificate, purpose: Purpose) -> Result<(), ChainProblem> {
    if certificate.is_ca() {
        return Err(ChainProblem::LeafIsCa);
    }
    let key_usage = key_usage(certificate)?;
    if purpose == Purpose::CodeSigning {
        check_key_usage_critical(key_usage)?;
    }
    require_bit(key_usage, KeyUsage::DIGITAL_SIGNATURE)?;
    for (bit, name) in KeyUsage::NAMES.into_iter().enumerate() {
        if FORBIDDEN_BITS.contains(&bit) && key_usage.allows(bit) {
            return Err(ChainProblem::KeyUsageForbidden { bit: name });
        }
    }
    match purpose {
        Purpose::CodeSigning => check_code_signing_purposes(certificate)?,
        Purpose::Timestamping => check_timestamping_purposes(certificate)?,
    }
    certificate
        .key_spec()
        .map(|_| ())
        .map_err(|source| ChainProblem::Key {
            source: Box::new(source),
        })
}

fn check_code_signing_purposes(certificate: &Certificate) -> Result<(), ChainProblem> {
    let Some(extension) = certificate.extended_key_usage() else {
        return Ok(());
    };
    let has = |purpose| extension.purposes.contains(&purpose);
    let forbidden = FORBIDDEN_PURPOSES
        .into_iter()
        .find(|(purpose, _)| has(*purpose));
    if let Some((_, name)) = forbidden {
        return Err(ChainProblem::PurposeForbidden {
            purpose: name.to_owned(),
        });
    }
    // The specification forbids neither, but a key that only answers for revocation is not a signer's.
    if has(OCSP_SIGNING) && !has(CODE_SIGNING) {
        return Err(ChainProblem::PurposeForbidden {
            purpose: "OCSPSigning".to_owned(),
        });
    }
    Ok(())
}

fn check_timestamping_purposes(certificate: &Certificate) -> Result<(), ChainProblem> {
    const EXTENSION: &str = "extendedKeyUsage";
    let extension = certificate
        .extended_key_usage()
        .ok_or(ChainProblem::ExtensionMissing {
            extension: EXTENSION,
        })?;
    if let Some(other) = extension
        .purposes
        .iter()
        .find(|purpose| **purpose != TIME_STAMPING)
    {
        return Err(ChainProblem::PurposeForbidden {
            purpose: other.to_string(),
        });
    }
    if extension.purposes.is_empty() {
        return Err(ChainProblem::NotForTimestamping);
    }
    if extension.criticality != Criticality::Critical {
        return Err(ChainProblem::ExtensionNotCritical {
            extension: EXTENSION,
        });
    }
    Ok(())
}

fn key_usage(certificate: &Certificate) -> Result<&KeyUsage, ChainProblem> {
    certificate
        .key_usage()
        .ok_or(ChainProblem::ExtensionMissing {
            extension: "keyUsage",
        })
}

fn check_key_usage_critical(key_usage: &KeyUsage) -> Result<(), ChainProblem> {
    match key_usage.criticality {
        Criticality::Critical => Ok(()),
        Criticality::NonCritical => Err(ChainProblem::ExtensionNotCritical {
            extension: "keyUsage",
        }),
    }
}

fn require_bit(key_usage: &KeyUsage, bit: usize) -> Result<(), ChainProblem> {
    if key_usage.allows(bit) {
        return Ok(());
    }
    Err(ChainProblem::KeyUsageMissing {
        bit: KeyUsage::NAMES.get(bit).copied().unwrap_or_default(),
    })
}
