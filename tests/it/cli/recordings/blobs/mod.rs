//! `blob sign`, `verify`, `inspect` and `policy`.

mod inspecting;
mod policies;
mod signing;
mod verifying;

use std::path::PathBuf;

use super::placeholders::Placeholders;
use super::{Difference, Replay};
use crate::support::sandbox::Sandbox;

/// `<home>`, which is another directory than `<cwd>`; gone with it.
pub(super) struct Home(tempfile::TempDir);

impl Home {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("home")).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("home")
    }
}

pub(super) fn replay<'a>(
    sandbox: Sandbox,
    home: &Home,
    differences: &'a [Difference],
    more: &[(&'static str, &str)],
) -> Replay<'a> {
    let mut names = Placeholders::default();
    let home = home.path().to_str().unwrap().to_owned();
    names.known.insert("<home>", home);
    for (name, value) in more {
        names.known.insert(name, (*value).to_owned());
    }
    Replay::new(sandbox, &names, differences)
}
