//! AWS Signer's answers about revocation: nothing else is read than what they say.
#![no_main]

use countersign::extended_validation::fuzzing::revocation_answer;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(revoked) = revocation_answer(bytes) {
        let said: Value = serde_json::from_slice(bytes).expect("JSON");
        match said.get("revokedEntities") {
            Some(list) => assert_eq!(*list, Value::from(revoked)),
            None => assert_eq!(said, serde_json::json!({})),
        }
    }
});
