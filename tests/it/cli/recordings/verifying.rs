//! `verify`.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use time::macros::datetime;

use super::fixtures::{File, Fixtures, JWS, NOTATION, Signers, jws, jws_with, payload};
use super::{Difference, Replay, Text, recorded, signing};
use crate::support::envelopes::Envelope;
use crate::support::layout;
use crate::support::sandbox::Sandbox;

const NO_ANSWER: &str = "our own words for what kept a request from an answer";
const FAILED: Text =
    Text::Begins("Error: signature verification failed for all the signatures associated with ");
const DENIED: Text = Text::Begins("Error: signature verification failed: ");

pub(super) const fn refused(
    cases: &'static [&'static str],
    stderr: Text,
    why: &'static str,
) -> Difference {
    Difference {
        cases,
        exit: Some(1),
        stdout: Text::Nothing,
        stderr,
        why,
    }
}

const VERIFYING: &[Difference] = &[
    refused(
        &[
            "strict, nolayers",
            "strict, twolayers",
            "permissive, nolayers",
            "permissive, twolayers",
            "audit, nolayers",
            "audit, twolayers",
        ],
        FAILED,
        "a manifest that cannot be read hides no other signature",
    ),
    refused(
        &[
            "strict, critical",
            "permissive, critical",
            "audit, critical",
        ],
        FAILED,
        "a critical attribute that nobody processed",
    ),
    Difference {
        cases: &[
            "audit, other",
            "audit, authority",
            "audit, wrong identity and untrusted",
            "audit, ca signature with an authority store only",
            "three bad signatures, audit",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Contains(
            "\nWarning: revocation was set to \"log\" and failed with error: revocation was not checked, because the \
             signature is not authentic",
        ),
        why: "whom to ask about revocation is what a signature says that nobody trusts",
    },
    refused(
        &["strict with authenticity=log, other"],
        FAILED,
        "whom to ask about revocation is what a signature says that nobody trusts",
    ),
    refused(
        &[
            "skip, signed",
            "skip, unsigned",
            "skip, badlayer",
            "skip, other",
            "skip, by tag",
            "skip, tag missing",
            "skip, with metadata asked for",
        ],
        Text::Begins(
            "Error: oci trust policy statement \"p\" is set to skip signature verification and cannot use the wildcard \
             registry scope '*'",
        ),
        "nothing would be verified anywhere",
    ),
    Difference {
        cases: &["two references, the second is ignored"],
        exit: Some(1),
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: signature verification failed: no signature is associated with \"<registry>/unsigned@",
        ),
        why: "every reference is verified",
    },
    refused(
        &["metadata repeated with the same key"],
        Text::Begins("Error: could not parse flag user-metadata: the key `zeta` is given twice"),
        "two meanings of one command line",
    ),
    refused(
        &[
            "max-signatures 1 of three bad ones",
            "max-signatures 2 of three bad ones",
            "max-signatures 1 of three bad ones, permissive",
        ],
        Text::Contains("\nsignature evaluation stopped. The configured limit of "),
        "that there are more signatures is said",
    ),
    refused(&["registry that answers junk referrers"], DENIED, NO_ANSWER),
    Difference {
        cases: &["debug output", "debug output of a failure"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("time="),
        why: "the log has other lines, without headers, which hold tokens",
    },
    Difference {
        cases: &["old output flag"],
        exit: Some(0),
        stdout: Text::Begins("{\n  \"version\": \"1\",\n  \"results\": [\n"),
        stderr: Text::Nothing,
        why: "`verify` has a verdict in JSON",
    },
];

const POLICIES: &[Difference] = &[
    refused(
        &["configuration directory cannot be entered"],
        Text::Begins("Error: unable to read trust policy due to file permissions, "),
        "one sentence for what may not be read",
    ),
    Difference {
        cases: &[
            "both policies, legacy skips",
            "both policies, legacy is malformed",
        ],
        exit: None,
        stdout: Text::Contains(
            "Successfully verified signature for <registry>/signed@<digest:image>\n",
        ),
        stderr: Text::Contains("trustpolicy.oci.json` counts; `"),
        why: "the file that does not count is named",
    },
    refused(
        &["both policies, oci skips"],
        Text::Contains("cannot use the wildcard registry scope '*'"),
        "nothing would be verified anywhere",
    ),
    refused(
        &["oci policy with data after the document"],
        Text::Begins("Error: malformed trust policy. "),
        "half a document is none",
    ),
    Difference {
        cases: &["oci policy with an unknown field"],
        exit: None,
        stdout: Text::Contains(
            "Successfully verified signature for <registry>/signed@<digest:image>\n",
        ),
        stderr: Text::Contains("the unknown member `extra` is ignored"),
        why: "what is misspelt decides nothing, and is said",
    },
];

const JSON: &str = "two readers must not understand one policy differently";
const IGNORED: &str = "what is misspelt decides nothing, and is said";

const RULES: &[Difference] = &[
    refused(
        &["skip with empty lists"],
        Text::Contains("cannot use the wildcard registry scope '*'"),
        "nothing would be verified anywhere",
    ),
    refused(
        &["store tsa:t"],
        Text::Contains("every trust store is of type `tsa`, so no signature can pass authenticity"),
        "what has no effect is warned about",
    ),
    refused(
        &["identity X509.subject:C=US, ST=WA, O=x", "identity :x"],
        Text::Contains("has trusted identity of the unsupported type "),
        "an identity that nothing can match is a mistake",
    ),
    Difference {
        cases: &["unknown field at the top"],
        exit: None,
        stdout: Text::Contains(
            "Successfully verified signature for <registry>/signed@<digest:image>\n",
        ),
        stderr: Text::Contains("the unknown member `x` is ignored"),
        why: IGNORED,
    },
    Difference {
        cases: &["globalPolicy in an oci policy"],
        exit: None,
        stdout: Text::Contains(
            "Successfully verified signature for <registry>/signed@<digest:image>\n",
        ),
        stderr: Text::Contains("the member `globalPolicy` is ignored"),
        why: IGNORED,
    },
    refused(
        &[
            "duplicate key in JSON",
            "field name in another case",
            "trailing data",
            "two documents",
        ],
        Text::Begins("Error: malformed trust policy. "),
        JSON,
    ),
];

/// Repositories that only these groups have, or that are others there.
fn repositories(signers: &Signers) -> Vec<(&'static str, Vec<File>)> {
    let image = layout::image("v1");
    let plain = payload(&image, &json!({}));
    let with = |metadata: Value| {
        let payload = payload(&image, &json!({ "annotations": metadata }));
        vec![(JWS, Envelope::new(&payload, NOTATION).jws(&signers.signer))]
    };
    let other = || (JWS, Envelope::new(&plain, NOTATION).jws(&signers.other));
    let mut expired = Envelope::new(&plain, NOTATION);
    expired.expiry = Some(datetime!(2026-06-02 12:00 UTC));
    vec![
        ("meta", with(json!({"io.wabbit-networks.buildId": "123"}))),
        (
            "meta3",
            with(json!({"zeta": "1", "alpha": "a long value with spaces", "beta": "ü"})),
        ),
        ("badannot", with(json!({"io.cncf.notary.x": "1"}))),
        ("multi", vec![other(), other(), other()]),
        ("mixed", vec![other(), jws(signers, NOTATION)]),
        ("expiredboth", vec![(JWS, expired.jws(&signers.expiring))]),
        (
            "pastsig",
            jws_with(signers, |envelope| {
                envelope.signing_time = datetime!(2019-01-01 00:00 UTC);
            }),
        ),
        ("nested/deep/repo", vec![jws(signers, NOTATION)]),
    ]
}

fn write_stores(replay: &Replay<'_>, signers: &Signers) {
    for (file, pem) in [
        ("ca/test/signer.crt", signers.signer.root_pem()),
        ("ca/test/signer-ec.crt", signers.ec.root_pem()),
        ("ca/test/expiring.crt", signers.expiring.root_pem()),
        ("ca/chain/root.crt", signers.chain.root_pem()),
        (
            "signingAuthority/test/signer.crt",
            signers.signer.root_pem(),
        ),
    ] {
        replay
            .sandbox
            .write_config(&format!("truststore/x509/{file}"), pem);
    }
}

#[test]
fn verifying_is_answered_as_notation_does() {
    let fixtures = Fixtures::start_with(repositories);
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, VERIFYING);
    write_stores(&replay, &fixtures.signers);
    for case in recorded("verify") {
        replay.run(&case);
    }
    replay.finish("verify");
}

/// Where the policy comes from: files as the cases say, and links that they do not describe.
#[test]
fn policies_are_found_as_notation_finds_them() {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, POLICIES);
    write_stores(&replay, &fixtures.signers);
    let config = replay.sandbox.config();
    let good = json!({"version": "1.0", "trustPolicies": [{
        "name": "p",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:test"],
        "trustedIdentities": ["*"],
    }]});
    let [oci, old] = ["trustpolicy.oci.json", "trustpolicy.json"].map(|name| config.join(name));
    let elsewhere = replay.sandbox.home().join("policy.json");
    fs::write(&elsewhere, good.to_string()).unwrap();
    symlink(&config, replay.sandbox.home().join("linked")).unwrap();
    for case in recorded("verify-policy") {
        for file in [&oci, &old] {
            let _ = fs::remove_dir(file);
            let _ = fs::remove_file(file);
        }
        match case.name.as_str() {
            "oci policy is a symbolic link" => symlink(&elsewhere, &oci).unwrap(),
            "legacy policy is a symbolic link" => symlink(&elsewhere, &old).unwrap(),
            "oci policy is a dangling link" => symlink("nowhere", &oci).unwrap(),
            "oci policy is a dangling link beside a legacy policy" => {
                symlink("nowhere", &oci).unwrap();
                fs::write(&old, good.to_string()).unwrap();
            }
            "oci policy is a directory" => fs::create_dir(&oci).unwrap(),
            "configuration directory is a symbolic link"
            | "oci policy cannot be read"
            | "oci policy can be read by all"
            | "configuration directory cannot be entered" => {
                fs::write(&oci, good.to_string()).unwrap();
            }
            "legacy policy cannot be read" => fs::write(&old, good.to_string()).unwrap(),
            _ => {}
        }
        replay.run(&case);
    }
    replay.finish("verify-policy");
}

/// The documents of `policy-rules`, where a verification meets them.
#[test]
fn the_rules_of_policies_are_notations_where_verification_meets_them() {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, RULES);
    write_stores(&replay, &fixtures.signers);
    for case in recorded("verify-policy-rules") {
        replay.run(&case);
    }
    replay.finish("verify-policy-rules");
}

#[test]
fn registries_that_fail_are_given_up_as_notation_does() {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, &[]);
    write_stores(&replay, &fixtures.signers);
    signing::write_keys(&replay);
    let config = replay.sandbox.config();
    let signer = [("signer", "signer.key", "signer.crt")];
    signing::write_list(&config, Some("signer"), &signer);
    for case in recorded("verify-errors-at-registry") {
        replay.run(&case);
    }
    replay.finish("verify-errors-at-registry");
}
