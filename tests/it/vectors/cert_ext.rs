//! Rows of kind `cert ext`: a certificate with the extension that names its delta CRLs.

use countersign::x509::Certificate;

use super::{Answer, Case};

pub(super) fn answer(case: &Case) -> Answer {
    let certificate = match Certificate::parse(&case.read()) {
        Ok(certificate) => certificate,
        Err(error) => return Answer::reject(&error),
    };
    let usable = |uri: &String| uri.starts_with("http://");
    let found = match certificate.freshest_crl() {
        Err(_) => "info: malformed",
        Ok(Some(points)) if points.iter().flat_map(|point| &point.uris).any(usable) => {
            "info: supported"
        }
        Ok(_) => "info: no usable URL",
    };
    if found == case.expected {
        Answer::word(found)
    } else {
        Answer::wrong(found)
    }
}
