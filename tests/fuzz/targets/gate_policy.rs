//! Gate policies, and the rule that they choose.
#![no_main]

use std::path::Path;

use countersign::gate::policy::GatePolicy;
use countersign::reference::{Reference, Scheme};
use time::macros::datetime;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let now = datetime!(2026-11-29 12:00 UTC);
    if let Ok(policy) = GatePolicy::parse(Path::new("gate.json"), bytes, now) {
        let reference = Reference::parse("registry.example/team/app:v1").unwrap();
        for scheme in [Scheme::Https, Scheme::Http] {
            if let Ok(rule) = policy.rule(&reference, scheme) {
                assert!(rule.scopes.iter().any(|scope| scope.rank(&reference, scheme).is_some()));
                assert!((1..=rule.roles.len()).contains(&rule.needed()));
            }
        }
        let _ = policy.warnings(now);
    }
});
