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

#[cfg(test)]
mod tests {
    use rcgen::{PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
    use time::Duration;

    use super::*;
    use crate::x509::testing::{
        BASIC_CONSTRAINTS, CODE_SIGNING, EXTENDED_KEY_USAGE, Identity, KEY_USAGE, NOT_AFTER,
        NOT_BEFORE, Request,
    };

    const OCSP: &str = "1.3.6.1.5.5.7.3.9";

    fn chain_of(identities: &[&Identity]) -> Vec<Certificate> {
        identities
            .iter()
            .map(|identity| identity.certificate.clone())
            .collect()
    }

    /// The chain of a leaf under a root.
    fn under_root(leaf: Request, root: Request) -> Vec<Certificate> {
        let root = root.self_signed();
        chain_of(&[&leaf.issued_by(&root), &root])
    }

    /// The certificate that is named, and the requirement in words.
    fn problem(result: Result<(), Error>) -> (usize, String) {
        match result.unwrap_err() {
            Error::Chain {
                position, problem, ..
            } => (position, problem.to_string()),
            other => panic!("{other}"),
        }
    }

    fn code_signing_problem(chain: &[Certificate]) -> (usize, String) {
        problem(verify_code_signing_chain(chain, None))
    }

    #[test]
    fn a_chain_of_every_shape_passes() {
        let root = Request::authority("root").self_signed();
        let outer = Request::authority("outer").issued_by(&root);
        let inner = Request::authority("inner")
            .basic_constraints(true, true, Some(0))
            .issued_by(&outer);
        let leaf = Request::leaf("leaf").issued_by(&inner);
        let chain = chain_of(&[&leaf, &inner, &outer, &root]);
        verify_code_signing_chain(&chain, None).unwrap();

        let alone = Request::leaf("alone").self_signed();
        verify_code_signing_chain(&chain_of(&[&alone]), None).unwrap();

        let root = Request::authority("root").key_usage(false, &[5]);
        let leaf = Request::time_stamping_leaf("tsa").key_usage(false, &[0]);
        verify_timestamping_chain(&under_root(leaf, root), None).unwrap();
    }

    #[test]
    fn a_leaf_must_be_a_signer_and_nothing_else() {
        let leaf = || Request::leaf("leaf");
        for (leaf, wanted) in [
            (
                leaf().basic_constraints(true, true, None),
                "it signs directly and is a certificate authority",
            ),
            (leaf().without(KEY_USAGE), "it has no `keyUsage` extension"),
            (
                leaf().key_usage(false, &[0]),
                "its `keyUsage` extension is not critical",
            ),
            (
                leaf().key_usage(true, &[1]),
                "its key usage lacks `digitalSignature`",
            ),
            (
                leaf().key_usage(true, &[0, 2]),
                "its key usage has `keyEncipherment`",
            ),
            (
                leaf().key_usage(true, &[0, 8]),
                "its key usage has `decipherOnly`",
            ),
            (
                leaf().purposes(false, &[CODE_SIGNING, "2.5.29.37.0"]),
                "its extended key usage has `anyExtendedKeyUsage`",
            ),
            (
                leaf().purposes(false, &[OCSP]),
                "its extended key usage has `OCSPSigning`",
            ),
            (leaf().algorithm(&PKCS_ED25519), "its key may not sign"),
        ] {
            let chain = under_root(leaf, Request::authority("root"));
            assert_eq!(code_signing_problem(&chain), (1, wanted.to_owned()));
        }
        for leaf in [
            leaf().basic_constraints(false, false, None),
            leaf().key_usage(true, &[0, 1]),
            leaf().without(EXTENDED_KEY_USAGE),
            leaf().purposes(false, &[CODE_SIGNING, OCSP]),
            leaf().purposes(true, &["1.3.6.1.4.1.1"]),
            leaf().algorithm(&PKCS_ECDSA_P384_SHA384),
        ] {
            let chain = under_root(leaf, Request::authority("root"));
            verify_code_signing_chain(&chain, None).unwrap();
        }
    }

    #[test]
    fn an_authority_must_say_that_it_is_one() {
        let root = || Request::authority("root");
        for (root, wanted) in [
            (
                root().without(BASIC_CONSTRAINTS),
                "it has no `basicConstraints` extension",
            ),
            (
                root().basic_constraints(true, false, None),
                "it issued a certificate and is not a certificate authority",
            ),
            (
                root().basic_constraints(false, true, None),
                "its `basicConstraints` extension is not critical",
            ),
            (root().without(KEY_USAGE), "it has no `keyUsage` extension"),
            (
                root().key_usage(false, &[5]),
                "its `keyUsage` extension is not critical",
            ),
            (
                root().key_usage(true, &[0, 6]),
                "its key usage lacks `keyCertSign`",
            ),
        ] {
            let chain = under_root(Request::leaf("leaf"), root);
            assert_eq!(code_signing_problem(&chain), (2, wanted.to_owned()));
        }
        // An authority's key may be of any kind, and its path longer than a byte counts.
        let chain = under_root(
            Request::leaf("leaf"),
            root()
                .algorithm(&PKCS_ED25519)
                .basic_constraints(true, true, Some(1_000)),
        );
        verify_code_signing_chain(&chain, None).unwrap();
    }

    #[test]
    fn a_path_length_counts_the_authorities_below() {
        let root = Request::authority("root").basic_constraints(true, true, Some(1));
        let root = root.self_signed();
        let outer = Request::authority("outer").issued_by(&root);
        let inner = Request::authority("inner").issued_by(&outer);
        let one = Request::leaf("leaf").issued_by(&outer);
        let two = Request::leaf("leaf").issued_by(&inner);
        verify_code_signing_chain(&chain_of(&[&one, &outer, &root]), None).unwrap();
        assert_eq!(
            code_signing_problem(&chain_of(&[&two, &inner, &outer, &root])),
            (4, "it allows 1 authorities below it, and 2 are".to_owned())
        );
    }

    #[test]
    fn every_certificate_must_be_signed_by_the_next() {
        let root = Request::authority("root").self_signed();
        let same_name = Request::authority("root").self_signed();
        let other = Request::authority("other").self_signed();
        let leaf = Request::leaf("leaf").issued_by(&root);
        let problem = |identities: &[&Identity]| code_signing_problem(&chain_of(identities));
        assert_eq!(
            problem(&[&leaf]),
            (
                1,
                "it is the last certificate and was issued by `CN=root`".to_owned()
            )
        );
        assert_eq!(
            problem(&[&leaf, &other]),
            (
                1,
                "its issuer is `CN=root` and the next certificate's subject is `CN=other`"
                    .to_owned()
            )
        );
        assert_eq!(
            problem(&[&leaf, &same_name]),
            (1, "the next certificate's key did not sign it".to_owned())
        );
        assert_eq!(
            problem(&[&leaf, &root, &root]),
            (
                2,
                "it is self-signed and not the last certificate".to_owned()
            )
        );
        // Self-issued by name and signed by another key: the last place needs a real root.
        let self_issued = Request::authority("root").issued_by(&root);
        let below = Request::leaf("leaf").issued_by(&self_issued);
        verify_code_signing_chain(&chain_of(&[&below, &self_issued, &root]), None).unwrap();
        assert_eq!(
            problem(&[&below, &self_issued]),
            (
                2,
                "it is the last certificate and not self-signed".to_owned()
            )
        );
    }

    #[test]
    fn time_is_looked_at_only_when_asked_and_both_ends_belong_to_it() {
        let chain = under_root(Request::leaf("leaf"), Request::authority("root"));
        for at in [NOT_BEFORE, NOT_AFTER] {
            verify_code_signing_chain(&chain, Some(at)).unwrap();
        }
        for (at, text) in [
            (NOT_BEFORE - Duration::SECOND, "2019-12-31T23:59:59Z"),
            (NOT_AFTER + Duration::SECOND, "2040-01-01T00:00:01Z"),
        ] {
            let result = verify_code_signing_chain(&chain, Some(at));
            let wanted = format!(
                "it is valid from 2020-01-01T00:00:00Z to 2040-01-01T00:00:00Z, not at {text}"
            );
            assert_eq!(problem(result), (1, wanted));
        }
    }

    #[test]
    fn a_time_stamping_leaf_is_for_that_alone() {
        let leaf = || Request::time_stamping_leaf("tsa");
        for (leaf, wanted) in [
            (
                leaf().without(EXTENDED_KEY_USAGE),
                "it has no `extendedKeyUsage` extension",
            ),
            (
                leaf().purposes(true, &[]),
                "its extended key usage lacks `timeStamping`",
            ),
            (
                leaf().purposes(false, &["1.3.6.1.5.5.7.3.8"]),
                "its `extendedKeyUsage` extension is not critical",
            ),
            (
                leaf().purposes(true, &["1.3.6.1.5.5.7.3.8", "1.2.3.4"]),
                "its extended key usage has `1.2.3.4`",
            ),
            (leaf().without(KEY_USAGE), "it has no `keyUsage` extension"),
            (leaf().algorithm(&PKCS_ED25519), "its key may not sign"),
        ] {
            let chain = under_root(leaf, Request::authority("root"));
            assert_eq!(
                problem(verify_timestamping_chain(&chain, None)),
                (1, wanted.to_owned())
            );
        }
    }

    #[test]
    fn the_number_of_certificates_is_bounded() {
        let error = verify_code_signing_chain(&[], None).unwrap_err();
        assert_eq!(error.to_string(), "code-signing chain has no certificate");
        let root = Request::authority("root").self_signed();
        let mut authorities = vec![root];
        while authorities.len() < MAX_CHAIN_CERTIFICATES {
            let next = Request::authority("next").issued_by(authorities.last().unwrap());
            authorities.push(next);
        }
        let leaf = |issuer: &Identity| Request::leaf("leaf").issued_by(issuer).certificate;
        let chain_below = |issuers: &[Identity]| {
            let certificates = issuers
                .iter()
                .rev()
                .map(|issuer| issuer.certificate.clone());
            let leaf = leaf(issuers.last().unwrap());
            std::iter::once(leaf)
                .chain(certificates)
                .collect::<Vec<_>>()
        };
        let longest = chain_below(&authorities[..MAX_CHAIN_CERTIFICATES - 1]);
        verify_code_signing_chain(&longest, None).unwrap();
        let error = verify_timestamping_chain(&chain_below(&authorities), None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "time-stamping chain has 17 certificates, more than the 16 that are read"
        );
    }
}
