//! Timestamps on signatures of files.

use super::super::sign::timestamping::{Authority, REPLY};
use super::{TRUST, assert_signed, assert_verified, names, scene, sign, verify, write};
use crate::support::hostile::{Hostile, Reply};

#[test]
fn a_stamp_is_in_the_signature_or_there_is_none() {
    let scene = scene("ec-256");
    let tsa = Authority::new(None);
    let root = tsa.root.certificate.der().to_vec();
    std::fs::write(scene.sandbox.home().join("tsa.crt"), &root).unwrap();
    scene
        .sandbox
        .write_config("truststore/x509/tsa/stamps/root.crt", &root);
    let policy = format!(
        r#"{{ "version": "1.0", "trustPolicies": [ {{
            "name": "files", "signatureVerification": {{ "level": "strict" }},
            {}, "globalPolicy": true
        }} ] }}"#,
        TRUST.replace("\"ca:local\"", "\"ca:local\", \"tsa:stamps\"")
    );
    scene.sandbox.write_config("trustpolicy.blob.json", policy);
    write(&scene, "f", "hello\n");
    let server = Hostile::start(move |seen| {
        if seen.path() == "/broken" {
            return Reply::status(500);
        }
        Reply::status(200)
            .header("Content-Type", REPLY)
            .body(tsa.stamp(seen, |_| {}))
    });
    let sign_stamped = |path: &str, more: &[&str]| {
        let url = format!("http://{}{path}", server.host());
        let stamping = ["--timestamp-url", &url, "--timestamp-root-cert", "tsa.crt"];
        sign(&scene, &[&stamping[..], more, &["f"]].concat())
    };
    let ran = sign_stamped("/broken", &[]);
    assert_ne!(ran.code, 0, "{ran:#?}");
    assert!(ran.stderr.starts_with("Error: timestamp: "), "{ran:#?}");
    assert_eq!(names(scene.sandbox.home()), ["f", "tsa.crt"]);

    for format in ["jws", "cose"] {
        let signature = format!("f.{format}.sig");
        let ran = sign_stamped("/stamp", &["--signature-format", format]);
        assert_signed(&ran, "f", &signature);
        assert_verified(&verify(&scene, &["-s", &signature, "f"]), "f");
    }
    assert_eq!(sign(&scene, &["--force", "f"]).code, 0);
    verify(&scene, &["-s", "f.jws.sig", "f"]).assert_refused(
        1,
        "Error: signature verification failed: no timestamp countersignature was found in the signature \
         envelope",
    );
}
