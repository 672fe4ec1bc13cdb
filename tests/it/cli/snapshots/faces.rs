//! The program by the names by which other programs start it: each of its plugins, and the image verifier of containerd. What
//! these decide stands, in exact words, in their own tests.

use super::transcript::Transcript;

const AWS_SIGNER: &str = "notation-com.amazonaws.signer.notation.plugin";
const AWS_KMS: &str = "notation-aws-kms";

#[test]
fn others_start_the_program_by_other_names() {
    let mut transcript = Transcript::new();
    transcript.showing(env!("CARGO_PKG_VERSION"), "VERSION");
    let unknown = r#"{"contractVersion":"1.0","keyId":"alias/none","pluginConfig":{"certificate_chain":"/none.crt"}}"#;
    for (title, name, words, request) in [
        ("what it is", AWS_SIGNER, &["get-plugin-metadata"][..], "{}"),
        ("no command", AWS_SIGNER, &[], ""),
        ("an unknown command", AWS_SIGNER, &["sign"], "{}"),
        ("not a request", AWS_SIGNER, &["verify-signature"], "{"),
        (
            "what the other one is",
            AWS_KMS,
            &["get-plugin-metadata"],
            "{}",
        ),
        ("no such certificate", AWS_KMS, &["describe-key"], unknown),
        ("no question", "countersign-image-verifier", &[], ""),
    ] {
        transcript.run_as(title, name, words, request);
    }
    transcript.assert_snapshot("faces");
}
