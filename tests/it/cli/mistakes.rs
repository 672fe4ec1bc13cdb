//! Mistakes as a user types them: each is answered with what was found, what was wanted, and what helps.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::archives::{plugin, zip};
use crate::support::sandbox::{Ran, is_root};
use crate::support::scene::Scene;
use crate::support::script_plugin::write_program;
use crate::support::{layout, local_keys};

/// What was typed after `countersign`, with variables of the environment before it; the exit code; what was found;
/// what was wanted; and what the hint names.
type Mistake<'t> = (&'t str, i32, &'t str, &'t str, &'t str);

/// What a signer types.
const SIGNING: [Mistake<'_>; 30] = include!("mistakes/signing.in");

/// What a verifier types.
const VERIFYING: [Mistake<'_>; 32] = include!("mistakes/verifying.in");

/// What is typed around the two.
const MANAGING: [Mistake<'_>; 33] = include!("mistakes/managing.in");

fn scene() -> Scene {
    let scene = Scene::new();
    let home = scene.sandbox.home();
    scene.emulator.create_signing_profile("second").unwrap();
    scene.emulator.push_test_image("unsigned", "v1").unwrap();
    scene.sign(&scene.image);
    std::fs::copy(local_keys::path("ec-384"), home.join("release.key")).unwrap();
    std::fs::write(home.join("tls-root.crt"), scene.emulator.tls_root_pem()).unwrap();
    std::fs::write(home.join("other.json"), "{\"kind\": \"Other\"}\n").unwrap();
    for name in ["app.tar.gz", "k8s.yaml", "renamed.sig"] {
        std::fs::write(home.join(name), "hello\n").unwrap();
    }
    for name in ["empty.crt", "empty.json"] {
        std::fs::write(home.join(name), "").unwrap();
    }
    std::fs::write(home.join("binary.crt"), [0x7f, 0, 1, 2]).unwrap();
    layout::make(&home.join("layout"), &["v1"]);
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
        .replace("=ENDPOINT", &format!("={}", scene.emulator.endpoint()))
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

/// What a test key leaves is removed by the command that the hint names, whether or not its name is still listed.
#[test]
fn what_is_left_of_a_test_key_is_removed_as_the_hint_says() {
    let hint = "hint: choose another name, or remove what is there: `countersign cert cleanup-test trial`\n";
    for is_listed in [true, false] {
        let scene = Scene::new();
        let generate = || scene.run(&["cert", "generate-test", "trial"]);
        assert_eq!(generate().code, 0);
        if !is_listed {
            assert_eq!(scene.run(&["key", "delete", "trial"]).code, 0);
        }
        let ran = generate();
        assert_eq!(ran.code, 2, "{ran:#?}");
        assert!(ran.stderr.ends_with(hint), "{ran:#?}");
        let ran = scene.run(&["cert", "cleanup-test", "--yes", "trial"]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert_eq!(generate().code, 0);
    }
}

/// What refuses is what is there, and no temporary file is named.
#[test]
fn who_may_not_write_is_told_which_directory_refuses() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let home = scene.sandbox.home().to_str().unwrap();
    // The program's own directory may be closed to others.
    std::fs::copy(
        env!("CARGO_BIN_EXE_countersign"),
        scene.sandbox.home().join("countersign"),
    )
    .unwrap();
    std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = scene.sandbox.command("/usr/bin/setpriv".as_ref());
        command.args(["--reuid", "65534", "--clear-groups", "./countersign"]);
        Ran::of(command.args(arguments))
    };
    let ran = run(&["setup", "--signing-profile", &scene.profile.arn]);
    ran.assert_refused(1, "Error: could not set up a file");
    let hint = format!("hint: check the permissions of `{home}`\n");
    assert!(ran.stderr.ends_with(&hint), "{ran:#?}");
    std::fs::write(scene.sandbox.home().join("app.tar.gz"), "hello\n").unwrap();
    let sign = ["blob", "sign", "--signing-profile", &scene.profile.arn];
    let ran = run(&[&sign[..], &["--force", "app.tar.gz"]].concat());
    assert_ne!(ran.code, 0, "{ran:#?}");
    ran.assert_says("caused by: Permission denied (os error 13)\n");
    assert!(!ran.stderr.contains(".countersign-"), "{ran:#?}");
}
