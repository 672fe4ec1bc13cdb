//! `--oci-layout` as recorded. Our program signs with other keys than the recordings do, so that the
//! signatures are put there, and the recorded `sign` is not replayed.

use std::collections::BTreeMap;
use std::fs;

use countersign::notary::EnvelopeFormat;
use countersign::reference::LayoutReference;
use countersign::registry::{LayoutRepository, NewSignature};
use serde_json::json;

use super::fixtures::{Signers, digest_of, payload};
use super::placeholders::Placeholders;
use super::{Difference, Replay, Text, recorded};
use crate::support::envelopes::Envelope;
use crate::support::layout;
use crate::support::sandbox::Sandbox;

const EXPERIMENTAL: &str = "Warning: This feature is experimental";

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["list, not enabled"],
        exit: Some(0),
        stdout: Text::Begins("layout@<digest:image> has no associated signatures\n"),
        stderr: Text::Begins("Warning: Always list the artifact"),
        why: "nothing here is experimental",
    },
    Difference {
        cases: &["verify, not enabled"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Error: trust policy is not present."),
        why: "nothing here is experimental",
    },
    Difference {
        cases: &["verify, scope only, not enabled"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: if any flags in the group [oci-layout scope] are set they must all be set; \
             missing [oci-layout]",
        ),
        why: "nothing here is experimental",
    },
    Difference {
        cases: &["inspect has no such flag"],
        exit: Some(0),
        stdout: Text::Begins("layout@<digest:image> has no associated signature\n"),
        stderr: Text::Begins("Warning: Always inspect the artifact"),
        why: "`inspect` reads layouts too",
    },
    Difference {
        cases: &[
            "list, path is an empty directory",
            "verify, path is an empty directory",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: failed to create OCI store: `emptydir` is not an OCI image layout: it has no file \
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
    let signers = Signers::new();
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
    let home = replay.sandbox.home();
    layout::make(&home.join("layout"), &["v1", "v2"]);
    fs::create_dir(home.join("emptydir")).unwrap();
    fs::write(home.join("file"), "").unwrap();
    replay.sandbox.write_config(
        "truststore/x509/ca/test/signer.crt",
        signers.signer.root_pem(),
    );
    for mut case in recorded("sign-oci-layout") {
        // Three signatures, as the recorded commands leave them.
        if case.name == "list by tag" {
            sign(&replay.sandbox, &signers);
        }
        let lines = case
            .stderr
            .lines()
            .filter(|line| !line.starts_with(EXPERIMENTAL));
        case.stderr = lines.flat_map(|line| [line, "\n"]).collect();
        if case.name.starts_with("sign") {
            replay.skip(&case);
        } else {
            replay.run(&case);
        }
    }
    replay.finish("sign-oci-layout");
}

fn sign(sandbox: &Sandbox, signers: &Signers) {
    let path = sandbox.home().join("layout");
    let reference = LayoutReference::parse(&format!("{}:v1", path.display())).unwrap();
    let repository = LayoutRepository::open(&reference).unwrap();
    let subject = repository.resolve().unwrap().descriptor;
    let envelope = Envelope::new(&payload(&layout::image("v1"), &json!({})), "test/1");
    let envelopes = [
        (EnvelopeFormat::Jws, envelope.jws(&signers.signer)),
        (EnvelopeFormat::Jws, envelope.jws(&signers.signer)),
        (EnvelopeFormat::Cose, envelope.cose(&signers.signer)),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for (format, envelope) in envelopes {
        let signature = NewSignature {
            subject: subject.clone(),
            format,
            envelope: envelope.into(),
            annotations: BTreeMap::new(),
        };
        runtime
            .block_on(repository.push_signature(&signature))
            .unwrap();
    }
}
