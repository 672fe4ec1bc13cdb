//! COSE envelopes: parse and verify.
#![no_main]

use countersign::envelope::UnverifiedEnvelope;
use countersign::notary::EnvelopeFormat;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = UnverifiedEnvelope::parse(EnvelopeFormat::Cose, bytes).and_then(UnverifiedEnvelope::verify);
});
