//! Replays what notation was recorded to print, return and write, and compares.
//!
//! The recordings are in `tests/recordings`; `COUNTERSIGN_RECORDINGS` names another folder of the same form. The
//! program runs under the name `notation`, so that it has notation's exit codes. Compared are the exit code, stdout,
//! stderr without our `caused by:` and `hint:` lines, and the files and directories that were made, with their modes. A
//! case on which we differ on purpose is in its group's `DIFFERENCES` with what we do instead; it fails if it no longer
//! differs, and so does a difference that belongs to no case. Cases that cannot be set up here are counted and named.

#![expect(
    clippy::print_stdout,
    reason = "what is not replayed, and what differs, is named in the test's output"
)]

mod blobs;
mod broken;
mod case;
mod certificates;
mod elsewhere;
mod environment;

mod fixtures;
mod keys;
mod installing;
mod layouts;
mod logins;
pub(in crate::cli) mod placeholders;
mod plugins;
mod policies;
mod reading;
mod revocation;
mod root;
mod signing;
mod state;
mod test_certificates;
mod timestamping;
mod timestamps;
mod trust_stores;
mod unprivileged;
mod verification_plugins;
mod verifying;
mod whole;

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::sandbox::{Ran, Sandbox, is_root};
use case::Case;
use placeholders::{Digests, Placeholders};
use state::Snapshot;

/// What we print instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Same,
    /// Nothing.
    Nothing,
    Begins(&'static str),
    Contains(&'static str),
    /// The recorded text without its last line.
    WithoutLastLine,
    /// The recorded text without the lines that begin so.
    Without(&'static str),
    /// Other words of other programs, libraries or systems.
    OtherWords,
}

/// A difference on purpose.
struct Difference {
    /// The names of its cases; one that ends with `*` is the beginning of several.
    cases: &'static [&'static str],
    exit: Option<i32>,
    stdout: Text,
    stderr: Text,
    why: &'static str,
}

impl Difference {
    /// Whether a row of `COMPATIBILITY.md` says why the words are others.
    fn is_rule(&self) -> bool {
        OWN_SENTENCES.contains(&self.why)
    }
}

/// Reasons for other words that are rows of `COMPATIBILITY.md`.
const OWN_SENTENCES: &[&str] = &[
    "our own words for what is wrong with an envelope",
    "our own words for what is wrong with an authority or its answer",
    "a manifest that cannot be read hides no other signature",
    "without the remains of a format",
];

/// Files that we write and notation does not, by case.
const OTHER_FILES: &[(&str, &str)] = &[
    ("strict, ocsp-good", "made crl/ 0700"),
    ("strict, ocsp-good", "made ocsp/ 0700"),
    ("strict, ocsp-good", "wrote ocsp/<fingerprint> 0600 "),
    ("strict, ocsp-revoked", "wrote ocsp/<fingerprint> 0600 "),
    ("alias does not exist", "wrote signingkeys.json 0600 "),
];

fn has_listed_files(case: &Case, changes: &[String]) -> bool {
    let listed: Vec<&str> = OTHER_FILES
        .iter()
        .filter(|(name, _)| *name == case.name)
        .map(|(_, change)| *change)
        .collect();
    changes
        .iter()
        .all(|change| listed.iter().any(|listed| change.starts_with(listed)))
}

/// Whether lines begin with `Warning:` that the other text does not have.
fn has_other_warnings(found: &str, wanted: &str) -> bool {
    let warnings = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("Warning: "));
        lines.map(str::to_owned).collect()
    };
    warnings(found) != warnings(wanted)
}

/// The position of the difference that a case is listed under, and that of its name there.
fn listed(differences: &[Difference], case: &Case) -> Option<(usize, usize)> {
    let is_of = |name: &str| match name.strip_suffix('*') {
        Some(start) => case.name.starts_with(start),
        None => case.name == name,
    };
    differences
        .iter()
        .enumerate()
        .find_map(|(index, difference)| {
            Some((index, difference.cases.iter().position(|name| is_of(name))?))
        })
}

/// What came of a file of recordings.
#[derive(Default)]
struct Tally {
    same: usize,
    /// Another behaviour on purpose.
    rules: usize,
    /// The same behaviour in other words.
    words: usize,
    different: Vec<String>,
    not_replayed: Vec<String>,
    failures: Vec<String>,
    /// The names of differences that were met.
    met: BTreeSet<(usize, usize)>,
}

/// A command's streams, exit code and changes of files, with placeholders.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    exit: i32,
    stdout: String,
    stderr: String,
    changes: Vec<String>,
}

impl Tally {
    /// Compares; gives whether they are the same.
    fn compare(
        &mut self,
        differences: &[Difference],
        case: &Case,
        found: &Answer,
        wanted: &Answer,
        elsewhere: Vec<String>,
    ) -> bool {
        let is_same = found == wanted;
        if is_same {
            self.failures.extend(elsewhere);
        }
        let listed = listed(differences, case);
        self.met.extend(listed);
        match listed.map(|(index, _)| &differences[index]) {
            None if is_same => self.same += 1,
            Some(difference)
                if !is_same
                    && (found.changes.is_empty()
                        || found.changes == wanted.changes
                        || (wanted.exit != 0 && difference.exit == Some(0))
                        || has_listed_files(case, &found.changes))
                    && found.exit == difference.exit.unwrap_or(case.exit)
                    && matches(difference.stdout, &found.stdout, &wanted.stdout)
                    && matches(difference.stderr, &found.stderr, &wanted.stderr) =>
            {
                let is_same_but_words = found.exit == wanted.exit
                    && found.stdout == wanted.stdout
                    && found.changes == wanted.changes
                    && !has_other_warnings(&found.stderr, &wanted.stderr);
                if is_same_but_words && !difference.is_rule() {
                    self.words += 1;
                } else {
                    self.rules += 1;
                }
                self.different
                    .push(format!("{} ({})", case.name, difference.why));
            }
            _ => self.failures.push(format!(
                "{}: {}\nwanted {wanted:#?}\nfound {found:#?}\n",
                case.name, case.command
            )),
        }
        is_same
    }

    #[track_caller]
    fn finish(mut self, differences: &[Difference], group: &str) {
        println!("{group}: {} the same", self.same);
        println!("  differ on purpose: {:#?}", self.different);
        println!("  not replayed: {:#?}", self.not_replayed);
        for (index, difference) in differences.iter().enumerate() {
            for (position, name) in difference.cases.iter().enumerate() {
                if !self.met.contains(&(index, position)) {
                    self.failures.push(format!("no case is `{name}`"));
                }
            }
        }
        let row = whole::Row {
            group: whole::row(group).group,
            same: self.same,
            rules: self.rules,
            words: self.words,
            not_replayed: self.not_replayed.len(),
        };
        if row != whole::row(group) {
            self.failures
                .push(format!("the row of whole.in is not {row:?}"));
        }
        let replayed = self.same + self.different.len();
        assert!(replayed > 0, "nothing of {group} was replayed");
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
        Text::Nothing => found.is_empty(),
        Text::Begins(start) => found.starts_with(start),
        Text::Contains(part) => found.contains(part),
        Text::WithoutLastLine => recorded
            .trim_end()
            .rsplit_once('\n')
            .is_some_and(|(before, _)| found.trim_end() == before),
        Text::Without(start) => {
            let lines = recorded.split_inclusive('\n');
            let left: String = lines.filter(|line| !line.starts_with(start)).collect();
            found == left
        }
        Text::OtherWords => !found.is_empty() || recorded.is_empty(),
    }
}

/// The cases of a group. Without its file there is nothing to hold the program to: that is a failure.
fn recorded(group: &str) -> Vec<Case> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let folder = std::env::var_os("COUNTERSIGN_RECORDINGS").map_or(own, PathBuf::from);
    let file = folder.join(format!("{group}.txt"));
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("no recordings at {}: {error}", file.display()));
    // Here the one is below the other.
    case::parse(&text.replace("<home>/.config", "<config>"))
}

/// Our program under notation's name.
fn notation(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.home().join("bin");
    std::fs::create_dir(&folder).unwrap();
    let program = folder.join("notation");
    let ours = env!("CARGO_BIN_EXE_countersign");
    std::fs::hard_link(ours, &program)
        .or_else(|_| std::fs::copy(ours, &program).map(|_| ()))
        .unwrap();
    program
}

/// Without what a user is told after notation's sentence: causes, advice, and the outcome of each signature.
fn without_advice(stderr: &str) -> String {
    let mut is_outcome = false;
    let mut lines = Vec::new();
    for line in stderr.trim_end().lines() {
        is_outcome = line.starts_with("signature sha256:") || (is_outcome && line.starts_with(' '));
        let is_advice = ["caused by: ", "hint: ", "policy: "]
            .iter()
            .any(|start| line.trim_start().starts_with(start));
        if !is_outcome && !is_advice {
            lines.push(line);
        }
    }
    // A sentence may end with an empty value, and its advice stood behind it.
    lines.join("\n").trim_end().to_owned()
}

/// A table without the blanks by which it is aligned, where the recording has placeholders in its cells.
fn table(text: &str, recorded: &str) -> String {
    if !recorded.contains("KEY PATH") || !recorded.contains('<') {
        return text.to_owned();
    }
    let mut rows = String::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        rows += &cells.join(" ");
        rows.push('\n');
    }
    rows
}

/// Text with `<help>` and what else is not recorded in the place of what is there.
fn unrecorded(text: String, recorded: &str) -> String {
    if recorded.trim_end() == "<not recorded>" && !text.is_empty() {
        return recorded.to_owned();
    }
    let Some((before, _)) = recorded.split_once("<help>") else {
        return text;
    };
    match text.strip_prefix(before) {
        Some(help) if help.contains("Usage: notation") => recorded.to_owned(),
        _ => text,
    }
}

/// Runs the cases of one group, one after the other.
struct Replay<'a> {
    sandbox: Sandbox,
    program: PathBuf,
    names: Placeholders,
    differences: &'a [Difference],
    tally: Tally,
    /// Whether what is typed comes out of a file and not from a terminal.
    pipes: bool,
    /// The user that runs the command, if it is another one.
    user: Option<u32>,
    /// Whether changes of what is kept between runs are.
    caches: bool,
}

impl<'a> Replay<'a> {
    fn new(sandbox: Sandbox, names: &Placeholders, differences: &'a [Difference]) -> Self {
        let mut names = names.clone();
        let home = sandbox.home().to_str().unwrap().to_owned();
        // The longer one first.
        names.known.insert("<cache>", format!("{home}/.cache"));
        names.known.insert("<config>", format!("{home}/.config"));
        names.known.insert("<cwd>", home);
        Self {
            program: notation(&sandbox),
            sandbox,
            names,
            differences,
            tally: Tally::default(),
            pipes: false,
            user: None,
            caches: false,
        }
    }

    fn run(&mut self, case: &Case) {
        for (path, content) in &case.inputs {
            let file = PathBuf::from(self.names.fill(path).unwrap());
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            // A link that another case left is not written through.
            if file.is_symlink() {
                std::fs::remove_file(&file).unwrap();
            }
            // A name in a policy may look like a placeholder and not be one.
            let content = self.names.fill(content).unwrap_or_else(|| content.clone());
            std::fs::write(file, content).unwrap();
        }
        let Some(mut command) = self.command(case) else {
            return self.skip(case);
        };
        let is_unprivileged = self.user.is_none() && unprivileged::is_of(case);
        if is_unprivileged && !is_root() {
            return self.skip(case);
        }
        let config = self.sandbox.config();
        let cache = self.sandbox.home().join(".cache/notation");
        let before = Snapshot::of(&config);
        let kept = Snapshot::of(&cache);
        let arranged = is_unprivileged
            .then(|| unprivileged::Arranged::new(case, self.sandbox.home(), &mut command));
        let ran = match &case.stdin {
            Some(typed) if self.pipes => {
                let file = self.sandbox.home().join("typed");
                std::fs::write(&file, typed).unwrap();
                Ran::of(command.stdin(std::fs::File::open(file).unwrap()))
            }
            Some(typed) => Ran::at_a_terminal(&mut command, typed),
            None => Ran::of(&mut command),
        };
        arranged.into_iter().for_each(unprivileged::Arranged::undo);
        let mut digests = Digests::default();
        let mut found = Answer {
            exit: ran.code,
            stdout: unrecorded(
                table(
                    &self.names.abstracted(&ran.stdout, &mut digests),
                    &case.stdout,
                ),
                &case.stdout,
            ),
            stderr: unrecorded(
                self.names
                    .abstracted(&without_advice(&ran.stderr), &mut digests),
                case.stderr.trim_end(),
            ),
            changes: Vec::new(),
        };
        let mut wanted = Answer {
            exit: case.exit,
            stdout: table(&case.stdout, &case.stdout),
            stderr: case.stderr.trim_end().to_owned(),
            changes: Vec::new(),
        };
        found.changes = before.changes(&Snapshot::of(&config), &self.names);
        wanted.changes = state::wanted(case, state::CONFIG);
        if self.caches {
            found
                .changes
                .extend(kept.changes(&Snapshot::of(&cache), &self.names));
            wanted.changes.extend(state::wanted(case, state::CACHE));
        }
        let elsewhere = elsewhere::differences(case, &self.names);
        if !self
            .tally
            .compare(self.differences, case, &found, &wanted, elsewhere)
            && found.changes != wanted.changes
        {
            // The cases after this one begin with what notation left.
            state::catch_up(case, &config, &self.names);
        }
    }

    /// The command of a case, if every placeholder in it is known.
    fn command(&self, case: &Case) -> Option<Command> {
        let words = case.words()?;
        let program = match words.program.as_str() {
            "bash" => Path::new("/bin/sh"),
            _ => &self.program,
        };
        let mut command = self.sandbox.command(program);
        let bin = self.program.parent().unwrap().to_str().unwrap();
        command.env("PATH", format!("{bin}:/usr/bin:/bin"));
        for name in &words.unset {
            command.env_remove(name);
        }
        for (name, value) in &words.variables {
            command.env(name, self.names.fill(value)?);
        }
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        for argument in &words.arguments {
            command.arg(self.names.fill(argument)?);
        }
        Some(command)
    }

    fn skip(&mut self, case: &Case) {
        self.tally.not_replayed.push(case.name.clone());
    }

    #[track_caller]
    fn finish(self, group: &str) {
        self.tally.finish(self.differences, group);
    }
}
