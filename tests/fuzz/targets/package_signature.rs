//! The signature in a package of AWS Lambda: of a genuine one there is no other form.
#![no_main]

use countersign::code_signing::Signature;
use countersign::trust_store::built_in_package_root;

const GENUINE: &[u8] = include_bytes!("../../vectors/packages/aws-signer-2022-02-11.SF");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let root = built_in_package_root().expect("the root that is built in");
    // AWS's key is not known to a fuzzer.
    if Signature::verify(bytes, &[root]).is_ok() {
        assert_eq!(bytes, GENUINE);
    }
});
