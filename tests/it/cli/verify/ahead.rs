//! Several signatures of one image: how many are fetched at the same time, and that the answer is the one of fetching
//! them one after the other.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::many::registry;
use super::*;
use crate::support::document::document;
use crate::support::hostile::{Hostile, Reply};

/// An image with signatures of these profiles, in the order in which the registry lists them.
pub(in crate::cli) struct Signed {
    pub(in crate::cli) scene: Scene,
    pub(in crate::cli) signatures: Vec<String>,
}

impl Signed {
    pub(in crate::cli) fn by(profiles: &[&str]) -> Self {
        let scene = Scene::new();
        let _: Result<_, _> = scene.emulator.create_signing_profile("other");
        let client = scene.client();
        let artifact = client.manifest_bytes(scene.digest());
        let manifest: Value = serde_json::from_slice(&artifact).unwrap();
        let payload = json!({ "targetArtifact": {
            "mediaType": manifest["mediaType"], "digest": scene.digest(), "size": artifact.len(),
        } });
        let payload = payload.to_string();
        let signatures: Vec<String> = profiles
            .iter()
            .map(|profile| {
                let envelope = scene.emulator.sign_payload(profile, payload.as_bytes());
                let digest = client.push_signature(scene.digest(), JWS, &envelope.unwrap());
                digest.to_string()
            })
            .collect();
        let listed = client.referrers(scene.digest());
        let listed = listed["manifests"].as_array().unwrap().iter();
        let listed: Vec<&str> = listed.map(|one| one["digest"].as_str().unwrap()).collect();
        assert_eq!(listed, signatures);
        Self { scene, signatures }
    }

    fn image(&self, registry: &Hostile) -> String {
        format!("{}/app@{}", registry.host(), self.scene.digest())
    }

    fn verify(&self, more: &[&str], registry: &Hostile) -> Ran {
        let more = [&["--no-content-cache"][..], more].concat();
        self.scene.verify_with(&more, &self.image(registry))
    }

    /// The digest of the envelope of a signature.
    fn envelope(&self, signature: &str) -> String {
        let manifest = self.scene.client().manifest(signature);
        manifest["layers"][0]["digest"].as_str().unwrap().to_owned()
    }

    /// A registry that answers for these signatures only once it was asked for all of them, and for all others
    /// at once.
    pub(in crate::cli) fn held_for(&self, held: &[String]) -> Hostile {
        let held = held.to_vec();
        let (asked, all) = (AtomicUsize::new(0), OnceLock::new());
        registry(&self.scene, move |seen, reply| {
            let before = asked.fetch_add(1, Ordering::SeqCst);
            if held.iter().any(|one| is_manifest(&seen.line(), one)) {
                return reply.after_requests(*all.get_or_init(|| before + held.len()));
            }
            reply
        })
    }
}

/// Whether it asks for the manifest of this signature.
fn is_manifest(line: &str, signature: &str) -> bool {
    line.ends_with(&format!("/manifests/{signature}"))
}

/// Where it was asked for the first time.
fn first(lines: &[String], part: &str) -> Option<usize> {
    lines.iter().position(|line| line.contains(part))
}

fn judged(ran: &Ran) -> (String, Vec<String>) {
    let verdict = &document(ran, "verdict.v1.schema.json")["results"][0];
    let signatures = verdict["signatures"].as_array().unwrap().iter();
    let digests = signatures.map(|one| one["digest"].as_str().unwrap().to_owned());
    (
        verdict["verdict"].as_str().unwrap().to_owned(),
        digests.collect(),
    )
}

#[test]
fn signatures_behind_one_that_is_not_it_are_fetched_at_the_same_time() {
    let signed = Signed::by(&["other", "other", "other", "other", "other", "release"]);
    let registry = signed.held_for(&signed.signatures[1..]);
    let ran = signed.verify(&["--output", "json"], &registry);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let (verdict, digests) = judged(&ran);
    assert_eq!(verdict, "verified");
    // The one that was found, and then the others in the registry's order.
    let (found, others) = digests.split_first().unwrap();
    assert_eq!(
        (found, others),
        (&signed.signatures[5], &signed.signatures[..5])
    );
    // The manifest and the list, and three requests for each signature.
    assert_eq!(registry.seen().len(), 2 + 3 * 6, "{:#?}", registry.lines());
}

#[test]
fn a_first_signature_that_is_the_one_costs_no_request_more() {
    let signed = Signed::by(&["release", "other", "release"]);
    let registry = registry(&signed.scene, |_, reply| reply);
    let ran = signed.verify(&[], &registry);
    assert_verified(&ran, &signed.image(&registry));
    let lines = registry.lines();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    for signature in &signed.signatures[1..] {
        assert_eq!(first(&lines, signature), None, "{lines:#?}");
    }
}

#[test]
fn where_all_signatures_are_judged_they_are_fetched_from_the_start() {
    let signed = Signed::by(&["release", "other", "release"]);
    let registry = signed.held_for(&signed.signatures);
    let ran = signed.verify(&["--all-signatures", "--output", "json"], &registry);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let (_, digests) = judged(&ran);
    let [one, other, two] = &signed.signatures[..] else {
        panic!("{signed:#?}", signed = signed.signatures);
    };
    assert_eq!(digests, [one.clone(), two.clone(), other.clone()]);
}

#[test]
fn only_some_are_fetched_ahead_and_none_beyond_the_limit() {
    let signed = Signed::by(&["other"; 14]);
    let registry = registry(&signed.scene, |_, reply| reply);
    let more = ["--max-signatures", "13", "--output", "json"];
    let ran = signed.verify(&more, &registry);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let (verdict, digests) = judged(&ran);
    assert_eq!(
        (verdict.as_str(), &digests[..]),
        ("rejected", &signed.signatures[..13])
    );
    let lines = registry.lines();
    // The tag schema is asked before the answer is "no".
    assert_eq!(lines.len(), 3 + 3 * 13, "{lines:#?}");
    assert_eq!(first(&lines, &signed.signatures[13]), None);
    // Each is begun only after the one that is nine before it is at hand.
    for (signature, begun) in signed.signatures.iter().zip(&signed.signatures[9..13]) {
        let envelope = first(&lines, &signed.envelope(signature)).unwrap();
        assert!(envelope < first(&lines, begun).unwrap(), "{lines:#?}");
    }
}

#[test]
fn one_that_cannot_be_fetched_is_not_decided_and_hides_no_other() {
    for (profiles, code, verdict) in [
        (["other", "release", "release"], 0, "verified"),
        (["other", "release", "other"], 3, "inconclusive"),
    ] {
        let signed = Signed::by(&profiles);
        let denied = signed.envelope(&signed.signatures[1]);
        let registry = registry(&signed.scene, move |seen, reply| {
            if seen.path().contains(&denied) {
                return Reply::status(403);
            }
            reply
        });
        let ran = signed.verify(&["--output", "json"], &registry);
        assert_eq!(
            (ran.code, judged(&ran).0.as_str()),
            (code, verdict),
            "{ran:#?}"
        );
        let text = ran.stdout.matches("denied").count();
        assert!(text > 0, "{ran:#?}");
        let asked = registry.lines();
        let times = |part: &str| asked.iter().filter(|line| line.contains(part)).count();
        for signature in &signed.signatures {
            assert_eq!(times(signature), 1, "{asked:#?}");
        }
    }
}
