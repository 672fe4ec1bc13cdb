//! Artifacts in OCI image layouts: the layout is carried along, only the facts are fetched.

use serde_json::json;

use super::{Island, policy};
use crate::support::layout;
use crate::support::scene::Scene;

#[test]
fn a_layout_is_verified_with_the_facts_alone_and_by_tag_too() {
    let scene = Scene::new();
    let path = scene.sandbox.home().join("layout");
    layout::make(&path, &["v1"]);
    let profile = ["--signing-profile", &scene.profile.arn];
    let ran = scene.run(&[&["sign", "--oci-layout"], &profile[..], &["layout:v1"]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    let fetch = ["revocation", "fetch", "--oci-layout", "--out", "facts"];
    let trust = ["--trust-anchor", "root.crt", "layout:v1"];
    let ran = scene.run(&[&fetch[..], &profile, &trust].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(!scene.sandbox.home().join("facts/artifacts").exists());

    let island = Island::new(&scene, scene.digest());
    let carried = island.sandbox.home().join("layout");
    std::fs::create_dir(&carried).unwrap();
    layout::copy(&path, &carried);
    let verification = json!({ "level": "strict", "unsignedRevocationStatements": ["aws-signer"] });
    let store = "signingAuthority:aws";
    let policy = policy(&verification, &[store], &scene.profile.arn);
    island.sandbox.write_config("trustpolicy.oci.json", policy);
    island.sandbox.write_config(
        "truststore/x509/signingAuthority/aws/root.crt",
        scene.emulator.root_certificate_pem(),
    );
    let ran = island.verify_reference(&["--oci-layout", "--scope", "local/app"], "layout:v1");
    assert_eq!(ran.code, 0, "{ran:#?}");
}
