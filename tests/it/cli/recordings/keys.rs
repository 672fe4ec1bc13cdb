//! `key add`, `update`, `list` and `delete`.

use std::fs;
use std::os::unix::fs::symlink;

use super::placeholders::Placeholders;
use super::{Difference, Replay, Text, recorded};
use crate::support::sandbox::Sandbox;
use crate::support::script_plugin;

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["add with a missing plugin"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: plugin `nope` is not installed: there is no `<config>/notation/plugins/nope/",
        ),
        why: "our own words for a plugin that is not there",
    },
    Difference {
        cases: &["add without plugin", "add with two names"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::OtherWords,
        why: "the words of the flag parser",
    },
    Difference {
        cases: &["add with a broken plugin"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: plugin `bad` failed at `get-plugin-metadata`"),
        why: "a key that nothing could sign with is not added",
    },
    Difference {
        cases: &["add with plugin config twice"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: could not parse flag plugin-config: the key `a` is given twice",
        ),
        why: "two meanings of one command line",
    },
    Difference {
        cases: &["add with a plugin name that is a path"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Error: `../p` is not a plugin's name"),
        why: "a name leads to no other directory",
    },
    Difference {
        cases: &[
            "list with an extra argument",
            "update two keys, the second is ignored",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unexpected argument "),
        why: "an argument that would be ignored is refused",
    },
    Difference {
        cases: &[
            "update without the default flag",
            "update a missing key without the flag",
        ],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: the following required arguments were not provided:\n  --default",
        ),
        why: "what does nothing is a mistake",
    },
    Difference {
        cases: &["update with default=false"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: the following required arguments were not provided:\n  --default",
        ),
        why: "what does nothing is a mistake",
    },
    Difference {
        cases: &["alias does not exist"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unrecognized subcommand 'rm'"),
        why: "a command that does not exist is refused",
    },
    Difference {
        cases: &["signingkeys.json malformed: *", "signingkeys.json empty: *"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Error: malformed signingkeys.json"),
        why: "the file is named, and the place in it",
    },
    Difference {
        cases: &["signingkeys.json is a symbolic link: *"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Error: signingkeys.json cannot be used"),
        why: "what is there is a cause of its own",
    },
];

/// What stands in `signingkeys.json` before the case, if it says so.
fn held(precondition: &str) -> Option<&str> {
    match precondition.strip_prefix("signingkeys.json holds ")? {
        "nothing" => Some(""),
        text => Some(text),
    }
}

#[test]
fn keys_are_managed_as_notation_does() {
    let sandbox = Sandbox::new();
    let line = script_plugin::metadata_line("p", "SIGNATURE_GENERATOR.RAW");
    script_plugin::install_line(&sandbox, "p", &line);
    script_plugin::install_line(&sandbox, "bad", "garbage");
    let mut replay = Replay::new(sandbox, &Placeholders::default(), DIFFERENCES);
    replay.writes = true;
    let file = replay.sandbox.config().join("signingkeys.json");
    for case in recorded("key") {
        for precondition in &case.preconditions {
            if let Some(text) = held(precondition) {
                fs::write(&file, text).unwrap();
            } else if precondition == "signingkeys.json is removed" {
                fs::remove_file(&file).unwrap();
            }
        }
        if case
            .preconditions
            .iter()
            .any(|text| text.starts_with("runs as an unprivileged user"))
        {
            replay.skip(&case);
            continue;
        }
        match case.name.as_str() {
            "list with a local key" => {
                let text = fs::read_to_string(&file).unwrap();
                let mut keys: serde_json::Value = serde_json::from_str(&text).unwrap();
                let folder = replay.sandbox.config().join("localkeys");
                keys["keys"]
                    .as_array_mut()
                    .unwrap()
                    .push(serde_json::json!({
                        "name": "signer",
                        "keyPath": folder.join("signer.key"),
                        "certPath": folder.join("signer.crt"),
                    }));
                fs::write(&file, keys.to_string()).unwrap();
            }
            "signingkeys.json is a symbolic link: list" => {
                fs::remove_file(&file).unwrap();
                symlink("elsewhere.json", &file).unwrap();
            }
            _ => {}
        }
        replay.run(&case);
    }
    replay.finish("key");
}
