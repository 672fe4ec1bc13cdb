//! `/etc/countersign/`: what is missing, unreadable or open to others does not permit anything.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use serde_json::json;

use super::super::gate::signer;
use super::{Node, assert_refused};

/// Asserts that the scene's image, which is signed, is refused for this reason.
#[track_caller]
fn refused(node: &Node, sentence: &str, cause: &str) {
    let ran = node.ask();
    assert_refused(&ran, 2, &format!("Error: {}: {sentence}", node.name()));
    let cause = format!("caused by: {cause}");
    assert_eq!(ran.stdout.lines().nth(1), Some(cause.as_str()), "{ran:#?}");
}

fn signed() -> Option<Node> {
    let node = Node::new()?;
    let release = node.gate.profile("release");
    node.gate.sign(&release, &[]);
    Some(node)
}

const CONFIGURATION: &str = "the configuration of the image verifier cannot be used";
const FILE: &str = "a file of the image verifier cannot be used";

#[test]
fn without_configuration_or_policy_nothing_may_be_pulled() {
    let Some(node) = signed() else { return };
    assert_eq!(node.ask().code, 0);
    fs::remove_file(node.file("gate.json")).unwrap();
    refused(&node, FILE, "`/etc/countersign/gate.json` does not exist");
    node.write("gate.json", "{}");
    let ran = node.ask();
    assert_refused(
        &ran,
        2,
        &format!("Error: {}: the gate policy cannot be used", node.name()),
    );
    fs::remove_file(node.file("image-verifier.json")).unwrap();
    refused(
        &node,
        CONFIGURATION,
        "`/etc/countersign/image-verifier.json` does not exist",
    );
    node.configure(&json!({ "gatePolicies": "gate.json" }));
    let ran = node.ask();
    assert_refused(&ran, 2, &format!("Error: {}: {CONFIGURATION}", node.name()));
    assert!(
        ran.stdout.contains("unknown field `gatePolicies`"),
        "{ran:#?}"
    );
    fs::remove_dir_all(node.file("")).unwrap();
    refused(&node, CONFIGURATION, "`/etc/countersign` does not exist");
}

#[test]
fn what_others_may_write_does_not_count() {
    let Some(node) = signed() else { return };
    let set = |name: &str, mode| {
        fs::set_permissions(node.file(name), Permissions::from_mode(mode)).unwrap();
    };
    for (name, sentence) in [
        ("image-verifier.json", CONFIGURATION),
        ("gate.json", FILE),
        ("root.crt", FILE),
        ("aws-credentials", FILE),
    ] {
        let writable = format!("`/etc/countersign/{name}` can be written by others than root");
        set(name, 0o620);
        refused(&node, sentence, &writable);
        set(name, 0o600);
        chown(node.file(name), Some(7), None).unwrap();
        refused(
            &node,
            sentence,
            &format!("`/etc/countersign/{name}` does not belong to root"),
        );
        chown(node.file(name), Some(0), None).unwrap();
    }
    let open = fs::metadata(node.file("")).unwrap();
    set("", 0o777);
    refused(
        &node,
        CONFIGURATION,
        "`/etc/countersign` can be written by others than root",
    );
    fs::set_permissions(node.file(""), open.permissions()).unwrap();
    fs::rename(node.file("gate.json"), node.file("real.json")).unwrap();
    symlink("real.json", node.file("gate.json")).unwrap();
    refused(
        &node,
        FILE,
        "`/etc/countersign/gate.json` is a symbolic link",
    );
}

#[test]
fn no_other_program_is_run() {
    let Some(node) = signed() else { return };
    let release = node.gate.profile("release");
    let rule = json!({ "require": { "all": [ signer("built by CI", &release) ] } });
    let mut policy = node.gate.policy(&rule);
    policy["plugins"] = json!([ { "name": "evil", "directory": "/tmp" } ]);
    node.write("gate.json", policy.to_string());
    let ran = node.ask();
    assert_refused(
        &ran,
        2,
        &format!(
            "Error: {}: the gate policy names the plugin `evil`, and an image verifier runs no other program",
            node.name()
        ),
    );
    node.write_rule(&rule);
    node.write(
        "aws-credentials",
        "[default]\ncredential_process = touch /tmp/evil\n",
    );
    let ran = node.ask();
    assert_refused(
        &ran,
        2,
        &format!(
            "Error: {}: the AWS credentials in `/etc/countersign/aws-credentials` cannot be used",
            node.name()
        ),
    );
}

#[test]
fn the_documents_schema_has_what_is_read() {
    let schema = crate::support::document::schema("image-verifier.v1.schema.json");
    let whole = json!({
        "$schema": "x",
        "version": "1.0",
        "gatePolicy": "gate.json",
        "trustAnchor": "root.crt",
        "timeLimitSeconds": 9,
        "maxSignatures": 100,
        "registryCredentials": "registry.json",
        "instanceMetadata": "http://[fd00:ec2::254]",
        "signerEndpoint": "https://vpce.example",
        "insecureRegistries": ["localhost:5000"],
        "httpsProxy": "http://proxy.example:3128",
        "noProxy": "169.254.169.254",
        "certificates": "roots.pem",
    });
    assert!(schema.is_valid(&whole), "{whole}");
    for (member, wrong) in [
        ("version", json!("2.0")),
        ("timeLimitSeconds", json!(1)),
        ("maxSignatures", json!(101)),
        ("unknown", json!(1)),
        ("gatePolicy", json!("")),
        ("awsCredentials", json!("keys")),
    ] {
        let mut document = whole.clone();
        document[member] = wrong;
        assert!(!schema.is_valid(&document), "{document}");
    }
}
