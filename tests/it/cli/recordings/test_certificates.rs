//! `cert generate-test` and `cleanup-test`.

use std::fs;

use super::fixtures::Fixtures;
use super::{Difference, Replay, Text, recorded};
use crate::support::pki::{self, Entity};
use crate::support::sandbox::Sandbox;

const LEADS_OUT: &str = "a name leads to no other directory";
const EXTRA: &str = "an argument that would be ignored is refused";
const NOTHING_DONE: &str = "everything is looked at before anything is done";

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["generate where the directory cannot be written"],
        exit: None,
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: open <config>/notation/signingkeys.json: permission denied"),
        why: NOTHING_DONE,
    },
    Difference {
        cases: &["generate again"],
        exit: None,
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: signing key with name \"wabbit-networks.io\" already exists"),
        why: NOTHING_DONE,
    },
    Difference {
        cases: &[
            "generate with 1024 bits",
            "generate with 2047 bits",
            "generate with 0 bits",
            "generate with -1 bits",
            "generate with 100 bits",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Contains(" bits cannot sign; `--bits` is 2048, 3072 or 4096"),
        why: "a key that could not sign",
    },
    Difference {
        cases: &["generate ..", "generate ."],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: name needs to follow [a-zA-Z0-9_.-]+ format"),
        why: LEADS_OUT,
    },
    Difference {
        cases: &["cleanup .."],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: certificate common name must follow [a-zA-Z0-9_.-]+ format"),
        why: LEADS_OUT,
    },
    Difference {
        cases: &[
            "generate two names, the second is ignored",
            "cleanup two names, the second is ignored",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unexpected argument "),
        why: EXTRA,
    },
    Difference {
        cases: &["generate where the key name is taken"],
        exit: None,
        stdout: Text::Nothing,
        stderr: Text::Same,
        why: NOTHING_DONE,
    },
    Difference {
        cases: &["generate with malformed signingkeys.json"],
        exit: None,
        stdout: Text::Nothing,
        stderr: Text::Same,
        why: NOTHING_DONE,
    },
    Difference {
        cases: &["cleanup with malformed signingkeys.json"],
        exit: None,
        stdout: Text::Nothing,
        stderr: Text::Same,
        why: NOTHING_DONE,
    },
    Difference {
        cases: &["cleanup, stdin empty"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Contains(": the question was not answered"),
        why: "what was asked for was not done",
    },
    Difference {
        cases: &["cleanup, answer no"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Same,
        why: "what was asked for was not done",
    },
    Difference {
        cases: &["cleanup a key of a plugin"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: nothing was deleted: the key taken in the key list is not the test key ",
        ),
        why: "`generate-test` did not make it",
    },
    Difference {
        cases: &["certificates"],
        exit: None,
        stdout: Text::Without("x509 "),
        stderr: Text::Same,
        why: LEADS_OUT,
    },
    Difference {
        cases: &["inspect with the test certificate"],
        exit: None,
        stdout: Text::Contains("signing agent: countersign/"),
        stderr: Text::Same,
        why: "our own name as the signing agent",
    },
];

#[test]
fn test_certificates_come_and_go_as_notation_has_it() {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    // For what notation makes and we do not.
    let other = Entity::root(pki::signer("other"));
    for name in ["odd1024", "odd2047", "fifth", "taken"] {
        let home = replay.sandbox.home();
        fs::write(home.join(format!("{name}.key")), "").unwrap();
        fs::write(
            home.join(format!("{name}.crt")),
            pki::pem(other.certificate.der()),
        )
        .unwrap();
    }
    let config = replay.sandbox.config();
    let keys = config.join("signingkeys.json");
    for case in recorded("cert-test") {
        if case.is_fresh && config.exists() {
            fs::remove_dir_all(&config).unwrap();
        }
        if case
            .preconditions
            .iter()
            .any(|text| text == "signingkeys.json holds {bad")
        {
            replay.sandbox.write_config("signingkeys.json", "{bad");
        }
        match case.name.as_str() {
            "generate where the key name is taken" => {
                let text = fs::read_to_string(&keys).unwrap();
                let mut list: serde_json::Value = serde_json::from_str(&text).unwrap();
                let taken = serde_json::json!({"name": "taken", "id": "x", "pluginName": "p"});
                list["keys"].as_array_mut().unwrap().push(taken);
                fs::write(&keys, list.to_string()).unwrap();
            }
            "cleanup with the key file gone" => {
                fs::remove_file(config.join("localkeys/fifth.key")).unwrap();
            }
            _ => {}
        }
        replay.run(&case);
    }
    replay.finish("cert-test");
}
