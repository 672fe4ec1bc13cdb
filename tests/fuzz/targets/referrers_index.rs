//! Indexes of referrers, as a registry or a tag gives them.
#![no_main]

use countersign::limits::MAX_REFERRERS;
use countersign::registry::fuzzing::{index_with_entry, referrers_index};
use serde_json::value::RawValue;

/// An index as its next reader sees it.
#[derive(serde::Deserialize)]
struct Index<'a> {
    #[serde(borrow)]
    manifests: Vec<&'a RawValue>,
}

const ENTRY: &str = r#"{"digest":"sha256:00"}"#;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let url = url::Url::parse("https://registry.example/v2/app/referrers/x").expect("a URL");
    if let Ok((referrers, signatures)) = referrers_index(&url, bytes) {
        // One past the limit is enough to know that there are too many.
        assert!(referrers <= MAX_REFERRERS + 1 && signatures <= referrers);
    }
    if let Some(text) = index_with_entry(bytes, ENTRY) {
        let index: Index<'_> = serde_json::from_str(&text).expect("an index");
        assert_eq!(index.manifests.last().map(|entry| entry.get()), Some(ENTRY));
    }
});
