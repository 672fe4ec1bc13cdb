//! Rows of kind `tst`: a timestamp over `notation`, by an authority below `GlobalSign`'s root.

use countersign::timestamp;
use countersign::x509::{self, Certificate};
use time::macros::datetime;

use super::{Answer, Case};

pub(super) fn answer(case: &Case) -> Answer {
    let root = certificates(case, "tspclient-go/testdata/GlobalSignRootCA.crt");
    let now = datetime!(2026-11-22 00:00 UTC);
    Answer::from_result(&timestamp::verify(&case.read(), b"notation", &root, now))
}

/// The certificates in another file of the set.
pub(super) fn certificates(case: &Case, path: &str) -> Vec<Certificate> {
    x509::parse_certificates(&case.read_other(path)).unwrap()
}
