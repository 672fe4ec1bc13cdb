//! Which plugin is asked, and when.

use super::{assert_verified, refused};
use crate::support::scene::Scene;

#[test]
fn an_installed_plugin_is_asked_only_where_that_is_wanted() {
    const NAME: &str = "com.amazonaws.signer.notation.plugin";
    let scene = Scene::new();
    scene.sign(&scene.image);
    let metadata = serde_json::json!({
        "name": NAME, "description": "d", "version": "1.0.0", "url": "u",
        "supportedContractVersions": ["1.0"],
        "capabilities": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK"],
    });
    let answer = serde_json::json!({
        "verificationResults": {
            "SIGNATURE_VERIFIER.TRUSTED_IDENTITY": { "success": true, "reason": "r" },
            "SIGNATURE_VERIFIER.REVOCATION_CHECK": { "success": false, "reason": "the plugin says so" },
        },
        "processedAttributes": [
            "com.amazonaws.signer.signingProfileVersion", "com.amazonaws.signer.signingJob",
        ],
    });
    let script = format!(
        "#!/bin/sh\ncat > /dev/null\ncase \"$1\" in\nget-plugin-metadata) echo '{metadata}' ;;\n*) echo '{answer}' ;;\nesac\n"
    );
    install_plugin(&scene, NAME, &script);

    assert_verified(&scene.verify(&scene.image), &scene.image);
    let ran = scene.verify_with(&["--use-installed-plugin"], &scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says(&format!(
        "revocation (enforce): failed: revocation check by verification plugin \"{NAME}\" failed \
         with reason \"the plugin says so\""
    ));
    // The plugin's answers are the only ones: this program decides neither beside it.
    let ran = scene.verify_with(&["--use-installed-plugin", "-o", "json"], &scene.image);
    let document = crate::cli::verdict::document(&ran);
    let validations = document["results"][0]["signatures"][0]["validations"].as_array();
    let carried_out: Vec<_> = validations
        .unwrap()
        .iter()
        .map(|one| one["validation"].as_str().unwrap())
        .collect();
    assert_eq!(
        carried_out,
        [
            "integrity",
            "expiry",
            "authenticTimestamp",
            "authenticity",
            "revocation"
        ]
    );
}

#[test]
fn an_untrusted_signature_starts_no_plugin() {
    const NAME: &str = "com.amazonaws.signer.notation.plugin";
    let scene = Scene::new();
    scene.sign(&scene.image);
    let marker = scene.sandbox.home().join("started");
    let script = format!("#!/bin/sh\ntouch '{}'\n", marker.display());
    install_plugin(&scene, NAME, &script);
    let arguments = [
        "verify",
        "--use-installed-plugin",
        "--signing-profile",
        &scene.profile.arn,
    ];
    // AWS's own root, which the emulator's signatures do not lead to.
    let ran = scene.run(&[&arguments[..], &[&scene.image]].concat());
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("does not contain any trusted certificate");
    assert!(!marker.exists(), "{ran:#?}");
    // The same with the right root, so that the marker is known to work.
    scene.verify_with(&["--use-installed-plugin"], &scene.image);
    assert!(marker.exists());
}

/// Installs a plugin that is this script.
fn install_plugin(scene: &Scene, name: &str, script: &str) {
    let folder = scene.sandbox.config().join("plugins").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let executable = folder.join(format!("notation-{name}"));
    crate::support::script_plugin::write_program(&executable, script);
}
