//! Many images in one decision: what a busy, slow or dead registry does to the others, and what is asked.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Gate, signer};
use crate::cli::verify::ahead::Signed;
use crate::cli::verify::many::{images, registry};
use crate::support::document::document;
use crate::support::hostile::Reply;

/// Longer than any machine needs for what is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A gate whose rule is for these registries.
fn write_rule(gate: &Gate, hosts: &[&str], more: &Value) {
    let release = gate.profile("release");
    let mut rule = json!({ "require": { "all": [signer("ci", &release)] } });
    let members = rule.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    let mut policy = gate.policy(&rule);
    let scopes: Vec<String> = hosts.iter().map(|host| format!("{host}/app")).collect();
    policy["rules"][0]["scopes"] = json!(scopes);
    gate.write(&policy);
}

#[test]
fn a_registry_that_is_busy_slow_or_down_changes_nothing_for_the_others() {
    let gate = Gate::new();
    let digests = images(&gate.scene, 4);
    let fetched = Arc::new((Mutex::new(0_usize), Condvar::new()));
    let told = Arc::clone(&fetched);
    let well = registry(&gate.scene, move |seen, reply| {
        if seen.path().contains("/blobs/") {
            *told.0.lock().unwrap() += 1;
            told.1.notify_all();
        }
        reply
    });
    // Too many for every third request.
    let count = AtomicUsize::new(0);
    let busy = registry(&gate.scene, move |_, reply| {
        if count.fetch_add(1, Ordering::SeqCst) % 3 == 2 {
            return Reply::status(429);
        }
        reply
    });
    // It answers no request before the registry that is well was asked for everything.
    let wanted = digests.len();
    let slow = registry(&gate.scene, move |_, reply| {
        let (count, changes) = &*fetched;
        let waiting =
            changes.wait_timeout_while(count.lock().unwrap(), PATIENCE, |count| *count < wanted);
        if waiting.unwrap().1.timed_out() {
            return Reply::status(418);
        }
        reply
    });
    let down = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = down.local_addr().unwrap().to_string();
    drop(down);
    let (slow_host, busy_host, well_host) = (slow.host(), busy.host(), well.host());
    let hosts = [&slow_host, &nobody, &busy_host, &well_host].map(String::as_str);
    write_rule(&gate, &hosts, &json!({}));
    let references: Vec<String> = hosts
        .iter()
        .flat_map(|host| {
            digests
                .iter()
                .map(move |digest| format!("{host}/app@{digest}"))
        })
        .collect();
    let references: Vec<&str> = references.iter().map(String::as_str).collect();
    let ran = gate.check(&[&["--output", "json"][..], &references].concat());
    assert_eq!(ran.code, 3, "{ran:#?}");
    let document = document(&ran, "gate-verdict.v1.schema.json");
    let results = document["results"].as_array().unwrap();
    let mut found: HashMap<&str, Vec<&str>> = HashMap::new();
    for (result, reference) in results.iter().zip(&references) {
        let host = reference.split('/').next().unwrap();
        let verdict = result["verdict"].as_str().unwrap();
        found.entry(host).or_default().push(verdict);
    }
    assert_eq!(found[well_host.as_str()], ["verified"; 4]);
    assert_eq!(found[busy_host.as_str()], ["verified"; 4]);
    assert_eq!(found[slow_host.as_str()], ["verified"; 4]);
    assert_eq!(found[nobody.as_str()], ["inconclusive"; 4]);
    // Manifest, list, signature manifest, envelope and where it is, tag schema, of each.
    assert_eq!(well.seen().len(), 6 * 4);
}

#[test]
fn nothing_of_an_index_is_fetched_twice() {
    // Of each that is judged: manifest, list, signature manifest, envelope and where it is, tag schema.
    for (covers, requests) in [("image", 6 + 6 + 2), ("index", 2 + 3 + 1 + 2)] {
        let gate = Gate::new();
        let digest = gate.scene.emulator.push_test_index("app", "multi").unwrap();
        let index = format!("{}@{digest}", gate.scene.repository);
        gate.scene.sign(&index);
        let manifest = gate.scene.client().manifest(&digest);
        for image in manifest["manifests"].as_array().unwrap() {
            let digest = image["digest"].as_str().unwrap();
            gate.scene
                .sign(&format!("{}@{digest}", gate.scene.repository));
        }
        let watched = registry(&gate.scene, |_, reply| reply);
        let host = watched.host();
        write_rule(&gate, &[&host], &json!({ "signedIndexCovers": covers }));
        let ran = gate.check(&[&format!("{host}/app@{digest}")]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let mut lines = watched.lines();
        assert_eq!(lines.len(), requests, "{covers}: {lines:#?}");
        lines.sort();
        lines.dedup();
        assert_eq!(lines.len(), requests, "{covers}: {lines:#?}");
    }
}

#[test]
fn all_signatures_of_an_image_are_fetched_at_the_same_time() {
    let signed = Signed::by(&["other", "release", "other", "release"]);
    let registry = signed.held_for(&signed.signatures);
    let gate = Gate {
        scene: signed.scene,
    };
    let host = registry.host();
    write_rule(&gate, &[&host], &json!({}));
    let image = format!("{host}/app@{}", gate.scene.digest());
    let (code, verdict) = gate.verdict(&image);
    assert_eq!(code, 0, "{verdict:#}");
    let image = &verdict["images"][0];
    assert_eq!(image["signatures"], 4, "{image:#}");
    let first = &signed.signatures[1];
    assert_eq!(image["signers"][0]["metBy"]["digest"], **first, "{image:#}");
}
