//! `doctor --containerd`: a node's containerd, from the outside.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::support::document;
use crate::support::sandbox::{Ran, Sandbox};

/// A node with a containerd that says this version, our program in the directory of verifiers, and nothing in
/// `/etc/countersign`.
struct Node(Sandbox);

impl Node {
    fn new(version: &str) -> Self {
        let sandbox = Sandbox::new();
        let home = sandbox.home();
        let bin = home.join("bin");
        fs::create_dir(&bin).unwrap();
        let verifier = bin.join("00-countersign-image-verifier");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_countersign"), verifier).unwrap();
        let containerd = home.join("containerd");
        let words = format!("containerd github.com/containerd/containerd/v2 {version} x");
        fs::write(&containerd, format!("#!/bin/sh\necho {words}\n")).unwrap();
        fs::set_permissions(&containerd, Permissions::from_mode(0o755)).unwrap();
        Self(sandbox)
    }

    fn examine(&self, config: &str, more: &[&str]) -> Ran {
        let home = self.0.home();
        let config = format!(
            "version = 3\n[plugins.'io.containerd.image-verifier.v1.bindir']\nbin_dir = '{}'\n{config}",
            home.join("bin").display()
        );
        fs::write(home.join("config.toml"), config).unwrap();
        let fixed = [
            "doctor",
            "--containerd",
            "config.toml",
            "--containerd-program",
            "./containerd",
        ];
        let mut ran = self.0.run(&[&fixed[..], more].concat());
        ran.stdout = ran.stdout.replace(home.to_str().unwrap(), "HOME");
        ran
    }
}

#[test]
fn a_node_says_each_setting_that_leads_past_the_verifier() {
    let node = Node::new("v2.4.2");
    let ran = node.examine("", &[]);
    let verifier =
        "fail     containerd /etc/countersign: every image is refused: `/etc/countersign";
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:#?}");
    assert!(
        ran.stdout.starts_with(&format!(
            "pass     containerd version: containerd 2.4.2\n\
             pass     containerd config.toml: it was read\n\
             pass     containerd settings: no setting leads Kubernetes' pulls past the verifiers\n\
             pass     containerd bin_dir: this program is number 1 in the directory of verifiers\n\
             pass     containerd per_verifier_timeout: containerd waits for `10s`, and this program takes less than 9 s\n\
             {verifier}"
        )),
        "{ran:#?}"
    );
    let images = "[plugins.'io.containerd.cri.v1.images']\nmax_concurrent_downloads = 4\nuse_local_image_pull = true\n";
    let ran = node.examine(images, &[]);
    assert!(
        ran.stdout.contains(
            "fail     containerd use_local_image_pull: `use_local_image_pull = true` in `config.toml`: Kubernetes pulls every \
             image past the verifiers\n         \
             wanted: pulls through the transfer service, which asks the verifiers\n         \
             hint: take the setting away\n\
             fail     containerd max_concurrent_downloads: `max_concurrent_downloads = 4` in `config.toml`: Kubernetes pulls \
             every image past the verifiers\n         \
             wanted: pulls through the transfer service, which asks the verifiers\n         \
             hint: take the setting away, and set `max_concurrent_downloads` of `io.containerd.transfer.v1.local`\n"
        ),
        "{ran:#?}"
    );
    let document = document::document(
        &node.examine(images, &["-o", "json"]),
        "doctor.v1.schema.json",
    );
    let failed = document["findings"].as_array().unwrap();
    let failed: Vec<_> = failed
        .iter()
        .filter(|one| one["status"] == "fail")
        .collect();
    assert_eq!(failed.len(), 3, "{failed:#?}");
}

#[test]
fn a_containerd_that_asks_nobody_is_named() {
    let said = Node::new("v2.0.14").examine("", &[]).stdout;
    let wanted = "fail     containerd version: containerd 2.0.14 asks no image verifier for Kubernetes; every image of a pod \
                  is pulled\n";
    assert!(said.starts_with(wanted), "{said}");
    let node = Node::new("v2.4.2");
    let program = node.0.home().join("containerd");
    fs::set_permissions(&program, Permissions::from_mode(0o757)).unwrap();
    let said = node.examine("", &[]).stdout;
    assert!(
        said.starts_with(
            "unknown  containerd version: others may write `./containerd`, so it was not asked: "
        ),
        "{said}"
    );
}

#[test]
fn what_cannot_be_read_is_not_well() {
    let ran = Node::new("v2.4.2").examine("[", &[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(
        ran.stdout
            .contains("unknown  containerd config.toml: `config.toml` is not TOML: "),
        "{ran:#?}"
    );
    assert!(
        ran.stdout.contains(
            "hint: write what `containerd config dump` says to a file, and name that one\n"
        ),
        "{ran:#?}"
    );
}
