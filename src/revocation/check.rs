//! Asking about a chain: which source, in which order, until when.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream;
use time::OffsetDateTime;

use super::cache::{Cache, CrlBundle};
use super::checker::Checker;
use super::crl::{Crl, Verified};
use super::entry::CertificateEntries;
use super::fetch::Question;
use super::{
    CertificateRevocation, ChainRevocation, Error, Evidence, Failure, Protocol, Source, Status,
    ocsp,
};
use crate::facts::Origin;
use crate::limits::{MAX_REVOCATION_URLS, OCSP_HEAD_START};
use crate::oci::hex;
use crate::x509::{self, Certificate, DistributionPoint, Purpose};

/// Checks every certificate of `chain`, leaf first, but its root, all at the same time.
///
/// `signing_time` is the authentic signing time, if there is one (scheme `notary.x509.signingAuthority`
/// alone): a certificate that became invalid only after it counts as good. Never pass the time of a
/// timestamp. To be awaited in a Tokio runtime with its timers enabled.
///
/// # Errors
///
/// [`Error::Chain`] if `chain` is not a complete chain for `purpose`. Everything else is a result.
pub async fn check_chain(
    chain: &[Certificate],
    purpose: Purpose,
    signing_time: Option<OffsetDateTime>,
    checker: &Checker,
    now: OffsetDateTime,
) -> Result<ChainRevocation, Error> {
    check_form(chain, purpose)?;
    let run = Run {
        checker,
        signing_time,
        now,
    };
    let checks = chain.iter().enumerate().map(|(index, certificate)| {
        let issuer = chain.get(index.saturating_add(1));
        run.check_in_time(certificate, issuer)
    });
    Ok(ChainRevocation {
        certificates: join_all(checks).await,
    })
}

pub(super) fn check_form(chain: &[Certificate], purpose: Purpose) -> Result<(), Error> {
    match purpose {
        Purpose::CodeSigning => x509::verify_code_signing_chain(chain, None),
        Purpose::Timestamping => x509::verify_timestamping_chain(chain, None),
    }
    .map_err(|source| Error::Chain {
        source: Box::new(source),
    })
}

/// What is the same for all certificates of a chain.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) checker: &'a Checker,
    pub(super) signing_time: Option<OffsetDateTime>,
    pub(super) now: OffsetDateTime,
}

/// What is known of a certificate after the questions about it; `status` is that, or what ended them.
pub(super) fn result(
    certificate: &Certificate,
    status: Result<Status, Failure>,
    mut failures: Vec<Failure>,
) -> CertificateRevocation {
    let status = status.unwrap_or_else(|failure| {
        failures.push(failure);
        Status::Unknown
    });
    CertificateRevocation {
        subject: certificate.subject().to_string(),
        serial_number: hex(certificate.serial_number()),
        status,
        failures,
    }
}

impl Run<'_> {
    async fn check_in_time(
        &self,
        certificate: &Certificate,
        issuer: Option<&Certificate>,
    ) -> CertificateRevocation {
        let mut failures = Vec::new();
        let status = match issuer {
            // The root: it is trusted or not, and no authority above it can revoke it.
            None => Ok(Status::NotRevokable),
            Some(issuer) => {
                let check = self.check(certificate, issuer, &mut failures);
                self.in_time(check).await
            }
        };
        result(certificate, status, failures)
    }

    /// What `check` gives within the time for a chain.
    pub(super) async fn in_time(
        &self,
        check: impl Future<Output = Status>,
    ) -> Result<Status, Failure> {
        let limit = self.checker.timeout;
        let status = tokio::time::timeout(limit, check).await;
        status.map_err(|_elapsed| Failure {
            protocol: None,
            url: None,
            error: Error::TimedOut {
                seconds: limit.as_secs(),
            },
        })
    }

    async fn check(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        failures: &mut Vec<Failure>,
    ) -> Status {
        let status = tokio::select! {
            biased;
            status = self.check_ocsp(certificate, issuer, failures) => status,
            never = self.ask_crls_ahead(certificate, issuer) => match never {},
        };
        let is_open = matches!(status, Status::Unknown | Status::NotRevokable);
        if !is_open && !self.checker.asks_everybody() {
            return status;
        }
        let lists = self.check_crls(certificate, issuer, failures).await;
        match (status, lists) {
            (status @ Status::Revoked { .. }, _) => status,
            // Stored answers are of different days: a good one may be from before the revocation.
            (_, lists @ Status::Revoked { .. }) => lists,
            (status @ Status::Good(_), _) => status,
            // A certificate with an OCSP responder alone stays unknown.
            (Status::Unknown, Status::NotRevokable) => Status::Unknown,
            (_, lists) => lists,
        }
    }

    /// While a responder takes long, asks for the CRLs that are needed if it says nothing. What comes
    /// is found again by [`Checker::ask`], and decides nothing here.
    async fn ask_crls_ahead(&self, certificate: &Certificate, issuer: &Certificate) -> Infallible {
        tokio::time::sleep(OCSP_HEAD_START).await;
        self.check_crls(certificate, issuer, &mut Vec::new()).await;
        std::future::pending().await
    }

    /// Responders in the certificate's order; the first who says something definite, that it does
    /// not know the certificate included, counts.
    pub(super) async fn check_ocsp(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        failures: &mut Vec<Failure>,
    ) -> Status {
        let questions = certificate
            .ocsp_urls()
            .map_err(|source| Error::Addresses {
                source: Box::new(source),
            })
            .and_then(|urls| {
                check_count(urls.len())?;
                if urls.is_empty() {
                    return Ok(None);
                }
                Ok(Some((urls, ocsp::request(certificate, issuer)?)))
            });
        let (urls, request) = match questions {
            Ok(None) => return Status::NotRevokable,
            Ok(Some(questions)) => questions,
            Err(error) => {
                failures.push(Failure {
                    protocol: Some(Protocol::Ocsp),
                    url: None,
                    error,
                });
                return Status::Unknown;
            }
        };
        let asked = urls
            .iter()
            .map(|url| self.ask_responder(certificate, issuer, url, &request))
            .collect();
        let first = self.first_answer(Protocol::Ocsp, &urls, asked, failures);
        first.await.unwrap_or(Status::Unknown)
    }

    /// What the first of `urls` says that says something definite, which ends the search. Where
    /// everybody is asked, it counts unless another one knows of a revocation. `asked` are the questions
    /// to each.
    async fn first_answer<A: Future<Output = Result<Status, Error>>>(
        &self,
        protocol: Protocol,
        urls: &[String],
        asked: Vec<A>,
        failures: &mut Vec<Failure>,
    ) -> Option<Status> {
        let everybody = self.checker.asks_everybody();
        let at_once = if everybody { MAX_REVOCATION_URLS } else { 1 };
        let mut answers = stream::iter(asked).buffered(at_once);
        let mut first = None;
        for url in urls {
            match answers.next().await? {
                Ok(status @ Status::Revoked { .. }) => return Some(status),
                Ok(status) => first = first.or(Some(status)),
                Err(error) => {
                    if matches!(error, Error::UnknownCertificate) {
                        first = first.or(Some(Status::Unknown));
                    }
                    failures.push(Failure {
                        protocol: Some(protocol),
                        url: Some(url.clone()),
                        error,
                    });
                }
            }
            if first.is_some() && !everybody {
                break;
            }
        }
        first
    }

    async fn ask_responder(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        url: &str,
        request: &[u8],
    ) -> Result<Status, Error> {
        let question = Question::Ocsp {
            url: url.to_owned(),
            request: request.to_vec(),
        };
        // What is kept and does not hold any more, or never did, is asked for again, once.
        if let Some((response, origin)) = self.checker.kept(&question, Cache::read_ocsp)
            && let Ok(answer) = self.verify_answer(&response, certificate, issuer).await
        {
            return Ok(ocsp_status(url, origin, &answer));
        }
        let response = self.checker.ask(question.clone()).await?;
        let verified = self.verify_answer(&response, certificate, issuer).await;
        // That it does not know the certificate is the responder's word, too.
        if matches!(verified, Ok(_) | Err(Error::UnknownCertificate)) {
            self.checker.store(&question, &response)?;
        }
        let answer = verified?;
        self.checker
            .keep(|cache| cache.write_ocsp(&question, &response));
        let origin = self.checker.source_origin(&question);
        Ok(ocsp_status(url, origin, &answer))
    }

    /// What `response` says, if it and its responder count.
    async fn verify_answer(
        &self,
        response: &[u8],
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<ocsp::CertificateStatus, Error> {
        let answer = ocsp::verify(response, certificate, issuer, self.signing_time, self.now)?;
        if let Some(responder) = &answer.unchecked_responder {
            self.check_responder(responder, issuer).await?;
        }
        Ok(answer)
    }

    /// A responder whose issuer does not exempt it is checked with CRLs, and passes if it names none
    /// (RFC 6960 section 4.2.2.2.1 leaves that to us).
    async fn check_responder(
        &self,
        responder: &Certificate,
        issuer: &Certificate,
    ) -> Result<(), Error> {
        let mut failures = Vec::new();
        // The authentic signing time is of the signature, not of the responder's answer.
        let run = Self {
            signing_time: None,
            ..*self
        };
        match run.check_crls(responder, issuer, &mut failures).await {
            Status::Good(_) | Status::NotRevokable => Ok(()),
            Status::Revoked { .. } | Status::Unknown => Err(Error::ResponderRevocation {
                subject: responder.subject().to_string(),
                source: failures.pop().map(|failure| Box::new(failure.error)),
            }),
        }
    }

    /// Every distribution point, all at the same time, because one CRL alone may be partial: any
    /// revocation counts, then any list that covers the certificate and does not have it.
    pub(super) async fn check_crls(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        failures: &mut Vec<Failure>,
    ) -> Status {
        let points = certificate
            .crl_distribution_points()
            .map_err(|source| Error::Addresses {
                source: Box::new(source),
            })
            .and_then(|points| {
                check_count(points.iter().map(|point| point.uris.len()).sum())?;
                Ok(points)
            });
        let points = match points {
            Ok(points) => points,
            Err(error) => {
                failures.push(Failure {
                    protocol: Some(Protocol::Crl),
                    url: None,
                    error,
                });
                return Status::Unknown;
            }
        };
        if points.is_empty() {
            return Status::NotRevokable;
        }
        let checks = points
            .iter()
            .map(|point| self.check_point(certificate, issuer, point));
        let mut best = Status::Unknown;
        for (status, point_failures) in join_all(checks).await {
            failures.extend(point_failures);
            match (&best, &status) {
                (Status::Unknown, _) | (Status::Good(_), Status::Revoked { .. }) => best = status,
                _ => {}
            }
        }
        best
    }

    /// The addresses of one distribution point are of the same CRL: the first that works counts.
    async fn check_point(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        point: &DistributionPoint,
    ) -> (Status, Vec<Failure>) {
        let mut failures = Vec::new();
        let asked = point
            .uris
            .iter()
            .map(|url| self.check_list(certificate, issuer, point, url))
            .collect();
        let first = self.first_answer(Protocol::Crl, &point.uris, asked, &mut failures);
        if let Some(status) = first.await {
            return (status, failures);
        }
        if failures.is_empty() {
            failures.push(Failure {
                protocol: Some(Protocol::Crl),
                url: None,
                error: Error::OutOfScope {
                    reason: "its distribution point has no address",
                },
            });
        }
        (Status::Unknown, failures)
    }

    async fn check_list(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        point: &DistributionPoint,
        url: &str,
    ) -> Result<Status, Error> {
        let question = crl_question(url);
        // What is kept and does not hold any more, or is about others, is asked for again, once.
        if let Some((bundle, origin)) = self.checker.kept(&question, Cache::read_crl)
            && let Ok(verified) = verify_bundle(&bundle, issuer, self.now)
            && let Ok(listed) = verified.look_up(certificate, point, self.signing_time)
        {
            return Ok(crl_status(url, origin, &verified, &listed));
        }
        let (bundle, delta_urls) = self.ask_bundle(url, issuer).await?;
        let verified = verify_bundle(&bundle, issuer, self.now)?;
        let listed = verified.look_up(certificate, point, self.signing_time)?;
        self.checker
            .keep(|cache| cache.write_crl(&question, &bundle));
        self.checker.store(&question, &bundle.base)?;
        if let Some(delta) = &bundle.delta {
            // Under every address, so that an older one at another address does not count instead.
            for url in &delta_urls {
                self.checker.store(&crl_question(url), delta)?;
            }
        }
        let origin = self.checker.source_origin(&question);
        Ok(crl_status(url, origin, &verified, &listed))
    }

    /// The CRL at `url`, with the delta CRL that it names, and the addresses of that one.
    async fn ask_bundle(
        &self,
        url: &str,
        issuer: &Certificate,
    ) -> Result<(CrlBundle, Vec<String>), Error> {
        let base = self.checker.ask(crl_question(url)).await?;
        let crl = Crl::parse(&base)?;
        let Some(points) = crl.freshest_crl()? else {
            return Ok((CrlBundle { base, delta: None }, Vec::new()));
        };
        // An address counts only if the issuer signed it.
        crl.verify(issuer, self.now)?;
        let urls: Vec<String> = points.into_iter().flat_map(|point| point.uris).collect();
        let delta = Some(self.ask_delta(&urls).await?);
        Ok((CrlBundle { base, delta }, urls))
    }

    /// The delta CRL from the first address that answers.
    async fn ask_delta(&self, urls: &[String]) -> Result<Bytes, Error> {
        check_count(urls.len())?;
        let mut last = Error::DeltaUnfit {
            reason: "the base names no address of it",
        };
        for url in urls {
            match self.checker.ask(crl_question(url)).await {
                Ok(delta) => return Ok(delta),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn verify_bundle<'a>(
    bundle: &'a CrlBundle,
    issuer: &Certificate,
    now: OffsetDateTime,
) -> Result<Verified<'a>, Error> {
    let delta = bundle.delta.as_deref().map(Crl::parse).transpose()?;
    Verified::new(Crl::parse(&bundle.base)?, delta, issuer, now)
}

fn crl_question(url: &str) -> Question {
    Question::Crl {
        url: url.to_owned(),
    }
}

fn ocsp_status(url: &str, origin: Origin, answer: &ocsp::CertificateStatus) -> Status {
    let evidence = Evidence {
        source: Source {
            protocol: Protocol::Ocsp,
            url: url.to_owned(),
        },
        origin,
        as_of: answer.this_update,
        until: answer.next_update,
    };
    match answer.status {
        ocsp::Status::Good => Status::Good(evidence),
        ocsp::Status::Revoked { at, reason } => Status::Revoked {
            evidence,
            at,
            reason,
        },
    }
}

fn crl_status(
    url: &str,
    origin: Origin,
    verified: &Verified<'_>,
    listed: &CertificateEntries,
) -> Status {
    let evidence = Evidence {
        source: Source {
            protocol: Protocol::Crl,
            url: url.to_owned(),
        },
        origin,
        as_of: verified.this_update(),
        until: verified.next_update(),
    };
    match listed.revocation() {
        None => Status::Good(evidence),
        Some(entry) => Status::Revoked {
            evidence,
            at: entry.revoked_at,
            reason: entry.reason,
        },
    }
}

fn check_count(found: usize) -> Result<(), Error> {
    if found > MAX_REVOCATION_URLS {
        return Err(Error::TooManyAddresses { found });
    }
    Ok(())
}
