//! `blob inspect`.

use std::path::Path;

use serde_json::{Value, json};
use time::macros::datetime;

use countersign::oci::sha256_digest;

use super::super::fixtures::{NOTATION, RECORDER, Signers, TimeAuthority};
use super::super::{Difference, Text, recorded};
use super::{Home, replay};
use crate::support::envelopes::Envelope;
use crate::support::sandbox::Sandbox;

/// A payload for a file.
pub(super) fn payload(content: &str, more: &Value) -> Value {
    let mut target = json!({
        "mediaType": "application/octet-stream",
        "digest": sha256_digest(content.as_bytes()),
        "size": content.len(),
    });
    let members = more.as_object().unwrap().clone();
    target.as_object_mut().unwrap().extend(members);
    json!({ "targetArtifact": target })
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        cases: &["tree, emptypayload.jws.sig", "json, emptypayload.jws.sig"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: failed to unmarshall the payload content to Payload"),
        why: "a payload without a target artifact is none",
    },
    Difference {
        cases: &["output text"],
        exit: Some(0),
        stdout: Text::Begins("plain.jws.sig\n"),
        stderr: Text::Nothing,
        why: "`text` is what notation 1.3 calls the tree",
    },
    Difference {
        cases: &["two files, the second is ignored"],
        exit: Some(1),
        stdout: Text::Nothing,
        stderr: Text::Begins("Error: unexpected argument "),
        why: "an argument that would be ignored is refused",
    },
    Difference {
        cases: &["debug flag does not exist"],
        exit: Some(0),
        stdout: Text::Begins("plain.jws.sig\n"),
        stderr: Text::Nothing,
        why: "every command has a log; this one asks nobody",
    },
];

/// The signatures that the cases name.
fn write(folder: &Path, signers: &Signers) {
    let plain = |agent| Envelope::new(&payload("hello\n", &json!({})), agent);
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(folder.join(name), bytes).unwrap();
    let odd = |name: &str, change: &dyn Fn(&mut Envelope)| {
        let mut envelope = plain(RECORDER);
        change(&mut envelope);
        write(name, envelope.jws(&signers.signer));
    };
    write("plain.jws.sig", plain(NOTATION).jws(&signers.signer));
    write("cose.cose.sig", plain(NOTATION).cose(&signers.signer));
    write("ec.jws.sig", plain(NOTATION).jws(&signers.ec));
    write("chain.jws.sig", plain(NOTATION).jws(&signers.chain));
    let metadata = json!({"mediaType": "text/plain", "annotations": {"alpha": "2", "zeta": "1"}});
    let mut meta = Envelope::new(&payload("hello\n", &metadata), NOTATION);
    meta.expiry = Some(datetime!(2100-01-01 00:00 UTC));
    write("meta.jws.sig", meta.jws(&signers.signer));
    let mut stamped = plain(NOTATION);
    stamped.stamp = Some(TimeAuthority::new().stamp());
    write("ts.jws.sig", stamped.jws(&signers.signer));
    write("tscose.cose.sig", stamped.cose(&signers.signer));

    odd("attrs.jws.sig", &|envelope| {
        envelope.extended = vec![
            ("com.example.c", json!("x"), true),
            ("com.example.n", json!([1, 2]), false),
            ("io.cncf.notary.verificationPlugin", json!("p"), true),
        ];
    });
    odd("authority.jws.sig", &|envelope| {
        envelope.scheme = Some("notary.x509.signingAuthority");
    });
    odd("badsig.jws.sig", &|envelope| envelope.spoilt = true);
    odd("expired.jws.sig", &|envelope| {
        envelope.expiry = Some(datetime!(2026-06-02 12:00 UTC));
    });
    odd("badpayload.jws.sig", &|envelope| {
        envelope.payload = b"junk".to_vec();
    });
    odd("emptypayload.jws.sig", &|envelope| {
        envelope.payload = b"{}".to_vec();
    });
    odd("badcty.jws.sig", &|envelope| {
        envelope.content_type = "text/plain";
    });
    odd("tsjunk.jws.sig", &|envelope| {
        envelope.stamp = Some(Box::new(|_| b"junk".to_vec()));
    });
    odd("nochain.jws.sig", &|envelope| envelope.without_chain = true);
    odd("noscheme.jws.sig", &|envelope| envelope.scheme = None);
    let good = String::from_utf8(plain(RECORDER).jws(&signers.signer)).unwrap();
    let mut parts: Value = serde_json::from_str(&good).unwrap();
    parts["protected"] = json!("eyJhbGciOiJSUzI1NiJ9");
    write("badalg.jws.sig", parts.to_string().into_bytes());
    for (name, text) in [
        ("empty.jws.sig", ""),
        ("junk.jws.sig", "junk"),
        ("object.jws.sig", "{}"),
        ("junk.cose.sig", "junk"),
        ("wrongformat.cose.sig", &good),
        ("plain.pgp.sig", &good),
        ("noformat.sig", &good),
        ("f", "hello\n"),
    ] {
        write(name, text.as_bytes().to_vec());
    }
}

#[test]
fn signatures_of_files_are_shown_as_notation_does() {
    let home = Home::new();
    let sandbox = Sandbox::new();
    write(sandbox.home(), &Signers::new());
    let mut replay = replay(sandbox, &home, DIFFERENCES, &[]);
    for case in recorded("blob-inspect") {
        replay.run(&case);
    }
    replay.finish("blob-inspect");
}
