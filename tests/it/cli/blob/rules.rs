//! The same rules hold for images and for files: every fault of a signature is refused for both, by
//! the same validation and in the same words (cosign's CVE-2022-36056 was a check that one of two
//! paths did not have).

use std::collections::BTreeMap;
use std::fs;

use countersign::algorithm::HashAlgorithm;
use countersign::notary::EnvelopeFormat;
use countersign::oci::{digest_with, sha256_digest};
use countersign::reference::LayoutReference;
use countersign::registry::{LayoutRepository, NewSignature};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::support::envelopes::{Envelope, Signer};
use crate::support::layout;
use crate::support::sandbox::{Ran, Sandbox};

const BLOB: &str = "application/octet-stream";

/// What is wrong with a signature.
struct Fault {
    name: &'static str,
    target: fn(&mut Value, content: &[u8]),
    envelope: fn(&mut Envelope),
    signer: fn(&Signers) -> &Signer,
    /// What both are asked for in addition.
    flags: &'static [&'static str],
    /// What both say, at level strict; nothing if the signature is good.
    says: &'static str,
    /// Whether level audit lets it pass.
    only_logged: bool,
}

const GOOD: Fault = Fault {
    name: "none",
    target: |_, _| {},
    envelope: |_| {},
    signer: |signers| &signers.trusted,
    flags: &[],
    says: "",
    only_logged: false,
};

struct Signers {
    trusted: Signer,
    other: Signer,
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn faults() -> Vec<Fault> {
    vec![
        GOOD,
        Fault {
            name: "signature over something else",
            envelope: |envelope| envelope.spoilt = true,
            says: "integrity (enforce): failed",
            ..GOOD
        },
        Fault {
            name: "no certificates",
            envelope: |envelope| envelope.without_chain = true,
            says: "integrity (enforce): failed",
            ..GOOD
        },
        Fault {
            name: "no signing scheme",
            envelope: |envelope| envelope.scheme = None,
            says: "integrity (enforce): failed",
            ..GOOD
        },
        Fault {
            name: "payload of another type",
            envelope: |envelope| envelope.content_type = "text/plain",
            says: "integrity (enforce): failed",
            ..GOOD
        },
        Fault {
            name: "payload that is none",
            envelope: |envelope| envelope.payload = b"junk".to_vec(),
            says: "refused: the signature's payload is malformed",
            ..GOOD
        },
        Fault {
            name: "bare descriptor as the payload",
            envelope: |envelope| {
                let payload: Value = serde_json::from_slice(&envelope.payload).unwrap();
                envelope.payload = payload["targetArtifact"].to_string().into_bytes();
            },
            says: "caused by: payload has no `targetArtifact`",
            ..GOOD
        },
        Fault {
            name: "other digest",
            target: |target, _| target["digest"] = json!(sha256_digest(b"other")),
            says: "caused by: signature is for digest ",
            ..GOOD
        },
        Fault {
            name: "digest by another algorithm than the key's",
            target: |target, content| {
                target["digest"] = json!(digest_with(HashAlgorithm::Sha512, content));
            },
            says: "caused by: signature is for digest ",
            ..GOOD
        },
        Fault {
            name: "other size",
            target: |target, content| target["size"] = json!(content.len() + 1),
            says: "caused by: signature is for size ",
            ..GOOD
        },
        Fault {
            name: "other media type",
            target: |target, _| target["mediaType"] = json!("text/plain"),
            says: "caused by: signature is for media type ",
            ..GOOD
        },
        Fault {
            name: "metadata that was not signed",
            flags: &["-m", "a=b"],
            says: "refused: unable to find specified metadata in the signature",
            ..GOOD
        },
        Fault {
            name: "metadata of another value",
            target: |target, _| target["annotations"] = json!({"a": "c"}),
            flags: &["-m", "a=b"],
            says: "refused: unable to find specified metadata in the signature",
            ..GOOD
        },
        Fault {
            name: "unknown critical attribute",
            envelope: |envelope| envelope.extended = vec![("com.example.x", json!("y"), true)],
            says: "refused: extended critical attributes `com.example.x` were not processed",
            ..GOOD
        },
        Fault {
            name: "plugin that is not installed",
            envelope: |envelope| {
                envelope.extended = vec![("io.cncf.notary.verificationPlugin", json!("p"), true)];
            },
            says: "refused: plugin `p` is not installed",
            ..GOOD
        },
        Fault {
            name: "signer that nobody trusts",
            signer: |signers| &signers.other,
            says: "authenticity (enforce): failed",
            only_logged: true,
            ..GOOD
        },
        Fault {
            name: "scheme for which there is no trust store",
            envelope: |envelope| envelope.scheme = Some("notary.x509.signingAuthority"),
            says: "authenticity (enforce): failed",
            only_logged: true,
            ..GOOD
        },
        Fault {
            name: "expired",
            envelope: |envelope| envelope.expiry = Some(datetime!(2026-06-02 12:00 UTC)),
            says: "expiry (enforce): failed",
            only_logged: true,
            ..GOOD
        },
    ]
}

/// The statement about everything, for images and for files.
fn write_policies(sandbox: &Sandbox, level: &str) {
    for (kind, member) in [
        ("oci", r#""registryScopes": ["*"]"#),
        ("blob", r#""globalPolicy": true"#),
    ] {
        let policy = format!(
            r#"{{ "version": "1.0", "trustPolicies": [ {{
                "name": "p", "signatureVerification": {{ "level": "{level}" }},
                "trustStores": ["ca:test"], "trustedIdentities": ["*"], {member}
            }} ] }}"#
        );
        sandbox.write_config(&format!("trustpolicy.{kind}.json"), policy);
    }
}

fn payload(media_type: &str, content: &[u8], fault: &Fault) -> Value {
    let mut target = json!({
        "mediaType": media_type,
        "digest": sha256_digest(content),
        "size": content.len(),
    });
    (fault.target)(&mut target, content);
    json!({ "targetArtifact": target })
}

fn envelope(media_type: &str, content: &[u8], fault: &Fault, signers: &Signers) -> Vec<u8> {
    let mut envelope = Envelope::new(&payload(media_type, content, fault), "test/1");
    (fault.envelope)(&mut envelope);
    envelope.jws((fault.signer)(signers))
}

fn verify_image(sandbox: &Sandbox, fault: &Fault, signers: &Signers) -> Ran {
    let path = sandbox.home().join("layout");
    let _ = fs::remove_dir_all(&path);
    let digest = layout::make(&path, &["v1"]).remove(0);
    let reference = LayoutReference::parse(&format!("{}@{digest}", path.display())).unwrap();
    let repository = LayoutRepository::open(&reference).unwrap();
    let manifest = layout::image("v1");
    let signature = NewSignature {
        subject: repository.resolve().unwrap().descriptor,
        format: EnvelopeFormat::Jws,
        envelope: envelope(layout::IMAGE_MANIFEST, manifest.as_bytes(), fault, signers).into(),
        annotations: BTreeMap::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(repository.push_signature(&signature))
        .unwrap();
    let image = format!("layout@{digest}");
    let fixed = ["verify", "-v", "--oci-layout", "--scope", "local/app"];
    sandbox.run(&[&fixed[..], fault.flags, &[&image]].concat())
}

fn verify_file(sandbox: &Sandbox, fault: &Fault, signers: &Signers) -> Ran {
    let content = b"hello\n";
    fs::write(sandbox.home().join("f"), content).unwrap();
    let signature = envelope(BLOB, content, fault, signers);
    fs::write(sandbox.home().join("f.jws.sig"), signature).unwrap();
    let fixed = [
        "blob",
        "verify",
        "-v",
        "--media-type",
        BLOB,
        "-s",
        "f.jws.sig",
    ];
    sandbox.run(&[&fixed[..], fault.flags, &["f"]].concat())
}

/// What was found about the signature, without what is an image's or a file's own.
fn findings(ran: &Ran) -> Vec<String> {
    let mut lines = ran.stderr.lines();
    let found = lines.find(|line| line.starts_with("signature sha256:"));
    assert!(found.is_some(), "{ran:#?}");
    let own = [
        "signature is for digest ",
        "signature is for size ",
        "signature is for media type ",
    ];
    lines
        .map(
            |line| match own.iter().find(|words| line.contains(**words)) {
                Some(words) => (*words).to_owned(),
                None => line.to_owned(),
            },
        )
        .collect()
}

#[test]
fn a_fault_is_refused_for_images_and_for_files_alike() {
    let signers = Signers {
        trusted: Signer::rsa("signer"),
        other: Signer::rsa("other"),
    };
    let sandbox = Sandbox::new();
    sandbox.write_config(
        "truststore/x509/ca/test/signer.crt",
        signers.trusted.root_pem(),
    );
    for level in ["strict", "audit"] {
        write_policies(&sandbox, level);
        for fault in faults() {
            let image = verify_image(&sandbox, &fault, &signers);
            let file = verify_file(&sandbox, &fault, &signers);
            let context = format!("{level}, {}: {image:#?} {file:#?}", fault.name);
            assert_eq!(findings(&image), findings(&file), "{context}");
            let is_good = fault.says.is_empty() || (level == "audit" && fault.only_logged);
            let code = i32::from(!is_good);
            assert_eq!((image.code, file.code), (code, code), "{context}");
            if level == "strict" {
                assert!(file.stderr.contains(fault.says), "{context}");
            }
        }
    }
}
