//! `login` and `logout`.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::case::Case;
use super::fixtures::Fixtures;
use super::{Difference, Replay, Text, recorded};
use crate::support::hostile::{Hostile, Reply};
use crate::support::sandbox::Sandbox;
use crate::support::script_plugin;

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["use with a helper that fails"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Error: failed to get manifest descriptor: "),
        why: "our own words for what kept a request from an answer",
    },
    Difference {
        cases: &["extra argument", "logout extra argument"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unexpected argument "),
        why: "an argument that would be ignored is refused",
    },
    Difference {
        cases: &[
            "without a store, wrong password",
            "wrong password",
            "unknown user",
            "password from standard input with two newlines",
            "password flag and standard input",
            "wrong credentials from the environment",
            "other credential than the one in plain text",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: failed to log in to <registry:auth>: failed to validate the credentials for <registry:auth>: GET \
             \"http://<registry:auth>/v2/\": response status code 401: unauthorized: authentication required",
        ),
        why: "the registry here says why, as the one that was recorded did not",
    },
    Difference {
        cases: &["logout empty"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to get registry client: invalid reference: invalid registry \"\"",
        ),
        why: "an empty value is a variable that is not set, and its credential is still there",
    },
];

/// Keeps one credential in a file for each server.
const HELPER: &str = r#"#!/bin/sh
case "$1" in
store)
    read -r line
    server=$(printf '%s' "$line" | sed 's/.*"ServerURL":"\([^"]*\)".*/\1/')
    mkdir -p "$HOME/creds"
    printf '%s\n' "$line" > "$HOME/creds/$server" ;;
get)
    cat "$HOME/creds/$(cat)" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) rm -f "$HOME/creds/$(cat)" ;;
esac
"#;

/// Writes the configurations that the preconditions of a case name, and takes others away.
fn arrange(case: &Case, home: &Path, auth: &str, bin: &Path) {
    let notation = home.join(".config/notation/config.json");
    let docker = home.join(".docker/config.json");
    let [precondition] = case.preconditions.as_slice() else {
        return;
    };
    if precondition == "the same" {
        return;
    }
    for file in [&notation, &docker] {
        let _ = fs::remove_file(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
    }
    let store = |name: &str| json!({ "credsStore": name }).to_string();
    let helper = json!({ "credHelpers": { auth: "test" } }).to_string();
    let (file, text) = match precondition.as_str() {
        "config.json has credsStore test" => (notation, store("test")),
        "config.json has credsStore broken, which fails" => (notation, store("broken")),
        "config.json has credsStore nope" => (notation, store("nope")),
        "config.json holds {bad" => (notation, "{bad".to_owned()),
        "<home>/.docker/config.json has credsStore test; no config.json" => (docker, store("test")),
        text if text.starts_with("<home>/.docker/config.json has credHelpers ") => (docker, helper),
        text if text.starts_with("config.json has credHelpers ") => (notation, helper),
        "<home>/.docker/config.json has auths for the registry" => {
            let auths = json!({ auth: { "auth": STANDARD.encode("testuser:testpass") } });
            (docker, json!({ "auths": auths }).to_string())
        }
        "<cwd>/dc/config.json has credsStore test" => {
            fs::create_dir(home.join("dc")).unwrap();
            (home.join("dc/config.json"), store("test"))
        }
        text if text.starts_with("docker-credential-pass and ") => {
            for name in ["pass", "secretservice"] {
                script_plugin::write_program(
                    &bin.join(format!("docker-credential-{name}")),
                    HELPER,
                );
            }
            return;
        }
        other => panic!("{other}"),
    };
    fs::write(file, text).unwrap();
}

#[test]
fn logins_are_kept_and_forgotten_as_notation_does() {
    let fixtures = Fixtures::start();
    let nothing = Hostile::start(|_| Reply::status(404));
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    replay.pipes = true;
    let home = replay.sandbox.home().to_owned();
    let known = &mut replay.names.known;
    known.insert("<home>", home.to_str().unwrap().to_owned());
    known.insert("<http>", nothing.address().to_string());
    let auth = known["<registry:auth>"].clone();
    let bin = replay.program.parent().unwrap().to_owned();
    script_plugin::write_program(&bin.join("docker-credential-test"), HELPER);
    let broken = "#!/bin/sh\necho 'the helper broke'\nexit 1\n";
    script_plugin::write_program(&bin.join("docker-credential-broken"), broken);
    for case in recorded("login") {
        arrange(&case, &home, &auth, &bin);
        replay.run(&case);
    }
    replay.finish("login");
}
