//! Timestamps: BER, CMS and `TSTInfo`, and the answers that bring them.
#![no_main]

use std::sync::LazyLock;

use countersign::timestamp;
use countersign::x509::{self, Certificate};

/// The value of the signature that the kept timestamp is for, so that more than its imprint is reached.
const MESSAGE: &[u8] = include_bytes!("timestamp.message");

static ROOTS: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let root = include_bytes!("../../vectors/generated/tscfg/truststore/x509/tsa/tsa/root.pem");
    x509::parse_certificates(root).unwrap()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now = time::macros::datetime!(2026-01-01 0:00 UTC);
    if let Ok(verified) = timestamp::verify(bytes, MESSAGE, &ROOTS, now) {
        assert_eq!(verified.chain().last(), ROOTS.first());
    }
    let _ = timestamp::parse_response(bytes);
});
