//! A script of notation's users, run unchanged with this program under its name.

use std::os::unix::fs::symlink;
use std::path::Path;

use countersign_emulator::Emulator;
use serde_json::json;

use crate::cli::recordings::placeholders::{Digests, Placeholders};
use crate::support::layout;
use crate::support::registry_client::RepositoryClient;
use crate::support::sandbox::{Ran, Sandbox};

const LINES: &str = include_str!("forty/lines.sh");
const STDOUT: &str = include_str!("forty/stdout.txt");

/// The image `v1` in a repository; gives its digest.
fn push(host: &str, name: &str) -> String {
    let client = RepositoryClient::new(&format!("{host}/{name}"));
    client.push_blob(b"{}");
    client
        .put_manifest_bytes("v1", layout::image("v1").as_bytes())
        .to_string()
}

#[test]
fn a_script_of_forty_lines_runs_unchanged() {
    let commands = LINES.lines().filter(|line| line.contains("notation "));
    assert!(commands.count() > 40);
    let sandbox = Sandbox::new();
    let home = sandbox.home();
    let emulator = Emulator::builder().start_blocking().unwrap();
    let host = emulator.address().to_string();
    push(&host, "unsigned");
    let digest = push(&host, "app");
    std::fs::create_dir(home.join("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_countersign"), home.join("bin/notation")).unwrap();
    layout::make(&home.join("layout"), &["v1"]);
    let policy = json!({"version": "1.0", "trustPolicies": [{
        "name": "images",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:wabbit-networks.io"],
        "trustedIdentities": ["*"],
    }]});
    for (name, content) in [
        ("lines.sh", LINES),
        ("trustpolicy.json", &format!("{policy:#}\n")),
        ("file.txt", "hello\n"),
        ("other.txt", "other\n"),
    ] {
        std::fs::write(home.join(name), content).unwrap();
    }
    std::fs::create_dir(home.join("sigs")).unwrap();
    let mut command = sandbox.command(Path::new("/bin/sh"));
    command
        .arg("lines.sh")
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", home.join("bin").display()),
        )
        .env("REGISTRY", &host)
        .env("IMAGE", format!("{host}/app@{digest}"));
    let ran = Ran::of(&mut command);
    let mut names = Placeholders::default();
    names
        .known
        .insert("<home>", home.to_str().unwrap().to_owned());
    names.known.insert("<registry>", host);
    names.known.insert("<digest:image>", digest);
    let said = names.abstracted(&ran.stdout, &mut Digests::default());
    if std::env::var_os("RENEW_SNAPSHOTS").is_some() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/cli/forty/stdout.txt");
        std::fs::write(file, &said).unwrap();
    }
    assert_eq!(said, STDOUT, "{}", ran.stderr);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for written in [
        "version.txt",
        "help.txt",
        "help-sign.txt",
        "notation.bash",
        "keys.txt",
    ] {
        let text = std::fs::read_to_string(home.join(written)).unwrap();
        assert!(!text.is_empty(), "{written}");
    }
}
