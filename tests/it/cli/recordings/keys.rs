//! `key add`, `update`, `list` and `delete`.

use std::fs;
use std::os::unix::fs::symlink;

use super::placeholders::Placeholders;
use super::{Difference, Replay, Text, recorded};
use crate::support::sandbox::Sandbox;
use crate::support::script_plugin;

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["add without plugin"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::OtherWords,
        why: "the words of the flag parser",
    },
    Difference {
        cases: &["add with a broken plugin"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: invalid character '/' looking for beginning of value"),
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
        stderr: Text::Begins("Error: required flag(s) \"default\" not set"),
        why: "what does nothing is a mistake",
    },
    Difference {
        cases: &["update with default=false"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Begins("Error: required flag(s) \"default\" not set"),
        why: "what does nothing is a mistake",
    },
    Difference {
        cases: &["alias does not exist"],
        exit: None,
        stdout: Text::Begins("Removed k4 from Notation signing key list."),
        stderr: Text::Nothing,
        why: "`rm` and `remove` are what people type",
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
    let file = replay.sandbox.config().join("signingkeys.json");
    for case in recorded("key") {
        for precondition in &case.preconditions {
            if let Some(text) = held(precondition) {
                fs::write(&file, text).unwrap();
            } else if precondition == "signingkeys.json is removed" {
                fs::remove_file(&file).unwrap();
            }
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
            "signingkeys.json cannot be read: list" | "signingkeys.json cannot be written: add" => {
                let _ = fs::remove_file(&file);
                fs::write(&file, "{\"keys\": []}").unwrap();
            }
            "signingkeys.json is a symbolic link: list" => {
                fs::remove_file(&file).unwrap();
                symlink("elsewhere.json", &file).unwrap();
            }
            _ => {}
        }
        let before = (case.name == "alias does not exist").then(|| fs::read(&file).unwrap());
        replay.run(&case);
        // The cases after it have the key that ours deleted.
        if let Some(before) = before {
            fs::write(&file, before).unwrap();
        }
    }
    replay.finish("key");
}
