//! No test waits for ever: what may wait without an end stands in `support/waiting.rs`, which ends it.

use std::path::{Path, PathBuf};

/// What waits as long as it takes.
const ENDLESS: [&str; 8] = [
    ".output()",
    ".wait_with_output()",
    "child.wait()",
    ".recv()",
    ".join().unwrap()",
    ".read_line(&mut self",
    ".read_to_end(&mut shown",
    "TcpStream::connect(",
];

/// The files that may wait so: two have the limit, the third waits on the side of a server.
const EXCEPTIONS: [&str; 4] = [
    "tests/it/support/waiting.rs",
    "emulator/tests/it/support.rs",
    "support/tripwire.rs",
    "documents/waits.rs",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_wait_of_a_test_has_an_end() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["tests/it", "emulator/tests"] {
        files(&root.join(folder), &mut found);
    }
    let mut endless = Vec::new();
    for file in found {
        if EXCEPTIONS.iter().any(|exception| file.ends_with(exception)) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            if ENDLESS.iter().any(|wait| line.contains(wait)) {
                endless.push(format!(
                    "{}:{}: {}",
                    file.display(),
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    assert!(
        endless.is_empty(),
        "use `waiting::ended`, `end`, `received`, `within`, `soon` or `connect` (`soon` and `within` in the \
         emulator's tests), which end and say what they waited for:\n{}",
        endless.join("\n")
    );
}
