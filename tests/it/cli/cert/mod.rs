//! `countersign cert`, against what notation prints and writes.

mod adding;
mod asking;
mod cleaning_up;
mod deleting;
mod generate_test;
mod kms_key;
mod listing;

use std::path::Path;

use crate::support::pki::{self, Entity};
use crate::support::sandbox::{Ran, Sandbox};

/// A sandbox whose working directory has `root.crt`, `self.crt` (self-signed, no authority), `leaf.crt` (issued by
/// the root), `middle.crt` (an authority that the root issued) and `junk.crt`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let root = Entity::root(pki::authority("root"));
    let leaf = root.issue(pki::signer("leaf"));
    let middle = root.issue(pki::authority("middle"));
    let own = Entity::root(pki::signer("self"));
    for (name, entity) in [
        ("root", &root),
        ("leaf", &leaf),
        ("middle", &middle),
        ("self", &own),
    ] {
        let file = sandbox.home().join(format!("{name}.crt"));
        std::fs::write(file, pki::pem(entity.certificate.der())).unwrap();
    }
    std::fs::write(sandbox.home().join("junk.crt"), "junk").unwrap();
    sandbox
}

fn cert(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.run(&[&["cert"], arguments].concat())
}

#[track_caller]
fn assert_done(sandbox: &Sandbox, arguments: &[&str], stdout: &str) {
    let ran = cert(sandbox, arguments);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (0, stdout, ""),
        "{arguments:?}"
    );
}

/// Puts `root.crt` into a store.
#[track_caller]
fn add_root(sandbox: &Sandbox, kind: &str, store: &str) {
    let ran = cert(sandbox, &["add", "-t", kind, "-s", store, "root.crt"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

/// Everything below a directory, by path.
fn tree(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(inner) = directories.pop() {
        for entry in std::fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            let shown = path.strip_prefix(directory).unwrap();
            found.push(shown.to_str().unwrap().to_owned());
            if path.is_dir() && !path.is_symlink() {
                directories.push(path);
            }
        }
    }
    found.sort();
    found
}
