//! Where the program looks when the environment changes.

use std::fs;

use super::fixtures::Fixtures;
use super::{Difference, Replay, Text, recorded, signing};
use crate::support::sandbox::Sandbox;

/// The first looks for the policy in a directory that no case has filled; the other is a command that this program
/// does not have.
const NOT_HERE: &[&str] = &["cache without XDG_CACHE_HOME and HOME", "stdout closed"];

const DIFFERENCES: &[Difference] = &[Difference {
    cases: &[
        "neither HOME nor XDG_CONFIG_HOME",
        "XDG_CONFIG_HOME relative",
    ],
    exit: Some(1),
    stdout: Text::Nothing,
    stderr: Text::Begins("Error: Notation's configuration directory is not known: "),
    why: "the current directory, which may be a checkout, must not decide what is trusted",
}];

#[test]
fn the_environment_means_what_it_means_to_notation() {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    let root = fixtures.signers.chain.root_pem().to_owned();
    replay.names.known.insert("<pem: CERTIFICATE>", root);
    for case in recorded("environment") {
        let keys = replay.sandbox.config().join("signingkeys.json");
        // Recorded in directories of their own.
        let is_apart = ["HOME only", "NOTATION_CONFIG empty"].contains(&case.name.as_str());
        for folder in ["truststore", "localkeys"] {
            if is_apart {
                let _ = fs::remove_dir_all(replay.sandbox.config().join(folder));
            }
        }
        if !is_apart {
            replay.sandbox.write_config(
                "truststore/x509/ca/test/signer.crt",
                fixtures.signers.signer.root_pem(),
            );
        }
        match case.name.as_str() {
            // Recorded in a directory of its own.
            "umask 000, policy import" => {
                fs::remove_file(replay.sandbox.config().join("trustpolicy.oci.json")).unwrap();
            }
            // There these are two directories.
            "NOTATION_CONFIG empty" => fs::remove_file(&keys).unwrap(),
            "umask 077" => {
                let g = ("g", "g.key", "g.crt");
                let signer = ("signer", "signer.key", "signer.crt");
                signing::write_list(&replay.sandbox.config(), Some("signer"), &[g, signer]);
            }
            _ => {}
        }
        if NOT_HERE.contains(&case.name.as_str()) {
            replay.skip(&case);
        } else {
            replay.run(&case);
        }
    }
    replay.finish("environment");
}
