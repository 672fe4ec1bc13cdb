//! Where configuration comes from: never from the current directory, and only where it matters.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use crate::support::sandbox::{Ran, Sandbox};
use crate::support::scene::Scene;

/// Runs the program in `directory`.
fn run_in(sandbox: &Sandbox, directory: &Path, arguments: &[&str]) -> Ran {
    let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let mut command = sandbox.command(program);
    command.current_dir(directory).args(arguments);
    command.env_remove("HOME");
    Ran::of(&mut command)
}

/// A scene with a policy that trusts its profile, in a checkout's `.notation`.
fn with_checkout() -> Scene {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("strict");
    let checkout = scene.sandbox.home().join("checkout");
    std::fs::create_dir(&checkout).unwrap();
    std::fs::rename(scene.sandbox.config(), checkout.join(".notation")).unwrap();
    scene
}

const HINT: &str = "hint: set `NOTATION_CONFIG` to the directory with the trust policy, the trust stores and the keys";

#[test]
fn a_checkout_never_decides_what_is_trusted() {
    let scene = with_checkout();
    let checkout = scene.sandbox.home().join("checkout");
    let commands: [&[&str]; 7] = [
        &["verify", &scene.image],
        &["sign", &scene.image],
        &["key", "list"],
        &["cert", "list"],
        &["blob", "policy", "show"],
        &["blob", "verify", "x", "--signature", "x.jws.sig"],
        &["sign", "--plugin", "other", "--id", "x", &scene.image],
    ];
    std::fs::write(checkout.join("x"), "x").unwrap();
    std::fs::write(checkout.join("x.jws.sig"), "{}").unwrap();
    for (variable, value, reason) in [
        ("HOME", None, "`HOME` is not set"),
        ("HOME", Some("."), "`HOME` is not an absolute path"),
        (
            "XDG_CONFIG_HOME",
            Some("."),
            "`XDG_CONFIG_HOME` is not an absolute path",
        ),
        (
            "XDG_CONFIG_HOME",
            Some("relative"),
            "`XDG_CONFIG_HOME` is not an absolute path",
        ),
    ] {
        for command in commands {
            let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
            let mut process = scene.sandbox.command(program);
            process
                .current_dir(&checkout)
                .args(command)
                .env_remove("HOME");
            if let Some(value) = value {
                process.env(variable, value);
            }
            let ran = Ran::of(&mut process);
            assert_eq!(
                (ran.code, ran.stdout.as_str()),
                (2, ""),
                "{command:?}: {ran:#?}"
            );
            ran.assert_says(&format!(
                "Error: Notation's configuration directory is not known: {reason}"
            ));
            ran.assert_says(HINT);
        }
    }
    // Named, it counts.
    let sandbox = &scene.sandbox;
    let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let mut process = sandbox.command(program);
    process
        .current_dir(&checkout)
        .env_remove("HOME")
        .env("NOTATION_CONFIG", ".notation")
        .args(["verify", &scene.image]);
    let ran = Ran::of(&mut process);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn what_needs_no_configuration_goes_on_without() {
    let scene = with_checkout();
    let checkout = scene.sandbox.home().join("checkout");
    let anchor = scene.sandbox.home().join("root.crt");
    let profile = ["--signing-profile", scene.profile.arn.as_str()];
    let trust = ["--trust-anchor", anchor.to_str().unwrap()];
    let sign: Vec<&str> = [&["sign"][..], &profile, &[&scene.image]].concat();
    let verify: Vec<&str> = [&["verify"][..], &profile, &trust, &[&scene.image]].concat();
    for command in [
        sign,
        verify,
        vec!["list", &scene.image],
        vec!["inspect", &scene.image],
    ] {
        let ran = run_in(&scene.sandbox, &checkout, &command);
        assert_eq!(ran.code, 0, "{command:?}: {ran:#?}");
        assert!(!ran.stderr.contains("Warning"), "{command:?}: {ran:#?}");
    }
    // No cache in the current directory either.
    let made: Vec<_> = std::fs::read_dir(checkout.join(".notation"))
        .unwrap()
        .collect();
    assert_eq!(made.len(), 2, "{made:?}");
}

#[test]
fn a_broken_config_json_stops_only_what_it_could_change() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.sandbox.write_config("config.json", "{");
    let blob = scene.sandbox.home().join("blob");
    std::fs::write(&blob, "blob").unwrap();
    let blob = blob.to_str().unwrap();
    let profile = ["--signing-profile", scene.profile.arn.as_str()];
    let given = ["-u", "x", "-p", "y"];
    let format = ["--signature-format", "jws"];
    let stopped: [Vec<&str>; 3] = [
        vec!["list", &scene.image],
        [&["blob", "sign"][..], &profile, &[blob]].concat(),
        [&["sign"][..], &profile, &given, &[&scene.image]].concat(),
    ];
    for command in &stopped {
        let ran = scene.run(command);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (2, ""),
            "{command:?}: {ran:#?}"
        );
        ran.assert_says("Error: malformed configuration file");
    }
    let gone_on: [Vec<&str>; 3] = [
        [&["list"][..], &given, &[&scene.image]].concat(),
        [&["blob", "sign"][..], &profile, &format, &[blob]].concat(),
        [&["sign"][..], &profile, &given, &format, &[&scene.image]].concat(),
    ];
    for command in &gone_on {
        let ran = scene.run(command);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (0, ""),
            "{command:?}: {ran:#?}"
        );
    }
}

#[test]
fn a_variable_that_names_a_file_instead_of_the_directory_is_said() {
    let scene = Scene::new();
    scene.write_policy("strict");
    let file = scene.sandbox.config().join("trustpolicy.oci.json");
    let file = file.to_str().unwrap().to_owned();
    let scene = scene.with_variable("NOTATION_CONFIG", file.as_str());
    for command in ["list", "verify"] {
        let ran = scene.run(&[command, &scene.image]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
        ran.assert_says(&format!(
            "hint: `{file}` is a file; `NOTATION_CONFIG` names the directory with Notation's files"
        ));
    }
}

#[test]
fn the_home_of_another_user_is_a_warning_where_nothing_depends_on_it() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let config = scene.sandbox.write_config("config.json", "{}");
    let place = tempfile::tempdir().unwrap();
    let set_mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    // The superuser is denied nothing and has to become another user, who has to find the program.
    set_mode(place.path(), 0o755);
    let program = place.path().join("countersign");
    std::fs::copy(env!("CARGO_BIN_EXE_countersign"), &program).unwrap();
    set_mode(scene.sandbox.home(), 0o000);
    let run = |arguments: &[&str]| {
        let mut command = scene.sandbox.command(&program);
        command.current_dir(place.path()).args(arguments);
        if rustix::process::geteuid().is_root() {
            command.uid(65534).gid(65534);
        }
        Ran::of(&mut command)
    };
    let listed = run(&["list", &scene.image]);
    let stopped = run(&["sign", "--plugin", "other", "--id", "x", &scene.image]);
    let profile = scene.profile.arn.as_str();
    let signed = run(&["sign", "--signing-profile", profile, &scene.image]);
    set_mode(scene.sandbox.home(), 0o700);
    assert_eq!(listed.code, 0, "{listed:#?}");
    assert!(listed.stdout.contains(&signature), "{listed:#?}");
    listed.assert_says(
        "Warning: could not read the configuration file; `insecureRegistries`, `credsStore` and \
         `credHelpers` are not used",
    );
    listed.assert_says(&format!(
        "caused by: could not look at `{}`",
        config.display()
    ));
    assert_eq!(signed.code, 0, "{signed:#?}");
    // The file may say in which format to sign.
    assert_eq!(
        (stopped.code, stopped.stdout.as_str()),
        (2, ""),
        "{stopped:#?}"
    );
    stopped.assert_says("Error: could not read the configuration file");
}
