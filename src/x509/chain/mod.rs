//! The requirements on certificate chains (`signature-specification.md`, "Certificate Requirements").
//!
//! Input: a chain, leaf first. Output: whether every certificate has its place. Only basic
//! constraints, key usage and extended key usage are honoured, as the specification orders; key
//! identifiers, name constraints and certificate policies are not looked at, and nesting of validity
//! is not asked for. Whether the root is trusted is not decided here.

mod place;
mod problem;

use std::fmt;

use time::OffsetDateTime;

pub use problem::ChainProblem;

use place::{check_authority, check_leaf};

use super::known::KnownResults;
use super::{Certificate, Error};
use crate::allowance;
use crate::limits::MAX_CHAIN_CERTIFICATES;

/// Chains that passed the check without a time.
static KNOWN: KnownResults<()> = KnownResults::new();

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
            Self::Timestamping => "timestamping",
        })
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

/// Checks that `chain`, leaf first, is a complete timestamping chain; with `at`, also that every
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
    match at {
        // Without a time it comes out the same every time.
        None => KNOWN.get(&key_of(chain, purpose), || check(chain, purpose, None)),
        Some(at) => check(chain, purpose, Some(at)),
    }
}

/// What a check without a time depends on: who signs what, and every certificate in its place.
fn key_of(chain: &[Certificate], purpose: Purpose) -> Vec<u8> {
    let mut key = vec![u8::from(purpose == Purpose::Timestamping)];
    for certificate in chain {
        key.extend(certificate.sha256());
    }
    key
}

fn check(chain: &[Certificate], purpose: Purpose, at: Option<OffsetDateTime>) -> Result<(), Error> {
    for (index, certificate) in chain.iter().enumerate() {
        allowance::check().map_err(|source| Error::Unfinished { source })?;
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
            "timestamping chain has 17 certificates, more than the 16 that are read"
        );
    }
}
