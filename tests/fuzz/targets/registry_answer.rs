//! What a registry says when it refuses: the words of its error, and its challenges.
#![no_main]

use countersign::printable::draws;
use countersign::registry::fuzzing::{challenges, words};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    assert!(!words(bytes).as_str().contains(draws));
    if let Ok(header) = http::HeaderValue::from_bytes(bytes) {
        let _ = challenges(header);
    }
});
