//! Commands and what they said, as one text.

use super::{files, scrubbed};
use crate::support::scene::Scene;

/// What is written down of one scene.
pub(super) struct Transcript {
    pub(super) scene: Scene,
    text: String,
    /// Names in lines, and what they stand for.
    names: Vec<(&'static str, String)>,
}

impl Transcript {
    /// Of a scene with a signing profile and an image that is not signed.
    pub(super) fn new() -> Self {
        Self::of(Scene::new())
    }

    pub(super) fn of(scene: Scene) -> Self {
        Self {
            scene,
            text: String::new(),
            names: Vec::new(),
        }
    }

    /// Has `name` in lines stand for `value`.
    pub(super) fn naming(&mut self, name: &'static str, value: &str) {
        self.names.push((name, value.to_owned()));
    }

    /// Runs each line: a title, `: `, and what is typed after `countersign`.
    pub(super) fn run(&mut self, lines: &[&str]) {
        for line in lines {
            let (title, typed) = line.split_once(": ").unwrap();
            let named = self.names.iter();
            let typed = named.fold(typed.to_owned(), |typed, (name, value)| {
                typed.replace(name, value)
            });
            let typed = typed
                .replace("PROFILE", &self.scene.profile.arn)
                .replace("IMAGE", &self.scene.image)
                .replace("REPOSITORY", &self.scene.repository)
                .replace("TRUSTING", "--trust-anchor root.crt");
            self.run_words(title, &typed.split(' ').collect::<Vec<_>>());
        }
    }

    fn run_words(&mut self, title: &str, words: &[&str]) {
        let ran = self.scene.run(words);
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text
            .push_str(&format!("## {title}\n$ countersign {}\n", words.join(" ")));
        for (mark, said) in [("", &ran.stdout), ("! ", &ran.stderr)] {
            for line in said.lines() {
                self.text.push_str(format!("{mark}{line}").trim_end());
                self.text.push('\n');
            }
        }
        self.text.push_str(&format!("exit {}\n", ran.code));
    }

    /// Compares all that was said with the file of this name.
    #[track_caller]
    pub(super) fn assert_snapshot(self, name: &str) {
        files::assert_snapshot(name, &self.scrubbed());
    }

    /// All that was said, without what differs from run to run.
    pub(super) fn scrubbed(&self) -> String {
        let port = self.scene.emulator.address().port();
        let home = self.scene.sandbox.home().to_str().unwrap();
        let said = self
            .text
            .replace(home, "HOME")
            .replace(&format!(":{port}"), ":PORT");
        scrubbed::scrubbed(&said)
    }
}
