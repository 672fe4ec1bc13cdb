//! Rows of kind `revocation`: a chain, and what each address of it answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use countersign::revocation::{
    Checker, Fetch, FetchError, FetchFuture as Fetched, Question, Verdict,
};
use countersign::x509::{self, Purpose};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

use super::{Answer, Case};

/// What each address answers; the rest have nothing.
#[derive(Debug, Default)]
struct Stored(BTreeMap<String, Bytes>);

impl Fetch for Stored {
    fn fetch<'a>(&'a self, question: &'a Question) -> Fetched<'a> {
        let url = question.url().to_owned();
        let found = self.0.iter().find(|(stored, _)| url.starts_with(*stored));
        let answer = found
            .map(|(_, body)| body.clone())
            .ok_or(FetchError::NotStored { url });
        Box::pin(std::future::ready(answer))
    }
}

pub(super) fn answer(case: &Case) -> Answer {
    let chain = x509::parse_certificates(&case.read()).unwrap();
    let mut stored = Stored::default();
    let mut signing_time = None;
    for part in case.how.split([',', ';']).map(str::trim) {
        if let Some(time) = part.strip_prefix("authenticSigningTime=") {
            signing_time = Some(OffsetDateTime::parse(time, &Rfc3339).unwrap());
        } else if let Some((url, file)) = part.split_once(" -> ")
            && !["404", "timeout"].contains(&file)
        {
            let body = case.read_other(&format!("generated/revocation/data/{file}"));
            stored.0.insert(url.to_owned(), body.into());
        }
    }
    let checker = Checker::new(Arc::new(stored));
    let now = datetime!(2026-11-22 00:00 UTC);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let check = countersign::revocation::check_chain(
        &chain,
        Purpose::CodeSigning,
        signing_time,
        &checker,
        now,
    );
    let result = match runtime.block_on(check) {
        Ok(result) => result,
        Err(error) => return Answer::reject(&error),
    };
    match result.verdict() {
        Verdict::NotRevoked => Answer::word("ok"),
        Verdict::Revoked(_) => Answer::word("revoked"),
        Verdict::Unknown(certificate) => {
            let mut detail = String::new();
            for failure in &certificate.failures {
                let error = Answer::reject(&failure.error);
                let _ = write!(detail, "{:?}: {}; ", failure.url, error.detail);
            }
            Answer {
                word: "unknown".to_owned(),
                detail,
            }
        }
    }
}
