//! Rows of kind `chain`: a PEM file as a code-signing or timestamping chain, with or without a time.

use countersign::x509::{self, Certificate};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Answer, Case};

pub(super) fn answer(case: &Case) -> Answer {
    let chain = match x509::parse_certificates(&case.read()) {
        Ok(chain) => chain,
        Err(error) => return Answer::reject(&error),
    };
    Answer::from_result(&verify(&case.how, &chain))
}

/// Does what a row says in words: `chain code`, `chain tsa`, `chain code signingTime=...`.
pub(super) fn verify(how: &str, chain: &[Certificate]) -> Result<(), x509::Error> {
    let at = how
        .split_once("signingTime=")
        .map(|(_, time)| OffsetDateTime::parse(time, &Rfc3339).unwrap());
    match how.split([' ', ',', '-']).nth(1) {
        Some("code") => x509::verify_code_signing_chain(chain, at),
        Some("tsa" | "timestamping") => x509::verify_timestamping_chain(chain, at),
        other => panic!("unknown chain {other:?} in `{how}`"),
    }
}
