//! Scopes of trust policies: the form in which they are compared is one.
#![no_main]

use countersign::reference::{Scheme, normalize_scope};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for scheme in [Scheme::Https, Scheme::Http] {
        let once = normalize_scope(text, scheme);
        assert_eq!(normalize_scope(&once, scheme), once);
    }
});
