//! AWS Signer's answers about revocation as files.
#![no_main]

use std::path::Path;

use countersign::extended_validation::RevocationAnswer;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = RevocationAnswer::parse(Path::new("answer.json"), bytes);
});
