//! All groups together: how many cases there are, how many are answered as notation does, and how many are not, on
//! purpose.
//!
//! Each group's test holds its row here, so the sums are of what was replayed.

use std::collections::BTreeSet;
use std::path::Path;

use super::recorded;

/// What came of a group's cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) group: &'static str,
    /// The same exit code, stdout, sentence and files.
    pub(super) same: usize,
    /// Covered by a rule: another behaviour on purpose.
    pub(super) rules: usize,
    /// The same behaviour in other words.
    pub(super) words: usize,
    /// Cannot be set up here.
    pub(super) not_replayed: usize,
}

/// In alphabetical order: group, same, rules, words, not replayed.
const ROWS: &[(&str, usize, usize, usize, usize)] = &include!("whole.in");

/// The row of a group.
#[track_caller]
pub(super) fn row(group: &str) -> Row {
    let row = ROWS.iter().find(|row| row.0 == group);
    let (group, same, rules, words, not_replayed) =
        *row.unwrap_or_else(|| panic!("`{group}` has no row in whole.in"));
    Row {
        group,
        same,
        rules,
        words,
        not_replayed,
    }
}

#[test]
fn most_cases_are_answered_as_notation_does_and_no_others_differ_unseen() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let files = std::fs::read_dir(folder).unwrap();
    let groups: BTreeSet<String> = files
        .map(|file| {
            let name = file.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".txt").unwrap().to_owned()
        })
        .collect();
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(rows, groups, "every group has its row");
    let mut sum = row("root");
    (sum.same, sum.rules, sum.words, sum.not_replayed) = (0, 0, 0, 0);
    let mut all = 0;
    for (group, ..) in ROWS {
        let row = row(group);
        let cases = recorded(group).len();
        assert_eq!(
            row.same + row.rules + row.words + row.not_replayed,
            cases,
            "{row:?}"
        );
        all += cases;
        sum.same += row.same;
        sum.rules += row.rules;
        sum.words += row.words;
        sum.not_replayed += row.not_replayed;
    }
    println!("{all} cases: {sum:?}");
    assert!(sum.rules * 100 <= 15 * all, "too many rules: {sum:?}");
    let without_rule = sum.same + sum.words;
    assert!(
        sum.same * 100 >= 95 * without_rule,
        "too many cases in other words: {sum:?}"
    );
    assert!(sum.not_replayed * 100 <= 2 * all, "{sum:?}");
}
