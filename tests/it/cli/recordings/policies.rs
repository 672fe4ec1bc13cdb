//! `policy import` and `policy show`.

use std::fs;
use std::os::unix::fs::symlink;

use super::blobs::{Home, replay};
use super::{Difference, Text, recorded};
use crate::support::sandbox::Sandbox;

const MANAGING: &[Difference] = &[
    Difference {
        cases: &["show a policy that cannot be read"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Error: failed to show OCI trust policy: open <config>/notation/"),
        why: "the whole path is said",
    },
    Difference {
        cases: &["import again, stdin empty"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Contains(": the question was not answered"),
        why: "what was asked for was not done",
    },
    Difference {
        cases: &[
            "import again, answer no",
            "import again, answer empty line",
            "import again, answer nonsense",
            "import again, answer Y with a space",
            "import over an invalid policy",
            "import over a legacy policy, answer no",
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
            "Error: failed to show OCI trust policy: `<config>/notation/trustpolicy.oci.json` is a symbolic link",
        ),
        why: "what no verification would read is not shown as the policy",
    },
    Difference {
        cases: &["import keeps unknown fields"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Contains("the unknown member `comment` is ignored"),
        why: "what has no effect is warned about",
    },
    Difference {
        cases: &["import over a symbolic link"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to write OCI trust policy configuration: `<config>/notation/trustpolicy.oci.json` is a \
             symbolic link",
        ),
        why: "nothing is written through a link",
    },
    Difference {
        cases: &["no policy init for oci"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: required flag(s) \"signing-profile\", \"trust-store\" not set",
        ),
        why: "there is a `policy init` here",
    },
];

const RULES: &[Difference] = &[
    Difference {
        cases: &[
            "duplicate key in JSON",
            "field name in another case",
            "vector case_field",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: failed to parse OCI trust policy configuration: "),
        why: "two readers must not understand one policy differently",
    },
    Difference {
        cases: &[
            "store tsa:t",
            "unknown field at the top",
            "globalPolicy in an oci policy",
            "vector unknown_top",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Warning: `policy.json`, line "),
        why: "what has no effect is warned about",
    },
    Difference {
        cases: &[
            "identity X509.subject:C=US, ST=WA, O=x",
            "identity :x",
            "vector ids_colon_first",
            "vector ids_prefix_case",
            "vector ids_prefix_space",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to validate OCI trust policy configuration: oci trust policy: trust policy \
             statement \"p\" has trusted identity of the unsupported type ",
        ),
        why: "an identity that nothing can match is a mistake",
    },
    Difference {
        cases: &[
            "skip with empty lists",
            "vector level_skip_wildcard",
            "vector level_skip_verifyTimestamp",
        ],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to validate OCI trust policy configuration: oci trust policy statement \"p\" is set to \
             skip signature verification and cannot use the wildcard registry scope '*'",
        ),
        why: "the specification forbids it",
    },
    Difference {
        cases: &["vector match"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to validate OCI trust policy configuration: trust policy `policy.json`, line ",
        ),
        why: "one repository has one statement, however its registry is spelled",
    },
    Difference {
        cases: &["vector store_dot", "vector store_dotdot"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: failed to validate OCI trust policy configuration: oci trust policy: trust policy statement \"p\" \
             uses an unsupported trust store name ",
        ),
        why: "these lead out of the trust store",
    },
];

/// Cases with so many hexadecimal digits that they are taken for digests of this run.
const DIGITS: &[&str] = &["vector scope_digest", "vector store_long"];

/// Ends the input of a terminal: once for what is on the line, once more behind it.
const END_OF_INPUT: &str = "\u{4}\u{4}";

#[test]
fn policies_are_managed_as_notation_does() {
    let home = Home::new();
    let mut replay = replay(Sandbox::new(), &home, MANAGING, &[]);
    let file = replay.sandbox.config().join("trustpolicy.oci.json");
    let link = replay.sandbox.home().join("link.json");
    for mut case in recorded("policy") {
        if case.is_fresh {
            fs::remove_dir_all(replay.sandbox.config()).unwrap();
        }
        // A terminal gives what has no line feed only when its input ends.
        if let Some(typed) = case.stdin.as_mut().filter(|typed| !typed.ends_with('\n')) {
            typed.push_str(END_OF_INPUT);
        }
        match case.name.as_str() {
            "import through a symbolic link" => {
                let (_, text) = &case.changes[0];
                fs::write(replay.sandbox.home().join("linked.json"), text).unwrap();
                symlink("linked.json", &link).unwrap();
            }
            // Recorded where only the older file was.
            "import over a legacy policy with force" | "import over a malformed legacy policy" => {
                let _ = fs::remove_file(&file);
            }
            "show a symbolic link" => {
                let real = replay.sandbox.home().join("real.json");
                fs::rename(&file, &real).unwrap();
                symlink(&real, &file).unwrap();
            }
            "show a directory" => {
                fs::remove_file(&file).unwrap();
                fs::create_dir(&file).unwrap();
            }
            _ => {}
        }
        replay.run(&case);
    }
    replay.finish("policy");
}

#[test]
fn the_rules_of_policies_are_notations() {
    let home = Home::new();
    let mut replay = replay(Sandbox::new(), &home, RULES, &[]);
    for case in recorded("policy-rules") {
        if DIGITS.contains(&case.name.as_str()) {
            replay.skip(&case);
            continue;
        }
        // Every document is imported into a directory without one.
        let _ = fs::remove_dir_all(replay.sandbox.config());
        replay.run(&case);
    }
    replay.finish("policy-rules");
}
