//! `blob policy`.

use std::fs;
use std::os::unix::fs::symlink;

use super::super::{Difference, Text, recorded};
use super::{Home, replay};
use crate::support::sandbox::Sandbox;

const MANAGING: &[Difference] = &[
    Difference {
        cases: &["show a policy that cannot be read"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Error: failed to show trust policy: open <config>/notation/"),
        why: "the whole path is said",
    },
    Difference {
        cases: &["init again, stdin empty", "import again, stdin empty"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Contains(": the question was not answered"),
        why: "what was asked for was not done",
    },
    Difference {
        cases: &[
            "init again, answer no",
            "import again, answer no",
            "import over an invalid policy",
            "import an oci policy",
        ],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Same,
        why: "what was asked for was not done",
    },
    Difference {
        cases: &["show a symbolic link"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to show trust policy: `<config>/notation/trustpolicy.blob.json` is a symbolic link",
        ),
        why: "what no verification would read is not shown as the policy",
    },
    Difference {
        cases: &["import over a symbolic link"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Contains(
            "Error: failed to write blob trust policy file: `<config>/notation/trustpolicy.blob.json` is a symbolic link",
        ),
        why: "nothing is written through a link",
    },
];

const RULES: &[Difference] = &[
    Difference {
        cases: &["duplicate key in JSON", "field name in another case"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: failed to parse blob trust policy configuration: "),
        why: "two readers must not understand one policy differently",
    },
    Difference {
        cases: &[
            "store tsa:t",
            "unknown field at the top",
            "registryScopes in a blob policy",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Warning: `policy.json`, line 1, column "),
        why: "what has no effect is warned about",
    },
    Difference {
        cases: &["identity X509.subject:C=US, ST=WA, O=x", "identity :x"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to validate blob trust policy configuration: blob trust policy: trust policy \
             statement \"p\" has trusted identity of the unsupported type ",
        ),
        why: "an identity that nothing can match is a mistake",
    },
    Difference {
        cases: &["global skip", "vector global_skip"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to validate blob trust policy configuration: global blob trust policy \
             statement cannot have verification level set to skip",
        ),
        why: "the specification forbids it",
    },
];

#[test]
fn policies_are_managed_as_notation_does() {
    let home = Home::new();
    let mut replay = replay(Sandbox::new(), &home, MANAGING, &[]);
    let file = replay.sandbox.config().join("trustpolicy.blob.json");
    for case in recorded("blob-policy") {
        if case.is_fresh {
            fs::remove_dir_all(replay.sandbox.config()).unwrap();
        }
        if case.name == "show a symbolic link" {
            let real = replay.sandbox.home().join("real.json");
            fs::rename(&file, &real).unwrap();
            symlink(&real, &file).unwrap();
        }
        replay.run(&case);
    }
    replay.finish("blob-policy");
}

#[test]
fn the_rules_of_policies_are_notations() {
    let home = Home::new();
    let mut replay = replay(Sandbox::new(), &home, RULES, &[]);
    for case in recorded("blob-policy-rules") {
        // Every document is imported into a directory without one.
        let _ = fs::remove_dir_all(replay.sandbox.config());
        replay.run(&case);
    }
    replay.finish("blob-policy-rules");
}
