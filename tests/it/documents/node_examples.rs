//! The examples for nodes: each file is read by what will read it.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use serde_json::Value;

use super::pages;
use crate::support::document;
use crate::support::sandbox::{Ran, Sandbox};

fn example(name: &str) -> String {
    pages::read(&format!("examples/{name}"))
}

/// The member of a node's user data that is of this type.
fn part(data: &str, media_type: &str) -> String {
    let mut parts = data.split("\n--BOUNDARY");
    let found = parts.find(|part| part.contains(media_type)).unwrap();
    found.split_once("\n\n").unwrap().1.to_owned()
}

/// What `doctor` says of the settings in this configuration.
fn settings(config: &str) -> String {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.home().join("config.toml"), config).unwrap();
    let ran = sandbox.run(&["doctor", "--containerd", "config.toml"]);
    let mut lines = ran.stdout.lines();
    let line = lines.find(|line| {
        let known = [
            "Kubernetes' pulls past",
            "Kubernetes pulls every image past",
        ];
        known.iter().any(|words| line.contains(words))
    });
    line.unwrap().to_owned()
}

const NOTHING: &str =
    "pass     containerd settings: no setting leads Kubernetes' pulls past the verifiers";

#[test]
fn the_files_for_containerd_are_what_they_should_be() {
    let configuration: Value =
        serde_json::from_str(&example("containerd/image-verifier.json")).unwrap();
    document::assert_valid(&configuration, "image-verifier.v1.schema.json");
    let policy: Value = serde_json::from_str(&example("containerd/gate.json")).unwrap();
    document::assert_valid(&policy, "gate-policy.v1.schema.json");
    assert_eq!(settings(&example("containerd/config.toml")), NOTHING);
}

/// The script is run with another root, and what it writes is read. Without the setting, nodeadm's own one would lead
/// past the verifier.
#[test]
fn the_user_data_of_an_eks_node_turns_off_what_leads_past_the_verifier() {
    let data = example("eks-nodes/user-data.txt");
    let node = part(&data, "application/node.eks.aws");
    let (_, config) = node.split_once("config: |\n").unwrap();
    let config: String = config
        .lines()
        .map(|line| line.trim_start().to_owned() + "\n")
        .collect();
    let of_nodeadm =
        "version = 3\n[plugins.'io.containerd.cri.v1.images']\ndiscard_unpacked_layers = true\n";
    assert!(settings(of_nodeadm).starts_with("fail     containerd discard_unpacked_layers: "));
    assert_eq!(settings(&format!("version = 3\n{config}")), NOTHING);

    let sandbox = Sandbox::new();
    let root = sandbox.home();
    let program = root.join("usr/bin/countersign");
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_countersign"), &program).unwrap();
    let at = |path: &str| format!(" {}{path}", root.display());
    let script = part(&data, "text/x-shellscript")
        .replace(" /usr/bin/", &at("/usr/bin/"))
        .replace(" /opt/", &at("/opt/"))
        .replace(" /etc/", &at("/etc/"));
    let ran = Ran::of(Command::new("/bin/bash").args(["-c", &script]));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let verifier = root.join("opt/containerd/image-verifier/bin/00-countersign-image-verifier");
    assert!(verifier.is_file());
    for (name, schema) in [
        ("image-verifier.json", "image-verifier.v1.schema.json"),
        ("gate.json", "gate-policy.v1.schema.json"),
    ] {
        let text = std::fs::read_to_string(root.join("etc/countersign").join(name)).unwrap();
        document::assert_valid(&serde_json::from_str(&text).unwrap(), schema);
    }
}

#[test]
fn the_settings_for_bottlerocket_have_the_policy_beside_them() {
    let settings = example("bottlerocket/settings.toml");
    let encoded = settings.split_once("trustpolicy = \"").unwrap().1;
    let encoded = encoded.split('"').next().unwrap();
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .unwrap();
    assert_eq!(
        String::from_utf8(decoded).unwrap(),
        example("bottlerocket/trustpolicy.json")
    );
    let policy =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bottlerocket/trustpolicy.json");
    let ran = Sandbox::new().run(&["policy", "lint", policy.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}
