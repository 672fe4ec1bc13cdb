//! Signatures that other plugins judge.

use serde_json::json;

use super::{Island, policy};
use crate::support::envelopes::{Envelope, Signer};
use crate::support::scene::Scene;

#[test]
fn a_plugin_is_not_run_offline() {
    let scene = Scene::new();
    let client = scene.client();
    let manifest = client.manifest_bytes(scene.digest());
    let media_type = client.manifest(scene.digest())["mediaType"].clone();
    let payload = json!({ "targetArtifact": {
        "mediaType": media_type, "digest": scene.digest(), "size": manifest.len(),
    } });
    let signer = Signer::ec("signer");
    let mut envelope = Envelope::new(&payload, "test");
    let plugin = ("io.cncf.notary.verificationPlugin", json!("probe"), true);
    envelope.extended.push(plugin);
    let envelope = envelope.jws(&signer);
    client.push_signature(scene.digest(), "application/jose+json", &envelope);

    let trust = |sandbox: &crate::support::sandbox::Sandbox| {
        let policy = policy(&json!({ "level": "strict" }), &["ca:local"], "*");
        sandbox.write_config("trustpolicy.oci.json", policy);
        sandbox.write_config("truststore/x509/ca/local/root.crt", signer.root_pem());
    };
    // Neither by the fetch, which could not store what it answers, nor afterwards.
    let install = |sandbox: &crate::support::sandbox::Sandbox| {
        let marker = sandbox.home().join("started");
        let script = format!("#!/bin/sh\ntouch '{}'\n", marker.display());
        let folder = sandbox.config().join("plugins/probe");
        std::fs::create_dir_all(&folder).unwrap();
        let program = folder.join("notation-probe");
        crate::support::script_plugin::write_program(&program, &script);
        marker
    };
    trust(&scene.sandbox);
    let marker = install(&scene.sandbox);
    let ran = scene.run(&["revocation", "fetch", "--out", "facts", &scene.image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("plugin `probe`, which the signature names, is not run offline");
    assert!(!marker.exists());
    // The same online, so that the marker is known to work.
    scene.run(&["verify", &scene.image]);
    assert!(marker.exists());

    let island = Island::new(&scene, scene.digest());
    trust(&island.sandbox);
    let marker = install(&island.sandbox);
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("refused: plugin `probe`, which the signature names, is not run offline");
    assert!(!marker.exists());
}
