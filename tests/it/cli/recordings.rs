//! Replays what notation was recorded to print and return, and compares.
//!
//! The recordings are read from `../shared/reference/recordings`, or from the folder that
//! `COUNTERSIGN_RECORDINGS` names; without them there is nothing to replay. The program runs under the
//! name `notation`, so that it has notation's exit codes. Compared are the exit code, stdout, and the
//! first line of stderr. A case on which we differ on purpose is in [`DIFFERENCES`] with what we do
//! instead; it fails if it no longer differs. Cases that cannot be set up are counted and named.

#![expect(
    clippy::print_stdout,
    reason = "what is not replayed, and what differs, is named in the test's output"
)]

mod case;
mod fixtures;
mod layouts;
mod placeholders;

use std::path::{Path, PathBuf};

use crate::support::sandbox::{Ran, Sandbox};
use case::Case;
use fixtures::Fixtures;
use placeholders::{Digests, Placeholders};

/// What we print instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Same,
    Begins(&'static str),
    Contains(&'static str),
    /// The recorded text without its last line.
    WithoutLastLine,
    /// Other words of other programs, libraries or systems.
    OtherWords,
}

/// A difference on purpose.
struct Difference {
    /// What the names of its cases begin with.
    cases: &'static [&'static str],
    exit: Option<i32>,
    stdout: Text,
    stderr: Text,
    why: &'static str,
}

const RESOLVING: Text = Text::Begins("Error: failed to get manifest descriptor: ");
const FETCHING: Text =
    Text::Begins("Warning: unable to fetch signature <digest:signature> due to error: ");
const SKIPPING: Text =
    Text::Begins("Warning: Skipping signature <digest:signature> because of error: ");
const IN_TREE: Text = Text::Contains("    └── <digest:signature>\n        └── unreadable: ");
const IN_JSON: Text =
    Text::Contains("      \"digest\": \"<digest:signature>\",\n      \"error\": \"");
const SHOWN: &str = "a signature that cannot be read is shown in its place";

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["max-signatures x", "output flag does not exist"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::OtherWords,
        why: "the words of the flag parser",
    },
    Difference {
        cases: &["extra argument"],
        exit: Some(1),
        stdout: Text::Begins(""),
        stderr: Text::OtherWords,
        why: "an argument that would be ignored is refused",
    },
    Difference {
        cases: &[
            "reference registry down",
            "reference denied",
            "reference another digest",
            "reference credentials wanted",
            "wrong password",
            "plain HTTP registry without the insecure flag",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: RESOLVING,
        why: "our own words for what kept a request from an answer",
    },
    Difference {
        cases: &["reference referrers denied", "reference referrers junk"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::OtherWords,
        why: "our own words for what kept a request from an answer",
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
    Difference {
        cases: &["tree, i-ts-junk"],
        exit: None,
        stdout: Text::Contains(
            "timestamp signature\n        │       └── error: failed to parse timestamp countersignature: ",
        ),
        stderr: Text::Same,
        why: "our own words for what is wrong with a time stamp",
    },
    Difference {
        cases: &["json, i-ts-junk"],
        exit: None,
        stdout: Text::Contains("\"error\": \"failed to parse timestamp countersignature: "),
        stderr: Text::Same,
        why: "our own words for what is wrong with a time stamp",
    },
];

/// What came of a file of recordings.
#[derive(Default)]
struct Tally {
    same: usize,
    different: Vec<String>,
    not_replayed: Vec<String>,
    failures: Vec<String>,
}

impl Tally {
    fn compare(
        &mut self,
        differences: &[Difference],
        case: &Case,
        ran: &Ran,
        names: &Placeholders,
    ) {
        let mut digests = Digests::default();
        let stdout = names.abstracted(&ran.stdout, &mut digests);
        let stderr = names.abstracted(&ran.stderr, &mut digests);
        let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
        let (found, wanted) = (first(&stderr), first(&case.stderr));
        let is_same = ran.code == case.exit && stdout == case.stdout && found == wanted;
        let difference = differences.iter().find(|difference| {
            let mut names = difference.cases.iter();
            names.any(|name| case.name.starts_with(name))
        });
        match difference {
            None if is_same => self.same += 1,
            Some(difference)
                if !is_same
                    && ran.code == difference.exit.unwrap_or(case.exit)
                    && matches(difference.stdout, &stdout, &case.stdout)
                    && matches(difference.stderr, &found, &wanted) =>
            {
                self.different
                    .push(format!("{} ({})", case.name, difference.why));
            }
            _ => self.failures.push(format!(
                "{}: {}\nwanted {} {}\n{}found {} {found}\n{stdout}",
                case.name, case.command, case.exit, wanted, case.stdout, ran.code
            )),
        }
    }

    #[track_caller]
    fn finish(self, group: &str) {
        println!("{group}: {} the same", self.same);
        println!("  differ on purpose: {:#?}", self.different);
        println!("  not replayed: {:#?}", self.not_replayed);
        assert!(self.same > 0, "nothing of {group} was replayed");
        assert!(
            self.failures.is_empty(),
            "{} cases of {group} failed:\n{}",
            self.failures.len(),
            self.failures.join("\n")
        );
    }
}

fn matches(text: Text, found: &str, recorded: &str) -> bool {
    match text {
        Text::Same => found == recorded,
        Text::Begins(start) => found.starts_with(start),
        Text::Contains(part) => found.contains(part),
        Text::WithoutLastLine => recorded
            .trim_end()
            .rsplit_once('\n')
            .is_some_and(|(before, _)| found.trim_end() == before),
        Text::OtherWords => !found.is_empty() || recorded.is_empty(),
    }
}

/// The cases of a file of recordings, if it is there.
fn recorded(group: &str) -> Option<Vec<Case>> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/recordings");
    let folder = std::env::var_os("COUNTERSIGN_RECORDINGS").map_or(shared, PathBuf::from);
    let file = folder.join(format!("{group}.txt"));
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("no recordings at {}", file.display());
        return None;
    };
    Some(case::parse(&text))
}

/// Our program under notation's name.
fn notation(sandbox: &Sandbox) -> PathBuf {
    let program = sandbox.home().join("notation");
    let ours = env!("CARGO_BIN_EXE_countersign");
    std::fs::hard_link(ours, &program)
        .or_else(|_| std::fs::copy(ours, &program).map(|_| ()))
        .unwrap();
    program
}

fn replay(group: &str) {
    let Some(cases) = recorded(group) else {
        return;
    };
    let fixtures = Fixtures::start();
    let sandbox = Sandbox::new();
    let program = notation(&sandbox);
    let mut tally = Tally::default();
    for case in &cases {
        let arguments = case.arguments().and_then(|words| {
            let words = words.iter();
            words
                .map(|word| fixtures.placeholders.fill(word))
                .collect::<Option<Vec<_>>>()
        });
        match arguments {
            Some(arguments) => {
                let ran = sandbox.run_as(&program, &arguments);
                tally.compare(DIFFERENCES, case, &ran, &fixtures.placeholders);
            }
            None => tally.not_replayed.push(case.name.clone()),
        }
    }
    tally.finish(group);
}

#[test]
fn list_answers_as_notation_does() {
    replay("list");
}

#[test]
fn inspect_answers_as_notation_does() {
    replay("inspect");
}
