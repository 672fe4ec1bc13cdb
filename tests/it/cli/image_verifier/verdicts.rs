//! What is decided, and by what.

use std::time::Duration;

use serde_json::json;

use super::super::gate::signer;
use super::{Node, assert_refused, usual};

#[test]
fn a_signed_image_may_be_pulled_and_no_other_one() {
    let Some(node) = Node::new() else { return };
    let (image, name) = (node.gate.scene.image.clone(), node.name());
    let ran = node.ask();
    assert_eq!(
        (ran.code, ran.stdout, ran.stderr),
        (
            1,
            format!(
                "Error: {name}: the image has no signature\n\
                 hint: do not run the image: signing it belongs in the pipeline that builds it\n\
                 rule: `images` of `/etc/countersign/gate.json`\n\
                 signers: 0 of 1 needed, 0 signatures judged\n  \
                 `built by CI`: missing, wanted `{}`\n",
                node.gate.profile("release")
            ),
            String::new()
        )
    );

    // Another profile's signature does not count.
    let security = node.gate.profile("security");
    node.gate.sign(&security, &[]);
    let ran = node.ask();
    let wanted = format!("Error: {name}: the image is not signed as required");
    assert_refused(&ran, 1, &wanted);
    assert!(ran.stdout.contains("is not a trusted identity"), "{ran:#?}");

    let release = node.gate.profile("release");
    let signature = node.gate.sign(&release, &[]);
    let ran = node.ask();
    let version = &node.gate.scene.profile.version_arn;
    assert_eq!(
        (ran.code, ran.stdout, ran.stderr),
        (
            0,
            format!(
                "Verified: {image}\n\
                 rule: `images` of `/etc/countersign/gate.json`\n\
                 signers: 1 of 1 needed, 2 signatures judged\n  \
                 `built by CI`: signature {signature}, signed by {version}\n"
            ),
            String::new()
        )
    );

    // A tag that was moved meanwhile makes no difference: containerd's digest counts.
    let other = node
        .gate
        .scene
        .emulator
        .push_test_image("app", "v2")
        .unwrap();
    let descriptor = json!({
        "mediaType": node.descriptor()["mediaType"], "digest": other, "size": 1,
    });
    let ran = node.ask_with(&usual(&name, &other), &descriptor.to_string());
    assert_refused(
        &ran,
        1,
        &format!("Error: {name}: the image has no signature"),
    );
}

#[test]
fn a_revoked_signature_is_refused() {
    let Some(node) = Node::new() else { return };
    let release = node.gate.profile("release");
    node.gate.sign(&release, &[]);
    assert_eq!(node.ask().code, 0);
    let scene = &node.gate.scene;
    let said = scene.run(&["inspect", "-o", "json", &scene.image]).stdout;
    let mut words = said.split('"');
    let job = words.find(|word| word.contains(":/signing-jobs/")).unwrap();
    scene.emulator.revoke_signature(job).unwrap();
    let ran = node.ask();
    let name = node.name();
    assert_refused(
        &ran,
        1,
        &format!("Error: {name}: the image is not signed as required"),
    );
    assert!(ran.stdout.contains("revoked"), "{ran:#?}");
}

#[test]
fn what_cannot_be_asked_is_no_permission() {
    let Some(node) = Node::new() else { return };
    let release = node.gate.profile("release");
    node.gate.sign(&release, &[]);
    node.configure(&json!({ "signerEndpoint": "http://127.0.0.1:9" }));
    let mut policy = node.gate.policy(&json!({
        "require": { "all": [ signer("built by CI", &release) ] }
    }));
    policy["awsEndpoints"] = json!(["http://127.0.0.1:9"]);
    node.write("gate.json", policy.to_string());
    let ran = node.ask();
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(
        ran.stdout.contains("cannot connect to `127.0.0.1:9`"),
        "{ran:#?}"
    );
}

#[test]
fn an_image_without_a_rule_is_refused() {
    let Some(node) = Node::new() else { return };
    let name = "registry.example/other:v1";
    let ran = node.ask_with(&usual(name, &node.digest()), &node.descriptor().to_string());
    assert_refused(
        &ran,
        1,
        "Error: registry.example/other:v1: no rule of the gate policy `/etc/countersign/gate.json` covers \
         `registry.example/other`",
    );
}

#[test]
fn a_digest_is_the_same_thing_for_both() {
    let Some(node) = Node::new() else { return };
    let release = node.gate.profile("release");
    node.gate.sign(&release, &[]);
    let mut descriptor = node.descriptor();
    let found = descriptor["mediaType"].as_str().unwrap().to_owned();
    descriptor["mediaType"] = json!("application/vnd.oci.image.index.v1+json");
    let (name, digest) = (node.name(), node.digest());
    let ran = node.ask_with(&usual(&name, &digest), &descriptor.to_string());
    assert_refused(
        &ran,
        1,
        &format!(
            "Error: {name}: containerd takes `{digest}` for a `application/vnd.oci.image.index.v1+json`, and the registry \
             says `{found}`"
        ),
    );
}

#[test]
fn a_registry_that_hangs_is_refused_before_containerds_limit() {
    let Some(node) = Node::new() else { return };
    // It takes connections and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let registry = listener.local_addr().unwrap();
    let name = format!("{registry}/app:v1");
    node.configure(&json!({
        "timeLimitSeconds": 3, "insecureRegistries": [ registry.to_string() ],
    }));
    let mut policy = node.gate.policy(&json!({
        "require": { "all": [ signer("built by CI", &node.gate.profile("release")) ] }
    }));
    policy["rules"][0]["scopes"] = json!([format!("{registry}/*")]);
    node.write("gate.json", policy.to_string());
    let begun = std::time::Instant::now();
    let ran = node.ask_with(
        &usual(&name, &node.digest()),
        &node.descriptor().to_string(),
    );
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{ran:#?}");
    assert!(
        ran.stdout.starts_with(&format!("Error: {name}: ")),
        "{ran:#?}"
    );
    drop(listener);
}
