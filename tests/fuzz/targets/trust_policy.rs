//! Trust policy documents, about registries and about files.
#![no_main]

use std::path::Path;

use countersign::trust_policy::{DocumentKind, TrustPolicies};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let parse = |kind| TrustPolicies::parse(kind, Path::new("trustpolicy.json"), bytes);
    if let Ok(policies) = parse(DocumentKind::Oci) {
        let _ = policies.select("registry.example/repository");
    }
    if let Ok(policies) = parse(DocumentKind::Blob) {
        let _ = policies.select_for_blob(Some("name"));
    }
});
