//! The documents show `curl`, which a machine may lack: a stand-in notes what it is asked for, and the test asks it.

use std::path::{Path, PathBuf};

use crate::support::registry_client;
use crate::support::script_plugin::write_program;

/// Writes each call's arguments, one a line, into a file of its own.
const SCRIPT: &str = r#"#!/bin/sh
n=0
while [ -e "$0.$n" ]; do n=$((n + 1)); done
printf '%s\n' "$@" > "$0.$n"
"#;

/// A program `curl` that notes its arguments.
pub(super) struct Noted {
    folder: PathBuf,
}

impl Noted {
    pub(super) fn install(folder: &Path) -> Self {
        std::fs::create_dir(folder).unwrap();
        write_program(&folder.join("curl"), SCRIPT);
        Self {
            folder: folder.to_owned(),
        }
    }

    /// A `PATH` with it.
    pub(super) fn path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.folder.display())
    }

    /// Sends what it was asked to send, in order; `@FILE` is a file in `folder`.
    pub(super) fn send_all(&self, folder: &Path) {
        let calls = (0..).map_while(|call| {
            std::fs::read_to_string(self.folder.join(format!("curl.{call}"))).ok()
        });
        let mut sent = 0;
        for call in calls {
            send(&call.lines().collect::<Vec<_>>(), folder);
            sent += 1;
        }
        assert!(sent > 0, "`curl` was not called");
    }
}

/// Sends one request, as `curl` understands these arguments.
fn send(arguments: &[&str], folder: &Path) {
    let (mut method, mut url, mut media_type, mut body) = (None, None, "", None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || *arguments.next().unwrap();
        match *argument {
            "-fsS" => {}
            "-X" => method = Some(value()),
            "-H" => media_type = value().strip_prefix("Content-Type: ").unwrap(),
            "-d" => body = Some(value().as_bytes().to_vec()),
            "--data-binary" => {
                let file = value().strip_prefix('@').unwrap();
                body = Some(std::fs::read(folder.join(file)).unwrap());
            }
            other => {
                assert!(!other.starts_with('-'), "a flag that is new here: {other}");
                assert_eq!(url.replace(other), None);
            }
        }
    }
    let method = method.unwrap_or(if body.is_some() { "POST" } else { "GET" });
    let method = method.parse().unwrap();
    registry_client::send(method, url.unwrap(), &body.unwrap_or_default(), media_type);
}
