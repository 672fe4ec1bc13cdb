//! The requirements on certificate chains (`signature-specification.md`, "Certificate Requirements").
//!
//! Input: a chain, leaf first. Output: whether every certificate has its place. Only basic
//! constraints, key usage and extended key usage are honoured, as the specification orders; key
//! identifiers, name constraints and certificate policies are not looked at, and nesting of validity
//! is not asked for. Whether the root is trusted is not decided here.

use std::fmt;

use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;

use super::certificate::{BasicConstraints, Criticality, KeyUsage};
use super::{Certificate, Error};
use crate::limits::MAX_CHAIN_CERTIFICATES;
use crate::notary::rfc3339;

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

/// What a chain's leaf signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Artifacts.
    CodeSigning,
    /// RFC 3161 tokens.
    Timestamping,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CodeSigning => "code-signing",
            Self::Timestamping => "time-stamping",
        })
    }
}

/// The requirement that a certificate does not meet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainProblem {
    /// The chain stops before its root, or its only certificate has an issuer.
    #[error("it is the last certificate and not self-signed")]
    NotSelfSigned {
        /// Why it is not.
        source: Box<Error>,
    },
    /// The last certificate names another issuer.
    #[error("it is the last certificate and was issued by `{issuer}`")]
    IssuerMissing {
        /// Who signed it.
        issuer: String,
    },
    /// A root before the end.
    #[error("it is self-signed and not the last certificate")]
    SelfSignedBeforeEnd,
    /// The next certificate is not the issuer's.
    #[error("its issuer is `{issuer}` and the next certificate's subject is `{next}`")]
    NotIssuedByNext {
        /// Who signed it.
        issuer: String,
        /// Whose certificate comes next.
        next: String,
    },
    /// The name fits and its encoding does not.
    #[error("its issuer `{issuer}` is encoded otherwise than the next certificate's subject")]
    IssuerEncodedDifferently {
        /// Who signed it.
        issuer: String,
    },
    /// The next certificate has the right name and did not sign it.
    #[error("the next certificate's key did not sign it")]
    NotSignedByNext {
        /// Why not.
        source: Box<Error>,
    },
    /// Outside its validity.
    #[error(
        "it is valid from {} to {}, not at {}",
        rfc3339(*not_before), rfc3339(*not_after), rfc3339(*at)
    )]
    NotValidAt {
        /// The time asked about.
        at: OffsetDateTime,
        /// Its first second.
        not_before: OffsetDateTime,
        /// Its last second.
        not_after: OffsetDateTime,
    },
    /// An extension that must be there.
    #[error("it has no `{extension}` extension")]
    ExtensionMissing {
        /// The extension's name in RFC 5280.
        extension: &'static str,
    },
    /// An extension that must be critical.
    #[error("its `{extension}` extension is not critical")]
    ExtensionNotCritical {
        /// The extension's name in RFC 5280.
        extension: &'static str,
    },
    /// An issuer that says it is none.
    #[error("it issued a certificate and is not a certificate authority")]
    NotCa,
    /// A leaf that may issue certificates.
    #[error("it signs directly and is a certificate authority")]
    LeafIsCa,
    /// More authorities below than it allows.
    #[error("it allows {allowed} authorities below it, and {found} are")]
    PathTooLong {
        /// Its path length.
        allowed: u32,
        /// Authorities between it and the leaf.
        found: usize,
    },
    /// A key usage bit that must be set.
    #[error("its key usage lacks `{bit}`")]
    KeyUsageMissing {
        /// The bit's name in RFC 5280.
        bit: &'static str,
    },
    /// A key usage bit that must not be set.
    #[error("its key usage has `{bit}`")]
    KeyUsageForbidden {
        /// The bit's name in RFC 5280.
        bit: &'static str,
    },
    /// An extended key usage that must not be there.
    #[error("its extended key usage has `{purpose}`")]
    PurposeForbidden {
        /// The purpose's name in RFC 5280, or its identifier.
        purpose: String,
    },
    /// A time-stamping certificate that does not say so.
    #[error("its extended key usage lacks `timeStamping`")]
    NotForTimestamping,
    /// A key that may not sign.
    #[error("its key may not sign")]
    Key {
        /// The key, and the keys that may.
        source: Box<Error>,
    },
}

impl ChainProblem {
    /// What the reader may do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::IssuerMissing { .. }
            | Self::NotIssuedByNext { .. }
            | Self::SelfSignedBeforeEnd => Some(
                "a chain is the signer's certificate first, then each issuer, up to the root"
                    .to_owned(),
            ),
            Self::NotSelfSigned { source }
            | Self::NotSignedByNext { source }
            | Self::Key { source } => source.hint(),
            _ => None,
        }
    }
}

/// Checks that `chain`, leaf first, is a complete code-signing chain; with `at`, also that every
/// certificate is valid at that time.
///
/// # Errors
///
/// [`Error::EmptyChain`], [`Error::ChainTooLong`], or [`Error::Chain`] with the first certificate
/// that does not meet its requirements, and the requirement.
pub fn verify_code_signing_chain(
    chain: &[Certificate],
    at: Option<OffsetDateTime>,
) -> Result<(), Error> {
    verify(chain, Purpose::CodeSigning, at)
}

/// Checks that `chain`, leaf first, is a complete time-stamping chain; with `at`, also that every
/// certificate is valid at that time.
///
/// # Errors
///
/// As for [`verify_code_signing_chain`].
pub fn verify_timestamping_chain(
    chain: &[Certificate],
    at: Option<OffsetDateTime>,
) -> Result<(), Error> {
    verify(chain, Purpose::Timestamping, at)
}

fn verify(
    chain: &[Certificate],
    purpose: Purpose,
    at: Option<OffsetDateTime>,
) -> Result<(), Error> {
    if chain.is_empty() {
        return Err(Error::EmptyChain { purpose });
    }
    if chain.len() > MAX_CHAIN_CERTIFICATES {
        return Err(Error::ChainTooLong {
            purpose,
            count: chain.len(),
            limit: MAX_CHAIN_CERTIFICATES,
        });
    }
    for (index, certificate) in chain.iter().enumerate() {
        let issuer = chain.get(index.saturating_add(1));
        check_time(certificate, at)
            .and_then(|()| check_issuer(certificate, issuer))
            .and_then(|()| match index {
                0 => check_leaf(certificate, purpose),
                _ => check_authority(certificate, purpose, index.saturating_sub(1)),
            })
            .map_err(|problem| Error::Chain {
                purpose,
                position: index.saturating_add(1),
                count: chain.len(),
                subject: certificate.subject().to_string(),
                problem,
            })?;
    }
    Ok(())
}

fn check_time(certificate: &Certificate, at: Option<OffsetDateTime>) -> Result<(), ChainProblem> {
    match at {
        Some(at) if !certificate.is_valid_at(at) => Err(ChainProblem::NotValidAt {
            at,
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
        }),
        _ => Ok(()),
    }
}

/// Names are compared as they are encoded, and every signature is checked, the root's own too.
fn check_issuer(
    certificate: &Certificate,
    issuer: Option<&Certificate>,
) -> Result<(), ChainProblem> {
    let Some(issuer) = issuer else {
        if !certificate.is_self_issued() {
            return Err(ChainProblem::IssuerMissing {
                issuer: certificate.issuer().to_string(),
            });
        }
        return certificate.verify_signed_by(certificate).map_err(|source| {
            ChainProblem::NotSelfSigned {
                source: Box::new(source),
            }
        });
    };
    if certificate.is_self_signed() {
        return Err(ChainProblem::SelfSignedBeforeEnd);
    }
    if !certificate.issuer().is_encoded_like(issuer.subject()) {
        let [found, next] = [certificate.issuer(), issuer.subject()].map(ToString::to_string);
        return Err(if found == next {
            ChainProblem::IssuerEncodedDifferently { issuer: found }
        } else {
            ChainProblem::NotIssuedByNext {
                issuer: found,
                next,
            }
        });
    }
    certificate
        .verify_signed_by(issuer)
        .map_err(|source| ChainProblem::NotSignedByNext {
            source: Box::new(source),
        })
}

fn check_authority(
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
    // For time-stamping authorities the specification only recommends it.
    if purpose == Purpose::CodeSigning {
        check_key_usage_critical(key_usage)?;
    }
    require_bit(key_usage, KeyUsage::KEY_CERT_SIGN)
}

fn check_leaf(certificate: &Certificate, purpose: Purpose) -> Result<(), ChainProblem> {
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
    // The specification forbids neither, but a key that only answers for revocation is no signer's.
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
