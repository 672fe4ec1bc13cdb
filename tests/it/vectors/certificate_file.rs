//! Rows of kind `cert file`: a file of certificates, PEM or DER.

use countersign::x509;

use super::{Answer, Case};

pub(super) fn answer(case: &Case) -> Answer {
    Answer::from_result(&x509::parse_certificates(&case.read()))
}
