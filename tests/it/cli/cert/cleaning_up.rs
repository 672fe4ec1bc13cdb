//! `cert cleanup-test`.

use super::{assert_done, cert, sandbox, tree};
use crate::support::sandbox::Sandbox;

/// A sandbox with the test key `x`.
fn with_test_key() -> Sandbox {
    let sandbox = sandbox();
    let ran = cert(&sandbox, &["generate-test", "--default", "x"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    sandbox
}

#[test]
fn what_generate_test_made_is_removed() {
    let sandbox = with_test_key();
    let local = sandbox.config().join("localkeys");
    let local = local.display();
    assert_done(
        &sandbox,
        &["cleanup-test", "-y", "x"],
        &format!(
            "Successfully deleted x.crt from trust store x of type ca\n\
             Successfully removed key x from the key list\n\
             Successfully deleted key file: {local}/x.key\n\
             Successfully deleted certificate file: {local}/x.crt\n\
             Cleanup completed successfully\n"
        ),
    );
    let empty = [
        "localkeys",
        "signingkeys.json",
        "truststore",
        "truststore/x509",
        "truststore/x509/ca",
    ];
    assert_eq!(tree(&sandbox.config()), empty);
    let keys = std::fs::read_to_string(sandbox.config().join("signingkeys.json")).unwrap();
    assert_eq!(keys, "{\n    \"keys\": []\n}\n");
    assert_done(
        &sandbox,
        &["cleanup-test", "--yes", "x"],
        &format!(
            "Certificate x.crt does not exist in trust store x of type ca\n\
             Key x does not exist in the key list\n\
             Key file {local}/x.key does not exist\n\
             Certificate file {local}/x.crt does not exist\n\
             Cleanup completed successfully\n"
        ),
    );
    for name in ["", "a b", "a/b", "..", "."] {
        let ran = cert(&sandbox, &["cleanup-test", "-y", "--", name]);
        ran.assert_refused(
            2,
            "Error: certificate common name must follow [a-zA-Z0-9_.-]+ format",
        );
    }
}

#[test]
fn only_a_test_key_is_taken_out_of_the_list() {
    let sandbox = with_test_key();
    let keys = r#"{"keys":[{"name":"x","id":"i","pluginName":"p"}]}"#;
    sandbox.write_config("signingkeys.json", keys);
    let before = tree(&sandbox.config());
    let ran = cert(&sandbox, &["cleanup-test", "-y", "x"]);
    let key = sandbox.config().join("localkeys/x.key");
    ran.assert_refused(
        2,
        &format!(
            "Error: nothing was deleted: the key x in the key list is not the test key `{}`",
            key.display()
        ),
    );
    ran.assert_says("hint: remove it from the list with `countersign key delete x`\n");
    assert_eq!(tree(&sandbox.config()), before);
    sandbox.write_config("signingkeys.json", "{bad");
    let ran = cert(&sandbox, &["cleanup-test", "-y", "x"]);
    ran.assert_refused(
        2,
        "Error: failed to remove key x from the key list: malformed signingkeys.json",
    );
    assert_eq!(tree(&sandbox.config()), before);
}

#[test]
fn only_the_test_certificate_is_taken_out_of_the_store() {
    let sandbox = with_test_key();
    let trusted = "truststore/x509/ca/x/x.crt";
    let root = std::fs::read(sandbox.home().join("root.crt")).unwrap();
    sandbox.write_config(trusted, root);
    let before = tree(&sandbox.config());
    let ran = cert(&sandbox, &["cleanup-test", "-y", "x"]);
    let certificate = sandbox.config().join("localkeys/x.crt");
    let sentence = format!(
        "Error: nothing was deleted: x.crt in trust store x of type ca is not the test certificate `{}`",
        certificate.display()
    );
    ran.assert_refused(2, &sentence);
    ran.assert_says(
        "hint: if it is no longer trusted: `countersign cert delete --type ca --store x x.crt`\n",
    );
    // Nothing is deleted either if it cannot be known whether it is the test certificate.
    std::fs::copy(&certificate, sandbox.config().join(trusted)).unwrap();
    std::fs::rename(&certificate, sandbox.home().join("kept.crt")).unwrap();
    let ran = cert(&sandbox, &["cleanup-test", "-y", "x"]);
    ran.assert_refused(2, &sentence);
    std::fs::rename(sandbox.home().join("kept.crt"), &certificate).unwrap();
    assert_eq!(tree(&sandbox.config()), before);
    // A file that is gone already does not keep the rest from being deleted.
    std::fs::remove_file(sandbox.config().join("localkeys/x.key")).unwrap();
    let ran = cert(&sandbox, &["cleanup-test", "-y", "x"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(!certificate.exists());
}
