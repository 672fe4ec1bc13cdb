//! Rows of kind `tsp response`: a timestamping authority's answer.

use countersign::timestamp;

use super::{Answer, Case};

pub(super) fn answer(case: &Case) -> Answer {
    Answer::from_result(&timestamp::parse_response(&case.read()))
}
