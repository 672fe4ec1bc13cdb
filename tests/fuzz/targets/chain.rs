//! Certificate files, and the rules for chains.
#![no_main]

use countersign::x509;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(chain) = x509::parse_certificates(bytes) {
        let at = time::macros::datetime!(2026-01-01 0:00 UTC);
        let _ = x509::verify_code_signing_chain(&chain, Some(at));
        let _ = x509::verify_timestamping_chain(&chain, Some(at));
    }
});
