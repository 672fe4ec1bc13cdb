//! Revocation: what is asked, where, when, and which answers count.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::as_conversions,
    reason = "what is not as expected is a failed test"
)]

mod asking;
mod aws_signer;
mod cache;
mod crl;
mod ocsp;
mod record;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use countersign::revocation::{
    self, CertificateRevocation, ChainRevocation, Checker, Error, Fetch, FetchError, FetchFuture,
    Network, Question, Status, Verdict,
};
use countersign::x509::{Certificate, Purpose};
use rcgen::{CertificateParams, CustomExtension};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::support::hostile::{Hostile, Reply};
use crate::support::pki::{
    Crl, Entity, Ocsp, authority, custom, distribution_point, oid, seq, signer, tlv,
};

const NOW: OffsetDateTime = datetime!(2026-11-22 00:00 UTC);
const OCSP_URL: &str = "http://ocsp.test/";
const CRL_URL: &str = "http://crl.test/leaf.crl";

/// Answers from memory, and what was asked.
#[derive(Debug, Default)]
struct Stored {
    answers: BTreeMap<String, Bytes>,
    asked: Mutex<Vec<String>>,
    /// How long each answer takes.
    delay: Duration,
}

impl Stored {
    fn new(answers: &[(&str, Vec<u8>)]) -> Self {
        Self {
            answers: answers
                .iter()
                .map(|(url, body)| ((*url).to_owned(), body.clone().into()))
                .collect(),
            ..Self::default()
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Fetch for Stored {
    fn fetch<'a>(&'a self, question: &'a Question) -> FetchFuture<'a> {
        let url = question.url().to_owned();
        self.asked.lock().unwrap().push(url.clone());
        Box::pin(async {
            tokio::time::sleep(self.delay).await;
            let answer = self.answers.get(&url).cloned();
            answer.ok_or(FetchError::NotStored { url })
        })
    }
}

/// A root and a code signer below it.
struct Pki {
    root: Entity,
    leaf: Entity,
}

impl Pki {
    fn new(extensions: Vec<CustomExtension>) -> Self {
        let root = Entity::root(authority("root"));
        let leaf = root.issue(with(signer("leaf"), extensions));
        Self { root, leaf }
    }

    /// With an OCSP responder alone.
    fn with_ocsp() -> Self {
        Self::new(vec![ocsp_at(&[OCSP_URL])])
    }

    /// With a CRL alone.
    fn with_crl() -> Self {
        Self::new(vec![crl_at(&[CRL_URL])])
    }

    fn chain(&self) -> Vec<Certificate> {
        vec![self.leaf.certificate.clone(), self.root.certificate.clone()]
    }

    fn serial(&self) -> Vec<u8> {
        self.leaf.certificate.serial_number().to_vec()
    }

    fn crl(&self, crl: &Crl) -> Vec<u8> {
        crl.build(&self.root)
    }

    fn ocsp(&self, ocsp: &Ocsp) -> Vec<u8> {
        ocsp.build(&self.leaf.certificate, &self.root, &self.root)
    }

    /// The result for the leaf if these answers are all there are.
    async fn check(&self, answers: &[(&str, Vec<u8>)]) -> CertificateRevocation {
        self.check_signed_at(None, answers).await
    }

    async fn check_signed_at(
        &self,
        signing_time: Option<OffsetDateTime>,
        answers: &[(&str, Vec<u8>)],
    ) -> CertificateRevocation {
        let checker = Checker::new(Arc::new(Stored::new(answers)));
        let result = check(&self.chain(), signing_time, &checker).await;
        result.certificates.into_iter().next().unwrap()
    }
}

async fn check(
    chain: &[Certificate],
    signing_time: Option<OffsetDateTime>,
    checker: &Checker,
) -> ChainRevocation {
    revocation::check_chain(chain, Purpose::CodeSigning, signing_time, checker, NOW)
        .await
        .unwrap()
}

fn with(mut params: CertificateParams, extensions: Vec<CustomExtension>) -> CertificateParams {
    params.custom_extensions.extend(extensions);
    params
}

/// An extension that names OCSP responders.
fn ocsp_at(urls: &[&str]) -> CustomExtension {
    let entries: Vec<u8> = urls
        .iter()
        .flat_map(|url| seq(&[&oid("1.3.6.1.5.5.7.48.1"), &tlv(0x86, url.as_bytes())]))
        .collect();
    custom(&[1, 3, 6, 1, 5, 5, 7, 1, 1], false, &tlv(0x30, &entries))
}

/// An extension that names one distribution point with these addresses.
fn crl_at(urls: &[&str]) -> CustomExtension {
    custom(&[2, 5, 29, 31], false, &distribution_point(urls))
}

/// The only reason why the status is unknown.
fn unknown(result: CertificateRevocation) -> Error {
    assert_eq!(result.status, Status::Unknown, "{:?}", result.failures);
    assert_eq!(result.failures.len(), 1, "{:?}", result.failures);
    result.failures.into_iter().next().unwrap().error
}

fn is_good(result: &CertificateRevocation) -> bool {
    matches!(result.status, Status::Good(_))
}

fn is_revoked(result: &CertificateRevocation) -> bool {
    matches!(result.status, Status::Revoked { .. })
}
