//! References; what is printed parses again to the same.
#![no_main]

use countersign::reference::{Reference, Scheme};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(reference) = Reference::parse(text) {
        let again = Reference::parse(&reference.to_string()).expect("what is printed parses");
        assert_eq!(again.to_string(), reference.to_string());
        for scheme in [Scheme::Https, Scheme::Http] {
            assert_eq!(again.scope(scheme), reference.scope(scheme));
        }
    }
});
