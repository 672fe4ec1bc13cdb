//! Rows of kind `crl`: real CRLs, one that names its delta CRLs and one that is a delta CRL.

use countersign::revocation::CrlSummary;

use super::{Answer, Case};

pub(super) fn answer(case: &Case) -> Answer {
    let summary = match CrlSummary::parse(&case.read()) {
        Ok(summary) => summary,
        Err(error) => return Answer::reject(&error),
    };
    let wanted = if case.path.ends_with("delta.crl") {
        (true, 0)
    } else {
        (false, 2)
    };
    if (summary.is_delta, summary.delta_urls.len()) == wanted {
        Answer::word("info")
    } else {
        Answer::wrong(format!("{summary:?}"))
    }
}
