//! Answers about revocation, judged for a whole chain.

use std::sync::Arc;

use bytes::Bytes;
use countersign::revocation::{Checker, Fetch, FetchFuture, Question, Verdict, check_chain};
use countersign::x509::{self, Certificate, Purpose};
use divan::Bencher;

use crate::certificates::{Algorithm, Chain, NOW};

const OCSP_CHAIN: &[u8] =
    include_bytes!("../../tests/vectors/generated/revocation/chains/ocsp.pem");
const OCSP_ANSWER: &[u8] =
    include_bytes!("../../tests/vectors/generated/revocation/data/good.ocsp");

/// Answers every question with the same bytes.
#[derive(Debug)]
struct Same(Bytes);

impl Fetch for Same {
    fn fetch<'a>(&'a self, _: &'a Question) -> FetchFuture<'a> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

#[divan::bench]
fn ocsp(bencher: Bencher<'_, '_>) {
    let chain = x509::parse_certificates(OCSP_CHAIN).unwrap();
    check(bencher, &chain, &Bytes::from_static(OCSP_ANSWER));
}

/// Entries of the CRL, without the signer's certificate.
#[divan::bench(args = [10, 1_000, 100_000])]
fn crl(bencher: Bencher<'_, '_>, entries: u64) {
    let chain = Chain::of(Algorithm::P256);
    check(bencher, &chain.certificates(), &chain.crl(entries).into());
}

/// A checker for each run, as it keeps what it was told.
fn check(bencher: Bencher<'_, '_>, chain: &[Certificate], answer: &Bytes) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    bencher
        .with_inputs(|| Checker::new(Arc::new(Same(answer.clone()))))
        .bench_local_refs(|checker| {
            let checked = check_chain(chain, Purpose::CodeSigning, None, checker, NOW);
            let found = runtime.block_on(checked).unwrap();
            assert!(matches!(found.verdict(), Verdict::NotRevoked), "{found:?}");
        });
}
