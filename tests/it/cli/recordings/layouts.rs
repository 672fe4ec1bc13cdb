//! `--oci-layout`.

use std::fs;

use super::fixtures::digest_of;
use super::placeholders::Placeholders;
use super::signing;
use super::{Difference, Replay, Text, recorded};
use crate::support::layout;
use crate::support::sandbox::Sandbox;

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["inspect has no such flag"],
        exit: Some(0),
        stdout: Text::Begins("layout@<digest:image> has no associated signature\n"),
        stderr: Text::Contains("\nWarning: Always inspect the artifact"),
        why: "`inspect` reads layouts too",
    },
    Difference {
        cases: &[
            "sign, index.json is malformed",
            "sign, oci-layout file is malformed",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Contains("\nError: failed to create OCI store: "),
        why: "our own words for what is wrong with a layout",
    },
    Difference {
        cases: &[
            "sign, path is an empty directory",
            "list, path is an empty directory",
            "verify, path is an empty directory",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Contains(
            "\nError: failed to create OCI store: `emptydir` is not an OCI image layout: it has no file \
             `oci-layout`",
        ),
        why: "nothing is made where something is to be read",
    },
    Difference {
        cases: &["verify with a scope that no statement has"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Contains(
            "Error: signature verification failed: artifact \"local/none:v1\" has no applicable",
        ),
        why: "the statement is chosen before the tag is resolved",
    },
    Difference {
        cases: &["verify with an empty scope"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Contains(
            "Error: signature verification failed: registry scope \"\" is not valid",
        ),
        why: "an empty value is a variable that is not set, and never a default",
    },
];

#[test]
fn layouts_are_answered_as_notation_does() {
    let mut names = Placeholders::default();
    for (name, value) in [
        ("<digest:image>", digest_of("v1")),
        ("<digest:image-2>", digest_of("v2")),
        ("<digest:zero>", format!("sha256:{}", "0".repeat(64))),
        ("<registry>", "127.0.0.1:1".to_owned()),
    ] {
        names.known.insert(name, value);
    }
    let mut replay = Replay::new(Sandbox::new(), &names, DIFFERENCES);
    signing::write_keys(&replay);
    let config = replay.sandbox.config();
    let signer = [("signer", "signer.key", "signer.crt")];
    signing::write_list(&config, Some("signer"), &signer);
    let home = replay.sandbox.home();
    layout::make(&home.join("layout"), &["v1", "v2"]);
    fs::create_dir(home.join("emptydir")).unwrap();
    fs::write(home.join("file"), "").unwrap();
    replay.sandbox.write_config(
        "truststore/x509/ca/test/signer.crt",
        fs::read(replay.sandbox.config().join("localkeys/signer.crt")).unwrap(),
    );
    let index = home.join("layout/index.json");
    let marker = home.join("layout/oci-layout");
    let before = [&index, &marker].map(|file| fs::read(file).unwrap());
    for case in recorded("sign-oci-layout") {
        match case.name.as_str() {
            "sign, index.json is malformed" => fs::write(&index, "{bad").unwrap(),
            "sign, layout version is unknown" => {
                fs::write(&index, &before[0]).unwrap();
                fs::write(&marker, r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
            }
            "sign, oci-layout file is malformed" => fs::write(&marker, "x").unwrap(),
            _ => {}
        }
        replay.run(&case);
    }
    replay.finish("sign-oci-layout");
}
