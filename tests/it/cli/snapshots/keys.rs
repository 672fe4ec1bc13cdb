//! `key` and `cert`.

use super::transcript::Transcript;

#[test]
fn keys_are_named_and_forgotten() {
    let mut transcript = Transcript::new();
    transcript.run(&[
        "no keys: key list",
        "a key: key add --plugin com.amazonaws.signer.notation.plugin --id PROFILE --default release",
        "the same name: key add --plugin com.amazonaws.signer.notation.plugin --id PROFILE release",
        "no identifier: key add --plugin com.amazonaws.signer.notation.plugin other",
        "the keys: key list",
        "no such key: key update --default other",
        "the default: key update --default release",
        "deleted: key delete release",
        "deleted already: key delete release",
    ]);
    transcript.assert_snapshot("keys");
}

#[test]
fn certificates_are_added_shown_and_deleted() {
    let mut transcript = Transcript::new();
    let home = transcript.scene.sandbox.home();
    std::fs::write(home.join("words.txt"), "not a certificate\n").unwrap();
    transcript.run(&[
        "no stores: cert list",
        "AWS's roots: cert add --aws-signer",
        "a certificate: cert add --type ca --store acme root.crt",
        "added already: cert add --type ca --store acme root.crt",
        "not a certificate: cert add --type ca --store acme words.txt",
        "not there: cert add --type ca --store acme none.crt",
        "an unknown type: cert add --type root --store acme root.crt",
        "the certificates: cert list",
        "of AWS: cert show --type signingAuthority --store aws-signer-ts aws-signer-notation-root.crt",
        "no such certificate: cert show --type ca --store acme none.crt",
        "deleted without a question: cert delete --type ca --store acme -y root.crt",
        "deleted already: cert delete --type ca --store acme -y root.crt",
        "nothing is chosen: cert delete --type ca --store acme -y",
    ]);
    transcript.assert_snapshot("certificates");
}
