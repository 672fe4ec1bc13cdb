//! `plugin install`, `list` and `uninstall`.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use countersign::oci::sha256_digest;

use super::case::Case;
use super::fixtures::unused_address;
use super::placeholders::Placeholders;
use super::{Difference, Replay, Text, recorded};
use crate::support::archives::{self, File, plugin, script};
use crate::support::hostile::{Hostile, Reply};
use crate::support::sandbox::{Sandbox, is_root};
use crate::support::script_plugin;

const RUNS_ITSELF: &str =
    "the file that is installed is the file that is asked, whatever `PATH` has";
const FOO: Text = Text::Begins("Successfully installed plugin foo, version 1.0.0");

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["bare executable without a slash*"],
        exit: Some(0),
        stdout: FOO,
        stderr: Text::Nothing,
        why: RUNS_ITSELF,
    },
    Difference {
        cases: &["empty checksum"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: the value of `--sha256sum` is empty"),
        why: "an empty checksum compares nothing",
    },
    Difference {
        cases: &[
            "zip whose plugin is not executable",
            "tar.gz whose plugin is not executable",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: plugin installation failed: input file notation-foo is not executable",
        ),
        why: "what its publisher did not make a program is not made one",
    },
    Difference {
        cases: &["zip with the plugin in a directory"],
        exit: Some(0),
        stdout: FOO,
        stderr: Text::Nothing,
        why: "a zip file means what a tar.gz file means",
    },
    Difference {
        cases: &["tar.gz with a file twice"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: plugin installation failed: notation-foo: duplicate entries in tar.gz file",
        ),
        why: "two programs could read it in two ways",
    },
    Difference {
        cases: &["bare file notation-a b: name with a space"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: plugin installation failed: `a b` is not a plugin's name"),
        why: "no command would run it",
    },
    Difference {
        cases: &["list with broken plugins"],
        exit: None,
        stdout: Text::Contains("/plugins/linked/notation-linked` is a symbolic link"),
        stderr: Text::Same,
        why: "a link is never run",
    },
    Difference {
        cases: &["list alias"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unexpected argument "),
        why: "an argument that would be ignored is refused",
    },
    Difference {
        cases: &["install where nothing can be written"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: plugin installation failed: failed to copy plugin files to <config>/notation/plugins: permission denied",
        ),
        why: "a plugin is put together beside its place",
    },
    Difference {
        cases: &["uninstall, stdin empty"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Contains(": the question was not answered"),
        why: "what was asked for was not done",
    },
    Difference {
        cases: &["uninstall, answer no"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Same,
        why: "what was asked for was not done",
    },
];

/// Cases that another user runs; only root can become that user.
const OF_ANOTHER_USER: &[&str] = &[
    "install where nothing can be written",
    "list where nothing can be read",
];
const NOBODY: u32 = 65_534;

const E2E: &str = r#"{"name": "e2e-plugin", "description": "The e2e-plugin is a Notation compatible plugin for Notation E2E test", "version": "1.0.0", "url": "https://example.com", "supportedContractVersions": ["1.0"], "capabilities": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK"]}"#;

fn write(path: &Path, mode: u32, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The files of the working directory.
fn files(home: &Path) {
    let script_of_foo = plugin("foo", "1.0.0");
    for (path, version) in [
        ("notation-foo", "1.0.0"),
        ("v1.1/notation-foo", "1.1.0"),
        ("v0.9/notation-foo", "0.9.0"),
        ("vx/notation-foo", "x"),
        ("vpre/notation-foo", "1.0.0-rc.1"),
        ("vbuild/notation-foo", "1.0.0+build.1"),
    ] {
        write(&home.join(path), 0o755, plugin("foo", version));
    }
    let changed = |name: &str, from: &str, to: &str| {
        let metadata = archives::metadata(name, "1.0.0");
        assert!(metadata.contains(from));
        script(&metadata.replace(from, to))
    };
    let error = "#!/bin/sh\ncat >/dev/null\necho '{\"errorCode\": \"ERROR\", \"errorMessage\": \"the reason\"}' >&2\nexit 1\n";
    for (name, text) in [
        ("notation-", script_of_foo.clone()),
        ("foo", script_of_foo.clone()),
        ("notation-bar", script_of_foo.clone()),
        ("NOTATION-foo", script_of_foo.clone()),
        ("notation-junk", "junk\n".to_owned()),
        ("notation-empty", String::new()),
        ("notation-fail", "#!/bin/sh\nexit 1\n".to_owned()),
        ("notation-text", "#!/bin/sh\necho hello\n".to_owned()),
        ("notation-err", error.to_owned()),
        (
            "notation-noname",
            changed("noname", "\"name\": \"noname\"", "\"name\": \"\""),
        ),
        ("notation-nover", changed("nover", "\"1.0.0\"", "\"\"")),
        (
            "notation-nocap",
            changed("nocap", "[\"SIGNATURE_GENERATOR.RAW\"]", "[]"),
        ),
        ("notation-two", changed("two", "[\"1.0\"]", "[\"2.0\"]")),
        ("notation-a b", plugin("a b", "1.0.0")),
        ("notation-UPPER", plugin("UPPER", "1.0.0")),
        (
            "notation-extra",
            changed("extra", "]}", "], \"surprise\": 1}"),
        ),
        ("notation-x.exe", plugin("x.exe", "1.0.0")),
        ("notation-e2e-plugin", script(E2E)),
    ] {
        write(&home.join(name), 0o755, text);
    }
    write(&home.join("notation-noexec"), 0o644, &script_of_foo);
    let of_foo: [File<'_>; 1] = [("notation-foo", 0o100_755, script_of_foo.as_bytes())];
    let e2e = script(E2E);
    let of_e2e: [File<'_>; 1] = [("notation-e2e-plugin", 0o100_755, e2e.as_bytes())];
    let whole = archives::tar_gz(&of_foo);
    for (name, content) in [
        ("foo.zip", archives::zip(&of_foo)),
        ("foo.tar.gz", whole.clone()),
        ("e2e.zip", archives::zip(&of_e2e)),
        ("e2e.tar.gz", archives::tar_gz(&of_e2e)),
        ("plain.tar", archives::tar(&of_foo)),
        (
            "bad.zip",
            b"PK\x03\x04 and nothing else of a zip file".to_vec(),
        ),
        ("bad.tar.gz", b"\x1f\x8b\x08\0\0".to_vec()),
        ("notatar.gz", archives::gzip(b"not a tar file\n")),
        ("trunc.tar.gz", whole[..whole.len() / 2].to_vec()),
    ] {
        write(&home.join(name), 0o644, content);
    }
    fs::create_dir(home.join("d")).unwrap();
    symlink("foo.zip", home.join("link.zip")).unwrap();
}

/// What the archive of a case holds: `NAME (MODE), ...`.
fn held(list: &str) -> Vec<(String, u32)> {
    let parts = list.split(", ").filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, mode) = part.trim_end_matches(')').split_once(" (").unwrap();
            (name.to_owned(), u32::from_str_radix(mode, 8).unwrap())
        })
        .collect()
}

/// Writes the archive that the case is about.
fn archive(case: &Case, home: &Path) {
    let mut list = case.preconditions.iter();
    let Some(list) = list.find_map(|text| text.strip_prefix("the archive holds")) else {
        return;
    };
    let names = held(list.trim_start());
    let is_twice = case.name.ends_with("with a file twice");
    let contents: Vec<String> = names
        .iter()
        .enumerate()
        .map(
            |(index, (name, _))| match name.rsplit('/').next().unwrap() {
                "notation-foo" if is_twice && index == 1 => plugin("foo", "2.0.0"),
                "notation-foo" => plugin("foo", "1.0.0"),
                "notation-bar" => plugin("bar", "1.0.0"),
                _ => "x\n".to_owned(),
            },
        )
        .collect();
    let files: Vec<File<'_>> = names
        .iter()
        .zip(&contents)
        .map(|((name, mode), content)| (name.as_str(), *mode, content.as_bytes()))
        .collect();
    fs::write(home.join("t.zip"), archives::zip(&files)).unwrap();
    fs::write(home.join("t.tar.gz"), archives::tar_gz(&files)).unwrap();
}

/// The plugins that the table of broken ones shows.
fn broken_plugins(plugins: &Path) {
    let _ = fs::remove_dir_all(plugins);
    let program = |name: &str, text: &str| {
        let folder = plugins.join(name);
        fs::create_dir_all(&folder).unwrap();
        script_plugin::write_program(&folder.join(format!("notation-{name}")), text);
    };
    let caps = archives::metadata("caps", "2.3.4").replace(
        "[\"SIGNATURE_GENERATOR.RAW\"]",
        "[\"SIGNATURE_GENERATOR.RAW\", \"SIGNATURE_VERIFIER.TRUSTED_IDENTITY\"]",
    );
    program("caps", &script(&caps));
    program("foo", &plugin("foo", "1.0.0"));
    program("noexec", &plugin("noexec", "1.0.0"));
    let noexec = plugins.join("noexec/notation-noexec");
    fs::set_permissions(noexec, fs::Permissions::from_mode(0o644)).unwrap();
    program("junk", "junk\n");
    program("wrong", &plugin("other", "1.0.0"));
    program("fails", "#!/bin/sh\necho broken >&2\nexit 1\n");
    let old = archives::metadata("old", "1.0.0").replace("[\"1.0\"]", "[\"0.1\"]");
    program("old", &script(&old));
    fs::create_dir_all(plugins.join("empty")).unwrap();
    fs::create_dir_all(plugins.join("linked")).unwrap();
    symlink("/bin/true", plugins.join("linked/notation-linked")).unwrap();
    fs::write(plugins.join("stray"), "").unwrap();
}

/// What the other user may do: everything but in the configuration directory.
fn may_do_as_recorded(case: &Case, home: &Path, config: &Path) {
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let plugins = config.join("plugins");
    mode(home, 0o777);
    mode(&home.join(".config"), 0o755);
    if case.name.starts_with("install") {
        fs::remove_dir_all(config).unwrap();
        fs::create_dir(config).unwrap();
    } else {
        fs::create_dir(&plugins).unwrap();
        mode(&plugins, 0o700);
    }
    mode(config, 0o755);
}

/// A server that does not speak TLS: whatever it is told, it answers in HTTP.
fn without_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // The program may have gone away.
            let _ = (&stream).write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
        }
    });
    address
}

#[test]
fn plugins_are_installed_listed_and_removed_as_notation_does() {
    let sandbox = Sandbox::new();
    let home = sandbox.home().to_owned();
    files(&home);
    let archive_of_foo = fs::read(home.join("foo.zip")).unwrap();
    let junk = b"junk\n";
    let given = archive_of_foo.clone();
    let server = Hostile::start(move |seen| match seen.path() {
        "/foo.zip" => Reply::ok("application/zip", given.clone()),
        "/junk.zip" => Reply::ok("application/zip", junk.to_vec()),
        _ => Reply::status(404),
    });
    fs::copy(server.root(), home.join("ca.crt")).unwrap();
    let hex = |bytes: &[u8]| sha256_digest(bytes).to_string().replace("sha256:", "");
    let mut replay = Replay::new(sandbox, &Placeholders::default(), DIFFERENCES);
    let known = &mut replay.names.known;
    known.insert("<https>", server.address().to_string());
    known.insert("<http>", without_tls());
    known.insert("<registry:down>", unused_address());
    known.insert("<sha256:foo.zip>", hex(&archive_of_foo));
    known.insert("<sha256:junk.zip>", hex(junk));
    known.insert("<fingerprint>", "0".repeat(64));
    let config = replay.sandbox.config();
    let plugins = config.join("plugins");
    let bin = replay.program.parent().unwrap().to_owned();
    for mut case in recorded("plugin") {
        if OF_ANOTHER_USER.contains(&case.name.as_str()) {
            if !is_root() {
                replay.skip(&case);
                continue;
            }
            replay.user = Some(NOBODY);
            may_do_as_recorded(&case, &home, &config);
        }
        archive(&case, &home);
        let begins_anew = "dir: <config>/notation/plugins/ 0755";
        if case.changes.iter().any(|(line, _)| line == begins_anew) {
            let _ = fs::remove_dir_all(&plugins);
        }
        match case.name.as_str() {
            "bare executable without a slash, another one in PATH" => {
                let _ = fs::remove_dir_all(&plugins);
                script_plugin::write_program(&bin.join("notation-foo"), &plugin("foo", "6.6.6"));
            }
            "right checksum in capitals" => {
                let digest = hex(&archive_of_foo).to_uppercase();
                case.command =
                    format!("notation plugin install --file foo.zip --sha256sum {digest}");
            }
            "zip with the plugin in a directory" => drop(fs::remove_dir_all(&plugins)),
            "list with broken plugins" => broken_plugins(&plugins),
            "uninstall by a path" => write(&config.join("victim/notation-victim"), 0o755, "x"),
            _ => {}
        }
        replay.run(&case);
        let left: Vec<_> = fs::read_dir(&home).unwrap().flatten().collect();
        let left = left.iter().map(fs::DirEntry::file_name);
        let is_left =
            |name: &std::ffi::OsString| name.to_string_lossy().starts_with(".notation-plugin-");
        assert!(
            !left.into_iter().any(|name| is_left(&name)),
            "{}",
            case.name
        );
    }
    replay.finish("plugin");
}
