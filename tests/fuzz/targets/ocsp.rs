//! OCSP answers.
#![no_main]

use std::sync::{Arc, LazyLock};

use countersign::revocation::{Checker, Fetch, FetchError, FetchFuture, Question, check_chain};
use countersign::x509::{self, Certificate, Purpose};

static CHAIN: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let chain = include_bytes!("../../vectors/generated/revocation/chains/ocsp.pem");
    x509::parse_certificates(chain).unwrap()
});

/// Answers every question with the same bytes.
#[derive(Debug)]
struct Same(Vec<u8>);

impl Fetch for Same {
    fn fetch<'a>(&'a self, _: &'a Question) -> FetchFuture<'a> {
        let answer: Result<_, FetchError> = Ok(self.0.clone().into());
        Box::pin(std::future::ready(answer))
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now = time::macros::datetime!(2026-01-01 0:00 UTC);
    let checker = Checker::new(Arc::new(Same(bytes.to_vec())));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let result = runtime.block_on(check_chain(&CHAIN, Purpose::CodeSigning, None, &checker, now));
    assert!(result.is_ok());
});
