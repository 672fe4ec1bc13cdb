//! `countersign plugin` by its own name: what is not notation's, and what must not go wrong.

use std::fs;
use std::path::Path;

use countersign::oci::sha256_digest;

use crate::support::archives::{metadata, plugin, script, tar_gz, zip};
use crate::support::document;
use crate::support::hostile::{Hostile, Reply};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::waiting;

fn install(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.run(&[&["plugin", "install"], arguments].concat())
}

/// The names of everything in the plugin directory, and what else was left beside it.
fn left(sandbox: &Sandbox) -> Vec<String> {
    let mut names = Vec::new();
    for directory in [
        sandbox.config().join("plugins"),
        sandbox.config(),
        sandbox.home().join(".config"),
    ] {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        names.extend(entries.map(|entry| entry.file_name().into_string().unwrap()));
    }
    names.retain(|name| name != "plugins" && name != "notation");
    names.sort();
    names
}

fn write(sandbox: &Sandbox, name: &str, content: impl AsRef<[u8]>) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = sandbox.home().join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn foo(version: &str) -> Vec<u8> {
    tar_gz(&[("notation-foo", 0o100_755, plugin("foo", version).as_bytes())])
}

#[test]
fn by_its_own_name_a_path_and_a_url_need_no_flag() {
    let sandbox = Sandbox::new();
    write(&sandbox, "foo.tar.gz", foo("1.0.0"));
    let ran = install(&sandbox, &["foo.tar.gz"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, "Successfully installed plugin foo, version 1.0.0\n", "")
    );
    let ran = install(&sandbox, &["https://127.0.0.1:9/foo.zip"]);
    ran.assert_refused(
        2,
        "Error: installing from URL requires non-empty SHA256 checksum of the plugin source",
    );
    assert_eq!(left(&sandbox), ["foo"]);
}

#[test]
fn the_list_is_a_document_for_programs() {
    let sandbox = Sandbox::new();
    write(&sandbox, "foo.tar.gz", foo("1.0.0"));
    assert_eq!(install(&sandbox, &["--file", "foo.tar.gz"]).code, 0);
    fs::create_dir(sandbox.config().join("plugins/empty")).unwrap();
    let ran = sandbox.run(&["plugin", "ls", "-o", "json"]);
    let document = document::document(&ran, "plugins.v1.schema.json");
    assert_eq!(document["plugins"][1]["name"], "foo");
    assert_eq!(document["plugins"][1]["version"], "1.0.0");
    let error = document["plugins"][0]["error"].as_str().unwrap();
    assert!(
        error.starts_with("plugin executable file `notation-empty` not found"),
        "{error}"
    );
}

#[test]
fn this_program_is_installed_as_each_of_its_plugins() {
    let sandbox = Sandbox::new();
    for (arguments, name) in [
        (&["--self"][..], "com.amazonaws.signer.notation.plugin"),
        (&["--self", "aws-kms"], "aws-kms"),
    ] {
        let ran = install(&sandbox, arguments);
        let start = format!("Successfully installed plugin {name}, version ");
        assert!(ran.code == 0 && ran.stdout.starts_with(&start), "{ran:#?}");
        let installed = sandbox
            .config()
            .join(format!("plugins/{name}/notation-{name}"));
        assert_eq!(
            fs::read(installed).unwrap(),
            fs::read(env!("CARGO_BIN_EXE_countersign")).unwrap()
        );
        let ran = install(&sandbox, arguments);
        assert_eq!(ran.code, 1, "{ran:#?}");
        ran.assert_says("already exists");
    }
    let ran = install(&sandbox, &["--self", "other"]);
    ran.assert_refused(2, "Error: this program does not implement plugin `other`");
    ran.assert_says("`com.amazonaws.signer.notation.plugin` and `aws-kms`");
    let ran = sandbox.run(&["plugin", "list"]);
    assert_eq!(ran.stdout.matches("<nil>").count(), 2, "{ran:#?}");
}

#[test]
fn a_plugin_that_fails_to_install_leaves_the_old_one_and_nothing_else() {
    let sandbox = Sandbox::new();
    write(&sandbox, "foo.tar.gz", foo("1.0.0"));
    assert_eq!(install(&sandbox, &["foo.tar.gz"]).code, 0);
    let bad = script(&metadata("foo", "")).into_bytes();
    write(
        &sandbox,
        "bad.zip",
        zip(&[("notation-foo", 0o100_755, &bad)]),
    );
    write(&sandbox, "cut.tar.gz", &foo("2.0.0")[..60]);
    for name in ["bad.zip", "cut.tar.gz"] {
        assert_eq!(install(&sandbox, &["--force", name]).code, 1);
    }
    assert_eq!(left(&sandbox), ["foo"]);
    let ran = sandbox.run(&["plugin", "list"]);
    assert!(ran.stdout.contains("1.0.0"), "{ran:#?}");
    // What was there before and is not in the new one goes.
    fs::write(sandbox.config().join("plugins/foo/old"), "").unwrap();
    write(&sandbox, "foo.tar.gz", foo("2.0.0"));
    let ran = install(&sandbox, &["foo.tar.gz"]);
    assert_eq!(
        ran.stdout,
        "Successfully updated plugin foo from version 1.0.0 to 2.0.0\n"
    );
    let files: Vec<_> = fs::read_dir(sandbox.config().join("plugins/foo"))
        .unwrap()
        .collect();
    assert_eq!(files.len(), 1);
}

#[test]
fn a_plugin_that_hangs_is_ended_and_not_installed() {
    let sandbox = Sandbox::new();
    write(&sandbox, "notation-foo", "#!/bin/sh\nexec sleep 1000\n");
    let ran = install(&sandbox, &["--timeout", "1s", "notation-foo"]);
    ran.assert_refused(
        3,
        "Error: plugin installation failed: the time of `--timeout` is over; nothing was installed",
    );
    assert_eq!(left(&sandbox), [""; 0]);
}

#[test]
fn an_interrupt_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let begun = sandbox.home().join("begun");
    let text = format!("#!/bin/sh\ntouch {}\nexec sleep 1000\n", begun.display());
    write(&sandbox, "notation-foo", text);
    let mut command = sandbox.command(Path::new(env!("CARGO_BIN_EXE_countersign")));
    command
        .args(["plugin", "install", "notation-foo"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    waiting::until("the plugin to run", || begun.exists());
    let id = i32::try_from(child.id()).unwrap();
    let id = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = waiting::end(child, "the end of the program");
    let ran = Ran::from(output);
    ran.assert_refused(
        3,
        "Error: plugin installation failed: interrupted; nothing was installed",
    );
    assert_eq!(left(&sandbox), [""; 0]);
}

#[test]
fn a_download_leads_nowhere_else_and_ends() {
    let server = Hostile::start(|seen| match seen.path() {
        "/plain" => Reply::status(302).header("Location", "http://registry.example/foo.zip"),
        "/loop" => Reply::status(302).header("Location", "/loop"),
        "/secret" => Reply::status(302).header("Location", "https://u:p@127.0.0.1/foo.zip"),
        "/inside" => Reply::status(302).header("Location", "https://169.254.169.254/foo.zip"),
        "/endless" => Reply::status(200).endless(vec![b'x'; 65_536]),
        "/again" => Reply::status(302).header("Location", "/foo.tar.gz"),
        "/foo.tar.gz" => Reply::ok("application/gzip", foo("1.0.0")),
        _ => Reply::status(404),
    });
    let sandbox = Sandbox::new().with("SSL_CERT_FILE", server.root().to_str().unwrap());
    let digest = sha256_digest(&foo("1.0.0"))
        .to_string()
        .replace("sha256:", "");
    let url = |path: &str| format!("https://{}{path}", server.address());
    let get = |path: &str| install(&sandbox, &["--url", &url(path), "--sha256", &digest]);
    for (path, wanted) in [
        (
            "/plain",
            "redirects to `http://registry.example/foo.zip`, which is not `https`",
        ),
        ("/loop", "redirects more than 5 times"),
        ("/secret", "with a password"),
        ("/inside", "inside this machine or its link"),
        ("/endless", "is longer than 268435455 bytes"),
        ("/none", "https response bad status: 404 Not Found"),
    ] {
        let ran = get(path);
        assert_eq!(ran.code, 3, "{path}: {ran:#?}");
        ran.assert_says(wanted);
        assert!(!ran.stderr.contains("u:p"), "{ran:#?}");
    }
    assert!(server.seen().iter().all(|seen| seen.scheme == "https"));
    assert_eq!(left(&sandbox), [""; 0]);
    let ran = get("/again");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(left(&sandbox), ["foo"]);
}

#[test]
fn a_query_of_a_url_is_not_shown() {
    let server = Hostile::start(|_| Reply::status(403));
    let sandbox = Sandbox::new().with("SSL_CERT_FILE", server.root().to_str().unwrap());
    let url = format!(
        "https://{}/foo.zip?X-Amz-Signature=c0ffee",
        server.address()
    );
    let ran = install(&sandbox, &["--url", &url, "--sha256sum", "00"]);
    assert_eq!(ran.code, 3);
    assert!(!format!("{ran:?}").contains("c0ffee"), "{ran:#?}");
    let ran = install(
        &sandbox,
        &["--url", "https://u:p@h.example/x", "--sha256sum", "00"],
    );
    ran.assert_refused(2, "Error: the URL has a user name or a password in it");
}

#[test]
fn a_link_in_a_plugins_place_is_neither_followed_nor_replaced() {
    let sandbox = Sandbox::new();
    let plugins = sandbox.config().join("plugins");
    let victim = sandbox.home().join("victim");
    fs::create_dir_all(&plugins).unwrap();
    fs::create_dir(&victim).unwrap();
    fs::write(victim.join("notation-foo"), "x").unwrap();
    std::os::unix::fs::symlink(&victim, plugins.join("foo")).unwrap();
    write(&sandbox, "foo.tar.gz", foo("1.0.0"));
    let ran = install(&sandbox, &["--force", "foo.tar.gz"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("is a symbolic link");
    assert_eq!(fs::read(victim.join("notation-foo")).unwrap(), b"x");
    // Removing takes the link away, and nothing else.
    let ran = sandbox.run(&["plugin", "rm", "-y", "foo"]);
    assert_eq!(
        ran.stdout, "Successfully uninstalled plugin foo\n",
        "{ran:#?}"
    );
    assert!(victim.join("notation-foo").exists());
}
