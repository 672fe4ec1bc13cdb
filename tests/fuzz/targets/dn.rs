//! Distinguished names of trusted identities.
#![no_main]

use countersign::x509::identity::SubjectIdentity;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(identity) = SubjectIdentity::parse(text) {
        // Two identities of which one covers the other may not stand side by side; one covers itself.
        assert!(identity.overlaps(&identity), "{text:?}");
    }
});
