//! From a timestamping authority's certificate to a trusted root.
//!
//! Input: the certificates of a token, in any order, and the roots of the `tsa` trust stores. Output:
//! one chain, leaf first, that meets the requirements on timestamping chains at the stamped time.
//! The token's own certificates are never trusted, and its root may be left out of it.

use der::asn1::ObjectIdentifier;
use time::OffsetDateTime;

use super::Error;
use crate::limits::{MAX_CHAIN_CERTIFICATES, MAX_TIMESTAMP_PATH_CHECKS};
use crate::x509::{self, Certificate};

const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// A chain from `signer` over `others` to one of `roots`, valid at `at`.
pub(super) fn build(
    signer: &Certificate,
    others: &[Certificate],
    roots: &[Certificate],
    at: OffsetDateTime,
) -> Result<Vec<Certificate>, Error> {
    let mut search = Search {
        others,
        roots,
        at,
        checks_left: MAX_TIMESTAMP_PATH_CHECKS,
        failure: None,
    };
    let mut chain = vec![signer.clone()];
    if search.extend(&mut chain) {
        return Ok(chain);
    }
    Err(search.failure.unwrap_or_else(|| Error::UntrustedAuthority {
        subject: signer.subject().to_string(),
        issuer: signer.issuer().to_string(),
        roots: roots.len(),
    }))
}

struct Search<'a> {
    others: &'a [Certificate],
    roots: &'a [Certificate],
    at: OffsetDateTime,
    /// Signature checks that may still be made: names can be arranged so that paths have no end.
    checks_left: usize,
    /// Why the first chain that reached a root was not accepted.
    failure: Option<Error>,
}

impl Search<'_> {
    /// Adds issuers to `chain` until it ends in a root; leaves it as it was if none does.
    fn extend(&mut self, chain: &mut Vec<Certificate>) -> bool {
        if chain.len() >= MAX_CHAIN_CERTIFICATES {
            return false;
        }
        for root in self.roots {
            if self.is_issuer(chain, root) {
                chain.push(root.clone());
                match self.check(chain) {
                    Ok(()) => return true,
                    Err(error) => {
                        self.failure.get_or_insert(error);
                    }
                }
                chain.pop();
            }
        }
        for other in self.others {
            let is_new = !chain.contains(other) && !self.roots.contains(other);
            if is_new && self.is_issuer(chain, other) {
                chain.push(other.clone());
                if self.extend(chain) {
                    return true;
                }
                chain.pop();
            }
        }
        false
    }

    fn is_issuer(&mut self, chain: &[Certificate], candidate: &Certificate) -> bool {
        let Some(last) = chain.last() else {
            return false;
        };
        if !last.issuer().is_encoded_like(candidate.subject()) {
            return false;
        }
        if self.checks_left == 0 {
            self.failure.get_or_insert(Error::TooMany {
                what: "possible issuers",
                limit: MAX_TIMESTAMP_PATH_CHECKS,
            });
            return false;
        }
        self.checks_left -= 1;
        last.verify_signed_by(candidate).is_ok()
    }

    fn check(&self, chain: &[Certificate]) -> Result<(), Error> {
        x509::verify_timestamping_chain(chain, Some(self.at)).map_err(|source| Error::Chain {
            source: Box::new(source),
        })?;
        // An authority that says what its certificates are for is taken at its word.
        match chain.iter().find(|c| !c.allows_purpose(&TIME_STAMPING)) {
            Some(authority) => Err(Error::AuthorityPurpose {
                subject: authority.subject().to_string(),
            }),
            None => Ok(()),
        }
    }
}
