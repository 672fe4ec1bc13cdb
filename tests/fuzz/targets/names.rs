//! Names that a person, a policy or an envelope gives: layouts, trust stores, AWS's resources.
#![no_main]

use countersign::aws::{KmsKeyId, SigningProfileArn};
use countersign::config::StoreName;
use countersign::reference::LayoutReference;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = LayoutReference::parse(text);
    let _ = StoreName::parse(text);
    let _ = KmsKeyId::parse(text);
    let _ = SigningProfileArn::parse(text);
});
