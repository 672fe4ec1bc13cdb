//! Mistakes as a user types them: each is answered with what was found, what was wanted, and what helps.

use std::path::Path;

use crate::support::archives::{plugin, zip};
use crate::support::local_keys;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::script_plugin::write_program;

/// What was typed after `countersign`, with variables of the environment before it; the exit code; what was found;
/// what was wanted; and what the hint names.
type Mistake<'t> = (&'t str, i32, &'t str, &'t str, &'t str);

/// What a signer types.
const SIGNING: [Mistake<'_>; 24] = include!("mistakes/signing.in");

/// What a verifier types.
const VERIFYING: [Mistake<'_>; 18] = include!("mistakes/verifying.in");

/// What is typed around the two.
const MANAGING: [Mistake<'_>; 27] = include!("mistakes/managing.in");

fn scene() -> Scene {
    let scene = Scene::new();
    let home = scene.sandbox.home();
    scene.emulator.create_signing_profile("second").unwrap();
    scene.emulator.push_test_image("unsigned", "v1").unwrap();
    scene.sign(&scene.image);
    std::fs::copy(local_keys::path("ec-384"), home.join("release.key")).unwrap();
    std::fs::write(home.join("tls-root.crt"), scene.emulator.tls_root_pem()).unwrap();
    std::fs::write(home.join("other.json"), "{\"kind\": \"Other\"}\n").unwrap();
    let (a, b) = (plugin("a", "1.0.0"), plugin("b", "1.0.0"));
    let two = [
        ("notation-a", 0o100_755, a.as_bytes()),
        ("notation-b", 0o100_755, b.as_bytes()),
    ];
    std::fs::write(home.join("two.zip"), zip(&two)).unwrap();
    std::fs::write(home.join("none.zip"), zip(&[("README", 0o100_644, b"x")])).unwrap();
    write_program(&home.join("notation-other"), &plugin("example", "1.0.0"));
    let gate = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/containerd/gate.json");
    std::fs::copy(gate, home.join("gate.json")).unwrap();
    scene.sandbox.write_config(
        "trustpolicy.json",
        r#"{"version": "1.0", "trustPolicies": [{"name": "images", "registryScopes": ["*"],
            "signatureVerification": {"level": "strict"}, "trustStores": ["signingAuthority:nothing"],
            "trustedIdentities": ["*"]}]}"#,
    );
    scene
}

/// Runs what was typed.
fn run(scene: &Scene, typed: &str) -> (String, Ran) {
    let typed = typed
        .replace("PROFILE", &scene.profile.arn)
        .replace("REPOSITORY", &scene.repository)
        .replace("REGISTRY", scene.registry())
        .replace("HEX", scene.digest().trim_start_matches("sha256:"))
        .replace("ENDPOINT", &scene.emulator.endpoint())
        .replace("TRUSTING", "--trust-anchor root.crt");
    let mut command = scene
        .sandbox
        .command(Path::new(env!("CARGO_BIN_EXE_countersign")));
    let mut words = typed.split(' ').peekable();
    while let Some((name, value)) = words.peek().and_then(|word| word.split_once('='))
        && !name.starts_with('-')
    {
        command.env(name, value);
        words.next();
    }
    let ran = Ran::of(command.args(words));
    (typed, ran)
}

fn assert_answered(mistakes: &[Mistake<'_>]) {
    let scene = scene();
    let mut wrong = Vec::new();
    for (typed, code, found, wanted, helps) in mistakes {
        let (typed, ran) = run(&scene, typed);
        let mut hints = ran
            .stderr
            .lines()
            .filter_map(|line| line.split_once("hint: "));
        let is_helped = hints.any(|(_, hint)| hint.contains(helps));
        let is_told = ran.stderr.contains(found) && ran.stderr.contains(wanted);
        if ran.code != *code || !is_told || !is_helped {
            wrong.push(format!(
                "$ countersign {typed}\n{}exit {}, wanted {code}, `{found}`, `{wanted}` and hint `{helps}`",
                ran.stderr, ran.code
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_signer_is_told_what_helps() {
    assert_answered(&SIGNING);
}

#[test]
fn a_verifier_is_told_what_helps() {
    assert_answered(&VERIFYING);
}

#[test]
fn who_manages_keys_policies_and_profiles_is_told_what_helps() {
    assert_answered(&MANAGING);
}
