//! No test waits without an end: what may wait without an end stands in `support/waiting.rs`, which ends it.

use crate::support::sources;

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

#[test]
fn every_wait_of_a_test_has_an_end() {
    let mut endless = Vec::new();
    for folder in ["tests/it", "emulator/tests"] {
        for source in sources::below(folder) {
            let file = format!("{folder}/{}", source.path);
            if EXCEPTIONS.iter().any(|exception| file.ends_with(exception)) {
                continue;
            }
            for (number, line) in source.text.lines().enumerate() {
                if ENDLESS.iter().any(|wait| line.contains(wait)) {
                    endless.push(format!("{file}:{}: {}", number + 1, line.trim()));
                }
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
