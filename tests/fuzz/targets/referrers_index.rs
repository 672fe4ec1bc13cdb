//! Indexes of referrers, as a registry or a tag gives them.
#![no_main]

use countersign::limits::MAX_REFERRERS;
use countersign::registry::fuzzing::referrers_index;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let url = url::Url::parse("https://registry.example/v2/app/referrers/x").expect("a URL");
    if let Ok((referrers, signatures)) = referrers_index(&url, bytes) {
        // One past the limit is enough to know that there are too many.
        assert!(referrers <= MAX_REFERRERS + 1 && signatures <= referrers);
    }
});
