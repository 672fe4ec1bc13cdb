//! JSON documents: those that people write, and those that signatures cover.
#![no_main]

use countersign::document::Document;
use countersign::json;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // What has a place in a document is JSON for everybody.
    if Document::parse(bytes).is_ok() {
        assert!(json::parse(bytes).is_ok());
    }
});
