//! `blob verify`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use time::macros::datetime;

use countersign::algorithm::HashAlgorithm;
use countersign::oci::digest_with;

use super::super::case::Case;
use super::super::fixtures::{NOTATION, RECORDER, Signers, TimeAuthority};
use super::super::{Difference, Replay, Text, recorded};
use super::inspecting::payload;
use super::{Home, replay};
use crate::support::envelopes::{Envelope, Signer};
use crate::support::layout;
use crate::support::sandbox::Sandbox;
use crate::support::script_plugin;

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["payload is no JSON"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: signature verification failed: the signature's payload is malformed",
        ),
        why: "our own words for what is wrong with JSON",
    },
    Difference {
        cases: &[
            "audit, other.txt",
            "audit, other.txt, with tsa store",
            "policy by name, untrusted",
        ],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Contains(
            "\nWarning: revocation was set to \"log\" and failed with error: revocation was not checked, \
             because the signature is not authentic",
        ),
        why: "nobody is asked about revocation for a signature that is not authentic",
    },
    Difference {
        cases: &["policy name empty"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: a value is required for '--policy-name <NAME>'"),
        why: "an empty value is a variable that is not set",
    },
    Difference {
        cases: &["policy by name is skip"],
        exit: Some(0),
        stdout: Text::Begins(
            "Trust policy is configured to skip signature verification for file.txt\n",
        ),
        stderr: Text::Nothing,
        why: "notation crashes",
    },
    Difference {
        cases: &["global policy is skip"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: global blob trust policy statement cannot have verification level set to skip",
        ),
        why: "the specification forbids it; notation crashes",
    },
    Difference {
        cases: &["signature is a directory"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins(
            "Error: invalid signature filename home. The file extension must be .sig",
        ),
        why: "a name that cannot be right is not opened",
    },
    Difference {
        cases: &["file is a directory"],
        exit: None,
        stdout: Text::Same,
        stderr: Text::Begins("Error: read <home>: is a directory"),
        why: "looked at before the signature is",
    },
    Difference {
        cases: &["unknown critical attribute"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: signature verification failed: extended critical attributes `com.example.critical` were \
             not processed",
        ),
        why: "the specification requires it",
    },
    Difference {
        cases: &["two files, the second is ignored"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unexpected argument "),
        why: "an argument that would be ignored is refused",
    },
    Difference {
        cases: &["blob signature of an image manifest"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins(
            "Error: signature verification failed: integrity check failed. signature does not match the \
             given blob",
        ),
        why: "what was signed as an image is no file, unless `--media-type` says so",
    },
];

/// The files that the cases name, with their signatures.
fn write(folder: &Path, signers: &Signers, expiring: &Signer, authority: &TimeAuthority) {
    let sign = |name: &str, more: &Value, signer: &Signer, change: &dyn Fn(&mut Envelope)| {
        let content = format!("{name}\n");
        fs::write(folder.join(format!("{name}.txt")), &content).unwrap();
        let mut envelope = Envelope::new(&payload(&content, more), NOTATION);
        change(&mut envelope);
        fs::write(
            folder.join(format!("{name}.txt.jws.sig")),
            envelope.jws(signer),
        )
        .unwrap();
        if name == "file" {
            fs::write(folder.join("file.txt.cose.sig"), envelope.cose(signer)).unwrap();
        }
    };
    let stamped = |envelope: &mut Envelope| envelope.stamp = Some(authority.stamp());
    let signer = &signers.signer;
    sign("file", &json!({}), signer, &|_| {});
    let metadata = json!({ "mediaType": "text/plain", "annotations": { "a": "b" } });
    sign("meta", &metadata, signer, &|_| {});
    sign("other", &json!({}), &signers.other, &|_| {});
    sign("expired", &json!({}), signer, &|envelope| {
        envelope.expiry = Some(datetime!(2026-06-02 12:00 UTC));
    });
    sign("ts", &json!({}), signer, &stamped);
    sign("expiring", &json!({}), expiring, &|_| {});
    sign("expiringts", &json!({}), expiring, &stamped);
}

/// What is in the signature file of a case, where the case does not say it.
fn odd_signature(case: &str, good: &str, signers: &Signers) -> Option<Vec<u8>> {
    let odd = |change: &dyn Fn(&mut Envelope)| {
        let mut envelope = Envelope::new(&payload("file\n", &json!({})), RECORDER);
        change(&mut envelope);
        Some(envelope.jws(&signers.signer))
    };
    let of = |more: &Value| {
        let payload = payload("file\n", more).to_string();
        odd(&|envelope| envelope.payload = payload.clone().into_bytes())
    };
    let text = |text: &str| Some(text.as_bytes().to_vec());
    match case {
        "signature empty" => text(""),
        "signature junk" | "cose signature junk" => text("junk"),
        "signature empty object" => text("{}"),
        "signature truncated" => text(&good[..good.len() / 2]),
        "signature with junk after" => text(&format!("{good}junk")),
        "signature does not verify" => odd(&|envelope| envelope.spoilt = true),
        "size in the payload is wrong" => of(&json!({ "size": 7 })),
        "digest in the payload is sha512" => {
            of(&json!({ "digest": digest_with(HashAlgorithm::Sha512, b"file\n") }))
        }
        "payload is no JSON" => odd(&|envelope| envelope.payload = b"junk".to_vec()),
        "unknown critical attribute" => odd(&|envelope| {
            envelope.extended = vec![("com.example.critical", json!("yes"), true)];
        }),
        name if name.starts_with("verification plugin ") => odd(&|envelope| {
            envelope.extended = vec![("io.cncf.notary.verificationPlugin", json!("p"), true)];
        }),
        _ => None,
    }
}

/// A plugin that trusts the signer, or not.
fn install_plugin(sandbox: &Sandbox) -> Arc<AtomicBool> {
    let trusts = Arc::new(AtomicBool::new(true));
    let answers = Arc::clone(&trusts);
    script_plugin::install(sandbox, "p", move |command, _| {
        Ok(match command {
            "get-plugin-metadata" => json!({
                "name": "p", "description": "d", "version": "1.0.0", "url": "u",
                "supportedContractVersions": ["1.0"],
                "capabilities": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"],
            }),
            _ => json!({
                "verificationResults": { "SIGNATURE_VERIFIER.TRUSTED_IDENTITY": {
                    "success": answers.load(Ordering::SeqCst), "reason": "the reason",
                } },
                "processedAttributes": [],
            }),
        })
    });
    trusts
}

/// The policy that the later cases begin with.
const STRICT: &str = r#"{"version": "1.0", "trustPolicies": [{"name": "p", "signatureVerification": {"level": "strict"}, "trustStores": ["ca:test"], "trustedIdentities": ["*"], "globalPolicy": true}]}"#;

/// What a case begins with and its command does not show.
fn arrange(case: &Case, replay: &Replay<'_>, signers: &Signers) {
    let home = replay.sandbox.home();
    let good = fs::read_to_string(home.join("file.txt.jws.sig")).unwrap();
    if let Some(bytes) = odd_signature(&case.name, &good, signers) {
        let ending = if case.command.contains("y.cose.sig") {
            "cose"
        } else {
            "jws"
        };
        fs::write(home.join(format!("y.{ending}.sig")), bytes).unwrap();
    } else if let Some(name) = case.name.strip_prefix("signature named ") {
        fs::write(home.join(name), &good).unwrap();
    } else if case.name == "policy is a symbolic link" {
        let policy = replay.sandbox.config().join("trustpolicy.blob.json");
        let real = home.join("real.json");
        fs::rename(&policy, &real).unwrap();
        symlink(real, policy).unwrap();
    } else if case.name == "blob signature of an image manifest" {
        let manifest = layout::image("v1");
        fs::write(home.join("image.json"), &manifest).unwrap();
        let more = json!({ "mediaType": layout::IMAGE_MANIFEST });
        let envelope = Envelope::new(&payload(&manifest, &more), NOTATION);
        fs::write(home.join("image.jws.sig"), envelope.jws(&signers.signer)).unwrap();
    }
}

#[test]
fn files_are_verified_as_notation_does() {
    let home = Home::new();
    let sandbox = Sandbox::new();
    let (signers, authority) = (Signers::new(), TimeAuthority::new());
    let expiring = Signer::rsa_between(
        "expiring",
        datetime!(2020-01-01 00:00 UTC),
        datetime!(2024-12-01 00:00 UTC),
    );
    write(sandbox.home(), &signers, &expiring, &authority);
    for (name, signer) in [("signer", &signers.signer), ("expiring", &expiring)] {
        let file = format!("truststore/x509/ca/test/{name}.crt");
        sandbox.write_config(&file, signer.root_pem());
    }
    sandbox.write_config("truststore/x509/tsa/one/tsa.crt", authority.root());
    fs::create_dir_all(sandbox.config().join("truststore/x509/ca/empty")).unwrap();

    let mut replay = replay(sandbox, &home, DIFFERENCES, &[]);
    let mut trusts = None;
    let mut is_about_policies = true;
    for mut case in recorded("blob-verify") {
        if case.name == "policy cannot be read" {
            let _ = fs::remove_file(replay.sandbox.config().join("trustpolicy.blob.json"));
            replay.sandbox.write_config("trustpolicy.blob.json", STRICT);
        }
        if case.name.starts_with("verification plugin ") && !case.name.ends_with("missing") {
            let trusts = trusts.get_or_insert_with(|| install_plugin(&replay.sandbox));
            trusts.store(!case.name.contains("fails"), Ordering::SeqCst);
        }
        is_about_policies &= case.name != "metadata asked for";
        if !is_about_policies {
            replay.sandbox.write_config("trustpolicy.blob.json", STRICT);
        }
        if case.name == "blob signature of an image manifest" {
            // Written below: it has digests in it.
            case.inputs.clear();
        }
        arrange(&case, &replay, &signers);
        replay.run(&case);
    }
    replay.finish("blob-verify");
}
