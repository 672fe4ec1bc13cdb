//! What a timestamping authority says: `TSTInfo`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = countersign::timestamp::fuzzing::tst_info(bytes);
});
