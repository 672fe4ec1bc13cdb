//! The program itself: its version, its help, and command lines that cannot be read.

use super::placeholders::Placeholders;
use super::verifying::refused;
use super::{Difference, Replay, Text, recorded};
use crate::support::sandbox::Sandbox;

const ANOTHER: &str = "a command that does not exist is a mistake";

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["version"],
        exit: None,
        stdout: Text::Begins(
            "Countersign - a tool to sign and verify artifacts.\n\nVersion:     v",
        ),
        stderr: Text::Nothing,
        why: "another program has another version",
    },
    Difference {
        cases: &["old verbose flag is gone"],
        exit: None,
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: \"x\": invalid reference: "),
        why: "notation 1.3 has the flag, and so has every command here",
    },
    refused(
        &[
            "blob with an unknown command",
            "blob policy with an unknown command",
            "cert with an unknown command",
            "certificate with an unknown command",
            "key with an unknown command",
            "plugin with an unknown command",
            "policy with an unknown command",
            "completion of an unknown shell",
        ],
        Text::Begins("Error: unknown command \""),
        ANOTHER,
    ),
];

#[test]
fn the_program_answers_as_notation_does() {
    let mut replay = Replay::new(Sandbox::new(), &Placeholders::default(), DIFFERENCES);
    for case in recorded("root") {
        replay.run(&case);
    }
    replay.finish("root");
}
