//! This program as an image verifier of containerd, as containerd runs it: a real binary under its name, with flags and
//! a descriptor, in a mount namespace whose `/etc/countersign` is the test's. Needs the superuser, as containerd does.

mod configuration;
mod question;
mod surroundings;
mod verdicts;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::gate::{Gate, signer};
use crate::support::sandbox::{self, Ran};

const DESCRIPTOR: &str = "application/vnd.oci.descriptor.v1+json";

/// A node with a gate policy for the scene's repository.
struct Node {
    gate: Gate,
    /// What the verifier has for `/etc`.
    etc: PathBuf,
    program: PathBuf,
}

impl Node {
    /// One whose rule asks for the signing profile `release`. Nothing where this is not the superuser, who alone has
    /// such a node; the gate of this project is.
    fn new() -> Option<Self> {
        if !sandbox::is_root() {
            return None;
        }
        let gate = Gate::new();
        let home = gate.scene.sandbox.home();
        let etc = home.join("etc");
        fs::create_dir_all(etc.join("countersign")).unwrap();
        for path in ["etc", "etc/countersign"] {
            fs::set_permissions(home.join(path), Permissions::from_mode(0o755)).unwrap();
        }
        for name in ["hosts", "nsswitch.conf", "resolv.conf"] {
            if let Ok(text) = fs::read(Path::new("/etc").join(name)) {
                fs::write(etc.join(name), text).unwrap();
            }
        }
        let program = home.join("00-countersign-image-verifier");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_countersign"), &program).unwrap();
        let node = Self { gate, etc, program };
        let release = node.gate.profile("release");
        node.write_rule(&json!({ "require": { "all": [ signer("built by CI", &release) ] } }));
        node.write("root.crt", node.gate.scene.emulator.root_certificate_pem());
        let emulator = &node.gate.scene.emulator;
        let keys = format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            emulator.access_key_id(),
            emulator.secret_access_key()
        );
        node.write("aws-credentials", keys);
        node.configure(&json!({}));
        Some(node)
    }

    /// Writes a file of `/etc/countersign` as a superuser does.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.file(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        file
    }

    fn file(&self, name: &str) -> PathBuf {
        self.etc.join("countersign").join(name)
    }

    fn write_rule(&self, rule: &Value) {
        self.write("gate.json", self.gate.policy(rule).to_string());
    }

    /// Writes the configuration with these members more; `null` takes one away.
    fn configure(&self, more: &Value) {
        let mut whole = json!({
            "version": "1.0",
            "gatePolicy": "gate.json",
            "trustAnchor": "root.crt",
            "awsCredentials": "aws-credentials",
            "signerEndpoint": self.gate.scene.emulator.endpoint(),
            "timeLimitSeconds": 60,
        });
        let members = whole.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        self.write("image-verifier.json", whole.to_string());
    }

    /// The name with which containerd asks for the scene's image.
    fn name(&self) -> String {
        format!("{}:v1", self.gate.scene.repository)
    }

    fn digest(&self) -> String {
        self.gate.scene.digest().to_owned()
    }

    /// The descriptor that containerd hands over for the scene's image.
    fn descriptor(&self) -> Value {
        let bytes = self.gate.scene.client().manifest_bytes(&self.digest());
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        json!({
            "mediaType": manifest["mediaType"],
            "digest": self.digest(),
            "size": bytes.len(),
            "annotations": { "containerd.io/distribution.source": "x" },
        })
    }

    /// Asks as containerd does about the scene's image.
    fn ask(&self) -> Ran {
        let (name, digest) = (self.name(), self.digest());
        self.ask_with(&usual(&name, &digest), &format!("{}\n", self.descriptor()))
    }

    fn ask_with(&self, arguments: &[&str], stdin: &str) -> Ran {
        let file = self.gate.scene.sandbox.home().join("stdin");
        fs::write(&file, stdin).unwrap();
        let mut command = self.command(arguments);
        Ran::of(command.stdin(File::open(file).unwrap()))
    }

    /// The command, in a mount namespace of its own. Its environment is that of the scene, which would do for every
    /// other command.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self
            .gate
            .scene
            .sandbox
            .command(Path::new("/usr/bin/unshare"));
        command
            .args([
                "--mount",
                "sh",
                "-c",
                "mount --bind \"$0\" /etc && exec \"$@\"",
            ])
            .arg(&self.etc)
            .arg(&self.program)
            .args(arguments)
            .stdin(Stdio::null());
        command
    }
}

/// containerd's flags.
fn usual<'a>(name: &'a str, digest: &'a str) -> [&'a str; 6] {
    [
        "-name",
        name,
        "-digest",
        digest,
        "-stdin-media-type",
        DESCRIPTOR,
    ]
}

/// Asserts that it was refused with this exit code, that the reason begins with this line, and that all of it is where
/// containerd looks for it.
#[track_caller]
fn assert_refused(ran: &Ran, code: i32, first_line: &str) {
    assert_eq!((ran.code, ran.stderr.as_str()), (code, ""), "{ran:#?}");
    assert_eq!(ran.stdout.lines().next(), Some(first_line), "{ran:#?}");
}
