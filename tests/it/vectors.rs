//! Runs every row of `tests/vectors/MANIFEST.tsv` and compares our answer with the one wanted.
//!
//! `COUNTERSIGN_VECTORS=DIR` names a larger set of the same form; a set in `../shared/vectors` is
//! found by itself. A row's answer is the reference implementation's, unless brackets say another:
//! `(spec: reject)`, `(ours: reject)`, `(ours: either)`. `tests/vectors/exceptions.json` gives the
//! rows on which we differ on purpose, each with its reason; a row that is listed there and answers
//! as wanted fails too. `tests/vectors/messages.json` has the exact words of our refusals, by path:
//! a row that is listed there must be refused in these words.
//!
//! A kind of row is one file in `tests/it/vectors/` with a function `answer`, and one line in
//! [`answer`].

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a vector that cannot be read is a failed test"
)]

mod cert_ext;
mod certificate;
mod certificate_file;
mod chain;
mod crl;
mod envelope;
mod oci_layout;
mod revocation;
mod sign_vector;
mod tsp_response;
mod tst;
mod verification;
mod trust_policy;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use countersign::notary::EnvelopeFormat;
use countersign::trust_policy::DocumentKind;

/// One row of the manifest.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    root: PathBuf,
    /// The file or folder, relative to the set.
    pub(crate) path: String,
    /// What to do with the file, in words.
    pub(crate) how: String,
    kind: String,
    /// The answer of the reference implementation, and ours in brackets where it differs.
    pub(crate) expected: String,
    why: String,
}

impl Case {
    /// The file or folder that the row is about, or another one, by its path relative to the set.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The bytes of the row's file.
    pub(crate) fn read(&self) -> Vec<u8> {
        self.read_other(&self.path)
    }

    /// The bytes of another file of the set, by its path relative to the set.
    #[expect(clippy::disallowed_methods, reason = "test vectors are small")]
    pub(crate) fn read_other(&self, path: &str) -> Vec<u8> {
        let file = self.file(path);
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }
}

/// Our answer to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    word: String,
    detail: String,
}

impl Answer {
    /// We accept it.
    pub(crate) fn accept() -> Self {
        Self::word("accept")
    }

    /// We reject it, for the reason that `error` and its sources give.
    pub(crate) fn reject(error: &dyn std::error::Error) -> Self {
        let mut detail = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            let _ = write!(detail, ": {error}");
            source = error.source();
        }
        Self {
            word: "reject".to_owned(),
            detail,
        }
    }

    /// [`Answer::accept`] or [`Answer::reject`].
    pub(crate) fn from_result<T, E: std::error::Error>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::accept(),
            Err(error) => Self::reject(error),
        }
    }

    /// Another answer, in the words of the manifest, for example `-> star`.
    pub(crate) fn word(word: &str) -> Self {
        Self {
            word: word.to_owned(),
            detail: String::new(),
        }
    }

    /// A failure of the test whatever the row wants, for example other bytes than the reference's.
    pub(crate) fn wrong(detail: impl Into<String>) -> Self {
        Self {
            word: "wrong".to_owned(),
            detail: detail.into(),
        }
    }
}

/// Our answer, or `None` if nothing runs rows of this kind yet.
fn answer(case: &Case) -> Option<Answer> {
    Some(match case.kind.as_str() {
        "cert" => certificate::answer(case),
        "cert file" => certificate_file::answer(case),
        "chain" => chain::answer(case),
        "cose envelope" => envelope::answer(case, EnvelopeFormat::Cose),
        "oci layout" => oci_layout::answer(case),
        "jws envelope" => envelope::answer(case, EnvelopeFormat::Jws),
        "sign vector" => sign_vector::answer(case),
        "cert ext" => cert_ext::answer(case),
        "crl" => crl::answer(case),
        "revocation" => revocation::answer(case),
        "full verification" => verification::full(case),
        "plugin verification" => verification::plugin(case),
        "timestamp verification" => verification::timestamp(case),
        "tsp response" => tsp_response::answer(case),
        "tst" => tst::answer(case),
        "trust policy (oci)" => trust_policy::parse(case, DocumentKind::Oci),
        "trust policy (blob)" => trust_policy::parse(case, DocumentKind::Blob),
        "scope match" => trust_policy::select(case),
        "identity match" => trust_policy::identity(case),
        _ => return None,
    })
}

/// What a row wants.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// This answer.
    Word(String),
    /// Accepting and rejecting are both right.
    Either,
    /// Nothing is wanted; the row must only be readable.
    Nothing,
}

impl Wanted {
    /// The answer in brackets if there is one, else the reference's.
    fn parse(expected: &str) -> Self {
        let ours = ["(spec: ", "(ours: ", "(spec/RFC: "]
            .iter()
            .find_map(|opening| expected.split_once(opening))
            .and_then(|(_, rest)| rest.split_once(')'))
            .map(|(inside, _)| inside);
        let text = ours.unwrap_or(expected).trim();
        let first = text.split([' ', ':', ',']).next().unwrap_or_default();
        match first.to_lowercase().as_str() {
            _ if expected.starts_with("info") => Self::Nothing,
            "either" => Self::Either,
            word @ ("accept" | "reject") => Self::Word(word.to_owned()),
            _ => Self::Word(text.to_owned()),
        }
    }

    fn is_met_by(&self, answer: &Answer) -> bool {
        match self {
            _ if answer.word == "wrong" => false,
            Self::Nothing => true,
            Self::Either => matches!(answer.word.as_str(), "accept" | "reject"),
            Self::Word(word) => *word == answer.word,
        }
    }
}

/// A row on which we differ on purpose.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    path: String,
    /// For a path with several rows: how this one begins to say what to do, or with `$` at its end the whole of it.
    #[serde(default)]
    how: String,
    /// Our answer.
    answer: String,
    reason: String,
}

impl Exception {
    fn is_for(&self, case: &Case) -> bool {
        self.path == case.path
            && match self.how.strip_suffix('$') {
                Some(whole) => case.how == whole,
                None => case.how.starts_with(&self.how),
            }
    }
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads its own environment and files"
)]
fn every_vector_is_answered_as_wanted() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = package.join("tests/vectors");
    let larger = package.join("../shared/vectors");
    let root = match std::env::var_os("COUNTERSIGN_VECTORS") {
        Some(directory) => PathBuf::from(directory),
        None if larger.join("MANIFEST.tsv").is_file() => larger,
        None => own.clone(),
    };
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).unwrap();
    let cases = parse_manifest(&root, &manifest);
    assert!(!cases.is_empty(), "no rows in {}", root.display());
    let exceptions = std::fs::read_to_string(own.join("exceptions.json")).unwrap();
    let exceptions: Vec<Exception> = serde_json::from_str(&exceptions).unwrap();

    let messages = std::fs::read_to_string(own.join("messages.json")).unwrap();
    let messages: BTreeMap<String, String> = serde_json::from_str(&messages).unwrap();

    let mut failures = Vec::new();
    let mut run: BTreeMap<&str, usize> = BTreeMap::new();
    let mut not_run: BTreeMap<&str, usize> = BTreeMap::new();
    let mut excepted = BTreeSet::new();
    for case in &cases {
        let Some(answer) = answer(case) else {
            *not_run.entry(&case.kind).or_default() += 1;
            continue;
        };
        *run.entry(&case.kind).or_default() += 1;
        // The words are those of the stage that the row is about, not of a whole verification.
        if !case.kind.ends_with("verification")
            && let Some(message) = messages.get(&case.path)
            && *message != answer.detail
        {
            failures.push(format!(
                "{} [{}] is answered `{}`, wanted the words `{message}`",
                case.path, case.kind, answer.detail
            ));
        }
        let as_wanted = Wanted::parse(&case.expected).is_met_by(&answer);
        let exception = exceptions.iter().position(|entry| entry.is_for(case));
        excepted.extend(exception);
        let problem = match exception.map(|index| &exceptions[index]) {
            None if as_wanted => continue,
            None => "differs".to_owned(),
            Some(exception) if as_wanted => {
                format!(
                    "is listed as an exception and passes ({})",
                    exception.reason
                )
            }
            Some(exception) if exception.answer == answer.word => continue,
            Some(exception) => format!("is not the listed exception `{}`", exception.answer),
        };
        failures.push(format!(
            "{} [{}] {problem}: `{}` ({}), wanted `{}` ({}; {})",
            case.path, case.kind, answer.word, answer.detail, case.expected, case.how, case.why
        ));
    }
    for (index, exception) in exceptions.iter().enumerate() {
        // Another set has other rows.
        let should_be_there = root == own || root == package.join("../shared/vectors");
        // The committed set lacks the rows of other projects' files.
        let should_be_there =
            should_be_there && (root != own || exception.path.starts_with("generated/"));
        if should_be_there && !excepted.contains(&index) {
            failures.push(format!(
                "{} is listed as an exception and not a row",
                exception.path
            ));
        }
    }

    println!("vectors in {}", root.display());
    println!("answered: {run:?}, {} on purpose otherwise", excepted.len());
    println!("not run:  {not_run:?}");
    assert!(!run.is_empty(), "no row was run");
    assert!(
        failures.is_empty(),
        "{} vectors failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn parse_manifest(root: &Path, manifest: &str) -> Vec<Case> {
    let mut lines = manifest.lines();
    assert_eq!(
        lines.next(),
        Some("path\tkind\thow\texpected\twhy\tobserved"),
        "header of the manifest"
    );
    let cases = lines.map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [path, kind, how, expected, why, _observed] = cells[..] else {
            panic!("six cells wanted: {line}");
        };
        Case {
            root: root.to_owned(),
            path: path.to_owned(),
            kind: kind.to_owned(),
            how: how.to_owned(),
            expected: expected.to_owned(),
            why: why.to_owned(),
        }
    });
    cases.collect()
}

#[test]
fn the_answer_in_brackets_wins() {
    let word = |text: &str| Wanted::Word(text.to_owned());
    for (expected, wanted) in [
        ("accept", word("accept")),
        ("accept integrity", word("accept")),
        ("REJECT: because", word("reject")),
        ("accept (spec: reject)", word("reject")),
        ("reject (spec: accept)", word("accept")),
        (
            "accept (ours: reject, a timestamp from the future)",
            word("reject"),
        ),
        ("unknown (spec/RFC: ok)", word("ok")),
        ("accept (ours: either)", Wanted::Either),
        ("info: shown", Wanted::Nothing),
        ("-> star", word("-> star")),
    ] {
        assert_eq!(Wanted::parse(expected), wanted, "{expected}");
    }
    assert!(!Wanted::Nothing.is_met_by(&Answer::word("wrong")));
    assert!(!Wanted::Either.is_met_by(&Answer::word("unknown")));
}
