//! Trust policy documents.
#![no_main]

use std::path::Path;

use countersign::trust_policy::TrustPolicies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(policies) = TrustPolicies::parse_oci(Path::new("trustpolicy.oci.json"), bytes) {
        let _ = policies.select("registry.example/repository");
    }
});
