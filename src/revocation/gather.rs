//! Asking everybody about a chain, for a store: OCSP and CRLs, whatever either says, since the one may
//! hold longer than the other.

use futures_util::future::{join, join_all};
use time::OffsetDateTime;

use super::check::{Run, check_form, result};
use super::checker::Checker;
use super::{CertificateRevocation, Error, Status};
use crate::x509::{Certificate, Purpose};

/// What both kinds of sources say about one certificate.
#[derive(Debug)]
pub struct GatheredCertificate {
    /// What OCSP responders say; [`Status::NotRevokable`] if it names none.
    pub ocsp: CertificateRevocation,
    /// What CRLs say; [`Status::NotRevokable`] if it names none.
    pub crl: CertificateRevocation,
}

impl GatheredCertificate {
    /// Whether a check that has only these answers knows something definite.
    pub fn is_known(&self) -> bool {
        let is_open = |one: &CertificateRevocation| matches!(one.status, Status::Unknown);
        let is_silent = |one: &CertificateRevocation| matches!(one.status, Status::NotRevokable);
        match (is_open(&self.ocsp), is_open(&self.crl)) {
            (false, false) => true,
            (true, true) => false,
            // A certificate with one kind of source, which said nothing.
            (true, false) => !is_silent(&self.crl),
            (false, true) => !is_silent(&self.ocsp),
        }
    }
}

/// Asks every source about every certificate of `chain`, leaf first, but its root, all at the same
/// time. The arguments are those of [`check_chain`](super::check_chain).
///
/// # Errors
///
/// [`Error::Chain`] if `chain` is not a complete chain for `purpose`.
pub async fn gather_chain(
    chain: &[Certificate],
    purpose: Purpose,
    signing_time: Option<OffsetDateTime>,
    checker: &Checker,
    now: OffsetDateTime,
) -> Result<Vec<GatheredCertificate>, Error> {
    check_form(chain, purpose)?;
    let run = Run {
        checker,
        signing_time,
        now,
    };
    let issuers = chain.iter().skip(1);
    let gathered = chain
        .iter()
        .zip(issuers)
        .map(|(certificate, issuer)| async move {
            let (mut ocsp_failures, mut crl_failures) = (Vec::new(), Vec::new());
            let both = join(
                run.in_time(run.check_ocsp(certificate, issuer, &mut ocsp_failures)),
                run.in_time(run.check_crls(certificate, issuer, &mut crl_failures)),
            );
            let (ocsp, crl) = both.await;
            GatheredCertificate {
                ocsp: result(certificate, ocsp, ocsp_failures),
                crl: result(certificate, crl, crl_failures),
            }
        });
    Ok(join_all(gathered).await)
}
