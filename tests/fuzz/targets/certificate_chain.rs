//! Chains of certificates for a key, in PEM, DER or AWS's JSON.
#![no_main]

use countersign::signer::certificate_chain::CertificateChain;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let at = time::macros::datetime!(2026-01-01 0:00 UTC);
    let _ = CertificateChain::parse(bytes, at);
});
