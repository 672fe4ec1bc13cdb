//! `list` and `inspect`, which change nothing.

use super::fixtures::Fixtures;
use super::{Difference, Replay, Text, recorded};
use crate::support::sandbox::Sandbox;

const FETCHING: Text =
    Text::Begins("Warning: unable to fetch signature <digest:signature> due to error: ");
const SKIPPING: Text =
    Text::Begins("Warning: Skipping signature <digest:signature> because of error: ");
const IN_TREE: Text = Text::Contains("    └── <digest:signature>\n        └── unreadable: ");
const IN_JSON: Text =
    Text::Contains("      \"digest\": \"<digest:signature>\",\n      \"error\": \"");
const SHOWN: &str = "a signature that cannot be read is shown in its place";

/// What our program says where a request got no answer.
const NO_ANSWER: &str = "our own words for what kept a request from an answer";

const LISTING: &[Difference] = &[
    Difference {
        cases: &["output flag does not exist"],
        exit: Some(0),
        stdout: Text::Begins("{\n  \"exitCode\": 0,\n  \"results\": ["),
        stderr: Text::Nothing,
        why: "`list` has a document in JSON",
    },
    Difference {
        cases: &["extra argument"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: \"extra\": invalid reference: "),
        why: "every reference is listed, and parsed before",
    },
    Difference {
        cases: &["reference referrers junk"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::OtherWords,
        why: NO_ANSWER,
    },
];

const INSPECTING: &[Difference] = &[
    Difference {
        cases: &["output text"],
        exit: Some(0),
        stdout: Text::Begins("Inspecting all signatures for signed artifact\n"),
        stderr: Text::Nothing,
        why: "`text` is what notation 1.3 calls the tree",
    },
    Difference {
        cases: &["reference referrers junk"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::OtherWords,
        why: NO_ANSWER,
    },
    Difference {
        cases: &["tree, badlayer", "tree, nolayers", "tree, twolayers"],
        exit: None,
        stdout: IN_TREE,
        stderr: FETCHING,
        why: SHOWN,
    },
    Difference {
        cases: &["json, badlayer", "json, nolayers", "json, twolayers"],
        exit: None,
        stdout: IN_JSON,
        stderr: FETCHING,
        why: SHOWN,
    },
    Difference {
        cases: &[
            "tree, i-nochain",
            "tree, badpayload",
            "tree, badjws",
            "tree, badcty",
            "tree, noscheme",
        ],
        exit: None,
        stdout: IN_TREE,
        stderr: SKIPPING,
        why: SHOWN,
    },
    Difference {
        cases: &[
            "json, i-nochain",
            "json, badpayload",
            "json, badjws",
            "json, badcty",
            "json, noscheme",
        ],
        exit: None,
        stdout: IN_JSON,
        stderr: SKIPPING,
        why: SHOWN,
    },
    Difference {
        cases: &["tree, one good and one broken signature"],
        exit: None,
        stdout: Text::Contains(" unreadable: "),
        stderr: Text::Begins("Warning: Skipping signature <digest:signature"),
        why: SHOWN,
    },
    Difference {
        cases: &["json, one good and one broken signature"],
        exit: None,
        stdout: Text::Contains("\"error\": "),
        stderr: Text::Begins("Warning: Skipping signature <digest:signature"),
        why: SHOWN,
    },
    Difference {
        cases: &[
            "tree, three signatures with a maximum of two",
            "json, three signatures with a maximum of two",
        ],
        exit: None,
        stdout: Text::WithoutLastLine,
        stderr: Text::Begins("Warning: exceeded configured limit of max signatures 2 to examine"),
        why: "a warning is no part of the document on stdout",
    },
];

fn replay(group: &str, differences: &[Difference]) {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, differences);
    for case in recorded(group) {
        replay.run(&case);
    }
    replay.finish(group);
}

#[test]
fn list_answers_as_notation_does() {
    replay("list", LISTING);
}

#[test]
fn inspect_answers_as_notation_does() {
    replay("inspect", INSPECTING);
}
