//! `cert add`.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use countersign::limits::{MAX_TRUST_STORE_FILE_BYTES, MAX_TRUST_STORE_FILES};

use super::{add_root, assert_done, cert, sandbox, tree};

const ADDED: &str = "Successfully added following certificates to named store test of type ca:\n";
const FAILED: &str = "Error: Failed to add following certificates to named store test of type ca:";

#[test]
fn files_are_copied_under_their_names_for_the_owner_alone() {
    let sandbox = sandbox();
    symlink("root.crt", sandbox.home().join("link.crt")).unwrap();
    let add = ["add", "--type", "ca", "--store", "test"];
    let files = ["root.crt", "./self.crt", "link.crt", "middle.crt"];
    let stdout = format!("{ADDED}root.crt\n./self.crt\nlink.crt\nmiddle.crt\n");
    assert_done(&sandbox, &[&add[..], &files].concat(), &stdout);
    let store = sandbox.config().join("truststore/x509/ca/test");
    let names = ["link.crt", "middle.crt", "root.crt", "self.crt"];
    assert_eq!(tree(&store), names);
    for name in names {
        let metadata = store.join(name).symlink_metadata().unwrap();
        assert!(metadata.is_file(), "{name}");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
        let source = std::fs::read(sandbox.home().join(name)).unwrap();
        assert_eq!(std::fs::read(store.join(name)).unwrap(), source, "{name}");
    }
    let mode = std::fs::metadata(&store).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    // Nothing is left beside it either.
    assert_eq!(tree(store.parent().unwrap()).len(), 5);
}

#[test]
fn what_no_signature_could_be_verified_with_is_not_added() {
    let sandbox = sandbox();
    let pem = std::fs::read_to_string(sandbox.home().join("self.crt")).unwrap();
    let line = pem.lines().count() + 1;
    let key = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";
    std::fs::write(sandbox.home().join("mixed.pem"), pem + key).unwrap();
    std::fs::write(sandbox.home().join("empty.crt"), "").unwrap();
    let large = " ".repeat(usize::try_from(MAX_TRUST_STORE_FILE_BYTES).unwrap() + 1);
    std::fs::write(sandbox.home().join("large.crt"), large).unwrap();
    let home = sandbox.home().display().to_string();
    let authority = "wanted: a certificate authority, or a self-signed certificate";
    for (kind, file, words) in [
        (
            "ca",
            "leaf.crt",
            format!(
                "it holds `CN=leaf`, which is neither a certificate authority nor self-signed; {authority}"
            ),
        ),
        (
            "signingAuthority",
            "leaf.crt",
            format!(
                "it holds `CN=leaf`, which is neither a certificate authority nor self-signed; {authority}"
            ),
        ),
        (
            "tsa",
            "self.crt",
            "it holds `CN=self`, which is not a certificate authority; wanted: a self-signed certificate authority"
                .to_owned(),
        ),
        (
            "tsa",
            "middle.crt",
            "it holds `CN=middle`, which is not self-signed; wanted: a self-signed certificate authority"
                .to_owned(),
        ),
        (
            "ca",
            "mixed.pem",
            format!(
                "it cannot be read as certificates: PEM block in line {line} is malformed: it holds `PRIVATE KEY`, \
                 wanted `CERTIFICATE`"
            ),
        ),
        (
            "ca",
            "empty.crt",
            "no valid certificate found in the file".to_owned(),
        ),
        (
            "ca",
            "large.crt",
            "the file cannot be read: `large.crt` is larger than 1048576 bytes".to_owned(),
        ),
        (
            "ca",
            "none.crt",
            format!("open {home}/none.crt: no such file or directory"),
        ),
        (
            "ca",
            ".",
            "the file cannot be read: `.` is a directory, not a regular file".to_owned(),
        ),
    ] {
        let ran = cert(&sandbox, &["add", "-t", kind, "-s", "test", file]);
        ran.assert_refused(2, &FAILED.replace(" ca:", &format!(" {kind}:")));
        ran.assert_says(&format!("\n{file}, with error \"{words}\"\n"));
        assert!(!sandbox.config().exists(), "{file}");
    }
    let ran = cert(&sandbox, &["add", "-t", "ca", "-s", "test", "leaf.crt"]);
    ran.assert_says(
        "hint: take the root certificate of the chain, not the signer's own certificate\n",
    );
}

#[test]
fn what_can_be_added_is_and_the_rest_is_named() {
    let sandbox = sandbox();
    let files = ["root.crt", "./root.crt", "junk.crt", "self.crt"];
    let ran = cert(
        &sandbox,
        &[&["add", "-t", "ca", "-s", "test"], &files[..]].concat(),
    );
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert_eq!(ran.stdout, format!("{ADDED}root.crt\nself.crt\n"));
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines[0], FAILED);
    assert_eq!(
        lines[1],
        "./root.crt, with error \"certificate already exists in the Trust Store\""
    );
    assert!(
        lines[2].starts_with("junk.crt, with error \"it cannot be read as certificates: "),
        "{ran:#?}"
    );
    assert_eq!(
        lines[3..],
        [
            "hint: delete that one first with `countersign cert delete`, or give the new file another name",
            "hint: a trust store holds certificate files alone, as PEM or DER",
        ]
    );
}

#[test]
fn a_store_is_one_of_three_types_and_a_name() {
    let sandbox = sandbox();
    let name = "Error: named store name needs to follow [a-zA-Z0-9_.-]+ format";
    for (kind, store, sentence) in [
        ("x", "test", "Error: unsupported store type: x"),
        ("CA", "test", "Error: unsupported store type: CA"),
        ("", "test", "Error: store type cannot be empty"),
        ("ca", "", name),
        ("ca", "a/b", name),
        ("ca", "a b", name),
        ("ca", "ü", name),
        ("ca", "..", name),
        ("ca", ".", name),
    ] {
        for command in ["add", "show", "delete"] {
            let ran = cert(&sandbox, &[command, "-t", kind, "-s", store, "root.crt"]);
            ran.assert_refused(2, sentence);
        }
        let ran = cert(&sandbox, &["list", "-t", kind, "-s", store]);
        ran.assert_refused(2, sentence);
        assert!(!sandbox.config().exists(), "{kind} {store}");
    }
}

#[test]
fn nothing_is_written_through_a_link() {
    let sandbox = sandbox();
    let elsewhere = sandbox.home().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    add_root(&sandbox, "ca", "other");
    let stores = sandbox.config().join("truststore/x509/ca");
    symlink(&elsewhere, stores.join("test")).unwrap();
    let ran = cert(&sandbox, &["add", "-t", "ca", "-s", "test", "root.crt"]);
    ran.assert_refused(2, FAILED);
    let link = stores.join("test");
    ran.assert_says(&format!(
        "\nroot.crt, with error \"the trust store cannot be changed: `{}` is a symbolic link\"\n",
        link.display()
    ));
    symlink(elsewhere.join("target"), stores.join("other/self.crt")).unwrap();
    let ran = cert(&sandbox, &["add", "-t", "ca", "-s", "other", "self.crt"]);
    ran.assert_says("self.crt, with error \"certificate already exists in the Trust Store\"");
    assert_eq!(tree(&elsewhere), [""; 0]);
}

#[test]
fn a_store_that_stays_unusable_is_warned_about() {
    let sandbox = sandbox();
    sandbox.write_config("truststore/x509/ca/test/README", "our roots");
    let ran = cert(&sandbox, &["add", "-t", "ca", "-s", "test", "root.crt"]);
    assert_eq!(
        (ran.code, ran.stdout),
        (0, format!("{ADDED}root.crt\n")),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ran.stderr.lines().next(),
        Some("Warning: `README` in the trust store `ca:test` cannot be read as certificates")
    );
}

#[test]
fn a_store_is_filled_up_to_its_limit() {
    let sandbox = sandbox();
    let pem = std::fs::read(sandbox.home().join("root.crt")).unwrap();
    for index in 0..MAX_TRUST_STORE_FILES - 1 {
        sandbox.write_config(&format!("truststore/x509/ca/test/{index}.crt"), &pem);
    }
    assert_done(
        &sandbox,
        &["add", "-t", "ca", "-s", "test", "root.crt"],
        &format!("{ADDED}root.crt\n"),
    );
    let ran = cert(&sandbox, &["add", "-t", "ca", "-s", "test", "self.crt"]);
    ran.assert_refused(2, FAILED);
    ran.assert_says(
        "\nself.crt, with error \"the trust store `ca:test` has 1000 files, the maximum\"\n",
    );
}
