//! `setup`: what it writes, what it leaves alone, and that nothing else is needed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::support::document;
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::scene::Scene;
use crate::support::script_plugin::write_program;

const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/ExampleProfile";
const ROOT: &str = "truststore/x509/signingAuthority/aws-signer-ts/aws-signer-notation-root.crt";
const PLUGIN: &str =
    "plugins/com.amazonaws.signer.notation.plugin/notation-com.amazonaws.signer.notation.plugin";

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn setup(sandbox: &Sandbox, more: &[&str]) -> Ran {
    sandbox.run(&[&["setup", "--signing-profile", PROFILE], more].concat())
}

/// What was printed, with `CONFIG` for Notation's directory.
fn said(sandbox: &Sandbox, ran: &Ran) -> String {
    ran.stdout
        .replace(sandbox.config().to_str().unwrap(), "CONFIG")
}

/// Every file below `directory`, sorted.
fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(directory).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn an_empty_home_gets_the_root_and_one_policy_under_both_names() {
    let sandbox = Sandbox::new();
    let ran = setup(&sandbox, &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert_eq!(
        said(&sandbox, &ran),
        format!(
            "Created CONFIG/{ROOT}\n\
             Created CONFIG/trustpolicy.json\n\
             Created CONFIG/trustpolicy.oci.json\n\
             Notation is not here, so no plugin is installed\n\
             Look at the rest with `countersign doctor IMAGE`\n"
        )
    );
    let read = |name: &str| fs::read(sandbox.config().join(name)).unwrap();
    let shipped = fs::read(package().join("trustpolicy/aws-signer.strict.json")).unwrap();
    assert_eq!(read("trustpolicy.json"), shipped);
    assert_eq!(read("trustpolicy.oci.json"), shipped);
    let root = package().join("trustpolicy/roots/aws-signer-notation-root.crt");
    assert_eq!(read(ROOT), fs::read(root).unwrap());
    // Once more changes nothing.
    let ran = setup(&sandbox, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        said(&sandbox, &ran),
        format!(
            "Unchanged CONFIG/{ROOT}\n\
             Unchanged CONFIG/trustpolicy.json\n\
             Unchanged CONFIG/trustpolicy.oci.json\n\
             Notation is not here, so no plugin is installed\n\
             Look at the rest with `countersign doctor IMAGE`\n"
        )
    );
    assert_eq!(files(&sandbox.config()).len(), 3);
}

#[test]
fn a_file_called_notation_on_the_path_is_enough_and_is_not_run() {
    let sandbox = Sandbox::new();
    let (bin, trace) = (sandbox.home().join("bin"), sandbox.home().join("ran"));
    fs::create_dir(&bin).unwrap();
    write_program(
        &bin.join("notation"),
        &format!("#!/bin/sh\ntouch {}\n", trace.display()),
    );
    let sandbox = sandbox.with("PATH", bin.to_str().unwrap());
    let ran = setup(&sandbox, &["--output", "json"]);
    let document = document::document(&ran, "setup.v1.schema.json");
    let plugins: Vec<&Value> = document["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["purpose"] == "plugin")
        .collect();
    assert_eq!(plugins.len(), 2, "{document:#}");
    let program = fs::read(env!("CARGO_BIN_EXE_countersign")).unwrap();
    for plugin in plugins {
        assert_eq!(plugin["change"], "created");
        let path = Path::new(plugin["path"].as_str().unwrap());
        assert!(fs::read(path).unwrap() == program, "{path:?}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        let name = path.file_name().unwrap().to_str().unwrap();
        let name = name.strip_prefix("notation-").unwrap();
        let asked = format!("echo '{{}}' | {} get-plugin-metadata", path.display());
        let ran = Ran::of(sandbox.command("/bin/sh".as_ref()).args(["-c", &asked]));
        assert!(
            ran.stdout.contains(&format!("\"name\":\"{name}\"")),
            "{ran:#?}"
        );
    }
    assert!(!trace.exists(), "`notation` was run");
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_is_in_the_way() {
    let sandbox = Sandbox::new();
    let ran = setup(&sandbox, &["--dry-run"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        said(&sandbox, &ran),
        format!(
            "Would create CONFIG/{ROOT}\n\
             Would create CONFIG/trustpolicy.json\n\
             Would create CONFIG/trustpolicy.oci.json\n\
             Notation is not here, so no plugin is installed\n"
        )
    );
    assert!(!sandbox.home().join(".config").exists());
    sandbox.write_config("trustpolicy.json", "mine");
    let ran = setup(&sandbox, &["--dry-run", "--output", "json"]);
    let document = document::document(&ran, "setup.v1.schema.json");
    assert_eq!((ran.code, &document["dryRun"]), (1, &Value::Bool(true)));
    assert_eq!(document["files"][1]["change"], "differs", "{document:#}");
    assert_eq!(setup(&sandbox, &["--dry-run", "--force"]).code, 0);
    assert_eq!(files(&sandbox.config()), ["trustpolicy.json"]);
}

#[test]
fn what_differs_stays_unless_it_is_forced_and_then_there_is_a_copy() {
    let sandbox = Sandbox::new();
    let mine = sandbox.write_config("trustpolicy.oci.json", "mine");
    let ran = setup(&sandbox, &[]);
    ran.assert_refused(
        1,
        &format!("Error: other files are in the way: `{}`", mine.display()),
    );
    ran.assert_says("hint: look at them first; `--force` replaces them and keeps a copy of each\n");
    assert_eq!(files(&sandbox.config()), ["trustpolicy.oci.json"]);
    let ran = setup(&sandbox, &["--output", "json"]);
    let refused = document::document(&ran, "setup.v1.schema.json");
    assert_eq!(refused["error"]["code"], "not-begun", "{refused:#}");

    let ran = setup(&sandbox, &["--force", "--output", "json"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let document = document::document(&ran, "setup.v1.schema.json");
    let replaced = &document["files"][2];
    assert_eq!(replaced["change"], "replaced", "{document:#}");
    let kept = replaced["kept"].as_str().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), "mine");
    let directory = sandbox.config().join("replaced");
    assert!(Path::new(kept).starts_with(&directory), "{kept}");
    assert_eq!(setup(&sandbox, &[]).code, 0);
}

/// Several runs fall into one second, and each keeps its own copy.
#[test]
fn what_is_replaced_twice_in_a_second_is_kept_twice() {
    let sandbox = Sandbox::new();
    for mine in ["one", "two", "three", "four", "five"] {
        sandbox.write_config("trustpolicy.json", mine);
        let ran = setup(&sandbox, &["--force"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    }
    let replaced = sandbox.config().join("replaced");
    let mut kept: Vec<String> = files(&replaced)
        .iter()
        .map(|name| fs::read_to_string(replaced.join(name)).unwrap())
        .collect();
    kept.sort();
    assert_eq!(kept, ["five", "four", "one", "three", "two"]);
}

#[test]
fn a_link_in_the_way_is_not_written_through() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.home().join("elsewhere");
    fs::write(&elsewhere, "mine").unwrap();
    fs::create_dir_all(sandbox.config()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, sandbox.config().join("trustpolicy.json")).unwrap();
    let ran = setup(&sandbox, &["--force"]);
    ran.assert_refused(1, "Error: could not set up a file");
    ran.assert_says("trustpolicy.json` is a symbolic link\n");
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "mine");
}

#[test]
fn what_cannot_be_a_profile_or_a_root_is_refused_before_anything_is_written() {
    let sandbox = Sandbox::new();
    let wrong = PROFILE.replace("signing-profiles", "signing-profile");
    let ran = sandbox.run(&["setup", "--signing-profile", &wrong]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("did you mean");
    let china = "arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/app";
    let ran = sandbox.run(&["setup", "--signing-profile", china]);
    ran.assert_refused(
        2,
        "Error: no root certificate of AWS Signer is published for the partition `aws-cn`",
    );
    ran.assert_says("--trust-anchor");
    fs::write(sandbox.home().join("root.crt"), "no certificate").unwrap();
    let ran = setup(&sandbox, &["--trust-anchor", "root.crt"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    let ran = sandbox.run(&["setup"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(!sandbox.home().join(".config").exists());
}

#[test]
fn lines_for_other_places_name_the_profile_and_write_nothing() {
    let sandbox = Sandbox::new();
    let lines = |place: &str| {
        let ran = setup(&sandbox, &["--for", place]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
        ran.stdout
    };
    assert_eq!(
        lines("codebuild"),
        format!(
            "# buildspec.yml: after `docker push`, with IMAGE set to the image by digest\n\
             phases:\n  post_build:\n    commands:\n      - countersign setup --signing-profile {PROFILE}\n      \
             - countersign sign --if-missing --signing-profile {PROFILE} \"$IMAGE\"\n      \
             - countersign verify --require strict \"$IMAGE\"\n"
        )
    );
    assert!(lines("github").contains("aws-region: us-west-2\n"));
    assert!(lines("github").contains("role-to-assume: ${{ vars.ROLE_ARN }}\n"));
    for place in ["image", "lambda"] {
        let setup = format!("RUN countersign setup --signing-profile {PROFILE} && chmod");
        assert!(lines(place).contains(&setup), "{}", lines(place));
        assert!(
            lines(place).contains("NOTATION_CONFIG=/"),
            "{}",
            lines(place)
        );
    }
    let ran = setup(&sandbox, &["--for", "elsewhere"]);
    assert_eq!(ran.code, 2);
    ran.assert_says("the places are codebuild, github, image, lambda");
    assert!(!sandbox.home().join(".config").exists());
}

/// The commands in the lines for pipelines are the program's own: they run as they are.
#[test]
fn the_lines_for_pipelines_run_as_they_are() {
    for place in ["codebuild", "github"] {
        let scene = Scene::new();
        let bin = scene.sandbox.home().join("bin");
        fs::create_dir(&bin).unwrap();
        // AWS's roots are built in; here the emulator's stands in for them.
        let wrapper = format!(
            "#!/bin/sh\ncase \"$*\" in setup*|sign*) set -- \"$@\" --trust-anchor {}/root.crt ;; esac\nexec {} \"$@\"\n",
            scene.sandbox.home().display(),
            env!("CARGO_BIN_EXE_countersign"),
        );
        write_program(&bin.join("countersign"), &wrapper);
        let ran = scene.run(&[
            "setup",
            "--for",
            place,
            "--signing-profile",
            &scene.profile.arn,
        ]);
        let commands: Vec<&str> = ran
            .stdout
            .lines()
            .map(|line| line.trim_start().trim_start_matches("- "))
            .filter(|line| line.starts_with("countersign "))
            .collect();
        assert_eq!(commands.len(), 3, "{ran:#?}");
        let mut shell = scene.sandbox.command("/bin/sh".as_ref());
        shell
            .args(["-e", "-c", &commands.join("\n")])
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("IMAGE", &scene.image);
        let ran = Ran::of(&mut shell).plain();
        assert_eq!(ran.code, 0, "{place}: {ran:#?}");
        let verified = format!("Successfully verified signature for {}\n", scene.image);
        assert!(ran.stdout.ends_with(&verified), "{ran:#?}");
    }
}

#[test]
fn setup_then_doctor_then_sign_and_verify_need_nothing_else() {
    let scene = Scene::new();
    let ran = scene.run(&[
        "setup",
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(!ran.stdout.contains("warn"), "{ran:#?}");
    let ran = scene.run(&["doctor", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    scene.sign(&scene.image);
    let ran = scene.run(&["verify", &scene.image]);
    assert_eq!(
        (ran.code, ran.stdout),
        (
            0,
            format!("Successfully verified signature for {}\n", scene.image)
        )
    );
    // Beside notation: the plugin is there, and verifies what it is asked to.
    fs::create_dir(scene.sandbox.config().join("plugins")).unwrap();
    let ran = scene.run(&[
        "setup",
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(scene.sandbox.config().join(PLUGIN).is_file());
    let ran = scene.run(&["verify", "--use-installed-plugin", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}
