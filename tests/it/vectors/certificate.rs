//! Rows of kind `cert`: one certificate, alone as a chain or only to be read.

use countersign::x509;

use super::{Answer, Case, chain};

pub(super) fn answer(case: &Case) -> Answer {
    let certificates = match x509::parse_certificates(&case.read()) {
        Ok(certificates) => certificates,
        Err(error) => return Answer::reject(&error),
    };
    if case.how.starts_with("chain ") {
        Answer::from_result(&chain::verify(&case.how, &certificates))
    } else {
        Answer::accept()
    }
}
